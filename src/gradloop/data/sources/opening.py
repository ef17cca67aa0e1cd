"""The front door for data: whatever is given, recognised by what it is and holds, becomes a source."""

import glob
import os
from collections.abc import Mapping
from typing import Any

from gradloop.data.content import STANDARD_INPUT, Content
from gradloop.data.sources.csv import CsvSource
from gradloop.data.sources.files import FilesSource, files_in, files_like
from gradloop.data.sources.frames import FrameSource, TableSource, has_stream
from gradloop.data.sources.ipc import FILE, STREAM, ArrowSource
from gradloop.data.sources.parquet import ParquetSource
from gradloop.data.sources.source import Source, said_by
from gradloop.data.table import Table, as_table
from gradloop.errors import DataError
from gradloop.text import printable
from gradloop.whole_file import PathLike

_QUERY = 'say which rows are meant with --sql "select …" --db FILE, or with gl.sql("select …", FILE)'
_OTHERS = {
    b"SQLite format 3\0": f"a SQLite database; {_QUERY}",
    b"PARE": "a Parquet file that is encrypted; write it again without",
    b"FEA1": "a Feather file of the first version; write it again with a newer one",
    b"ORC": "an ORC file; write it as Parquet",
    b"\x93NUMPY": "an array of NumPy; load it with np.load and give the array",
    b"\x89HDF": "an HDF5 file; write its table as Parquet or CSV",
    b"%PDF": "a PDF; export its table as a CSV file",
}


def open_source(data: Any) -> Source | None:
    """The source of rows in what the user gave; None for plain arrays and lists, which have no named columns.

    data: the path of a CSV, Parquet or Arrow file, of a folder of such, or a pattern such as "sales/*.parquet",
    "-" for standard input; a data frame of pandas or polars, a relation of DuckDB, anything with an Arrow stream;
    a dict of columns; what ``gl.sql`` returns.

    Raises: DataError for a path that cannot be read, and for what is no table.
    """
    if isinstance(data, Source):
        return data
    if isinstance(data, (str, os.PathLike)):
        return open_path(data)
    if not isinstance(data, (Table, Mapping)) and has_stream(data):
        return _frame(data)
    table = as_table(data)
    return None if table is None else TableSource(table)


def open_path(path: PathLike) -> Source:
    """The source of rows in a file, a folder, the files that a pattern names, or standard input.

    Raises: DataError for a path that cannot be read.
    """
    text = os.fspath(path)
    if text == STANDARD_INPUT or os.path.isfile(text):
        return open_content(Content(text))
    if os.path.isdir(text):
        return _files(text, files_in(text))
    if glob.has_magic(text) and "\0" not in text and not os.path.exists(text):
        return _files(text, files_like(text))
    return open_content(Content(text))


def open_content(content: Content) -> Source:
    """The source of rows in the bytes of a file, whose format is recognised by how it begins.

    Raises: DataError for what is known to be no table.
    """
    start = content.start
    if start.startswith(b"PAR1"):
        return ParquetSource(content)
    if start.startswith((FILE, STREAM)):
        return ArrowSource(content)
    for signature, what in _OTHERS.items():
        if start.startswith(signature):
            raise DataError(f"{content.name} is {what}.")
    if start[8:12] == b"DUCK":
        raise DataError(f"{content.name} is a DuckDB database; {_QUERY}.")
    return CsvSource(content)


def _files(name: str, paths: list[str]) -> Source:
    return FilesSource(printable(name), [open_content(Content(path)) for path in paths])


def _frame(frame: Any) -> Source:
    """A frame through its Arrow stream; where it has none for what its columns hold, column by column."""
    try:
        return FrameSource(frame)
    except DataError:
        raise
    except Exception as error:  # of whatever package the frame is
        table = as_table(frame) if hasattr(frame, "iloc") else None
        if table is None:
            raise DataError(f"The table cannot be read ({said_by(error)}); look at it before giving it.") from error
        return TableSource(table)
