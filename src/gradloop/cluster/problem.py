"""A problem whose rows are on a cluster: it answers what every solver asks, by passes that workers make."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import add
from typing import Any, ClassVar

import numpy as np

from gradloop.cluster import choice, work
from gradloop.cluster.passes import Passes
from gradloop.cluster.rows import ClusterRows
from gradloop.compiler.loops import Loop
from gradloop.data.standardise import Moments
from gradloop.evaluation import Part, joined
from gradloop.inference import measures
from gradloop.larger.problem import LargerProblem
from gradloop.problem import Problem

Array = Any


@dataclass(frozen=True, eq=False)
class ClusterProblem(LargerProblem):
    """The mean loss of examples on a cluster, plus the penalty."""

    stored: ClassVar[bool] = False

    @property
    def passes(self) -> Passes:
        return self.X.passes  # type: ignore[no-any-return]

    @cached_property
    def weight(self) -> float:
        return self.passes.weight

    @cached_property
    def units(self) -> work.Units | None:
        return None if self.X.scale is None else work.Units(self.X.scale, self.X.center)

    @cached_property
    def bare(self) -> Problem:
        """The problem without rows and without functions: what workers need to know of it."""
        weights = None if self.weights is None else np.zeros(0, self.X.dtype)
        nothing: Any = None
        model = self.model._replace(predict=nothing, start=nothing, in_units=nothing)
        loss = self.loss._replace(function=nothing)
        X, y = np.zeros((0, self.X.shape[1]), self.X.dtype), np.zeros(0, self.y.dtype)
        return Problem(model, loss, None, X, y, self.start, self.prediction, self.example, self.engine, weights)

    def program(self, loop: Loop) -> Any:
        return ClusterProgram(self, loop)

    def program_here(self, loop: Loop) -> Any:
        return Problem.program(self, loop)

    def over(self, function: Callable[[Problem], Any], join: Callable[[Any, Any], Any] = add) -> Any:
        given = work.packed((self.bare, self.units)), work.packed(function)
        return self.passes.total("work", work.work_on, *given, join=join)

    def suited(self, solver: Any, reason: tuple[str, ...]) -> tuple[Any, tuple[str, ...]]:
        return choice.suited(solver, reason, self.start.size)

    def parts(self) -> Iterator[Problem]:
        raise NotImplementedError("rows on a cluster stay where they are: use over")

    def measures(self, flat: Array) -> dict[str, float]:
        """How good predictions with these parameters are for the rows."""
        given = work.packed((self.bare, self.units)), flat
        return joined(self.passes.total("judge", judged, *given, join=add))

    def in_units(self, scale: Array, center: Array) -> Problem:
        return replace(self, X=ClusterRows(self.passes, 0, scale, center))


def judged(rows: work.Rows, content: bytes, flat: Array) -> work.Tally:
    """The measures on a part."""
    problem, units = work.unpacked(content)
    X, y = work.in_units(rows, units)[:2]
    found = measures(problem.loss, y, work.on(problem, X, y).predict(flat, X)) if len(y) else {}
    return work.tallied([Part(len(y), found, Moments.of(y))] if found else [], rows)


class ClusterProgram:
    """A loop over rows on a cluster; over rows that are here it runs here."""

    def __init__(self, problem: ClusterProblem, loop: Loop) -> None:
        self.problem, self.loop = problem, loop

    @cached_property
    def here(self) -> Any:
        return self.problem.program_here(self.loop)

    @cached_property
    def content(self) -> bytes:
        return work.packed((self.problem.bare, self.loop, self.problem.units))

    def sum(self, rows: Sequence[Array], params: Array) -> Array:
        if not elsewhere(rows):
            return self.here.sum(rows, params)
        return self.problem.passes.total("sum", work.sum_of, self.content, params, join=add)

    def map(self, rows: Sequence[Array], params: Array) -> Array:
        if not elsewhere(rows):
            return self.here.map(rows, params)
        return np.concatenate(self.problem.passes.each("map", work.map_of, self.content, params))

    def train(self, rows: Sequence[Array], *given: Any) -> int:
        return int(self.here.train(rows, *given))


def elsewhere(rows: Sequence[Array]) -> bool:
    return any(isinstance(part, ClusterRows) for part in rows)
