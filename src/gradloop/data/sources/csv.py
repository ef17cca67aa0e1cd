"""CSV of any size: cut where records end, and each piece read by pyarrow with the types of those before it."""

import codecs
import io
import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

from gradloop.data import words
from gradloop.data.ahead import ahead
from gradloop.data.arrow import wider
from gradloop.data.cells import MISSING
from gradloop.data.content import Content, rejoined
from gradloop.data.csv import CsvText, check_length, check_quotes, check_width, checked_header, csv_table, parse_csv
from gradloop.data.lines import SAMPLE, check_text, count_line_ends, detect_delimiter, last_record_end
from gradloop.data.sources.source import Source, check_known, digest
from gradloop.data.table import Table
from gradloop.errors import DataError

if TYPE_CHECKING:
    import pyarrow

PIECE = 1 << 22  # bytes that are read at a time
WRITTEN = "\0as written: "  # before the name of a column, for its text; no name in a file holds a zero byte


@dataclass
class _Near:
    """A piece that has been read, its rows counted from that of the file's."""

    first: int
    piece: CsvText
    rows: int

    @cached_property
    def lines(self) -> Sequence[int]:
        """Where each row starts."""
        content = self.piece.data.strip(b"\r\n")
        if content == self.piece.data.rstrip(b"\r\n") and count_line_ends(content) == self.rows - 1:
            return range(self.piece.before + 1, self.piece.before + self.rows + 1)
        return [record.line for record in self.piece.records()]


class CsvSource(Source):
    """The rows of a CSV file, or of CSV through a pipe.

    A column of whole numbers may turn into one of fractions between two batches, and one without any values into
    any other; what else does not go on as it began is an error that names the line.
    """

    def __init__(self, content: Content, piece: int = PIECE) -> None:
        self.name = content.name
        self.files = (content.path,) if content.path else ()
        self.one_pass = content.one_pass
        self._content = content
        self._size = piece
        self._begun: Iterator[CsvText] | None = None
        self._types: Any = None
        self._near: deque[_Near] = deque(maxlen=3)  # pieces whose rows are asked for the most: the last ones

    def schema(self) -> "pyarrow.Schema":
        """The names and types of the columns, as far as the first piece of the file tells."""
        if self._types is None:
            pieces = self._pieces()
            first = next(pieces)
            self._types = parse_csv(first).schema
            if self.one_pass:
                self._begun = chain([first], pieces)
            else:
                self._types = _settled(self._types, first, pieces)
        return self._types

    def batches(self, columns: Sequence[str] | None = None) -> Iterator["pyarrow.RecordBatch"]:
        types = self.schema()
        wanted = types.names if columns is None else list(columns)
        check_known(self.name, types.names, wanted)
        pieces, self._begun = self._begun or self._pieces(), None

        def parsed(piece: CsvText) -> Any:
            return _parsed(piece, types, wanted)

        first = 0
        for piece, tried, cells in ahead(parsed, pieces):
            if cells is None or tried is not types:
                cells, types = _as_before(piece, types, wanted)
            self._near.append(_Near(first, piece, len(cells)))
            first += len(cells)
            yield from cells.to_batches()
        self._content.check_unchanged()

    def as_written(self, names: Sequence[str]) -> dict[str, str]:
        import pyarrow

        types = self.schema()
        check_known(self.name, types.names, names)
        for name in names:
            types = types.append(pyarrow.field(WRITTEN + name, pyarrow.string()))
        self._types = types
        return {name: WRITTEN + name for name in names}

    def read(self) -> Table:
        """All rows in memory, with what is wrong in them told by line and column."""
        if self._begun is not None:
            return super().read()
        return csv_table(self._content.read(), self.name)

    def fingerprint(self) -> str:
        return digest("csv", self._content.fingerprint())

    def length(self, most: int) -> int | None:
        return None if self._begun is not None else self._content.length(most)

    def place(self, row: int) -> str:
        """The line where the row starts, found by counting."""
        if self.one_pass:
            return super().place(row)
        for near in tuple(self._near):  # to which the thread that reads adds meanwhile
            if near.first <= row < near.first + near.rows:
                return f"in line {near.lines[row - near.first]}"
        for piece in self._pieces():
            for record in piece.records():
                if not row:
                    return f"in line {record.line}"
                row -= 1
        return "after the last line"

    def _pieces(self) -> Iterator[CsvText]:
        """The rows without the header, cut where records end."""
        names: tuple[str, ...] | None = None
        any_rows = False
        for text in self._cut():
            check_quotes(text)
            if names is None:
                names, text = _without_header(text)
            if not text.is_blank:
                any_rows = True
                yield text._replace(names=names)
        if not any_rows:
            csv_table(self._content.start, self.name)  # says what is missing

    def _cut(self) -> Iterator[CsvText]:
        """The whole file, cut where records end, each piece checked to be text; blank ones are left out."""
        with self._content.open() as stream:
            sample = stream.read(SAMPLE).removeprefix(codecs.BOM_UTF8)
            text = CsvText(b"", detect_delimiter(sample), self.name)
            stream, place = _again(sample, stream), 0
            while data := text.data + (more := _lines(stream, max(self._size, len(text.data)))):
                end = last_record_end(data, text.delimiter) if more else len(data)
                piece = text._replace(data=data[:end])
                check_text(piece.data, self.name, (place, text.before))
                if not piece.is_blank:
                    yield piece
                text = text._replace(data=data[end:], before=text.before + count_line_ends(piece.data))
                place += end
                check_length(text.source, text.before + 1, len(text.data))


