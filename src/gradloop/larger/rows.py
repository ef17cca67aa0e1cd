"""One column of a store, or its features, as solvers see an array: its length, its type, and any of its rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradloop.larger.store import Store

Array = Any


class StoredRows:
    """Rows on disk. A slice, or an array of ascending row numbers, gives them as an array in memory.

    Args:
        part: 0 for the features, 1 for the targets, 2 for the weights
        scale, center: give the features in other units, x · scale + center
    """

    def __init__(self, store: Store, part: int, scale: Array = None, center: Array = None) -> None:
        self.store, self.part, self.scale, self.center = store, part, scale, center
        layout = store.layout
        self.dtype = np.dtype(layout.target if part == 1 else layout.dtype)
        self.shape = (layout.rows, layout.features) if part == 0 else (layout.rows,)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def content(self) -> list[Any]:
        """What tells these rows from others, as `sameness.content_of` does for arrays."""
        layout = self.store.layout
        return [layout.rows, f"{self.shape[1:]} × {self.dtype} on disk", f"#{layout.key}"]

    def beside(self, part: int) -> StoredRows:
        """Another part of the same rows."""
        return StoredRows(self.store, part)

    def problem_on(self, problem: Any, y: StoredRows) -> Any:
        """The same problem, without its penalty, on these rows."""
        weights = None if problem.weights is None else self.beside(2)
        return replace(problem, X=self, y=y, weights=weights, penalty=None)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, which: Any) -> Array:
        if isinstance(which, slice):
            return self.between(*which.indices(len(self))[:2])
        if np.ndim(which) == 0:
            return self.between(int(which), int(which) + 1)[0]
        return self.picked(np.asarray(which))

    def between(self, first: int, last: int) -> Array:
        """The rows from first to before last; the pages of the file where they lie in one chunk."""
        parts = [parts[self.part] for _, parts in self.store.slices(first, last)]
        if len(parts) == 1:
            return self.in_units(parts[0])
        return np.concatenate([np.empty((0, *self.shape[1:]), self.dtype), *map(self.in_units, parts)])

    def picked(self, rows: Array) -> Array:
        """The rows of these numbers."""
        found = np.empty((len(rows), *self.shape[1:]), self.dtype)
        size = self.store.layout.rows_in_chunk
        for chunk in np.unique(rows // size):
            here = np.flatnonzero(rows // size == chunk)
            found[here] = self.store.chunk(int(chunk))[self.part][rows[here] - chunk * size]
        return self.in_units(found)

    def in_units(self, values: Array) -> Array:
        if self.scale is None:
            return values
        found = values * self.scale
        found += self.center
        return found.astype(self.dtype, copy=False)
