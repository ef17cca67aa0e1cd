"""How far from the best: a number, what kind of number it is, and a sentence.

Near a minimum the objective is a bowl, f(w) = best + ½ (w - w*)ᵀ H (w - w*), whose slope here is g = H (w - w*). So the
distance to the best is ½ gᵀ H⁻¹ g: half the squared Newton decrement. For least squares the bowl is exact everywhere
and so is the number; for other smooth convex problems it is the usual estimate (Boyd and Vandenberghe, Convex
Optimization, 2004, section 9.5). H is found whole, and its rank is decided after each parameter's
unit has been chosen so that it is curved like the others: another unit of a column changes nothing. For many parameters
H⁻¹ g is found by conjugate gradients, which need H only times a few directions, and the result is called an estimate.

Under a penalty with kinks there is no such bowl; but for least squares every dual point gives a number below the best
objective, and the residuals, made a little shorter, are one (Kim, Koh, Lustig, Boyd and Gorinevsky, An interior-point
method for large-scale l1-regularized least squares, 2007). The distance to that number is the duality gap: the distance
to the best is at most as large.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradloop.core.affine import is_affine
from gradloop.hessian import FEW, affordable, hessian
from gradloop.problem import Problem

PASSES = 200  # over the rows at most, for more of them
ENOUGH = 1000  # rows to know the size of a loss
TOLERANCE = 1e-10  # on the squared residual of H d = g, relative to the start
Array = Any


@dataclass(frozen=True)
class Certificate:
    """What is known about the distance to the best.

    kind: "exact gap" (of the objective, exact to rounding), "estimated gap" (Newton decrement), "duality gap" or
    "rounding bound" (the gap is at most this large), or "gradient norm", which says how steep it still is and nothing
    about how far; "none" where not even that is known.
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
    elif (bound := duality_gap(problem, flat, slope)) is not None:
        return Certificate("duality gap", bound, at_most(value, bound))
    if gap is None:
        return Certificate("gradient norm", norm, steepness(problem, norm))
    exact = problem.is_quadratic and whole
    return Certificate("exact gap" if exact else "estimated gap", gap, distance(value, gap, problem, exact))


def first_loss(problem: Problem) -> float:
    """About the loss that training began with, for its size: what is much less is nothing beside it."""
    return abs(problem.thinned(ENOUGH).at_start[0])


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


# ---- penalties with kinks ------------------------------------------------------------------------------------


def duality_gap(problem: Problem, flat: Array, slope: Array) -> float | None:
    """How far the objective is at most above the best; None where its dual is not known.

    The dual wants residuals that are orthogonal to the columns without a penalty, so these go to their best first.
    """
    squared = problem.loss.name == "squared" and problem.loss.smooth
    absolute = absolute_strengths(problem)
    if not squared or absolute is None or not is_affine(problem.prediction, problem.names):
        return None
    curvature = problem.penalty_curvature_times(np.ones(flat.size))
    free = np.flatnonzero((absolute == 0) & (curvature == 0))
    if free.size > FEW:
        return None
    bent = np.array([problem.curvature_times(flat, unit) for unit in np.eye(flat.size)[free]]).reshape(-1, flat.size)
    inverse = np.linalg.pinv(bent[:, free], rcond=1e-13, hermitian=True)
    moved, lowered = flat.copy(), float(slope[free] @ inverse @ slope[free]) / 2
    moved[free] -= (inverse @ slope[free]).astype(flat.dtype)
    value, slope = problem.objective(moved)
    left = float(slope[free] @ inverse @ slope[free]) / 2
    pulls = curvature * moved - slope + slope[free] @ inverse @ bent
    pulls[free] = 0.0
    loss = value - problem.penalty_at(moved)[0]
    gap = fenchel_gap(pulls, moved, absolute, curvature, 2 * loss) + lowered + left
    return gap if np.isfinite(gap) else None


def absolute_strengths(problem: Problem) -> Array | None:
    """What each parameter pays per unit of |w|; None where the penalty is not a sum of absolute values and squares."""
    found = np.zeros(problem.start.size)
    if problem.penalty is None:
        return found
    params, random = problem.unpack(found), np.random.default_rng(0)
    tiny = 2.0**-400  # whose square is nothing
    place = 0
    for name, zero in params.items():
        part = found[place : place + zero.size]
        place += zero.size
        if not problem.penalised(name):
            continue
        for i in range(zero.size):
            unit = np.zeros(zero.size)
            unit[i] = tiny
            part[i] = float(problem.penalty.value(unit.reshape(zero.shape))) / tiny
        probe = random.normal(size=zero.shape)
        curved = float(problem.penalty.smooth(probe)) if problem.penalty.smooth else 0.0
        if not np.isclose(problem.penalty.value(probe), curved + part @ np.abs(probe).ravel(), rtol=1e-9, atol=0.0):
            return None
    bends = problem.penalty_curvature_times(np.ones(found.size))
    probe = random.normal(size=found.size)
    sums = np.allclose(problem.penalty_curvature_times(probe), bends * probe, rtol=1e-9, atol=0.0)
    return found if sums and (found >= 0).all() and (bends >= 0).all() else None


def fenchel_gap(pulls: Array, params: Array, absolute: Array, curvature: Array, squares: float) -> float:
    """The duality gap of  squares / 2 + Σ absolute · |w| + Σ curvature · w² / 2,  a sum of terms from zero.

    Args:
        pulls: products of the columns with the residual, whose squared length is `squares`; the dual point is the
            residual, shortened until no pull is larger than a penalty without curvature allows
    """
    sizes = np.abs(pulls)
    beyond = (curvature == 0) & (sizes > absolute)
    share = float(np.min(absolute[beyond] / sizes[beyond], initial=1.0))
    within = np.minimum(share * sizes, absolute)
    terms = absolute * np.abs(params) - np.sign(pulls) * within * params
    bent = curvature > 0
    lack = (curvature * params - np.sign(pulls) * (share * sizes - within))[bent]
    return (1 - share) ** 2 / 2 * squares + float(np.sum(terms)) + float(np.sum(lack**2 / (2 * curvature[bent])))


# ---- sentences -----------------------------------------------------------------------------------------------


def at_most(value: float, gap: float, how: str = "by its duality gap") -> str:
    """A bound on the distance to the best, in words."""
    if abs(gap) <= 1e-15 * abs(value):
        return f"The loss {value:.6g} is the best possible to rounding ({how})."
    share = f", or {100 * gap / abs(value):.2g} %," if gap < abs(value) else ""
    return f"The loss {value:.6g} is at most {gap:.2g}{share} above the best possible ({how})."


def distance(value: float, gap: float, problem: Problem, exact: bool, first: float | None = None) -> str:
    """The gap in words, beside the loss it belongs to, and the first one if it is known."""
    how = "exact for least squares" if exact else "estimated from the curvature here"
    best_name = "the best possible" if problem.is_convex else "the nearest minimum"
    nothing = 1e-20 * (first_loss(problem) if first is None else abs(first))
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
