"""How pictures look: two sets of inks, direct labels, harmless names, few points, and a file that is written whole.

The series have the colours of Okabe and Ito, which eyes of every kind tell apart, and each has its own marker and
dashes as well, so that nothing is said by colour alone. Functions look at the background of the axes they draw on, and
take the inks that suit it: they work on a user's own axes, light or dark.

Source: Okabe and Ito, Color universal design, 2008; Wong, Points of view: color blindness, Nature Methods 8, 2011;
Tufte, The visual display of quantitative information, 1983.
"""

from __future__ import annotations

import io
import os
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradloop.errors import OptionError
from gradloop.extras import require
from gradloop.text import number, printable
from gradloop.whole_file import PathLike, check_place, reason, write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = Any

FORMATS = (".svg", ".png", ".pdf")
MOST_POINTS = 5000  # drawn of a cloud; more are a blot, and a file of megabytes
MOST_LETTERS = 40  # of a name on an axis
SIZE = (6.4, 4.0)  # inches
LETTERS = 9  # of a name that fit in an inch
REMARK = "remark"
ABOVE = 5  # points between an axis and the name above it
EDGE = 0.05  # of the picture, where no number of a contour has room
SMALL = 8  # points: words inside the picture
MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 1.5, 1, 1.5)), (0, (1, 1)), (0, (9, 3)))


EASTERN = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "SimHei",
    "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Noto Serif CJK SC", "Noto Serif CJK JP", "Arial Unicode MS",
)  # fmt: skip


class Inks(NamedTuple):
    """Colours on one background."""

    paper: str
    ink: str  # words and what matters
    faint: str  # axes, and lines that help the eye
    series: tuple[str, ...]


LIGHT = Inks("#ffffff", "#222222", "#767676", ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"))
DARK = Inks("#181818", "#e8e8e8", "#9a9a9a", ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442", "#D55E00"))


# ---- paper ---------------------------------------------------------------------------------------------------


def require_matplotlib() -> Any:
    """matplotlib, or one sentence where it is not installed."""
    return require("matplotlib", "Pictures")


@contextmanager
def paper(*, dark: bool = False, size: tuple[float, float] = SIZE) -> Iterator[None]:
    """Pictures made inside have this background and size.

    Args: dark, light ink on dark paper; size, width and height in inches.

    >>> with paper(dark=True, size=(3, 2)):
    ...     print(require_matplotlib().rcParams["figure.facecolor"])
    #181818
    """
    check_size(size)
    inks = DARK if dark else LIGHT
    with require_matplotlib().rc_context({**settings(inks), "figure.figsize": size}):
        yield


@contextmanager
def canvas(path: PathLike, *, dark: bool = False, size: tuple[float, float] = SIZE) -> Iterator[Axes]:
    """Axes to draw on; at the end the picture is written to a file: all of it, or nothing.

    The same numbers give the same bytes: no date is written.

    Args: path, whose ending .svg, .png or .pdf says what is written; dark and size as for `paper`.

    Raises: OptionError for another ending, or a place that cannot be written, before anything is drawn.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, canvas(f"{folder}/line.svg") as axes:
    ...     lines = axes.plot([0, 1], [1, 3])
    """
    ending = check_path(path)
    check_size(size)
    matplotlib = require_matplotlib()
    from matplotlib.figure import Figure

    with matplotlib.rc_context({**settings(DARK if dark else LIGHT), "svg.hashsalt": "gradloop"}):
        figure = Figure(figsize=size, layout="constrained")
        yield figure.subplots()
        no_date = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(ending)
        buffer = io.BytesIO()
        with letters_told():
            figure.savefig(buffer, format=ending[1:], dpi=200, metadata=no_date, facecolor=figure.get_facecolor())
    write_whole(path, [buffer.getvalue()])


@contextmanager
def letters_told() -> Iterator[None]:
    """One sentence for all letters that no font here has, instead of a warning for each."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        yield
    missing = [each for each in heard if str(each.message).startswith("Glyph ")]
    for each in heard:
        if each not in missing:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    if missing:
        warnings.warn(
            "Some letters of the names are drawn as boxes, because no font here has them; install one that does, such "
            "as Noto Sans CJK.", stacklevel=4,
        )  # fmt: skip


def check_path(path: PathLike) -> str:
    """The ending of a picture's file, once it is sure that it can be written."""
    ending = Path(path).suffix.lower()
    if ending not in FORMATS:
        shown = printable(os.fspath(path))
        raise OptionError(f"{shown!r} does not end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}; choose one of these.")
    try:
        check_place(path)
    except (OSError, ValueError) as error:
        raise OptionError(
            f"The picture cannot be written to {printable(os.fspath(path))!r}: {reason(error)}."
        ) from None
    return ending


def check_size(size: tuple[float, float]) -> None:
    if len(size) != 2 or not all(2 <= side <= 100 for side in size):
        raise OptionError(f"The size is {size!r}, but it must be a width and a height from 2 to 100 inches.")


def settings(inks: Inks) -> dict[str, Any]:
    """matplotlib's settings for our paper: little ink, and no way for a name to become a program for TeX."""
    ink = dict.fromkeys(("text.color", "axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor"), inks.ink)
    paper = dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), inks.paper)
    faint = dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color"), inks.faint)
    return {
        **ink, **paper, **faint,
        "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.8, "axes.formatter.useoffset": False,
        "axes.formatter.limits": (-4, 6), "font.size": 9, "axes.labelsize": 9, "lines.linewidth": 1.6,
        "legend.frameon": False, "text.usetex": False, "font.family": fonts(),
    }  # fmt: skip


