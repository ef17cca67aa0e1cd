"""Newton's method: a step to the bottom of the bowl that value, slope and curvature describe here."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from gradloop.blas import one_blas_thread, scipy_linalg
from gradloop.checkpoint import NO_KEEPER, Keeper
from gradloop.errors import ModelError, OptionError
from gradloop.hessian import few_scores, hessian
from gradloop.history import History, Row, Snapshot, epochs_to_keep
from gradloop.problem import Problem
from gradloop.progress import Report, tell
from gradloop.solvers.lbfgs import LBFGS
from gradloop.solvers.separable import separates
from gradloop.solvers.solution import Solution, check_limits, check_smooth, check_start
from gradloop.stop import Stop

SAMPLE_SHARE = 16  # a first fit to one row in so many gives the start, ...
SAMPLE_LEAST = 2_500  # ... if at least so many rows, and fifty for each parameter, are left of them; ...
SAMPLE_MOST = 2**17  # ... more than these, and a thousand for each parameter, spare no step
SUFFICIENT = 1e-4  # the share of the promised decrease that a step must bring (Armijo)
HALVINGS = 30
CLEARLY = 0.25  # the share of a decrement that a step must leave, at most, where the objective cannot tell
NEAR = 0.1  # of the objective: with a larger decrement the bowl is not yet that of the minimum
LAZY = 0.1  # a decrement that fell to this share shows that the curvature is still good enough, ...
PARAMETERS_A_PASS = 16  # ... if the steps that are left cost less than another: so many take as long as a slope
FLAT = 1e-14  # a curvature so much smaller than the largest is rounding
FLAT_STEPS = 50  # of L-BFGS, to where there is curvature
MOST_PARAMETERS = 5000  # the matrix of second derivatives has the square of this many entries

Array = Any


@dataclass(frozen=True)
class Newton:
    """Newton's method with a damped step, for smooth losses; few passes, each with the whole matrix of curvature.

        (H + damping) d = -g;   w ← w + step · d

    The step is halved until the objective falls enough. A matrix that is not positive definite is damped until it is.
    On large data the start comes from a fit to a sample of the rows.

    Args:
        tolerance: stop when the distance to the best, ½ gᵀ H⁻¹ g, is below this share of the objective
        iterations: at most so many

    Raises:
        OptionError: an argument out of range; a loss or penalty with kinks, which has no second derivative.

    >>> Newton(tolerance=1e-8).iterations
    50

    Source: Nocedal and Wright, Numerical Optimization, 2006, algorithm 3.2.
    """

    tolerance: float = 1e-12
    iterations: int = 50

    def __post_init__(self) -> None:
        check_limits(self.tolerance, self.iterations)

    @np.errstate(over="ignore", invalid="ignore")
    def solve(
        self, problem: Problem, seed: int = 0, report: Report | None = None, keeper: Keeper = NO_KEEPER
    ) -> Solution:
        """Iterate until the certificate bears the word converged, or no step helps."""
        check_smooth(problem, "Newton's method")
        if problem.start.size > MOST_PARAMETERS:
            raise OptionError(
                f"Newton's method keeps a matrix of {problem.start.size} × {problem.start.size} numbers, which is too "
                "large; choose gl.LBFGS()."
            )
        with one_blas_thread():
            return NewtonRun(problem, self, report, keeper).solution()


def first_params(problem: Problem, solver: Any) -> tuple[Array, Array | None]:
    """The parameters to begin with, and the curvature there: on large data those of a fit to a sample of the rows."""
    rows = min(len(problem.X) // SAMPLE_SHARE, max(SAMPLE_MOST, 1000 * problem.start.size))
    if rows < max(SAMPLE_LEAST, 50 * problem.start.size):
        return problem.start.copy(), None
    try:
        sample = NewtonRun(problem.thinned(rows), type(solver)(tolerance=1e-4, iterations=solver.iterations), None)
    except ModelError:  # which is told with the rows of the whole
        return problem.start.copy(), None
    found = sample.solution().params
    value, slope = problem.objective(found)
    if np.isfinite(value) and np.isfinite(slope).all():
        return found, hessian(sample.problem, found)
    return problem.start.copy(), None


class NewtonRun:
    """One run: what is given, then what changes."""

    CHANGES: ClassVar[tuple[str, ...]] = (
        "params", "value", "slope", "passes", "before", "share", "left_flat_ground", "fresh", "curved_at",
    )  # fmt: skip

    def __init__(self, problem: Problem, solver: Newton, report: Report | None, keeper: Keeper = NO_KEEPER) -> None:
        self.problem, self.solver, self.report, self.keeper = problem, solver, report, keeper
        self.begun = time.perf_counter()
        self.table: list[Row] = []
        self.kept: list[Snapshot] = []
        self.notes: list[str] = []
        self.passes = 0
        self.before = float("inf")  # the decrement of the last step
        self.share = 0.0  # of it that this step left, with a curvature that was used again
        self.left_flat_ground = False
        self.known: Bowl | None = None  # the curvature that was used last
        self.fresh = False  # whether the curvature is that of the present parameters
        first, self.curvature = first_params(problem, solver)
        self.params = first.astype(np.float64)
        self.bent = np.zeros(0)  # the parameters of the curvature, once it is not the first one
        self.value, self.slope = self.objective(self.params)
        if not (np.isfinite(self.value) and np.isfinite(self.slope).all()):
            check_start(problem)

    def objective(self, params: Array) -> tuple[float, Array]:
        self.passes += 1
        return self.problem.objective(params.astype(self.problem.start.dtype))

    @property
    def curved_at(self) -> Array | None:
        """The parameters whose curvature is known; its own entries are too many to be kept."""
        return None if self.curvature is None else self.bent

    @curved_at.setter
    def curved_at(self, params: Array | None) -> None:
        if params is None:
            self.curvature = None
        elif params.size:
            self.bent = params
            self.curvature = hessian(self.problem, params.astype(self.problem.start.dtype))

    def solution(self) -> Solution:
        stop, solver = Stop.ITERATIONS, self.solver
        self.keeper.begin(self, solver.iterations, iterations=solver.iterations, tolerance=solver.tolerance)
        try:
            for iteration in range(len(self.table) + 1, solver.iterations + 1):
                self.keeper.offer(self)
                direction, decrement, untold = self.direction()
                self.record(iteration)
                if decrement / (1 - self.share**0.5) ** 2 <= self.goal or decrement == 0:
                    if (untold > self.noise and self.leave_flat_ground()) or self.leave_saddle():
                        continue
                    stop = self.at_the_bottom(untold)
                    break
                if not self.step(direction):
                    if not self.fresh:
                        self.curvature = None
                        continue
                    stop = Stop.STALLED
                    break
                if separates(self.problem, self.params, self.value):
                    stop = Stop.SEPARABLE
                    break
            else:
                self.keeper.save(self)
        except KeyboardInterrupt:
            stop = Stop.INTERRUPTED
        params = self.params.astype(self.problem.start.dtype)
        return Solution(params, History.from_rows(self.table, self.kept), stop, tuple(self.notes))

    @property
    def goal(self) -> float:
        """The decrement that is small enough."""
        return 2 * self.solver.tolerance * abs(self.value)

    def direction(self) -> tuple[Array, float, float]:
        """The Newton step. A curvature serves again as long as the steps to the end cost less than another one."""
        if self.curvature is not None:
            found = self.bowl(self.curvature).direction(self.slope)
            self.share = found[1] / self.before
            is_near = found[1] <= NEAR * abs(self.value)
            if is_near and self.share <= LAZY and passes_left(found[1], self.goal, self.share) <= self.price:
                self.before, self.fresh = found[1], False
                return found
        self.passes += 1
        self.curvature = hessian(self.problem, self.params.astype(self.problem.start.dtype))
        self.bent = self.params
        check_curvature(self.curvature)
        found = self.bowl(self.curvature).direction(self.slope)
        self.before, self.share, self.fresh = found[1], 0.0, True
        return found

    def bowl(self, curvature: Array) -> Bowl:
        if self.known is None or self.known.curvature is not curvature:
            self.known = Bowl(curvature)
        return self.known

    @cached_property
    def price(self) -> float:
        """Passes that take as long as a curvature and a step with it."""
        size: int = self.params.size
        return 2.0 + (size / PARAMETERS_A_PASS if few_scores(self.problem) else size)

    @property
    def noise(self) -> float:
        """A slope that rounding alone can leave."""
        return float(100 * np.finfo(self.problem.start.dtype).eps * np.sqrt(2 * max(abs(self.value), 1.0)))

    def leave_flat_ground(self) -> bool:
        """Where the loss is straight, as Huber's is far from the data, slopes alone show the way; False if none do."""
        if self.left_flat_ground:
            return False
        self.left_flat_ground = True
        here = replace(self.problem, start=self.params.astype(self.problem.start.dtype))
        found = LBFGS(iterations=FLAT_STEPS).solve(here)
        self.passes += int(found.history["rows"][-1] // len(self.problem.X)) if len(found.history) else 0
        value, slope = self.objective(found.params.astype(np.float64))
        if not value < self.value:
            return False
        self.params, self.value, self.slope, self.curvature = found.params.astype(np.float64), value, slope, None
        return True

    def leave_saddle(self) -> bool:
        """Where the slope is nothing but the curvature goes downwards, go along it; False if the place is a bottom."""
        if self.problem.is_convex or not self.fresh or self.curvature is None:
            return False
        downwards = downward_direction(self.curvature)
        for length in () if downwards is None else np.exp2(-np.arange(HALVINGS)):
            for trial in (self.params + length * downwards, self.params - length * downwards):
                value, slope = self.objective(trial)
                if np.isfinite(slope).all() and value < self.value - self.noise * abs(self.value):
                    self.params, self.value, self.slope, self.curvature = trial, value, slope, None
                    return True
        return False

    def at_the_bottom(self, untold: float) -> Stop:
        """Converged, unless the objective still slopes along directions whose curvature is lost in rounding."""
        if untold <= self.noise:
            return Stop.CONVERGED
        self.notes.append(
            "Some columns are nearly combinations of others, or lie far from zero beside their spread, so that their "
            "curvature is lost in rounding; standardise them, (X - X.mean(axis=0)) / X.std(axis=0)."
        )
        return Stop.STALLED

    def step(self, direction: Array) -> bool:
        """Go along the direction as far as the objective falls enough; False if it does not.

        Of what is less than the objective's rounding the slope must tell: it has digits of its own.
        """
        promised = float(self.slope @ direction)
        rounding = float(np.finfo(self.problem.start.dtype).eps) * abs(self.value)
        length = 1.0
        for _ in range(HALVINGS):
            trial = self.params + length * direction
            value, slope = self.objective(trial)
            if np.isfinite(slope).all() and value <= self.value + SUFFICIENT * length * promised:
                moved = value < self.value
                self.params, self.value, self.slope = trial, value, slope
                return moved
            if abs(length * promised) <= rounding:
                if not value <= self.value + rounding or not self.is_lower(slope, abs(promised)):
                    return False
                self.params, self.value, self.slope = trial, value, slope
                return True
            length /= 2
        return False

    def is_lower(self, slope: Array, decrement: float) -> bool:
        """Whether a slope leaves clearly less to go, in the bowl of the last step."""
        assert self.known is not None
        return bool(np.isfinite(slope).all() and self.known.direction(slope)[1] <= CLEARLY * decrement)

    def record(self, iteration: int) -> None:
        seconds = time.perf_counter() - self.begun
        norm, rows = float(np.linalg.norm(self.slope)), self.passes * len(self.problem.X)
        self.table.append(Row(iteration, self.value, norm, float("nan"), rows, seconds))
        if iteration in epochs_to_keep(self.solver.iterations, self.params.size):
            self.kept.append((iteration, self.problem.unpack(self.params)))
        tell(self.report, self.table[-1], self.solver.iterations, self.params)


def passes_left(decrement: float, goal: float, share: float) -> float:
    """Steps until the decrement is small enough, if each leaves the same share of it."""
    if decrement <= goal or share == 0:
        return 0.0
    return float(np.log(goal / decrement) / np.log(share)) if goal > 0 else float("inf")


def check_curvature(curvature: Array) -> None:
    if not np.isfinite(curvature).all():
        raise ModelError("The second derivative of the loss is not finite: a column is too large; scale the columns.")


def downward_direction(curvature: Array) -> Array | None:
    """The direction along which the curvature is most negative, in units of equal curvature, if any is."""
    unit, scaled = alike(curvature)
    values, vectors = scipy_linalg().eigh(scaled)
    return unit * vectors[:, 0] if values[0] < -len(values) * FLAT * abs(values).max() else None


def alike(curvature: Array) -> tuple[Array, Array]:
    """Units, powers of two, in which every parameter is curved alike; and the curvature in these."""
    bent = curvature.diagonal()
    unit = np.divide(1, np.sqrt(np.abs(bent)), out=np.ones_like(bent), where=bent != 0)
    unit = np.exp2(np.round(np.log2(unit)))
    return unit, unit[:, None] * curvature * unit


class Bowl:
    """A matrix of curvature, taken apart once, which then tells the step for each slope.

    All in units where every parameter is curved alike. Along directions that are curved downwards the step goes down
    by as much as if they were curved upwards; along those without curvature, which the data do not tell, not at all.
    """

    def __init__(self, curvature: Array) -> None:
        linalg = scipy_linalg()
        self.curvature = curvature
        self.unit, scaled = alike(curvature)
        self.factor, failed = linalg.lapack.dpotrf(scaled, lower=True)
        pivots = self.factor.diagonal() ** 2
        self.is_steep = not failed and pivots.min() > 1e4 * FLAT * pivots.max()
        if not self.is_steep:
            values, self.vectors = linalg.eigh(scaled)
            self.sizes = np.abs(values)
            self.told = self.sizes > len(values) * FLAT * self.sizes.max()

    def direction(self, slope: Array) -> tuple[Array, float, float]:
        """The step -H⁻¹ g, the squared Newton decrement gᵀ H⁻¹ g, and the slope along directions left out."""
        steep = self.unit * slope
        if self.is_steep:
            step = -scipy_linalg().cho_solve((self.factor, True), steep)
            return self.unit * step, float(-steep @ step), 0.0
        along = self.vectors.T @ steep
        step = -self.vectors @ np.divide(along, self.sizes, out=np.zeros_like(along), where=self.told)
        return self.unit * step, float(-steep @ step), float(np.abs(along[~self.told]).max(initial=0.0))
