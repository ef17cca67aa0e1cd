"""Blocks of rows: features, targets and weights as float64, checked, with scaling that changes no digit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

import numpy as np

from gradloop.errors import DataError

Array = Any
Result = TypeVar("Result")


class Rows(Protocol):
    """Data that can be passed over more than once: calls work(A, y, weights) for each block, and gives the results in
    the blocks' order. How the rows are cut must not depend on the number of threads."""

    def __call__(self, work: Callable[[Array, Array, Array | None], Result], /) -> Iterable[Result]: ...


def times_power(A: Array, exponents: Array) -> Array:
    """A · 2^exponents for each column; exact, unless the result is denormal."""
    if np.abs(exponents).max(initial=0) > 1000:
        return np.ldexp(A, exponents)
    return A * np.ldexp(1.0, exponents)


def checked(A: Array, y: Array, weights: Array | None, columns: int) -> tuple[Array, Array, Array | None]:
    """Rows as float64 arrays, without those of weight zero."""
    A, y = np.asarray(A, np.float64), np.asarray(y, np.float64)
    if A.ndim != 2 or A.shape[1] != columns or y.shape != A.shape[:1]:
        raise DataError(f"Expected rows of {columns} columns and one target each, got {A.shape} and {y.shape}.")
    A, y, weights = present(A, y, check_weights(weights, len(y)))
    for name, values in (("slope of the prediction", A), ("target", y)):
        if not np.isfinite(values).all():
            row = int(np.argwhere(~np.isfinite(values))[0, 0])
            raise DataError(
                f"The {name} is not finite in row {row}; leave such rows out, give them the weight 0, or choose a "
                "model that is defined there."
            )
    return A, y, weights


def check_weights(weights: Array | None, rows: int) -> Array | None:
    """Weights as float64, if they are numbers from zero, one for each row."""
    if weights is None:
        return None
    weights = np.asarray(weights, np.float64)
    if weights.shape != (rows,):
        raise DataError(f"There are {rows} rows, but the weights have the shape {weights.shape}; give one for each.")
    wrong = ~((weights >= 0) & (weights < np.inf))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(f"The weight of row {row} is {weights[row]}, but a weight is a number from 0.")
    return weights


def present(A: Array, y: Array, weights: Array | None) -> tuple[Array, Array, Array | None]:
    """The rows whose weight is not zero."""
    if weights is None or weights.all():
        return A, y, weights
    return A[weights > 0], y[weights > 0], weights[weights > 0]
