"""The matrix of second derivatives where the loss sees the parameters through one score for each class.

    z = a w + b,  with a (m,) of the row, w (m, K), b (K,):   H[(j, k), (i, l)] = Σ S[k, l] a[j] a[i]

S (K, K) is the second derivative of a row's loss with respect to its scores. Few parameters are added up in one pass
(gram.py); else S comes from a compiled Map, and BLAS multiplies the columns a, weighted with each entry of S on and
above the diagonal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gradloop.blas import one_blas_thread
from gradloop.compiler.loops import Gram, Inputs, Map
from gradloop.compiler.program import in_threads
from gradloop.core.affine import beyond, depends_on, scores, underneath
from gradloop.core.grad import hessian as second_derivatives
from gradloop.core.graph import Graph, Node
from gradloop.core.lift import inline
from gradloop.core.simplify import simplify
from gradloop.core.trace import Tracer
from gradloop.gram import TIMES, gram, pays
from gradloop.problem import Problem

MOST_SCORES = 32  # the matrix S is traced entry by entry
ROWS_IN_BLOCK = 1024  # so that a block of columns stays in the cache until BLAS multiplies it
ROWS_IN_CHUNK, MOST_CHUNKS = 16384, 16  # added on their own, in order, whatever the number of threads
Array = Any


@dataclass(frozen=True)
class SeveralScores:
    """Scores that are a row's columns times a matrix of parameters, plus intercepts where there are some.

    bends: (row, y, parameters) -> S; columns: row -> a, or None for the row as it is; order: whether "w", the matrix,
    or "b", the intercepts, stands first among the parameters; count: K.
    """

    bends: Graph
    columns: Graph | None
    order: str
    count: int
    inputs: Inputs

    def compile(self, problem: Problem) -> None:
        """Make the programs before threads ask for them."""
        if self.is_one_pass(problem):
            problem.program(self.gram)
            return
        problem.program(self.loop)
        if self.columns is not None:
            problem.program(Map(self.columns, self.inputs))

    @property
    def loop(self) -> Map:
        return Map(self.bends, self.inputs)

    def is_one_pass(self, problem: Problem) -> bool:
        pairs, width = self.count * (self.count + 1) // 2, problem.start.size // self.count
        return pays(len(problem.X), pairs, width, TIMES)

    @cached_property
    def gram(self) -> Gram:
        """The pass that adds up the blocks on and above the diagonal of classes."""
        values = {name: Tracer(node) for name, node in self.bends.by_name.items()}
        bends: Any = inline(self.bends, values)[0]
        parts: list[Any] = [values["row"] if self.columns is None else inline(self.columns, values)[0]]
        parts += [np.ones(1)] * (len(self.inputs.params) - 1)
        columns: Any = np.concatenate([np.reshape(part, -1) for part in (parts if self.order == "w" else parts[::-1])])
        pairs: Any = np.concatenate([bends[k, k:] for k in range(self.count)])
        return gram(self.bends.inputs, self.inputs, pairs, columns)

    def in_one_pass(self, problem: Problem, flat: Array) -> Array:
        blocks, size = problem.program(self.gram).gram(problem.rows, flat), flat.size
        matrix = np.empty((size // self.count, self.count, size // self.count, self.count))
        for block, k, j in zip(blocks, *np.triu_indices(self.count), strict=True):
            matrix[:, k, :, j] = matrix[:, j, :, k] = block
        return matrix.reshape(size, size)

    def products(self, problem: Problem, flat: Array) -> Array:
        """The sum of S ⊗ a aᵀ over the rows, (parameters, parameters)."""
        if self.is_one_pass(problem):
            return self.in_one_pass(problem, flat)
        chunk = max(ROWS_IN_CHUNK, -(-len(problem.X) // MOST_CHUNKS))
        chunks = -(-len(problem.X) // chunk)
        width = flat.size // self.count
        totals = np.zeros((chunks, width, self.count, width, self.count))

        def add(first: int, last: int) -> None:
            for number in range(first, last):
                rows = range(number * chunk, min((number + 1) * chunk, len(problem.X)))
                self.add(problem, flat, rows, totals[number])

        with one_blas_thread():
            in_threads(add, chunks, len(problem.X))
        whole = np.add.reduce(totals, axis=0)
        matrix = whole.reshape(flat.size, flat.size)  # of the classes' blocks below the diagonal, still zeros
        for k in range(self.count):
            whole[:, k, :, k] /= 2
        return np.asarray(matrix + matrix.T)

    def add(self, problem: Problem, flat: Array, rows: range, total: Array) -> None:
        """Add the blocks on and above the diagonal of classes, for some rows."""
        given = tuple(values[rows.start : rows.stop] for values in problem.rows)
        bends = problem.program(self.loop).map(given, flat).astype(np.float64)
        columns = given[0] if self.columns is None else problem.program(Map(self.columns, self.inputs)).map(given, flat)
        width, k_first = total.shape[0], 1 if self.order == "b" else 0
        space = np.ones((min(ROWS_IN_BLOCK, len(rows)), width))
        weighted = np.empty((len(space), self.count, width))
        for start in range(0, len(rows), ROWS_IN_BLOCK):
            block = slice(start, min(start + ROWS_IN_BLOCK, len(rows)))
            part = space[: block.stop - block.start]
            found = columns[block].reshape(len(part), -1)
            part[:, k_first : k_first + found.shape[1]] = found
            for k in range(self.count):
                right = weighted[: len(part), k:]
                np.multiply(part[:, None, :], bends[block, k, k:, None], out=right)
                products = part.T @ np.ascontiguousarray(right).reshape(len(part), -1)
                total[:, k, :, k:] += products.reshape(width, self.count - k, width).transpose(0, 2, 1)


def several_scores(problem: Problem) -> SeveralScores | None:
    """The scores of a softmax regression or the like; None where the parameters come in another way."""
    found = scores(problem.example, problem.names)
    if len(found) != 1 or not 1 < found[0].spec.size <= MOST_SCORES:
        return None
    parts = parts_of(found[0], problem)
    if parts is None:
        return None
    columns, order = parts
    second = second_derivatives(beyond(problem.example, found), ["score0"])
    values = {name: Tracer(node) for name, node in problem.example.by_name.items()} | {"score0": Tracer(found[0])}
    count = found[0].spec.size
    bends: Tracer = inline(second, values)[0].reshape((count, count))
    graph = simplify(Graph("second derivatives", problem.example.inputs, (bends.node,)))
    is_row = columns.op == "input" and columns.attributes["name"] == "row"
    rest = None if is_row else Graph("columns", problem.example.inputs, (columns,))
    return SeveralScores(graph, rest, order, count, problem.inputs)


def parts_of(score: Node, problem: Problem) -> tuple[Node, str] | None:
    """The columns a of `a @ w + b` or `a @ w`, and which of w and b stands first; None for anything else."""
    product, intercepts = underneath(score), None
    if product.op == "add":
        for one, other in (product.inputs, product.inputs[::-1]):
            if underneath(one).op == "matmul" and is_parameter(other, problem):
                product, intercepts = underneath(one), other
    if product.op != "matmul" or len(problem.params) != (1 if intercepts is None else 2):
        return None
    columns, matrix = underneath(product.inputs[0]), product.inputs[1]
    moving = depends_on(problem.example, problem.names)
    if id(columns) in moving or not is_parameter(matrix, problem) or matrix is intercepts:
        return None
    if matrix.spec.shape != (columns.spec.size, score.spec.size):
        return None
    if intercepts is not None and intercepts.spec.size != score.spec.size:
        return None
    return columns, "w" if problem.names[0] == matrix.attributes["name"] else "b"


def is_parameter(node: Node, problem: Problem) -> bool:
    """Whether a node is a parameter as it is."""
    return node.op == "input" and node.attributes["name"] in problem.names
