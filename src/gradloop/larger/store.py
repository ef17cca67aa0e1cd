"""Examples encoded on disk: features, targets and weights in chunks of rows, of which a few are in memory at a time.

A chunk holds its rows' features (m, d), then their targets (m,), then their weights (m,), each as it lies in memory, so
that machine code reads it from the file's own pages. Behind the last chunk stands a document (JSON): how many rows, of
what kinds, with which key, and a checksum for each chunk; behind it its own.
"""

from __future__ import annotations

import json
import mmap
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import IO, Any

import numpy as np

from gradloop.data.ahead import ahead
from gradloop.errors import DataError

MAGIC = b"gradloop rows 1\n"
NUMBERS_IN_CHUNK = 2**18  # 2 MB of float64: read in one go, small beside any memory
BLOCK = 4096  # rows that sums are made of; see `compiler.program`
ROWS_OF_A_THREAD = 2**16  # at most in a chunk, so that the work on one is not divided once more
PAGE = 2**16  # chunks begin at multiples of this many bytes, which every system can map
Array = Any
Rows = tuple[Array, ...]


@dataclass(frozen=True)
class Layout:
    """What a store holds, and where."""

    rows: int
    features: int
    dtype: str  # of the features
    target: str  # the dtype of the targets
    weighted: bool
    rows_in_chunk: int
    key: str  # what the rows were made of, and how
    sums: tuple[int, ...] = ()  # a checksum for each chunk
    about: str = ""  # what else the writer wants to find again

    @property
    def sizes(self) -> tuple[int, ...]:
        """The bytes of a row's features, target and weight."""
        X, y = np.dtype(self.dtype).itemsize, np.dtype(self.target).itemsize
        return (X * self.features, y, X) if self.weighted else (X * self.features, y)

    @property
    def stride(self) -> int:
        """The bytes from one chunk's beginning to the next one's."""
        return -(-sum(self.sizes) * self.rows_in_chunk // PAGE) * PAGE

    @property
    def chunks(self) -> int:
        return -(-self.rows // self.rows_in_chunk)

    def rows_of(self, chunk: int) -> range:
        first = chunk * self.rows_in_chunk
        return range(first, min(first + self.rows_in_chunk, self.rows))

    def parts(self, content: Any, rows: int) -> Rows:
        """Features, targets and weights in the bytes of a chunk."""
        kinds, found, place = (self.dtype, self.target, self.dtype), [], 0
        for kind, size in zip(kinds, self.sizes, strict=False):
            found.append(np.frombuffer(content, kind, rows * size // np.dtype(kind).itemsize, place))
            place += rows * size
        return (found[0].reshape(rows, self.features), *found[1:])


class Store:
    """A file of encoded examples that is read. It is closed, and a temporary one is gone, when nothing uses it."""

    def __init__(self, file: IO[bytes], layout: Layout) -> None:
        self.file, self.layout = file, layout
        self._last: tuple[int, Rows] | None = None  # chunk: features are asked for, and then targets

    def __del__(self) -> None:
        self.file.close()

    def chunk(self, number: int) -> Rows:
        """Features, targets and weights of a chunk: the pages of the file, which the system reads as they are used."""
        last = self._last  # which another thread may change
        if last is not None and last[0] == number:
            return last[1]
        layout, rows = self.layout, len(self.layout.rows_of(number))
        size = sum(layout.sizes) * rows
        pages = mmap.mmap(self.file.fileno(), size, access=mmap.ACCESS_READ, offset=number * layout.stride)
        if hasattr(mmap, "MADV_WILLNEED"):
            pages.madvise(mmap.MADV_WILLNEED)
        found = layout.parts(pages, rows)
        self._last = number, found
        return found

    def slices(self, first: int, last: int) -> Iterator[tuple[int, Rows]]:
        """The rows from first to before last, a part of a chunk at a time, with the place of each part's first row."""
        row = first
        while row < last:
            rows = self.layout.rows_of(row // self.layout.rows_in_chunk)
            stop = min(rows.stop, last)
            parts = self.chunk(row // self.layout.rows_in_chunk)
            yield row, tuple(part[row - rows.start : stop - rows.start] for part in parts)
            row = stop

    def verify(self, name: str) -> None:
        """Raise DataError unless every chunk has its checksum."""
        found = list(ahead(lambda chunk: checksum(self.chunk(chunk)), range(self.layout.chunks)))
        wrong = [i for i, (one, known) in enumerate(zip(found, self.layout.sums, strict=True)) if one != known]
        if wrong:
            raise DataError(f"{name}: {len(wrong)} of its {len(found)} chunks are damaged; remove the file.")


def checksum(parts: Rows) -> int:
    found = 0
    for part in parts:
        found = zlib.crc32(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data, found)
    return found


def rows_in_chunk(features: int) -> int:
    """Rows of a chunk: whole blocks of sums, unless the rows are so wide that these would be too large."""
    if BLOCK * features > 16 * NUMBERS_IN_CHUNK:
        return max(1, NUMBERS_IN_CHUNK // features)
    return min(ROWS_OF_A_THREAD, BLOCK * max(1, NUMBERS_IN_CHUNK // (BLOCK * features)))


# ---- writing -------------------------------------------------------------------------------------------------


def write_chunks(pieces: Iterable[Rows], key: str, checked: bool, about: str = "") -> Iterator[bytes | Layout]:
    """The bytes of a store of pieces of rows of any length; and last, beside its bytes, its layout.

    Args: checked, whether each chunk gets a checksum, which costs as much time as writing does.
    """
    layout, sums, rows = None, [], 0
    for chunk in in_chunks(pieces):
        X, y, *weights = chunk
        if layout is None:
            layout = Layout(0, X.shape[1], X.dtype.str, y.dtype.str, bool(weights), rows_in_chunk(X.shape[1]), key)
        sums.append(checksum(chunk) if checked else 0)
        rows += len(X)
        yield from padded(chunk, layout.stride)
    if layout is None:
        raise DataError("There are no rows to train on; give at least one.")
    done = Layout(**{**asdict(layout), "rows": rows, "sums": tuple(sums), "about": about})
    document = json.dumps(asdict(done)).encode()
    yield document + len(document).to_bytes(8, "little") + zlib.crc32(document).to_bytes(4, "little") + MAGIC
    yield done


def in_chunks(pieces: Iterable[Rows]) -> Iterator[Rows]:
    """The rows of all pieces, so many at a time as a chunk holds."""
    waiting: list[Rows] = []
    held = 0
    for piece in pieces:
        most = rows_in_chunk(piece[0].shape[1])
        waiting, held = [*waiting, piece], held + len(piece[0])
        if held < most:
            continue
        whole = joined(waiting)
        full = held // most * most
        for first in range(0, full, most):
            yield tuple(part[first : first + most] for part in whole)
        waiting, held = [tuple(part[full:] for part in whole)], held - full
    if held:
        yield joined(waiting)


def joined(pieces: list[Rows]) -> Rows:
    return pieces[0] if len(pieces) == 1 else tuple(np.concatenate(parts) for parts in zip(*pieces, strict=True))


def padded(chunk: Rows, stride: int) -> Iterator[bytes]:
    size = 0
    for part in chunk:
        content = np.ascontiguousarray(part).reshape(-1).view(np.uint8).data
        size += len(content)
        yield content  # type: ignore[misc]  # a view of bytes
    yield bytes(stride - size)


def open_store(path: str, key: str) -> Store | None:
    """The store in a file, if it is whole and was made of the same rows in the same way; None otherwise."""
    try:
        file = open(path, "rb")  # noqa: SIM115  # it stays open as long as its rows are used
    except FileNotFoundError:
        return None
    try:
        layout = read_layout(file)
        if layout.key == key:
            store = Store(file, layout)
            store.verify(path)
            return store
    except (ValueError, KeyError, TypeError, OSError, DataError):
        pass  # it is written again
    file.close()
    return None


def read_layout(file: IO[bytes]) -> Layout:
    """What the document at the end of a file says; ValueError and the like for what is no store, or is cut."""
    size, tail = os.fstat(file.fileno()).st_size, 8 + 4 + len(MAGIC)
    file.seek(max(0, size - tail))
    length, known, magic = file.read(8), file.read(4), file.read()
    if magic != MAGIC or int.from_bytes(length, "little") > size - tail:
        raise ValueError("no store")
    start = size - tail - int.from_bytes(length, "little")
    file.seek(start)
    content = file.read(size - tail - start)
    if zlib.crc32(content) != int.from_bytes(known, "little"):
        raise ValueError("damaged")
    document = json.loads(content)
    layout = Layout(**{**document, "sums": tuple(document["sums"])})
    if layout.chunks * layout.stride != start or len(layout.sums) != layout.chunks:
        raise ValueError("no store")
    return layout
