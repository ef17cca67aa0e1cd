"""Arrow's own files (also called Feather) and streams."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gradloop.data.content import Content
from gradloop.data.sources.source import Source, check_columns, check_known, checked, damage_told, digest

if TYPE_CHECKING:
    import pyarrow

FILE, STREAM = b"ARROW1", b"\xff\xff\xff\xff"  # how they begin


class ArrowSource(Source):
    """The rows of an Arrow file, or of an Arrow stream, which may also come through a pipe."""

    quick = True

    def __init__(self, content: Content) -> None:
        self.name = content.name
        self.files = (content.path,) if content.path else ()
        self._content = content
        self._is_file = content.start.startswith(FILE)
        with damage_told(self.name):
            self._schema = checked(self._open().schema)
            self.rows = self._open().count_rows() if self._is_file else None

    def schema(self) -> "pyarrow.Schema":
        return self._schema

    def batches(self, columns: Sequence[str] | None = None) -> Iterator["pyarrow.RecordBatch"]:
        check_columns(self.name, self._schema)
        wanted = self._schema.names if columns is None else list(columns)
        check_known(self.name, self._schema.names, wanted)
        with damage_told(self.name):
            reader = self._open()
            for batch in self._each(reader):
                batch.validate(full=True)
                yield batch.select(wanted)
        self._content.check_unchanged()

    def fingerprint(self) -> str:
        return digest("arrow", self._content.fingerprint())

    def _open(self) -> Any:
        from pyarrow import ipc

        file = self._content.file()
        return ipc.open_file(file) if self._is_file else ipc.open_stream(file)

    def _each(self, reader: Any) -> Iterator["pyarrow.RecordBatch"]:
        if self._is_file:
            return (reader.get_batch(number) for number in range(reader.num_record_batches))
        return iter(reader)
