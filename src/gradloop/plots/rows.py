"""What a picture of a fit needs to know of its data: features, targets, predictions, in units and with names."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradloop.data.words import name as quoted
from gradloop.errors import OptionError
from gradloop.inference import Fit, gives_probabilities, probabilities, tells_classes
from gradloop.problem import Problem, make_problem, predict_rows

GRID = 200  # points along a line
Array = Any


class Rows(NamedTuple):
    """The rows of a picture: X (n, d) as training saw the features, y (n,), weights (n,) or None."""

    X: Array
    y: Array
    weights: Array | None = None


def rows_of(fit: Fit, data: Any = None, y: Any = None, asked: str = "this picture") -> Rows:
    """The rows given; without any, those that the fit was trained on, which it knows until it is saved.

    Raises: OptionError for a fit from a file without data; DataError for data that does not fit the model.
    """
    if data is not None:
        return Rows(*fit.features_and_target(data, y))
    if y is not None:
        raise OptionError("y is given without X; give both, or neither.")
    if fit.examples is None:
        how = "data" if fit.preparation is not None else "X, y"
        raise OptionError(f"This fit comes from a file, which does not hold its data; give them: {asked}({how}).")
    return Rows(fit.examples.X, fit.examples.y, fit.examples.weights)


def problem_of(fit: Fit, rows: Rows) -> Problem:
    """What was minimised, on these rows; it starts at the parameters found. A fit from a file knows no penalty."""
    penalty = None if fit.course is None else fit.course.penalty
    return make_problem(
        fit.model, fit.loss, np.ascontiguousarray(rows.X), rows.y, fit.trained_params, penalty, weights=rows.weights
    )


def in_units(fit: Fit, X: Array) -> Array:
    """Features in the units of the file."""
    return X if fit.preparation is None else X * fit.preparation.scale + fit.preparation.center


def as_trained(fit: Fit, X: Array) -> Array:
    """And back."""
    return X if fit.preparation is None else (X - fit.preparation.center) / fit.preparation.scale


def outputs(fit: Fit, X: Array) -> Array:
    """What the model says of each row: (n,), or (n, classes)."""
    found = predict_rows(fit.model, fit.trained_params, np.ascontiguousarray(X))
    return found if fit.loss.target == "label" or found.size != len(found) else found.reshape(len(found))


def target_name(fit: Fit) -> str:
    """The target's name in its file; y for arrays."""
    return "y" if fit.preparation is None else fit.preparation.target_name


def class_names(fit: Fit, rows: Rows) -> tuple[str, ...]:
    """The classes in the order of their labels."""
    if fit.classes is not None:
        return tuple(map(str, fit.classes))
    count = 2 if fit.loss.target == "binary" else int(np.atleast_1d(outputs(fit, rows.X[:1])[0]).size)
    return tuple(map(str, range(count)))


def classes_of_target(fit: Fit, rows: Rows) -> tuple[str, ...]:
    """The same, as "Survived = 1" where a column tells them: alone, a 1 would say little."""
    names, column = class_names(fit, rows), fit.preparation
    return names if column is None else tuple(f"{column.target_name} = {name}" for name in names)


def class_probabilities(fit: Fit, X: Array) -> Array:
    """The probability of each class, (n, classes).

    Raises: OptionError for a model without probabilities.
    """
    if not gives_probabilities(fit.loss):
        raise OptionError(
            f"A {fit.model.name} model with the {fit.loss.name} loss gives no probabilities of classes; this picture "
            "is for logistic and softmax models."
        )
    return probabilities(fit.loss, outputs(fit, X))


def check_numbers(fit: Fit, picture: str) -> None:
    """Residuals and the like are for quantities."""
    if tells_classes(fit.loss):
        raise OptionError(
            f"The picture {picture!r} is for quantities; for classes look at boundaries, roc, calibration."
        )


def place_of(fit: Fit, feature: str | int) -> int:
    """The column of a feature by its name or number.

    Raises: OptionError for a feature that the fit does not have.
    """
    names = fit.feature_names
    if isinstance(feature, str) and feature in names:
        return names.index(feature)
    if isinstance(feature, (int, np.integer)) and not isinstance(feature, bool) and 0 <= feature < len(names):
        return int(feature)
    shown = ", ".join(quoted(name) for name in names[:6]) + (" and others" if len(names) > 6 else "")
    what = quoted(feature) if isinstance(feature, str) else repr(feature)
    raise OptionError(f"The fit has no feature {what}; it has {shown}.")


def along(values: Array, count: int = GRID, padding: float = 0.0) -> Array:
    """A grid from the least to the greatest of some values, and a share of their range beyond."""
    low, high = float(np.min(values)), float(np.max(values))
    if low == high:
        low, high = low - 1, high + 1
    beyond = padding * (high - low)
    return np.linspace(low - beyond, high + beyond, count)


def with_columns(fit: Fit, rows: Rows, columns: dict[int, Array]) -> Array:
    """Rows as training saw them in which some columns, given in units, vary and the others are at their means."""
    count = len(next(iter(columns.values())))
    X = np.repeat(in_units(fit, rows.X).mean(axis=0, dtype=np.float64)[None], count, axis=0)
    for place, values in columns.items():
        X[:, place] = values
    return as_trained(fit, X).astype(np.asarray(rows.X).dtype)
