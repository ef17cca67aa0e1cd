"""Several files as one table: a folder, or the paths that a pattern names, in the order of their names."""

import glob
import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gradloop.data import words
from gradloop.data.cells import MISSING, Column, Mask, Problem
from gradloop.data.sources.csv import CsvSource
from gradloop.data.sources.source import Source, check_known, damage_told, digest
from gradloop.data.table import Table
from gradloop.errors import DataError
from gradloop.text import printable

if TYPE_CHECKING:
    import pyarrow

MOST_FILES = 10_000  # in a folder, with those of the folders in it
_KINDS = {"b": "booleans", "i": "numbers", "u": "numbers", "f": "numbers", "M": "dates", "O": "text"}


class FilesSource(Source):
    """The rows of several files, one file after the other; their columns are matched by name."""

    def __init__(self, name: str, parts: Sequence[Source]) -> None:
        self.name = name
        self.files = tuple(path for part in parts for path in part.files)
        self.quick = all(part.quick for part in parts)
        rows = [part.rows for part in parts]
        self.rows = None if None in rows else sum(number for number in rows if number is not None)
        self._parts = parts
        self._starts: list[int] = []  # the first row of each part that has been begun

    def schema(self) -> "pyarrow.Schema":
        """The columns of the first file, in types that suit all of them."""
        import pyarrow

        found = self._parts[0].schema()
        for part in self._parts[1:]:
            _check_names(found.names, self._parts[0].name, part.schema().names, part.name)
            for place, name in enumerate(found.names):
                one, other = found.field(name).type, part.schema().field(name).type
                try:
                    common = pyarrow.unify_schemas(
                        [pyarrow.schema({name: one}), pyarrow.schema({name: other})], promote_options="permissive"
                    )
                except pyarrow.ArrowException:
                    raise DataError(_unlike(part.name, name, f"values of type {other}", f"type {one}")) from None
                found = found.set(place, common.field(0))
        return found

    def batches(self, columns: Sequence[str] | None = None) -> Iterator["pyarrow.RecordBatch"]:
        schema = self.schema()
        wanted = schema.names if columns is None else list(columns)
        check_known(self.name, schema.names, wanted)
        first, self._starts = 0, []
        for part in self._parts:
            self._starts.append(first)
            for batch in part.batches(wanted):
                first += len(batch)
                with damage_told(part.name):
                    yield batch.cast(_chosen(schema, wanted))

    def as_written(self, names: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        if all(isinstance(part, CsvSource) for part in self._parts):
            for part in self._parts:
                found = part.as_written(names)
        return found

    def length(self, most: int) -> int | None:
        found = 0
        for part in self._parts:
            length = part.length(most - found)
            if length is None or found > most:
                return None if length is None else found
            found += length
        return found

    def fingerprint(self) -> str:
        return digest(*[(part.name, part.fingerprint()) for part in self._parts])

    def place(self, row: int) -> str:
        if not self._starts:
            return super().place(row)
        part = bisect_right(self._starts, row) - 1
        return f"{self._parts[part].place(row - self._starts[part])} of {self._parts[part].name}"

    def read(self) -> Table:
        tables = [part.read() for part in self._parts]
        for table in tables[1:]:
            _check_names(tables[0].names, tables[0].source, table.names, table.source)
        self._starts = [0, *accumulate(table.rows for table in tables[:-1])]
        judged = {name: _joined(name, tables) for name in tables[0].names}

        def place(row: int) -> str:
            part = bisect_right(self._starts, row) - 1
            return f"{tables[part].place(row - self._starts[part])} of {tables[part].source}"

        return Table.of_columns(judged, self.name, where=place)


def files_in(folder: str) -> list[str]:
    """The files in a folder and the folders in it, in order of their names; hidden ones and ``_SUCCESS`` are not meant.

    Raises: DataError if there are none, or so many that another folder must be meant.
    """
    found: list[str] = []
    seen = 0
    for place, folders, names in os.walk(folder):
        seen += len(folders) + len(names)
        if seen > MOST_FILES:
            raise DataError(
                f"{printable(folder)} holds more than {MOST_FILES} files and folders; give the folder that holds the "
                'table, or a pattern such as "sales/*.parquet".'
            )
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        paths = [os.path.join(place, name) for name in sorted(names) if not name.startswith((".", "_"))]
        found += filter(os.path.isfile, paths)
    if not found:
        raise DataError(f"{printable(folder)} is a folder without files; give one that holds tables.")
    return found


def files_like(pattern: str) -> list[str]:
    """The files that a pattern with ``*``, ``?``, ``[…]`` or ``**`` names, in order.

    Raises: DataError if there are none.
    """
    found = sorted(path for path in glob.glob(pattern, recursive=True) if os.path.isfile(path))
    if not found:
        raise DataError(f"No file is named like {printable(pattern)}; check the pattern, and put it in quotes.")
    return found


def _chosen(schema: "pyarrow.Schema", wanted: Sequence[str]) -> "pyarrow.Schema":
    import pyarrow

    return pyarrow.schema([schema.field(name) for name in wanted])


def _check_names(first: Sequence[str], first_name: str, names: Sequence[str], name: str) -> None:
    lacking = [column for column in first if column not in names]
    extra = [column for column in names if column not in first]
    if lacking or extra:
        what = f"lacks the {words.columns(lacking)}" if lacking else f"has the {words.columns(extra)} too"
        raise DataError(
            f"{name} {what}, unlike {first_name}, and the files of one table need the same columns; mend it or leave "
            "it out."
        )


def _unlike(name: str, column: str, holds: str, others: str) -> str:
    return (
        f"{name}: column {words.name(column)} holds {holds}, while the files before it hold {others}, and one table "
        "is to be made of them; mend the file or leave it out."
    )


def _joined(name: str, tables: Sequence[Table]) -> Column:
    """A column of several tables as one."""
    parts = [(table, _meant(table, name)) for table in tables]
    kinds = [None if mask.all() else _KINDS.get(values.dtype.kind) for _, (values, mask) in parts]
    known = next((kind for kind in kinds if kind), "numbers")
    for (table, (values, mask)), kind in zip(parts, kinds, strict=True):
        if kind not in (None, known):
            row = _first_strange(values, mask)
            said = f"{kind} ({words.value(values[row])} {table.place(row)})"
            raise DataError(_unlike(table.source, name, said, known))
    empty: Any = {"booleans": False, "numbers": np.nan, "dates": np.datetime64("NaT", "us"), "text": ""}[known]
    dtype = object if known == "text" else None
    values = np.concatenate(
        [
            found if kind else np.full(len(found), empty, dtype)
            for kind, (_, (found, _)) in zip(kinds, parts, strict=True)
        ]
    )
    masks = np.concatenate([mask for _, (_, mask) in parts])
    return Column(values, _problem(name, tables), masks if masks.any() else None)


def _first_strange(values: NDArray[Any], mask: Mask) -> int:
    """The first value; of text that stands among numbers the first that is none."""
    present = np.flatnonzero(~mask)
    if values.dtype != object:
        return int(present[0])
    return int(next((row for row in present if not _is_number(values[row])), present[0]))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _meant(table: Table, name: str) -> tuple[NDArray[Any], Mask]:
    """The values and which are missing; text that only says so, as "NA" in every row, is missing too."""
    values = table.columns[name]
    missing = table.missing.get(name, np.zeros(table.rows, dtype=np.bool_))
    if values.dtype == object and set(values[:1]) <= set(MISSING) and set(values) <= set(MISSING):
        missing = np.ones(table.rows, dtype=np.bool_)
    return values, missing


def _problem(name: str, tables: Sequence[Table]) -> Problem | None:
    for table in tables:
        if name in table.problems:
            what, remedy = table.problems[name]
            return Problem(f"{what} (of {table.source})", remedy)
    return None
