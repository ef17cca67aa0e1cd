"""The matrix of second derivatives, for solvers that want it whole.

Where the loss depends on the parameters through one score per example (linear and logistic regression, and every
generalised linear model), a row's matrix is s a aᵀ: a is the derivative of the score, s the second derivative of the
loss with respect to it. Where it pays they are added up in one compiled pass (gram.py); else the numbers s come from a
compiled Map, the rows √s a are made a block at a time, and BLAS multiplies. A softmax, with a score for each class, is
in several_scores.py.
Otherwise the matrix is found column by column, one pass over the rows for each parameter.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from gradloop.blas import one_blas_thread
from gradloop.compiler.loops import Gram, Inputs, Map
from gradloop.compiler.program import in_threads
from gradloop.core.affine import beyond, scores, underneath, upto
from gradloop.core.grad import gradient
from gradloop.core.graph import Graph, Node
from gradloop.core.lift import inline
from gradloop.core.simplify import simplify
from gradloop.core.trace import Tracer
from gradloop.gram import TIMES, gram, pays
from gradloop.problem import Problem
from gradloop.several_scores import SeveralScores, several_scores

FEW = 100  # parameters for which a pass over the rows each is affordable ...
MANY = 1000  # ... and for which a matrix is, where one pass gives it whole
ROWS_IN_BLOCK = 1024  # so that a block of derivatives stays in the cache until BLAS multiplies it
TOO_SMALL_TO_DIVIDE = 2**17  # multiplications that no BLAS divides among threads; then it need not be told
ROWS_IN_CHUNK, MOST_CHUNKS = 65536, 16  # added on their own, in order, whatever the number of threads
Array = Any


def hessian(problem: Problem, flat: Array) -> Array:
    """The second derivative of the objective, (parameters, parameters), in float64."""
    place = problem.start if problem.is_quadratic else flat  # a bowl is curved alike everywhere
    return problem.remembered("hessian", place, lambda flat: computed(problem, flat)).copy()


def computed(problem: Problem, flat: Array) -> Array:
    score = few_scores(problem)
    if score is None:
        columns = [problem.curvature_times(flat, unit) for unit in np.eye(flat.size)]
        return (np.array(columns) + np.array(columns).T) / 2
    score.compile(problem)  # before threads ask for it
    total: Array = problem.over(partial(score.products, flat=flat))
    return total / len(problem.X) + penalty_curvature(problem, flat.size)


class Roots(NamedTuple):
    """Square roots of the loss's second derivatives, and their signs unless all are positive."""

    sizes: Array
    signs: Array | None


def add_products(problem: Problem, score: Score, flat: Array, roots: Roots, rows: range, total: Array) -> None:
    """Add s a aᵀ over some rows, a block at a time."""
    space = np.empty((min(ROWS_IN_BLOCK, len(rows)), flat.size))  # used again: fresh memory is slow
    for start in range(rows.start, rows.stop, ROWS_IN_BLOCK):
        block = slice(start, min(start + ROWS_IN_BLOCK, rows.stop))
        part = space[: block.stop - block.start]
        score.fill(part, problem, flat, block, roots.sizes[block])
        total += part.T @ part if roots.signs is None else (part.T * roots.signs[block]) @ part


def affordable(problem: Problem) -> bool:
    """Whether the whole matrix costs little beside a fit."""
    size = problem.start.size
    return size <= FEW or (size <= MANY and few_scores(problem) is not None)


def penalty_curvature(problem: Problem, size: int) -> Array:
    """What the penalty adds: a diagonal, because penalties are sums over the parameters."""
    return np.diag(problem.penalty_curvature_times(np.ones(size)))


