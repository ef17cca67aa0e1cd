"""Single numbers beside arrays: NumPy takes half the time if they are arrays too, so those that come often are kept."""

from __future__ import annotations

from typing import Any

import numpy as np

MOST_KEPT = 1024

_float32: dict[float, Any] = {}
_float64: dict[float, Any] = {}
_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


def number(x: Any, dtype: np.dtype[Any]) -> Any:
    """A number of Python's as an array of a real type; as it is where an array would not do.

    >>> number(0.1, np.dtype(np.float32))
    array(0.1, dtype=float32)
    """
    known = _float32 if dtype is _FLOAT32 else _float64
    found = known.get(x)
    return kept(x, dtype, known) if found is None or dtype is not found.dtype else found


def kept(x: float, dtype: np.dtype[Any], known: dict[float, Any]) -> Any:
    """The number as an array, which is remembered. Zero is not, of which there are two, nor what is no number."""
    if not (dtype is _FLOAT32 or dtype is _FLOAT64) or x == 0 or x != x or abs(x) > 1e30:
        return x
    if len(known) >= MOST_KEPT:
        known.clear()
    array = np.array(x, dtype)
    array.flags.writeable = False
    known[x] = array
    return array


def always_array(x: Any, dtype: np.dtype[Any]) -> Any:
    """A number as an array of a real type, also where that takes longer."""
    found = number(x, dtype)
    return found if found.__class__ is np.ndarray else np.array(x, dtype)
