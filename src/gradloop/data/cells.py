"""What a column holds: which cells have no value, which cannot be used and why, and what text is really meant.

A problem is kept as words beside the column and raised when the column is used: nobody has to mend columns
that the model leaves out.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import islice
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
_LONG = 5_000  # rows from which it pays to load pyarrow

Place = Callable[[int], str]  # a row -> "in line 17"
Text = Callable[[int], str]  # a row -> what the cell says
Mask = NDArray[np.bool_]


class Problem(NamedTuple):
    """Why a column cannot be used, as words that follow its name; and what to do about it."""

    what: str
    remedy: str


class Column(NamedTuple):
    """A column's values, its problem if it has one, and which of its cells have no value if any."""

    values: NDArray[Any]
    problem: Problem | None = None
    missing: Mask | None = None


class Level(NamedTuple):
    """A value of a column: in how many rows, where it is first, and the sum of these rows' weights."""

    rows: int
    place: str
    weight: float = 0.0


def spots(hit: Mask, place: Place, said: str = "") -> str:
    """Where the marked rows are and what the first says: "in line 17", or 'in 3 rows (first in line 17: "?")'."""
    count = int(hit.sum())
    first = place(int(hit.argmax()))
    if count > 1:
        return f"in {count} rows (first {first}{': ' * bool(said)}{said})"
    return f"{first} ({said})" if said else first


def is_plain(values: NDArray[Any]) -> bool:
    """Whether all of these numbers are there, finite, and exact as floats: two quick looks, which most columns pass."""
    return len(values) > 0 and bool(values.min() >= -EXACT and values.max() <= EXACT)  # not so where one is NaN


def number_column(values: NDArray[Any], missing: Mask, text: Text, place: Place) -> Column:
    """A column of numbers (NaN where missing) or booleans (False), with infinities and inexact integers found."""
    if missing.any():
        values = np.where(missing, False if values.dtype == np.bool_ else np.nan, values)
    if values.dtype.kind == "f":
        infinite = ~np.isfinite(values) & ~missing
        if infinite.any():
            said = words.value(text(int(infinite.argmax())))
            what = f"holds no finite number {spots(infinite, place, said)}"
            return _column(values, missing, Problem(what, "correct these cells, or leave the column out"))
    rows = _inexact_rows(values, text)
    if rows.any():
        said = text(int(rows.argmax())).strip()
        what = f"holds integers too long for a 64-bit float {spots(rows, place, said)}"
        remedy = "leave the column out if it only names the rows, or divide it by a power of ten"
        return _column(values, missing, Problem(what, remedy))
    return _column(values, missing)


def text_column(levels: Sequence[str], codes: NDArray[Any]) -> Column:
    """A column of text, given as its distinct values and each row's index into them; blank cells are missing."""
    blank = np.array([not level.strip() for level in levels], dtype=np.bool_)
    cleaned = ["" if empty else level for level, empty in zip(levels, blank, strict=True)]
    return _column(np.array(cleaned, dtype=object)[codes], blank[codes])


def date_column(values: NDArray[Any]) -> Column:
    """A column of dates or times, which are instants in microseconds; NaT where missing."""
    instants = values.astype("datetime64[us]")
    return _column(instants, np.isnat(instants))


def unusable_column(values: NDArray[Any], what: str) -> Column:
    """A column of something that is neither number, text nor date."""
    return Column(values, Problem(f"holds {what}", "convert it to numbers, or leave it out"))


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
    if values.dtype.kind == "M":
        return date_column(np.where(missing, np.datetime64("NaT"), values))
    if values.dtype.kind == "m":
        return unusable_column(values, f"lengths of time ({words.value(text(0))} {place(0)})")
    if values.dtype.kind in "OUT":
        return _object_column(values.astype(object), missing, place)
    return unusable_column(values, f"values of type {values.dtype}, which are neither numbers nor text")


def encode(values: NDArray[Any], most: int | None = None) -> tuple[list[Any], NDArray[Any]]:
    """The distinct values in order of appearance (only the first so many), and for each row the index of its value.

    >>> encode(np.array(["b", "a", "b"], dtype=object))
    (['b', 'a'], array([0, 1, 0]))
    """
    if values.dtype == object and len(values) >= _LONG:
        import pyarrow

        try:
            found = pyarrow.array(values, pyarrow.string()).dictionary_encode()
            return found.dictionary[:most].to_pylist(), found.indices.to_numpy()
        except (pyarrow.ArrowException, UnicodeError):
            pass  # what is no Unicode still has distinct values
    if values.dtype != object:
        distinct, first, codes = np.unique(values, return_index=True, return_inverse=True)
        order = np.argsort(first)
        places = np.empty(len(order), dtype=np.int64)
        places[order] = np.arange(len(order))
        return distinct[order][:most].tolist(), places[codes]
    return _encode(values.tolist(), most)


def _encode(values: Iterable[Any], most: int | None) -> tuple[list[Any], NDArray[np.int64]]:
    places: dict[Any, int] = {}
    codes = np.array([places.setdefault(value, len(places)) for value in values], dtype=np.int64)
    return list(islice(places, most)), codes


