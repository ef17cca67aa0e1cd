"""How training went: the loss from epoch to epoch, and what the learning rate does to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gradloop.errors import OptionError
from gradloop.history import History
from gradloop.inference import Fit
from gradloop.plots import objective, style
from gradloop.solvers.curvature import stable_rate
from gradloop.solvers.gradient_descent import GradientDescent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEEP = 100.0  # losses that differ by more than this factor get a scale of powers of ten
ROOM = 1.05  # above the greatest loss
Against = Literal["epoch", "rows", "seconds"]
UNITS = {"epoch": "epoch", "rows": "rows touched", "seconds": "seconds"}
Array = Any


def loss(
    runs: Fit | History | Mapping[str, Fit | History], *, against: Against = "epoch", name: str = "loss",
    axes: Axes | None = None,
) -> Axes:  # fmt: skip
    """The loss of all rows at the end of each epoch; of several runs, one labelled line each.

    Args: runs, a fit or its history, or several by their names; against, what runs along the axis: "epoch", "rows"
    touched or "seconds"; name of the loss.

    Raises: OptionError for runs without a history.
    """
    if against not in UNITS:
        raise OptionError(f"against is {against!r}, but it must be one of {', '.join(UNITS)}.")
    several = runs if isinstance(runs, Mapping) else {"": runs}
    records = {label: run if isinstance(run, History) else run.history for label, run in several.items()}
    records = {label: record for label, record in records.items() if np.isfinite(record["loss"]).any()}
    if not any(len(record) > 1 for record in records.values()):
        raise OptionError(
            "There is no course of the loss to draw: its record holds fewer than two values; train for more epochs, or "
            'with a solver that takes steps, such as solver="gradient_descent".'
        )
    axes = style.on(axes)
    inks = style.inks_of(axes)
    ends = []
    for place, (label, record) in enumerate(records.items()):
        colour, dash = inks.series[place % len(inks.series)], style.DASHES[place % len(style.DASHES)]
        known = np.isfinite(record["loss"])
        x, y = record[against][known], record["loss"][known]
        axes.plot(x, y, color=colour, linestyle=dash, marker="o" if len(x) <= 30 else "", markersize=3)
        ends.append(
            (float(x[-1]), float(y[-1]), f"{style.fitting(axes, label, 0.3)} {style.short(y[-1])}".strip(), colour)
        )
    found = np.concatenate([record["loss"] for record in records.values()])
    steep_scale(axes, found[np.isfinite(found)])
    whole_numbers(axes, against)
    style.name_axes(axes, unit_of(records, against), name)
    style.end_labels(axes, ends)
    return axes


def unit_of(records: Mapping[str, History], against: Against) -> str:
    """Epochs for a solver that has a learning rate, iterations for the others."""
    rates = np.concatenate([record["learning_rate"] for record in records.values()])
    return "iteration" if against == "epoch" and np.isnan(rates).all() else UNITS[against]


def steep_scale(axes: Axes, losses: Array) -> None:
    """Powers of ten where losses are positive and far apart; zero below where they are not negative."""
    if losses.min() > 0 and losses.max() > STEEP * losses.min():
        axes.set_yscale("log")
    elif losses.min() >= 0:
        axes.set_ylim(0, ROOM * losses.max() or 1)


def whole_numbers(axes: Axes, against: Against) -> None:
    from matplotlib.ticker import MaxNLocator

    if against != "seconds":
        axes.xaxis.set_major_locator(MaxNLocator(max(2, int(style.figure_of(axes).get_figwidth()) - 1), integer=True))


# ---- learning rates ------------------------------------------------------------------------------------------


def learning_rates(
    X: Any, y: Any = None, rates: Sequence[float] | None = None, *, target: str | None = None, model: Any = "linear",
    loss: str | Callable[..., Any] | None = None, start: Mapping[str, Any] | None = None,
    after: Sequence[int] = (1, 10, 100), leave_out: Iterable[str] = (), missing: str = "error",
    axes: Axes | None = None,
) -> Axes:  # fmt: skip
    """What gradient descent reaches with each learning rate, beside the bound beyond which it is not stable.

        bound = 2 / λmax,  λmax the largest curvature of the objective at the start

    Each rate is one run of gradient descent on all rows, without momentum; a run that leaves for infinity leaves the
    picture at its upper edge.

    Args: X, y, target, model, loss, start, leave_out, missing as for `gradloop.fit`; rates to try, None for some on
    both sides of the bound; after how many steps to look.

    Raises: OptionError for rates that are not positive numbers, or an objective without curvature.

    >>> X = np.array([[-1.0], [1.0]])
    >>> learning_rates(X, np.array([-2.0, 2.0]), rates=[0.5, 1.0, 2.5]).get_xlabel()
    'learning rate'

    Source: Goh, Why momentum really works, Distill, 2017.
    """
    given = objective.of_data(X, y, target, model, loss, start, leave_out, missing)
    bound = stable_rate(given.problem, given.problem.start)
    if not 0 < bound < np.inf:
        raise OptionError("The objective is not curved at the start, so that there is no bound to compare with.")
    chosen = np.unique(bound * np.geomspace(1e-3, 2, 23) if rates is None else checked(rates))
    steps = sorted(set(after))
    if not steps or not all(isinstance(step, (int, np.integer)) and step >= 1 for step in steps):
        raise OptionError(f"after is {after!r}, but it must list whole numbers of steps from 1.")
    begin = given.problem.objective(given.problem.start)[0]
    found = np.array([reached(given, float(rate), steps) for rate in chosen])
    return rates_and_bound(chosen, found, steps, bound, begin, given.loss_name, axes)


def checked(rates: Sequence[float]) -> Array:
    found = np.asarray(rates, np.float64)
    if found.ndim != 1 or not found.size or not (np.isfinite(found) & (found > 0)).all():
        raise OptionError(f"rates is {rates!r}, but it must list positive numbers, such as [0.01, 0.1, 1].")
    return found


def reached(given: objective.Objective, rate: float, steps: Sequence[int]) -> list[float]:
    """The loss after so many steps; infinite once a run has diverged, and its last where it could go no further."""
    solver = GradientDescent(rate, momentum=False, iterations=steps[-1], tolerance=1e-15)
    with np.errstate(over="ignore", invalid="ignore"):
        solution = solver.solve(given.problem)
    losses = solution.history["loss"]
    diverged = solution.stop.name == "DIVERGED"
    rest = np.inf if diverged or not len(losses) else losses[-1]
    return [float(losses[step - 1]) if step <= len(losses) else float(rest) for step in steps]


def rates_and_bound(
    rates: Array, losses: Array, steps: Sequence[int], bound: float, begin: float, name: str = "loss",
    axes: Axes | None = None,
) -> Axes:  # fmt: skip
    """The numbers of `learning_rates` as a picture: losses (rates, steps), and the loss at the start."""
    axes = style.on(axes)
    inks = style.inks_of(axes)
    top, low = 3 * begin, float(np.min(losses[np.isfinite(losses)], initial=begin))
    shown = np.where(np.isfinite(losses), losses, 1e3 * top)  # out of the picture
    steep = low > 0 and top > STEEP * low
    for place, step in enumerate(steps):
        colour, marker = inks.series[place % len(inks.series)], style.MARKERS[place % len(style.MARKERS)]
        axes.plot(
            rates,
            shown[:, place],
            color=colour,
            marker=marker,
            markersize=3.5,
            linewidth=1.2,
            label=f"after {step} step{'s' * (step > 1)}",
        )
    axes.set_xscale("log")
    if steep:
        axes.set_yscale("log")
        axes.set_ylim(low / 1.5, begin * max(3, (begin / low) ** 0.2))  # words have room above the start
    else:
        axes.set_ylim(min(0.0, low), top)
    mark(axes, bound, begin)
    style.name_axes(axes, "learning rate", name)
    return axes


def mark(axes: Axes, bound: float, begin: float) -> None:
    """The bound of stable rates, the loss at the start, and the lines' names below, where short steps lead no one."""
    inks = style.inks_of(axes)
    axes.axhline(begin, color=inks.faint, linewidth=0.8, linestyle=(0, (2, 2)))
    axes.axvline(bound, color=inks.ink, linewidth=1)
    words: dict[str, Any] = {
        "xycoords": axes.get_xaxis_transform(),
        "textcoords": "offset points",
        "fontsize": style.SMALL,
    }
    axes.annotate(
        f"stable below\n2/λmax = {style.short(bound)}", (bound, 1), (-4, -2), ha="right", va="top",
        color=inks.ink, path_effects=style.halo(axes), **words,
    )  # fmt: skip
    axes.annotate(
        "at the start", (0, begin), (3, 2), xycoords=axes.get_yaxis_transform(), textcoords="offset points",
        fontsize=style.SMALL, color=inks.faint,
    )  # fmt: skip
    axes.legend(loc="lower left", fontsize=style.SMALL, labelcolor=inks.ink)