@dataclass(frozen=True)
class Score:
    """A single score per example: the loss's second derivative with respect to it, and its own derivative."""

    bend: Graph  # a number for each example
    slopes: Graph  # the derivative with respect to each parameter
    inputs: Inputs

    @property
    def is_plain(self) -> bool:
        """Whether the derivatives are the features and constants, so that no pass is needed to find them."""
        return all(part.is_constant or is_row(part) for part in self.slopes.outputs)

    def compile(self, problem: Problem) -> None:
        """Make the programs before threads ask for them."""
        if self.in_one_pass(problem):
            problem.program(self.gram)
            return
        for part in self.slopes.outputs:
            if not part.is_constant and not is_row(part):
                problem.program(self.loop(part))

    def loop(self, part: Node) -> Map:
        return Map(Graph("slope", self.slopes.inputs, (part,)), self.inputs)

    def in_one_pass(self, problem: Problem) -> bool:
        return pays(len(problem.X), 1, problem.start.size, TIMES)

    @cached_property
    def gram(self) -> Gram:
        values = {name: Tracer(node) for name, node in self.bend.by_name.items()}
        slopes: Any = np.concatenate([np.reshape(part, -1) for part in inline(self.slopes, values)])
        return gram(self.bend.inputs, self.inputs, inline(self.bend, values)[0], slopes)

    def products(self, problem: Problem, flat: Array) -> Array:
        """The sum of s a aᵀ over the rows."""
        if self.in_one_pass(problem):
            found: Array = problem.program(self.gram).gram(problem.rows, flat)[0]
            return found
        bends = problem.program(Map(self.bend, self.inputs)).map(problem.rows, flat).astype(np.float64)
        roots = Roots(np.sqrt(np.abs(bends)), None if (bends >= 0).all() else np.sign(bends))
        chunk = max(ROWS_IN_CHUNK, -(-len(problem.X) // MOST_CHUNKS))
        chunks = -(-len(problem.X) // chunk)
        totals = np.zeros((chunks, flat.size, flat.size))

        def add(first: int, last: int) -> None:
            for number in range(first, last):
                rows = range(number * chunk, min((number + 1) * chunk, len(problem.X)))
                add_products(problem, self, flat, roots, rows, totals[number])

        small = min(len(problem.X), ROWS_IN_BLOCK) * flat.size**2 <= TOO_SMALL_TO_DIVIDE
        with nullcontext() if small else one_blas_thread():
            in_threads(add, chunks, len(problem.X))
        return np.asarray(np.add.reduce(totals, axis=0))

    def fill(self, target: Array, problem: Problem, flat: Array, block: slice, weights: Array) -> None:
        """The derivatives of the scores of some rows, one column for each parameter, times a weight for each row."""
        column = 0
        for part in self.slopes.outputs:
            columns = target[:, column : column + part.spec.size]
            column += part.spec.size
            if is_row(part):
                np.multiply(problem.X[block], weights[:, None], out=columns)
            elif part.is_constant:
                np.multiply(part.attributes["value"].reshape(1, -1), weights[:, None], out=columns)
            else:
                given = tuple(rows[block] for rows in problem.rows)
                values = problem.program(self.loop(part)).map(given, flat)
                np.multiply(values.reshape(columns.shape), weights[:, None], out=columns)


def is_row(node: Node) -> bool:
    """Whether a derivative is the row of features as it is."""
    source = underneath(node)
    return source.op == "input" and source.attributes["name"] == "row" and source.spec.size == node.spec.size


def few_scores(problem: Problem) -> Score | SeveralScores | None:
    """Through what the loss sees the parameters, if that is one score, or one for each class."""
    found = problem.example.derived
    if ("few scores", problem.names) not in found:
        found["few scores", problem.names] = single_score(problem) or several_scores(problem)
    return found["few scores", problem.names]  # type: ignore[no-any-return]


def single_score(problem: Problem) -> Score | None:
    """The score of a generalised linear model; None where the loss sees the parameters in more than one way."""
    found = scores(problem.example, problem.names)
    if len(found) != 1 or found[0].spec.size != 1:
        return None
    outer = beyond(problem.example, found)
    slope = gradient(outer, ["score0"]).outputs[0]
    bend = gradient(Graph("slope", outer.inputs, (slope,)), ["score0"])
    values = {name: Tracer(node) for name, node in problem.example.by_name.items()} | {"score0": Tracer(found[0])}
    bent: Tracer = inline(bend, values)[0].reshape(())
    return Score(
        simplify(Graph("second derivative", problem.example.inputs, (bent.node,))),
        gradient(upto(problem.example, found), problem.names),
        problem.inputs,
    )
