"""The bytes of a CSV file as people see them: encoding, delimiter, records, and the line where each starts.

pyarrow reads the values but does not say where in the file they were; this does, also when quotes hold
newlines.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradloop.errors import DataError

DELIMITERS = (",", ";", "\t", "|")
SAMPLE = 1 << 16  # bytes looked at to find the delimiter
_PIECE = 1 << 24  # bytes decoded at a time: a whole file as a string would take up to four times its size
_MANY = 1 << 12  # bytes from which NumPy counts faster than Python does
_SIGNATURES = {
    b"\x1f\x8b": "compressed with gzip",
    b"BZh": "compressed with bzip2",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"PK\x03\x04": "a zip archive or a spreadsheet",
    b"PAR1": "a Parquet file",
    b"SQLite format 3": "a SQLite database",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}


class Record(NamedTuple):
    """One record of the file: the line where it starts (from 1), its bytes, and whether its quotes close."""

    line: int
    content: bytes
    closed: bool


def check_text(data: bytes, source: str, before: tuple[int, int] = (0, 0)) -> None:
    """Raise DataError unless the bytes, before which stand so many bytes and lines, are UTF-8 text without NUL."""
    for signature, what in _SIGNATURES.items():
        if before == (0, 0) and data.startswith(signature):
            raise DataError(f"{source} is {what}, not a CSV file in UTF-8; unpack or export it as one.")
    offset = _first_undecodable(data)
    if offset is not None:
        raise DataError(
            f"{source} is not UTF-8 text: byte {before[0] + offset} (line {before[1] + _line_at(data, offset)}) is "
            f"0x{data[offset]:02x}; save it as UTF-8, for example with iconv -f latin1 -t utf-8."
        )
    offset = data.find(b"\0")
    if offset >= 0:
        raise DataError(
            f"{source} holds a NUL byte at byte {before[0] + offset} (line {before[1] + _line_at(data, offset)}), "
            "which text never does; export it again as UTF-8."
        )


def detect_delimiter(data: bytes) -> str:
    r"""The delimiter among , ; tab | that cuts the first records into equally many fields, or a comma.

    >>> detect_delimiter(b"a;b\n1,5;2\n")
    ';'
    """
    return max(DELIMITERS, key=lambda delimiter: _evenness(data[:SAMPLE], delimiter))  # the first of equals


def records(data: bytes, delimiter: str) -> Iterator[Record]:
    """The records of the file in order, without blank lines, header first."""
    line = start_line = 1
    start = 0
    closed = True
    for token in _structure(delimiter).finditer(data):
        if token["quoted"] is not None:
            closed = token["closing"] == b'"'
            line += count_line_ends(token["quoted"])
            continue
        if token.start() > start:
            yield Record(start_line, data[start : token.start()], closed)
        line += 1
        start, start_line = token.end(), line
    if start < len(data):
        yield Record(start_line, data[start:], closed)


def count_fields(record: bytes, delimiter: str) -> int:
    """How many fields a record has."""
    return 1 + sum(match[0] == delimiter.encode() for match in _fields(delimiter).finditer(record))


def row_lines(data: bytes, delimiter: str, rows: int) -> list[int] | range | None:
    """For each row of data the line where it starts; None when the file's structure cannot be followed.

    Only a file with blank lines or with newlines in quotes has to be scanned.
    """
    content = data.rstrip(b"\r\n")
    if count_line_ends(content) == rows:
        return range(2, rows + 2)
    lines = [record.line for record in records(content, delimiter)][1:]
    return lines if len(lines) == rows else None


def count_line_ends(data: bytes) -> int:
    """How many lines end in the data, in whichever of the three ways."""
    plain = data.count(b"\n") if len(data) < _MANY else int(np.count_nonzero(np.frombuffer(data, np.uint8) == 10))
    return plain + data.count(b"\r") - data.count(b"\r\n") if b"\r" in data else plain


def last_record_end(data: bytes, delimiter: str) -> int:
    r"""Where the last record that is surely whole ends in data that begin with one; 0 if none is.

    >>> last_record_end(b'1,2\n3,"a\nb', ",")
    4
    """
    end = _last_line_end(data, len(data))
    if b'"' not in data:
        return end
    quotes = _regular_quotes(data, delimiter)
    if quotes is None:
        ends = [token.end() for token in _structure(delimiter).finditer(data[:end]) if token["quoted"] is None]
        return ends[-1] if ends else 0
    while (before := int(np.searchsorted(quotes, end))) % 2:  # the line ends within quotes
        end = _last_line_end(data, int(quotes[before - 1]))
    return end


@lru_cache
def _structure(delimiter: str) -> re.Pattern[bytes]:
    """Quoted fields (a quote opens one only where a field starts) and ends of lines outside them."""
    return re.compile(_quoted(delimiter) + rb"|\r\n|\r|\n")


@lru_cache
def _fields(delimiter: str) -> re.Pattern[bytes]:
    return re.compile(_quoted(delimiter) + b"|" + re.escape(delimiter.encode()))


def _quoted(delimiter: str) -> bytes:
    before = re.escape(delimiter.encode())
    return b'(?<![^%b\r\n])(?P<quoted>"[^"]*(?:""[^"]*)*(?P<closing>"?))' % before


def _last_line_end(data: bytes, stop: int) -> int:
    """After the last end of a line before ``stop``; of \\r only where it cannot be half of one."""
    return data.rfind(b"\n", 0, stop) + 1 or data.rfind(b"\r", 0, max(0, stop - 1)) + 1


def _regular_quotes(data: bytes, delimiter: str) -> NDArray[np.int64] | None:
    """Where quotes are, if they open where fields begin and close where fields end, so that they go by twos."""
    text = np.frombuffer(data, dtype=np.uint8)
    quotes = np.flatnonzero(text == ord('"'))
    beside = np.frombuffer(f'{delimiter}\r\n"'.encode(), dtype=np.uint8)
    opening, closing = quotes[0::2], quotes[1::2]
    opened = (opening == 0) | np.isin(text[opening - 1], beside[:3])
    opened[1:] |= opening[1:] == closing[: len(opening) - 1] + 1  # a doubled quote
    closed = (closing == len(text) - 1) | np.isin(text[(closing + 1) % len(text)], beside)
    return quotes if opened.all() and closed.all() else None


def _line_at(data: bytes, offset: int) -> int:
    return 1 + count_line_ends(data[:offset])


def _first_undecodable(data: bytes) -> int | None:
    if data.isascii():  # ten times as fast as to decode
        return None
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + _PIECE) + 1 or len(data)
        try:
            data[start:end].decode("utf-8")
        except UnicodeDecodeError as error:
            return start + error.start
        start = end
    return None


def _evenness(sample: bytes, delimiter: str) -> tuple[bool, float, int]:
    """Whether the header is cut at all, the share of records with as many fields as most, and how many."""
    counts = [count_fields(record.content, delimiter) for record in islice(records(sample, delimiter), 50)]
    if len(sample) == SAMPLE and len(counts) > 1 and len(counts) < 50:
        counts.pop()  # the sample may end within a record
    if not counts or counts[0] == 1:
        return False, 0.0, 0
    common, times = Counter(counts).most_common(1)[0]
    return common > 1, times / len(counts), common
