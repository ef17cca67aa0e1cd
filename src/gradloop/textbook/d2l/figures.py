"""Pictures as the `d2l` package draws them, with matplotlib, which is loaded with the first one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradloop.eager.base import raw
from gradloop.errors import GradloopError
from gradloop.extras import require

USUAL = ("-", "m--", "g-.", "r:")


def pyplot() -> Any:
    """matplotlib's pyplot.

    Raises: OptionError where matplotlib is not installed, with the cure.
    """
    return require("matplotlib.pyplot", "Pictures")


def notebook() -> Any:
    """IPython, where a notebook is running."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return ipython if hasattr(shell, "kernel") else None


def use_svg_display() -> None:
    """Sharp pictures in a notebook; elsewhere nothing."""
    ipython = notebook()
    if ipython is not None:
        ipython.get_ipython().run_line_magic("config", "InlineBackend.figure_formats = ['svg']")


def set_figsize(figsize: tuple[float, float] = (3.5, 2.5)) -> None:
    """The size of pictures from here on, in inches."""
    use_svg_display()
    pyplot().rcParams["figure.figsize"] = figsize


def set_axes(
    axes: Any, xlabel: str | None, ylabel: str | None, xlim: Any, ylim: Any, xscale: str, yscale: str,
    legend: Sequence[str] | None,
) -> None:  # fmt: skip
    """Names, limits, scales and a legend for axes of matplotlib."""
    axes.set(xscale=xscale, yscale=yscale, xlabel=xlabel or "", ylabel=ylabel or "", xlim=xlim, ylim=ylim)
    if legend:
        axes.legend(legend)
    axes.grid()


def curves(x: Any) -> list[Any]:
    """One curve as a list of one."""
    numbers = raw(x)
    nested = np.ndim(numbers) > 1 or (isinstance(x, list) and len(x) > 0 and np.ndim(raw(x[0])) > 0)
    return [np.asarray(part) for part in numbers] if nested else [np.asarray(numbers)]


def plot(
    X: Any, Y: Any = None, xlabel: str | None = None, ylabel: str | None = None, legend: Sequence[str] = (),
    xlim: Any = None, ylim: Any = None, xscale: str = "linear", yscale: str = "linear",
    fmts: Sequence[str] = USUAL, figsize: tuple[float, float] = (3.5, 2.5), axes: Any = None,
) -> None:  # fmt: skip
    """Curves Y over X; without Y, X over 0, 1, 2, …

    Args: X, Y, numbers of one curve or a list of several; one X serves all Y.

    Raises: GradloopError when the numbers of curves do not fit.
    """
    set_figsize(figsize)
    axes = pyplot().gca() if axes is None else axes
    heights = curves(X if Y is None else Y)
    places = [np.arange(len(y)) for y in heights] if Y is None else curves(X)
    places = places * len(heights) if len(places) == 1 else places
    if len(places) != len(heights):
        raise GradloopError(
            f"There are {len(places)} curves in X and {len(heights)} in Y; give one X, or one for each."
        )
    axes.cla()
    for place, (x, y) in enumerate(zip(places, heights, strict=True)):
        axes.plot(x, y, fmts[place % len(fmts)])
    set_axes(axes, xlabel, ylabel, xlim, ylim, xscale, yscale, legend)


class Animator:
    """Curves that grow while training runs: redrawn in a notebook, else shown by plt.show() at the end."""

    def __init__(
        self, xlabel: str | None = None, ylabel: str | None = None, legend: Sequence[str] = (), xlim: Any = None,
        ylim: Any = None, xscale: str = "linear", yscale: str = "linear", fmts: Sequence[str] = USUAL,
        nrows: int = 1, ncols: int = 1, figsize: tuple[float, float] = (3.5, 2.5),
    ) -> None:  # fmt: skip
        use_svg_display()
        self.fig, axes = pyplot().subplots(nrows, ncols, figsize=figsize, squeeze=False, layout="constrained")
        self.axes = list(np.ravel(axes))
        self.settings = (xlabel, ylabel, xlim, ylim, xscale, yscale, legend)
        self.fmts = fmts
        self.X: list[list[float]] = []
        self.Y: list[list[float]] = []

    def add(self, x: Any, y: Any) -> None:
        """One more point for each curve; None leaves one out."""
        heights = list(y) if hasattr(y, "__len__") else [y]
        places = list(x) if hasattr(x, "__len__") else [x] * len(heights)
        while len(self.X) < len(heights):
            self.X.append([])
            self.Y.append([])
        for curve, (place, height) in enumerate(zip(places, heights, strict=True)):
            if place is not None and height is not None:
                self.X[curve].append(float(place))
                self.Y[curve].append(float(height))
        self.draw()

    def draw(self) -> None:
        """All curves so far."""
        self.axes[0].cla()
        for curve, (x, y) in enumerate(zip(self.X, self.Y, strict=True)):
            self.axes[0].plot(x, y, self.fmts[curve % len(self.fmts)])
        set_axes(self.axes[0], *self.settings)
        ipython = notebook()
        if ipython is not None:
            ipython.display.display(self.fig)
            ipython.display.clear_output(wait=True)
