"""From named columns to numbers: learned from the training table, applied in the same way ever after."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from gradloop.data import words
from gradloop.data.columns import ColumnStatistics, TableStatistics, Weights, gather
from gradloop.data.features import Class, Feature, labels, learn_feature, no_categories, text_notes, too_many
from gradloop.data.missing import (
    LeftOut,
    Missing,
    Rules,
    Unseen,
    complaint,
    lacking_cells,
    missing_cells,
    refuse_missing,
)
from gradloop.data.remarks import Remarks
from gradloop.data.stored import classes_of, demand, feature_of, fields_of
from gradloop.data.table import Table
from gradloop.errors import DataError

_BLOCK = 1 << 14  # rows that are encoded at a time: as many as the processor's cache holds
MOST_CLASSES = 1000  # that a target may have


@dataclass(frozen=True)
class Preparation:
    """How a table becomes features and target: standardised numbers and days, 0/1 for booleans, one-hot for text.

        z = (x - center) / scale

    ``classes`` are the target's classes in the order of their labels 0, 1, ..., or None for a target of
    numbers; ``notes`` are sentences for the user about what was left out and what coefficients of text are
    relative to; ``missing`` and ``unseen`` say what is done about cells without a value and new texts (see Rules).

    >>> table = Table.from_columns({"area": [50, 80, 95], "town": ["Ulm", "Bonn", "Ulm"], "price": [1, 2, 4]})
    >>> preparation = Preparation.learn(table, "price")
    >>> preparation.feature_names, preparation.target(table)
    (('area', 'town=Ulm'), array([1., 2., 4.]))
    """

    target_name: str
    used: tuple[Feature, ...]
    classes: tuple[Class, ...] | None = None
    notes: tuple[str, ...] = ()
    missing: Missing = "error"
    unseen: Unseen = "error"

    @classmethod
    def learn(
        cls,
        data: Table | Iterable[Table],
        target: str,
        columns: Iterable[str] | None = None,
        *,
        leave_out: Iterable[str] = (),
        classification: bool | None = None,
        rules: Rules = Rules(),  # noqa: B008  (it never changes)
        weights: Callable[[Table], Weights] | None = None,
    ) -> "Preparation":
        """Learn from a training table, using ``columns`` (all but the target) without those in ``leave_out``.

        data: a table, or batches of one that is larger than memory, which are read once; what is learned does not
        depend on how the rows are cut into batches, but for rounding. classification: True makes a target of numbers
        classes, False refuses one of text; None goes by its type. weights: how much the rows of a batch count, above 0;
        a row of weight 2 counts as two such rows.

        Raises: DataError for unknown columns, columns with problems, missing values where the rules refuse them,
        and text that does not stand for categories; OptionError for rules that are none.
        """
        rules.check()
        batches = iter([data] if isinstance(data, Table) else data)
        first = next(batches, None)
        if first is None:
            raise DataError("There are no rows to learn from; give at least one.")
        names = chosen_columns(first, target, columns, leave_out)
        drop, numbers_too = rules.missing == "drop", classification is True
        found = gather(chain([first], batches), target, names, drop, numbers_too, weights)
        return cls.decide(found, classification, rules)

    @classmethod
    def decide(cls, found: TableStatistics, classification: bool | None, rules: Rules) -> "Preparation":
        features = {name: found.columns[name] for name in found.names}
        _check_features(found, features, rules)
        classes = _learn_classes(found, classification)
        learned = {name: learn_feature(name, one, rules) for name, one in features.items()}
        used = tuple(feature for feature, _ in learned.values() if feature)
        if not used:
            raise DataError(
                f"{found.source}: no column besides {words.name(found.target)} takes two values in "
                f"{words.counted(found.rows, 'row')}, and there is nothing to learn from; add a column or more rows."
            )
        notes = [
            *found.left_out.notes(found.target),
            *chain.from_iterable(notes for _, notes in learned.values()),
            *text_notes(used, features),
            *_missing_notes(features, used, rules),
            *_class_notes(found.target, classes),
        ]
        return cls(found.target, used, classes, tuple(notes), rules.missing, rules.unseen)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the d features: the column, or column=level for text."""
        return tuple(name for feature in self.used for name in feature.names)

    @property
    def center(self) -> NDArray[np.float64]:
        """What is subtracted from each feature, (d,), in the file's units."""
        return np.array([center for feature in self.used for center in feature.centers])

    @property
    def scale(self) -> NDArray[np.float64]:
        """What each feature is divided by, (d,), in the file's units."""
        return np.array([scale for feature in self.used for scale in feature.scales])

    def needed(self, source: str, names: Sequence[str]) -> list[str]:
        """The columns that the features are made of.

        Raises: DataError unless they are among these names.
        """
        needed = [feature.name for feature in self.used]
        missing = [name for name in needed if name not in names]
        if missing:
            raise DataError(
                f"{source} lacks the {words.columns(missing)} that the model needs; it has "
                f"{words.columns(names, most=12)}."
            )
        return needed

    def features(self, table: Table) -> NDArray[np.float64]:
        """The features of a table, (n, d), its columns matched by name.

        Raises: DataError for missing columns, text for numbers, values that cannot be used, unseen
        categories.
        """
        needed = self.needed(table.source, table.names)
        table.check(needed)
        if self.missing in ("error", "drop"):
            refuse_missing(table.source, missing_cells(table, needed))
        found = np.empty((table.rows, len(self.feature_names)))
        try:
            for start in range(0, table.rows, _BLOCK):
                self._encode(table.part(start, start + _BLOCK), found[start : start + _BLOCK])
        except DataError:
            self._encode(table, found)  # whole columns, so that the message counts all rows
        return found

    def _encode(self, table: Table, found: NDArray[np.float64]) -> None:
        start = 0
        for feature in self.used:
            numbers = feature.encode(table, self.unseen)
            end = start + numbers.shape[1]
            found[:, start:end] = numbers
            start = end

    def target(self, table: Table) -> NDArray[Any]:
        """The target of a table, (n,): float64, or int64 labels where there are classes.

        Raises: DataError if it is missing, not of the learned type, or has an unseen class.
        """
        _check_target(table, self.target_name)
        values = table.column(self.target_name)
        refuse_missing(table.source, missing_cells(table, [self.target_name]))
        if self.classes is not None:
            return labels(values, self.classes, table, self.target_name)
        if values.dtype.kind in "OM":
            said = "dates" if values.dtype.kind == "M" else "text"
            raise DataError(
                f"{table.source}: the target {words.name(self.target_name)} holds {said} "
                f"({words.value(values[0])} {table.place(0)}), and the model learned numbers; give "
                "numbers."
            )
        return values.astype(np.float64)

    def needed_to_judge(self, table: Table) -> list[str]:
        """The columns of a table that predictions are made and judged by.

        Raises: DataError unless they are there.
        """
        _check_target(table, self.target_name)
        return [*self.needed(table.source, table.names), self.target_name]

    def judgeable(self, table: Table, left_out: LeftOut) -> Table:
        """The rows of a table that predictions can be judged by; the others are counted.

        Rows without a target are left out, and with ``missing="drop"`` rows that lack a feature.
        """
        needed = [feature.name for feature in self.used] if self.missing == "drop" else ()
        rows = left_out.choose(table, self.target_name, needed)
        return table if rows is None else table.select(rows)

    def judged(self, table: Table) -> tuple[Table, tuple[str, ...]]:
        """The same of a whole table, and sentences about the rows that were left out.

        Raises: DataError if no row is left, or the target is not there.
        """
        _check_target(table, self.target_name)
        left_out = LeftOut()
        found = self.judgeable(table, left_out)
        left_out.check(table.source, self.target_name)
        return found, left_out.notes(self.target_name)

    def remarks(self, table: Table) -> tuple[str, ...]:
        """Sentences about what a table has and the model does not use, and what stands for something else."""
        found = Remarks(self)
        found.add(table)
        return found.sentences(table.source, table.names)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data for JSON."""
        return {
            "target": self.target_name,
            "classes": None if self.classes is None else list(self.classes),
            "columns": [
                {**feature._asdict(), "levels": list(feature.levels), "fill": list(feature.fill)}
                for feature in self.used
            ],
            "notes": list(self.notes),
            "missing": self.missing,
            "unseen": self.unseen,
        }

    @classmethod
    def from_dict(cls, document: Any) -> "Preparation":
        """Back from plain data, believing none of it unchecked.

        Raises: ModelFileError for anything that ``to_dict`` would not have written.
        """
        types = {"target": str, "classes": (list, type(None)), "columns": list, "notes": list}
        types |= {"missing": str, "unseen": str}
        fields = fields_of(document, types, {"missing": "error", "unseen": "error"})
        used = tuple(map(feature_of, fields["columns"]))
        names = [feature.name for feature in used]
        demand(used and len(set(names)) == len(names) and fields["target"] not in names, "its columns")
        demand(all(isinstance(note, str) for note in fields["notes"]), "its notes")
        demand(fields["missing"] in get_args(Missing) and fields["unseen"] in get_args(Unseen), "its rules")
        fills = fields["missing"] in ("mean", "indicator") or fields["unseen"] == "other"
        demand(
            not fills or all(len(feature.fill) == len(feature.centers) - feature.indicator for feature in used), "fill"
        )
        classes = classes_of(fields["classes"])
        return cls(fields["target"], used, classes, tuple(fields["notes"]), fields["missing"], fields["unseen"])


def _check_target(table: Table, target: str) -> None:
    if target not in table.columns:
        raise DataError(f"{table.source} has no target {words.name(target)}; {table.suggestion([target])}.")


def chosen_columns(table: Table, target: str, columns: Iterable[str] | None, leave_out: Iterable[str]) -> list[str]:
    """The columns to use, each once, in the table's order.

    Raises: DataError for a target or columns that the table does not have, and if none is left.
    """
    _check_target(table, target)
    excluded = {leave_out} if isinstance(leave_out, str) else set(leave_out)
    included = (
        set(table.names) - {target} if columns is None else {columns} if isinstance(columns, str) else set(columns)
    )
    table.check_known([*excluded, *included])
    if target in included:
        raise DataError(
            f"{table.source}: column {words.name(target)} is the target and cannot be a feature; take it off the list."
        )
    chosen = included - excluded
    names = [name for name in table.names if name in chosen]
    if not names:
        raise DataError(f"{table.source}: no column is left to predict {words.name(target)} from; use at least one.")
    return names


def _check_features(found: TableStatistics, features: dict[str, ColumnStatistics], rules: Rules) -> None:
    """Raise DataError for everything that is wrong with the columns, so that it can be mended in one go."""
    absent = {name: (one.missing, one.missing_place) for name, one in features.items() if one.missing}
    problems = {name: problem for name, one in found.columns.items() if (problem := one.misspelled())}
    others = {name: one for name, one in features.items() if name not in problems}
    complaints = [complaint(absent, learned=False)] if absent and rules.missing == "error" else []
    for remedy in dict.fromkeys(problem.remedy for problem in problems.values()):
        alike = [f"column {words.name(name)} {what}" for name, (what, cure) in problems.items() if cure == remedy]
        complaints.append(f"{words.listed(alike)}; {remedy}.")
    complaints.extend(filter(None, [no_categories(others, rules)]))
    if complaints:
        raise DataError(f"{found.source}: {' And '.join(complaints)}")


def _learn_classes(found: TableStatistics, classification: bool | None) -> tuple[Class, ...] | None:
    target: ColumnStatistics = found.columns[found.target]
    place = f"{found.source}: the target {words.name(found.target)}"
    if target.kind == "date":
        raise DataError(f"{place} holds dates, and numbers or classes are needed; choose another target.")
    if classification is None:
        classification = target.kind in ("text", "bool")
    if not classification:
        if target.kind == "text":
            first, level = next(iter(target.levels.items()))
            raise DataError(
                f"{place} holds text ({words.value(first)} {level.place}), and this model predicts "
                "numbers; choose a model of classes (logistic, softmax) or another target."
            )
        return None
    classes = tuple(sorted({_plain(value) for value in target.levels}))
    if len(classes) == 1:
        raise DataError(
            f"{place} is {words.value(classes[0])} in all {target.present} rows, and classes to tell apart are "
            "needed; add rows of another class."
        )
    if target.crowded or too_many(len(classes), target.present) or len(classes) > MOST_CLASSES:
        raise DataError(
            f"{place} has {len(classes)} different values in {target.present} rows, which is too many for "
            "classes; choose a model of numbers (linear) or another target."
        )
    return classes


def _missing_notes(features: dict[str, ColumnStatistics], used: Iterable[Feature], rules: Rules) -> list[str]:
    counts = Counter({feature.name: features[feature.name].missing for feature in used})
    counts = +counts
    if not counts:
        return []
    texts = any(features[name].kind == "text" for name in counts)
    flagged = rules.missing == "indicator"
    taken = "the mean was taken" + ", for text the share of each level" * (texts and not flagged)
    if flagged:
        taken += ' and a column "... is missing" is 1 there' + ", for text in place of a level" * texts
    return [f"{lacking_cells(counts)}: {taken}."]


def _plain(value: Any) -> Any:
    """Whole floats as integers: classes are written 0 and 1, whatever the column's type."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _class_notes(target: str, classes: tuple[Class, ...] | None) -> list[str]:
    if classes is None:
        return []
    named = [f"{place} = {words.value(value)}" for place, value in enumerate(classes)]
    return [f"The classes of {words.name(target)} are {words.listed(named)}."]
