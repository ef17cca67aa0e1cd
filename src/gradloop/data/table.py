"""A table in memory: named columns of equal length, where they came from, what is wrong with some of them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradloop.data import words
from gradloop.data.cells import Column, Mask, Place, Problem, array_column
from gradloop.errors import DataError


@dataclass(frozen=True, eq=False)
class Table:
    """Columns by name: float64 or int64 for numbers, bool, datetime64[us], or object arrays of str for text.

    ``source`` is what messages call the table, usually its path; ``lines[row]`` the line of that file where
    the row starts; ``problems`` the columns that cannot be used as they are, which is an error only when they
    are used; ``where`` tells the place of a row ("in row group 3, row 12") where lines do not; ``missing`` marks
    the cells without a value, (n,), of the columns that have such: they hold NaN, False, NaT or "".

    >>> table = Table.from_columns({"area": [50, 80], "town": ["Ulm", "Bonn"]})
    >>> table.rows, table.names, table.column("area")
    (2, ('area', 'town'), array([50, 80]))
    """

    columns: Mapping[str, NDArray[Any]]
    source: str = "the table"
    lines: NDArray[np.int64] | None = None
    problems: Mapping[str, Problem] = field(default_factory=dict)
    where: Place | None = None
    missing: Mapping[str, Mask] = field(default_factory=dict)

    @classmethod
    def of_columns(
        cls,
        judged: Mapping[str, Column],
        source: str,
        lines: NDArray[np.int64] | None = None,
        where: Place | None = None,
    ) -> "Table":
        """A table of columns that a reader has judged."""
        problems = {name: column.problem for name, column in judged.items() if column.problem}
        missing = {name: column.missing for name, column in judged.items() if column.missing is not None}
        return cls({name: column.values for name, column in judged.items()}, source, lines, problems, where, missing)

    @classmethod
    def from_columns(cls, columns: Mapping[str, Any], source: str = "the table") -> "Table":
        """A table of arrays, lists or series of equal length.

        Raises: DataError for no columns, no rows, columns of different lengths or of more than one dimension.
        """
        if not columns:
            raise DataError(f"{source} has no columns; give at least one.")
        judged = {name: array_column(_one_dimensional(column, name, source), _row) for name, column in columns.items()}
        _check_lengths({name: len(column.values) for name, column in judged.items()}, source)
        return cls.of_columns(judged, source)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(self.columns)

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(next(iter(self.columns.values())))

    def line(self, row: int) -> int | None:
        """The line of the file where a row starts; None for a table that does not come from a file."""
        return None if self.lines is None else int(self.lines[row])

    def place(self, row: int) -> str:
        """Where a row is: "in line 17" of its file, or "in row 15", from 0, where there is no file."""
        if self.where is not None:
            return self.where(row)
        return _row(row) if self.lines is None else f"in line {self.lines[row]}"

    def column(self, name: str) -> NDArray[Any]:
        """The values of a column.

        Raises: DataError if there is no such column or it cannot be used as it is.
        """
        self.check([name])
        return self.columns[name]

    def check(self, names: Iterable[str]) -> None:
        """Raise DataError, naming columns, counts, lines and remedy, unless all these columns can be used."""
        names = list(names)
        self.check_known(names)
        problems = {name: self.problems[name] for name in names if name in self.problems}
        if not problems:
            return
        remedy = next(iter(problems.values())).remedy
        alike = [f"column {words.name(name)} {what}" for name, (what, cure) in problems.items() if cure == remedy]
        raise DataError(f"{self.source}: {words.listed(alike)}; {remedy}.")

    def select(self, rows: NDArray[Any]) -> "Table":
        """The table of these rows, which still know their lines."""
        columns = {name: values[rows] for name, values in self.columns.items()}
        lines = None if self.lines is None else self.lines[rows]
        where = None if self.where is None and self.lines is not None else lambda row: self.place(int(rows[row]))
        missing = {name: chosen for name, mask in self.missing.items() if (chosen := mask[rows]).any()}
        return Table(columns, self.source, lines, self.problems, where, missing)

    def part(self, start: int, stop: int) -> "Table":
        """The table of the rows from start to before stop, without copying them."""
        columns = {name: values[start:stop] for name, values in self.columns.items()}
        missing = {name: part for name, mask in self.missing.items() if (part := mask[start:stop]).any()}
        return Table(columns, self.source, None, self.problems, lambda row: self.place(start + row), missing)

    def only(self, name: str) -> "Table":
        """The table of this column alone, in the rows where it has a value."""
        alone = replace(self, columns={name: self.columns[name]}, missing={})
        absent = self.missing.get(name)
        return alone if absent is None else alone.select(np.flatnonzero(~absent))

    def check_known(self, names: Iterable[str]) -> None:
        """Raise DataError, with names like the unknown ones, unless the table has all these columns."""
        unknown = [name for name in names if name not in self.columns]
        if unknown:
            raise DataError(f"{self.source} has no {words.columns(unknown)}; {self.suggestion(unknown)}.")

    def suggestion(self, unknown: Iterable[str]) -> str:
        """How a sentence about unknown columns ends: the names most like them, and the names there are."""
        from difflib import get_close_matches  # only errors need it

        close = {match for name in unknown for match in get_close_matches(name, self.names, n=2)}
        like = f"the most similar is {words.columns(n for n in self.names if n in close)}; " if close else ""
        return f"{like}it has {words.columns(self.names, most=12)}"


def as_table(data: Any) -> Table | None:
    """The table in a dict of columns or in a data frame of pandas, polars or pyarrow; None for anything else.

    None of these packages is imported: a frame is what has names of columns and gives a column for a name.
    """
    if isinstance(data, Table):
        return data
    if isinstance(data, Mapping):
        check_unique([str(name) for name in data], "the table")
        return Table.from_columns({str(name): column for name, column in data.items()})
    names = getattr(data, "column_names", None)  # pyarrow; its .columns are the values
    names = getattr(data, "columns", None) if names is None else names
    if names is None or not hasattr(data, "__getitem__"):
        return None
    names = list(names)
    check_unique([str(name) for name in names], "the table")
    return Table.from_columns({str(name): _values(data[name]) for name in names})


def check_unique(names: list[str], source: str) -> None:
    """Raise DataError if a name occurs more than once."""
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise DataError(f"{source} has more than one {words.columns(repeated)}; give each column its own name.")


def _values(series: Any) -> Any:
    return series.to_numpy() if hasattr(series, "to_numpy") else series


def _one_dimensional(column: Any, name: str, source: str) -> Any:
    try:
        values = np.asanyarray(column)
    except ValueError as error:
        raise DataError(f"{source}: column {words.name(name)} is not a column of single values ({error}).") from None
    if values.ndim != 1:
        cure = "; write .ravel()" if values.ndim == 2 and 1 in values.shape else ""
        raise DataError(
            f"{source}: column {words.name(name)} has shape {values.shape}, and one value per row is needed{cure}."
        )
    return column


def _check_lengths(lengths: Mapping[str, int], source: str) -> None:
    if len(set(lengths.values())) > 1:
        first, other = next((a, b) for a in lengths for b in lengths if lengths[a] != lengths[b])
        raise DataError(
            f"{source}: column {words.name(first)} has {words.counted(lengths[first], 'row')} and column "
            f"{words.name(other)} has {lengths[other]}; all columns need one value per row."
        )
    if not next(iter(lengths.values())):
        raise DataError(f"{source} has no rows; give at least one.")


def _row(row: int) -> str:
    return f"in row {row}"
