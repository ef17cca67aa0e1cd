"""Parquet files: checksums of their pages are verified, and what is wrong is told by file and row group."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from gradloop.data.content import Content
from gradloop.data.sources.source import CURE, Source, check_columns, check_known, checked, damage_told, digest
from gradloop.errors import DataError

if TYPE_CHECKING:
    import pyarrow

_ROWS, _NUMBERS = 1 << 16, 1 << 20  # of a batch at most: enough to be fast, few enough to stay in the cache
_BUFFER = 1 << 18  # bytes of each column that are read ahead, instead of a whole row group


class ParquetSource(Source):
    """The rows of a Parquet file, one row group after the other; some of the groups, where they are given."""

    quick = True

    def __init__(self, content: Content, some: range | None = None) -> None:
        self.name = content.name
        self.files = (content.path,) if content.path else ()
        self._content = content
        with damage_told(self.name):
            metadata = self._open().metadata
            self.rows = metadata.num_rows
            groups = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        if sum(groups) != self.rows or min(groups, default=0) < 0:
            raise DataError(
                f"{self.name}: its row groups hold {sum(groups)} rows and it announces {self.rows}; {CURE}."
            )
        self._groups = range(len(groups)) if some is None else some
        self._starts = [0, *accumulate(groups[group] for group in self._groups)]
        self.rows = self._starts[-1]

    def sizes(self) -> list[int]:
        """The bytes of each group of rows, unpacked."""
        with damage_told(self.name):
            metadata = self._open().metadata
            return [metadata.row_group(group).total_byte_size for group in self._groups]

    def schema(self) -> "pyarrow.Schema":
        with damage_told(self.name):
            return checked(self._open().schema_arrow)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator["pyarrow.RecordBatch"]:
        schema = self.schema()
        check_columns(self.name, schema)
        wanted = schema.names if columns is None else list(columns)
        check_known(self.name, schema.names, wanted)
        with damage_told(self.name):
            file = self._open()
        rows = max(1, min(_ROWS, _NUMBERS // max(1, len(wanted))))
        for group, announced in zip(self._groups, self._counts(), strict=True):
            found = 0
            with damage_told(f"{self.name}, row group {group}"):
                for batch in file.iter_batches(rows, row_groups=[group], columns=wanted):
                    found += len(batch)
                    yield batch.select(wanted)
            if found != announced:
                raise DataError(
                    f"{self.name}, row group {group}: it holds {found} rows and announces {announced}; {CURE}."
                )
        self._content.check_unchanged()

    def fingerprint(self) -> str:
        return digest("parquet", self._content.fingerprint(), self._groups)

    def place(self, row: int) -> str:
        group = bisect_right(self._starts, row) - 1
        return f"in row group {self._groups[group]}, row {row - self._starts[group]}"

    def _counts(self) -> list[int]:
        return [end - start for start, end in zip(self._starts, self._starts[1:], strict=False)]

    def _open(self) -> Any:
        from pyarrow import parquet

        return parquet.ParquetFile(
            self._content.file(), buffer_size=_BUFFER, pre_buffer=False, page_checksum_verification=True
        )
