"""From named columns to numbers: learned from the training table, applied in the same way ever after."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradloop.data import words
from gradloop.data.features import Class, Feature, labels, learn_feature, spelled
from gradloop.data.table import Table
from gradloop.errors import DataError, ModelFileError

MANY = 50  # more texts than this, and more than half as many as rows, name rows rather than categories
TOO_MANY = 1000  # columns that one column of text may become


@dataclass(frozen=True)
class Preparation:
    """How a table becomes features and target: standardised numbers, 0/1 for booleans, one-hot for text.

        z = (x - center) / scale

    ``classes`` are the target's classes in the order of their labels 0, 1, ..., or None for a target of
    numbers; ``notes`` are sentences for the user about what was left out and what coefficients of text are
    relative to.

    >>> table = Table.from_columns({"area": [50, 80, 95], "town": ["Ulm", "Bonn", "Ulm"], "price": [1, 2, 4]})
    >>> preparation = Preparation.learn(table, "price")
    >>> preparation.feature_names, preparation.target(table)
    (('area', 'town=Ulm'), array([1., 2., 4.]))
    """

    target_name: str
    used: tuple[Feature, ...]
    classes: tuple[Class, ...] | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def learn(
        cls,
        table: Table,
        target: str,
        columns: Iterable[str] | None = None,
        *,
        leave_out: Iterable[str] = (),
        classification: bool | None = None,
    ) -> "Preparation":
        """Learn from a training table, using ``columns`` (all but the target) without those in ``leave_out``.

        classification: True makes a target of numbers classes, False refuses one of text; None goes by its
        type.

        Raises: DataError for unknown columns, columns with problems, and text that does not stand for
        categories.
        """
        _check_target(table, target)
        names = _chosen(table, target, columns, leave_out)
        table.check([target, *names])
        _check_categories(table, names)
        classes = _learn_classes(table, target, classification)
        learned = [learn_feature(table, name) for name in names]
        used = tuple(feature for feature, _ in learned if feature)
        if not used:
            raise DataError(
                f"{table.source}: no column besides {words.name(target)} takes two values, and there is "
                "nothing to learn from; add a column or more rows."
            )
        notes = [*(note for _, note in learned if note), *_class_notes(target, classes)]
        return cls(target, used, classes, tuple(notes))

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the d features: the column, or column=level for text."""
        return tuple(name for feature in self.used for name in feature.names)

    @property
    def center(self) -> NDArray[np.float64]:
        """What is subtracted from each feature, (d,), in the file's units."""
        return np.array([feature.center for feature in self.used for _ in feature.names])

    @property
    def scale(self) -> NDArray[np.float64]:
        """What each feature is divided by, (d,), in the file's units."""
        return np.array([feature.scale for feature in self.used for _ in feature.names])

    def features(self, table: Table) -> NDArray[np.float64]:
        """The features of a table, (n, d), its columns matched by name.

        Raises: DataError for missing columns, text for numbers, values that cannot be used, unseen
        categories.
        """
        needed = [feature.name for feature in self.used]
        missing = [name for name in needed if name not in table.columns]
        if missing:
            raise DataError(
                f"{table.source} lacks the {words.columns(missing)} that the model needs; it has "
                f"{words.columns(table.names, most=12)}."
            )
        table.check(needed)
        return np.concatenate([feature.encode(table) for feature in self.used], axis=1)

    def target(self, table: Table) -> NDArray[Any]:
        """The target of a table, (n,): float64, or int64 labels where there are classes.

        Raises: DataError if it is missing, not of the learned type, or has an unseen class.
        """
        _check_target(table, self.target_name)
        values = table.column(self.target_name)
        if self.classes is None:
            if values.dtype == object:
                raise DataError(
                    f"{table.source}: the target {words.name(self.target_name)} holds text "
                    f"({words.value(values[0])} {table.place(0)}), and the model learned numbers; give "
                    "numbers."
                )
            return values.astype(np.float64)
        texts = isinstance(self.classes[0], str)
        return labels(
            spelled(values, self.classes) if texts else values.tolist(), self.classes, table, self.target_name
        )

    def remarks(self, table: Table) -> tuple[str, ...]:
        """Sentences about what a table has and the model does not use."""
        known = {self.target_name, *(feature.name for feature in self.used)}
        extra = [name for name in table.names if name not in known]
        return (f"{table.source}: the model does not use {words.columns(extra)}.",) if extra else ()

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data for JSON."""
        return {
            "target": self.target_name,
            "classes": None if self.classes is None else list(self.classes),
            "columns": [{**feature._asdict(), "levels": list(feature.levels)} for feature in self.used],
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, document: Any) -> "Preparation":
        """Back from plain data, believing none of it unchecked.

        Raises: ModelFileError for anything that ``to_dict`` would not have written.
        """
        fields = _fields(document, {"target": str, "classes": (list, type(None)), "columns": list, "notes": list})
        used = tuple(map(_feature, fields["columns"]))
        names = [feature.name for feature in used]
        _demand(used and len(set(names)) == len(names) and fields["target"] not in names, "its columns")
        _demand(all(isinstance(note, str) for note in fields["notes"]), "its notes")
        return cls(fields["target"], used, _classes(fields["classes"]), tuple(fields["notes"]))


def _check_target(table: Table, target: str) -> None:
    if target not in table.columns:
        raise DataError(f"{table.source} has no target {words.name(target)}; {table.suggestion([target])}.")


def _chosen(table: Table, target: str, columns: Iterable[str] | None, leave_out: Iterable[str]) -> list[str]:
    """The columns to use, each once, in the table's order."""
    excluded = {leave_out} if isinstance(leave_out, str) else set(leave_out)
    included = (
        set(table.names) - {target} if columns is None else {columns} if isinstance(columns, str) else set(columns)
    )
    table.check_known([*excluded, *included])
    if target in included:
        raise DataError(
            f"{table.source}: column {words.name(target)} is the target and cannot be a feature; take it off the list."
        )
    names = [name for name in table.names if name in included - excluded]
    if not names:
        raise DataError(f"{table.source}: no column is left to predict {words.name(target)} from; use at least one.")
    return names


