"""A fit as a page of text: the coefficients in the data's units, and how far to trust them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradloop.data.words import counted
from gradloop.history import TICK, Pass
from gradloop.result import Result
from gradloop.statistics import COLUMNS, INVERSE, Statistics
from gradloop.text import number, printable, table
from gradloop.units import unit_of

INTERCEPTS = ("b", "bias", "intercept")
_MOST_ROWS = 40  # coefficients printed; the middle of more is left out
_MOST_COLUMNS = 8  # classes printed
_LAST_EPOCHS = 3
_LONG_NOTE, _WIDTH = 240, 120  # characters: of a note that becomes a paragraph, and of its lines

Line = tuple[str, Sequence[float]]  # a coefficient's label and its value, or its value for each class


@dataclass(frozen=True)
class Summary:
    """A page of text that shows itself when printed, or when it is the last line of a notebook's cell."""

    text: str

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


def summarise(fit: Result) -> Summary:
    """The page about a fit. Names that come from a file are made harmless."""
    parts = [title(fit), _coefficients(fit), verdict(fit)]
    if fit.notes:
        parts.append("\n".join(map(told_note, fit.notes)))
    if len(fit.history):
        parts.append(_last_epochs(fit))
    if fit.history.passes:
        parts.append(_passes(fit.history.passes))
    return Summary("\n\n".join(parts))


def told_note(note: str) -> str:
    """A note as a line, or as a paragraph of a few."""
    line = f"note: {printable(note)}"
    return line if len(line) <= _LONG_NOTE else fill(line, _WIDTH, subsequent_indent="      ", break_on_hyphens=False)


def title(fit: Result, done: str = "") -> str:
    """The first line: model, target, loss, rows, and what was done: otherwise its turns."""
    of = ""
    if fit.preparation is not None:
        of = f" of {fit.preparation.target_name}"
        if fit.loss.target == "binary" and fit.classes:
            of += f" = {fit.classes[1]} (not {fit.classes[0]})"
    return printable(
        f"{fit.model.name} model{of}, {fit.loss.name} loss: {counted(fit.rows, 'row')}, "
        f"{counted(len(fit.feature_names), 'feature')}, {done or turns(fit)}, seed {fit.seed}"
    )


def turns(fit: Result) -> str:
    """Epochs for a solver that has a learning rate, iterations for the others."""
    turns = len(fit.history)
    word = "iteration" if turns and np.isnan(fit.history["learning_rate"]).all() else "epoch"
    return counted(turns, word)


def _coefficients(fit: Result) -> str:
    header, cells = coefficients(fit)
    facts = [] if fit.statistics is None or not has_errors(fit) else _facts(fit.statistics)
    return "\n".join([table(header, cells), *(["", *facts] if facts else [])]).rstrip()


def coefficients(fit: Result) -> tuple[list[str], list[list[str]]]:
    """The table of coefficients as a header and rows of cells: with standard errors where a theory gives them."""
    if fit.statistics is not None and has_errors(fit):
        return _with_units(fit, *_with_errors(fit.statistics))
    lines = list(_lines(fit))
    outputs = max(len(values) for _, values in lines)
    classes = fit.classes or tuple(range(outputs))
    header = ["", *map(str, classes)] if outputs > 1 else ["", "coefficient"]
    cells = [[label, *map(number, values)] for label, values in _without_middle(lines)]
    return _with_units(fit, _cut(header), list(map(_cut, cells)))


