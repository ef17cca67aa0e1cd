"""The batches of a source as tables, a few thousand rows each."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gradloop.data.sources.source import Source, table_of_cells
from gradloop.data.table import Table

if TYPE_CHECKING:
    import pyarrow

ROWS, NUMBERS = 1 << 15, 1 << 20  # at least in a table but the last, so that a table's own cost does not count
BYTES = 8 * NUMBERS  # with so many of text fewer rows are enough: several tables may be in memory at a time


class Piece(NamedTuple):
    """Some rows of a source, as Arrow has them, from the first on, which is counted from 0."""

    source: Source
    first: int
    cells: "pyarrow.Table"

    def table(self, names: Sequence[str]) -> Table:
        """Some of the columns, judged; the table knows where its rows are found in the source.

        Raises: DataError for what cannot be read.
        """
        cells = self.cells.select(list(names))
        return table_of_cells(self.source.name, cells, lambda row: self.source.place(self.first + row))


def tables(source: Source, names: Sequence[str]) -> Iterator[Table]:
    """All rows of a source, with these columns.

    Raises: DataError for what cannot be read.
    """
    return (piece.table(names) for piece in pieces(source, names))


def pieces(source: Source, names: Iterable[str]) -> Iterator[Piece]:
    """All rows of a source, with these columns, each of which may be named several times.

    Raises: DataError for what cannot be read.
    """
    first, every = 0, list(dict.fromkeys(names))
    for cells in _joined(source.batches(every), min(ROWS, NUMBERS // len(every))):
        yield Piece(source, first, cells)
        first += len(cells)


def _joined(batches: Iterator["pyarrow.RecordBatch"], rows: int) -> Iterator["pyarrow.Table"]:
    """Batches of the same types, put together until they are long enough."""
    import pyarrow

    waiting: list[pyarrow.RecordBatch] = []
    for batch in batches:
        if waiting and (batch.schema != waiting[0].schema or _is_enough(waiting, rows)):
            yield pyarrow.Table.from_batches(waiting)
            waiting = []
        if len(batch):
            waiting.append(batch)
    if waiting:
        yield pyarrow.Table.from_batches(waiting)


def _is_enough(batches: Sequence["pyarrow.RecordBatch"], rows: int) -> bool:
    return sum(map(len, batches)) >= rows or sum(batch.nbytes for batch in batches) >= BYTES
