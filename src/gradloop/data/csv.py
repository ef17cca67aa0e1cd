"""CSV files: read through pyarrow, with every fault explained by file, line and column; and written whole."""

import codecs
import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gradloop.data import words
from gradloop.data.arrow import arrow_column, as_numpy
from gradloop.data.cells import EXACT, MISSING, Column, Place
from gradloop.data.content import Content
from gradloop.data.lines import Record, check_text, count_fields, detect_delimiter, records, row_lines
from gradloop.data.table import Table, check_unique
from gradloop.errors import DataError, OptionError
from gradloop.text import printable
from gradloop.whole_file import PathLike, reason, write_whole

if TYPE_CHECKING:
    import pyarrow

_BLOCK = 1 << 20
_WHOLE = 2**31 - 1  # the largest block pyarrow can take
_ROWS_AT_A_TIME = 10_000
MOST_COLUMNS = 50_000  # with more, pyarrow takes minutes and gigabytes for any number of rows
LONGEST = 1 << 26  # bytes of a record: pyarrow holds several times as many
_DECIMAL = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?")


def read_csv(path: PathLike, delimiter: str | None = None) -> Table:
    """Read a CSV file with a header line into a table.

    The text is UTF-8, plain or compressed (gzip, bzip2, zstd, lz4, xz, zip). The delimiter is found among comma,
    semicolon, tab and ``|`` unless it is given.
    Columns become numbers (float64, int64), booleans, dates or text, and know which of their cells are empty. What
    makes a column unusable, such as infinities, is kept as a problem of the table and told when it is used.
    In a column of numbers "NA" is a missing value; in a column of text it is a category.

    Raises: DataError for a file that cannot be read or is no table; OptionError for a delimiter that cannot
    be one.
    """
    content = Content(path)
    return csv_table(content.read(), content.name, delimiter)


def csv_table(data: bytes, source: str, delimiter: str | None = None) -> Table:
    """The table in the bytes of a CSV file that messages call ``source``; otherwise like ``read_csv``."""
    check_text(data, source)
    data = data.removeprefix(codecs.BOM_UTF8)
    if not data or data.isspace():
        raise DataError(f"{source} {'holds only blanks' if data else 'is empty'}; it needs a header line and rows.")
    delimiter = detect_delimiter(data) if delimiter is None else _checked(delimiter)
    return _table(CsvText(data, delimiter, source))


def write_csv(path: PathLike, columns: Mapping[str, ArrayLike]) -> None:
    """Write columns of equal length as a CSV file, whole or not at all; floats read back the same.

    Raises: DataError if the columns differ in length or the file cannot be written.
    """
    try:
        write_whole(path, csv_chunks(columns))
    except OSError as error:
        raise DataError(
            f"{printable(os.fspath(path))} cannot be written: {reason(error)}; choose another place."
        ) from error


def csv_chunks(columns: Mapping[str, ArrayLike]) -> Iterator[bytes]:
    """Columns of equal length as the bytes of a CSV file, some thousand rows at a time.

    Raises: DataError if the columns differ in length.

    >>> b"".join(csv_chunks({"prediction": [0.5, 2.0]}))
    b'prediction\\n0.5\\n2.0\\n'
    """
    values = {name: np.asarray(column) for name, column in columns.items()}
    shapes = {column.shape for column in values.values()}
    if len(shapes) != 1 or len(rows := shapes.pop()) != 1:
        described = [f"{words.name(name)} {column.shape}" for name, column in values.items()]
        raise DataError(
            f"A CSV file needs columns of one length, and these are {words.listed(described) or 'none'}; "
            "give each one value per row."
        )
    yield _lines([list(values)])
    for start in range(0, rows[0], _ROWS_AT_A_TIME):
        parts = [column[start : start + _ROWS_AT_A_TIME].tolist() for column in values.values()]
        yield _lines(zip(*parts, strict=True))


class CsvText(NamedTuple):
    """The bytes of a CSV file, or a piece of one: ``before`` lines stand before it, ``names`` if not its header."""

    data: bytes
    delimiter: str
    source: str
    before: int = 0
    names: tuple[str, ...] | None = None

    @property
    def is_blank(self) -> bool:
        """Whether it holds nothing but blanks and ends of lines."""
        return not self.data or self.data.isspace()

    def records(self) -> Iterator[Record]:
        """Its records, with the lines of the whole file."""
        return (each._replace(line=each.line + self.before) for each in records(self.data, self.delimiter))


def _table(file: CsvText) -> Table:
    first_two = list(islice(file.records(), 2))
    if len(first_two) < 2:
        raise DataError(f"{file.source} has a header and no rows of data; it needs at least one.")
    check_width(file, first_two[0])
    check_quotes(file)
    cells = parse_csv(file)
    names = checked_header([name.strip() for name in cells.column_names], file.source, first_two[0].line)
    found = row_lines(file.data, file.delimiter, cells.num_rows)
    lines = None if found is None else np.array(found, dtype=np.int64)
    columns = _columns(file, cells, Table({}, file.source, lines).place)
    return Table.of_columns(dict(zip(names, columns, strict=True)), file.source, lines)


