"""L-BFGS: curvature remembered from the last few steps, for many parameters and smooth losses."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gradloop.checkpoint import NO_KEEPER, Keeper
from gradloop.compiler.loops import Sum
from gradloop.core.graph import Graph
from gradloop.core.simplify import simplify
from gradloop.core.trace import Tracer
from gradloop.errors import OptionError
from gradloop.history import History, Row, Snapshot, epochs_to_keep
from gradloop.problem import Problem
from gradloop.progress import Report, tell
from gradloop.solvers.separable import separates
from gradloop.solvers.solution import Solution, check_limits, check_smooth, check_start
from gradloop.stop import Stop

PROBES = 10  # random directions from which the curvature along each parameter is estimated
SAMPLE = 4096  # rows that the estimate looks at
MOST_KEPT = 2**23  # numbers among the answers that a checkpoint holds; later ones are found again
ROUNDING = 10 * float(np.finfo(np.float64).eps)
Array = Any


class Enough(Exception):  # noqa: N818  # not an error: a way out
    """Leaves SciPy's loop when the user interrupts, or separable classes are found."""


@dataclass(frozen=True)
class LBFGS:
    """Quasi-Newton steps from the last few gradients, by SciPy's L-BFGS-B, in units where parameters are curved alike.

    Args:
        tolerance: stop when the scaled gradient says that less than this share of the objective is left
        iterations: at most so many
        memory: how many of the last steps are remembered

    Raises:
        OptionError: an argument out of range; a loss or penalty with kinks.

    >>> LBFGS(memory=20).memory
    20

    Source: Liu and Nocedal, On the limited memory BFGS method for large scale optimization, 1989.
    """

    tolerance: float = 1e-12
    iterations: int = 1000
    memory: int = 10

    def __post_init__(self) -> None:
        check_limits(self.tolerance, self.iterations)
        if not isinstance(self.memory, (int, np.integer)) or self.memory < 1:
            raise OptionError(f"memory is {self.memory!r}, but it must be a whole number of steps from 1.")

    @np.errstate(over="ignore", invalid="ignore")
    def solve(
        self, problem: Problem, seed: int = 0, report: Report | None = None, keeper: Keeper = NO_KEEPER
    ) -> Solution:
        """Minimise; see `gradloop.fit`."""
        check_smooth(problem, "L-BFGS")
        check_start(problem)
        return LBFGSRun(problem, self, report, keeper).solution()


def curvature_scale(problem: Problem) -> Array:
    """For each parameter a unit, a power of two, in which it is curved about as much as the others.

    How curved parameters are beside one another is told by the mean square of their gradients over the rows (the
    diagonal of Fisher's information), which sees each alone, whatever its unit; how curved all of them are, by the
    curvature along random directions in these units.
    """
    sample = problem.thinned(SAMPLE)
    parts = [Tracer(part) for part in problem.gradient.outputs]
    weight: Any = Tracer(problem.inputs.rows[2]) if problem.weights is not None else 1.0  # once, as for a repeated row
    squared = tuple((part * part / weight).node for part in parts)
    graph = simplify(Graph("squared slopes", problem.gradient.inputs, squared))
    squares = sample.program(Sum(graph, problem.inputs)).sum(sample.rows, problem.start) / len(sample.X)
    apart = np.divide(1, np.sqrt(squares), out=np.zeros_like(squares), where=squares > 0)
    random = np.random.default_rng(0)
    bent = 0.0
    for _ in range(PROBES):
        direction = apart * random.choice([-1.0, 1.0], size=apart.size)
        along = sample.curvature_times(problem.start, direction) - problem.penalty_curvature_times(direction)
        bent += float(direction @ along) / (PROBES * max(int(np.count_nonzero(apart)), 1))
    diagonal = squares * (bent if bent > 0 else 1.0) + problem.penalty_curvature_times(np.ones(apart.size))
    return np.exp2(np.round(-0.5 * np.log2(np.where(diagonal > 0, diagonal, 1.0))))


