"""What the user gave, made ready for training: model, loss, features, targets, weights, and rows held out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradloop.data import (
    Preparation,
    Table,
    check_features,
    check_target,
    holdout_split,
    open_source,
    read_table,
    words,
)
from gradloop.data.cells import spots
from gradloop.data.columns import ColumnStatistics
from gradloop.data.features import counting_note
from gradloop.data.missing import LeftOut, Rules
from gradloop.data.preparation import chosen_columns
from gradloop.errors import DataError, ModelError, OptionError
from gradloop.graphs import argument_names, as_parameter
from gradloop.losses import LOSSES, Loss, about
from gradloop.models import MODELS, Model
from gradloop.targets import count_classes, part_target

NO_WEIGHT = "All weights are zero, so no row is left to train on; give at least one a weight above 0."
Array = Any


@dataclass(frozen=True, eq=False)
class Examples:
    """Examples that are ready for training, and how they came to be."""

    model: Model
    loss: Loss
    X: Array  # (n, d)
    y: Array  # (n,)
    start: Mapping[str, Any]
    names: tuple[str, ...]  # of the features
    weights: Array | None = None  # (n,), with mean one
    held: tuple[Array, Array] | None = None  # the features and targets that training does not see
    preparation: Preparation | None = None  # of a table
    remarks: tuple[str, ...] = ()
    rows: Array | None = None  # which rows of the data these are, where it is not all of them
    lines: Array | None = None  # and the lines of the file where they start

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of how the data were made ready."""
        return (*self.remarks, *(self.preparation.notes if self.preparation else ()))

    def in_units(self, trained: dict[str, Array]) -> dict[str, Array]:
        """The parameters for columns in their own units.

        Raises: DataError for one that is too large there.
        """
        if self.preparation is None:
            return trained
        with np.errstate(over="ignore", invalid="ignore"):
            found = self.model.in_units(trained, self.preparation.center, self.preparation.scale)
        for name, value in found.items():
            beyond = np.isfinite(trained[name]) & ~np.isfinite(value)
            if beyond.any():
                raise DataError(self._too_large(int(np.argwhere(beyond)[0][0]) if name == "w" else None))
        return found

    def _too_large(self, place: int | None) -> str:
        """The sentence about the coefficient at a place, or the intercept."""
        if place is None:
            return "The intercept is too large for float64; divide the target by a power of 10."
        column = words.name(self.names[place % len(self.names)])  # a polynomial has the columns once for each power
        return f"The coefficient of {column} is too large for float64; multiply the column by a power of 10."


def path_or_table(data: Any) -> Table | None:
    """A table, if that is what the data are; None for arrays."""
    source = open_source(data)
    return None if source is None else read_table(source)


def as_model(model: Any, start: Mapping[str, Any] | None) -> Model:
    """A model by its name; a user's function with what can be said of it."""
    if isinstance(model, Model):
        return model
    if isinstance(model, str):
        if model not in MODELS:
            raise OptionError(f"There is no model {model!r}; choose one of {', '.join(MODELS)}, or give a function.")
        entry = MODELS[model]
        return entry if isinstance(entry, Model) else entry()
    if not callable(model):
        raise OptionError(f"model is {model!r}; give a name, or a function model(x, ...parameters) of one example.")
    if start is None:
        names = argument_names(model)
        raise ModelError(
            f"The function {getattr(model, '__name__', 'model')}({', '.join(names)}) needs start, the parameters to "
            f'begin with by their names, for instance start={{"{names[-1]}": 0.0}}.'
        )
    name = getattr(model, "__name__", "model")
    return Model(name, model, lambda features, classes: dict(start), "squared", lambda params, center, scale: params)


def as_loss(loss: Any, model: Model) -> Loss:
    if loss is None:
        return LOSSES[model.loss]
    if isinstance(loss, str):
        if loss not in LOSSES:
            raise OptionError(f"There is no loss {loss!r}; choose one of {', '.join(LOSSES)}, or give a function.")
        return LOSSES[loss]
    if not callable(loss):
        raise OptionError(f"loss is {loss!r}; give a name, or a function loss(y_hat, y) of one example.")
    return about(loss)


def starting_params(model: Model, start: Mapping[str, Any] | None, features: int, classes: int) -> Mapping[str, Any]:
    """Zeros, or what the user gave in the shapes that the model has."""
    usual = model.start(features, classes)
    if start is None:
        return usual
    for name, value in usual.items():
        if name not in start:
            raise ModelError(
                f"start lacks {name!r}, which the {model.name} model needs in the shape {np.shape(value)}."
            )
        shape = as_parameter(name, start[name], np.dtype(np.float64)).shape
        if shape != np.shape(value):
            raise ModelError(
                f"start[{name!r}] has the shape {shape}, but the {model.name} model with {features} "
                f"features needs {np.shape(value)}."
            )
    return start


# ---- arrays --------------------------------------------------------------------------------------------------


