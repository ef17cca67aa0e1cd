"""Compressed files, recognised by what they hold and not by their names, unpacked while they are read.

Damage is found: a file cut short, a wrong checksum, and one so dense that it was made to fill the memory.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from gradloop.data import words
from gradloop.errors import DataError
from gradloop.text import printable

if TYPE_CHECKING:
    import zipfile

SIGNATURES = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
}
_DENSEST = 200  # times its size is more than a table of numbers shrinks
_HARMLESS = 1 << 26  # bytes that any machine can hold, however dense


def packing(start: bytes) -> str | None:
    """How a file that begins so is compressed.

    >>> packing(b"BZh9"), packing(b"area,price")
    ('bz2', None)
    """
    return next((name for signature, name in SIGNATURES.items() if start.startswith(signature)), None)


def unpack(packed: IO[bytes], how: str, source: str) -> io.RawIOBase:
    """The stream of what a compressed stream holds; members that follow each other are one content.

    Raises: DataError, now or while it is read, for a stream that is cut short, damaged or suspiciously dense,
    and for a zip archive that does not hold exactly one file.
    """
    counted = packed if how == "zip" else _Counted(packed)
    with damage_told(source, how):
        return _Unpacked(_opened(counted, how, source), counted, how, source)


@contextmanager
def damage_told(source: str, how: str) -> Iterator[None]:
    """Turn what the unpackers complain of into one sentence."""
    import lzma
    import zipfile
    import zlib

    try:
        yield
    except (OSError, EOFError, lzma.LZMAError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        said = printable(str(error).splitlines()[0] if str(error) else type(error).__name__)
        cut = isinstance(error, EOFError) or "truncated" in said.lower()
        what = "is cut short" if cut else "is damaged or is not what it seems"
        raise DataError(f"{source}, compressed with {how}, {what} ({said}); fetch or copy it again.") from None


class _Counted(io.RawIOBase):
    """A stream that counts what is taken from it."""

    def __init__(self, inner: IO[bytes]) -> None:
        self._inner = inner
        self.taken = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        found = self._inner.read(size)
        self.taken += len(found)
        return found

    def close(self) -> None:
        self._inner.close()
        super().close()


class _Unpacked(io.RawIOBase):
    """What is unpacked, counted against what it is unpacked from."""

    def __init__(self, inner: Any, packed: Any, how: str, source: str) -> None:
        self._inner, self._packed, self._how, self._source = inner, packed, how, source
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with damage_told(self._source, self._how):
            found = self._inner.read(len(buffer))
        self._given += len(found)
        if self._given > max(_HARMLESS, _DENSEST * self._taken()):
            raise DataError(
                f"{self._source} unpacks to more than {_DENSEST} times its size, as files do that are made to fill "
                "the memory; if you trust it, unpack it yourself."
            )
        buffer[: len(found)] = found
        return len(found)

    def _taken(self) -> int:
        return int(self._packed.taken if isinstance(self._packed, _Counted) else self._packed.tell())

    def close(self) -> None:
        self._inner.close()
        self._packed.close()
        super().close()


def _opened(packed: Any, how: str, source: str) -> Any:
    if how == "zip":
        return _only_member(packed, source)
    if how == "xz":
        import lzma

        return lzma.open(packed)
    import pyarrow

    return pyarrow.CompressedInputStream(pyarrow.PythonFile(packed, "r"), how)


def _only_member(packed: IO[bytes], source: str) -> IO[bytes]:
    import zipfile

    archive = zipfile.ZipFile(packed)
    members = [each for each in archive.infolist() if not each.is_dir() and not each.filename.startswith("__MACOSX/")]
    _check_members(members, source)
    return archive.open(members[0])


def _check_members(members: "list[zipfile.ZipInfo]", source: str) -> None:
    names = [member.filename for member in members]
    if "[Content_Types].xml" in names or "mimetype" in names:
        raise DataError(f"{source} is a spreadsheet or document; export its table as a CSV file.")
    if len(names) != 1:
        listed = f" ({words.listed(map(words.name, names))})" if names else ""
        raise DataError(
            f"{source} is a zip archive of {words.counted(len(names), 'file')}{listed}, and exactly one is needed; "
            "unpack it and give the file or folder."
        )
    if members[0].flag_bits & 1:
        raise DataError(f"{source} is a zip archive locked with a password; unpack it yourself.")
