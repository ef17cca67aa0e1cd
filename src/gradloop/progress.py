"""What a running fit reports between two native calls."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from numpy.typing import NDArray

from gradloop.history import Row


class View(Protocol):
    """What can be asked of parameters while training goes on."""

    def params(self, flat: Any) -> dict[str, NDArray[Any]]:
        """The parameters by name, as the fit would have them."""

    def holdout(self, flat: Any) -> float | None:
        """Their mean loss on the rows held out; None where there are none."""

    def fit(self, progress: Progress) -> Any:
        """The fit, had training ended here."""


@dataclass(eq=False)  # not frozen, which would take 2 µs each time, and an epoch may take 60
class Progress:
    """Where training is, after an epoch (or iteration, sweep, part of a grid): what it cost and where the loss stands.

    ``params``, ``holdout`` and ``fit()`` are computed when they are asked for, from the parameters of this very moment.

    >>> told = Progress(epoch=2, epochs=6, loss=0.5, rows_per_second=1e6, seconds=0.25, all_run=True)
    >>> told.seconds_left
    0.5
    """

    epoch: int
    epochs: int  # that were asked for, or the most there may be
    loss: float  # the objective over all rows, with the parameters of the epoch's end
    rows_per_second: float
    seconds: float  # since training began, also where it was resumed
    learning_rate: float = float("nan")  # NaN where a solver has none
    gradient_norm: float = float("nan")
    all_run: bool = False  # whether all the epochs are run, so that it can be told how long they take
    flat: Any = field(default=None, repr=False)  # all parameters as training sees them, one behind the other
    view: View | None = field(default=None, repr=False)

    @classmethod
    def after(cls, row: Row, epochs: int, flat: Any, all_run: bool = False) -> Progress:
        """What a row of the record says, and the parameters that it speaks of."""
        speed = row.rows / max(row.seconds, 1e-9)
        return cls(row.epoch, epochs, row.loss, speed, row.seconds, row.learning_rate, row.gradient_norm, all_run, flat)

    @property
    def seconds_left(self) -> float | None:
        """As many for each epoch as before; None where nobody knows how many there will be."""
        return self.seconds / self.epoch * (self.epochs - self.epoch) if self.all_run and self.epoch else None

    @cached_property
    def params(self) -> dict[str, NDArray[Any]]:
        """The parameters by name, in the units of the columns: copies that cannot be changed."""
        found = {} if self.view is None else self.view.params(self.flat)
        for values in found.values():
            values.setflags(write=False)
        return found

    @cached_property
    def holdout(self) -> float | None:
        """The mean loss on the rows held out; None where there are none."""
        return None if self.view is None else self.view.holdout(self.flat)

    def fit(self) -> Any:
        """The fit, had training ended here."""
        return None if self.view is None else self.view.fit(self)


Report = Callable[[Progress], Any]  # with an attribute `due`, a time of `perf_counter`, it is told of nothing before it


def tell(report: Report | None, row: Row, epochs: int, flat: Any, all_run: bool = False) -> None:
    """Report a row of the record and the parameters that it speaks of, if anybody looks at this moment."""
    if report is not None and time.perf_counter() >= getattr(report, "due", -math.inf):
        report(Progress.after(row, epochs, flat, all_run))
