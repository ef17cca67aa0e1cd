"""The objective around the path that training walked: its second derivatives, the rates they allow, and its heights."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradloop.hessian import affordable, hessian
from gradloop.plots.landscape import around
from gradloop.plots.objective import Objective
from gradloop.problem import Problem
from gradloop.solvers.curvature import largest_curvature

MOST_PARAMETERS = 60  # whose second derivatives a page shows whole
WORK = 500_000_000  # numbers read for the heights of a surface ...
FEWEST_ROWS = 100  # ... unless so few rows would be read
Array = Any


class Bowl(NamedTuple):
    """The objective near where descent begins: its value, slope and second derivatives, and the rate they allow."""

    start: Array
    loss: float
    gradient: Array | None
    matrix: Array | None
    largest: float
    stable_rate: float | None


class Surface(NamedTuple):
    """Heights over two parameters, the others held at the values found."""

    places: tuple[int, int]
    across: Array
    up: Array
    losses: Array  # (across, up)
    rows: int  # whose mean the heights are


def second_derivatives(problem: Problem, flat: Array) -> Array | None:
    """The matrix at these parameters; None where it is too large for a page, or not a number."""
    if not problem.smooth or flat.size > MOST_PARAMETERS or not affordable(problem):
        return None
    with np.errstate(all="ignore"):
        found = hessian(problem, flat)
    return found if np.isfinite(found).all() else None


def largest(problem: Problem, flat: Array, matrix: Array | None) -> float:
    """λmax: exactly where the matrix is known, otherwise by power iteration; NaN where the objective has kinks."""
    if not problem.smooth:
        return float("nan")
    if matrix is not None:
        return float(np.linalg.eigvalsh(matrix)[-1])
    with np.errstate(all="ignore"):
        return largest_curvature(problem, flat)


def bowl_of(problem: Problem, start: Array) -> Bowl:
    """What descent from here on these columns has before it."""
    flat = start.astype(problem.start.dtype)
    matrix = second_derivatives(problem, flat)
    steepest = largest(problem, flat, matrix)
    value, slope = problem.objective(flat)
    few = flat.size <= MOST_PARAMETERS
    rate = 2 / steepest if 0 < steepest < np.inf else None
    return Bowl(start if few else start[:0], value, slope if few else None, matrix, steepest, rate)


def surface_of(given: Objective, path: Array) -> Surface | None:
    """The heights around a path (k, p) over the two parameters that travelled farthest; None for a single one."""
    finite = path[np.isfinite(path).all(axis=1)]
    if path.shape[1] < 2 or not len(finite):
        return None
    travel = np.ptp(finite, axis=0)
    order = np.argsort(-travel, kind="stable")[:2] if path.shape[1] > 2 else np.arange(2)
    places = int(min(order)), int(max(order))
    across, up = around(finite[:, list(places)])
    rows = max(FEWEST_ROWS, WORK // (path.shape[1] * len(across) * len(up)))
    thin = Objective(given.problem.thinned(rows), given.features)
    losses = thin.losses({places[0]: across, places[1]: up}, given.problem.start)
    return Surface(places, across, up, losses, len(thin.problem.X))
