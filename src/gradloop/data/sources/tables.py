"""The batches of a source as tables, a few thousand rows each."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gradloop.data.sources.source import Source, table_of_cells
from gradloop.data.table import Table

if TYPE_CHECKING:
    import pyarrow

ROWS, NUMBERS = 1 << 15, 1 << 20  # at least in a table but the last, so that a table's own cost does not count
BYTES = 8 * NUMBERS  # with so many of text fewer rows are enough: several tables may be in memory at a time


def tables(source: Source, names: Sequence[str]) -> Iterator[Table]:
    """All rows of a source, with these columns; each table knows where its rows are found in the source.

    Raises: DataError for what cannot be read.
    """
    return (table for table, _ in tables_and_cells(source, names, ()))


def tables_and_cells(
    source: Source, names: Sequence[str], others: Sequence[str]
) -> Iterator[tuple[Table, "pyarrow.Table"]]:
    """The tables of all rows with some columns, and beside each the cells of others, as they are.

    Raises: DataError for what cannot be read.
    """
    first, every = 0, list(dict.fromkeys([*names, *others]))
    for cells in _joined(source.batches(every), min(ROWS, NUMBERS // len(every))):
        found = cells.select(list(names))
        table = table_of_cells(source.name, found, lambda row, first=first: source.place(first + row))  # type: ignore[misc]
        yield table, cells.select(list(others))
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
