"""One column of a table as the numbers of a model: learned from the training rows, applied to any others."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradloop.data import words
from gradloop.data.cells import encode, spots
from gradloop.data.columns import ColumnStatistics
from gradloop.data.missing import LEVELS, Rules, Unseen
from gradloop.data.standardise import standardise
from gradloop.data.table import Table
from gradloop.errors import DataError

Kind = Literal["number", "bool", "text", "date", "presence"]
Class = str | int | float | bool

OTHER = "other"  # the level of rare texts
DAY = 86_400_000_000  # microseconds
_LONG = 500  # characters; what is longer is prose and no category
_MOST_TEXTS = 100  # columns of text that a note names
_COUNTED = 10  # from so many rows on, a column 1, 2, 3, ... is no accident


class Feature(NamedTuple):
    """A column that the model uses, as numbers.

    Numbers and dates have a center and a scale, dates a first day from which days are counted; text has levels, the
    reference first, and is one-hot. ``pooled`` says that the last level stands for all other texts; ``fill`` is what
    a cell without a value becomes; ``indicator`` adds a column that tells where one is missing. Of a column of kind
    "presence" only that is known.
    """

    name: str
    kind: Kind
    center: float = 0.0
    scale: float = 1.0
    levels: tuple[str, ...] = ()
    origin: str | None = None
    pooled: bool = False
    fill: tuple[float, ...] = ()
    indicator: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the numbers that the column becomes."""
        return (*self._own_names, f"{self.name} is missing") if self.indicator else self._own_names

    @property
    def centers(self) -> tuple[float, ...]:
        """What is subtracted from each of these numbers."""
        return (self.center,) * len(self._own_names) + (0.0,) * self.indicator

    @property
    def scales(self) -> tuple[float, ...]:
        """What each of these numbers is divided by."""
        return (self.scale,) * len(self._own_names) + (1.0,) * self.indicator

    @property
    def _own_names(self) -> tuple[str, ...]:
        if self.kind == "text":
            return tuple(f"{self.name}={level}" for level in self.levels[1:])
        if self.kind == "date":
            return (f"{self.name} (days since {self.origin})",)
        return () if self.kind == "presence" else (self.name,)

    def encode(self, table: Table, unseen: Unseen = "error") -> NDArray[np.float64]:
        """The column of a table as numbers, (n, 1), or (n, levels - 1) for text, and one more for the indicator.

        Raises: DataError for values that are not of the learned type, or that training has not seen.
        """
        table.check([self.name])
        absent = table.missing.get(self.name)
        if absent is None:
            found = self._encode_present(table, unseen)
            return np.pad(found, ((0, 0), (0, 1))) if self.indicator else found
        width = len(self._own_names)
        found = np.zeros((table.rows, len(self.names)))
        found[absent, :width] = standardise(np.array(self.fill), self.center, self.scale)
        if self.indicator:
            found[:, width] = absent
        if not absent.all():
            found[~absent, :width] = self._encode_present(table.only(self.name), unseen)
        return found

    def unseen(self, table: Table) -> dict[str, int]:
        """The texts of a table that are no levels of this column, with the number of their rows."""
        if self.kind != "text" or self.name not in table.columns:
            return {}
        levels, codes = encode(table.only(self.name).columns[self.name])
        counts = np.bincount(codes, minlength=len(levels)).tolist()
        known = set(self.levels)
        spelled_out = zip(spelled(levels, self.levels), counts, strict=True)
        return {level: count for level, count in spelled_out if level not in known}

    def _encode_present(self, table: Table, unseen: Unseen) -> NDArray[np.float64]:
        """The numbers of a table in which no value is missing, without the indicator."""
        if self.kind == "text":
            return self._one_hot(table, unseen)
        if self.kind == "presence":
            return np.zeros((table.rows, 0))
        self._check_kind(table)
        values = table.columns[self.name]
        if self.kind == "bool":
            values = labels(values, (False, True), table, self.name)
        elif self.kind == "date":
            values = (values - np.datetime64(self.origin or 0, "us")).astype(np.int64) / DAY
        return self._standardised(values, table)[:, None]

    def _one_hot(self, table: Table, unseen: Unseen) -> NDArray[np.float64]:
        strict = not self.pooled and unseen == "error"
        codes = labels(table.columns[self.name], self.levels, table, self.name, strict)
        if self.pooled:
            codes = np.where(codes < 0, len(self.levels) - 1, codes)
        found = np.zeros((table.rows, len(self.levels) - 1))
        rows = np.flatnonzero(codes > 0)
        found[rows, codes[rows] - 1] = 1
        if (unknown := codes < 0).any():
            found[unknown] = self.fill
        return found

    def _check_kind(self, table: Table) -> None:
        values = table.columns[self.name]
        given = {"O": "text", "M": "date"}.get(values.dtype.kind, "number")
        if (given == "date") == (self.kind == "date") and given != "text":
            return
        where = f"{table.source}: column {words.name(self.name)}"
        if given == "text" and (problem := _why_text(table, self.name)):
            raise DataError(f"{where} {problem}.")
        said = {"date": "the date", "number": "the number"}.get(given, "the text")
        wanted = "dates" if self.kind == "date" else "numbers"
        raise DataError(
            f"{where} holds {said} {words.value(values[0])} {table.place(0)}, and the model learned it as "
            f"{wanted}; give {wanted}."
        )

    def _standardised(self, values: NDArray[Any], table: Table) -> NDArray[np.float64]:
        standardised = standardise(values, self.center, self.scale)
        finite = np.isfinite(standardised)
        if not finite.all():
            raise DataError(
                f"{table.source}: column {words.name(self.name)} is too large "
                f"{spots(~finite, table.place)} for the scale {self.scale:g} that the "
                "model learned; check its unit."
            )
        return standardised