def from_arrays(
    data: Any, y: Any, target: str | None, leave_out: Iterable[str], model: Any, loss: Any,
    start: Mapping[str, Any] | None, weights: Any, holdout: float, seed: int, rules: Rules = Rules(),  # noqa: B008
) -> Examples:  # fmt: skip
    """Arrays are trained on as they are: the parameters are those of the user's own function."""
    check_array_options(y, target, leave_out, rules)
    chosen = as_model(model, start)
    X = features_for(data, is_law=callable(model))
    y = check_target(y, rows=len(X))
    chosen_loss = as_loss(loss, chosen)
    classes = count_classes(y) if chosen_loss.target == "label" and not callable(model) else 2
    params = starting_params(chosen, start, X.shape[1], classes)
    names = tuple(f"x[{i}]" for i in range(X.shape[1]))
    given = None if weights is None else check_weights(weights, len(X))
    train, held = split(len(X), holdout, seed)
    train, mean_one, remarks = counted(train, given)
    found = Examples(chosen, chosen_loss, X, y, params, names, mean_one, None, None, remarks)
    if train is None:
        return found
    judged = None if held is None else (X[held], y[held])
    return replace(found, X=X[train], y=y[train], held=judged, rows=train)


def check_array_options(y: Any, target: str | None, leave_out: Iterable[str], rules: Rules) -> None:
    for name, given, usual in zip(rules._fields, rules, Rules(), strict=True):
        if given != usual:
            raise OptionError(f"{name} is for the columns of a table; leave it out, or give a table instead of arrays.")
    if target is not None:
        raise OptionError("target names a column of a table; with an array X give the targets as y.")
    if tuple(leave_out):
        raise OptionError(
            "leave_out names columns of a table; from an array X take the columns you want, X[:, [0, 2]]."
        )
    if y is None:
        raise DataError("The targets are missing: give fit(X, y), or a table and target=, the name of its column.")


def features_for(data: Any, is_law: bool) -> Array:
    """X as it is; a user's function of one quantity may also be given the plain values of that quantity."""
    if is_law and getattr(data, "ndim", None) == 1:
        return check_features(np.reshape(data, (-1, 1)))
    if is_law and isinstance(data, (list, tuple)) and np.ndim(np.asarray(data, object)) == 1:
        return check_features([[value] for value in data])
    return check_features(data)


# ---- tables --------------------------------------------------------------------------------------------------


def from_table(
    table: Table, y: Any, target: str | None, leave_out: Iterable[str], model: Any, loss: Any,
    start: Mapping[str, Any] | None, weights: Any, holdout: float, seed: int, rules: Rules = Rules(),  # noqa: B008
) -> Examples:  # fmt: skip
    """A table is standardised for a shipped model; a user's function gets the columns it names, or all, as they are."""
    target = check_table_options(table, y, target, start, model)
    chosen = as_model(model, start)
    chosen_loss = as_loss(loss, chosen)
    law = law_columns(model, table, start) if callable(model) and start is not None else None
    given, leave_out = table_weights(table, weights, target, leave_out)
    check_rules(rules, law)
    left_out, kept = LeftOut(), chosen_columns(table, target, law, leave_out)
    usable = left_out.choose(table, target, kept if rules.missing == "drop" else ())
    left_out.check(table.source, target)
    train, held = split_of(table.rows, usable, holdout, seed)
    train, mean_one, remarks = counted(train, given)
    remarks = (*left_out.notes(target), *remarks, *(counting_notes(table, kept) if held is not None else ()))
    seen = table if train is None else table.select(train)
    wanted = wants_classes(chosen_loss)
    uneven = mean_one is not None and np.ptp(mean_one) > 0
    preparation = Preparation.learn(
        seen, target, law, leave_out=leave_out, classification=wanted, rules=rules,
        weights=(lambda _: mean_one) if uneven else None,
    )  # fmt: skip
    if callable(model):
        preparation = as_they_are(preparation, law)
    check_class_count(preparation, chosen_loss, target)
    X, targets = preparation.features(seen), table_target(seen, preparation, chosen_loss)
    params = starting_params(chosen, start, X.shape[1], len(preparation.classes or ()))
    rest = None if held is None else table.select(held)
    judged = None if rest is None else (preparation.features(rest), preparation.target(rest))
    names = preparation.feature_names
    return Examples(
        chosen, chosen_loss, X, targets, params, names, mean_one, judged, preparation, remarks, train, seen.lines
    )


def check_table_options(table: Table, y: Any, target: str | None, start: Any, model: Any) -> str:
    if y is not None:
        raise OptionError("y is for arrays; in a table the target is a column: give target=, its name.")
    if target is None:
        raise OptionError(
            f"target is missing: which column of {table.source} is to be predicted? {table.suggestion([])}."
        )
    if start is not None and not callable(model):
        raise OptionError("start cannot be given for standardised columns; give arrays instead of a table.")
    return target


