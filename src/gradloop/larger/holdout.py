"""Rows held out of a table that need not fit into memory: the very rows that would be held out of it in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradloop.data.columns import ColumnStatistics
from gradloop.data.features import counting_note
from gradloop.data.missing import LeftOut
from gradloop.data.sources import Source
from gradloop.data.sources.tables import tables
from gradloop.data.split import held_among, holdout_limit
from gradloop.data.table import Table

Array = Any


@dataclass(frozen=True)
class Split:
    """Which rows of a table are held out, of those that have a target and all the features that they need."""

    columns: Sequence[str]
    target: str
    needed: Sequence[str]
    seed: int
    limit: int  # the most bits that a row which is held out draws
    notes: tuple[str, ...]  # of the whole table

    def side(self, source: Source, held: bool) -> Iterator[Table]:
        """The rows that are held out, or those that are trained on, some thousand at a time."""
        first = 0
        for table in tables(source, self.columns):
            rows = LeftOut().choose(table, self.target, self.needed)
            rows = np.arange(table.rows) if rows is None else rows
            chosen = rows[held_among(first, len(rows), self.seed, self.limit) == held]
            first += len(rows)
            if len(chosen):
                yield table.select(chosen)


def split_source(
    source: Source, columns: Sequence[str], features: Sequence[str], target: str, drop: bool, share: float, seed: int
) -> Split:
    """Count the rows, which decides about the last that is held out.

    Args: columns, that are read; drop, whether rows without all features are left out.

    Raises: DataError for what cannot be read; OptionError for a share that leaves no row on one side.
    """
    left_out, counting = LeftOut(), {name: ColumnStatistics() for name in features}
    needed = features if drop else ()
    for table in tables(source, columns):
        left_out.choose(table, target, needed)
        for name, found in counting.items():
            values = table.columns[name]
            if found.counting and values.dtype.kind in "iu" and name not in table.missing:
                found.count(values)
            else:
                found.counting = False
    left_out.check(source.name, target)
    usable = left_out.rows - left_out.unlabelled - left_out.incomplete
    counters = [note for name, found in counting.items() for note in counting_note(name, found)]
    limit = holdout_limit(usable, share, seed)
    return Split(columns, target, needed, seed, limit, (*left_out.notes(target), *counters))
