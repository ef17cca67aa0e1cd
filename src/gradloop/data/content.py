"""The bytes of a file or of standard input: opened, unpacked, and watched for changes."""

import hashlib
import io
import os
import stat
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from gradloop.data.packing import packing, unpack
from gradloop.errors import DataError
from gradloop.text import printable
from gradloop.whole_file import PathLike, reason

if TYPE_CHECKING:
    import pyarrow

STANDARD_INPUT = "-"
START = 512  # bytes by which a format is recognised
_PART = 1 << 20  # bytes of a pipe that are read at a time to know its length
_SAMPLE = 1 << 16  # bytes of each part of a file that go into its fingerprint


class Content:
    """What a file holds, unpacked, as often as it is asked for; a pipe only once.

    ``name`` is what messages call it, ``start`` its first bytes, ``one_pass`` whether it can be read only once.

    Raises: DataError for a path that cannot be read, and when the file changes between two readings.
    """

    def __init__(self, path: PathLike) -> None:
        self.is_standard_input = os.fspath(path) == STANDARD_INPUT
        self.name = "standard input" if self.is_standard_input else printable(os.fspath(path))
        self._path = path
        self._kept: bytes | None = None
        with reading(path, self.name):
            self._state = self._look()
            self.one_pass = self.is_standard_input or not stat.S_ISREG(self._state.st_mode)
            self.is_packed, stream = self._stream()
        with _closed_on_error(stream):
            self.start = stream.peek(START)[:START]
        self._waiting: io.BufferedReader | None = stream if self.one_pass else None
        if not self.one_pass:
            stream.close()

    @property
    def path(self) -> str | None:
        """The path of a file that can be read as it is; None for what is packed or comes through a pipe."""
        return None if self.is_packed or self.one_pass else os.fspath(self._path)

    def open(self) -> io.BufferedReader:
        """The content from its beginning."""
        self.check_unchanged()
        if self.one_pass:
            if self._waiting is None:
                raise DataError(f"{self.name} can be read only once, and this needs it again; save it as a file first.")
            stream, self._waiting = self._waiting, None
            return stream
        with reading(self._path, self.name):
            return self._stream()[1]

    def length(self, most: int) -> int:
        """How many bytes it holds, counted until they are more than so many; a pipe is read for it, and kept."""
        if self.path is not None:
            return self._state.st_size
        stream, found, parts = self.open(), 0, deque[bytes]()
        with reading(self._path, self.name):
            while found <= most and (part := stream.read(_PART)):
                found += len(part)
                if self.one_pass:
                    parts.append(part)
        if self.one_pass:
            self._waiting = io.BufferedReader(_Rejoined(parts, stream), _PART)
        else:
            stream.close()
        return found

    def read(self) -> bytes:
        """All of it."""
        with reading(self._path, self.name):
            if self.path is None:
                with self.open() as stream:
                    found = stream.read()
            else:
                self.check_unchanged()
                found = Path(self.path).read_bytes()  # without the copy that a stream makes
        self.check_unchanged()
        return found

    def file(self) -> "pyarrow.NativeFile":
        """A file of pyarrow in which one can go back and forth; what is packed or piped is kept in memory for it."""
        import pyarrow

        self.check_unchanged()
        if self.path is not None:
            with reading(self._path, self.name):
                return pyarrow.OSFile(self.path)
        if self._kept is None:
            from gradloop.data.sources.source import memory  # sources import this module

            most = memory() // 4
            if self.length(most) > most:
                raise DataError(
                    f"{self.name} holds more than {most / 1e9:.3g} GB, a quarter of the memory here, and only as an "
                    "unpacked file can it be read in pieces; unpack or save it first."
                )
            self._kept = self.read()
        return pyarrow.BufferReader(self._kept)

    def check_unchanged(self) -> None:
        """Raise DataError if the file is not the one that it was when it was first looked at."""
        if self.one_pass:
            return
        with reading(self._path, self.name):
            now = self._look()
        if (now.st_size, now.st_mtime_ns, now.st_ino) != (
            self._state.st_size,
            self._state.st_mtime_ns,
            self._state.st_ino,
        ):
            raise DataError(f"{self.name} changed while it was in use; start again when nobody writes to it.")

    def fingerprint(self) -> str:
        """A text that another content, or a later state of this one, will not have."""
        if self.one_pass:
            return os.urandom(16).hex()  # what has gone through a pipe cannot be recognised
        size = self._state.st_size
        digest = hashlib.sha256(f"{size} {self._state.st_mtime_ns}".encode())
        with reading(self._path, self.name), self._raw() as raw:
            for place in (0, size // 2, max(0, size - _SAMPLE)):
                raw.seek(place)
                digest.update(raw.read(_SAMPLE))
        return digest.hexdigest()

    def _look(self) -> os.stat_result:
        if self.is_standard_input and sys.stdin is None:
            raise DataError("Standard input is closed; send it a table: gradloop … - < FILE.")
        state = os.fstat(sys.stdin.fileno()) if self.is_standard_input else os.stat(self._path)
        if stat.S_ISCHR(state.st_mode) and self.is_standard_input and sys.stdin.isatty():
            raise DataError("Standard input is the keyboard; send it a table: gradloop … - < FILE.")
        if stat.S_ISCHR(state.st_mode) or stat.S_ISBLK(state.st_mode) or stat.S_ISSOCK(state.st_mode):
            raise DataError(f"{self.name} is a device, not a file; give a file.")
        return state

    def _raw(self) -> io.BufferedReader:
        stream: Any = sys.stdin.buffer if self.is_standard_input else open(self._path, "rb")  # noqa: SIM115
        return rejoined(stream.read(START), stream) if self.one_pass else stream

    def _stream(self) -> tuple[bool, io.BufferedReader]:
        """Whether the file is packed, and the stream of what it holds: by large blocks, which unpackers like."""
        raw = self._raw()
        with _closed_on_error(raw):
            how = packing(raw.peek(START))
            if how is None:
                return False, raw
            whole = io.BytesIO(raw.read()) if how == "zip" and self.one_pass else raw  # in which one can go back
            return True, io.BufferedReader(unpack(whole, how, self.name), 1 << 20)


class _Rejoined(io.RawIOBase):
    """A stream whose first bytes were taken, with them before it again."""

    def __init__(self, parts: "deque[bytes]", rest: IO[bytes]) -> None:
        self._parts, self._rest = parts, rest
        self._part = memoryview(b"")

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._rest.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        if not self._part and self._parts:
            self._part = memoryview(self._parts.popleft())
        found = self._part[: len(buffer)] or self._rest.read(len(buffer))
        self._part = self._part[len(found) :]
        buffer[: len(found)] = found
        return len(found)


def rejoined(start: bytes, rest: IO[bytes]) -> io.BufferedReader:
    """A stream whose first bytes were taken from it, with them before it again."""
    return io.BufferedReader(_Rejoined(deque([start]), rest), 1 << 16)


@contextmanager
def _closed_on_error(stream: IO[bytes]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        stream.close()
        raise


@contextmanager
def reading(path: PathLike, source: str) -> Iterator[None]:
    """Turn what the system says about a path into one sentence."""
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(f"{source}: there is no such file{_neighbour(path)}.") from error
    except IsADirectoryError as error:
        raise DataError(f"{source} is a folder; give a file in it.") from error
    except PermissionError as error:
        raise DataError(f"{source} may not be read by you; change its permissions or copy it.") from error
    except DataError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise DataError(f"{source} cannot be read: {why}; check the path.") from error


def _neighbour(path: PathLike) -> str:
    from difflib import get_close_matches  # only errors need it

    folder = Path(path).parent
    try:
        close = get_close_matches(Path(path).name, os.listdir(folder), n=1)
    except OSError:
        return f", nor a folder {printable(folder)}; check the path"
    return f"; did you mean {printable(folder / close[0])}?"[:-1] if close else "; check the path"
