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

from gradloop.errors import DataError

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 1 << 16  # bytes looked at to find the delimiter
_PIECE = 1 << 24  # bytes decoded at a time: a whole file as a string would take up to four times its size
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


def check_text(data: bytes, source: str) -> None:
    """Raise DataError unless the bytes are UTF-8 text without NUL."""
    for signature, what in _SIGNATURES.items():
        if data.startswith(signature):
            raise DataError(f"{source} is {what}, not a CSV file in UTF-8; unpack or export it as one.")
    offset = _first_undecodable(data)
    if offset is not None:
        raise DataError(
            f"{source} is not UTF-8 text: byte {offset} (line {_line_at(data, offset)}) is "
            f"0x{data[offset]:02x}; save it as UTF-8, for example with iconv -f latin1 -t utf-8."
        )
    offset = data.find(b"\0")
    if offset >= 0:
        raise DataError(
            f"{source} holds a NUL byte at byte {offset} (line {_line_at(data, offset)}), which text never "
            "does; export it again as UTF-8."
        )


def detect_delimiter(data: bytes) -> str:
    r"""The delimiter among , ; tab | that cuts the first records into equally many fields, or a comma.

    >>> detect_delimiter(b"a;b\n1,5;2\n")
    ';'
    """
    return max(DELIMITERS, key=lambda delimiter: _evenness(data[:_SAMPLE], delimiter))  # the first of equals


def records(data: bytes, delimiter: str) -> Iterator[Record]:
    """The records of the file in order, without blank lines, header first."""
    line = start_line = 1
    start = 0
    closed = True
    for token in _structure(delimiter).finditer(data):
        if token["quoted"] is not None:
            closed = token["closing"] == b'"'
            line += _line_ends(token["quoted"])
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
    if _line_ends(content) == rows:
        return range(2, rows + 2)
    lines = [record.line for record in records(content, delimiter)][1:]
    return lines if len(lines) == rows else None


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


def _line_ends(data: bytes) -> int:
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")


def _line_at(data: bytes, offset: int) -> int:
    return 1 + _line_ends(data[:offset])


def _first_undecodable(data: bytes) -> int | None:
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
    if len(sample) == _SAMPLE and len(counts) > 1 and len(counts) < 50:
        counts.pop()  # the sample may end within a record
    if not counts or counts[0] == 1:
        return False, 0.0, 0
    common, times = Counter(counts).most_common(1)[0]
    return common > 1, times / len(counts), common
