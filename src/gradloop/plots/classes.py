"""How well a fit tells classes apart: their boundaries in the plane of two features, ROC curves, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradloop.errors import DataError, OptionError
from gradloop.inference import Fit, tells_classes
from gradloop.plots import style
from gradloop.plots.measurements import chosen_places
from gradloop.plots.rows import (
    along,
    class_names,
    class_probabilities,
    classes_of_target,
    in_units,
    outputs,
    rows_of,
    with_columns,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIDE = 120  # points along each side of the plane
BINS = 10  # of probabilities
MOST_CORNERS = 1000  # of a curve
NORMAL = 1.959963984540054  # 97.5 % of a normal distribution lies below
Array = Any


# ---- boundaries ----------------------------------------------------------------------------------------------


def boundaries(
    points: Array, labels: Array, plane: tuple[Array, Array, Array], *, names: tuple[str, str] = ("x₁", "x₂"),
    classes: Sequence[str] = (), axes: Axes | None = None,
) -> Axes:  # fmt: skip
    """Classes as markers in the plane of two features, and the lines on which the likeliest class changes.

    Args: points (n, 2); labels (n,), whole numbers from 0; plane, the two axes of a grid (p,), (q,) and on it the
    scores (q, p, classes), of which the greatest is predicted; names of the features; classes, their names by label.
    """
    axes = style.on(axes)
    inks = style.inks_of(axes)
    across, up, scores = plane
    labels, count = np.asarray(labels).astype(int), scores.shape[-1]
    classes = [*classes, *map(str, range(len(classes), count))]
    drawn, told = style.thinned(len(labels))
    for label in range(count):
        colour, marker = inks.series[label % len(inks.series)], style.MARKERS[label % len(style.MARKERS)]
        chosen = drawn[labels[drawn] == label]
        x, y = np.asarray(points)[chosen].T
        style.cloud(axes, x, y, colour, marker, label=style.fitting(axes, classes[label], 0.4))
        ahead = scores[..., label] - np.delete(scores, label, axis=-1).max(axis=-1)
        if ahead.max() > 0:
            axes.contourf(across, up, ahead, levels=[0, ahead.max()], colors=[colour], alpha=0.12)
        if ahead.min() < 0 < ahead.max():
            axes.contour(across, up, ahead, levels=[0], colors=inks.ink, linewidths=0.8)
    axes.set_xlim(across[0], across[-1])
    axes.set_ylim(up[0], up[-1])
    style.name_axes(axes, *names)
    legend = axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), fontsize=style.SMALL, handletextpad=0.3)
    for text, handle in zip(legend.get_texts(), legend.legend_handles, strict=True):
        text.set_color(inks.ink)
        handle.set_alpha(1)  # type: ignore[union-attr]
    style.remark(axes, told, share=0.6)
    return axes


def boundaries_of_fit(fit: Fit, features: tuple[str | int, ...], data: Any, y: Any, axes: Axes | None) -> Axes:
    """The boundaries of a fit in the plane of two features, the others at their means."""
    check_classes(fit, "boundaries")
    rows = rows_of(fit, data, y, "fit.plot.boundaries")
    places = chosen_places(fit, features)
    if len(places) != 2:
        raise OptionError("Boundaries are drawn in the plane of two features; name two that the fit has.")
    X = in_units(fit, rows.X)
    across, up = (along(X[:, place], SIDE, 0.05) for place in places)
    first, second = (part.ravel() for part in np.meshgrid(across, up))
    found = scores_of(fit, outputs(fit, with_columns(fit, rows, {places[0]: first, places[1]: second})))
    names = fit.feature_names[places[0]], fit.feature_names[places[1]]
    labels, plane = np.asarray(rows.y).astype(int), (across, up, found.reshape(SIDE, SIDE, -1))
    axes = boundaries(X[:, places], labels, plane, names=names, classes=class_names(fit, rows), axes=axes)
    if len(fit.feature_names) > 2:
        style.remark(axes, "the other features are held at their means", share=0.6)
    return axes


def scores_of(fit: Fit, y_hat: Array) -> Array:
    """A score for each class, (n, classes); the greatest is predicted."""
    if fit.loss.target == "label":
        return y_hat
    side = y_hat if fit.loss.name == "hinge" else y_hat - 0.5
    return np.stack([-side, side], axis=1)


def check_classes(fit: Fit, picture: str) -> None:
    if not tells_classes(fit.loss):
        raise OptionError(f"The picture {picture!r} is for classes; for quantities look at residuals and predicted.")


# ---- ROC -----------------------------------------------------------------------------------------------------


def roc(labels: Array, scores: Array, *, classes: Sequence[str] = (), axes: Axes | None = None) -> Axes:
    """Of each class, the share that is found against the share of the others taken for it, at every threshold.

    The area under a curve is the chance that a row of the class has a higher score than a row of another.

    Args: labels (n,), whole numbers from 0; scores (n,), higher for class 1, or (n, classes); classes, their names.

    Raises: DataError where a class has no row, or all.

    >>> axes = roc(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]))
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['1: area 0.75']

    Source: Fawcett, An introduction to ROC analysis, 2006.
    """
    axes = style.on(axes)
    inks = style.inks_of(axes)
    labels, scores = np.asarray(labels).astype(int), np.asarray(scores, np.float64)
    columns = {1: scores} if scores.ndim == 1 else dict(enumerate(scores.T))
    columns = {1: columns[1]} if len(columns) == 2 else columns
    axes.plot([0, 1], [0, 1], color=inks.faint, linewidth=0.8)
    for place, (label, score) in enumerate(columns.items()):
        wrong, right = roc_curve(labels == label, score)
        area = float(np.trapezoid(right, wrong))
        corners = np.unique(np.linspace(0, len(wrong) - 1, MOST_CORNERS).round().astype(int))
        colour = inks.series[place % len(inks.series)]
        dash = style.DASHES[place % len(style.DASHES)]
        name = f"{style.fitting(axes, classes[label] if classes else label, 0.4)}: area {style.short(area)}"
        axes.plot(wrong[corners], right[corners], color=colour, linestyle=dash, label=name, clip_on=False)
    box: dict[str, Any] = {"facecolor": inks.paper, "edgecolor": "none", "framealpha": 0.8}
    axes.legend(loc="lower right", fontsize=style.SMALL, labelcolor=inks.ink, frameon=True, **box)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.set_aspect("equal", "box")
    style.name_axes(axes, "share of others taken for it", "share found")
    return axes


def roc_curve(positive: Array, score: Array) -> tuple[Array, Array]:
    """False and true positive rates at every threshold from above all scores to below."""
    if positive.all() or not positive.any():
        raise DataError("A ROC curve needs rows of a class and rows of others, but all rows are of one; give both.")
    order = np.argsort(-score, kind="stable")
    last = np.append(np.diff(score[order]) != 0, True)  # rows of equal score pass a threshold together
    right, wrong = (np.append(0, np.cumsum(found)[last] / found.sum()) for found in (positive[order], ~positive[order]))
    return wrong, right


# ---- calibration ---------------------------------------------------------------------------------------------


def calibration(happened: Array, probability: Array, *, name: str = "1", axes: Axes | None = None) -> Axes:
    """How often it happened against how probable it was said to be, in ten groups of equally many rows.

    The lines are 95 % intervals (Wilson's): where they meet the diagonal, the probabilities can be believed.

    Args: happened (n,), true or false; probability (n,), from 0 to 1; name of what happened.

    >>> axes = calibration(np.array([0, 1, 0, 1]), np.array([0.5, 0.5, 0.5, 0.5]))
    >>> axes.lines[1].get_xydata().tolist()
    [[0.5, 0.5]]

    Source: Wilson, Probable inference, the law of succession, and statistical inference, 1927.
    """
    axes = style.on(axes)
    inks = style.inks_of(axes)
    said, share, low, high = groups(np.asarray(happened, bool), np.asarray(probability, np.float64))
    axes.plot([0, 1], [0, 1], color=inks.faint, linewidth=0.8, zorder=0)
    axes.vlines(said, low, high, color=inks.series[0], linewidth=1.4, alpha=0.6)
    axes.plot(said, share, "o", color=inks.series[0], markersize=4.5)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.set_aspect("equal", "box")
    style.name_axes(axes, f"predicted probability of {name}", f"share of {name}")
    style.remark(axes, f"{len(said)} groups of about {len(happened) // len(said):,} rows; lines: 95 % intervals")
    return axes


def groups(happened: Array, probability: Array) -> tuple[Array, Array, Array, Array]:
    """Mean probability, share and its interval in groups of equally many rows; equal probabilities stay together."""
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, BINS + 1)[1:-1], method="higher"))
    place = np.searchsorted(edges, probability, side="right")
    counts = np.bincount(place)
    kept = counts > 0
    n = counts[kept]
    share = np.bincount(place, happened)[kept] / n
    said = np.bincount(place, probability)[kept] / n
    middle = (share + NORMAL**2 / (2 * n)) / (1 + NORMAL**2 / n)
    reach = NORMAL / (1 + NORMAL**2 / n) * np.sqrt(share * (1 - share) / n + NORMAL**2 / (4 * n**2))
    return said, share, middle - reach, middle + reach


def calibration_of_fit(fit: Fit, of: Any, data: Any, y: Any, axes: Axes | None) -> Axes:
    """The calibration of one class: the second of two, or the one named."""
    rows = rows_of(fit, data, y, "fit.plot.calibration")
    found, names = class_probabilities(fit, rows.X), class_names(fit, rows)
    if of is None and len(names) > 2:
        raise OptionError(f"There are {len(names)} classes; say which one, such as of={names[0]!r} (in a shell --of).")
    if of is not None and str(of) not in names:
        raise OptionError(f"There is no class {of!r}; choose one of {', '.join(names[:6])}.")
    label = 1 if of is None else names.index(str(of))
    return calibration(rows.y == label, found[:, label], name=classes_of_target(fit, rows)[label], axes=axes)