class LBFGSRun:
    """One run: what is given, then what changes.

    SciPy keeps its memory to itself. But all that it learns of the problem are the answers to its questions, so these
    are what a checkpoint holds; resumed, it asks the same questions and is told at once.
    """

    CHANGES: ClassVar[tuple[str, ...]] = ("answers",)

    def __init__(self, problem: Problem, solver: LBFGS, report: Report | None, keeper: Keeper = NO_KEEPER) -> None:
        self.problem, self.solver, self.report, self.keeper = problem, solver, report, keeper
        self.known: list[Array] = []  # value and slope at each question
        self.told = 0  # of these, so many were known before this process
        self.told_table: list[Row] = []
        self.begun = time.perf_counter()
        self.table: list[Row] = []
        self.kept: list[Snapshot] = []
        self.notes: list[str] = []
        self.passes = 0
        self.unit = curvature_scale(problem)
        self.best = problem.start.astype(np.float64)
        self.value, self.slope = problem.objective(problem.start)
        self.stop: Stop | None = None
        self.latest = (self.best, self.value, self.slope)  # where the objective was computed last

    @property
    def answers(self) -> Array:
        """Value and slope at each question, one below the other."""
        return np.array(self.known).reshape(-1, 1 + self.best.size)

    @answers.setter
    def answers(self, known: Array) -> None:
        self.known, self.told = list(known), len(known)

    def begin(self) -> None:
        """To the first question; the record is written anew as the known answers are told."""
        settings = {"memory": self.solver.memory, "tolerance": self.solver.tolerance}
        self.keeper.begin(self, self.solver.iterations, **settings)
        self.told_table, self.table, self.kept = self.table, [], []

    def answer(self, params: Array) -> tuple[float, Array]:
        """Value and slope, known or new."""
        if self.passes <= self.told:
            known = self.known[self.passes - 1]
            return float(known[0]), known[1:].copy()
        value, slope = self.problem.objective(params.astype(self.problem.start.dtype))
        if self.keeper is not NO_KEEPER and self.passes * (1 + slope.size) <= MOST_KEPT:
            self.known.append(np.concatenate([[value], slope]))
        self.keeper.offer(self)
        return value, slope

    def objective(self, scaled: Array) -> tuple[float, Array]:
        """Value and slope for SciPy; a value that is not finite is a wall."""
        self.passes += 1
        params = self.unit * scaled
        value, slope = self.answer(params)
        if not np.isfinite(value) or not np.isfinite(slope).all():
            return float("inf"), np.zeros_like(slope)
        self.latest = (params, value, slope)
        return value, self.unit * slope

    def accept(self, scaled: Array) -> None:
        """After each iteration: keep, record, look whether to go on."""
        self.best = self.unit * scaled
        params, *known = self.latest
        if np.array_equal(params, self.best):
            self.value, self.slope = known
        else:
            self.value, self.slope = self.problem.objective(self.best.astype(self.problem.start.dtype))
        self.record()
        if separates(self.problem, self.best, self.value):
            self.stop = Stop.SEPARABLE
            raise Enough
        steep = self.unit * self.slope
        if float(steep @ steep) <= self.solver.tolerance * max(abs(self.value), ROUNDING):
            self.stop = Stop.CONVERGED
            raise Enough

    def record(self) -> None:
        iteration, seconds = len(self.table) + 1, time.perf_counter() - self.begun
        known = iteration <= len(self.told_table)
        if known:
            seconds = self.told_table[iteration - 1].seconds
        rows = self.passes * len(self.problem.X)
        norm = float(np.linalg.norm(self.slope))
        self.table.append(Row(iteration, self.value, norm, float("nan"), rows, seconds))
        if iteration in epochs_to_keep(self.solver.iterations, self.best.size):
            self.kept.append((iteration, self.problem.unpack(self.best)))
        if not known:
            tell(self.report, self.table[-1], self.solver.iterations, self.best)

    def solution(self) -> Solution:
        from scipy.optimize import minimize

        settings = {"maxiter": self.solver.iterations, "maxcor": self.solver.memory, "ftol": 0.0, "gtol": 0.0}
        settings["maxfun"] = 20 * self.solver.iterations
        self.begin()
        try:
            found = minimize(
                self.objective, self.best / self.unit, jac=True, method="L-BFGS-B", callback=self.accept,
                options=settings,
            )  # fmt: skip
            stop = Stop.ITERATIONS if found.nit >= self.solver.iterations else Stop.STALLED
            self.keeper.save(self)
        except Enough:
            assert self.stop is not None
            stop = self.stop
        except KeyboardInterrupt:
            stop = Stop.INTERRUPTED
        params = self.best.astype(self.problem.start.dtype)
        return Solution(params, History.from_rows(self.table, self.kept), stop, tuple(self.notes))
