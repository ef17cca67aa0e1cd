"""Gradient descent on all rows: a step against the slope, its length given, from the curvature, or found by trying."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from gradloop.certificate import certify
from gradloop.checkpoint import NO_KEEPER, Keeper
from gradloop.compiler.reference import unpack
from gradloop.errors import OptionError
from gradloop.history import History, Row, Snapshot, epochs_to_keep
from gradloop.problem import Problem
from gradloop.progress import Report, tell
from gradloop.solvers.curvature import largest_curvature, scale_advice, stable_rate, stable_rates
from gradloop.solvers.minibatch import GROWTH
from gradloop.solvers.separable import separates
from gradloop.solvers.solution import Solution, check_limits, check_start
from gradloop.stop import Stop

HALVINGS = 60  # of a rate that is too large
IDLE = 20  # iterations in a row that change nothing but rounding
MARGIN = 10.0  # a certificate that is not good enough is asked for again when steps bring so many times less
Array = Any


@dataclass(frozen=True)
class GradientDescent:
    """Gradient descent: one step for each pass over all rows, with momentum that starts anew when it leads uphill.

        y = w + momentum · (w − w before);   w ← proximal(y − learning_rate · ∂objective/∂y)

    Kinks of the penalty are taken by its proximal step. The sums over the rows have fixed blocks, so that any number of
    threads gives the same bits.

    Args:
        learning_rate: obeyed if given; None: the reciprocal of the largest curvature, halved where that is too large
        momentum: False is the textbook's descent, one pass per step; with momentum there are two
        iterations: at most so many
        tolerance: stop when the certificate says that the best is nearer than this share of the objective

    Raises:
        OptionError: an argument out of range; a loss with kinks.

    >>> GradientDescent(learning_rate=0.1, momentum=False).iterations
    10000

    Source: Beck and Teboulle, A fast iterative shrinkage-thresholding algorithm, 2009; O'Donoghue and Candès, Adaptive
    restart for accelerated gradient schemes, 2015.
    """

    learning_rate: float | None = None
    momentum: bool = True
    iterations: int = 10_000
    tolerance: float = 1e-10

    def __post_init__(self) -> None:
        check_limits(self.tolerance, self.iterations)
        rate = self.learning_rate
        if rate is not None and (isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 < rate < np.inf):
            raise OptionError(f"learning_rate is {rate!r}, but it must be a number above 0, or None to derive it.")

    @np.errstate(over="ignore", invalid="ignore")
    def solve(
        self, problem: Problem, seed: int = 0, report: Report | None = None, keeper: Keeper = NO_KEEPER
    ) -> Solution:
        """Descend; see `gradloop.fit`. Nothing is random, so the seed is not used."""
        if not replace(problem, penalty=None).smooth:
            raise OptionError(
                f"Gradient descent cannot follow the kinks of the {problem.loss.name} loss; choose gl.Minibatch."
            )
        check_start(problem)
        return GradientRun(problem, self, report, keeper).solution()


class GradientRun:
    """One run: what is given, then what changes."""

    CHANGES: ClassVar[tuple[str, ...]] = (
        "params", "before", "value", "slope", "best", "lowest", "last", "passes", "idle", "age", "rate", "asked_at",
    )  # fmt: skip

    def __init__(
        self, problem: Problem, solver: GradientDescent, report: Report | None, keeper: Keeper = NO_KEEPER
    ) -> None:
        self.problem, self.solver, self.report, self.keeper = problem, solver, report, keeper
        self.begun = time.perf_counter()
        self.table: list[Row] = []
        self.kept: list[Snapshot] = []
        self.passes, self.idle, self.age = 0, 0, 1.0
        self.params = self.before = problem.start.astype(np.float64)
        self.value, self.slope = self.objective(self.params)
        self.best, self.lowest, self.last = self.params, self.value, self.value
        self.limit = growth_limit(problem, self.value)
        self.asked_at = solver.tolerance
        self.rate, self.notes = self.first_rate()

    def first_rate(self) -> tuple[float, list[str]]:
        """The rate, and what the reader should know of it before the first step."""
        problem, rate = self.problem, self.solver.learning_rate
        if rate is not None:
            bound = stable_rate(problem, problem.start)
            wrong = f"The learning rate {rate:g} is too large: {stable_rates(problem, bound)}." if rate > bound else ""
            return float(rate), [wrong] if wrong else []
        curvature = largest_curvature(problem, problem.start)
        rate = 1 / curvature if 0 < curvature < np.inf else 1.0
        return rate, [f"The learning rate was derived from the curvature: {rate:.3g}.", *scale_advice(problem)]

    # ---- what is minimised ----
    def rounded(self, params: Array) -> Array:
        """As the problem's numbers can hold them."""
        return params.astype(self.problem.start.dtype).astype(np.float64)

    def objective(self, params: Array) -> tuple[float, Array]:
        self.passes += 1
        return self.problem.objective(params.astype(self.problem.start.dtype))

    def proximal(self, params: Array) -> Array:
        """The step for the penalty's kinks."""
        penalty = self.problem.penalty
        if penalty is None or penalty.proximal is None:
            return params
        moved = params.copy()
        for name, part in unpack(self.problem.params, moved).items():
            if self.problem.penalised(name):
                part[...] = penalty.proximal(part.copy(), self.rate) + 0.0  # no negative zeros
        return moved

    def kinks(self, params: Array) -> float:
        """The part of the objective that the proximal step is for."""
        penalty = self.problem.penalty
        if penalty is None or penalty.proximal is None:
            return 0.0
        parts = [part for name, part in unpack(self.problem.params, params).items() if self.problem.penalised(name)]
        return float(sum(penalty.value(w) - (penalty.smooth(w) if penalty.smooth else 0.0) for w in parts))

    def steepness(self) -> Array:
        """The slope; under a penalty with kinks, how far a step goes, by the rate."""
        return (self.params - self.proximal(self.params - self.rate * self.slope)) / self.rate

    # ---- the loop ----
    def solution(self) -> Solution:
        stop, solver = Stop.ITERATIONS, self.solver
        rate = "derived" if solver.learning_rate is None else solver.learning_rate
        settings = {"learning_rate": rate, "momentum": solver.momentum, "tolerance": solver.tolerance}
        self.keeper.begin(self, solver.iterations, **settings)
        try:
            for iteration in range(len(self.table) + 1, solver.iterations + 1):
                self.keeper.offer(self)
                if not self.step():
                    stop = Stop.STALLED
                    break
                steep = float(np.linalg.norm(self.steepness()))
                self.record(iteration, steep)
                reason = self.reason(steep)
                if reason is not Stop.DIVERGED:
                    tell(self.report, self.table[-1], solver.iterations, self.params)
                if reason is not None:
                    stop = reason
                    break
            else:
                self.keeper.save(self)
        except KeyboardInterrupt:
            stop = Stop.INTERRUPTED
        if stop is Stop.DIVERGED and self.solver.learning_rate is not None and not self.notes:
            bound = stable_rate(self.problem, self.problem.start)
            self.notes.append(f"Choose a smaller learning rate: at the start {stable_rates(self.problem, bound)}.")
        params = (self.best if stop is Stop.DIVERGED else self.params).astype(self.problem.start.dtype)
        return Solution(params, History.from_rows(self.table, self.kept), stop, tuple(self.notes))

    def step(self) -> bool:
        """One step; False if none, however short, leads down."""
        older, self.age = self.age, (1 + math.sqrt(1 + 4 * self.age**2)) / 2
        push = (older - 1) / self.age if self.solver.momentum else 0.0
        ahead, value, slope = self.params, self.value, self.slope
        if push > 0:
            ahead = self.rounded(self.params + push * (self.params - self.before))
            value, slope = self.objective(ahead)
        found = self.try_from(ahead, value, slope)
        if push > 0 and (found is None or not found[1] <= self.value):  # momentum led uphill: from here without it
            self.age = 1.0
            found = self.try_from(self.params, self.value, self.slope)
            ahead = self.params
        if found is None:
            return False
        self.before = self.params
        self.params, self.value, self.slope = found
        if (ahead - self.params) @ (self.params - self.before) > 0:
            self.age = 1.0
        return True

    def try_from(self, ahead: Array, value: float, slope: Array) -> tuple[Array, float, Array] | None:
        """Where a step leads, its value and slope; a derived rate is halved until the bowl is as flat as it says."""
        given = self.solver.learning_rate is not None
        slack = 10 * float(np.finfo(self.problem.X.dtype).eps) * abs(value)
        base = value - self.kinks(ahead)
        for _ in range(HALVINGS):
            moved = self.rounded(self.proximal(ahead - self.rate * slope))
            found, steep = self.objective(moved)
            change = moved - ahead
            bowl = base + float(slope @ change) + float(change @ change) / (2 * self.rate)
            if given or (np.isfinite(steep).all() and found - self.kinks(moved) <= bowl + slack):
                return moved, found, steep
            self.rate /= 2
        return None

    def reason(self, steep: float) -> Stop | None:
        """Why to stop now; None to go on."""
        if not np.isfinite(self.value) or not np.isfinite(self.slope).all() or self.value > self.limit:
            return Stop.DIVERGED
        if separates(self.problem, self.params, self.value):
            return Stop.SEPARABLE
        rounding = 10 * float(np.finfo(self.problem.X.dtype).eps) * abs(self.value)
        self.idle = self.idle + 1 if abs(self.value - self.last) <= rounding else 0
        self.last = self.value
        if self.value < self.lowest:
            self.best, self.lowest = self.params, self.value
        if self.rate * steep**2 <= self.asked_at * abs(self.value):
            certificate = certify(self.problem, self.params.astype(self.problem.start.dtype))
            known = "gap" in certificate.kind
            if known and certificate.value <= self.solver.tolerance * abs(self.value):
                return Stop.CONVERGED
            self.asked_at = self.rate * steep**2 / (MARGIN * abs(self.value)) if known and self.value else -1.0
        return Stop.STALLED if self.idle >= IDLE else None

    def record(self, iteration: int, steep: float) -> None:
        seconds, rows = time.perf_counter() - self.begun, self.passes * len(self.problem.X)
        self.table.append(Row(iteration, self.value, steep, self.rate, rows, seconds))
        if iteration in epochs_to_keep(self.solver.iterations, self.params.size):
            self.kept.append((iteration, self.problem.unpack(self.params)))


def growth_limit(problem: Problem, start: float) -> float:
    """What no stable run reaches: many times the loss at the start, or with all parameters zero."""
    zero, _ = problem.objective(np.zeros_like(problem.start))
    known = [abs(value) for value in (start, zero) if np.isfinite(value)]
    return GROWTH * max(known) if max(known, default=0.0) > 0 else float("inf")
