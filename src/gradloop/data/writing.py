"""Columns on their way to a file or a pipe, some rows at a time: CSV or Parquet, whole or not at all."""

import io
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gradloop.data.arrow import as_arrow
from gradloop.data.csv import csv_chunks
from gradloop.errors import DataError, OptionError
from gradloop.text import printable
from gradloop.whole_file import PathLike, reason, write_whole

Columns = Mapping[str, Any]  # arrays of equal length, of NumPy or of Arrow

_OTHERS = {
    ".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip", ".7z", ".arrow", ".feather", ".ipc", ".json", ".jsonl", ".ndjson",
    ".xls", ".xlsx", ".ods", ".orc", ".avro", ".db", ".sqlite", ".duckdb", ".npy", ".npz", ".pickle", ".html", ".pdf",
}  # fmt: skip


def write_columns(path: PathLike, batches: Iterable[Columns]) -> None:
    """Write batches of the same columns as Parquet if the path ends in .parquet, and else as CSV.

    Raises: DataError if columns differ in length or the file cannot be written; what was there before then stays.
    """
    written = parquet_stream if is_parquet(path) else csv_stream
    try:
        write_whole(path, written(batches))
    except OSError as error:
        raise DataError(
            f"{printable(os.fspath(path))} cannot be written: {reason(error)}; choose another place."
        ) from error


def is_parquet(path: PathLike) -> bool:
    """Whether a file of this name is written as Parquet."""
    return Path(path).suffix.lower() == ".parquet"


def check_ending(path: PathLike) -> None:
    """Raises OptionError for a name that promises another format than those that are written."""
    ending = Path(path).suffix.lower()
    if ending in _OTHERS:
        raise OptionError(
            f"{printable(os.fspath(path))} would not hold what {ending} promises: it would be CSV, or Parquet for a "
            "name that ends in .parquet; choose one of these."
        )


def csv_stream(batches: Iterable[Columns]) -> Iterator[bytes]:
    """Batches of the same columns as the bytes of one CSV file.

    >>> b"".join(csv_stream([{"x": [0.5]}, {"x": [2.0]}]))
    b'x\\n0.5\\n2.0\\n'
    """
    for number, columns in enumerate(batches):
        header, *rows = csv_chunks({name: _plain(column) for name, column in columns.items()})
        yield from rows if number else (header, *rows)


def _plain(column: Any) -> Any:
    """A column of Arrow as an array of what Python writes: nothing for a cell without a value."""
    if not hasattr(column, "to_pylist"):
        return column
    found = np.empty(len(column), dtype=object)
    found[:] = column.to_pylist()
    return found


def parquet_stream(batches: Iterable[Columns]) -> Iterator[bytes]:
    """Batches of the same columns as the bytes of one Parquet file, with a group of rows for each."""
    import pyarrow
    from pyarrow import parquet

    drain, writer = _Drain(), None
    for columns in batches:
        table = pyarrow.table({name: _cells(column) for name, column in columns.items()})
        writer = writer or parquet.ParquetWriter(drain, table.schema, use_dictionary=_repeating(columns))
        writer.write_table(_as_begun(table, writer.schema))
        yield drain.emptied()
    if writer is not None:
        writer.close()
    yield drain.emptied()


def _repeating(columns: Columns) -> list[str]:
    """The columns with a value that comes twice: hardly one of the floats that were computed here."""
    return [name for name, column in columns.items() if getattr(column, "dtype", np.dtype(object)).kind != "f"]


def _cells(column: Any) -> Any:
    return as_arrow(np.asarray(column)) if not hasattr(column, "to_pylist") else column


def _as_begun(table: Any, schema: Any) -> Any:
    """A table in the types that the file began with."""
    import pyarrow

    try:
        return table if table.schema == schema else table.cast(schema)
    except (pyarrow.ArrowException, ValueError) as error:
        said = printable(str(error).splitlines()[0].rstrip("."))
        raise DataError(
            f"A column changes its type from one row to the next ({said}), and Parquet has one for each; write CSV."
        ) from None


class _Drain(io.RawIOBase):
    """A file that only knows how long it is, and gives away what was written to it."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.length = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.length

    def write(self, part: Any) -> int:
        self.parts.append(bytes(part))
        self.length += len(part)
        return len(part)

    def emptied(self) -> bytes:
        """What was written since the last time."""
        content = b"".join(self.parts)
        self.parts.clear()
        return content
