"""Data with what was fitted to them: a line or a law with its error band, or a surface as lines of equal height."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradloop.errors import OptionError
from gradloop.inference import Fit, tells_classes
from gradloop.plots import style
from gradloop.plots.rows import (
    Rows,
    along,
    in_units,
    outputs,
    place_of,
    problem_of,
    rows_of,
    target_name,
    with_columns,
)
from gradloop.problem import Problem
from gradloop.solvers.nonlinear.residuals import Residuals, uncertainty
from gradloop.statistics import with_tests

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CROWD = 500  # points from which on large ones would hide the others
LEVELS = 7  # lines of equal height
SIDE = 60  # points along each side of a surface
LEVEL = 0.95  # of the error band
Array = Any


class Line(NamedTuple):
    """A fitted line: at x, the values, and where it lies with some confidence."""

    x: Array
    y: Array
    lower: Array | None = None
    upper: Array | None = None


def data(
    x: Array, y: Array, line: Line | None = None, *, names: tuple[str, str] = ("x", "y"), remark: str = "",
    axes: Axes | None = None,
) -> Axes:  # fmt: skip
    """Points, and the line or law that was fitted to them with its error band.

    Args: x (n,) and y (n,), the measurements; line, what was fitted; names of the two quantities, with their units;
    remark, small words below; axes to draw on, or None for new ones.

    >>> data(np.arange(3.0), np.array([1.0, 3.1, 4.9]), Line(np.array([0.0, 2.0]), np.array([1.0, 5.0]))).get_xlabel()
    'x'
    """
    axes = style.on(axes)
    inks = style.inks_of(axes)
    drawn, told = style.thinned(len(x))
    style.cloud(axes, np.asarray(x)[drawn], np.asarray(y)[drawn], inks.faint if line is not None else inks.series[0])
    banded = ""
    if line is not None:
        if line.lower is not None and line.upper is not None:
            axes.fill_between(line.x, line.lower, line.upper, color=inks.series[0], alpha=0.25, linewidth=0)
            banded = f"band: {100 * LEVEL:g} % confidence, of the line and not of the points"
        axes.plot(line.x, line.y, color=inks.series[0])
    style.name_axes(axes, *names)
    style.remark(axes, remark, banded, told)
    return axes


def surface(
    points: Array, y: Array, heights: tuple[Array, Array, Array], *, names: tuple[str, str, str] = ("x₁", "x₂", "y"),
    axes: Axes | None = None,
) -> Axes:  # fmt: skip
    """Points in the plane of two features, and the fitted surface as labelled lines of equal height.

    A point above the surface is filled, one below is hollow; its size says how far.

    Args: points (n, 2); y (n,); heights, the two axes of a grid (p,), (q,) and the surface on it (q, p), which must
    cover the points; names of the features and of the target.
    """
    axes = style.on(axes)
    inks = style.inks_of(axes)
    across, up, values = heights
    lines = axes.contour(across, up, values, levels=LEVELS, colors=inks.faint, linewidths=0.9, linestyles="-")
    style.height_labels(axes, lines, fontsize=style.SMALL)
    drawn, told = style.thinned(len(y))
    points, y = np.asarray(points)[drawn], np.asarray(y)[drawn]
    distance = y - bilinear(points, across, up, values)
    size = 4 + (60 if len(y) <= CROWD else 25) * np.abs(distance) / max(
        float(np.max(np.abs(distance))), np.finfo(float).tiny
    )
    for above, colour in ((True, inks.series[1]), (False, inks.series[0])):
        chosen = (distance >= 0) == above
        face = colour if above else "none"
        axes.scatter(
            points[chosen, 0], points[chosen, 1], s=size[chosen], facecolors=face, edgecolors=colour, linewidths=0.9,
            alpha=0.8, rasterized=len(y) > 1000,
        )  # fmt: skip
    style.name_axes(axes, names[0], names[1])
    what = f"lines: fitted {style.fitting(axes, names[2], 0.7)}"
    style.remark(axes, what, "points: filled above, hollow below, larger farther away", told)
    return axes


def bilinear(points: Array, across: Array, up: Array, values: Array) -> Array:
    """The surface of a grid between its points."""
    found = []
    for coordinates, grid in ((points[:, 0], across), (points[:, 1], up)):
        place = np.clip(np.searchsorted(grid, coordinates) - 1, 0, len(grid) - 2)
        found.append((place, (coordinates - grid[place]) / (grid[place + 1] - grid[place])))
    (i, a), (j, b) = found
    low = values[j, i] * (1 - a) + values[j, i + 1] * a
    high = values[j + 1, i] * (1 - a) + values[j + 1, i + 1] * a
    return low * (1 - b) + high * b


# ---- of a fit ------------------------------------------------------------------------------------------------


def of_fit(fit: Fit, data: Any, y: Any, features: tuple[str | int, ...], axes: Axes | None) -> Axes:
    """The picture of a fit: of its one or two features, or of those chosen, with the others at their means."""
    rows = rows_of(fit, data, y, "fit.plot.data")
    places = chosen_places(fit, features)
    if fit.loss.target == "label":
        raise OptionError("A softmax model has a prediction for each class; look at fit.plot.boundaries().")
    if len(places) == 1:
        return line_of_fit(fit, rows, places[0], axes)
    return surface_of_fit(fit, rows, places, axes)


def chosen_places(fit: Fit, features: tuple[str | int, ...]) -> list[int]:
    """One or two columns."""
    count = len(fit.feature_names)
    if not features and count > 2:
        raise OptionError(
            f"The fit has {count} features; choose one or two, such as features=[{fit.feature_names[0]!r}] (in a shell "
            f"--feature), and the others are held at their means."
        )
    places = [place_of(fit, feature) for feature in features] or list(range(count))
    if len(places) > 2 or len(set(places)) < len(places):
        raise OptionError("A picture shows one or two different features; choose as many.")
    return places


def line_of_fit(fit: Fit, rows: Rows, place: int, axes: Axes | None) -> Axes:
    """Measurements of one feature; where there are others, each point is moved to where it would be at their means."""
    x = in_units(fit, rows.X)[:, place]
    grid = along(x)
    at = with_columns(fit, rows, {place: grid})
    several = len(fit.feature_names) > 1
    moved = rows.y
    if several and not tells_classes(fit.loss):
        moved = outputs(fit, with_columns(fit, rows, {place: x})) + rows.y - outputs(fit, rows.X)
    lower, upper = band(problem_of(fit, rows), at) if fit.loss.name == "squared" else (None, None)
    target = f"probability of {fit.classes[1]}" if fit.classes else target_name(fit)
    told = "the other features are held at their means" if several else ""
    line = Line(grid, outputs(fit, at), lower, upper)
    return data(x, moved, line, names=(fit.feature_names[place], target), remark=told, axes=axes)


def surface_of_fit(fit: Fit, rows: Rows, places: list[int], axes: Axes | None) -> Axes:
    """Measurements of two features, moved like those of one."""
    X = in_units(fit, rows.X)
    across, up = (along(X[:, place], SIDE, 0.02) for place in places)
    first, second = (part.ravel() for part in np.meshgrid(across, up))
    values = outputs(fit, with_columns(fit, rows, {places[0]: first, places[1]: second})).reshape(SIDE, SIDE)
    y = rows.y
    if len(fit.feature_names) > 2 and not tells_classes(fit.loss):
        y = outputs(fit, with_columns(fit, rows, {p: X[:, p] for p in places})) + y - outputs(fit, rows.X)
    names = (fit.feature_names[places[0]], fit.feature_names[places[1]], target_name(fit))
    return surface(X[:, places], y, (across, up, values), names=names, axes=axes)


def band(problem: Problem, X: Array) -> tuple[Array | None, Array | None]:
    """Where the fitted line lies with 95 % confidence, at each row of X; None where the data do not tell.

        ŷ ± t · √(jᵀ C j),  with j = ∂ŷ/∂params and C their covariance

    The line of a law is taken as straight in its parameters within their errors.

    Source: Bates and Watts, Nonlinear Regression Analysis and Its Applications, 1988, section 2.3.
    """
    flat = problem.start
    found = uncertainty(problem, flat)
    if found.degrees_of_freedom <= 0 or not found.identified.all():
        return None, None
    X = np.ascontiguousarray(X, problem.X.dtype)
    ones = np.ones(len(X), problem.y.dtype)
    weights = None if problem.weights is None else ones
    slopes = Residuals(replace(problem, X=X, y=ones, weights=weights)).jacobian(flat)
    spread = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", slopes, found.covariance, slopes), 0))
    middle = problem.predict(flat, X).astype(np.float64).reshape(len(X))
    whole = with_tests(
        [""] * len(X), middle, spread, np.ones(len(X), bool), "classical", LEVEL, len(problem.X),
        float(found.degrees_of_freedom),
    )  # fmt: skip
    return whole.lower, whole.upper
