"""A fit looked at while it goes on: a line on the terminal, a curve in a notebook, and nothing where nobody looks."""

from __future__ import annotations

import math
import sys
import time
from html import escape
from importlib import import_module
from typing import Any

import numpy as np

from gradloop.callbacks.protocol import Callback, Outline
from gradloop.data.words import counted
from gradloop.notebook import loss_curve
from gradloop.progress import Progress
from gradloop.summary import turns
from gradloop.text import number

EVERY = 0.25  # seconds between two pictures: nobody reads faster
REST = 60  # at least so many times as long as drawing took, however slow the screen: it costs less than 2 %
GAP = "   "


class Live(Callback):
    """Shows how far training is: in a notebook an updating curve, on a terminal a line, elsewhere nothing.

    The line has the loss (and that on rows held out), the learning rate, rows per second, and the time left where the
    number of epochs is known; on a narrow terminal it has what fits, and it leaves when training ends. It is drawn at
    most four times a second, for the first time when training has lasted so long; epochs in between are not heard of,
    and the curve has them all when training ends.

    >>> Live().needs_epochs
    False
    """

    needs_epochs = False

    def __init__(self) -> None:
        self.screen: Line | Curve | None = None
        self.due = math.inf

    def on_start(self, outline: Outline) -> None:
        self.screen = Curve(outline) if in_notebook() else Line() if sys.stderr.isatty() else None
        self.due = math.inf if self.screen is None else time.perf_counter() + EVERY

    def on_epoch(self, progress: Progress) -> None:
        begun = time.perf_counter()
        if self.screen is None or begun < self.due:
            return
        self.screen.draw(progress)
        ended = time.perf_counter()
        self.due = ended + max(EVERY, REST * (ended - begun))

    def on_stop(self, fit: Any) -> None:
        if self.screen is not None:
            self.screen.close(fit)
        self.screen = None


class Line:
    """One line on standard error, written over again and again."""

    def __init__(self) -> None:
        self.area: Any = None

    def draw(self, progress: Progress) -> None:
        from rich.text import Text

        if self.area is None:
            self.area = self.opened()
        text = fitting(parts(progress), self.area.console.width - 1)
        self.area.update(Text(text, no_wrap=True, overflow="crop"), refresh=True)

    def opened(self) -> Any:
        """The place of the line on the screen."""
        from rich.console import Console
        from rich.live import Live as Area

        console = Console(stderr=True, markup=False, highlight=False, emoji=False)
        # What the user prints meanwhile belongs where it was sent: only a terminal shares the screen with the line.
        area = Area(console=console, auto_refresh=False, transient=True, redirect_stdout=sys.stdout.isatty())
        area.start()
        return area

    def close(self, fit: Any) -> None:
        if self.area is not None:
            self.area.stop()


class Curve:
    """A curve in the notebook's page, replaced by a newer one."""

    def __init__(self, outline: Outline) -> None:
        self.title = escape(f"{outline.model} model, {outline.loss} loss, {counted(outline.rows, 'row')}")
        self.epochs: list[int] = []
        self.losses: list[float] = []
        self.handle: Any = None

    def draw(self, progress: Progress) -> None:
        if self.epochs and progress.epoch <= self.epochs[-1]:  # begun again with other settings
            self.epochs, self.losses = [], []
        self.epochs.append(progress.epoch)
        self.losses.append(progress.loss)
        self.show(np.array(self.epochs), np.array(self.losses), GAP.join(parts(progress)))

    def show(self, epochs: Any, losses: Any, words: str) -> None:
        ipython: Any = import_module("IPython.display")  # loaded already, as this is a notebook
        curve = loss_curve(epochs, losses, f"epoch {epochs[-1]}")
        page = ipython.HTML(f"<div>{self.title}<br>{words}<br>{curve}</div>")
        if self.handle is None:
            self.handle = ipython.display(page, display_id=True)
        else:
            self.handle.update(page)

    def close(self, fit: Any) -> None:
        """The whole course is shown at the end, however fast it was."""
        if fit is not None and len(fit.history):
            epochs, losses = fit.history["epoch"], fit.history["loss"]
            self.show(epochs, losses, f"{turns(fit)}{GAP}loss {shown(losses[-1])}{GAP}{fit.stop.value}")


def in_notebook() -> bool:
    """Whether a kernel runs this; IPython is loaded then, so nothing is imported to find out."""
    loaded = sys.modules.get("IPython")
    shell = None if loaded is None else loaded.get_ipython()
    return getattr(shell, "kernel", None) is not None


def parts(progress: Progress) -> list[str]:
    """What the line says, the most important first.

    >>> parts(Progress(2, 6, 0.5, 2.5e6, 0.25, learning_rate=0.03, all_run=True))
    ['epoch 2 of 6', 'loss 0.5', 'rate 0.03', '2.5e+06 rows/s', '0.5 s left']
    """
    epoch = f"epoch {progress.epoch} of {progress.epochs}" if progress.all_run else f"iteration {progress.epoch}"
    found = [epoch, f"loss {shown(progress.loss)}"]
    if progress.holdout is not None:
        found.append(f"held out {shown(progress.holdout)}")
    if math.isfinite(progress.learning_rate):
        found.append(f"rate {shown(progress.learning_rate)}")
    found.append(f"{progress.rows_per_second:.3g} rows/s")
    if progress.seconds_left is not None:
        found.append(f"{duration(progress.seconds_left)} left")
    return found


def shown(value: float) -> str:
    return number(float(f"{value:.4g}")) if math.isfinite(value) else "not finite"


def duration(seconds: float) -> str:
    """As people say it.

    >>> duration(0.512), duration(75), duration(7322)
    ('0.5 s', '1 min 15 s', '2 h 2 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def fitting(parts: list[str], width: int) -> str:
    """As many of the parts as have room, in their order; the first one always, cut if need be."""
    text = parts[0][: max(width, 0)]
    for part in parts[1:]:
        if len(text) + len(GAP) + len(part) > width:
            break
        text += GAP + part
    return text