@cache
def fonts() -> list[str]:
    """The usual font, and after it one with Chinese, Japanese and Korean letters, if this machine has any."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    there = {font.name for font in fontManager.ttflist}
    if there.isdisjoint(EASTERN):  # the list is kept for long, and a font may have come since
        come = [path for path in findSystemFonts() if "CJK" in path]
        for path in sorted(come, key=lambda path: ("Regular" not in path, path))[:1]:
            fontManager.addfont(path)
        there = {font.name for font in fontManager.ttflist}
    return ["DejaVu Sans", *[name for name in EASTERN if name in there][:1]]


def on(axes: Axes | None) -> Axes:
    """The axes given, or new ones in our style, dark where matplotlib's own background is."""
    matplotlib = require_matplotlib()
    if axes is not None:
        return axes
    from matplotlib import pyplot

    inks = DARK if is_dark(matplotlib.rcParams["figure.facecolor"]) else LIGHT
    ours = matplotlib.rcParams["figure.figsize"] != matplotlib.rcParamsDefault["figure.figsize"]
    size = matplotlib.rcParams["figure.figsize"] if ours else SIZE
    with matplotlib.rc_context(settings(inks)):
        return pyplot.subplots(figsize=size, layout="constrained")[1]


def inks_of(axes: Axes) -> Inks:
    """The inks for the background that the axes have."""
    ground = axes.get_facecolor()
    if ground[-1] == 0:
        ground = figure_of(axes).get_facecolor()
    return DARK if is_dark(ground) else LIGHT


def is_dark(colour: Any) -> bool:
    from matplotlib.colors import to_rgb

    return float(np.dot(to_rgb(colour), (0.299, 0.587, 0.114))) < 0.5


# ---- words ---------------------------------------------------------------------------------------------------


def plain(text: object, most: int = MOST_LETTERS, end: int = 0) -> str:
    r"""A name as matplotlib will show it: short, printable, and never read as mathematics.

    Args: most letters; end, how many letters of its end a name that is too long keeps.

    >>> print(plain("$x_1$"))
    \$x_1\$
    """
    shown = printable(text)
    short = shown[: most - 1 - end] + "…" + shown[len(shown) - end :]
    return (shown if len(shown) <= most else short).replace("$", r"\$")


def fitting(axes: Axes, text: object, share: float = 1.0, end: int = 0) -> str:
    """A name that takes at most this share of the picture's width; cut, it keeps so many letters of its end."""
    return plain(text, min(MOST_LETTERS, int(LETTERS * share * figure_of(axes).get_figwidth())), end)


def short(value: float) -> str:
    """A number with three significant digits.

    >>> short(1432.1), short(0.23754)
    ('1430', '0.238')
    """
    return number(float(f"{value:.3g}"))


def short_ticks(axes: Axes) -> None:
    """Very large and small numbers along the axes each with their power of ten."""
    for axis, ends in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        if axis.get_scale() == "linear" and not 1e-3 <= max(map(abs, ends)) < 1e6:
            axis.set_major_formatter(lambda value, place: tick(value))


def tick(value: float) -> str:
    """A very large or small number on an axis: a power of ten for the whole axis would stand where its name does.

    >>> tick(2.5e9), tick(-1e-5), tick(0.0)
    ('2.5e9', '−1e−5', '0')
    """
    if value == 0:
        return "0"
    digits, power = f"{value:.6e}".split("e")
    return f"{digits.rstrip('0').rstrip('.')}e{int(power)}".replace("-", "−")


def height_labels(axes: Axes, lines: Any, *levels: Any, **more: Any) -> None:
    """The heights of contour lines, readable above points and paths; none is cut by the edge of the picture."""
    corners = np.array([axes.get_xlim(), axes.get_ylim()])
    for text in axes.clabel(lines, *levels, colors=inks_of(axes).ink, inline=False, **more):
        text.set(path_effects=halo(axes), zorder=4)
        place = (np.array(text.get_position()) - corners[:, 0]) / (corners[:, 1] - corners[:, 0])
        if not (place > EDGE).all() or not (place < 1 - EDGE).all():
            text.set_visible(False)