def learn_feature(name: str, found: ColumnStatistics, rules: Rules) -> tuple[Feature | None, tuple[str, ...]]:
    """The feature that a column becomes, None if it tells nothing; and sentences for the user about it."""
    if not found.present:
        return None, (f"Column {words.name(name)} has no value in any row and was left out.",)
    indicator = rules.missing == "indicator" and found.missing > 0
    if found.constant:
        same = f"Column {words.name(name)} is {words.value(found.value)} in every row"
        if indicator:
            return Feature(name, "presence", indicator=True), (f"{same} that has a value: only that is used.",)
        return None, (f"{same} and was left out.",)
    feature, notes = _LEARN[str(found.kind)](name, found, rules)
    if indicator and feature.kind == "text":
        feature = feature._replace(fill=(0.0,) * len(feature.fill))  # the indicator is a level of its own
    return feature._replace(indicator=indicator), notes


def text_notes(used: Iterable[Feature], found: Mapping[str, ColumnStatistics]) -> list[str]:
    """What coefficients of text are relative to, and which texts are not told apart: two sentences for all columns."""
    texts = [feature for feature in used if feature.kind == "text"]
    if not texts:
        return []
    relative = [f"{words.name(feature.name)} to {words.value(feature.levels[0])}" for feature in texts]
    listed = words.listed(relative, _MOST_TEXTS)
    notes = [f"Text became columns of 0 and 1, and coefficients are relative to one text: {listed}."]
    rare = [_rare(feature, found[feature.name]) for feature in texts if feature.pooled]
    if rare:
        notes.append(f'Rare texts, and those not seen in training, are "other": {words.listed(rare, _MOST_TEXTS)}.')
    return notes


def _rare(feature: Feature, found: ColumnStatistics) -> str:
    """How many texts of a column are not told apart, and in how many rows they are."""
    told = [found.levels[level].rows for level in feature.levels if level in found.levels and level != OTHER]
    rows = words.counted(found.present - sum(told), "row")
    return f"{len(found.levels) - len(told)} of {words.name(feature.name)} (in {rows})"


def too_many(count: int, rows: int) -> bool:
    """Whether so many different values are the names of rows and not categories."""
    return count > LEVELS and 2 * count > rows


def names_rows(found: ColumnStatistics) -> bool:
    """Whether a column of text has so many levels that it names the rows and stands for no categories."""
    return found.crowded or too_many(len(found.levels), found.present) or _longest(found) > _LONG


def told_apart(found: ColumnStatistics, rules: Rules) -> tuple[str, ...]:
    """The levels of a column of text in sorted order; where they are too many, the rare ones are "other", the last."""
    most = rules.max_levels or LEVELS
    if len(found.levels) <= most:
        return tuple(sorted(found.levels))
    by_frequency = sorted(found.levels, key=lambda level: (-found.levels[level].rows, level))
    return (*sorted([level for level in by_frequency if level != OTHER][: most - 1]), OTHER)


def no_categories(columns: Mapping[str, ColumnStatistics], rules: Rules) -> str | None:
    """A sentence about columns of text that are no categories: one-hot, they would remember the rows."""
    texts = {name: found for name, found in columns.items() if found.kind == "text"}
    hopeless = [name for name, found in texts.items() if names_rows(found)]
    wide = hopeless or [name for name, found in texts.items() if rules.max_levels is None and _scattered(found)]
    if not wide:
        return None
    described = [f"column {words.name(name)} has {_wordy(texts[name])}" for name in wide]
    cure = f"leave {'it' if len(wide) == 1 else 'them'} out"
    if not hopeless:
        cure += ', or say with max_levels how many to tell apart, the rarer ones being "other"'
    rows = words.counted(texts[wide[0]].rows, "row")
    return f"{words.listed(described)} in {rows}, which is too many for categories; {cure}."


