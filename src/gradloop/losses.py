"""3. Loss: what one wrong prediction costs, as a textbook writes it.

A loss is a plain NumPy function of one prediction and one target; the objective is its mean over the
examples. Formulas stand here in their naive form: the compiler replaces those that overflow.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np

Array = Any  # a NumPy array, a number, or the tracer that stands for one
LossFunction = Callable[[Array, Array], Array]


class Loss(NamedTuple):
    """A loss function together with what fitting needs to know about it."""

    name: str
    function: LossFunction  # function(y_hat, y) -> number
    target: Literal["number", "binary", "label", "count"]  # what y may be: any, 0 or 1, 0 … K-1, 0, 1, 2 …
    trainable: bool  # whether its derivative says where to go
    smooth: bool  # whether its derivative has no jumps
    never_negative: bool = False  # whatever is predicted; then a loss on some rows is no more than that on all


def squared(y_hat: Array, y: Array) -> Array:
    """Half the squared error; the best constant prediction is the mean.

        loss = (y_hat - y)² / 2

    Args: y_hat, the prediction; y, the target; both numbers in the target's unit.

    >>> squared(5.0, 2.0)
    4.5

    Source: Gauss, Theory of the motion of the heavenly bodies, 1809.
    """
    return (y_hat - y) ** 2 / 2


def absolute(y_hat: Array, y: Array) -> Array:
    """The absolute error; the best constant prediction is the median.

        loss = |y_hat - y|

    Args: y_hat, the prediction; y, the target; both numbers in the target's unit.

    >>> print(absolute(5.0, 2.0))
    3.0

    Source: Boscovich, De litteraria expeditione, 1757.
    """
    return np.abs(y_hat - y)


def huber(delta: float = 1.0) -> LossFunction:
    """The loss that is squared for small errors and grows like the absolute one beyond `delta`.

        loss = e² / 2  where |e| ≤ delta,  delta · (|e| - delta / 2)  elsewhere;  e = y_hat - y

    Args: delta, a positive number in the target's unit.

    Raises: ValueError when delta is not positive.

    >>> loss = huber(delta=1.0)
    >>> print(loss(0.5, 0.0), loss(3.0, 0.0))
    0.125 2.5

    Source: Huber, Robust estimation of a location parameter, 1964.
    """
    if not 0 < delta < np.inf:
        raise ValueError(f"huber's delta is {delta}, but the error where it turns linear must be positive; try 1.0")

    def huber_loss(y_hat: Array, y: Array) -> Array:
        error = y_hat - y
        size = np.abs(error)
        return np.where(size <= delta, error**2 / 2, delta * (size - delta / 2))

    return huber_loss


def quantile(tau: float = 0.5) -> LossFunction:
    """The pinball loss; the best constant prediction has a share `tau` of the targets below it.

        loss = tau · e  where e ≥ 0,  (tau - 1) · e  elsewhere;  e = y - y_hat

    Args: tau, a share between 0 and 1, both excluded.

    Raises: ValueError when tau is not between 0 and 1.

    >>> loss = quantile(tau=0.9)
    >>> print(loss(0.0, 10.0), round(float(loss(10.0, 0.0)), 12))
    9.0 1.0

    Source: Koenker and Bassett, Regression quantiles, 1978.
    """
    if not 0 < tau < 1:
        raise ValueError(f"quantile's tau is {tau}, but it must be a share between 0 and 1; 0.5 is the median")

    def quantile_loss(y_hat: Array, y: Array) -> Array:
        return np.maximum(tau * (y - y_hat), (tau - 1) * (y - y_hat))

    return quantile_loss


def logistic(y_hat: Array, y: Array) -> Array:
    """The surprise at y, when y_hat is the probability that y is 1.

        loss = -(y · log(y_hat) + (1 - y) · log(1 - y_hat))

    Args: y_hat, a probability; y, 0 or 1.

    >>> print(round(float(logistic(0.25, 0)), 6), round(float(logistic(0.25, 1)), 6))
    0.287682 1.386294

    Source: Cox, The regression analysis of binary sequences, 1958.
    """
    return -(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat))


def cross_entropy(y_hat: Array, y: Array) -> Array:
    """The surprise at label y, when y_hat holds the probability of each label.

        loss = -log(y_hat[y])

    Args: y_hat (K,), probabilities; y, a label, a whole number from 0 to K-1.

    >>> print(round(float(cross_entropy(np.array([0.5, 0.25, 0.25]), 2)), 6))
    1.386294

    Source: Zhang, Lipton, Li and Smola, Dive into Deep Learning, section 4.1.
    """
    return -np.log(y_hat[y])


def hinge(y_hat: Array, y: Array) -> Array:
    """What a score lacks to be on the right side of zero by at least 1.

        loss = max(0, 1 - (2y - 1) · y_hat)

    Args: y_hat, a score: positive speaks for 1, negative for 0; y, 0 or 1.

    >>> print(hinge(0.25, 1), hinge(0.25, 0), hinge(4.0, 1))
    0.75 1.25 0.0

    Source: Cortes and Vapnik, Support-vector networks, 1995.
    """
    return np.maximum(0, 1 - (2 * y - 1) * y_hat)


def poisson(y_hat: Array, y: Array) -> Array:
    """The surprise at count y, when y_hat counts are expected.

        loss = y_hat - y · log(y_hat)  (+ log(y!), left out because no prediction changes it)

    Args: y_hat, a positive number; y, a count, 0 or more.

    >>> print(poisson(1.0, 3))
    1.0

    Source: Nelder and Wedderburn, Generalized linear models, 1972.
    """
    return y_hat - y * np.log(y_hat)


def zero_one(y_hat: Array, y: Array) -> Array:
    """Whether the prediction is wrong; a measure only, because its derivative is zero wherever it exists.

        loss = 0  where y_hat = y,  1  elsewhere

    Args: y_hat, the predicted label; y, the label.

    >>> print(zero_one(2, 2), zero_one(0, 2))
    0.0 1.0

    Source: Vapnik, The nature of statistical learning theory, 1995.
    """
    return np.where(y_hat == y, 0.0, 1.0)


LOSSES: dict[str, Loss] = {
    loss.name: loss
    for loss in (
        Loss("squared", squared, target="number", trainable=True, smooth=True, never_negative=True),
        Loss("absolute", absolute, target="number", trainable=True, smooth=False, never_negative=True),
        Loss("huber", huber(), target="number", trainable=True, smooth=True, never_negative=True),
        Loss("quantile", quantile(), target="number", trainable=True, smooth=False, never_negative=True),
        Loss("logistic", logistic, target="binary", trainable=True, smooth=True),
        Loss("cross_entropy", cross_entropy, target="label", trainable=True, smooth=True),
        Loss("hinge", hinge, target="binary", trainable=True, smooth=False, never_negative=True),
        Loss("poisson", poisson, target="count", trainable=True, smooth=True),
        Loss("zero_one", zero_one, target="label", trainable=False, smooth=False),
    )
}


def about(function: LossFunction) -> Loss:
    """What is known about a loss function: its row of LOSSES, or cautious answers for a user's own.

    Args: function, a loss of this module, one that huber(…) or quantile(…) returned, or any other.

    >>> about(huber(delta=3.0)).name
    'huber'
    >>> about(lambda y_hat, y: (y_hat - y) ** 4).smooth
    False
    """
    code = getattr(function, "__code__", None)
    for loss in LOSSES.values():
        # What a factory returns shares its code, whatever delta or tau.
        if code is not None and code is getattr(loss.function, "__code__", None):
            return loss._replace(function=function)
    name = getattr(function, "__name__", type(function).__name__)
    return Loss(name, function, target="number", trainable=True, smooth=False)
