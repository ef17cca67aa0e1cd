"""Shape and dtype of an array without the array: broadcasting and promotion.

Promotion follows NumPy among arrays, with one difference that keeps a program in the precision of its data:
integers and constants never widen a float, so an integer label beside float32 features stays in float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from math import prod

import numpy as np

FLOAT64 = np.dtype(np.float64)
INT64 = np.dtype(np.int64)
BOOL = np.dtype(np.bool_)


@dataclass(frozen=True)
class Spec:
    """What is known of an array before there is one.

    >>> print(Spec((3, 2), FLOAT64))
    float64[3, 2]
    """

    shape: tuple[int, ...]
    dtype: np.dtype

    @cached_property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def is_float(self) -> bool:
        return self.dtype.kind == "f"

    def __str__(self) -> str:
        return f"{self.dtype}[{', '.join(map(str, self.shape))}]"


def spec_of(array: np.ndarray) -> Spec:
    """The spec of an array that exists."""
    return Spec(array.shape, array.dtype)


def broadcast(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The common shape of several, by NumPy's rule; ValueError where there is none.

    >>> broadcast((3, 1), (2,))
    (3, 2)
    """
    return shapes[0] if shapes.count(shapes[0]) == len(shapes) else np.broadcast_shapes(*shapes)


@cache
def promote(*dtypes: np.dtype) -> np.dtype:
    """The dtype in which several meet: the widest float if there is one, else integers, else booleans.

    >>> str(promote(np.dtype(np.int64), np.dtype(np.float32)))
    'float32'
    """
    floats = [dtype for dtype in dtypes if dtype.kind == "f"]
    if floats:
        return max(floats, key=lambda dtype: dtype.itemsize)
    return INT64 if any(dtype.kind in "iu" for dtype in dtypes) else BOOL
