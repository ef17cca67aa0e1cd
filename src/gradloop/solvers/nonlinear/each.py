"""One law fitted to each of many sets of measurements, all of the same size: every set has its own parameters.

    params_k = argmin  Σ_i w_ik (ŷ(x_i, params_k) − y_ik)² / 2

Sets lie side by side as candidates do, so that vectors run across them: a compiled Sum over the measurements gives the
loss, g = Jᵀ w r and Jᵀ w J of each, and NumPy solves for the steps of all of them,

    (Jᵀ w J + damping · diag(Jᵀ w J)) step = −g.

A set that is finished makes room for one that waits.

Source: Marquardt, An algorithm for least-squares estimation of nonlinear parameters, 1963.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gradloop.compiler.loops import Inputs, Sum
from gradloop.compiler.program import compile_loop, in_threads
from gradloop.compiler.reference import ReferenceProgram
from gradloop.core.candidates import with_candidates
from gradloop.core.grad import gradient
from gradloop.core.graph import Graph, input_node
from gradloop.core.lift import inline
from gradloop.core.simplify import simplify
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import Tracer
from gradloop.stop import Stop

FEW, MANY = 64, 1024  # sets at once; many, if there are, unless their matrices would not stay near the processor
NARROW = 5  # parameters of a matrix that does
FIRST_DAMPING, LEAST_DAMPING, MOST_DAMPING = 1.0, 1e-12, 1e14
SMALL_DAMPING = 1e-3  # with which the gap is as good as that of the step without damping
NOT_YET = -1  # steps of a set whose start is to be judged
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


def normal_equations(prediction: Graph, names: Sequence[str], weighted: bool, together: int) -> Sum:
    """The loop over measurements whose sums are w r² / 2, w r J and w J Jᵀ; the last axis of each is that of sets."""
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
    alone = Graph("normal equations", (*rows, *params), tuple(output.node for output in outputs))
    own = [node.attributes["name"] for node in alone.inputs[1:]]  # of each set; the places are those of all
    graph = with_candidates(simplify(alone), own, together)
    return Sum(graph, Inputs(graph.inputs[: len(rows)], graph.inputs[len(rows) :]))


def solve_each(
    prediction: Graph, names: Sequence[str], sets: Sets, start: Array, tolerance: float, iterations: int, engine: str
) -> Answers:
    """Levenberg's and Marquardt's steps for every set, until its certificate is within the tolerance.

    Args: start (k, p); tolerance, of ½ gᵀ (Jᵀ w J)⁻¹ g as a share of the loss.
    """
    count, width = start.shape
    together = MANY if count >= MANY and width <= NARROW else FEW
    loop = normal_equations(prediction, names, sets.weights is not None, together)
    program = compile_loop(loop) if engine == "native" else ReferenceProgram(loop)
    answers = Answers(
        start.copy(), np.empty(count), np.empty((count, width, width)), np.empty((count, width)),
        np.empty(count, np.int64), np.empty(count, object),
    )  # fmt: skip

    def some(first: int, last: int) -> None:
        with np.errstate(all="ignore"):  # each thread has its own
            Places(program, sets, answers, together, range(first, last)).solve(tolerance, iterations)

    in_threads(some, count, sets.y.size)
    return answers


class Places:
    """As many sets as are worked on side by side: one that is finished makes room for the next.

    The last axis of all arrays is that of places; a place without a set repeats what it did last.
    """

    def __init__(self, program: Any, sets: Sets, answers: Answers, together: int, waiting: range) -> None:
        self.program, self.sets, self.answers = program, sets, answers
        width = answers.params.shape[1]
        self.waiting = np.array(waiting)
        self.which = np.full(together, -1)  # set in each place; -1 where there is none
        self.y = np.zeros((len(sets.x), together))
        self.weights = None if sets.weights is None else np.zeros_like(self.y)
        self.params = np.repeat(answers.params[waiting.start][:, None], together, axis=1)
        self.loss, self.slope = np.empty(together), np.empty((width, together))
        self.curvature = np.empty((width, width, together))
        self.damping, self.steps = np.empty(together), np.empty(together, np.int64)
        self.fill(np.arange(together))

    def fill(self, places: Array) -> None:
        """Put waiting sets there, as far as there are any."""
        self.which[places] = -1
        new, self.waiting = np.split(self.waiting, [len(places)])
        places = places[: len(new)]
        self.which[places] = new
        self.y[:, places] = self.sets.y[new].T
        if self.sets.weights is not None and self.weights is not None:
            self.weights[:, places] = self.sets.weights[new].T
        self.params[:, places] = self.answers.params[new].T
        self.loss[places], self.slope[:, places] = np.inf, 0
        self.curvature[:, :, places] = np.eye(len(self.slope))[:, :, None]
        self.damping[places], self.steps[places] = FIRST_DAMPING, NOT_YET

    def sums(self, params: Array) -> tuple[Array, Array, Array]:
        """Loss, g and Jᵀ w J at these parameters (p, places)."""
        rows = [self.sets.x, self.y] + ([] if self.weights is None else [self.weights])
        outputs = self.program.loop.graph.outputs
        parts = np.split(self.program.sum(rows, params.ravel()), np.cumsum([each.spec.size for each in outputs])[:-1])
        loss, slope, curvature = (part.reshape(each.spec.shape) for part, each in zip(parts, outputs, strict=True))
        # The J of a linear law is the same for all sets.
        return loss, slope, np.broadcast_to(np.atleast_3d(curvature), self.curvature.shape)

    def solve(self, tolerance: float, iterations: int) -> None:
        while (self.which >= 0).any():
            ended = self.step(tolerance, iterations)
            if ended.any():
                self.fill(np.flatnonzero(ended))

    def step(self, tolerance: float, iterations: int) -> Array:
        """One step of each set; whether it was the last. That of a new set only judges its start."""
        steps = damped_steps(self.curvature, self.slope, self.damping)
        promised = -np.sum(self.slope * steps, axis=0) / 2
        tried = self.params + steps
        loss, slope, curvature = self.sums(tried)
        is_new, was_small = self.steps == NOT_YET, self.damping <= SMALL_DAMPING
        near = promised <= tolerance * self.loss + np.finfo(float).tiny
        better = (loss <= self.loss) & np.isfinite(loss) & np.isfinite(curvature).all(axis=(0, 1))
        for old, new in ((self.params, tried), (self.loss, loss), (self.slope, slope), (self.curvature, curvature)):
            np.copyto(old, new, where=better)
        self.steps += 1
        self.damping = np.where(is_new, self.damping, np.where(better, self.damping / 10, self.damping * 10))
        # Near the end a step that rounding makes no better is no reason for smaller steps: the promise counts.
        done = near & was_small & ~is_new
        stuck = np.where(is_new, ~better, self.damping > MOST_DAMPING)
        self.damping = np.maximum(self.damping, LEAST_DAMPING)
        stops = {Stop.CONVERGED: done, Stop.STALLED: stuck, Stop.ITERATIONS: self.steps >= iterations}
        return self.tell(stops)

    def tell(self, stops: Mapping[Stop, Array]) -> Array:
        """Write down the answers of sets that ended, each for the first of its reasons; whether a place's set did."""
        reasons = np.select(list(stops.values()), np.arange(len(stops)), -1)
        ended = (reasons >= 0) & (self.which >= 0)
        which, answers = self.which[ended], self.answers
        answers.params[which], answers.slope[which] = self.params[:, ended].T, self.slope[:, ended].T
        answers.loss[which], answers.curvature[which] = self.loss[ended], self.curvature[:, :, ended].T
        answers.iterations[which] = self.steps[ended]
        answers.stop[which] = np.array(list(stops), object)[reasons[ended]]
        return ended


