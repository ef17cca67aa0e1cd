"""The matrix of second derivatives, for solvers that want it whole.

Where the loss depends on the parameters through one score per example (linear and logistic regression, and every
generalised linear model), a row's matrix is s a aᵀ: a is the derivative of the score, s the second derivative of the
loss with respect to it. The numbers s come from a compiled Map; the rows √s a are made a block at a time, and BLAS
multiplies.
Otherwise the matrix is found column by column, one pass over the rows for each parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradloop.compiler.loops import Map
from gradloop.core.affine import beyond, scores, upto
from gradloop.core.grad import gradient
from gradloop.core.graph import Graph, Node
from gradloop.core.lift import inline
from gradloop.core.simplify import simplify
from gradloop.core.trace import Tracer
from gradloop.problem import Problem

FEW = 100  # parameters for which a pass over the rows each is affordable ...
MANY = 1000  # ... and for which a matrix is, where one pass gives it whole
ROWS_IN_BLOCK = 8192  # so that a block of derivatives stays in the cache between Map and BLAS
Array = Any


def hessian(problem: Problem, flat: Array) -> Array:
    """The second derivative of the objective, (parameters, parameters), in float64."""
    score = single_score(problem)
    if score is None:
        columns = [problem.curvature_times(flat, unit) for unit in np.eye(flat.size)]
        return (np.array(columns) + np.array(columns).T) / 2
    bends = problem.program(Map(score.bend, problem.inputs)).map(problem.rows, flat).astype(np.float64)
    weights, signs = np.sqrt(np.abs(bends)), np.sign(bends)
    bowl = bool((bends >= 0).all())
    total = np.zeros((flat.size, flat.size))
    for start in range(0, len(problem.X), ROWS_IN_BLOCK):
        block = slice(start, start + ROWS_IN_BLOCK)
        rows = score.weighted_rows(problem, flat, block, weights[block])
        total += rows.T @ rows if bowl else (rows.T * signs[block]) @ rows
    return total / len(problem.X) + penalty_curvature(problem, flat.size)


def affordable(problem: Problem) -> bool:
    """Whether the whole matrix costs little beside a fit."""
    size = problem.start.size
    return size <= FEW or (size <= MANY and single_score(problem) is not None)


def penalty_curvature(problem: Problem, size: int) -> Array:
    """What the penalty adds: a diagonal, because penalties are sums over the parameters."""
    return np.diag(problem.penalty_curvature_times(np.ones(size)))


@dataclass(frozen=True)
class Score:
    """A single score per example: the loss's second derivative with respect to it, and its own derivative."""

    bend: Graph  # a number for each example
    slopes: Graph  # the derivative with respect to each parameter

    def weighted_rows(self, problem: Problem, flat: Array, block: slice, weights: Array) -> Array:
        """The derivatives of the scores of some rows, one column for each parameter, times a weight for each row."""
        rows = np.empty((len(weights), flat.size))
        column = 0
        for part in self.slopes.outputs:
            target = rows[:, column : column + part.spec.size]
            column += part.spec.size
            source = underneath(part)
            if source.op == "input" and source.attributes["name"] == "row" and source.spec.size == part.spec.size:
                np.multiply(problem.X[block], weights[:, None], out=target)
            elif part.is_constant:
                np.multiply(part.attributes["value"].reshape(1, -1), weights[:, None], out=target)
            else:
                loop = Map(Graph("slope", self.slopes.inputs, (part,)), problem.inputs)
                values = problem.program(loop).map(tuple(part[block] for part in problem.rows), flat)
                np.multiply(values.reshape(target.shape), weights[:, None], out=target)
        return rows


def underneath(node: Node) -> Node:
    """The node below operations that only reshape it."""
    while node.op == "reshape":
        node = node.inputs[0]
    return node


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
    )
