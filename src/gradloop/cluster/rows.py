"""Rows on a cluster, as solvers see an array: its length, its type, and a few of its rows."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from gradloop.cluster import work
from gradloop.cluster.passes import Passes
from gradloop.sameness import digest

Array = Any


class ClusterRows:
    """One of features (0), targets (1) and weights (2) on a cluster; a slice gives them as an array here."""

    def __init__(self, passes: Passes, part: int, scale: Array = None, center: Array = None) -> None:
        self.passes, self.part, self.scale, self.center = passes, part, scale, center
        first = passes.about[0]
        self.dtype = np.dtype(first.kinds[part])
        self.shape = (passes.rows, first.features) if part == 0 else (passes.rows,)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def problem(self) -> Any:
        """The kind of problem that is made of such rows."""
        from gradloop.cluster.problem import ClusterProblem

        return ClusterProblem

    @cached_property
    def content(self) -> list[Any]:
        """What tells these rows from others, as `sameness.content_of` does for arrays: a pass of its own."""
        sums = digest(*self.passes.each("content", work.content, self.part))
        return [len(self), f"{self.shape[1:]} × {self.dtype} on a cluster", sums]

    def problem_on(self, problem: Any, y: ClusterRows) -> Any:
        """The same problem, without its penalty, on these rows."""
        weights = None if problem.weights is None else ClusterRows(self.passes, 2)
        return replace(problem, X=self, y=y, weights=weights, penalty=None)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, which: Any) -> Array:
        if isinstance(which, slice):
            return self.picked(np.arange(*which.indices(len(self))[:2]))
        if np.ndim(which) == 0:
            return self.picked(np.array([which]))[0]
        return self.picked(np.asarray(which))

    def picked(self, rows: Array) -> Array:
        """The rows of these ascending numbers."""
        if not len(rows):
            return np.empty((0, *self.shape[1:]), self.dtype)
        found = np.ascontiguousarray(self.passes.take(self.part, rows))
        return found if self.scale is None else (found * self.scale + self.center).astype(self.dtype, copy=False)
