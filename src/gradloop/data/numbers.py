"""Tables of nothing but numbers, as they stream past: their columns for a moment each, and no table in between."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gradloop.data.cells import EXACT, Level
from gradloop.data.columns import ColumnStatistics
from gradloop.data.sources.source import Source
from gradloop.data.standardise import Moments

if TYPE_CHECKING:
    import pyarrow

Columns = list[NDArray[Any]]


class NotPlainError(Exception):
    """The columns hold something that needs a closer look: no value, text, infinities, integers beyond float64."""


class PlainNumbers:
    """Columns of numbers and booleans of a source, batch by batch, and what there is to know of them but moments.

    Whatever is not plain ends the pass with NotPlainError, and is for `Preparation` to judge and to explain. NaN and
    infinities are not looked for here: they show in every sum.
    """

    def __init__(self, source: Source, names: Sequence[str]) -> None:
        self.source, self.names, self.rows = source, tuple(names), 0
        self.known = {name: ColumnStatistics() for name in names}

    def batches(self) -> Iterator[Columns]:
        """The columns of some rows, (m,) each, in the order of the names.

        Raises: NotPlainError; DataError for what cannot be read.
        """
        schema = self.source.schema()
        if not all(is_plain(schema.field(name).type) for name in self.names):
            raise NotPlainError
        for batch in self.source.batches(self.names):
            if len(batch):
                self.rows += len(batch)
                columns = [plain_values(column) for column in batch.columns]
                for found, values in zip(self.known.values(), columns, strict=True):
                    found.count(values)
                yield columns
        if not self.rows:
            raise NotPlainError

    def statistics(self, centers: NDArray[Any], squares: NDArray[Any]) -> dict[str, ColumnStatistics]:
        """What `Preparation` wants to know of the columns, given their means and sums of squared deviations."""
        for found, center, square in zip(self.known.values(), centers.tolist(), squares.tolist(), strict=True):
            if found.kind == "bool":
                true = round(center * self.rows)
                found.levels = {False: Level(self.rows - true, "", self.rows - true), True: Level(true, "", true)}
            else:
                found.moments = Moments(self.rows, -np.inf, np.inf, 0, center, 0.0, square)
        return self.known


def is_plain(kind: "pyarrow.DataType") -> bool:
    """Whether a column of Arrow holds numbers or booleans, which NumPy can read as they are."""
    from pyarrow import types

    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind))


def plain_values(column: "pyarrow.Array") -> NDArray[Any]:
    """The numbers of a column of Arrow, without a copy unless they are booleans, which Arrow packs."""
    if column.null_count or not is_plain(column.type):
        raise NotPlainError
    if column.type.bit_width == 1:
        return np.asarray(column.to_numpy(zero_copy_only=False))
    values = np.from_dlpack(column)
    wide = values.dtype.kind in "iu" and values.dtype.itemsize == 8
    if wide and (values.max() > EXACT or values.min() < -EXACT):
        raise NotPlainError
    return values
