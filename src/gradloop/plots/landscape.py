"""The loss as a landscape: a curve over one parameter, or lines of equal height over two, with the path walked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradloop.errors import OptionError
from gradloop.inference import Fit
from gradloop.plots import objective, style
from gradloop.plots.objective import Objective
from gradloop.stop import Stop

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 101  # along a curve
SIDE = 41  # along each side of a surface
LEVELS = 9  # lines of equal height
ROOM = 0.25  # around what is to be seen
ELSEWHERE = (Stop.DIVERGED, Stop.EARLY)  # where the answer is not the last place, but the best on the way
Array = Any


# ---- one parameter -------------------------------------------------------------------------------------------


def loss_curve(
    X: Any, y: Any = None, model: Any = "linear", *, parameter: str = "w", values: Any = None,
    target: str | None = None, loss: str | Callable[..., Any] | None = None, start: Mapping[str, Any] | None = None,
    axes: Axes | None = None,
) -> Axes:  # fmt: skip
    """The mean loss against one parameter, the others at their start, as the first chapter draws it.

    Args: X, y, target, model, loss, start as for `gradloop.fit`; parameter, its name; values to try, None for
    some from -1 to 1.

    >>> X, y = np.array([[1.0], [2.0], [3.0]]), np.array([2.0, 4.0, 6.0])
    >>> axes = loss_curve(X, y, lambda x, w: x * w, start={"w": 1.0}, values=np.arange(0, 4.1, 0.1))
    >>> axes.get_xlabel(), axes.get_ylabel()
    ('w', 'mean squared loss')
    """
    given = objective.of_data(X, y, target, model, loss, start)
    place = given.place(parameter)
    tried = np.linspace(-1, 1, POINTS) if values is None else grid(values)
    losses = given.losses({place: tried}, given.problem.start)
    return curve(tried, losses, names=(given.labels[place], given.loss_name), axes=axes)


def grid(values: Any) -> Array:
    """Values to try, as numbers in order."""
    found = np.unique(np.asarray(values, np.float64))
    if found.ndim != 1 or len(found) < 2 or not np.isfinite(found).all():
        raise OptionError(f"values is {values!r}, but it must list two finite numbers or more to try.")
    return found


def curve(values: Array, losses: Array, *, names: tuple[str, str] = ("w", "loss"), axes: Axes | None = None) -> Axes:
    """Losses at the values of one parameter, the least of them marked."""
    axes = style.on(axes)
    inks = style.inks_of(axes)
    known = np.isfinite(losses)
    if not known.any():
        raise OptionError("The loss is not finite at any of the values; choose others.")
    marked = "o" if len(values) < POINTS else ""
    axes.plot(values[known], losses[known], color=inks.series[0], marker=marked, markersize=2.5, linewidth=1.2)
    best = int(np.argmin(np.where(known, losses, np.inf)))
    axes.plot(values[best], losses[best], marker="*", markersize=11, color=inks.series[1], linestyle="")
    if losses[known].min() >= 0:
        axes.set_ylim(bottom=0 - 0.03 * losses[known].max())
    low, high = axes.get_ylim()
    side = 1 if losses[best] - low < 0.25 * (high - low) else -1  # above the star, or below where there is room
    axes.annotate(
        f"{style.fitting(axes, names[0], 0.6)} = {style.short(values[best])}\nloss {style.short(losses[best])}",
        (values[best], losses[best]), (0, side * 10), textcoords="offset points", ha="center",
        va="bottom" if side > 0 else "top", fontsize=style.SMALL, color=inks.series[1], path_effects=style.halo(axes),
    )  # fmt: skip
    style.name_axes(axes, *names)
    return axes


def curve_of_fit(fit: Fit, parameter: str, values: Any, data: Any, y: Any, axes: Axes | None) -> Axes:
    """The loss around a fit's answer, the other parameters held where they are."""
    given = objective.of_fit(fit, data, y, "fit.plot.loss_curve")
    place = given.place(parameter)
    middle = float(given.problem.start[place])
    reach = 2 * abs(middle) or 1.0
    tried = np.linspace(middle - reach, middle + reach, POINTS) if values is None else grid(values)
    losses = given.losses({place: tried}, given.problem.start)
    axes = curve(tried, losses, names=(given.labels[place], given.loss_name), axes=axes)
    style.remark(axes, "the other parameters are held at the values found" if given.problem.start.size > 1 else "")
    return axes


# ---- two parameters ------------------------------------------------------------------------------------------


def surface(
    across: Array, up: Array, losses: Array, path: Array | None = None, *, names: tuple[str, str] = ("w", "b"),
    axes: Axes | None = None,
) -> Axes:  # fmt: skip
    """Lines of equal loss over two parameters, and the path that training walked from its ring to its dot.

    Args: across (p,), up (q,), values of the parameters; losses (p, q) at them; path (k, 2), parameters in the order
    in which they were reached.
    """
    axes = style.on(axes)
    contours(axes, across, up, losses)
    inks = style.inks_of(axes)
    if path is not None and len(path):
        walk(axes, path, inks.series[1])
    style.name_axes(axes, *names)
    return axes


