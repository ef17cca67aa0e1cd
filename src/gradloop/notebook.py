"""A fit as a notebook shows it: a table of coefficients, the verdict, and the loss as a curve, in HTML of its own.

Names come from files, and a file may hold anything: whatever is not ours is escaped. The curve is written here, so that
it needs no other package; its colour is that of the text around it, light or dark.
"""

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from gradloop.result import Result
from gradloop.summary import coefficients, title, turns, verdict
from gradloop.text import number, printable

WIDTH, HEIGHT, MARGIN = 320, 150, 22  # of the curve, in pixels
MOST_POINTS = 200
STEEP = 100.0  # a loss that falls by more than this factor is drawn on a scale of powers of ten

_TABLE = "border-collapse:collapse;margin:0.6em 0"
_FIRST = "text-align:left;padding:0.15em 0.8em 0.15em 0"
_OTHER = "text-align:right;padding:0.15em 0.8em;font-variant-numeric:tabular-nums"


def page(fit: Result) -> str:
    """The fit as a piece of HTML."""
    heading = f"<b>{_harmless(title(fit))}</b>"
    curve = loss_curve(fit.history["epoch"], fit.history["loss"], turns(fit))
    lines = [*verdict(fit).splitlines(), *(f"note: {note}" for note in fit.notes)]
    told = "<br>".join(map(_harmless, lines))
    both = f'<div style="display:flex;flex-wrap:wrap;gap:2em;align-items:flex-start">{_table(fit)}{curve}</div>'
    return f"<div>{heading}{both}<div>{told}</div></div>"


def _table(fit: Result) -> str:
    header, cells = coefficients(fit)
    rows = "".join(f"<tr>{_cells('td', row)}</tr>" for row in cells)
    return f'<table style="{_TABLE}"><thead><tr>{_cells("th", header)}</tr></thead><tbody>{rows}</tbody></table>'


def _cells(tag: str, texts: Sequence[str]) -> str:
    styles = [_FIRST, *[_OTHER] * (len(texts) - 1)]
    return "".join(
        f'<{tag} style="{style}">{_harmless(text)}</{tag}>' for style, text in zip(styles, texts, strict=True)
    )


def _harmless(text: str) -> str:
    return escape(printable(text))


def loss_curve(epochs: NDArray[np.int64], losses: NDArray[np.float64], after: str = "") -> str:
    """The loss by epoch as SVG, its first and last value written beside it; nothing for fewer than two values.

    Args: after, what the last value comes after, such as "20 epochs".

    >>> loss_curve(np.array([1, 2]), np.array([4.0, 1.0])).count("<text")
    3
    """
    known = np.isfinite(losses)
    epochs, losses = epochs[known], losses[known]
    if len(losses) < 2:
        return ""
    drawn = np.unique(np.linspace(0, len(losses) - 1, MOST_POINTS).round().astype(int))
    steep = losses.min() > 0 and losses.max() > STEEP * losses.min()
    x, y = _spread(epochs[drawn].astype(float)), _spread(np.log(losses[drawn]) if steep else losses[drawn])
    right, low = WIDTH - 3 * MARGIN, HEIGHT - MARGIN
    points = [(MARGIN / 4 + a * right, low - b * (low - MARGIN)) for a, b in zip(x, y, strict=True)]
    scale = ", in powers of ten" if steep else ""
    texts = [
        _text(points[0][0], MARGIN - 8, f"loss {_short(losses[0])}{scale}"),
        _text(points[-1][0] + 5, points[-1][1] + 4, _short(losses[-1])),
        _text(points[-1][0], HEIGHT - 4, f"after {after or epochs[-1]}", "end"),
    ]
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    said = f"The loss, {_short(losses[0])} at first and {_short(losses[-1])} at the end."
    return (
        f'<svg role="img" aria-label="{said}" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'style="max-width:100%"><polyline points="{path}" fill="none" stroke="currentColor" stroke-width="1.5"/>'
        f"{_dot(points[-1])}{''.join(texts)}</svg>"
    )


def _spread(values: NDArray[np.float64]) -> Iterable[float]:
    """From 0 to 1, from the least to the greatest."""
    low, high = values.min(), values.max()
    halves = values / 2 - low / 2  # of which even the largest numbers have a difference
    return (halves / (high / 2 - low / 2)).tolist() if high > low else np.zeros(len(values)).tolist()


def _short(value: float) -> str:
    return number(float(f"{value:.3g}"))


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="11" font-family="sans-serif" '
        f'fill="currentColor">{escape(words)}</text>'
    )


def _dot(point: tuple[float, float]) -> str:
    return f'<circle cx="{point[0]:.1f}" cy="{point[1]:.1f}" r="2.5" fill="currentColor"/>'
