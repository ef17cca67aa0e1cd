"""What y may be: the targets that a loss is for, checked row by row, in the type that it computes with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradloop.core.graph import Graph
from gradloop.data.arrays import asked_in_parts
from gradloop.errors import DataError, ModelError
from gradloop.losses import Loss

Array = Any
Said = Callable[[int], str]


def fit_target(y: Array, loss: Loss, dtype: np.dtype) -> Array:
    """The targets in the type that the loss computes with, once it is sure that they are what it is for."""
    found = part_target(y, loss, dtype)
    if loss.target in ("label", "binary"):
        check_two_classes(y)
    if loss.name == "squared":
        check_squares(max(asked_in_parts(found, largest)), found.dtype)
    return found


def part_target(y: Array, loss: Loss, dtype: np.dtype, said: Said = "y[{}]".format) -> Array:
    """The same for some rows among others: what is true of all rows together is not asked for.

    Args: said, what messages call the target of a row.
    """
    if loss.target == "label":
        return whole_labels(y, said)
    if loss.target == "binary":
        check_binary(y, loss, said)
    if loss.target == "count" and (y < 0).any():
        row = int(np.argmax(y < 0))
        raise DataError(f"{said(row)} is {y[row]}, but the {loss.name} loss is for counts, 0 or more.")
    own = loss.name not in ("squared", "absolute", "huber", "quantile", "logistic", "hinge", "poisson")
    return y if own and y.dtype.kind == "i" else finite_in(dtype, y, said)


def largest(y: Array) -> Any:
    """The size of the largest target; of an empty part 0."""
    return max(y.max(initial=0.0), -y.min(initial=0.0))


def check_squares(size: float, dtype: np.dtype) -> None:
    """The squares of targets that reach so far must neither overflow nor vanish."""
    limits = np.finfo(dtype)
    if size != 0 and not 1e3 * np.sqrt(float(limits.tiny)) < size < 0.1 * np.sqrt(float(limits.max)):
        word = "large" if size > 1 else "small"
        raise DataError(
            f"The targets reach {size:.2g}, too {word} to be squared in {dtype}; give them in another unit, "
            f"for instance y / {size:.0e}."
        )


def finite_in(dtype: np.dtype, y: Array, said: Said = "y[{}]".format) -> Array:
    """The targets in the precision of the features."""
    with np.errstate(over="ignore"):
        found = np.ascontiguousarray(y, dtype)
    if found.dtype != y.dtype and not np.isfinite(found).all():
        row = int(np.argmin(np.isfinite(found)))
        raise DataError(f"{said(row)} is {y[row]}, too large for {dtype}, the type of X; give X.astype(float).")
    return found


def whole_labels(y: Array, said: Said = "y[{}]".format) -> Array:
    """Class numbers as integers; they are to be 0, 1, 2, …"""
    with np.errstate(invalid="ignore"):
        labels = y.astype(np.int64)
    if (labels != y).any() or (labels < 0).any():
        row = int(np.argmax((labels != y) | (labels < 0)))
        raise DataError(
            f"{said(row)} is {y[row]}, but classes are numbered 0, 1, 2, …; np.unique(y, return_inverse=True)[1] "
            "numbers any labels."
        )
    return np.ascontiguousarray(labels)


def count_classes(y: Array) -> int:
    """How many classes labels 0, 1, 2, … name: before arrays of that size are made, for the numbers may be years."""
    labels = whole_labels(y)
    if labels.max() >= len(labels):
        row = int(np.argmax(labels))
        raise DataError(
            f"y[{row}] is {labels[row]}, but {len(labels)} rows cannot hold the classes 0 to {labels[row]}; "
            "np.unique(y, return_inverse=True)[1] numbers those that there are."
        )
    return max(int(labels.max()) + 1, 2)


def check_binary(y: Array, loss: Loss, said: Said = "y[{}]".format) -> None:
    strange = (y != 0) & (y != 1)
    if strange.any():
        row = int(np.argmax(strange))
        cure = "(y + 1) / 2 turns -1 and 1 into 0 and 1" if set(np.unique(y)) <= {-1, 1} else (
            "choose the softmax model for more than two classes, or compare: (y == value).astype(float)"
        )  # fmt: skip
        raise DataError(f"{said(row)} is {y[row]}, but the {loss.name} loss is for targets 0 and 1; {cure}.")


def check_two_classes(y: Array) -> None:
    if (y == y[0]).all():
        raise DataError(f"All {len(y)} targets are {y[0]}: with one class there is nothing to tell apart.")


def check_labels(example: Graph, y: Array) -> None:
    """Machine code picks entries without looking: every label must be inside the array it picks from."""
    for node in example.nodes:
        if node.op == "take" and node.inputs[1].attributes.get("name") == "y":
            if not node.inputs[0].spec.shape:
                raise ModelError(
                    f"{example.name} picks entry y of the prediction, but the model predicts one number; choose a "
                    'model of one number per class, such as "softmax".'
                )
            classes = node.inputs[0].spec.shape[0]
            outside = (y < 0) | (y >= classes)
            if outside.any():
                row = int(np.argmax(outside))
                raise DataError(
                    f"y[{row}] is {y[row]}, but the model predicts {classes} classes, numbered 0 to {classes - 1}."
                )