def contours(axes: Axes, across: Array, up: Array, losses: Array) -> None:
    """Labelled lines of equal height, closer to each other in height near the bottom, so that a bowl looks like one."""
    inks = style.inks_of(axes)
    levels = heights(losses)
    axes.set_xlim(across[0], across[-1])
    axes.set_ylim(up[0], up[-1])
    if len(levels):
        lines = axes.contour(across, up, losses.T, levels=levels, colors=inks.faint, linewidths=0.8)
        style.height_labels(axes, lines, levels[1::2], fontsize=style.SMALL - 1, fmt=style.short)


def heights(losses: Array) -> Array:
    """Levels above the least loss that grow as squares: lines of a bowl at equal distances."""
    known = losses[np.isfinite(losses)]
    if not known.size:
        raise OptionError("The loss is not finite anywhere in this part of the surface; choose other values.")
    low, high = float(known.min()), float(known.max())
    return low + (high - low) * (np.arange(1, LEVELS + 1) / (LEVELS + 1)) ** 2 if high > low else np.zeros(0)


def walk(axes: Axes, path: Array, colour: str, marker: str = "o", dash: Any = "-", label: str = "") -> Any:
    """A path from a ring, its start, to a dot, its end, with its steps if they are few; a single point as a star."""
    path = np.asarray(path, np.float64)
    size = 3 if len(path) <= 100 else 0
    if len(path) == 1:
        return axes.plot(*path[0], marker="*", markersize=12, color=colour, linestyle="", label=label)[0]
    line = axes.plot(*path.T, color=colour, linestyle=dash, linewidth=1.2, marker=marker, markersize=size, label=label)
    axes.plot(*path[0], marker=marker, markersize=7, markerfacecolor="none", color=colour, linestyle="")
    axes.plot(*path[-1], marker=marker, markersize=6, color=colour, linestyle="")
    return line[0]


def surface_of_fit(fit: Fit, parameters: Sequence[str], data: Any, y: Any, axes: Axes | None) -> Axes:
    """The surface around a fit's answer, with the path from its history; other parameters are held where they are."""
    given = objective.of_fit(fit, data, y, "fit.plot.loss_surface")
    places = two_places(given, parameters)
    path = path_of(fit, given, places)
    across, up = around(path)
    losses = given.losses({places[0]: across, places[1]: up}, given.problem.start)
    names = given.labels[places[0]], given.labels[places[1]]
    axes = surface(across, up, losses, path, names=names, axes=axes)
    held = "the other parameters are held at the values found" if given.problem.start.size > 2 else ""
    unknown = "the path begins after its first epoch" if fit.examples is None and len(path) > 1 else ""
    style.remark(axes, f"lines: {given.loss_name}", unknown, held)
    return axes


def two_places(given: Objective, parameters: Sequence[str]) -> list[int]:
    """The two parameters of a surface: those named, or the only two that there are.

    Raises: OptionError unless they are two different ones.
    """
    size = given.problem.start.size
    if not parameters and size == 2:
        return [0, 1]
    if isinstance(parameters, str) or len(parameters) != 2:
        shown = ", ".join(given.labels[:4]) + (", …" if size > 4 else "")
        raise OptionError(f"A surface is over two of the {size} parameters ({shown}); name two.")
    places = [given.place(name) for name in parameters]
    if places[0] == places[1]:
        raise OptionError(f"A surface is over two different parameters, but {parameters[0]!r} is named twice.")
    return places


def path_of(fit: Fit, given: Objective, places: Sequence[int]) -> Array:
    """From the start, if it is still known, over the parameters kept in a fit's history to its answer: (k, 2)."""
    kept = [params for _, params in fit.history.params]
    begin = [fit.examples.start] if fit.examples is not None and len(kept) > 1 else []
    end = [] if kept and fit.stop in ELSEWHERE else [fit.trained_params]
    walked = [*begin, *kept, *end]
    flat = [np.concatenate([np.ravel(params[name]) for name in given.problem.names]) for params in walked]
    path = np.array(flat, np.float64)
    moved = [True, *(path[1:] != path[:-1]).any(axis=1)]
    return path[moved][:, list(places)]


def around(points: Array, more: float = ROOM) -> tuple[Array, Array]:
    """Values of two parameters that cover these points with room around them."""
    found = []
    for column in np.asarray(points, np.float64).T:
        low, high = float(column.min()), float(column.max())
        if high - low <= 1e-6 * max(abs(low), abs(high)):
            reach = abs(high) or 1.0
            low, high = low - reach, high + reach
        room = more * (high - low)
        found.append(np.linspace(low - room, high + room, SIDE))
    return found[0], found[1]
