"""The rows of least squares that belong to a problem whose prediction is affine in its parameters.

    ŷ(x) = c(x) + a(x) · θ    with a(x) = ∂ŷ/∂θ, whose graph does not mention θ, and c(x) = ŷ at θ = 0

The columns a(x) are those of X where the graph says so, and else come from a compiled pass, block by block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial, reduce
from operator import add
from typing import Any, TypeVar

import numpy as np

from gradloop.compiler.loops import Inputs, Map
from gradloop.compiler.program import pool, processors
from gradloop.core.derived import once
from gradloop.core.grad import gradient
from gradloop.core.graph import Graph, Node, constant_node
from gradloop.core.lift import inline
from gradloop.core.simplify import simplify
from gradloop.core.trace import Tracer
from gradloop.errors import DataError, OptionError
from gradloop.problem import Problem
from gradloop.solvers.linear.blocks import check_weights, present

ROWS_IN_PIECE = 16384  # at most, and ...
NUMBERS_IN_PIECE = 2**21  # ... so many numbers: whatever the number of threads
ROWS_FOR_UNITS = 4096
KEEP_ZERO = {"negative", "reshape", "transpose", "broadcast", "index", "unindex", "sum", "convert", "divide"}
Array = Any
Block = tuple[Array, Array, Array | None]
Result = TypeVar("Result")


class Design:
    """Columns, target and weights, block by block; columns in the order of the flat parameters.

    One constant column that is not penalised, if there is one, is the intercept (``place`` among the parameters, and
    ``value``) and is not among the ``columns``.
    """

    def __init__(self, problem: Problem) -> None:
        self.learn(problem, penalty_curvature(problem))
        self.choose(*self.find_intercept())

    def learn(self, problem: Problem, curvature: Array) -> None:
        """What the graphs tell of the columns."""
        self.problem = problem
        given: Array = problem.weights
        self.weights: Array = check_weights(given, len(problem.X)) if problem.in_memory else given
        self.curvature = curvature
        self.slopes = gradient(problem.prediction, problem.names).outputs
        self.offset = offset(problem.prediction)
        self.piece = piece_size(problem.start.size)

    def choose(self, place: int | None, value: float) -> None:
        """Take a column for the intercept, or none."""
        self.place, self.value = place, value
        kept = np.ones(self.problem.start.size, bool)
        kept[[] if self.place is None else [self.place]] = False
        self.columns = np.flatnonzero(kept)

    @cached_property
    def weight(self) -> float:
        return self.problem.weight

    @cached_property
    def varying(self) -> list[Node]:
        """The slopes that the row has a say in."""
        return [node for node in self.slopes if not node.is_constant]

    @cached_property
    def fixed(self) -> Array:
        """The columns that are the same for all rows: their values, NaN for the others."""
        parts = [n.attributes["value"] if n.is_constant else np.full(n.spec.shape, np.nan) for n in self.slopes]
        return np.concatenate([np.ravel(part) for part in parts]).astype(np.float64)

    @cached_property
    def is_x(self) -> bool:
        """Whether the varying columns are those of X as they are."""
        return [node.op for node in self.varying] == ["input"] and self.offset is None

    @cached_property
    def all_vary(self) -> bool:
        """Whether the columns are the varying ones."""
        return np.array_equal(self.columns, np.flatnonzero(np.isnan(self.fixed)))

    @cached_property
    def program(self) -> Any:
        """A pass that writes the varying columns and, last, the offset."""
        nodes = [*self.varying, *([] if self.offset is None else [self.offset])]
        inputs = self.problem.prediction.inputs
        joined: Any = np.concatenate([np.reshape(Tracer(node), -1) for node in nodes])
        return self.problem.program(
            Map(simplify(Graph("design", inputs, (joined.node,))), Inputs(inputs[:1], inputs[1:]))
        )

    # ---- blocks ----
    def varying_columns(self, X: Array) -> tuple[Array, Array | float]:
        """The varying columns and the offset, in float64."""
        if self.is_x:
            return X.astype(np.float64, copy=False), 0.0
        if not self.varying and self.offset is None:
            return np.empty((len(X), 0)), 0.0
        found = self.program.map((X,), np.zeros_like(self.problem.start)).astype(np.float64, copy=False)
        return (found, 0.0) if self.offset is None else (found[:, :-1], found[:, -1])

    def all_columns(self, X: Array) -> tuple[Array, Array | float]:
        """Every parameter's column, and the offset."""
        found, shift = self.varying_columns(X)
        varies = np.isnan(self.fixed)
        if varies.all():
            return found, shift
        whole = np.empty((len(X), len(self.fixed)))
        whole[:, varies], whole[:, ~varies] = found, self.fixed[~varies]
        return whole, shift

    def block(self, first: int, last: int) -> Block:
        """The columns without the intercept, the target without the offset, and the weights of some rows."""
        X, y = self.problem.X[first:last], self.problem.y[first:last].astype(np.float64)
        weights = None if self.weights is None else self.weights[first:last]
        if self.all_vary:
            found, shift = self.varying_columns(X)
            return found, y - shift, weights
        found, shift = self.all_columns(X)
        return found[:, self.columns], y - shift, weights

    def rows(self, work: Callable[[Array, Array, Array | None], Result], /) -> Iterable[Result]:
        """The work's results for all pieces, in order."""
        if self.problem.in_memory or self.problem.stored:
            firsts = range(0, len(self.problem.X), self.piece)
            return in_order(lambda first: work(*self.block(first, first + self.piece)), firsts)
        return [self.problem.over(self.of_part(partial(sum_over, work)))]

    def of_part(self, ask: Callable[[Design], Result]) -> Callable[[Problem], Result]:
        """Asks a part of the rows the same, with the columns of the whole."""
        return partial(asked_of_part, self.curvature, self.place, self.value, ask)

    def first_block(self) -> Block:
        """The first rows that are present, by which units are chosen."""
        at_once = self.weights is None or self.weights[0] > 0
        row = 0 if at_once else int(np.argmax(self.weights > 0))
        block = present(*self.block(row, row + min(ROWS_FOR_UNITS, self.piece)))
        if len(block[1]) == 0:
            raise DataError("No row has a weight above zero, so nothing can be fitted.")
        return block

    def objective(self, flat: Array) -> tuple[float, Array]:
        """The objective and its slope by products of columns: compiling a pass takes longer than a small one."""
        slope = np.zeros(flat.size)
        intercept = 0.0 if self.place is None else float(flat[self.place]) * self.value

        def sums(A: Array, y: Array, weights: Array | None) -> Array:
            A, y, weights = present(A, y, weights)
            residual = A @ flat[self.columns] + intercept - y
            pull = residual if weights is None else weights * residual
            return np.concatenate([[pull @ residual / 2, pull.sum()], pull @ A])

        total = reduce(add, self.rows(sums)) / len(self.problem.X)
        slope[self.columns] = total[2:]
        if self.place is not None:
            slope[self.place] = total[1] * self.value
        penalty, penalty_slope = self.problem.penalty_at(flat)
        return float(total[0]) + penalty, slope + penalty_slope

    # ---- parameters ----
    def find_intercept(self) -> tuple[int | None, float]:
        """The place and the value of a column that is the same number in all rows, and not penalised."""
        free = self.curvature == 0
        known = np.flatnonzero(free & np.isfinite(self.fixed) & (self.fixed != 0))
        if known.size:
            return int(known[0]), float(self.fixed[known[0]])
        values, _ = self.all_columns(self.problem.X[:1])
        places = np.flatnonzero(free & (values[0] != 0) & np.isfinite(values[0]))
        for first in range(0, len(self.problem.X), self.piece):
            if places.size == 0:
                break
            columns, _ = self.all_columns(self.problem.X[first : first + self.piece])
            places = places[(columns[:, places] == values[0, places]).all(axis=0)]
        return (int(places[0]), float(values[0, places[0]])) if places.size else (None, 1.0)

    def flat(self, slopes: Array, intercept: float) -> Array:
        """All parameters, one behind the other."""
        found = np.zeros(self.problem.start.size)
        found[self.columns] = slopes
        if self.place is not None:
            found[self.place] = intercept / self.value
        with np.errstate(over="ignore"):
            flat = found.astype(self.problem.start.dtype)
        if not np.isfinite(flat).all():
            j = int(np.argmin(np.isfinite(flat)))
            raise DataError(f"{self.name(j)} is {found[j]}, too large for {flat.dtype}; scale its column.")
        return flat

    def label(self, column: int) -> str:
        """The parameter that belongs to a column, for messages."""
        return self.name(int(self.columns[column]))

    def name(self, place: int) -> str:
        """The parameter at a place among all, by its column's name or, for instance, as w[3]."""
        if self.problem.labels is not None:
            return self.problem.labels[place]
        for node in self.problem.params:
            if place < node.spec.size:
                index = ", ".join(map(str, np.unravel_index(place, node.spec.shape)))
                return f"{node.attributes['name']}[{index}]" if index else str(node.attributes["name"])
            place -= node.spec.size
        raise IndexError(place)


