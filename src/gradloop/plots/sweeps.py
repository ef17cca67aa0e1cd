"""The loss curves of many runs on one picture: colours for one setting, dashes for another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradloop.errors import OptionError
from gradloop.plots import style
from gradloop.plots.objective import mean_loss
from gradloop.plots.training import UNITS, Against, steep_scale, unit_of, whole_numbers
from gradloop.runs import Run, Sweep, told, word

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURED = ("learning_rate", "optimizer", "l2", "l1", "batch_size", "epochs")  # the first that varies has the colours
MOST_KEYS = 8  # values of a setting in the legend
NARROW = 5.0  # inches, below which the legend stands under the picture
Array = Any


class Look(NamedTuple):
    """What a setting looks like: its name, and for each value its words and what is handed to matplotlib."""

    name: str = ""
    values: Mapping[Any, tuple[str, Any]] = {}  # it never changes

    def of(self, run: Run, otherwise: Any) -> Any:
        return self.values[run.settings[self.name]][1] if self.name else otherwise


def sweep(found: Sweep, *, against: Against = "epoch", axes: Axes | None = None) -> Axes:
    """The loss of all rows after each epoch, a line for each run; a cross at the top is a run that diverged.

    Colours tell learning rates apart, dashes batch sizes, or what else varies; the thick line is the best run.

    Args: found, what `gradloop.sweep` returned; against, what runs along the axis: "epoch", "rows" touched or
    "seconds".

    Raises: OptionError for runs of less than two epochs.

    >>> import gradloop as gl
    >>> X = np.arange(8.0)[:, None]
    >>> found = gl.sweep(X, 3 * X[:, 0] + 1, learning_rate=[0.001, 0.01], batch_size=2, epochs=5)
    >>> len(found.plot().get_lines())
    2
    """
    if against not in UNITS:
        raise OptionError(f"against is {against!r}, but it must be one of {', '.join(UNITS)}.")
    if not any(len(run.fit.history) > 1 for run in found):
        raise OptionError("There is no course of the loss to draw: no run has two epochs; train for more epochs.")
    axes = style.on(axes)
    colours, dashes = looks(found, style.inks_of(axes))
    for run in sorted(found, key=lambda run: run is found.best_run):
        draw(axes, run, run is found.best_run, against, colours, dashes)
    limit(axes, found)
    crosses(axes, found, against, colours)
    whole_numbers(axes, against)
    records = {str(place): run.fit.history for place, run in enumerate(found)}
    style.name_axes(axes, unit_of(records, against), mean_loss(found[0].fit.loss.name))
    legend(axes, colours, dashes)
    style.remark(axes, *remarks(found))
    return axes


def looks(found: Sweep, inks: style.Inks) -> tuple[Look, Look]:
    """The settings that have colours and dashes."""
    varied = [name for name in COLOURED if name in found.varied][:2]
    looks = [Look(), Look()]
    for place, name in enumerate(varied):
        values = list(dict.fromkeys(run.settings[name] for run in found))
        inky = shades(len(values), inks) if place == 0 else [style.DASHES[i % 6] for i in range(len(values))]
        looks[place] = Look(name, {value: (shown(value), ink) for value, ink in zip(values, inky, strict=True)})
    return looks[0], looks[1]


def shown(value: Any) -> str:
    return style.short(value) if isinstance(value, float) else told(value)


def shades(count: int, inks: style.Inks) -> Sequence[Any]:
    """A colour for each value: ours while they last, then steps of a scale from dark to light."""
    if count <= len(inks.series):
        return inks.series[:count]
    from matplotlib import colormaps

    ends = (0.25, 1.0) if inks is style.DARK else (0.0, 0.85)
    return [colormaps["viridis"](place) for place in np.linspace(*ends, count)]


def draw(axes: Axes, run: Run, best: bool, against: Against, colours: Look, dashes: Look) -> None:
    record = run.fit.history
    known = np.isfinite(record["loss"])
    x, y = record[against][known], record["loss"][known]
    colour, dash = colours.of(run, style.inks_of(axes).series[0]), dashes.of(run, "-")
    axes.plot(x, y, color=colour, linestyle=dash, linewidth=2.4 if best else 1.2, zorder=3 if best else 2)


def limit(axes: Axes, found: Sweep) -> None:
    """Room for the runs that did not diverge: the others leave the picture."""
    stable = [run for run in found if not run.failed] or list(found)
    losses = np.concatenate([run.fit.history["loss"] for run in stable])
    losses = losses[np.isfinite(losses)]
    if not losses.size:
        return
    steep_scale(axes, losses)
    if axes.get_yscale() == "log":
        axes.set_ylim(losses.min() / 1.5, losses.max() * 1.5)
    else:
        axes.set_ylim(top=losses.max() + 0.05 * float(np.ptp(losses) or abs(losses.max()) or 1.0))


def crosses(axes: Axes, found: Sweep, against: Against, colours: Look) -> None:
    """At the upper edge, where runs left for infinity."""
    for run in found:
        if run.failed and len(run.fit.history):
            where = float(run.fit.history[against][-1])
            axes.scatter(
                [where], [1], marker="x", s=30, color=colours.of(run, style.inks_of(axes).ink), clip_on=False, zorder=4,
                transform=axes.get_xaxis_transform(),
            )  # fmt: skip


def legend(axes: Axes, colours: Look, dashes: Look) -> None:
    """Beside a wide picture; within a narrow one, on paper of its own, and shorter."""
    from matplotlib.lines import Line2D

    inks = style.inks_of(axes)
    wide = style.figure_of(axes).get_figwidth() >= NARROW
    handles = [
        Line2D(
            [], [], label=label, **({"color": look} if setting is colours else {"color": inks.ink, "linestyle": look})
        )
        for setting in (colours, dashes)
        for label, look in keys(setting, MOST_KEYS if wide else MOST_KEYS // 2)
    ]
    if not handles:
        return
    if wide:
        corner: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.02, 1)}
    else:
        corner = {"loc": "upper right", "frameon": True, "facecolor": inks.paper, "edgecolor": "none"}
    axes.legend(handles=handles, fontsize=style.SMALL, labelcolor=inks.ink, **corner).set_zorder(5)


def keys(look: Look, most: int) -> list[tuple[str, Any]]:
    """The legend's lines for a setting: of many values some, with the first and the last."""
    name, values = look.name.replace("_", " "), list(look.values.values())
    chosen = np.unique(np.linspace(0, len(values) - 1, min(len(values), most)).round().astype(int))
    return [(f"{name} {style.plain(values[place][0], 20)}", values[place][1]) for place in chosen] if values else []


def remarks(found: Sweep) -> list[str]:
    """What the reader must know: which run is the thick line, which diverged, and which rates do not."""
    best, told_of = found.best_run, []
    if best is not None:
        settings = ", ".join(f"{name.replace('_', ' ')} {shown(best.settings[name])}" for name in found.varied)
        told_of.append(f"thick, the best: {settings}" if settings else "")
    diverged = sum(run.failed for run in found)
    if diverged:
        reason = next(word(run.fit.stop) for run in found if run.failed)
        told_of.append(f"× at the top: {diverged} of {len(found)} runs {reason}")
    if np.isfinite(found.stable_rate):
        told_of.append(f"descent on all rows is stable below the learning rate {found.stable_rate:.3g}")
    return told_of


Sweep.plot = sweep  # the arrow points down: runs know of no picture