def parse_csv(file: CsvText, **convert: Any) -> "pyarrow.Table":
    """pyarrow's table; blocks as large as the file where a record does not fit into the usual ones.

    A piece, of which others are read at the same time, is one block and the work of one thread.

    Raises: DataError for rows of another length than the header; ArrowInvalid for cells that are not of the
    ``column_types`` asked for.
    """
    import pyarrow
    from pyarrow import csv as arrow_csv

    ragged: list[Any] = []

    def refuse(row: Any) -> str:
        ragged.append(row)
        return "error"

    piece = file.names is not None
    for block in (_WHOLE,) if piece else (_BLOCK, _WHOLE):
        if block == _WHOLE:
            _check_lengths(file)
        try:
            return arrow_csv.read_csv(
                pyarrow.BufferReader(file.data),
                read_options=arrow_csv.ReadOptions(block_size=block, column_names=file.names, use_threads=not piece),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=file.delimiter,
                    newlines_in_values=b'"' in file.data,
                    invalid_row_handler=refuse,
                ),
                convert_options=arrow_csv.ConvertOptions(
                    null_values=list(MISSING), strings_can_be_null=False, **convert
                ),
            )
        except pyarrow.ArrowException as error:
            failure = error
        if ragged:
            raise DataError(_ragged(file))
    if "conversion error" in str(failure) and "column_types" in convert:
        raise failure
    said = printable(str(failure).splitlines()[0])
    raise DataError(f"{file.source} cannot be read as a table ({said}); look for a quote out of place.")


def _columns(file: CsvText, cells: "pyarrow.Table", place: Place) -> Iterator[Column]:
    """Each column judged; those in doubt are read a second time as text, to quote what the file says."""
    from pyarrow import string

    doubtful = [name for name, cell in zip(cells.column_names, cells.columns, strict=True) if _is_doubtful(cell)]
    types = dict.fromkeys(doubtful, string())
    said = parse_csv(file, include_columns=doubtful, column_types=types) if doubtful else None
    for name, cell in zip(cells.column_names, cells.columns, strict=True):
        yield arrow_column(cell, place, said[name] if said is not None and name in types else cell)


def _is_doubtful(cells: "pyarrow.ChunkedArray") -> bool:
    from pyarrow import types

    if types.is_string(cells.type):
        return False
    if cells.null_count or types.is_temporal(cells.type):
        return True
    values = as_numpy(cells)
    return values.dtype.kind in "if" and bool(((values > EXACT) | (values < -EXACT)).any())


def checked_header(names: list[str], source: str, line: int) -> list[str]:
    """The names, once it is sure that they are names, and each its own.

    Raises: DataError.
    """
    if not all(names):
        unnamed = [str(place) for place, name in enumerate(names, 1) if not name]
        raise DataError(
            f"{source}, line {line}: {words.counted(len(unnamed), 'column')} of {len(names)} "
            f"({words.listed(unnamed)}, counted from 1) without a name; give every column a name."
        )
    check_unique(names, f"{source}, line {line},")
    if 2 * sum(_DECIMAL.fullmatch(name) is not None for name in names) > len(names):
        raise DataError(
            f"{source}, line {line} holds numbers ({words.listed(names, most=3)}) where the names of the "
            "columns are expected; put a line with names first."
        )
    return names


def check_width(file: CsvText, header: Record) -> None:
    """Raise DataError for more columns than can be read in a time that is worth waiting for."""
    width = count_fields(header.content, file.delimiter)
    if width > MOST_COLUMNS:
        raise DataError(
            f"{file.source}, line {header.line}: {width} columns, and at most {MOST_COLUMNS} can be read from CSV; "
            "take those that matter, or write one row for each cell that is not zero."
        )


def check_length(source: str, line: int, length: int) -> None:
    """Raise DataError for a record that would take more memory than a row of a table ever needs."""
    if length > LONGEST:
        raise DataError(
            f"{source}, line {line}: a row of more than {LONGEST >> 20} MB begins here; look for a quote that is never "
            "closed, or for line ends that are missing."
        )


def _check_lengths(file: CsvText) -> None:
    if len(file.data) > LONGEST:
        for record in file.records():
            check_length(file.source, record.line, len(record.content))


def check_quotes(file: CsvText) -> None:
    """Raise DataError if a quote is opened and never closed."""
    if b'"' in file.data and file.data.count(b'"') % 2:  # else every quote that was opened is closed
        *_, last = file.records()
        if not last.closed:
            raise DataError(f"{file.source}, line {last.line}: a quote is opened and never closed; close or remove it.")


def _ragged(file: CsvText) -> str:
    counted = ((record.line, count_fields(record.content, file.delimiter)) for record in file.records())
    expected = len(file.names) if file.names else next(counted)[1]
    odd = [(line, found) for line, found in counted if found != expected]
    if not odd:
        return f"{file.source} has rows without the {expected} fields of its header; look for a stray quote."
    line, found = odd[0]
    also = f" (and {words.counted(len(odd) - 1, 'other row')} like it)" if len(odd) > 1 else ""
    return (
        f"{file.source}, line {line}: found {words.counted(found, 'field')}, expected {expected} as in the "
        f"header{also}; correct the line, or put quotes around text that contains the delimiter "
        f"{words.value(file.delimiter)}."
    )


def _checked(delimiter: str) -> str:
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter.isalnum() or delimiter in '"\r\n\0.+-':
        raise OptionError(f"The delimiter {words.value(delimiter)} cannot separate fields; give one of , ; tab or |.")
    return delimiter


def _lines(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
