"""The record of a run: one row per epoch, and the parameters at some of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradloop.errors import OptionError
from gradloop.text import number, table

SNAPSHOTS = 64  # most epochs whose parameters are kept, ...
SNAPSHOT_VALUES = 1_000_000  # ... and most numbers in all of them together: the first and last are always kept
TICK = 1e-9  # seconds, less than which nothing takes
_SHOWN = 5  # rows printed before and after the gap in a long table


class Row(NamedTuple):
    """One epoch: the loss is that of all rows at the epoch's end, not a sum over moving parameters."""

    epoch: int
    loss: float
    gradient_norm: float
    learning_rate: float
    rows: int  # rows of data touched so far
    seconds: float  # since training began


class Pass(NamedTuple):
    """A pass that the workers of a cluster made over the rows, and what travelled for it.

    >>> Pass("sum", rows=1000, sent_bytes=80, moved_bytes=160, seconds=0.5).rows_per_second
    2000.0
    """

    # look: statistics; encode: rows become numbers; rows: a few of them; sum, map: a loop; work: of a solver;
    # round: of LocalSGD; judge: rows held out
    what: str
    rows: int
    sent_bytes: int  # with its tasks, to the workers
    moved_bytes: int  # results of parts and of the tree's nodes, each of which moves once at most
    seconds: float

    @property
    def rows_per_second(self) -> float:
        return self.rows / max(self.seconds, TICK)


COLUMNS = Row._fields
_WHOLE = ("epoch", "rows")

Snapshot = tuple[int, dict[str, NDArray[np.float64]]]


@dataclass(frozen=True, eq=False)
class History:
    """What was recorded at the end of each epoch, as columns of equal length.

    ``loss`` is the objective over all rows with the parameters of the epoch's end; ``rows`` and ``seconds``
    count from the start; what was not measured is NaN. ``params`` holds (epoch, parameters) of some epochs,
    ``passes`` what a cluster did; files of models do not keep these.

    Raises: OptionError for columns of different lengths, or an unknown column.

    >>> history = History.from_rows([Row(1, 4.0, 2.0, 0.1, 10, 0.5), Row(2, 1.0, 1.0, 0.1, 20, 1.0)])
    >>> len(history), history["loss"].tolist()
    (2, [4.0, 1.0])
    >>> print(history)
    epoch  loss  gradient_norm  learning_rate  rows  seconds
    1         4              2            0.1    10      0.5
    2         1              1            0.1    20        1
    """

    epoch: NDArray[np.int64]
    loss: NDArray[np.float64]
    gradient_norm: NDArray[np.float64]
    learning_rate: NDArray[np.float64]
    rows: NDArray[np.int64]
    seconds: NDArray[np.float64]
    params: tuple[Snapshot, ...] = ()
    passes: tuple[Pass, ...] = ()

    def __post_init__(self) -> None:
        for name in COLUMNS:
            column = np.array(getattr(self, name), dtype=np.int64 if name in _WHOLE else np.float64)
            column.setflags(write=False)
            object.__setattr__(self, name, column)
        if len({self[name].shape for name in COLUMNS}) > 1 or self.epoch.ndim != 1:
            raise OptionError("The columns of a history must have one entry per epoch each.")

    @classmethod
    def from_rows(cls, rows: Iterable[Row], params: Iterable[Snapshot] = ()) -> History:
        """The history whose rows are given in order."""
        columns: Any = list(zip(*rows, strict=True)) or [()] * len(COLUMNS)  # arrays are made in __post_init__
        return cls(**dict(zip(COLUMNS, columns, strict=True)), params=tuple(params))

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in COLUMNS:
            raise OptionError(f"A history has no column {name!r}; it has {', '.join(COLUMNS)}.")
        column: NDArray[Any] = getattr(self, name)
        return column

    def __len__(self) -> int:
        return len(self.epoch)

    def __iter__(self) -> Iterator[Row]:
        """The epochs in order, as rows of Python numbers."""
        return (Row(*values) for values in zip(*(self[name].tolist() for name in COLUMNS), strict=True))

    def __str__(self) -> str:
        rows = [["-" if value != value else number(value) for value in row] for row in self]
        if len(rows) > 2 * _SHOWN + 1:
            rows[_SHOWN:-_SHOWN] = [["..."] * len(COLUMNS)]
        return table(COLUMNS, rows)

    def to_dict(self) -> dict[str, list[float | None]]:
        """The columns as lists that JSON can hold: what is not finite becomes None."""
        return {name: [value if math.isfinite(value) else None for value in self[name].tolist()] for name in COLUMNS}


@cache
def epochs_to_keep(epochs: int, size: int) -> frozenset[int]:
    """The epochs (of 1, 2, ... epochs) whose parameters, ``size`` numbers each, a history should keep.

    Evenly spread, with the first and the last; at most SNAPSHOTS, and fewer when the parameters are many.

    >>> sorted(epochs_to_keep(3, size=2)), sorted(epochs_to_keep(1000, size=600_000))
    ([1, 2, 3], [1, 1000])
    """
    most = min(epochs, SNAPSHOTS, max(2, SNAPSHOT_VALUES // max(size, 1)))
    return frozenset(np.linspace(1, epochs, most).round().astype(int).tolist())
