"""How far from the best: a number, what kind of number it is, and a sentence.

Near a minimum the objective is a bowl, f(w) = best + ½ (w - w*)ᵀ H (w - w*), whose slope here is g = H (w - w*). So the
distance to the best is ½ gᵀ H⁻¹ g: half the squared Newton decrement. For least squares the bowl is exact everywhere
and so is the number; for other smooth convex problems it is the usual estimate (Boyd and Vandenberghe, Convex
Optimization, 2004, section 9.5). H⁻¹ g is found by conjugate gradients, which needs H only times a direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradloop.problem import Problem

PASSES = 200  # over the rows at most
TOLERANCE = 1e-10  # on the squared residual of H d = g, relative to the start
Array = Any


@dataclass(frozen=True)
class Certificate:
    """What is known about the distance to the best.

    kind: "exact gap" (of the objective, exact to rounding), "estimated gap" (Newton decrement), or "gradient norm",
    which says how steep it still is and nothing about how far; "none" where not even that is known.
    """

    kind: str
    value: float
    sentence: str


def certify(problem: Problem, flat: Array) -> Certificate:
    """Judge parameters by one gradient and, where the objective is smooth, by its curvature."""
    value, slope = problem.objective(flat)
    if not np.isfinite(value) or not np.isfinite(slope).all():
        return Certificate("none", float("nan"), "The loss is not finite at these parameters.")
    norm = float(np.linalg.norm(slope))
    gap = newton_gap(problem, flat, slope) if problem.smooth else None
    if gap is None:
        return Certificate("gradient norm", norm, steepness(problem, norm))
    kind = "exact gap" if problem.is_quadratic else "estimated gap"
    return Certificate(kind, gap, distance(value, gap, problem))


def rounding(problem: Problem) -> float:
    """What is nothing beside the loss that training began with."""
    return 1e-20 * abs(problem.objective(problem.start)[0])


def newton_gap(problem: Problem, flat: Array, slope: Array) -> float | None:
    """½ gᵀ H⁻¹ g by conjugate gradients; None where the curvature is not that of a bowl, or was not resolved."""
    step, residual = np.zeros_like(slope), slope.copy()
    direction, size = residual.copy(), float(residual @ residual)
    goal = TOLERANCE * size
    for _ in range(min(PASSES, 3 * slope.size + 20)):
        if size <= goal or size == 0.0:
            return 0.5 * float(slope @ step)
        bent = problem.curvature_times(flat, direction)
        along = float(direction @ bent)
        if not np.isfinite(along) or along <= 0:
            return None
        step += size / along * direction
        residual -= size / along * bent
        size, before = float(residual @ residual), size
        direction = residual + size / before * direction
    return None


def distance(value: float, gap: float, problem: Problem) -> str:
    """The gap in words, beside the loss it belongs to."""
    how = "exact for least squares" if problem.is_quadratic else "estimated from the curvature here"
    if abs(value) <= rounding(problem):
        return f"The loss {value:.2g} is zero to rounding: the model fits the data exactly."
    if abs(gap) <= 1e-15 * abs(value):
        return f"The loss {value:.6g} is the best possible to rounding ({how})."
    best = value - gap
    share = f", or {100 * gap / abs(best):.2g} %," if gap < abs(best) else ""
    return f"The loss {value:.6g} is {gap:.2g}{share} above the best possible ({how})."


def steepness(problem: Problem, norm: float) -> str:
    reason = (
        "its curvature is not that of a bowl or was not resolved" if problem.smooth else "the objective may have kinks"
    )
    return f"The gradient has length {norm:.2g}; the distance to the best loss is not known, because {reason}."