def name_axes(axes: Axes, x: str, y: str) -> None:
    """The quantities, readable without turning the head: y stands above its axis, x at the end of its own."""
    from matplotlib.transforms import ScaledTranslation

    axes.set_xlabel(fitting(axes, x), loc="right")
    axes.set_ylabel(fitting(axes, y), rotation=0, ha="left", va="bottom")
    above = ScaledTranslation(0, ABOVE / 72, figure_of(axes).dpi_scale_trans)
    axes.yaxis.set_label_coords(0, 1, transform=axes.transAxes + above)
    short_ticks(axes)
    if not axes.get_title("left"):
        axes.set_title(" ", loc="left", fontsize=9)  # the layout keeps room above for a title, not for the name there


def remark(axes: Axes, *sentences: str, share: float = 1.0) -> None:
    """Small words below the x axis, at most this share of the picture wide: what the reader must know."""
    told = "\n".join(wrapped(axes, sentence, share) for sentence in sentences if sentence)
    before = [text for text in axes.texts if text.get_gid() == REMARK]
    if told and before:
        before[0].set_text(f"{before[0].get_text()}\n{told}")
    elif told:
        axes.annotate(
            told, (1, 0), (0, -2), xycoords=axes.xaxis.label, textcoords="offset points", ha="right", va="top",
            fontsize=SMALL, color=inks_of(axes).faint, annotation_clip=False, gid=REMARK,
        )  # fmt: skip


def wrapped(axes: Axes, sentence: str, share: float = 1.0) -> str:
    """A sentence in lines that are no wider than this share of the picture."""
    return "\n".join(textwrap.wrap(sentence, int(17 * share * figure_of(axes).get_figwidth()), break_long_words=False))


def figure_of(axes: Axes) -> Figure:
    """The whole picture, of which the axes may be a part."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure


def end_labels(axes: Axes, ends: Sequence[tuple[float, float, str, str]]) -> None:
    """Words at the ends of lines, (x, y, text, colour), moved apart where they would touch; after limits are final."""
    if not ends:
        return
    heights = axes.transAxes.inverted().transform(axes.transData.transform([(x, y) for x, y, _, _ in ends]))[:, 1]
    figure_height = figure_of(axes).get_figheight()
    lines = max(text.count("\n") + 1 for _, _, text, _ in ends)
    moved = apart(np.clip(heights, 0, 1), 1.6 * SMALL * lines / (72 * 0.75 * figure_height), 0.02)
    for (x, _, text, colour), height in zip(ends, moved, strict=True):
        axes.annotate(
            text, (x, height), (5, 0), xycoords=axes.get_xaxis_transform(), textcoords="offset points", va="center",
            fontsize=SMALL, color=colour, annotation_clip=False, path_effects=halo(axes),
        )  # fmt: skip


def halo(axes: Axes) -> list[Any]:
    """An edge of paper around words, so that lines below them do not disturb."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=2.5, foreground=inks_of(axes).paper)]


def apart(places: Array, gap: float, least: float = -np.inf) -> Array:
    """Places as near to the given ones as a gap between neighbours allows, in the same order, none below the least.

    >>> apart(np.array([0.5, 0.5, 0.9]), 0.1).round(2).tolist()
    [0.45, 0.55, 0.9]
    """
    order = np.argsort(places, kind="stable")
    groups: list[tuple[float, int]] = []  # mean of the places less their shifts, and how many
    for place in np.asarray(places)[order] - gap * np.arange(len(places)):
        mean, count = float(place), 1
        while groups and groups[-1][0] > mean:
            before, many = groups.pop()
            mean, count = (mean * count + before * many) / (count + many), count + many
        groups.append((mean, count))
    found = np.empty(len(places))
    middles = np.maximum([mean for mean, _ in groups], least)
    found[order] = np.repeat(middles, [many for _, many in groups]) + gap * np.arange(len(places))
    return found


# ---- points --------------------------------------------------------------------------------------------------


def thinned(rows: int) -> tuple[Array, str]:
    """Which rows to draw, and the sentence that says so where they are not all: drawn by lot, the same ones each time.

    >>> len(thinned(1_000_000)[0]), thinned(1_000_000)[1]
    (5000, '5,000 of 1,000,000 rows are drawn')
    """
    if rows <= MOST_POINTS:
        return np.arange(rows), ""
    chosen = np.sort(np.random.default_rng(0).choice(rows, MOST_POINTS, replace=False))
    return chosen, f"{MOST_POINTS:,} of {rows:,} rows are drawn"


def cloud(axes: Axes, x: Array, y: Array, colour: str, marker: str = "o", **more: Any) -> Any:
    """Points, smaller and paler the more there are; many are drawn as pixels, also in SVG and PDF."""
    crowd = float(np.clip(np.log10(max(len(x), 1)) - 1.5, 0, 2) / 2)  # 0 for 30 points, 1 for 3000
    area, alpha = 22 - 16 * crowd, 0.9 - 0.55 * crowd
    return axes.scatter(
        x, y, s=area, c=colour, marker=marker, alpha=alpha, linewidths=0, rasterized=len(x) > 1000, **more
    )
