"""Exhaustive search: try every point of a grid and keep the best, as the first chapter does before any gradient."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from gradloop.checkpoint import NO_KEEPER, Keeper
from gradloop.compiler.loops import Inputs, Sum
from gradloop.compiler.program import in_threads
from gradloop.core.candidates import with_candidates
from gradloop.errors import OptionError
from gradloop.history import History, Row, Snapshot
from gradloop.problem import Problem
from gradloop.progress import Progress, Report
from gradloop.sameness import digest
from gradloop.solvers.solution import Solution
from gradloop.stop import Stop

TOGETHER = 1024  # candidates judged in one pass over the rows
MOST_POINTS = 10**9
PARTS = 20  # at least, of a round, after which progress is told
LOSSES_WORTH_A_PART = 2**25  # of one row at one point: some milliseconds
LOSSES_IN_A_PART = 2**27  # at most, ...
BLOCKS_IN_A_PART = 16  # ... if threads have enough to do with them
LOSSES_IN_A_ROW = 64  # that take as long as a row of others' passes
SAMPLE_SHARE = 16  # of the rows, at least so many ...
SAMPLE_LEAST = 64  # ... rows, on which a loss may be larger already than the least on all

Array = Any


@dataclass(frozen=True)
class Exhaustive:
    """Every combination of the given values; a parameter without values keeps the one it starts from.

        params = the point of the grid with the least objective

    Where no row can have a negative loss, points whose loss on some of the rows is larger already than the least on all
    rows are not tried on the rest: that changes nothing but the time.

    Args:
        grid: values by the parameter's name: a list of numbers, or for an array of parameters one list for each entry
        refine: how many times to search again around the best point, between its neighbours, as finely as before

    Raises:
        OptionError: values that are no numbers; an unknown parameter; more points than can be tried.

    >>> Exhaustive({"w": np.arange(0, 4.1, 0.1)}).refine
    0
    """

    grid: Mapping[str, Any]
    refine: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.grid, Mapping) or not self.grid:
            raise OptionError('The grid of Exhaustive holds values by name, such as {"w": np.arange(0, 4.1, 0.1)}.')
        if not isinstance(self.refine, (int, np.integer)) or isinstance(self.refine, bool) or self.refine < 0:
            raise OptionError(f"refine is {self.refine!r}, but it must be a whole number of rounds from 0.")

    def solve(
        self, problem: Problem, seed: int = 0, report: Report | None = None, keeper: Keeper = NO_KEEPER
    ) -> Solution:
        """Search; see `gradloop.fit`."""
        return Search(problem, axes_of(problem, self.grid), self.refine, report, keeper).solution()


@dataclass(frozen=True)
class Axis:
    """The values of one number among the parameters."""

    label: str
    place: int  # in the flat array of all parameters
    values: Array

    def around(self, best: float) -> Axis:
        """As many values, between the neighbours of the best one."""
        at = int(np.argmin(np.abs(self.values - best)))
        low, high = self.values[max(at - 1, 0)], self.values[min(at + 1, len(self.values) - 1)]
        return Axis(self.label, self.place, np.linspace(low, high, len(self.values)))

    def resolution(self, best: float) -> float:
        """The distance to the farther neighbour of a value."""
        at = int(np.argmin(np.abs(self.values - best)))
        near = [abs(self.values[i] - best) for i in (at - 1, at + 1) if 0 <= i < len(self.values)]
        return float(max(near, default=0.0))


def axes_of(problem: Problem, grid: Mapping[str, Any]) -> tuple[Axis, ...]:
    """The grid as axes, one for each number that varies, once it is sure that they are what the model has."""
    unknown = [name for name in grid if name not in problem.names]
    if unknown:
        raise OptionError(f"The grid names {', '.join(unknown)}, but the parameters are {', '.join(problem.names)}.")
    axes: list[Axis] = []
    start = 0
    for name, node in zip(problem.names, problem.params, strict=True):
        if name in grid:
            axes += parameter_axes(name, node.spec.shape, start, grid[name])
        start += node.spec.size
    points = np.prod([float(len(axis.values)) for axis in axes])
    if points > MOST_POINTS:
        raise OptionError(f"The grid has {points:.3g} points; try at most {MOST_POINTS:.0e}, or use refine.")
    return tuple(axes)


def parameter_axes(name: str, shape: tuple[int, ...], start: int, given: Any) -> Iterator[Axis]:
    """One axis for a number, or one for each entry of an array."""
    size = int(np.prod(shape))
    lists: Sequence[Any] = [given] if size == 1 and np.ndim(given) == 1 else list(given)
    if len(lists) != size:
        raise OptionError(
            f"The grid of {name!r}, which has shape {shape}, needs {size} lists of values, one for each entry, but has "
            f"{len(lists)}."
        )
    for index, values in zip(np.ndindex(shape), lists, strict=True):
        label = f"{name}[{', '.join(map(str, index))}]" if index else name
        found = np.unique(np.asarray(values, dtype=np.float64))
        if found.ndim != 1 or not found.size or not np.isfinite(found).all():
            raise OptionError(f"The grid of {label} must be a list of finite numbers, but is {values!r}.")
        yield Axis(label, start, found)
        start += 1


class Search:
    """One search: what is given, then what changes."""

    CHANGES: ClassVar[tuple[str, ...]] = (
        "params",
        "loss",
        "tried",
        "on_all_rows",
        "touched",
        "reached",
        "block",
        "values",
    )

    def __init__(
        self, problem: Problem, axes: tuple[Axis, ...], refine: int, report: Report | None, keeper: Keeper = NO_KEEPER
    ) -> None:
        self.problem, self.axes, self.refine, self.report, self.keeper = problem, axes, refine, report, keeper
        self.params = problem.start.astype(np.float64)
        self.loss = float("inf")
        self.tried = self.on_all_rows = 0  # points
        self.touched = 0  # rows, by all points together
        self.reached = float("inf")  # the least loss of some points of the round
        self.block = 0  # of the present round: those before it were tried
        self.table: list[Row] = []  # of the rounds that are finished
        self.kept: list[Snapshot] = []
        self.notes: list[str] = []
        self.begun = time.perf_counter()

    @property
    def values(self) -> Array:
        """Of all axes, one behind the other."""
        return np.concatenate([axis.values for axis in self.axes])

    @values.setter
    def values(self, values: Array) -> None:
        ends = np.cumsum([len(axis.values) for axis in self.axes])
        parts = np.split(values, ends[:-1])
        self.axes = tuple(replace(axis, values=part) for axis, part in zip(self.axes, parts, strict=True))

    @cached_property
    def program(self) -> Any:
        """Sums the losses of many candidates in one pass over the rows."""
        given = len(self.problem.rows)
        graph = with_candidates(self.problem.example, self.problem.names, TOGETHER)
        return self.problem.program(Sum(graph, Inputs(graph.inputs[:given], graph.inputs[given:])))

    def solution(self) -> Solution:
        stop = Stop.SEARCHED
        grid = digest(*(part for axis in self.axes for part in (axis.label, axis.values.tobytes())))
        self.keeper.begin(self, self.refine + 1, refine=self.refine, grid=grid)
        try:
            for round_ in range(len(self.table), self.refine + 1):
                self.search(round_)
                seconds = time.perf_counter() - self.begun
                self.table.append(Row(round_ + 1, self.loss, float("nan"), float("nan"), self.touched, seconds))
                if round_ < self.refine:
                    self.axes = tuple(axis.around(self.params[axis.place]) for axis in self.axes)
                    self.block, self.reached = 0, float("inf")
            self.keeper.save(self)
        except KeyboardInterrupt:
            stop = Stop.INTERRUPTED
        params = self.params.astype(self.problem.start.dtype)
        return Solution(params, History.from_rows(self.table), stop, tuple(self.remarks()))

    def search(self, round_: int) -> None:
        """All points of the present grid that were not tried yet, in blocks."""
        count = int(np.prod([len(axis.values) for axis in self.axes]))
        if self.sample is not None and self.reached == np.inf:
            self.reached = finite(self.losses(np.unique(np.linspace(0, count - 1, TOGETHER).astype(int)))).min()
        blocks = -(-count // TOGETHER)
        enough = max(BLOCKS_IN_A_PART, LOSSES_IN_A_PART // (TOGETHER * len(self.problem.X)))
        least = LOSSES_WORTH_A_PART // (TOGETHER * len(self.problem.X))
        part = max(1, least, min(blocks // PARTS, enough))
        while self.block < blocks:
            self.keeper.offer(self)
            last = min(self.block + part, blocks)
            self.judge(self.block * TOGETHER, min(last * TOGETHER, count))
            self.block = last
            self.tell(round_, last / blocks)
        if not np.isfinite(self.loss):
            raise OptionError("The loss is not finite at any point of the grid; choose other values.")

    @cached_property
    def sample(self) -> Problem | None:
        """The same problem on some of the rows; None where a loss on these tells nothing about that on all."""
        if not self.problem.loss.never_negative or not self.problem.in_memory:
            return None
        found = self.problem.thinned(max(SAMPLE_LEAST, len(self.problem.X) // SAMPLE_SHARE))
        return None if found is self.problem else found

    def judge(self, first: int, last: int) -> None:
        """Keep the best of points [first, last), if it is better than all before."""
        points = np.arange(first, last)
        self.tried += len(points)
        if self.sample is not None:
            points = self.promising(points, self.sample)
        if not len(points):
            return
        losses = finite(self.losses(points))
        best = int(np.argmin(losses))
        self.on_all_rows += len(points)
        if losses[best] < self.loss:
            self.loss = float(losses[best])
            self.params = self.points(points[best : best + 1])[:, 0]

    def promising(self, points: Array, sample: Problem) -> Array:
        """The points whose loss on the sample, counted as if all other rows had none, is not too large already."""
        losses = finite(self.losses(points, sample))
        guess = finite(self.losses(points[[np.argmin(losses)]]))[0]
        rounding = max(1e-9, 64 * float(np.finfo(self.problem.X.dtype).eps))
        bound = min(self.loss, self.reached, guess)
        return points[losses <= bound + rounding * abs(bound)]

    def losses(self, points: Array | None = None, sample: Problem | None = None) -> Array:
        """The objective at points by their numbers, or at all; the last axis varies fastest.

        Args: sample, some of the rows, where only these are to be counted.
        """
        if points is None:
            points = np.arange(np.prod([len(axis.values) for axis in self.axes], dtype=int))
        problem, losses = sample or self.problem, np.empty(len(points))
        _ = self.program  # compiled before threads ask for it

        def some(block: int, until: int) -> None:
            for first in range(block, until, BLOCKS_IN_A_PART):
                part = slice(first * TOGETHER, min(first + BLOCKS_IN_A_PART, until) * TOGETHER)
                losses[part] = self.objective(self.points(points[part]), problem.rows)

        work = len(losses) * len(problem.X)
        in_threads(some, -(-len(losses) // TOGETHER), work // LOSSES_IN_A_ROW)
        self.touched += work
        return losses

    def objective(self, points: Array, rows: tuple[Array, ...]) -> Array:
        """The objective at points, block by block; the last is filled up with the last of them."""
        count = points.shape[1]
        block, sums = np.empty((len(points), TOGETHER), self.problem.start.dtype), np.empty(count)
        for first in range(0, count, TOGETHER):
            part = points[:, first : first + TOGETHER]
            block[:, : part.shape[1]], block[:, part.shape[1] :] = part, part[:, -1:]
            sums[first : first + TOGETHER] = self.program.sum(rows, block.ravel())[: part.shape[1]]
        return sums / len(self.problem.X) + self.penalties(points)

    def penalties(self, points: Array) -> Array:
        if self.problem.penalty is None:
            return 0.0
        return np.array([self.problem.penalty_at(point)[0] for point in points.T])

    def points(self, numbers: Array) -> Array:
        """The parameters at points of these numbers: one column for each."""
        found = np.repeat(self.problem.start.astype(np.float64)[:, None], len(numbers), axis=1)
        indices = np.unravel_index(numbers, [len(axis.values) for axis in self.axes])
        for axis, index in zip(self.axes, indices, strict=True):
            found[axis.place] = axis.values[index]
        return found

    def tell(self, round_: int, share: float) -> None:
        if self.report:
            seconds = time.perf_counter() - self.begun
            done, whole = round_ * 100 + int(100 * share), 100 * (self.refine + 1)
            rate = self.touched / max(seconds, 1e-9)
            self.report(Progress(done, whole, self.loss, rate, seconds, all_run=True, flat=self.params))

    def remarks(self) -> Iterator[str]:
        """How fine the grid is, and whether the best lies at its border."""
        if not np.isfinite(self.loss):
            return
        shown = [f"{axis.label} to ±{axis.resolution(self.params[axis.place]):.2g}" for axis in self.axes]
        rest = "" if self.on_all_rows == self.tried else f", {self.on_all_rows} of them on all rows"
        yield f"{self.tried} points were tried{rest}; the grid tells {', '.join(shown)}."
        for axis in self.axes:
            value = self.params[axis.place]
            if len(axis.values) > 1 and value in (axis.values[0], axis.values[-1]) and not self.refine:
                yield f"The best {axis.label} = {value:g} lies at the border of its grid; better ones may lie beyond."


def finite(losses: Array) -> Array:
    """What is not finite is as bad as can be."""
    return np.where(np.isfinite(losses), losses, np.inf)