def _settled(types: "pyarrow.Schema", first: CsvText, pieces: Iterator[CsvText]) -> "pyarrow.Schema":
    """The types, where the first piece says only "NA" and the like: in a column of text these are a category."""
    import pyarrow

    empty = [field.name for field in types if pyarrow.types.is_null(field.type)]
    if not empty:
        return types
    said = parse_csv(first, include_columns=empty, column_types=dict.fromkeys(empty, pyarrow.string()))
    unknown = [name for name in empty if any(text.strip() for text in said[name].unique().to_pylist())]
    for piece in pieces if unknown else ():
        found = parse_csv(piece, include_columns=unknown).schema
        for name in [name for name in unknown if not pyarrow.types.is_null(found.field(name).type)]:
            types = types.set(types.get_field_index(name), found.field(name))
            unknown.remove(name)
        if not unknown:
            break
    return types


def _again(start: bytes, stream: io.BufferedReader) -> io.BufferedReader:
    """The stream from the first of these bytes, which were taken from it."""
    if not stream.seekable():
        return rejoined(start, stream)
    stream.seek(-len(start), os.SEEK_CUR)
    return stream


def _lines(stream: io.BufferedReader, size: int) -> bytes:
    """So many bytes, and to the end of the line that they end in: most records end there, and nothing is cut off."""
    found = stream.read(size)
    return found + stream.readline(SAMPLE) if size > SAMPLE else found


def _without_header(text: CsvText) -> tuple[tuple[str, ...], CsvText]:
    """The names in the first record, and the rest."""
    header = next(text.records())
    check_width(text, header)
    end = text.data.index(header.content) + len(header.content)
    named = parse_csv(text._replace(data=text.data[:end] + b"\n")).column_names
    names = checked_header([name.strip() for name in named], text.source, header.line)
    lines = count_line_ends(text.data[:end])
    return tuple(names), text._replace(data=text.data[end:], before=text.before + lines)


def _parsed(
    piece: CsvText, types: "pyarrow.Schema", wanted: Sequence[str]
) -> tuple[CsvText, "pyarrow.Schema", "pyarrow.Table | None"]:
    """The cells of a piece in these types, which are those of the piece before it or older; None if it has others."""
    import pyarrow

    try:
        return piece, types, _cells(piece, types, wanted)
    except pyarrow.ArrowInvalid:
        return piece, types, None


def _cells(piece: CsvText, types: "pyarrow.Schema", wanted: Sequence[str]) -> "pyarrow.Table":
    """The cells of a piece in these types, and beside them those that are wanted as text."""
    own, texts = _own(piece, wanted), [name for name in wanted if name not in (piece.names or ())]
    if not texts:
        return parse_csv(piece, include_columns=own, column_types=_kinds(types, own))
    names = [name.removeprefix(WRITTEN) for name in texts]
    said = parse_csv(piece, include_columns=names, column_types=dict.fromkeys(names, types.field(texts[0]).type))
    cells = parse_csv(piece, include_columns=own, column_types=_kinds(types, own)) if own else said
    for text, name in zip(texts, names, strict=True):
        cells = cells.append_column(text, said[name])
    return cells.select(list(wanted))


def _own(piece: CsvText, wanted: Sequence[str]) -> list[str]:
    """The columns that the file has under these names."""
    return [name for name in wanted if name in (piece.names or ())]


def _kinds(types: "pyarrow.Schema", wanted: Sequence[str]) -> dict[str, "pyarrow.DataType"]:
    return {name: types.field(name).type for name in wanted}


def _as_before(
    piece: CsvText, types: "pyarrow.Schema", wanted: Sequence[str]
) -> tuple["pyarrow.Table", "pyarrow.Schema"]:
    """The cells of a piece in the types of those before it, or in wider ones; and the types from here on."""
    import pyarrow

    _, _, cells = _parsed(piece, types, wanted)
    if cells is None:
        own = _own(piece, wanted)
        found = parse_csv(piece, include_columns=own).schema
        for name in own:
            common = wider(types.field(name).type, found.field(name).type)
            if common is None:
                raise DataError(_unlike(piece, name, types.field(name).type))
            types = types.set(types.get_field_index(name), pyarrow.field(name, common))
        cells = _cells(piece, types, wanted)
    return cells, types


def _unlike(piece: CsvText, name: str, kind: "pyarrow.DataType") -> str:
    """Which cell is not of the type of those before it."""
    import pyarrow
    from pyarrow import compute

    texts = parse_csv(piece, include_columns=[name], column_types={name: pyarrow.string()})[name]
    texts = compute.if_else(compute.is_in(texts, pyarrow.array(MISSING)), None, texts)
    low, high = 0, len(texts)  # the cells before low are of the type, those before high are not all
    while high - low > 1:
        middle = (low + high) // 2
        try:
            texts.slice(low, middle - low).cast(kind)
            low = middle
        except pyarrow.ArrowInvalid:
            high = middle
    line = next(each.line for row, each in enumerate(piece.records()) if row == low)
    return (
        f"{piece.source}, line {line}: column {words.name(name)} holds {words.value(texts[low])}, while the lines "
        f"before hold values of type {kind}; correct the cell, delete the line, or leave the column out."
    )
