"""Queries to a SQLite file, through Python's own reader, which knows the type of every single cell."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gradloop.data import words
from gradloop.data.arrow import wider
from gradloop.data.content import Content
from gradloop.data.sources.source import check_columns, digest, table_of_cells, within_memory
from gradloop.data.sources.sql import ROWS, QuerySource, file_print
from gradloop.data.table import Table
from gradloop.errors import DataError

if TYPE_CHECKING:
    import pyarrow

_PATIENCE = 5.0  # seconds to wait for one who writes
_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}


class SqliteSource(QuerySource):
    """The rows of a query to a SQLite file, which is only read."""

    def __init__(self, query: str, content: Content) -> None:
        self.query = query
        self.name = f"the query to {content.name}"
        self.files = (content.path,) if content.path else ()
        if content.path is None:
            raise DataError(f"{content.name} is a SQLite database that is packed or piped; unpack or save it first.")
        self._content = content
        self._path = content.path
        self._schema: Any = None

    def schema(self) -> "pyarrow.Schema":
        """The names and types of the columns, as far as the first rows tell."""
        if self._schema is None:
            with self._told():
                self._schema = next(self._parts()).schema
        return self._schema

    def fingerprint(self) -> str:
        return digest("sqlite", self.query, file_print(self._content))

    def read(self) -> Table:
        """All rows in memory; a column whose cells are of several types becomes text, as it would in a CSV file."""
        import pyarrow

        with self._told():
            parts = list(within_memory(self.name, self._parts()))
        columns = [alike([part.column(place) for part in parts]) for place in range(parts[0].num_columns)]
        check_columns(self.name, parts[0].schema)
        return table_of_cells(self.name, pyarrow.table(columns, parts[0].schema.names), self.place)

    def _said(self, error: Exception) -> str:
        return "it does more than read" if "not authorized" in str(error) else super()._said(error)

    def _run(self) -> "Iterator[pyarrow.RecordBatch]":
        types, before = self.schema(), 0
        for part in self._parts():
            for known, found in zip(types, part.schema, strict=True):
                if wider(known.type, found.type) is None:
                    raise DataError(
                        f"{self.name}: column {words.name(known.name)} holds values of type {known.type} in the first "
                        f"{before} rows and {found.type} in those after; cast it in the query."
                    )
            before += len(part)
            yield part

    def _parts(self) -> "Iterator[pyarrow.RecordBatch]":
        """Some rows after the other, at least one part, each of the types that its own cells have."""
        import pyarrow

        self._content.check_unchanged()
        address = f"file:{quote(self._path)}?mode=ro"
        # Whoever reads on, or drops what it did not read, may be another thread than the one that began.
        with closing(sqlite3.connect(address, _PATIENCE, uri=True, check_same_thread=False)) as connection:
            connection.execute("pragma trusted_schema = off")
            connection.set_authorizer(
                lambda action, *_: sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY
            )
            cursor = connection.execute(self.query)
            names = [column[0] for column in cursor.description or ()]
            rows = cursor.fetchmany(ROWS)
            columns: list[Any] = list(zip(*rows, strict=True)) or [()] * len(names)
            while columns:
                yield pyarrow.RecordBatch.from_arrays(list(map(_cells, columns)), names)
                columns = list(zip(*cursor.fetchmany(ROWS), strict=True))


def _cells(values: Sequence[Any]) -> "pyarrow.Array":
    import pyarrow

    try:
        return pyarrow.array(values)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError):
        return pyarrow.array([None if value is None else str(value) for value in values])


def alike(parts: "list[pyarrow.Array]") -> "pyarrow.ChunkedArray":
    """Parts of a column in the type that suits them all, which is text where nothing else does."""
    import pyarrow

    kind = parts[0].type
    for part in parts[1:]:
        kind = wider(kind, part.type) or pyarrow.string()
    return pyarrow.chunked_array([part.cast(kind) for part in parts], kind)