def _column(values: NDArray[Any], missing: Mask, problem: Problem | None = None) -> Column:
    return Column(values, problem, missing if missing.any() else None)


def _object_column(values: NDArray[Any], missing: Mask, place: Place) -> Column:
    if len(values) >= _LONG and not missing.any() and (quick := _long_text(values)) is not None:
        return quick
    from decimal import Decimal  # here and not above: importing it takes a millisecond, and few columns need it

    missing = missing | np.array([_is_missing(value) for value in values], dtype=np.bool_)
    present = values[~missing]
    if len(present) and all(isinstance(value, (bool, np.bool_)) for value in present):
        return number_column(np.where(missing, False, values).astype(np.bool_), missing, _said(values), place)
    if len(present) and all(isinstance(value, (Real, Decimal)) for value in present):
        return number_column(_as_numbers(np.where(missing, 0, values)), missing, _said(values), place)
    if len(present) and all(isinstance(value, date) for value in present):
        instants = [np.datetime64("NaT") if gone else _instant(v) for v, gone in zip(values, missing, strict=True)]
        return date_column(np.array(instants, dtype="datetime64[us]"))
    strings = ["" if gone else str(value) for value, gone in zip(values, missing, strict=True)]
    return text_column(*_encode(strings, None))


def _long_text(values: NDArray[Any]) -> Column | None:
    """A long column of nothing but texts and missing values, through pyarrow; None for any other."""
    import pyarrow

    try:
        found = pyarrow.array(values, from_pandas=True)
    except (pyarrow.ArrowException, UnicodeError):
        return None
    if not pyarrow.types.is_string(found.type):
        return None
    found = found.dictionary_encode()
    return text_column([*found.dictionary.to_pylist(), ""], found.indices.fill_null(len(found.dictionary)).to_numpy())


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


def _instant(value: date) -> np.datetime64:
    """A date or time without its zone: the instant in Greenwich."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(value, "us")


def _is_missing(value: Any) -> bool:
    """None, a float NaN, and pandas' marks, known by their names because pandas is not imported."""
    return (
        value is None or (isinstance(value, float) and value != value) or type(value).__name__ in ("NAType", "NaTType")
    )


def _inexact_rows(values: NDArray[Any], text: Text) -> Mask:
    """The rows whose integer is changed by becoming a float64."""
    inexact = np.zeros(len(values), dtype=np.bool_)
    if values.dtype.kind != "b":
        for row in np.flatnonzero((values > EXACT) | (values < -EXACT)):
            said = text(int(row))
            inexact[row] = _INTEGER.fullmatch(said) is not None and int(said) != int(float(said))
    return inexact


# ---- text that is meant as something else ---------------------------------------------------------------------


def misspelled(levels: Mapping[str, Level]) -> Problem | None:
    """The problem of a column of text most of whose cells are meant as numbers or dates.

    >>> misspelled({"$74.69": Level(2, "in line 2"), "$5": Level(1, "in line 3")}).what
    'is text because 3 of 3 rows are written like "$74.69" (in line 2)'
    """
    kinds = {text: _kind(text) for text in levels}
    count: Counter[str] = Counter()
    for text, kind in kinds.items():
        count[kind] += levels[text].rows
    half = (count.total() - count["missing"]) / 2
    if count["number"] > half:
        return _text_among_numbers(levels, kinds, count)
    if count["number"] + count["dressed"] > half:
        return _dressed_numbers(levels, kinds, count)
    if count["date"] > half:
        text = next(text for text, kind in kinds.items() if kind == "date")
        what = f"holds dates or times written as text ({words.value(text)} {levels[text].place})"
        return Problem(what, "write dates like 2020-12-31, or leave the column out")
    return None


def _kind(text: str) -> str:
    if text.strip() in MISSING:
        return "missing"
    if _NUMBER.fullmatch(text):
        return "number"
    if _DRESSED_NUMBER.fullmatch(text):
        return "dressed"
    return "date" if _DATE.fullmatch(text) else "text"


def _text_among_numbers(levels: Mapping[str, Level], kinds: Mapping[str, str], count: Counter[str]) -> Problem:
    strange = [text for text, kind in kinds.items() if kind not in ("number", "missing")]
    first = strange[0] if strange else next(text for text, kind in kinds.items() if kind == "number")
    cell = f"holds {words.value(first)} {levels[first].place}"
    if not strange:
        return Problem(f"{cell}, a number written as text", "convert the column to numbers, or leave it out")
    if (others := sum(levels[text].rows for text in strange) - 1) > 0:
        cell += f" and text in {words.counted(others, 'more row')}"
    what = f"{cell}, while {count['number']} of {count.total()} rows hold numbers"
    return Problem(what, "correct these cells, delete their lines, or leave the column out")


def _dressed_numbers(levels: Mapping[str, Level], kinds: Mapping[str, str], count: Counter[str]) -> Problem:
    first = next(text for text, kind in kinds.items() if kind == "dressed")
    what = f"is text because {count['dressed']} of {count.total()} rows are written like {words.value(first)}"
    remedy = "write plain numbers such as 1234.5 (a point, no signs, no spaces), or leave the column out"
    return Problem(f"{what} ({levels[first].place})", remedy)