def _wordy(found: ColumnStatistics) -> str:
    length = f" of up to {_longest(found)} characters" if _longest(found) > _LONG else ""
    return f"{'more than ' * found.crowded}{len(found.levels)} different texts{length}"


def _longest(found: ColumnStatistics) -> int:
    return max(map(len, found.levels), default=0)


def _scattered(found: ColumnStatistics) -> bool:
    """Whether the levels that would be told apart are found in less than half of the rows."""
    levels = told_apart(found, Rules())
    pooled = len(levels) < len(found.levels)
    return pooled and 2 * sum(found.levels[level].rows for level in levels[:-1]) < found.present


def labels(
    values: NDArray[Any], known: Sequence[Class], table: Table, column: str, strict: bool = True
) -> NDArray[np.int64]:
    """The place of each value among the known ones; -1 for others, unless ``strict``.

    Raises: DataError naming the first unknown value, its line, and how many rows have one.
    """
    if values.dtype == np.bool_ and tuple(known) == (False, True):
        return values.astype(np.int64)
    levels, codes = encode(values)
    if isinstance(known[0], str):
        levels = spelled(levels, known)
    places = {value: place for place, value in enumerate(known)}
    found: NDArray[np.int64] = np.array([places.get(level, -1) for level in levels], dtype=np.int64)[codes]
    unseen = found < 0
    if strict and unseen.any():
        first = codes[int(unseen.argmax())]
        same = codes == first
        more = int(unseen.sum() - same.sum())
        others = f" (and other unseen values in {words.counted(more, 'row')})" if more else ""
        cure = ' (unseen="other" takes them for "other")' if isinstance(known[0], str) else ""
        raise DataError(
            f"{table.source}: column {words.name(column)} holds {words.value(levels[first])} "
            f"{spots(same, table.place)}{others}, which the model has not seen; it knows "
            f"{words.listed(map(words.value, known))}: correct these cells, leave their rows out, or train "
            f"on rows that have them{cure}."
        )
    return found


def spelled(levels: Iterable[Any], known: Sequence[Class]) -> list[Any]:
    """The values as text; numbers and booleans, which a file may hold alone, as known texts spell them."""
    spelling = {str(text).lower(): text for text in known}
    return [level if isinstance(level, str) else spelling.get(str(level).lower(), str(level)) for level in levels]


def _why_text(table: Table, name: str) -> str | None:
    found = ColumnStatistics()
    found.add(table.columns[name], None, table.place)
    problem = found.misspelled()
    return None if problem is None else f"{problem.what}; {problem.remedy}"


def counting_note(name: str, found: ColumnStatistics) -> tuple[str, ...]:
    """What is to be said of a column that only counts the rows of its table."""
    if found.kind != "number" or not found.counting or found.missing or found.rows < _COUNTED:
        return ()
    return (f"Column {words.name(name)} only counts the rows; leave it out unless their order matters.",)


def _number(name: str, found: ColumnStatistics, rules: Rules) -> tuple[Feature, tuple[str, ...]]:
    center = found.moments.center
    return Feature(name, "number", center, found.moments.scale, fill=(center,)), counting_note(name, found)


def _date(name: str, found: ColumnStatistics, rules: Rules) -> tuple[Feature, tuple[str, ...]]:
    first = np.datetime64(int(found.moments.minimum), "us").astype("datetime64[D]")
    center = (found.moments.center - float(first.astype("datetime64[us]").astype(np.int64))) / DAY
    note = f"Column {words.name(name)} is dates: the number of days since {first}, the first of the training rows."
    feature = Feature(name, "date", center, found.moments.scale / DAY, origin=str(first), fill=(center,))
    return feature, (note,)


def _bool(name: str, found: ColumnStatistics, rules: Rules) -> tuple[Feature, tuple[str, ...]]:
    return Feature(name, "bool", fill=(found.levels[True].weight / found.weight,)), ()


def _text(name: str, found: ColumnStatistics, rules: Rules) -> tuple[Feature, tuple[str, ...]]:
    levels = told_apart(found, rules)
    pooled = len(levels) < len(found.levels)
    weights = {level: found.levels[level].weight for level in levels if level in found.levels}
    if pooled:
        weights[OTHER] = found.weight - sum(weight for level, weight in weights.items() if level != OTHER)
    fill = tuple(weights[level] / found.weight for level in levels[1:])
    return Feature(name, "text", levels=levels, pooled=pooled, fill=fill), ()


_LEARN = {"number": _number, "bool": _bool, "text": _text, "date": _date}
