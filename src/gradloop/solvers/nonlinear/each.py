"""One law fitted to each of many sets of measurements, all of the same size: every set has its own parameters.

    params_k = argmin  Σ_i w_ik (ŷ(x_i, params_k) − y_ik)² / 2

A compiled Sum whose blocks are the sets gives the loss, g = Jᵀ w r and Jᵀ w J of each of them in one pass; the steps

    (Jᵀ w J + damping · diag(Jᵀ w J)) step = −g

are solved by NumPy for all sets that are not finished.

Source: Marquardt, An algorithm for least-squares estimation of nonlinear parameters, 1963.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gradloop.compiler.loops import Inputs, Sum
from gradloop.compiler.program import compile_loop, in_threads
from gradloop.compiler.reference import ReferenceProgram
from gradloop.core.grad import gradient
from gradloop.core.graph import Graph, input_node
from gradloop.core.lift import inline
from gradloop.core.simplify import simplify
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import Tracer
from gradloop.stop import Stop

SETS_AT_ONCE = 512  # so that a chunk stays near the processor
FIRST_DAMPING, LEAST_DAMPING, MOST_DAMPING = 1e-3, 1e-12, 1e14
Array = Any


@dataclass(frozen=True)
class Sets:
    """Measurements, the same x for all sets: x (m, d), y (k, m), weights (k, m) or None."""

    x: Array
    y: Array
    weights: Array | None


class Answers(NamedTuple):
    """For each set: parameters (k, p), Σ w r² / 2, Jᵀ w J (k, p, p), g (k, p), iterations, and why it ended."""

    params: Array
    loss: Array
    curvature: Array
    slope: Array
    iterations: Array
    stop: Array  # of Stop


def normal_equations(prediction: Graph, names: Sequence[str], weighted: bool) -> Sum:
    """The loop whose sums are w r² / 2, w r J and w J Jᵀ; parameters come with each row."""
    slopes = gradient(prediction, names)
    rows = [prediction.by_name["row"], input_node("y", Spec((), FLOAT64))]
    rows += [input_node("weight", Spec((), FLOAT64))] if weighted else []
    params = [prediction.by_name[name] for name in names]
    values = {node.attributes["name"]: Tracer(node) for node in (*rows, *params)}
    residual = np.reshape(inline(prediction, values)[0], ()) - values["y"]
    parts = inline(slopes, values)
    J = np.concatenate([np.reshape(part, (-1,)) for part in parts])
    weight = values["weight"] if weighted else 1.0
    outputs: tuple[Any, ...] = (
        weight * residual**2 / 2,
        weight * residual * J,
        np.reshape(J, (-1, 1)) * np.reshape(weight * J, (1, -1)),
    )
    graph = Graph("normal equations", (*rows, *params), tuple(output.node for output in outputs))
    return Sum(simplify(graph), Inputs((*rows, *params), ()))


def solve_each(
    prediction: Graph, names: Sequence[str], sets: Sets, start: Array, tolerance: float, iterations: int, engine: str
) -> Answers:
    """Levenberg's and Marquardt's steps for every set, until its certificate is within the tolerance.

    Args: start (k, p); tolerance, of ½ gᵀ (Jᵀ w J)⁻¹ g as a share of the loss.
    """
    loop = normal_equations(prediction, names, sets.weights is not None)
    program = compile_loop(loop) if engine == "native" else ReferenceProgram(loop)
    shapes = [prediction.by_name[name].spec for name in names]
    count = len(sets.y)
    found: list[Any] = [None] * -(-count // SETS_AT_ONCE)

    def some(first: int, last: int) -> None:
        for number in range(first, last):
            part = slice(number * SETS_AT_ONCE, min((number + 1) * SETS_AT_ONCE, count))
            weights = None if sets.weights is None else sets.weights[part]
            chunk = Chunk(program, shapes, Sets(sets.x, sets.y[part], weights), start[part].copy())
            found[number] = chunk.solve(tolerance, iterations)

    in_threads(some, len(found), sets.y.size)
    return Answers(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


class Chunk:
    """Some of the sets: what is given, then what changes."""

    def __init__(self, program: Any, shapes: Sequence[Spec], sets: Sets, params: Array) -> None:
        self.program, self.shapes, self.sets, self.params = program, shapes, sets, params
        self.x = np.tile(sets.x, (len(params), *[1] * (sets.x.ndim - 1)))
        self.loss, self.slope, self.curvature = self.sums(np.arange(len(params)), params)
        self.damping = np.full(len(params), FIRST_DAMPING)
        self.iterations = np.zeros(len(params), np.int64)
        self.stop = np.full(len(params), Stop.ITERATIONS, object)

    def sums(self, which: Array, params: Array) -> tuple[Array, Array, Array]:
        """Loss, g and Jᵀ w J of some sets at these parameters (n, p)."""
        m, width = len(self.sets.x), params.shape[1]
        rows = [self.x[: len(which) * m], self.sets.y[which].ravel()]
        if self.sets.weights is not None:
            rows.append(self.sets.weights[which].ravel())
        ends = np.cumsum([spec.size for spec in self.shapes])[:-1]
        for part, spec in zip(np.split(params, ends, axis=1), self.shapes, strict=True):
            rows.append(np.repeat(part.reshape(-1, *spec.shape), m, axis=0))
        total = self.program.sums(rows, np.empty(0), m)
        return total[:, 0], total[:, 1 : 1 + width], total[:, 1 + width :].reshape(-1, width, width)

    def solve(self, tolerance: float, iterations: int) -> Answers:
        finite = np.isfinite(self.loss) & np.isfinite(self.curvature).all(axis=(1, 2))
        self.stop[~finite] = Stop.STALLED
        active = np.flatnonzero(finite)
        for _ in range(iterations):
            if not active.size:
                break
            active = self.step(active, tolerance)
        return Answers(self.params, self.loss, self.curvature, self.slope, self.iterations, self.stop)

    def step(self, active: Array, tolerance: float) -> Array:
        """One step of each active set; those that go on."""
        steps = damped_steps(self.curvature[active], self.slope[active], self.damping[active])
        promised = -np.sum(self.slope[active] * steps, axis=1) / 2
        tried = self.params[active] + steps
        loss, slope, curvature = self.sums(active, tried)
        self.iterations[active] += 1
        better = (loss <= self.loss[active]) & np.isfinite(curvature).all(axis=(1, 2))
        near = promised <= tolerance * self.loss[active] + np.finfo(float).tiny
        gained = active[better]
        self.params[gained], self.loss[gained] = tried[better], loss[better]
        self.slope[gained], self.curvature[gained] = slope[better], curvature[better]
        damping = np.where(better, self.damping[active] / 10, self.damping[active] * 10)
        # Near the end a step that rounding makes no better is no reason for smaller steps: the promise counts.
        done = near & (self.damping[active] <= FIRST_DAMPING)
        stuck = ~done & (damping > MOST_DAMPING)
        self.damping[active] = np.maximum(damping, LEAST_DAMPING)
        self.stop[active[done]], self.stop[active[stuck]] = Stop.CONVERGED, Stop.STALLED
        return active[~(done | stuck)]


def damped_steps(curvature: Array, slope: Array, damping: Array) -> Array:
    """−(A + damping · diag A)⁻¹ g for each set, in units in which the diagonal of A is 1."""
    sizes = scales(curvature)
    scaled = curvature / (sizes[:, :, None] * sizes[:, None, :])
    scaled += damping[:, None, None] * np.eye(slope.shape[1])
    return -np.linalg.solve(scaled, (slope / sizes)[:, :, None])[:, :, 0] / sizes


def scales(curvature: Array) -> Array:
    """The root of each diagonal entry; 1 for a parameter that does nothing."""
    diagonal = np.diagonal(curvature, axis1=1, axis2=2)
    return np.sqrt(np.where(diagonal > 0, diagonal, 1.0))


def inverses(curvature: Array) -> Array:
    """(Jᵀ w J)⁻¹ of each set; not a number where the data do not determine all parameters."""
    sizes = scales(curvature)
    scaled = curvature / (sizes[:, :, None] * sizes[:, None, :])
    found = np.full_like(curvature, np.nan)
    known = np.isfinite(scaled).all(axis=(1, 2))
    width = curvature.shape[1]
    if known.any():
        least = np.linalg.eigvalsh(scaled[known])[:, 0]
        known[known] = least > 10 * width * np.finfo(float).eps
        found[known] = np.linalg.inv(scaled[known])
    return found / (sizes[:, :, None] * sizes[:, None, :])