def damped_steps(curvature: Array, slope: Array, damping: Array) -> Array:
    """−(A + damping · diag A)⁻¹ g for each set, in units in which the diagonal of A is 1: A (p, p, sets), g (p, sets).

    By elimination without a search for pivots, which a positive definite matrix needs none of; where rounding left A
    none, the step is no better, and the next one is damped more.
    """
    sizes = scales(curvature)
    scaled, right = curvature / sizes[:, None] / sizes, slope / sizes
    width = len(slope)
    scaled[np.arange(width), np.arange(width)] += damping
    for i in range(width - 1):
        factors = scaled[i + 1 :, i] / scaled[i, i]
        scaled[i + 1 :, i + 1 :] -= factors[:, None] * scaled[i, i + 1 :]
        right[i + 1 :] -= factors * right[i]
    for i in reversed(range(width)):
        right[i] /= scaled[i, i]
        right[:i] -= scaled[:i, i] * right[i]
    return -right / sizes


def scales(curvature: Array) -> Array:
    """The root of each diagonal entry; 1 for a parameter that does nothing."""
    diagonal = np.einsum("ii...->i...", curvature)
    return np.sqrt(np.where(diagonal > 0, diagonal, 1.0))


def inverses(curvature: Array) -> Array:
    """(Jᵀ w J)⁻¹ of each set; not a number where the data do not determine all parameters."""
    sizes = scales(curvature.T).T
    scaled = curvature / (sizes[:, :, None] * sizes[:, None, :])
    found = np.full_like(curvature, np.nan)
    known = np.isfinite(scaled).all(axis=(1, 2))
    width = curvature.shape[1]
    if known.any():
        least = np.linalg.eigvalsh(scaled[known])[:, 0]
        known[known] = least > 10 * width * np.finfo(float).eps
        found[known] = np.linalg.inv(scaled[known])
    return found / (sizes[:, :, None] * sizes[:, None, :])
