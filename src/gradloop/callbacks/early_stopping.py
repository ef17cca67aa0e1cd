"""Early stopping: end when the loss on rows held out falls no more, and keep the parameters where it was least."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from gradloop.callbacks.protocol import Callback, Outline
from gradloop.errors import OptionError
from gradloop.progress import Progress
from gradloop.text import number


class EarlyStopping(Callback):
    """Stops when `patience` epochs in a row did not lower the loss on the rows held out by more than `min_delta`.

        keep argmin over epochs of  mean over the rows held out of loss(model(x, params), y)

    The parameters of the fit are the best ones on these rows, also where all epochs were run. The loss is that of the
    examples alone, without the penalty and without weights. Rows that decide when to stop no longer judge the fit quite
    impartially; keep others for that.

    Args:
        patience: epochs in a row that may bring nothing
        min_delta: what counts as nothing, in units of the loss

    Raises: OptionError for an argument out of range; where no rows are held out, before training begins.

    >>> EarlyStopping(patience=3).min_delta
    0.0

    Source: Prechelt, Early stopping — but when?, 1998.
    """

    CHANGES: ClassVar[tuple[str, ...]] = ("idle", "lowest", "best_epoch", "best_loss", "best_flat")

    def __init__(self, patience: int = 10, min_delta: float = 0.0) -> None:
        if isinstance(patience, bool) or not isinstance(patience, int) or patience < 1:
            raise OptionError(f"patience is {patience!r}, but it must be a whole number of epochs from 1.")
        if isinstance(min_delta, bool) or not isinstance(min_delta, (int, float)) or not 0 <= min_delta < math.inf:
            raise OptionError(f"min_delta is {min_delta!r}, but it must be a number from 0, in units of the loss.")
        self.patience, self.min_delta = patience, min_delta
        self.begin()

    def begin(self) -> None:
        self.idle = 0  # epochs in a row that brought nothing
        self.lowest = math.inf  # what they are compared with
        self.best_epoch, self.best_loss, self.best_flat = 0, math.inf, None

    @property
    def best(self) -> Progress | None:
        """The epoch whose parameters the fit has."""
        if self.best_flat is None:
            return None
        nan = float("nan")
        return Progress(self.best_epoch, self.best_epoch, nan, nan, nan, flat=self.best_flat)

    def on_start(self, outline: Outline) -> None:
        if not outline.held:
            raise OptionError(
                "EarlyStopping looks at the loss on rows held out, but none are; give fit a share of them, such as "
                "holdout=0.2."
            )
        self.begin()

    def on_epoch(self, progress: Progress) -> Any:
        loss = progress.holdout
        assert loss is not None
        if loss < self.best_loss:
            self.best_epoch, self.best_loss, self.best_flat = progress.epoch, loss, progress.flat
        if loss < self.lowest - self.min_delta:
            self.idle, self.lowest = 0, loss
            return None
        self.idle += 1
        if self.idle < self.patience:
            return None
        more = f" by more than {number(self.min_delta)}" if self.min_delta else ""
        return f"{self.patience} epochs in a row did not lower the loss on the rows held out{more}"
