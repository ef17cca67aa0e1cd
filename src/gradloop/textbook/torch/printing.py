"""How PyTorch writes a tensor: four decimals, columns of one width, few of many numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

DECIMALS = 4
LONGEST_LINE = 80
MOST_NUMBERS = 1000  # of more, the first and last few along each axis are written
AT_EACH_END = 3

Values = np.ndarray[Any, Any]


class Form(NamedTuple):
    """How each number is written, and how wide the widest is."""

    write: Callable[[Any], str]
    width: int

    def __call__(self, value: Any) -> str:
        return self.write(value).rjust(self.width)


def as_text(values: Values, remarks: Sequence[str] = ()) -> str:
    """The numbers as PyTorch prints them, with remarks such as ``requires_grad=True`` behind them.

    >>> print(as_text(np.array([[0.5, -1.25], [3.0, 20.0]]), ["requires_grad=True"]))
    tensor([[ 0.5000, -1.2500],
            [ 3.0000, 20.0000]], requires_grad=True)
    """
    start = "tensor("
    text = start + numbers(values, len(start))
    length = len(text) - (text.rfind("\n") + 1) + 2  # of the last line, with the bracket and a comma
    for remark in remarks:
        fits = length + len(remark) + 2 <= LONGEST_LINE
        text += f", {remark}" if fits else f",\n{' ' * len(start)}{remark}"
        length = length + len(remark) + 2 if fits else len(start) + len(remark)
    return text + ")"


def numbers(values: Values, indent: int) -> str:
    if not values.size:
        return "[]"
    shorten = values.size > MOST_NUMBERS
    return nested(values, indent, shorten, form_of(ends(values) if shorten else values))


def nested(values: Values, indent: int, shorten: bool, form: Form) -> str:
    """Brackets within brackets; the last axis in lines."""
    if values.ndim == 0:
        return form(values.item())
    few = shorten and len(values) > 2 * AT_EACH_END
    rows = [*values[:AT_EACH_END], None, *values[-AT_EACH_END:]] if few else list(values)
    if values.ndim == 1:
        written = [" ..." if value is None else form(value.item()) for value in rows]
        in_a_line = max(1, (LONGEST_LINE - indent) // (form.width + 2))
        lines = [", ".join(written[i : i + in_a_line]) for i in range(0, len(written), in_a_line)]
        return "[" + f",\n{' ' * (indent + 1)}".join(lines) + "]"
    parts = ["..." if row is None else nested(row, indent + 1, shorten, form) for row in rows]
    return "[" + f",{chr(10) * (values.ndim - 1)}{' ' * (indent + 1)}".join(parts) + "]"


def ends(values: Values) -> Values:
    """The numbers that a short form shows."""
    for axis, length in enumerate(values.shape):
        if length > 2 * AT_EACH_END:
            shown = [*range(AT_EACH_END), *range(length - AT_EACH_END, length)]
            values = np.take(values, shown, axis=axis)
    return values


def form_of(values: Values) -> Form:
    """One form for all: whole numbers, four decimals, or powers of ten where the sizes differ much."""
    if values.dtype.kind != "f":
        return Form(str, max(len(str(value)) for value in values.ravel().tolist()))
    found = values[np.isfinite(values) & (values != 0)].astype(np.float64)
    if not found.size:
        return Form(whole, 1)
    sizes = np.abs(found)
    high, low = float(sizes.max()), float(sizes.min())
    is_whole = bool((found == np.ceil(found)).all())
    if high / low > 1000 or high > 1e8 or (not is_whole and low < 1e-4):
        write = powers
    else:
        write = whole if is_whole else decimals
    return Form(write, max(1, *(len(write(value)) for value in found.tolist())))


def powers(value: float) -> str:
    return f"{value:.{DECIMALS}e}"


def decimals(value: float) -> str:
    return f"{value:.{DECIMALS}f}"


def whole(value: float) -> str:
    return f"{value:.0f}" + "." * bool(np.isfinite(value))
