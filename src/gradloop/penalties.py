"""What large parameters cost, so that small ones are preferred.

A penalty is added to the objective, for every parameter but the intercepts (b, bias, intercept). The part
with a derivative is differentiated with the loss; the part with a kink takes its own, proximal, step after
each update.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Array = Any  # a NumPy array, a number, or the tracer that stands for one


class Penalty(NamedTuple):
    """A penalty on one array of parameters, of any shape."""

    name: str
    smooth: Callable[[Array], Array] | None  # smooth(w) -> number: the part that has a derivative everywhere
    value: Callable[[Array], Array]  # value(w) -> number: the whole
    proximal: Callable[[Array, Array], Array] | None  # proximal(w, rate) -> w: the step for the rest


def l2(strength: float) -> Penalty:
    """Weight decay: half the sum of squares; draws every parameter towards zero in proportion to its size.

        penalty = strength / 2 · Σ w²

    Args: strength, a number from 0.

    Raises: ValueError when the strength is negative or not finite.

    >>> print(l2(0.5).value(np.array([3.0, -4.0])))
    6.25

    Source: Hoerl and Kennard, Ridge regression, 1970.
    """
    _check_strength("l2", strength)

    def value(w: Array) -> Array:
        return strength / 2 * np.sum(w * w)

    return Penalty("l2", smooth=value, value=value, proximal=None)


def l1(strength: float) -> Penalty:
    """The lasso: the sum of absolute values; makes parameters that hardly help exactly zero.

        penalty = strength · Σ |w|

    Args: strength, a number from 0.

    Raises: ValueError when the strength is negative or not finite.

    >>> lasso = l1(0.5)
    >>> print(lasso.value(np.array([3.0, -4.0])), lasso.proximal(np.array([3.0, -0.25]), 1.0))
    3.5 [ 2.5 -0. ]

    Source: Tibshirani, Regression shrinkage and selection via the lasso, 1996.
    """
    _check_strength("l1", strength)

    def value(w: Array) -> Array:
        return strength * np.sum(np.abs(w))

    def proximal(w: Array, rate: Array) -> Array:
        return soft_threshold(w, rate * strength)

    return Penalty("l1", smooth=None, value=value, proximal=proximal)


def elastic_net(l1: float, l2: float) -> Penalty:
    """Both at once: zeros like the lasso, and columns that say the same share their weight.

        penalty = l1 · Σ |w| + l2 / 2 · Σ w²

    Args: l1 and l2, the strengths of the two parts, numbers from 0.

    Raises: ValueError when a strength is negative or not finite.

    >>> print(elastic_net(l1=1.0, l2=0.5).value(np.array([3.0, -4.0])))
    13.25

    Source: Zou and Hastie, Regularization and variable selection via the elastic net, 2005.
    """
    lasso, ridge = PENALTIES["l1"](l1), PENALTIES["l2"](l2)

    def value(w: Array) -> Array:
        return lasso.value(w) + ridge.value(w)

    return Penalty("elastic_net", smooth=ridge.value, value=value, proximal=lasso.proximal)


def soft_threshold(w: Array, amount: Array) -> Array:
    """Moves every entry towards zero by `amount`, and no further than zero.

        argmin over v of (v - w)² / 2 + amount · |v|  =  sign(w) · max(|w| - amount, 0)

    Args: w, any shape; amount, a number from 0 in the unit of w.

    >>> print(soft_threshold(np.array([3.0, -3.0, 0.5]), 1.0))
    [ 2. -2.  0.]

    Source: Donoho and Johnstone, Ideal spatial adaptation by wavelet shrinkage, 1994.
    """
    return np.sign(w) * np.maximum(np.abs(w) - amount, 0)


def _check_strength(name: str, strength: float) -> None:
    if not 0 <= strength < np.inf:
        raise ValueError(f"the strength of penalty {name} is {strength}, but it must be a number from 0; try 0.01")


PENALTIES: dict[str, Callable[..., Penalty]] = {"l2": l2, "l1": l1, "elastic_net": elastic_net}