def _with_units(fit: Result, header: list[str], cells: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """The table with the units of the coefficients, where units were told and there is one number in a row."""
    if not fit.units or header[1] != "coefficient":
        return header, cells
    return [*header, "unit"], [[*row, unit_of(fit, row[0])] for row in cells]


def has_errors(fit: Result) -> bool:
    """Whether the table tells standard errors: one number for each coefficient, and not too many of them."""
    lines = list(_lines(fit))
    return fit.statistics is not None and max(len(values) for _, values in lines) == 1 and len(lines) <= _MOST_ROWS


def _with_errors(found: Statistics) -> tuple[list[str], list[list[str]]]:
    """Coefficients with their standard errors, intervals and tests; the intercept last."""
    level = f"{100 * found.level:g} %"
    header = ["", "coefficient", "standard error", f"{level} from", "to", "t" if found.kind != INVERSE else "z", "p"]
    order = sorted(range(len(found.name)), key=lambda i: found.name[i].startswith("(intercept)"))
    return header, [[found.name[i], *(_told(found[column][i]) for column in COLUMNS[1:])] for i in order]


def _facts(found: Statistics) -> list[str]:
    """What is known of the fit as a whole."""
    facts = [
        f"{name} {number(value)}"
        for name, value in (
            ("R²", found.r_squared), ("adjusted R²", found.adjusted_r_squared),
            ("residual standard deviation", found.residual_standard_deviation),
            ("degrees of freedom", found.degrees_of_freedom), ("condition number after scaling", found.condition),
        )
        if np.isfinite(value)
    ]  # fmt: skip
    robust = [] if found.kind in ("classical", INVERSE) else [f"{found.kind} standard errors"]
    return [", ".join([*facts, *robust]), *map(printable, found.notes)]


def _told(value: float) -> str:
    return "-" if np.isnan(value) else number(value)


def _without_middle(lines: list[Line]) -> list[Line]:
    if len(lines) <= _MOST_ROWS:
        return lines
    ends = _MOST_ROWS // 2
    gap = (f"... {len(lines) - 2 * ends} more", ())
    return [*lines[:ends], gap, *lines[-ends:]]


def _cut(cells: list[str]) -> list[str]:
    return cells if len(cells) <= _MOST_COLUMNS + 1 else [*cells[:_MOST_COLUMNS], "..."]


def _lines(fit: Result) -> Iterator[Line]:
    """One line per coefficient, the intercept last."""
    for name, values in sorted(fit.params.items(), key=lambda item: item[0] in INTERCEPTS):
        if name in INTERCEPTS:
            yield "(intercept)", np.atleast_1d(values).ravel().tolist()
        elif name == "w":
            yield from _weights(fit, np.asarray(values))
        else:
            yield from _entries(name, np.asarray(values))


def _weights(fit: Result, w: NDArray[Any]) -> Iterator[Line]:
    names = fit.feature_names
    if fit.model.name.startswith("polynomial"):
        for power, row in enumerate(w, start=1):
            yield from (
                (name if power == 1 else f"{name}^{power}", [value])
                for name, value in zip(names, row.tolist(), strict=True)
            )
    elif len(w.shape) in (1, 2) and len(w) == len(names):
        yield from ((name, np.atleast_1d(row).tolist()) for name, row in zip(names, w, strict=True))
    else:
        yield from _entries("w", w)


def _entries(name: str, values: NDArray[Any]) -> Iterator[Line]:
    """A parameter of a user's own: its name, with an index where it has one."""
    for index in np.ndindex(values.shape):
        place = f"[{', '.join(map(str, index))}]" if index else ""
        yield f"{name}{place}", [float(values[index])]


def verdict(fit: Result) -> str:
    """The loss, why training stopped, and how far from the best it is: one line each."""
    lines = []
    if len(fit.history):
        lines.append(f"loss at the end: {number(fit.history['loss'][-1])}")
    if fit.holdout:
        shown = ", ".join(f"{name.replace('_', ' ')} {number(value)}" for name, value in fit.holdout.items())
        lines.append(f"on the rows held out: {shown}")
    return "\n".join(map(printable, [*lines, str(fit.stop), fit.certificate.sentence]))


def _last_epochs(fit: Result) -> str:
    text = str(fit.history).splitlines()
    return "\n".join([text[0], *text[1:][-_LAST_EPOCHS:]])


def _passes(record: Sequence[Pass]) -> str:
    """What a cluster did, a line for each kind of pass: how many, and of one what moved; the rate of all of them."""
    cells = []
    for what in dict.fromkeys(one.what for one in record):
        some = [one for one in record if one.what == what]
        rate = sum(one.rows for one in some) / max(sum(one.seconds for one in some), TICK)
        each = [sum(one.sent_bytes for one in some) / len(some), sum(one.moved_bytes for one in some) / len(some)]
        cells.append([what, str(len(some)), *map(number, [*each, rate])])
    return table(["pass", "rounds", "sent_bytes", "moved_bytes", "rows_per_second"], cells)
