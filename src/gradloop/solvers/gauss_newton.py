"""Gauss-Newton with a trust region, for laws: exact derivatives, no units, and converged only where it is shown.

Here stands what can be asked of it, and how several starts become one answer; the method is in
`gradloop.solvers.nonlinear.search`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradloop.core.evaluate import evaluate
from gradloop.errors import ModelError, OptionError
from gradloop.problem import Problem
from gradloop.progress import Report
from gradloop.solvers.nonlinear.apart import residuals_of
from gradloop.solvers.nonlinear.residuals import Residuals
from gradloop.solvers.nonlinear.search import Found, Search, floor
from gradloop.solvers.nonlinear.starts import ANY_SCALE, POINTS, SPREAD, around, best_points, spread_points
from gradloop.solvers.solution import Solution, check_count, check_start
from gradloop.stop import Stop

FIRST_REACHES = (10.0, 1.0, 0.1)  # how far a first step may go, beside the parameters themselves
BETTER = 1e-6  # the share of the loss that another start must save to be taken
LED_NOWHERE = "From the given start no step led down, so 2000 other starts were compared, and the best was refined."
SEARCH_ROWS = 4096  # that a coarse search looks at

Array = Any
Ranges = Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True)
class LawSolution(Solution):
    """What was found, with the residuals that statistics need."""

    view: Residuals | None = None


@dataclass(frozen=True)
class GaussNewton:
    """Least squares for a law with any parameters: Levenberg and Marquardt's method with exact derivatives.

        minimise Σ loss(law(x, params) - y);   step: least |r + J s| with |D s| ≤ radius

    D holds the largest length of each column of J so far, so that no unit of x, y or a parameter changes the answer.
    The word converged is used where the data determine every parameter, the exact second derivatives are those of a
    bowl, and its bottom is less than `tolerance` standard errors away, or closer than rounding can tell (the relative
    offset of Bates and Watts). It is said of this valley: another may be deeper, and `ranges` and `starts` look for it.
    A search that does not get there is repeated with shorter first steps.

    The loss may be squared or huber (outliers pull less), or a user's own of the kind: each residual counts with the
    weight loss'(r) / r. For absolute and quantile the steps are exact linear programs; they end where as many rows
    are met exactly as there are parameters, and converged means that no direction leads down.

    Args:
        bounds: for parameters by name, the least and the largest value; infinite, or left out, for none
        ranges: for parameters by name, where to look for a start: a coarse search of 2000 points, evenly in the
            logarithm where a range spans decades. Parameters without a range are looked for around the given start.
        starts: how many starts to refine; the best result is kept
        tolerance: distance to the minimum, in standard errors, that counts as converged
        iterations: at most so many, for each start

    Raises:
        OptionError: an argument out of range, an unknown parameter, a penalty, or a loss that is not of this kind.

    >>> GaussNewton(bounds={"temperature": (0.0, np.inf)}).starts
    1

    Source: Moré, The Levenberg-Marquardt algorithm: implementation and theory, 1978.
    """

    bounds: Ranges | None = None
    ranges: Ranges | None = None
    starts: int = 1
    tolerance: float = 1e-6
    iterations: int = 1000

    def __post_init__(self) -> None:
        check_count("starts", self.starts, "starts")
        check_count("iterations", self.iterations, "iterations")
        if not 0 < self.tolerance < 1:
            raise OptionError(f"tolerance is {self.tolerance!r}, but it must be a number between 0 and 1, like 1e-6.")

    @np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore")
    def solve(self, problem: Problem, seed: int = 0, report: Report | None = None) -> Solution:
        """Search from each start, and keep the best."""
        view = residuals_of(problem)
        check_kind(view)
        low, high = limits(problem, self.bounds, "bounds", -np.inf, np.inf)
        check_inside(problem, low, high)
        found = []
        for start in self.first_params(problem, view, low, high, seed):
            found.append(self.search(view, start, low, high, report))
            if found[-1].stop is Stop.INTERRUPTED:
                break
        best = best_of(found)
        notes = [*best.notes, *agreement(found, best)]
        if len(found) == 1 and best.stop not in (Stop.CONVERGED, Stop.INTERRUPTED):
            elsewhere = self.elsewhere(problem, view, low, high, seed, report)
            if elsewhere is not None and elsewhere.point.cost < best.point.cost * (1 - BETTER):
                best, notes = elsewhere, [*elsewhere.notes, LED_NOWHERE]
        return LawSolution(view.flat(best.point.params), best.history, best.stop, tuple(notes), view)

    def elsewhere(
        self, problem: Problem, view: Residuals, low: Array, high: Array, seed: int, report: Report | None
    ) -> Found | None:
        """The search from the best of many points near and far, for a start without slope: a law may be flat there."""
        start = problem.start.astype(np.float64)
        ends = [around(start, factor) for factor in (SPREAD, ANY_SCALE)]
        points = [spread_points(np.clip(a, low, high), np.clip(b, low, high), POINTS // 2, seed) for a, b in ends]
        sample = Residuals(problem.thinned(SEARCH_ROWS))
        tried = best_points(np.vstack(points), lambda point: sample.at(point).cost, 1)
        return self.search(view, tried[0], low, high, report) if tried else None

    def search(self, view: Residuals, start: Array, low: Array, high: Array, report: Report | None) -> Found:
        """Search from one start; where that does not converge, again with shorter first steps."""
        found = []
        for reach in FIRST_REACHES:
            found.append(Search(view, low, high, self.tolerance, self.iterations, report, reach).run(start))
            if found[-1].stop in (Stop.CONVERGED, Stop.INTERRUPTED):
                break
        return best_of(found)

    def first_params(self, problem: Problem, view: Residuals, low: Array, high: Array, seed: int) -> list[Array]:
        """The given start, and the best points of a coarse search where one is asked for."""
        start = problem.start.astype(np.float64)
        if self.ranges is None and self.starts == 1:
            check_start(problem)
            return [start]
        nearest, farthest = around(start)
        first, last = limits(problem, self.ranges, "ranges", nearest, farthest)
        if not (np.isfinite(first) & np.isfinite(last)).all():
            raise OptionError("ranges must be finite: they say where to look; bounds say what is allowed.")
        points = spread_points(np.clip(first, low, high), np.clip(last, low, high), POINTS, seed)
        sample = Residuals(problem.thinned(SEARCH_ROWS))
        candidates = np.vstack([start, points])
        found = best_points(candidates, lambda point: sample.at(point).cost, self.starts)
        found = [point for point in found if np.isfinite(view.at(point).cost)]
        if not found:
            raise ModelError("The loss is finite at no point of the ranges; give others, or scale the data.")
        return found


# ---- what can be asked ---------------------------------------------------------------------------------------


def check_kind(view: Residuals) -> None:
    """The law gives one number, the loss is least where it meets y, and there is no penalty."""
    problem = view.problem
    name = problem.loss.name
    if problem.penalty is not None:
        raise OptionError(
            f"Gauss-Newton fits laws without a penalty, but {problem.penalty.name} was given; choose another solver."
        )
    if problem.prediction.outputs[0].spec.shape != () or problem.loss.target != "number":
        raise OptionError(
            f"Gauss-Newton fits a law of one number to measurements, but this is the {problem.loss.name} loss with "
            f"predictions of shape {problem.prediction.outputs[0].spec.shape}; choose another solver."
        )
    above, below = (float(evaluate(view.slope, {"y_hat": np.array(v), "y": np.array(0.0)})[0]) for v in (1.0, -1.0))
    if not (above > 0 > below):
        raise OptionError(f"Gauss-Newton needs a loss that grows with |y_hat - y|, which the {name} loss does not.")


def limits(problem: Problem, given: Ranges | None, option: str, low: Any, high: Any) -> tuple[Array, Array]:
    """What a person gave by name as two flat arrays, and these defaults elsewhere."""
    both = np.empty((2, problem.start.size))
    both[0], both[1] = low, high
    unknown = [name for name in given or {} if name not in problem.names]
    if unknown:
        raise OptionError(f"{option} names {unknown[0]!r}, but the parameters are {', '.join(problem.names)}.")
    place = 0
    for name, node in zip(problem.names, problem.params, strict=True):
        part = slice(place, place + node.spec.size)
        place = part.stop
        if given and name in given:
            both[:, part] = pair(given[name], f"{option}[{name!r}]", node.spec.shape)
    return both[0], both[1]


def pair(value: Any, what: str, shape: tuple[int, ...]) -> Array:
    """The lower and the upper end, for each entry of a parameter."""
    try:
        low, high = value
        ends = np.array([np.broadcast_to(np.asarray(end, float), shape).ravel() for end in (low, high)])
    except (TypeError, ValueError):
        ends = np.full((2, 1), np.nan)
    if not (ends[0] < ends[1]).all():
        raise OptionError(f"{what} is {value!r}, but it must be a lower and a larger upper end, such as (0.0, 10.0).")
    return ends


def check_inside(problem: Problem, low: Array, high: Array) -> None:
    outside = (problem.start < low) | (problem.start > high)
    if not outside.any():
        return
    for name, out in problem.unpack(outside).items():
        if out.any():
            raise OptionError(f"start[{name!r}] lies outside its bounds; begin inside them.")


# ---- several starts ------------------------------------------------------------------------------------------


def best_of(found: list[Found]) -> Found:
    """The least loss; among those that differ by rounding only, one that is known to have converged."""
    least = min(one.point.cost for one in found)
    close = [one for one in found if one.point.cost <= least * (1 + 1e-9) + floor(one.point) ** 2]
    return min(close, key=lambda one: one.stop is not Stop.CONVERGED)


def agreement(found: list[Found], best: Found) -> list[str]:
    """How many of several starts ended at the same loss."""
    if len(found) == 1:
        return []
    same = sum(one.point.cost <= best.point.cost * (1 + 1e-6) + floor(one.point) ** 2 for one in found)
    return [f"{same} of {len(found)} starts led to this loss; the others ended at larger ones."]
