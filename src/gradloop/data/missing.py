"""Cells without a value: which rows are left out because of them, and what is said about those that remain."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from gradloop.data import words
from gradloop.data.table import Table
from gradloop.errors import DataError, OptionError

Missing = Literal["error", "drop", "mean", "indicator"]
Unseen = Literal["error", "other"]

LEVELS = 50  # of a column of text, where nobody has said how many


class Rules(NamedTuple):
    """What is done about cells without a value, about rare texts, and about texts that training has not seen.

    ``missing``: "error" refuses them; "drop" leaves their rows out; "mean" takes the mean of the training rows, which
    for text is the share of each level; "indicator" does so too, and adds a column that is 1 where a value is missing.
    ``max_levels``: how many texts of a column are told apart, the rarer ones being "other"; None for 50.
    ``unseen``: "error" refuses texts that training has not seen; "other" takes them for "other".
    """

    missing: Missing = "error"
    max_levels: int | None = None
    unseen: Unseen = "error"

    def check(self) -> None:
        """Raise OptionError for what is no rule."""
        for name, choices in (("missing", get_args(Missing)), ("unseen", get_args(Unseen))):
            given = getattr(self, name)
            if given not in choices:
                raise OptionError(f"{name} is {given!r}, but it must be one of {', '.join(choices)}.")
        most = self.max_levels
        if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 2):
            raise OptionError(f"max_levels is {most!r}, but it must be a whole number from 2.")


class LeftOut:
    """Rows that are left out: how many have no target, how many lack a feature, and which features they lack."""

    def __init__(self) -> None:
        self.rows = 0  # of the whole table
        self.unlabelled = 0
        self.incomplete = 0
        self.lacking: Counter[str] = Counter()

    def choose(self, table: Table, target: str, needed: Iterable[str]) -> NDArray[np.int64] | None:
        """The rows that have a target and all the needed features, None for all rows; the others are counted."""
        labelled = ~table.missing[target] if target in table.missing else np.ones(table.rows, dtype=np.bool_)
        kept = labelled.copy()
        for name in needed:
            if name in table.missing:
                self.lacking[name] += int((table.missing[name] & labelled).sum())
                kept &= ~table.missing[name]
        self.rows += table.rows
        self.unlabelled += table.rows - int(labelled.sum())
        self.incomplete += int(labelled.sum() - kept.sum())
        return None if kept.all() else np.flatnonzero(kept)

    def combine(self, other: "LeftOut") -> None:
        """Count what another has counted, too."""
        self.rows += other.rows
        self.unlabelled += other.unlabelled
        self.incomplete += other.incomplete
        self.lacking.update(other.lacking)

    def notes(self, target: str) -> tuple[str, ...]:
        """Sentences about the rows that were left out."""
        found = []
        if self.unlabelled:
            found.append(
                f"{self._counted(self.unlabelled)} left out because the target {words.name(target)} is missing."
            )
        if self.incomplete:
            found.append(
                f"{self._counted(self.incomplete)} left out because of missing values: {_named(self.lacking)}."
            )
        return tuple(found)

    def check(self, source: str, target: str) -> None:
        """Raise DataError if no row is left."""
        if self.unlabelled == self.rows:
            raise DataError(
                f"{source}: the target {words.name(target)} has no value in any of {words.counted(self.rows, 'row')}; "
                "choose another target, or rows where it is known."
            )
        if self.unlabelled + self.incomplete == self.rows:
            raise DataError(
                f"{source}: no row has a value in every column (missing: {_named(self.lacking)}; of "
                f'{words.counted(self.rows, "row")}); leave such columns out, or choose missing="mean" or "indicator".'
            )

    def _counted(self, count: int) -> str:
        return f"{count} of {words.counted(self.rows, 'row')} {'was' if count == 1 else 'were'}"


def refuse_missing(source: str, found: Mapping[str, tuple[int, str]]) -> None:
    """Raise DataError if the columns that a model needs have cells without a value.

    Args: found, how many each has, and where the first is.
    """
    if found:
        raise DataError(f"{source}: {complaint(found, learned=True)}")


def complaint(found: Mapping[str, tuple[int, str]], learned: bool) -> str:
    """A sentence about cells without a value.

    Args: found, how many each column has, and where the first is; learned, whether a model is applied, which cannot
    change its mind any more.
    """
    columns = [
        f"column {words.name(name)} has no value {place if count == 1 else f'in {count} rows (first {place})'}"
        for name, (count, place) in found.items()
    ]
    cells = "these cells" if sum(count for count, _ in found.values()) > 1 else "this cell"
    other = (
        'give rows that have them, or train the model with missing="mean" or "indicator"'
        if learned
        else 'leave such columns out, or choose missing="drop", "mean" or "indicator"'
    )
    return f"{words.listed(columns)}; fill in {cells}, {other}."


def missing_cells(table: Table, names: Iterable[str]) -> dict[str, tuple[int, str]]:
    """The columns that have cells without a value: how many each, and where the first is.

    >>> missing_cells(Table.from_columns({"x": [1, None, None], "y": [1, 2, 3]}), ["x", "y"])
    {'x': (2, 'in row 1')}
    """
    masks = {name: table.missing[name] for name in names if name in table.missing}
    return {name: (int(mask.sum()), table.place(int(mask.argmax()))) for name, mask in masks.items() if mask.any()}


def lacking_cells(counts: Counter[str]) -> str:
    """How many cells of which columns have no value, the most first."""
    if len(counts) == 1:
        return f"{words.counted(counts.total(), 'cell')} of column {words.name(next(iter(counts)))} without a value"
    named = [f"{count} in {words.name(name)}" for name, count in counts.most_common()]
    return f"{counts.total()} cells without a value ({words.listed(named)})"


def _named(counts: Counter[str]) -> str:
    return words.listed(f"{count} in {words.name(name)}" for name, count in counts.most_common() if count)
