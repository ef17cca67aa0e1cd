"""All ways of fitting on one surface: exhaustive search is the map, the closed form a star, descent and SGD paths."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradloop.data.words import counted
from gradloop.errors import OptionError
from gradloop.optimizers import sgd
from gradloop.plots import objective, style
from gradloop.plots.landscape import around, contours, two_places, walk
from gradloop.plots.objective import Objective
from gradloop.problem import Problem
from gradloop.solvers.auto import choose
from gradloop.solvers.curvature import derived_rate, stable_rate
from gradloop.solvers.exhaustive import Axis, Search
from gradloop.solvers.gradient_descent import GradientDescent
from gradloop.solvers.minibatch import Minibatch, Run
from gradloop.text import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIDE = 25  # values of each parameter that the exhaustive search tries
DESCENT, EPOCHS = 60, 3  # steps of gradient descent, epochs of SGD
STEPS = 400  # of SGD's path at most
NARROW = 5.0  # inches, below which the legend stands under the picture
Array = Any


class Method(NamedTuple):
    """One way of fitting: where it went, and what that took."""

    name: str
    path: Array  # (k, 2): one point for a method that jumps
    loss: float
    rows: int  # of data touched
    seconds: float  # without compiling

    @property
    def told(self) -> str:
        """The lines beside the picture."""
        return f"{self.name}\n{self.rows:,} rows, {span(self.seconds)}, loss {style.short(self.loss)}"


class Map(NamedTuple):
    """What the exhaustive search saw: the values it tried, (p,) and (q,), and the losses there, (p, q)."""

    across: Array
    up: Array
    losses: Array


def methods(
    X: Any, y: Any = None, *, target: str | None = None, model: Any = "linear",
    loss: str | Callable[..., Any] | None = None, start: Mapping[str, Any] | None = None,
    parameters: Sequence[str] = (), batch_size: int = 10, seed: int = 0, leave_out: Iterable[str] = (),
    missing: str = "error", axes: Axes | None = None,
) -> Axes:  # fmt: skip
    """The same data fitted in every way, on one surface of the loss, with rows touched and seconds beside.

    Exhaustive search is the map, square by square. The star is the closed form, or whichever solver suits the
    problem. Gradient descent takes all rows for each step, SGD a few: each of its steps is drawn.

    Args: X, y, target, model, loss, start, seed, leave_out, missing as for `gradloop.fit`; parameters, the two to look
    at, if there are more: the others are then held at their best; batch_size of SGD.

    Raises: OptionError for parameters that are not two, or a batch larger than the data.

    >>> X = np.array([[-1.0], [0.0], [1.0], [2.0]])
    >>> axes = methods(X, 2 * X[:, 0] + 1, batch_size=2)
    >>> axes.get_xlabel(), axes.get_ylabel()
    ('w', 'b')
    """
    given = objective.of_data(X, y, target, model, loss, start, leave_out, missing)
    places = two_places(given, parameters)
    best, answer = suited(given.problem, places)
    if given.problem.start.size > 2:
        given = holding(given, places, answer)
    others = [descent(given.problem, places), stochastic(given.problem, places, batch_size, seed)]
    across, up = around(np.concatenate([best.path, *(other.path for other in others)]))
    seen, searched = exhaustive(given, places, across[[0, -1]], up[[0, -1]])
    names = given.labels[places[0]], given.labels[places[1]]
    axes = compared(seen, [searched, best, *others], names=names, axes=axes)
    held = "the other parameters are held at their best" if given.problem.start.size > 2 else ""
    style.remark(axes, f"lines: {given.loss_name}", held)
    return axes


def compared(
    seen: Map, found: Sequence[Method], *, names: tuple[str, str] = ("w", "b"), axes: Axes | None = None
) -> Axes:
    """The numbers of `methods` as a picture: the search first, then methods that jump to a point or walk a path."""
    from matplotlib.colors import LinearSegmentedColormap, PowerNorm
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    axes = style.on(axes)
    inks = style.inks_of(axes)
    shades = LinearSegmentedColormap.from_list("loss", [inks.paper, mixed(inks.paper, inks.faint)])
    known = seen.losses[np.isfinite(seen.losses)]
    axes.pcolormesh(
        seen.across, seen.up, seen.losses.T, cmap=shades, norm=PowerNorm(0.5, known.min(), known.max()), rasterized=True
    )
    contours(axes, *seen)
    axes.set_xlim(*edges(seen.across))
    axes.set_ylim(*edges(seen.up))
    handles: list[Any] = [Patch(facecolor=shades(0.6), edgecolor="none", label=found[0].told)]
    for place, method in enumerate(found[1:]):
        colour, marker = inks.series[place], style.MARKERS[place]
        if len(method.path) > 1:
            handles.append(walk(axes, method.path, colour, marker, style.DASHES[place - 1], method.told))
        else:
            star: dict[str, Any] = {
                "marker": "*",
                "markersize": 13,
                "linestyle": "",
                "color": colour,
                "markeredgecolor": inks.paper,
            }
            axes.plot(*method.path[0], zorder=5, **star)
            handles.append(Line2D([], [], label=method.told, **star))
    style.name_axes(axes, *names)
    beside(axes, handles)
    return axes


def mixed(paper: str, ink: str) -> str:
    """Halfway from one colour to another."""
    from matplotlib.colors import to_hex, to_rgb

    red, green, blue = (np.add(to_rgb(paper), to_rgb(ink)) / 2).tolist()
    return to_hex((red, green, blue))


def beside(axes: Axes, handles: Sequence[Any]) -> None:
    """The legend at the right of a wide picture; under a narrow one, below the words there, and in fewer lines."""
    from matplotlib.transforms import ScaledTranslation

    ink, figure = style.inks_of(axes).ink, style.figure_of(axes)
    if figure.get_figwidth() >= NARROW:
        axes.legend(
            handles=handles,
            fontsize=style.SMALL,
            labelcolor=ink,
            labelspacing=1,
            loc="upper left",
            bbox_to_anchor=(1.02, 1),
        )
        return
    below = axes.transAxes + ScaledTranslation(0, -0.7, figure.dpi_scale_trans)
    lines = [handle.get_label().rpartition(", loss")[0].split("\n") for handle in handles]
    labels = [f"{name.partition(',')[0]}: {cost}" for name, cost in lines]
    axes.legend(
        handles, labels, fontsize=style.SMALL - 1, labelcolor=ink, labelspacing=0.2, loc="upper left", borderpad=0,
        bbox_to_anchor=(0, 0), bbox_transform=below, handlelength=1.5,
    )  # fmt: skip


def edges(values: Array) -> tuple[float, float]:
    """The outer sides of the squares around the first and the last value."""
    return 1.5 * values[0] - 0.5 * values[1], 1.5 * values[-1] - 0.5 * values[-2]


def span(seconds: float) -> str:
    """A time with its unit.

    >>> span(2.5), span(0.0021), span(3.2e-5)
    ('2.5 s', '2.1 ms', '32 µs')
    """
    for size, unit in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= size:
            return f"{number(float(f'{seconds / size:.2g}'))} {unit}"
    return f"{number(float(f'{seconds / 1e-6:.2g}'))} µs"


# ---- the runs ------------------------------------------------------------------------------------------------


def suited(problem: Problem, places: Sequence[int]) -> tuple[Method, Array]:
    """The answer of the solver that suits the problem, and all its parameters."""
    solver, _ = choose(problem)
    solver.solve(problem)  # so that what is compiled is compiled
    begun = time.perf_counter()
    solution = solver.solve(problem)
    seconds = time.perf_counter() - begun
    history = solution.history
    rows = int(history["rows"][-1]) if len(history) else len(problem.X)
    value = problem.objective(solution.params)[0]
    name = {"ClosedForm": "closed form", "LBFGS": "L-BFGS", "GaussNewton": "Gauss–Newton"}.get(
        type(solver).__name__, type(solver).__name__.lower()
    )
    return Method(name, solution.params[None, places], value, rows, seconds), solution.params


def holding(given: Objective, places: Sequence[int], answer: Array) -> Objective:
    """The same problem, from where the other parameters are at their best."""
    start = answer.copy()
    start[places] = given.problem.start[places]
    return replace(given, problem=replace(given.problem, start=start))


def descent(problem: Problem, places: Sequence[int]) -> Method:
    """Gradient descent at a tenth of the stable rate: slow enough to be watched."""
    bound = stable_rate(problem, problem.start)
    rate = bound / 10 if 0 < bound < np.inf else None
    solver = GradientDescent(rate, momentum=False, iterations=DESCENT, tolerance=1e-15)
    solver.solve(problem)
    history = solver.solve(problem).history
    return walked(f"gradient descent, {counted(len(history), 'step')}", problem, history, history.params, places)


def walked(name: str, problem: Problem, history: Any, snapshots: Any, places: Sequence[int]) -> Method:
    flat = [np.concatenate([np.ravel(params[name]) for name in problem.names]) for _, params in snapshots]
    path = np.array([problem.start, *flat])[:, places]
    return Method(name, path, float(history["loss"][-1]), int(history["rows"][-1]), float(history["seconds"][-1]))


def stochastic(problem: Problem, places: Sequence[int], batch_size: int, seed: int) -> Method:
    """Minibatch SGD: loss, rows and seconds of a run of whole epochs, and the path of the same run step by step."""
    rate = derived_rate(problem, problem.start, batch_size)
    solver = Minibatch(sgd(rate), batch_size, EPOCHS)
    size = solver.rows_in_a_batch(len(problem.X))
    solver.solve(problem, seed)
    history = solver.solve(problem, seed).history
    run = Run(problem, sgd(rate), size, EPOCHS, True, seed, None)
    program, path = problem.program(run.loop), [problem.start.copy()]
    for step in range(min(EPOCHS * run.batches, STEPS)):
        program.train(problem.rows, size, step, step + 1, seed, run.numbers, run.params, run.state)
        path.append(run.params.copy())
    name = f"SGD, {EPOCHS} epochs of {run.batches} batches"
    where = np.array(path)[:, places]
    return Method(name, where, float(history["loss"][-1]), int(history["rows"][-1]), float(history["seconds"][-1]))


def exhaustive(given: Objective, places: Sequence[int], across: Array, up: Array) -> tuple[Map, Method]:
    """The search over a grid between these bounds."""
    axes = tuple(
        Axis(given.labels[place], place, np.linspace(ends[0], ends[1], SIDE))
        for place, ends in zip(places, (across, up), strict=True)
    )
    search = Search(given.problem, axes, 0, None)
    _ = search.program
    begun = time.perf_counter()
    losses = search.losses().reshape(SIDE, SIDE)
    seconds = time.perf_counter() - begun
    if not np.isfinite(losses).any():
        raise OptionError("The loss is not finite anywhere on the surface; scale the data.")
    best = np.unravel_index(np.nanargmin(np.where(np.isfinite(losses), losses, np.nan)), losses.shape)
    where = np.array([[axis.values[i] for axis, i in zip(axes, best, strict=True)]])
    name = f"exhaustive search, {SIDE} × {SIDE} points"
    return (
        Map(axes[0].values, axes[1].values, losses),
        Method(name, where, float(losses[best]), search.touched, seconds),
    )
