"""How good predictions are, in the measures that people know."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradloop.errors import DataError

Numbers = NDArray[np.float64]
_SMALLEST_PROBABILITY = float(np.finfo(np.float64).eps)  # 1 - p is known no better than this


def r_squared(y: Numbers, y_hat: Numbers) -> float:
    """The share of the variance of y that the predictions explain.

        R2 = 1 - sum (y - y_hat)^2 / sum (y - mean y)^2

    1 is perfect, 0 as good as always predicting the mean, below 0 worse than that; NaN where all y are equal.

    >>> r_squared([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.5
    """
    y, y_hat = _pair(y, y_hat, np.float64)
    if np.all(y == y[0]):
        return float("nan")
    exponent = _exponent(y)  # R2 has no unit: a smaller one keeps the mean from overflowing
    y, y_hat = np.ldexp(y, -exponent), np.ldexp(y_hat, -exponent)
    with np.errstate(over="ignore"):  # predictions far beyond all reason give -inf, and rightly
        return float(1.0 - np.sum(np.square(y - y_hat)) / np.sum(np.square(y - np.mean(y))))


def root_mean_squared_error(y: Numbers, y_hat: Numbers) -> float:
    """The typical size of an error, in the unit of y: RMSE = sqrt(mean (y - y_hat)^2).

    >>> root_mean_squared_error([0.0, 0.0], [3.0, -3.0])
    3.0
    """
    y, y_hat = _pair(y, y_hat, np.float64)
    return _quadratic_mean(y - y_hat)


def mean_absolute_error(y: Numbers, y_hat: Numbers) -> float:
    """The mean size of an error, in the unit of y: MAE = mean |y - y_hat|.

    >>> mean_absolute_error([0.0, 0.0], [1.0, -3.0])
    2.0
    """
    y, y_hat = _pair(y, y_hat, np.float64)
    return float(np.mean(np.abs(y - y_hat)))


def accuracy(labels: NDArray[np.int64], predicted: NDArray[np.int64]) -> float:
    """The share of labels that were predicted right, from 0 to 1.

    >>> accuracy([0, 1, 1, 2], [0, 1, 2, 2])
    0.75
    """
    labels, predicted = _pair(labels, predicted)
    return float(np.mean(labels == predicted))


def log_loss(labels: NDArray[np.int64], probabilities: Numbers) -> float:
    """The mean surprise at what happened: -mean log p(label), with probabilities of shape (n, classes).

    Probabilities count as at least 2.2e-16, the precision to which one near 1 leaves the others known, so
    that one rounded to 0 gives a large number and not infinity.

    >>> log_loss([0, 1], [[0.5, 0.5], [0.75, 0.25]])  # (log 2 + log 4) / 2
    1.0397207708399179
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities, dtype=np.float64)
    if labels.ndim != 1 or probabilities.ndim != 2 or len(labels) != len(probabilities) or not len(labels):
        raise DataError(
            f"Labels of shape {labels.shape} cannot be compared with probabilities of shape "
            f"{probabilities.shape}: give one label and one row of probabilities per row of data."
        )
    happened = probabilities[np.arange(len(labels)), labels]
    return float(-np.mean(np.log(np.maximum(happened, _SMALLEST_PROBABILITY))))


def _quadratic_mean(values: Numbers) -> float:
    """sqrt(mean(values^2)) without overflow or underflow of the squares."""
    exponent = _exponent(values)
    return float(np.ldexp(np.sqrt(np.mean(np.square(np.ldexp(values, -exponent)))), exponent))


def _exponent(values: Numbers) -> int:
    """The e for which 2^e is just above all values: dividing by it rounds nothing."""
    return int(np.frexp(np.max(np.abs(values)))[1])


def _pair(y: Any, y_hat: Any, dtype: type | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both as arrays of one dimension and one length: (n,) against (n, 1) would compare n x n pairs."""
    y, y_hat = np.asarray(y, dtype), np.asarray(y_hat, dtype)
    if y.ndim != 1 or y.shape != y_hat.shape or not len(y):
        raise DataError(
            f"Targets of shape {y.shape} cannot be compared with predictions of shape {y_hat.shape}: "
            "both must have shape (n,) with the same n of at least 1."
        )
    return y, y_hat
