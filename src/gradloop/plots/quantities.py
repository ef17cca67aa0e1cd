"""How well a fit describes quantities: residuals, predicted against true, and the coefficients with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gradloop.errors import OptionError
from gradloop.inference import Fit, tells_classes
from gradloop.metrics import r_squared
from gradloop.plots import style
from gradloop.statistics import Statistics

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 20  # of predictions, for the mean residual in each
FEWEST = 200  # rows for which such means are worth drawing
MOST_COEFFICIENTS = 40
LINES = 6.5  # names that have room in an inch, one above the other
END = 7  # letters of a name's end that are kept: "Neighb…=Gilbert"
Per = Literal["unit", "deviation"]
Array = Any


def residuals(y: Array, y_hat: Array, *, name: str = "y", axes: Axes | None = None) -> Axes:
    """What the predictions miss, y - ŷ, against the predictions: without a pattern where the model is right.

    With 200 rows or more a line follows the mean residual.

    Args: y (n,), the true values; y_hat (n,), the predictions; name of the target.

    >>> residuals(np.array([1.0, 2.0]), np.array([1.5, 2.0])).get_xlabel()
    'predicted y'
    """
    axes = style.on(axes)
    inks = style.inks_of(axes)
    y, y_hat = np.asarray(y, np.float64), np.asarray(y_hat, np.float64)
    missed = y - y_hat
    drawn, told = style.thinned(len(y))
    style.cloud(axes, y_hat[drawn], missed[drawn], inks.series[0])
    axes.axhline(0, color=inks.faint, linewidth=0.8, zorder=0)
    followed = ""
    if len(y) >= FEWEST:
        axes.plot(*running_mean(y_hat, missed), color=inks.series[1], linewidth=1.4)
        followed = f"line: mean residual in {BINS} groups of equally many rows"
    style.name_axes(axes, f"predicted {name}", f"residual of {name}")
    style.remark(axes, followed, told)
    return axes


def running_mean(x: Array, y: Array) -> tuple[Array, Array]:
    """The means of both in groups of equally many rows, in the order of x."""
    order = np.argsort(x, kind="stable")
    groups = np.array_split(order, BINS)
    return np.array([x[group].mean() for group in groups]), np.array([y[group].mean() for group in groups])


def predicted(y: Array, y_hat: Array, *, name: str = "y", axes: Axes | None = None) -> Axes:
    """The predictions against the true values: on the line where they are right.

    Args: y (n,), the true values; y_hat (n,), the predictions; name of the target.

    >>> predicted(np.array([1.0, 2.0]), np.array([1.5, 2.0])).get_ylabel()
    'predicted y'
    """
    axes = style.on(axes)
    inks = style.inks_of(axes)
    y, y_hat = np.asarray(y, np.float64), np.asarray(y_hat, np.float64)
    drawn, told = style.thinned(len(y))
    style.cloud(axes, y[drawn], y_hat[drawn], inks.series[0])
    seen = np.concatenate([y[drawn], y_hat[drawn]])
    ends = seen.min(), seen.max()
    axes.plot(ends, ends, color=inks.faint, linewidth=0.8, zorder=0)
    axes.annotate(
        "predicted = true", (ends[1], ends[1]), (-4, 0), textcoords="offset points", ha="right", va="center",
        fontsize=style.SMALL, color=inks.faint,
    )  # fmt: skip
    axes.set_aspect("equal", "box")
    axes.locator_params(nbins=4)  # a square may be narrow
    style.name_axes(axes, f"true {name}", f"predicted {name}")
    style.remark(axes, f"R² {r_squared(y, y_hat):.3g}", told)
    return axes


# ---- coefficients --------------------------------------------------------------------------------------------


def coefficients(
    names: tuple[str, ...], estimate: Array, lower: Array | None = None, upper: Array | None = None, *,
    quantity: str = "coefficient", level: float = 0.95, axes: Axes | None = None,
) -> Axes:  # fmt: skip
    """Coefficients as points on lines, from the greatest to the least, with their intervals; zero is marked.

    A point is hollow where its interval contains zero or is not known. Of many those farthest from zero are drawn, as
    many as have room, and at most 40.

    Args: names and estimate (p,); lower and upper (p,), NaN where not known; quantity along the axis; level of the
    intervals.

    >>> ends = np.array([-1.0, 0.5]), np.array([1.0, 2.5])
    >>> [label.get_text() for label in coefficients(("a", "b"), np.array([0.0, 1.5]), *ends).get_yticklabels()]
    ['a', 'b']
    """
    axes = style.on(axes)
    inks = style.inks_of(axes)
    estimate = np.asarray(estimate, np.float64)
    low, high = (estimate if end is None else np.asarray(end, np.float64) for end in (lower, upper))
    room = int(axes.get_position().height * style.figure_of(axes).get_figheight() * LINES)
    largest = np.argsort(-np.abs(estimate), kind="stable")[: min(MOST_COEFFICIENTS, max(room, 1))]
    order = largest[np.argsort(estimate[largest], kind="stable")]
    axes.axvline(0, color=inks.faint, linewidth=0.8, zorder=0)
    axes.hlines(np.arange(len(order)), low[order], high[order], color=inks.series[0], linewidth=1.4)
    sure = ((low > 0) | (high < 0))[order]  # never where the ends are not known
    for filled in (True, False):
        face = inks.series[0] if filled else inks.paper
        chosen = np.flatnonzero(sure == filled)
        axes.plot(
            estimate[order][chosen], chosen, "o", markersize=4.5, markerfacecolor=face, markeredgecolor=inks.series[0]
        )
    style.short_ticks(axes)
    axes.set_yticks(np.arange(len(order)), [style.fitting(axes, names[place], 0.4, END) for place in order])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-0.6, len(order) - 0.4)
    axes.set_xlabel(style.wrapped(axes, style.plain(quantity, 100), 0.85), loc="right")
    cut = f"the {len(order)} of {len(estimate)} farthest from zero" if len(order) < len(estimate) else ""
    bars = f"lines: {100 * level:g} % intervals; hollow where they contain 0" if lower is not None else ""
    style.remark(axes, bars, cut)
    return axes


def coefficients_of_fit(fit: Fit, per: Per | None, axes: Axes | None) -> Axes:
    """The coefficients of a fit without its intercept, each times the standard deviation of its column if asked."""
    if per not in (None, "unit", "deviation"):
        raise OptionError(f"per is {per!r}, but it must be 'unit' or 'deviation'.")
    table = fit.preparation is not None and set(fit.params) == {"w", "b"} and np.ndim(fit.params["w"]) == 1
    if per == "deviation" and not table:
        raise OptionError("The standard deviations of the columns are known for linear fits to tables; leave out per.")
    names, estimate, lower, upper, level = described(fit)
    kept = [place for place, name in enumerate(names) if not name.startswith("(intercept)")]
    names = tuple(names[place] for place in kept)
    scale, quantity = np.ones(len(kept)), "value"
    if fit.preparation is not None and table:
        sizes = dict(zip(fit.feature_names, fit.preparation.scale.tolist(), strict=True))
        if per != "unit":
            scale = np.array([sizes[name] for name in names])
        step = "unit" if per == "unit" else "standard deviation"
        quantity = f"change of {changed(fit)} per {step} of the column"
    low, high = (None if end is None else end[kept] * scale for end in (lower, upper))
    axes = coefficients(names, estimate[kept] * scale, low, high, quantity=quantity, level=level, axes=axes)
    if fit.preparation is not None and any(feature.kind != "number" for feature in fit.preparation.used):
        style.remark(axes, "text and truth values: from 0 to 1")
    return axes


def changed(fit: Fit) -> str:
    """What the coefficients add to: the target, or what the model turns into it."""
    target = "y" if fit.preparation is None else fit.preparation.target_name[:24]
    if tells_classes(fit.loss):
        odds = "score" if fit.loss.name == "hinge" else "log odds"
        return f"the {odds} of {str(fit.classes[1])[:24] if fit.classes else 1}"
    return f"log {target}" if fit.loss.name == "poisson" else target


def described(fit: Fit) -> tuple[tuple[str, ...], Array, Array | None, Array | None, float]:
    """Names, estimates, ends of the intervals and their level: from the statistics, or the bare parameters."""
    found: Statistics | None = fit.statistics
    if found is not None:
        return found.name, found.estimate, found.lower, found.upper, found.level
    names, values = [], []
    for name, value in fit.params.items():
        for index in np.ndindex(np.shape(value)):
            own = name == "w" and np.shape(value) == (len(fit.feature_names),)
            shown = fit.feature_names[index[0]] if own else f"{name}[{', '.join(map(str, index))}]" if index else name
            names.append("(intercept)" if shown == "b" else shown)
            values.append(float(value[index]))
    return tuple(names), np.array(values), None, None, 0.95
