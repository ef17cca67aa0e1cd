"""Tables that are in memory already: whatever offers an Arrow stream, and gradloop's own."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradloop.data.arrow import as_arrow
from gradloop.data.sources.source import Source, check_columns, check_known, digest, said_by
from gradloop.data.table import Table, check_unique
from gradloop.errors import DataError

if TYPE_CHECKING:
    import pyarrow

_ROWS = 1 << 16  # of a batch
_SAMPLE = 100  # rows of each batch that go into the fingerprint


def has_stream(data: Any) -> bool:
    """Whether the data offer an Arrow stream of columns; a single series offers one of values."""
    return hasattr(data, "__arrow_c_stream__") and (hasattr(data, "columns") or not hasattr(data, "__array__"))


class FrameSource(Source):
    """A data frame of pandas or polars, a relation of DuckDB, a table or reader of pyarrow, and the like."""

    name = "the table"

    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self.one_pass = hasattr(frame, "read_next_batch")  # pyarrow's reader, which is spent once it is read
        names = getattr(frame, "columns", None)
        if names is not None and all(isinstance(name, str) for name in names):
            check_unique(list(names), self.name)
        self._waiting = self._stream()
        whole = self._waiting.schema
        self._schema = whole
        for place in reversed(range(len(whole.names))):
            if whole.names[place].startswith("__index_level_"):  # pandas' names of the rows
                self._schema = self._schema.remove(place)

    def schema(self) -> "pyarrow.Schema":
        return self._schema

    def batches(self, columns: Sequence[str] | None = None) -> Iterator["pyarrow.RecordBatch"]:
        check_columns(self.name, self._schema)
        wanted = self._schema.names if columns is None else list(columns)
        check_known(self.name, self._schema.names, wanted)
        if self._waiting is None and self.one_pass:
            raise DataError("The table can be read only once, and this needs it again; give a data frame instead.")
        stream, self._waiting = self._waiting or self._stream(), None
        try:
            for batch in stream:
                yield batch.select(wanted)
        except Exception as error:  # of whatever package the frame is
            raise DataError(f"{self.name} cannot be read ({said_by(error)}); look at it before giving it.") from error

    def fingerprint(self) -> str:
        if self.one_pass:
            return digest(id(self._frame))
        return _fingerprint(self)

    def _stream(self) -> "pyarrow.RecordBatchReader":
        import pyarrow

        return pyarrow.RecordBatchReader.from_stream(self._frame)


class TableSource(Source):
    """The rows of a table that is in memory already."""

    def __init__(self, table: Table) -> None:
        self.name = table.source
        self.rows = table.rows
        self._table = table

    @property
    def names(self) -> Sequence[str]:
        return self._table.names

    def schema(self) -> "pyarrow.Schema":
        return next(self._cut(self._table.names, 1)).schema

    def batches(self, columns: Sequence[str] | None = None) -> Iterator["pyarrow.RecordBatch"]:
        wanted = self._table.names if columns is None else tuple(columns)
        self._table.check(wanted)
        return self._cut(wanted, _ROWS)

    def fingerprint(self) -> str:
        return _fingerprint(self)

    def place(self, row: int) -> str:
        return self._table.place(row)

    def read(self) -> Table:
        return self._table

    def _cut(self, names: Sequence[str], rows: int) -> Iterator["pyarrow.RecordBatch"]:
        import pyarrow

        for start in range(0, self._table.rows, rows):
            part = np.arange(start, min(start + rows, self._table.rows))
            chosen = self._table.select(part)
            columns = [as_arrow(chosen.columns[name], chosen.missing.get(name)) for name in names]
            yield pyarrow.RecordBatch.from_arrays(columns, list(names))


def _fingerprint(source: Source) -> str:
    parts = [(len(batch), batch.slice(0, _SAMPLE).to_pydict()) for batch in source.batches()]
    return digest(str(source.schema()), parts)
