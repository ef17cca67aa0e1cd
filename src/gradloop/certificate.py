"""How far from the best: a number, what kind of number it is, and a sentence.

Near a minimum the objective is a bowl, f(w) = best + ½ (w - w*)ᵀ H (w - w*), whose slope here is g = H (w - w*). So the
distance to the best is ½ gᵀ H⁻¹ g: half the squared Newton decrement. For least squares the bowl is exact everywhere
and so is the number; for other smooth convex problems it is the usual estimate (Boyd and Vandenberghe, Convex
Optimization, 2004, section 9.5). H is found whole, and its rank is decided after each parameter's
unit has been chosen so that it is curved like the others: another unit of a column changes nothing. For many parameters
H⁻¹ g is found by conjugate gradients, which need H only times a few directions, and the result is called an estimate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradloop.hessian import affordable, hessian
from gradloop.problem import Problem

PASSES = 200  # over the rows at most, for more of them
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


@np.errstate(over="ignore", invalid="ignore")
def certify(problem: Problem, flat: Array) -> Certificate:
    """Judge parameters by one gradient and, where the objective is smooth, by its curvature."""
    value, slope = problem.objective(flat)
    if not np.isfinite(value) or not np.isfinite(slope).all():
        return Certificate("none", float("nan"), "The loss is not finite at these parameters.")
    norm = float(np.linalg.norm(slope))
    gap, whole = None, problem.smooth and affordable(problem)
    if problem.smooth:
        gap = whole_gap(problem, flat, slope) if whole else sparing_gap(problem, flat, slope)
    if gap is None:
        return Certificate("gradient norm", norm, steepness(problem, norm))
    exact = problem.is_quadratic and whole
    return Certificate("exact gap" if exact else "estimated gap", gap, distance(value, gap, problem, exact))


def first_loss(problem: Problem) -> float:
    """The loss that training began with: what is much less is nothing beside it."""
    return abs(problem.objective(problem.start)[0])


def whole_gap(problem: Problem, flat: Array, slope: Array) -> float | None:
    """½ gᵀ H⁻¹ g; None where H is not that of a bowl, or where rounding of H would change the first three digits."""
    H = hessian(problem, flat)
    bent = H.diagonal()
    if not np.isfinite(H).all() or (bent < 0).any() or (slope[bent == 0] != 0).any():
        return None
    if not problem.is_convex and (bent == 0).any():  # a plateau looks like a parameter that nothing depends on
        return None
    unit = np.divide(1, np.sqrt(bent), out=np.zeros_like(bent), where=bent > 0)
    curvatures, directions = np.linalg.eigh(unit[:, None] * H * unit)
    steep = directions.T @ (unit * slope)
    precision = float(np.finfo(problem.X.dtype).eps)
    rounding = slope.size * precision
    lost = curvatures <= 10 * rounding
    noise = 100 * precision * np.sqrt(2 * max(first_loss(problem), abs(problem.objective(flat)[0])))
    if curvatures[0] < -10 * rounding or (abs(steep[lost]) > noise).any():
        return None
    parts = steep[~lost] ** 2 / curvatures[~lost] / 2
    gap, doubt = float(np.sum(parts)), float(np.sum(parts * rounding / curvatures[~lost]))
    return gap if doubt <= 1e-3 * gap else None


def sparing_gap(problem: Problem, flat: Array, slope: Array) -> float | None:
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


def distance(value: float, gap: float, problem: Problem, exact: bool) -> str:
    """The gap in words, beside the loss it belongs to."""
    how = "exact for least squares" if exact else "estimated from the curvature here"
    best_name = "the best possible" if problem.is_convex else "the nearest minimum"
    nothing = 1e-20 * first_loss(problem)
    if abs(value) <= nothing:
        return f"The loss {value:.2g} is zero to rounding: the model fits the data exactly."
    if abs(gap) <= 1e-15 * abs(value):
        return f"The loss {value:.6g} is {best_name} to rounding ({how})."
    best = value - gap
    share = f", or {100 * gap / abs(best):.2g} %," if gap < abs(best) else ""
    return f"The loss {value:.6g} is {gap:.2g}{share} above {best_name} ({how})."


def steepness(problem: Problem, norm: float) -> str:
    reason = (
        "its curvature is not that of a bowl or was not resolved" if problem.smooth else "the objective may have kinks"
    )
    return f"The gradient has length {norm:.2g}; the distance to the best loss is not known, because {reason}."