def table_weights(
    table: Table, weights: Any, target: str, leave_out: Iterable[str]
) -> tuple[Array | None, Iterable[str]]:
    """The weights, from a column (which then is no feature) or from an array."""
    if not isinstance(weights, str):
        return (None if weights is None else check_weights(weights, table.rows)), leave_out
    if weights == target:
        raise OptionError(f"The column {weights!r} is the target, and cannot be the weights too.")
    values = table.column(weights)
    if weights in table.missing:
        where = spots(table.missing[weights], table.place)
        raise DataError(
            f"{table.source}: the column of weights {words.name(weights)} has no value {where}; fill in these cells, "
            "with 0 for rows that are not to count."
        )
    if values.dtype.kind in "if" and (values < 0).any():
        row = int(np.argmax(values < 0))
        raise DataError(
            f"{table.source}: the column of weights {words.name(weights)} holds {values[row]} {table.place(row)}, but "
            "a weight is a number from 0; correct it, or choose another column."
        )
    return check_weights(values, table.rows), (*leave_out, weights)


def table_target(table: Table, preparation: Preparation, loss: Loss) -> Array:
    """The targets of some rows, as the loss computes with them; what is wrong is told by its line.

    Raises: DataError.
    """
    name = f"{table.source}: the target {words.name(preparation.target_name)}"
    return part_target(preparation.target(table), loss, np.dtype(np.float64), lambda row: f"{name} {table.place(row)}")


def counting_notes(table: Table, names: Iterable[str]) -> Iterator[str]:
    """What is said of columns that only count the rows, which the rows to train on no longer show."""
    for name in names:
        if table.columns[name].dtype.kind in "iu":
            found = ColumnStatistics()
            found.add(table.columns[name])
            yield from counting_note(name, found)


def check_rules(rules: Rules, law: list[str] | None) -> None:
    rules.check()
    if law is not None and rules.missing == "indicator":
        raise OptionError(
            'missing="indicator" adds columns that the function does not name; choose missing="drop" or "mean".'
        )


def law_columns(law: Callable[..., Any], table: Table, start: Mapping[str, Any]) -> list[str] | None:
    """The columns that a user's function names as its arguments; None if it takes the whole row."""
    names = [name for name in argument_names(law, optional=False) if name not in start]
    if all(name in table.columns for name in names):
        return names
    if len(names) > 1:
        missing = [name for name in names if name not in table.columns]
        raise DataError(f"{table.source} has no column {', '.join(missing)}; {table.suggestion(missing)}.")
    return None


def as_they_are(preparation: Preparation, names: list[str] | None) -> Preparation:
    """The same columns in the order of the law's arguments, not standardised: its parameters have units."""
    found = {feature.name: feature for feature in preparation.used}
    names = list(found) if names is None else names
    missing = [name for name in names if name not in found]
    if missing:
        raise DataError(f"The law needs the column {', '.join(missing)}, which holds one value only or is left out.")
    return replace(preparation, used=tuple(found[name]._replace(center=0.0, scale=1.0) for name in names))


def wants_classes(loss: Loss) -> bool | None:
    """Whether the targets are classes; None for a user's own loss, which takes either."""
    if loss.target in ("label", "binary"):
        return True
    return False if loss.name in LOSSES else None


def check_class_count(preparation: Preparation, loss: Loss, target: str) -> None:
    classes = preparation.classes
    if classes is not None and loss.target == "binary" and len(classes) != 2:
        numbers = not isinstance(classes[0], (str, bool))
        other = ', or model="linear" for a quantity' if numbers else ""
        raise OptionError(
            f"The target {target!r} has {len(classes)} classes, but the {loss.name} loss tells two apart; choose "
            f'model="softmax"{other}.'
        )


# ---- rows ----------------------------------------------------------------------------------------------------


def split(rows: int, holdout: float, seed: int) -> tuple[Array | None, Array | None]:
    """The rows to train on and those held out; None for all, and for none."""
    return holdout_split(rows, holdout, seed) if holdout else (None, None)


def split_of(rows: int, usable: Array | None, holdout: float, seed: int) -> tuple[Array | None, Array | None]:
    """The same, of the usable rows only; None for all rows of the data, and for none."""
    if usable is None:
        return split(rows, holdout, seed)
    train, held = split(len(usable), holdout, seed)
    return usable if train is None else usable[train], None if held is None else usable[held]


def check_weights(weights: Any, rows: int) -> Array:
    """Weights as numbers from 0, one for each row."""
    found = np.asarray(weights)
    if found.dtype.kind not in "fiub" or found.shape != (rows,):
        raise DataError(f"weights must be {rows} numbers, one for each row, but are {found.dtype} {found.shape}.")
    found = found.astype(np.float64)
    wrong = ~((found >= 0) & (found < np.inf))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(f"weights[{row}] is {found[row]}, but a weight must be a finite number from 0.")
    return found


def counted(train: Array | None, weights: Array | None) -> tuple[Array | None, Array | None, tuple[str, ...]]:
    """The rows that count, and their weights with mean one: a row of weight zero is as good as absent."""
    if weights is None:
        return train, None, ()
    rows = np.arange(len(weights)) if train is None else train
    present = rows[weights[rows] > 0]
    if not present.size:
        raise DataError(NO_WEIGHT)
    dropped = len(rows) - len(present)
    remarks = (f"{dropped} rows of weight 0 were left out.",) if dropped else ()
    largest = weights[present].max()  # first to a size that cannot overflow
    scaled = weights[present] / largest
    return present, scaled / scaled.mean(), remarks
