"""One column of a table as the numbers of a model: learned from the training rows, applied to any others."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradloop.data import words
from gradloop.data.cells import spots
from gradloop.data.standardise import center_and_scale, standardise
from gradloop.data.table import Table
from gradloop.errors import DataError

Kind = Literal["number", "bool", "text"]
Class = str | int | float | bool

_COUNTED = 10  # from so many rows on, a column 1, 2, 3, ... is no accident


class Feature(NamedTuple):
    """A column that the model uses: numbers (center, scale), booleans, or text (levels, reference first)."""

    name: str
    kind: Kind
    center: float = 0.0
    scale: float = 1.0
    levels: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the numbers that the column becomes."""
        return tuple(f"{self.name}={level}" for level in self.levels[1:]) or (self.name,)

    def encode(self, table: Table) -> NDArray[np.float64]:
        """The column of a table as numbers, (n, 1), or (n, levels - 1) for text."""
        values = table.column(self.name)
        if self.kind == "text":
            codes = labels(spelled(values, self.levels), self.levels, table, self.name)
            return np.equal(codes[:, None], np.arange(1, len(self.levels))).astype(np.float64)
        if values.dtype == object:
            raise DataError(
                f"{table.source}: column {words.name(self.name)} holds the text {words.value(values[0])} "
                f"{table.place(0)}, and the model learned it as numbers; give numbers."
            )
        if self.kind == "bool":
            return labels(values.tolist(), (False, True), table, self.name)[:, None].astype(np.float64)
        return self._standardised(values, table)[:, None]

    def _standardised(self, values: NDArray[Any], table: Table) -> NDArray[np.float64]:
        standardised = standardise(values, self.center, self.scale)
        if not np.isfinite(standardised).all():
            raise DataError(
                f"{table.source}: column {words.name(self.name)} is too large "
                f"{spots(~np.isfinite(standardised), table.place)} for the scale {self.scale:g} that the "
                "model learned; check its unit."
            )
        return standardised


def learn_feature(table: Table, name: str) -> tuple[Feature | None, str | None]:
    """The feature that a column of training rows becomes, None if it never varies; and a note on it."""
    values = table.columns[name]
    if (values == values[0]).all():
        return None, f"Column {words.name(name)} is {words.value(values[0])} in every row and was left out."
    if values.dtype == object:
        levels = tuple(sorted(set(values)))
        columns = "" if len(levels) == 2 else f" as {len(levels) - 1} columns of 0 and 1"
        reference = words.value(levels[0])
        note = f"Column {words.name(name)} is text{columns}: coefficients are relative to {reference}."
        return Feature(name, "text", levels=levels), note
    if values.dtype == np.bool_:
        return Feature(name, "bool"), None
    return Feature(name, "number", *center_and_scale(values)), _counting_note(name, values)


def labels(values: Sequence[Any], known: Sequence[Class], table: Table, column: str) -> NDArray[np.int64]:
    """The place of each value among the known ones.

    Raises: DataError naming the first unknown value, its line, and how many rows have one.
    """
    places = {value: place for place, value in enumerate(known)}
    found = np.array([places.get(value, -1) for value in values], dtype=np.int64)
    unseen = found < 0
    if unseen.any():
        first = values[int(unseen.argmax())]
        same = unseen & np.array([value == first for value in values])
        others = (
            f" (and other unseen values in {words.counted(more, 'row')})"
            if (more := int((unseen & ~same).sum()))
            else ""
        )
        raise DataError(
            f"{table.source}: column {words.name(column)} holds {words.value(first)} "
            f"{spots(same, table.place)}{others}, which the model has not seen; it knows "
            f"{words.listed(map(words.value, known))}: correct these cells, leave their rows out, or train "
            "on rows that have them."
        )
    return found


def spelled(values: NDArray[Any], known: Sequence[Class]) -> list[Any]:
    """The values as text; numbers and booleans, which a file may hold alone, as known texts spell them."""
    if values.dtype == object:
        return list(values)
    spelling = {str(text).lower(): text for text in known}
    return [spelling.get(str(value).lower(), str(value)) for value in values.tolist()]


def _counting_note(name: str, values: NDArray[Any]) -> str | None:
    if values.dtype.kind == "i" and len(values) >= _COUNTED and (np.diff(values) == 1).all():
        return f"Column {words.name(name)} only counts the rows; leave it out unless their order matters."
    return None
