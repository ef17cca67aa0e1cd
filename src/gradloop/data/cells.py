"""What a column holds, and why it cannot be used: empty cells, infinities, text among numbers, dates.

A problem is kept as words beside the column and raised when the column is used: nobody has to mend columns
that the model leaves out.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradloop.data import words

# What a column of numbers may say instead of one; in a column of text these are categories ("NA": Namibia).
MISSING = ("", "NA", "#N/A", "NaN", "nan", "NULL", "null", "None")
EXACT = 2**53  # integers beyond may have no float64 of their own

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*|\s*[+-]?inf(inity)?\s*", re.IGNORECASE)
_INTEGER = re.compile(r"\s*[+-]?\d+\s*")
_CURRENCY = r"(?:[$€£¥₹%]|USD|EUR|GBP|CHF|JPY)"
_DRESSED_NUMBER = re.compile(
    rf"\s*\(?\s*[-+]?\s*{_CURRENCY}?\s*[-+]?(\d{{1,3}}([.,'’_\s]\d{{3}})+|\d+)([.,]\d+)?\s*{_CURRENCY}?\s*\)?\s*"
)
_DATE = re.compile(r"\s*\d{1,4}([-/.])\d{1,2}\1\d{1,4}([ T]\d.*)?\s*")

Place = Callable[[int], str]  # a row -> "in line 17"
Text = Callable[[int], str]  # a row -> what the cell says


class Problem(NamedTuple):
    """Why a column cannot be used, as words that follow its name; and what to do about it."""

    what: str
    remedy: str


class Column(NamedTuple):
    """A column's values, and its problem if it has one."""

    values: NDArray[Any]
    problem: Problem | None = None


def spots(hit: NDArray[np.bool_], place: Place, said: str = "") -> str:
    """Where the marked rows are and what the first says: "in line 17", or 'in 3 rows (first in line 17: "?")'."""
    count = int(hit.sum())
    first = place(int(hit.argmax()))
    if count > 1:
        return f"in {count} rows (first {first}{': ' * bool(said)}{said})"
    return f"{first} ({said})" if said else first


def number_column(values: NDArray[Any], missing: NDArray[np.bool_], text: Text, place: Place) -> Column:
    """A column of numbers or booleans, with its missing values, infinities and inexact integers found."""
    if missing.any():
        return Column(values, _missing(missing, text, place))
    if values.dtype.kind == "f":
        infinite = ~np.isfinite(values)
        if infinite.any():
            said = words.value(text(int(infinite.argmax())))
            what = f"holds no finite number {spots(infinite, place, said)}"
            return Column(values, Problem(what, "correct these cells, or leave the column out"))
    rows = _inexact_rows(values, text)
    if rows.any():
        said = text(int(rows.argmax())).strip()
        what = f"holds integers too long for a 64-bit float {spots(rows, place, said)}"
        remedy = "leave the column out if it only names the rows, or divide it by a power of ten"
        return Column(values, Problem(what, remedy))
    return Column(values)


def text_column(levels: Sequence[str], codes: NDArray[Any], place: Place) -> Column:
    """A column of text, given as its distinct values and each row's index into them."""
    values = np.array(levels, dtype=object)[codes]
    kinds = np.array([_kind(level) for level in levels], dtype=object)[codes]
    blank = kinds == "empty"
    problem = _unreadable(values, kinds, place)
    if problem is None and blank.any():
        problem = _missing(blank, lambda row: str(values[row]), place)
    return Column(values, problem)


def date_column(values: NDArray[Any], text: Text, place: Place) -> Column:
    """A column of dates or times, which nobody can multiply by a weight."""
    what = f"holds dates or times ({words.value(text(0))} {place(0)})"
    return Column(values, Problem(what, "turn it into numbers such as days or years, or leave it out"))


def array_column(column: Any, place: Place) -> Column:
    """A column from an array, list or series of any type."""
    values = np.asanyarray(column)
    missing = np.ma.getmaskarray(values)
    values = np.ma.getdata(values)

    def text(row: int) -> str:
        return str(values[row])

    if values.dtype.kind in "biu":
        return number_column(values, missing, text, place)
    if values.dtype.kind == "f":
        return number_column(values.astype(np.float64), missing | np.isnan(values), text, place)
    if values.dtype.kind in "mM":
        return date_column(values, text, place)
    if values.dtype.kind in "OUT":
        return _object_column(values.astype(object), missing, place)
    what = f"holds values of type {values.dtype}, which are neither numbers nor text"
    return Column(values, Problem(what, "convert it, or leave it out"))


