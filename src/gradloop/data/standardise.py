"""Centre and scale of a column, exact at any magnitude."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def center_and_scale(values: NDArray[Any]) -> tuple[float, float]:
    """Mean and standard deviation, in float64, without overflow or cancellation.

    The values are first divided by a power of two, which changes no digit, so that the squares of 1e300 do not
    overflow; the mean is taken away before squaring, so that an offset of 1e9 costs no digits.

    >>> center_and_scale(np.array([-1e300, 1e300]))
    (0.0, 1e+300)
    """
    numbers = values.astype(np.float64)
    exponent = int(np.frexp(np.abs(numbers).max())[1])
    numbers = np.ldexp(numbers, -exponent)
    mean = numbers.mean()
    deviation = np.sqrt(np.square(numbers - mean).mean())
    smallest = np.finfo(np.float64).tiny  # below it a quotient would be wrong or infinite
    return float(np.ldexp(mean, exponent)), max(float(np.ldexp(deviation, exponent)), float(smallest))


def standardise(values: NDArray[Any], center: float, scale: float) -> NDArray[np.float64]:
    """(values - center) / scale, where no intermediate result overflows."""
    exponent = -int(np.frexp(scale)[1])
    with np.errstate(over="ignore", invalid="ignore"):
        shifted = np.ldexp(values.astype(np.float64), exponent) - np.ldexp(center, exponent)
        return np.asarray(shifted / np.ldexp(scale, exponent))