def _check_categories(table: Table, names: Iterable[str]) -> None:
    """Refuse columns of text with a different text in most rows: one-hot, they would remember the rows."""
    counts = {name: len(set(table.columns[name])) for name in names if table.columns[name].dtype == object}
    wide = [name for name, count in counts.items() if _too_many(count, table.rows)]
    if wide:
        described = [f"column {words.name(name)} has {counts[name]} different texts" for name in wide]
        raise DataError(
            f"{table.source}: {words.listed(described)} in {table.rows} rows, which is too many for "
            f"categories; leave {'it' if len(wide) == 1 else 'them'} out."
        )


def _too_many(count: int, rows: int) -> bool:
    return count > TOO_MANY or (count > MANY and 2 * count > rows)


def _learn_classes(table: Table, target: str, classification: bool | None) -> tuple[Class, ...] | None:
    values = table.columns[target]
    place = f"{table.source}: the target {words.name(target)}"
    if classification is None:
        classification = values.dtype in (object, np.bool_)
    if not classification:
        if values.dtype == object:
            raise DataError(
                f"{place} holds text ({words.value(values[0])} {table.place(0)}), and this model predicts "
                "numbers; choose a model of classes (logistic, softmax) or another target."
            )
        return None
    classes = tuple(sorted({_plain(value) for value in values.tolist()}))
    if len(classes) == 1:
        raise DataError(
            f"{place} is {words.value(classes[0])} in all {table.rows} rows, and classes to tell apart are "
            "needed; add rows of another class."
        )
    if _too_many(len(classes), table.rows):
        raise DataError(
            f"{place} has {len(classes)} different values in {table.rows} rows, which is too many for "
            "classes; choose a model of numbers (linear) or another target."
        )
    return classes


def _plain(value: Any) -> Any:
    """Whole floats as integers: classes are written 0 and 1, whatever the column's type."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _class_notes(target: str, classes: tuple[Class, ...] | None) -> list[str]:
    if classes is None:
        return []
    named = [f"{place} = {words.value(value)}" for place, value in enumerate(classes)]
    return [f"The classes of {words.name(target)} are {words.listed(named)}."]


def _demand(condition: object, what: str) -> None:
    if not condition:
        raise ModelFileError(
            f"The model file describes the preparation of its data wrongly ({what}); it is damaged or forged."
        )


def _fields(document: Any, types: dict[str, Any]) -> dict[str, Any]:
    """The document, if it is a dict with exactly these fields of exactly these types (True is no number)."""
    _demand(isinstance(document, dict) and set(document) == set(types), "its fields")
    for name, kinds in types.items():
        _demand(type(document[name]) in (kinds if isinstance(kinds, tuple) else (kinds,)), name)
    return dict(document)


def _feature(document: Any) -> Feature:
    number = (int, float)
    types = {"name": str, "kind": str, "center": number, "scale": number, "levels": list}
    name, kind, center, scale, levels = (_fields(document, types)[field] for field in types)
    _demand(kind in ("number", "bool", "text"), "kind")
    _demand(_is_finite(center) and _is_finite(scale) and scale > 0, "center and scale")
    _demand(kind == "number" or (center, scale) == (0, 1), "center and scale")
    _demand(_is_sorted(levels, (str,)) and len(levels) >= 2 if kind == "text" else not levels, "levels")
    return Feature(name, kind, float(center), float(scale), tuple(levels))


def _classes(values: list[Any] | None) -> tuple[Class, ...] | None:
    if values is None:
        return None
    _demand(
        len(values) >= 2 and any(_is_sorted(values, kinds) for kinds in ((str,), (bool,), (int, float))),
        "classes",
    )
    return tuple(values)


def _is_sorted(values: list[Any], kinds: tuple[type, ...]) -> bool:
    """Whether the values are of these types, finite, different and in order."""
    known = all(type(value) in kinds and (isinstance(value, str) or _is_finite(value)) for value in values)
    return known and values == sorted(set(values))


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer of hundreds of digits
        return False
