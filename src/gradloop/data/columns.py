"""What is known of the columns of a table after one pass over its rows, gathered batch by batch."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gradloop.data import words
from gradloop.data.cells import Level, Mask, Place, Problem, encode, misspelled
from gradloop.data.missing import LeftOut
from gradloop.data.standardise import Moments
from gradloop.data.table import Table
from gradloop.errors import DataError

MOST_LEVELS = 100_000  # different values that are remembered
MOST_CHARACTERS = 1 << 25  # and how long they may be together

Kind = Literal["number", "bool", "text", "date"]
Weights = NDArray[np.float64] | None  # of rows, each above 0; None where all count alike
_SAID = {"number": "numbers", "bool": "booleans", "text": "text", "date": "dates"}


@dataclass
class ColumnStatistics:
    """What is known of a column: how many cells have no value, the moments of numbers, the levels of text.

    Numbers do not depend on how the rows are cut into batches, but for rounding. Dates are counted in
    microseconds since 1970. Levels stand in order of appearance; ``crowded`` says that there were too many to
    remember all. ``distinct`` asks for the levels of a column of numbers too.

    >>> found = ColumnStatistics()
    >>> found.add(np.array([1.0, 2.0, np.nan]), np.array([False, False, True]))
    >>> found.add(np.array([6.0]))
    >>> found.kind, found.rows, found.missing, found.moments.center
    ('number', 4, 1, 3.0)
    """

    distinct: bool = False
    kind: Kind | None = None  # None before the first value
    rows: int = 0
    missing: int = 0
    missing_place: str = ""  # of the first cell without a value
    whole: bool = True  # every number is an integer
    moments: Moments = field(default_factory=Moments)
    levels: dict[Any, Level] = field(default_factory=dict)
    crowded: bool = False
    characters: int = 0  # of all levels of text
    ends: tuple[int, int] | None = None  # first and last of integers that count 1, 2, 3, ...
    counting: bool = True
    problem: Problem | None = None

    @property
    def constant(self) -> bool:
        """Whether all values are the same."""
        if self.levels:
            return len(self.levels) == 1
        return self.moments.minimum == self.moments.maximum

    @property
    def value(self) -> Any:
        """The only value of a constant column."""
        if self.levels:
            return next(iter(self.levels))
        lowest = self.moments.minimum
        if self.kind == "date":
            return np.datetime64(int(lowest), "us").item()
        return int(lowest) if self.whole else lowest

    @property
    def present(self) -> int:
        """The number of cells that have a value."""
        return self.rows - self.missing

    @property
    def weight(self) -> float:
        """The sum of the weights of all levels."""
        return sum(level.weight for level in self.levels.values())

    def add(
        self, values: NDArray[Any], missing: Mask | None = None, place: Place | None = None, weights: Weights = None
    ) -> None:
        """Take more rows into account: values (n,), which of them are missing, and how much each counts, above 0."""
        where = place or (lambda row: f"in row {row}")
        self.rows += len(values)
        if missing is not None and missing.any():
            self.missing_place = self.missing_place or where(int(missing.argmax()))
            self.missing += int(missing.sum())
            rows = np.flatnonzero(~missing)
            values, where, weights = values[rows], _through(where, rows), None if weights is None else weights[rows]
        if len(values):
            self._add_present(values, where, weights)

    def count(self, values: NDArray[Any]) -> None:
        """Take more rows of numbers or booleans into account, none missing, but for their moments and levels."""
        self.rows += len(values)
        self.kind = _kind(values)
        self.whole &= values.dtype.kind in "iu"
        self._follow(_ends(values))

    def combine(self, other: "ColumnStatistics") -> None:
        """Take the rows into account that another has seen, as rows that follow one's own."""
        self.rows += other.rows
        self.missing += other.missing
        self.missing_place = self.missing_place or other.missing_place
        self.whole &= other.whole
        self.crowded |= other.crowded
        self.problem = self.problem or other.problem
        if other.kind is None:
            return
        self._agree(other.kind, lambda: other._said())
        self.moments = self.moments.combine(other.moments)
        if other.moments.size:
            self._follow(other.ends if other.counting else None)
        for level, (rows, place, weight) in other.levels.items():
            self._remember(level, rows, weight, partial(str, place))

    def misspelled(self) -> Problem | None:
        """The problem of a column of text that is meant as numbers or dates."""
        if self.kind != "text":
            return None
        known = (
            {level: Level(1, place) for level, (_, place, _) in self.levels.items()} if self.crowded else self.levels
        )
        return misspelled(known)

    def _add_present(self, values: NDArray[Any], place: Place, weights: Weights) -> None:
        kind = _kind(values)
        self._agree(kind, lambda: _cell(kind, values[0], place(0)))
        if kind == "date":
            values = values.astype(np.int64)
        if kind in ("number", "date"):
            self.moments = self.moments.combine(Moments.of(values, weights))
            self.whole &= values.dtype.kind in "iu"
            self._follow(_ends(values))
        if kind in ("text", "bool") or self.distinct:
            self._add_levels(values, place, weights)

    def _add_levels(self, values: NDArray[Any], place: Place, weights: Weights) -> None:
        levels, codes = encode(values, MOST_LEVELS + 1)
        counts = np.bincount(codes, minlength=len(levels)).tolist()
        sums = counts if weights is None else np.bincount(codes, weights, minlength=len(levels)).tolist()
        first = np.empty(len(counts), dtype=np.int64)
        first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)  # of several rows the last one stays, which is the first
        for level, count, weight, row in zip(levels, counts, sums, first.tolist(), strict=False):
            self._remember(level, count, weight, partial(place, row))

    def _remember(self, level: Any, rows: int, weight: float, place: Callable[[], str]) -> None:
        known = self.levels.get(level)
        if known is not None:
            self.levels[level] = known._replace(rows=known.rows + rows, weight=known.weight + weight)
            return
        self.characters += len(level) if isinstance(level, str) else 0
        self.crowded |= len(self.levels) >= MOST_LEVELS or self.characters > MOST_CHARACTERS
        if not self.crowded:
            self.levels[level] = Level(rows, place(), weight)

    def _agree(self, kind: Kind, said: Callable[[], str]) -> None:
        if self.kind not in (None, kind) and self.problem is None:
            what = f"holds {_SAID[str(self.kind)]} in its first rows, and later {said()}"
            self.problem = Problem(what, "make it one of the two, or leave the column out")
        self.kind = self.kind or kind

    def _follow(self, ends: tuple[int, int] | None) -> None:
        """Whether the column still counts its rows, with the first and last number of further rows."""
        self.counting &= ends is not None and (self.ends is None or ends[0] == self.ends[1] + 1)
        if self.counting and ends is not None:
            self.ends = (self.ends or ends)[0], ends[1]

    def _said(self) -> str:
        return _SAID[str(self.kind)]


