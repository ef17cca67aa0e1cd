"""Losses that scikit-learn has beside gradloop's, as plain functions of one prediction and one target.

They are classes with one field, not closures, so that a fitted estimator can be pickled. In the losses of classes y is
0 or 1 and the prediction a score.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradloop import losses

STEEPEST = 1e12
Array = Any


@dataclass(frozen=True)
class Huber:
    """Squared for small errors, straight beyond `delta`: gradloop.losses.huber.

    >>> print(Huber(1.0)(3.0, 0.0))
    2.5
    """

    delta: float

    def __call__(self, y_hat: Array, y: Array) -> Array:
        return losses.huber(self.delta)(y_hat, y)


@dataclass(frozen=True)
class Pinball:
    """The loss of a quantile: gradloop.losses.quantile.

    >>> print(Pinball(0.9)(0.0, 10.0))
    9.0
    """

    tau: float

    def __call__(self, y_hat: Array, y: Array) -> Array:
        return losses.quantile(self.tau)(y_hat, y)


@dataclass(frozen=True)
class HuberWithScale:
    """Huber's loss in units of a scale that is a parameter too; y_hat holds the prediction and the scale.

        loss = scale + scale · H((y − y_hat) / scale),  H(z) = z²  where |z| ≤ epsilon,  2 epsilon |z| − epsilon²  elsewhere

    >>> print(HuberWithScale(1.35)(np.array([0.0, 2.0]), 2.0))
    4.0

    Source: Owen, A robust hybrid of lasso and ridge regression, 2007.
    """  # noqa: E501

    epsilon: float

    def __call__(self, y_hat: Array, y: Array) -> Array:
        scale = y_hat[1]
        size = np.abs((y - y_hat[0]) / scale)
        return scale + scale * np.where(size <= self.epsilon, size**2, self.epsilon * (2 * size - self.epsilon))


@dataclass(frozen=True)
class EpsilonInsensitive:
    """The absolute error beyond `epsilon`.

        loss = max(0, |y_hat − y| − epsilon)

    >>> print(EpsilonInsensitive(0.5)(3.0, 0.0))
    2.5

    Source: Vapnik, The nature of statistical learning theory, 1995.
    """

    epsilon: float

    def __call__(self, y_hat: Array, y: Array) -> Array:
        return np.maximum(0, np.abs(y_hat - y) - self.epsilon)


@dataclass(frozen=True)
class SquaredEpsilonInsensitive:
    """The square of the error beyond `epsilon`.

        loss = max(0, |y_hat − y| − epsilon)²

    >>> print(SquaredEpsilonInsensitive(0.5)(3.0, 0.0))
    6.25
    """

    epsilon: float

    def __call__(self, y_hat: Array, y: Array) -> Array:
        return np.maximum(0, np.abs(y_hat - y) - self.epsilon) ** 2


def squared_hinge(y_hat: Array, y: Array) -> Array:
    """The square of what a score lacks to be on the right side of zero by at least 1.

        loss = max(0, 1 − (2y − 1) · y_hat)²,  straight where its slope would be above 10¹²

    Descent survives first steps that are far too long because of the straight part, as it does in scikit-learn.

    >>> print(squared_hinge(0.5, 1))
    0.25
    """
    lack = losses.hinge(y_hat, y)
    return np.where(lack < STEEPEST / 2, lack**2, STEEPEST * (lack - STEEPEST / 4))


def perceptron(y_hat: Array, y: Array) -> Array:
    """How far a score is on the wrong side of zero.

        loss = max(0, −(2y − 1) · y_hat)

    >>> print(perceptron(0.5, 0))
    0.5

    Source: Rosenblatt, The perceptron, 1958.
    """
    return np.maximum(0, -(2 * y - 1) * y_hat)


def modified_huber(y_hat: Array, y: Array) -> Array:
    """The squared hinge, which goes on straight where a score is wrong by more than 1.

        loss = max(0, 1 − z)²  where z = (2y − 1) · y_hat ≥ −1,  −4 z  elsewhere

    >>> print(modified_huber(-2.0, 1), modified_huber(0.0, 1))
    8.0 1.0

    Source: Zhang, Solving large scale linear prediction problems using stochastic gradient descent, 2004.
    """
    z = (2 * y - 1) * y_hat
    return np.where(z >= -1, np.maximum(0, 1 - z) ** 2, -4 * z)