def encode(values: Iterable[Any]) -> tuple[list[Any], NDArray[np.int64]]:
    """The distinct values in order of appearance, and for each row the index of its value.

    >>> encode(["b", "a", "b"])
    (['b', 'a'], array([0, 1, 0]))
    """
    places: dict[Any, int] = {}
    codes = np.array([places.setdefault(value, len(places)) for value in values], dtype=np.int64)
    return list(places), codes


def _object_column(values: NDArray[Any], missing: NDArray[np.bool_], place: Place) -> Column:
    from decimal import Decimal  # here and not above: importing it takes a millisecond, and few columns need it

    missing = missing | np.array([_is_missing(value) for value in values], dtype=np.bool_)
    present = values[~missing]
    if len(present) and all(isinstance(value, (bool, np.bool_)) for value in present):
        return number_column(np.where(missing, False, values).astype(np.bool_), missing, _said(values), place)
    if len(present) and all(isinstance(value, (Real, Decimal)) for value in present):
        return number_column(_as_numbers(np.where(missing, 0, values)), missing, _said(values), place)
    strings = ["" if gone else str(value) for value, gone in zip(values, missing, strict=True)]
    return text_column(*encode(strings), place)


def _said(values: NDArray[Any]) -> Text:
    return lambda row: str(values[row])


def _as_numbers(values: NDArray[Any]) -> NDArray[Any]:
    if all(isinstance(value, (int, np.integer)) and abs(int(value)) < 2**63 for value in values):
        return values.astype(np.int64)
    with np.errstate(over="ignore"):
        return np.array([_float(value) for value in values], dtype=np.float64)


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def _is_missing(value: Any) -> bool:
    """None, a float NaN, and pandas' marks, known by their names because pandas is not imported."""
    return (
        value is None or (isinstance(value, float) and value != value) or type(value).__name__ in ("NAType", "NaTType")
    )


def _missing(hit: NDArray[np.bool_], text: Text, place: Place) -> Problem:
    said = text(int(hit.argmax())).strip()
    what = f"has no value {spots(hit, place, words.value(said) if said else '')}"
    return Problem(what, "fill in these cells, delete their lines, or leave the column out")


def _inexact_rows(values: NDArray[Any], text: Text) -> NDArray[np.bool_]:
    """The rows whose integer is changed by becoming a float64."""
    inexact = np.zeros(len(values), dtype=np.bool_)
    if values.dtype.kind != "b":
        for row in np.flatnonzero((values > EXACT) | (values < -EXACT)):
            said = text(int(row))
            inexact[row] = _INTEGER.fullmatch(said) is not None and int(said) != int(float(said))
    return inexact


def _kind(level: str) -> str:
    if not level.strip():
        return "empty"
    if level.strip() in MISSING:
        return "missing"
    if _NUMBER.fullmatch(level):
        return "number"
    if _DRESSED_NUMBER.fullmatch(level):
        return "dressed"
    return "date" if _DATE.fullmatch(level) else "text"


def _unreadable(values: NDArray[Any], kinds: NDArray[Any], place: Place) -> Problem | None:
    """The problem of text most of which is meant as numbers or dates."""
    count = Counter(kinds.tolist())
    half = (len(kinds) - count["empty"] - count["missing"]) / 2
    if count["number"] > half:
        return _text_among_numbers(values, kinds, place)
    if count["number"] + count["dressed"] > half:
        return _dressed_numbers(values, kinds == "dressed", place)
    if count["date"] > half:
        first = int((kinds == "date").argmax())
        return date_column(values, lambda _: str(values[first]), lambda _: place(first)).problem
    return None


def _text_among_numbers(values: NDArray[Any], kinds: NDArray[Any], place: Place) -> Problem:
    numbers = kinds == "number"
    strange = ~numbers & (kinds != "missing") & (kinds != "empty")
    first = int((strange if strange.any() else numbers).argmax())
    cell = f"holds {words.value(values[first])} {place(first)}"
    if not strange.any():
        return Problem(f"{cell}, a number written as text", "convert the column to numbers, or leave it out")
    if strange.sum() > 1:
        cell += f" and text in {words.counted(int(strange.sum()) - 1, 'more row')}"
    what = f"{cell}, while {int(numbers.sum())} of {len(values)} rows hold numbers"
    return Problem(what, "correct these cells, delete their lines, or leave the column out")


def _dressed_numbers(values: NDArray[Any], dressed: NDArray[np.bool_], place: Place) -> Problem:
    first = int(dressed.argmax())
    said = words.value(values[first])
    what = f"is text because {int(dressed.sum())} of {len(values)} rows are written like {said}"
    remedy = "write plain numbers such as 1234.5 (a point, no signs, no spaces), or leave the column out"
    return Problem(f"{what} ({place(first)})", remedy)
