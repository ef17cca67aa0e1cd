"""The parts of rows on a cluster, as recipes: which file, which stretch of it, or which partition of a data frame.

They depend on the data alone, never on the workers. A file is a part, unless it is larger than `SIZE`: then Parquet is
cut between groups of rows, and CSV where records end, which workers find by counting quotes.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from gradloop.cluster.passes import gathered
from gradloop.data.content import Content, rejoined
from gradloop.data.sources import Source, open_source
from gradloop.data.sources.csv import CsvSource
from gradloop.data.sources.parquet import ParquetSource
from gradloop.data.sources.tables import tables
from gradloop.data.table import Table
from gradloop.errors import DataError, OptionError
from gradloop.extras import require

SIZE = 1 << 26  # bytes of a file that are a part
NEWLINE, QUOTE = b"\n", b'"'


class Cut(NamedTuple):
    """A stretch of a file: groups of rows of Parquet, or bytes of CSV, with the header that goes before them."""

    path: str
    first: int
    last: int
    header: bytes | None = None  # of CSV


def pieces_of(client: Any, data: Any) -> tuple[list[Any], Source]:
    """What each part is read from, in order, and a source that knows the columns.

    Raises: DataError for what cannot be read; OptionError for what is on this machine's memory only.
    """
    if hasattr(data, "to_delayed") and hasattr(data, "npartitions"):
        few = open_source(data._meta_nonempty)
        assert few is not None
        few.name = "the table"
        return list(data.to_delayed()), few
    if not isinstance(data, str) and not hasattr(data, "__fspath__"):
        raise OptionError(
            "On a cluster the rows must be where all workers can read them: give a folder of Parquet or CSV files, a "
            "Dask data frame, or a Dask array."
        )
    paths = files_of(str(data))
    found = open_source(local(paths[0]))
    assert found is not None
    found.name = str(data)
    return [piece for path in paths for piece in cuts_of(client, path)], found


def files_of(address: str) -> list[str]:
    """The files of a folder, a pattern, or an address that fsspec knows, in the order of their names."""
    if "://" not in address:
        found = open_source(address)
        if found is None or not found.files:
            raise DataError(f"{address} has no files that workers could read; give a folder of Parquet or CSV files.")
        return list(found.files)
    fsspec = require("fsspec", "Addresses of files")
    system, path = fsspec.core.url_to_fs(address)
    pattern = path if "*" in path else path.rstrip("/") + "/**" if system.isdir(path) else path
    names = [name.rpartition("/")[2] for name in system.glob(pattern)]
    found_paths = sorted(
        name for name, last in zip(system.glob(pattern), names, strict=True)
        if not last.startswith((".", "_")) and system.isfile(name)
    )  # fmt: skip
    if not found_paths:
        raise DataError(f"There are no files at {address}; check the address.")
    return [system.unstrip_protocol(path) for path in found_paths]


def local(path: str) -> str:
    """A path that can be opened here; a file elsewhere is fetched whole."""
    if "://" not in path:
        return path
    import fsspec

    return str(fsspec.open_local(f"simplecache::{path}"))


def source_of(piece: Any) -> Source:
    """The rows of a part."""
    if isinstance(piece, Cut):
        if piece.header is None:
            return ParquetSource(Content(piece.path), range(piece.first, piece.last))
        return CsvSource(Extract(piece))
    found = open_source(local(piece) if isinstance(piece, str) else piece)
    assert found is not None
    return found


def tables_of(piece: Any, columns: list[str]) -> Iterator[Table]:
    """The rows of a part, as tables."""
    source = source_of(piece)
    if source.rows == 0:
        return
    yield from tables(source, columns)


# ---- large files ---------------------------------------------------------------------------------------------


def cuts_of(client: Any, path: str) -> list[Any]:
    """The parts of a file."""
    if "://" in path or os.path.getsize(path) <= SIZE:
        return [path]
    source = open_source(path)
    if isinstance(source, ParquetSource):
        return groups_together(path, source.sizes())
    if isinstance(source, CsvSource) and source.files:
        return records_together(client, path)
    return [path]


def groups_together(path: str, sizes: list[int]) -> list[Any]:
    """Groups of rows of these sizes in bytes, put together as far as they do not become too large."""
    ends, held = [0], 0
    for group, size in enumerate(sizes):
        if held and held + size > SIZE:
            ends.append(group)
            held = 0
        held += size
    return [Cut(path, first, last) for first, last in pairwise([*ends, len(sizes)])]


def records_together(client: Any, path: str) -> list[Any]:
    """Stretches of whole records: a line ends one if there was an even number of quotes before it."""
    size = os.path.getsize(path)
    places = range(0, size, SIZE)
    found = gathered(client, kept(client, [delayed(line_ends, path, place, SIZE) for place in places]))
    odd, ends = 0, []
    for place, (quotes, *first) in zip(places, found, strict=True):
        if first[odd] >= 0:
            ends.append(place + first[odd])
        odd = (odd + quotes) % 2
    if len(ends) < 2:
        return [path]
    with open(path, "rb") as file:
        header = file.read(ends[0])
    return [Cut(path, first, last, header) for first, last in pairwise([*ends, size]) if first < last]


def line_ends(path: str, place: int, size: int) -> tuple[int, int, int]:
    """Of a stretch of a file: how many quotes, and where the first line ends after an even, and an odd, number of them.

    An end that there is not is -1.
    """
    with open(path, "rb") as file:
        file.seek(place)
        data = file.read(size)
    return data.count(QUOTE), first_end(data, 0), first_end(data, 1)


def first_end(data: bytes, wanted: int) -> int:
    """Where the first line ends after a number of quotes that is even (0) or odd (1); -1 for nowhere.

    >>> first_end(b'a,"b\\n",c\\nd', 0), first_end(b'a,"b\\n",c\\nd', 1)
    (9, 5)
    """
    place = odd = 0
    while True:
        quote = data.find(QUOTE, place)
        line = data.find(NEWLINE, place, len(data) if quote < 0 else quote) if odd == wanted else -1
        if line >= 0 or quote < 0:
            return line + 1 if line >= 0 else -1
        place, odd = quote + 1, 1 - odd


class Extract(Content):
    """A stretch of a CSV file behind the file's header: lines are counted from there."""

    def __init__(self, cut: Cut) -> None:
        self.cut = cut
        super().__init__(cut.path)
        self.name = f"{self.name}, bytes {cut.first} to {cut.last}"

    @property
    def path(self) -> None:
        """It cannot be read as a file of its own."""
        return

    def _stream(self) -> tuple[bool, io.BufferedReader]:
        raw = open(self.cut.path, "rb")  # noqa: SIM115  # the reader closes it
        raw.seek(self.cut.first)
        stretch: Any = Limited(raw, self.cut.last - self.cut.first)
        return False, rejoined(self.cut.header or b"", stretch)


class Limited(io.RawIOBase):
    """So many bytes of a stream."""

    def __init__(self, stream: Any, left: int) -> None:
        self.stream, self.left = stream, left

    def read(self, size: int = -1) -> bytes:
        found: bytes = self.stream.read(min(size, self.left) if size >= 0 else self.left)
        self.left -= len(found)
        return found

    def close(self) -> None:
        self.stream.close()
        super().close()


# ---- tasks ---------------------------------------------------------------------------------------------------


def delayed(function: Any, *given: Any) -> Any:
    from dask.delayed import delayed as lazy

    return lazy(function, pure=False)(*given)


def kept(client: Any, parts: list[Any]) -> list[Any]:
    """Futures of the parts, which stay on the workers."""
    return list(client.compute(parts))