@dataclass
class TableStatistics:
    """What is known of the target and the features of a table, and of the rows that were left out."""

    target: str
    names: tuple[str, ...]
    source: str
    columns: dict[str, ColumnStatistics]
    left_out: LeftOut

    @property
    def rows(self) -> int:
        """The number of rows that were not left out."""
        return self.columns[self.target].rows

    def combine(self, other: "TableStatistics") -> None:
        """Take the rows into account that another has seen, as rows that follow one's own.

        Raises: DataError for columns that change from numbers to text.
        """
        self.left_out.combine(other.left_out)
        for name, statistics in self.columns.items():
            statistics.combine(other.columns[name])
            _check(other.source, name, statistics)


def gather(
    batches: Iterable[Table],
    target: str,
    names: Iterable[str],
    drop: bool = False,
    distinct: bool = False,
    weights: Callable[[Table], Weights] | None = None,
) -> TableStatistics:
    """The statistics of target and features over all batches; with ``drop``, of the rows that lack nothing.

    Args: batches, tables of the same columns; distinct, whether the target's numbers are classes; weights, how much
    the rows of a batch count.

    Raises: DataError for columns with problems, columns that change from numbers to text midway, and no rows left.

    >>> found = gather([Table.from_columns({"x": [1, 2], "y": [5, None]})], "y", ["x"])
    >>> found.rows, found.columns["x"].rows, found.left_out.unlabelled
    (1, 1, 1)
    """
    found = gather_part(batches, target, names, drop, distinct, weights)
    found.left_out.check(found.source, target)
    return found


def gather_part(
    batches: Iterable[Table],
    target: str,
    names: Iterable[str],
    drop: bool = False,
    distinct: bool = False,
    weights: Callable[[Table], Weights] | None = None,
) -> TableStatistics:
    """The same of some batches among others, none of which need have a row that counts."""
    names = tuple(names)
    columns = {name: ColumnStatistics() for name in names} | {target: ColumnStatistics(distinct=distinct)}
    found = TableStatistics(target, names, "the table", columns, LeftOut())
    for batch in batches:
        found.source = batch.source
        batch.check([target, *names])
        rows = found.left_out.choose(batch, target, names if drop else ())
        given = None if weights is None else weights(batch)
        if rows is not None:
            batch, given = batch.select(rows), None if given is None else given[rows]
        _add(columns, batch, given)
    return found


def _add(columns: Mapping[str, ColumnStatistics], batch: Table, weights: Weights) -> None:
    for name, statistics in columns.items():
        statistics.add(batch.columns[name], batch.missing.get(name), batch.place, weights)
        _check(batch.source, name, statistics)


def _check(source: str, name: str, statistics: ColumnStatistics) -> None:
    if statistics.problem is not None:
        raise DataError(f"{source}: column {words.name(name)} {statistics.problem.what}; {statistics.problem.remedy}.")


def _kind(values: NDArray[Any]) -> Kind:
    kinds: dict[str, Kind] = {"b": "bool", "M": "date", "O": "text"}
    return kinds.get(values.dtype.kind, "number")


def _cell(kind: Kind, value: Any, place: str) -> str:
    return f"{_SAID[kind]} ({words.value(value)} {place})"


def _ends(values: NDArray[Any]) -> tuple[int, int] | None:
    """First and last of integers that count 1, 2, 3, ...; None for any others."""
    if values.dtype.kind not in "iu" or int(values[-1]) - int(values[0]) != len(values) - 1:
        return None
    return (int(values[0]), int(values[-1])) if (np.diff(values) == 1).all() else None


def _through(place: Place, rows: NDArray[np.int64]) -> Place:
    return lambda row: place(int(rows[row]))
