"""Rows that are read once and kept on disk, for sources whose second reading would be slow, or is impossible."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gradloop.data.sources.source import Source
from gradloop.errors import DataError
from gradloop.whole_file import reason

if TYPE_CHECKING:
    import pyarrow


class Spool(Source):
    """Some columns of another source. The first pass writes them to a temporary file, which later passes read.

    The file has no name, so that nothing is left behind, however the process ends.
    """

    quick = True

    def __init__(self, source: Source, names: Sequence[str]) -> None:
        self.name, self.rows, self.files = source.name, source.rows, source.files
        self._source, self._names = source, list(names)
        self._starts: list[int] = []  # of streams in the file, of which each has its own types
        self._complete = False
        with disk_told():
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as this

    def schema(self) -> "pyarrow.Schema":
        return self._source.schema()

    def batches(self, columns: Sequence[str] | None = None) -> Iterator["pyarrow.RecordBatch"]:
        wanted = self._names if columns is None else list(columns)
        for batch in self._kept() if self._complete else self._keep():
            yield batch.select(wanted)

    def fingerprint(self) -> str:
        return self._source.fingerprint()

    def place(self, row: int) -> str:
        return self._source.place(row)

    def close(self) -> None:
        """Give the disk back."""
        self._file.close()

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()

    def _keep(self) -> Iterator["pyarrow.RecordBatch"]:
        from pyarrow import ipc

        self._file.seek(0)
        self._starts = []
        writer: Any = None
        kinds = None
        for batch in self._source.batches(self._names):
            with disk_told():
                if batch.schema != kinds:
                    if writer is not None:
                        writer.close()
                    self._starts.append(self._file.tell())
                    writer, kinds = ipc.new_stream(self._file, batch.schema), batch.schema
                writer.write_batch(batch)
            yield batch
        with disk_told():
            if writer is not None:
                writer.close()
        self._complete = True

    def _kept(self) -> Iterator["pyarrow.RecordBatch"]:
        from pyarrow import ipc

        for start in self._starts:
            self._file.seek(start)
            stream: Any = ipc.open_stream(self._file)
            yield from stream


@contextmanager
def disk_told() -> Iterator[None]:
    """Say what is wrong with the disk for temporary files."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"The rows cannot be kept in {tempfile.gettempdir()} while they are trained on: {reason(error)}; make room "
            "there, or set TMPDIR to another folder."
        ) from error
