"""Exhaustive search: try every point of a grid and keep the best, as the first chapter does before any gradient."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gradloop.compiler.loops import Inputs, Sum
from gradloop.compiler.program import in_threads
from gradloop.core.candidates import with_candidates
from gradloop.errors import OptionError
from gradloop.history import History, Row
from gradloop.problem import Problem
from gradloop.progress import Progress, Report
from gradloop.solvers.solution import Solution
from gradloop.stop import Stop

TOGETHER = 1024  # candidates judged in one pass over the rows
MOST_POINTS = 10**9

Array = Any


@dataclass(frozen=True)
class Exhaustive:
    """Every combination of the given values; a parameter without values keeps the one it starts from.

        params = the point of the grid with the least objective

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

    def solve(self, problem: Problem, seed: int = 0, report: Report | None = None) -> Solution:
        """Search; see `gradloop.fit`."""
        return Search(problem, axes_of(problem, self.grid), self.refine, report).solution()


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

    def __init__(self, problem: Problem, axes: tuple[Axis, ...], refine: int, report: Report | None) -> None:
        self.problem, self.axes, self.refine, self.report = problem, axes, refine, report
        self.params = problem.start.astype(np.float64)
        self.loss = float("inf")
        self.tried = 0
        self.begun = time.perf_counter()

    @cached_property
    def program(self) -> Any:
        """Sums the losses of many candidates in one pass over the rows."""
        given = len(self.problem.rows)
        graph = with_candidates(self.problem.example, self.problem.names, TOGETHER)
        return self.problem.program(Sum(graph, Inputs(graph.inputs[:given], graph.inputs[given:])))

    def solution(self) -> Solution:
        table, stop = [], Stop.SEARCHED
        try:
            for round_ in range(self.refine + 1):
                if round_:
                    self.axes = tuple(axis.around(self.params[axis.place]) for axis in self.axes)
                self.search(round_)
                seconds = time.perf_counter() - self.begun
                touched = self.tried * len(self.problem.X)
                table.append(Row(round_ + 1, self.loss, float("nan"), float("nan"), touched, seconds))
        except KeyboardInterrupt:
            stop = Stop.INTERRUPTED
        params = self.params.astype(self.problem.start.dtype)
        return Solution(params, History.from_rows(table), stop, tuple(self.notes()))

    def search(self, round_: int) -> None:
        """All points of the present grid, in blocks."""
        losses = self.losses(round_)
        if not np.isfinite(losses).any():
            raise OptionError("The loss is not finite at any point of the grid; choose other values.")
        best = int(np.nanargmin(np.where(np.isfinite(losses), losses, np.nan)))
        if losses[best] < self.loss:
            self.loss = float(losses[best])
            self.params = self.points(best, best + 1)[:, 0]

    def losses(self, round_: int) -> Array:
        """The objective at every point, the last axis varying fastest."""
        count = int(np.prod([len(axis.values) for axis in self.axes]))
        losses = np.empty(count)
        blocks = -(-count // TOGETHER)
        shown = max(1, blocks // 20)
        _ = self.program  # compiled before threads ask for it

        def judge(first: int, last: int) -> None:
            for block in range(first, last):
                points = slice(block * TOGETHER, min((block + 1) * TOGETHER, count))
                losses[points] = self.objective(points.start, points.stop)

        for first in range(0, blocks, shown):
            last = min(first + shown, blocks)
            in_threads(lambda a, b, first=first: judge(first + a, first + b), last - first, count * len(self.problem.X))
            self.tried += min(last * TOGETHER, count) - first * TOGETHER
            self.tell(round_, last / blocks, float(np.min(losses[: last * TOGETHER])))
        return losses

    def objective(self, first: int, last: int) -> Array:
        """The objective at points [first, last) of the grid; the block is filled up with the last of them."""
        points = self.points(first, last)
        filled = np.concatenate([points, np.repeat(points[:, -1:], TOGETHER - points.shape[1], axis=1)], axis=1)
        flat = np.ascontiguousarray(filled, self.problem.start.dtype).ravel()
        values = self.program.sum(self.problem.rows, flat)[: last - first] / len(self.problem.X)
        return values + self.penalties(points)

    def penalties(self, points: Array) -> Array:
        if self.problem.penalty is None:
            return 0.0
        return np.array([self.problem.penalty_at(point)[0] for point in points.T])

    def points(self, first: int, last: int) -> Array:
        """The parameters at points [first, last): one column for each."""
        found = np.repeat(self.problem.start.astype(np.float64)[:, None], last - first, axis=1)
        indices = np.unravel_index(np.arange(first, last), [len(axis.values) for axis in self.axes])
        for axis, index in zip(self.axes, indices, strict=True):
            found[axis.place] = axis.values[index]
        return found

    def tell(self, round_: int, share: float, loss: float) -> None:
        if self.report:
            seconds = time.perf_counter() - self.begun
            done, whole = round_ * 100 + int(100 * share), 100 * (self.refine + 1)
            rate = self.tried * len(self.problem.X) / max(seconds, 1e-9)
            self.report(Progress(done, whole, min(loss, self.loss), rate, seconds))

    def notes(self) -> Iterator[str]:
        """How fine the grid is, and whether the best lies at its border."""
        if not np.isfinite(self.loss):
            return
        shown = [f"{axis.label} to ±{axis.resolution(self.params[axis.place]):.2g}" for axis in self.axes]
        yield f"{self.tried} points were tried; the grid tells {', '.join(shown)}."
        for axis in self.axes:
            value = self.params[axis.place]
            if len(axis.values) > 1 and value in (axis.values[0], axis.values[-1]) and not self.refine:
                yield f"The best {axis.label} = {value:g} lies at the border of its grid; better ones may lie beyond."