def asked_of_part(curvature: Array, place: int | None, value: float, ask: Any, problem: Problem) -> Any:
    part = Design.__new__(Design)
    part.learn(problem, curvature)
    part.choose(place, value)
    return ask(part)


def sum_over(work: Any, design: Design) -> Any:
    """The sum of the work's results on all pieces."""
    return reduce(add, design.rows(work))


@once
def offset(prediction: Graph) -> Node | None:
    """The prediction with all parameters zero, as a graph of the row; None where it is zero."""
    row, *params = prediction.inputs
    values = {row.attributes["name"]: Tracer(row)}
    for node in params:
        values[node.attributes["name"]] = Tracer(constant_node(np.zeros(node.spec.shape), node.spec.dtype))
    found = simplify(Graph("offset", (row,), (inline(prediction, values)[0].node,))).outputs[0]
    return None if is_zero(found) else found


def is_zero(node: Node) -> bool:
    """Whether a node is zero for every finite row: a product with zero is, which `simplify` must not assume."""
    if node.is_constant:
        return not node.attributes["value"].any()
    inputs = [is_zero(child) for child in node.inputs]
    if node.op in ("multiply", "matmul"):
        return any(inputs)
    if node.op in ("add", "subtract"):
        return all(inputs)
    return node.op in KEEP_ZERO and inputs[0]


def penalty_curvature(problem: Problem) -> Array:
    """The penalty's second derivative for each parameter, if it is that of weighted squares and nothing else."""
    size = problem.start.size
    if problem.penalty is None:
        return np.zeros(size)
    found = problem.penalty_curvature_times(np.ones(size))
    probe = np.random.default_rng(0).normal(size=size)
    _, slope = problem.penalty_at(3 * probe)
    if not np.allclose(slope, 3 * found * probe, rtol=1e-9, atol=0.0) or not (found >= 0).all():
        raise OptionError(
            f"The penalty {problem.penalty.name} is not a weighted sum of squares, as l2 is; choose another solver."
        )
    return found


def piece_size(width: int) -> int:
    """Rows in a piece: a power of two."""
    most = max(64, NUMBERS_IN_PIECE // max(1, width))
    return min(ROWS_IN_PIECE, 1 << (most.bit_length() - 1))


def in_order(work: Callable[[int], Result], items: Sequence[int]) -> Iterable[Result]:
    """The results in the order of the items, from as many threads as there are processors."""
    threads = min(processors(), len(items)) if len(items) > 1 else 1
    return map(work, items) if threads <= 1 else pool(threads).map(work, items)
