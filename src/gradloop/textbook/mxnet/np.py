"""MXNet's ``np``: arrays with NumPy's names; functions of arrays are NumPy's own, which reach ours by its protocols."""

from __future__ import annotations

from typing import Any

import numpy

from gradloop.eager.base import raw
from gradloop.textbook.coverage import uncovered as _uncovered
from gradloop.textbook.mxnet import entries
from gradloop.textbook.mxnet.arrays import check_context, ndarray
from gradloop.textbook.mxnet.random import of_np

dot, random = entries.dot, of_np
pi, e, inf, nan = numpy.pi, numpy.e, numpy.inf, numpy.nan
float32, float64, int32, int64 = numpy.float32, numpy.float64, numpy.int32, numpy.int64

OF_NUMPY = (
    "abs", "absolute", "add", "argmax", "argmin", "clip", "concatenate", "cos", "divide", "exp", "expand_dims",
    "expm1", "floor", "log", "log1p", "matmul", "max", "maximum", "mean", "min", "minimum", "multiply", "power",
    "reshape", "sign", "sin", "sqrt", "square", "squeeze", "stack", "std", "subtract", "sum", "tanh", "transpose",
    "var", "where",
)  # fmt: skip
OWN = (
    "arange", "array", "dot", "e", "eye", "float32", "float64", "full", "inf", "int32", "int64", "linspace", "nan",
    "ndarray", "ones", "ones_like", "pi", "random", "zeros", "zeros_like",
)  # fmt: skip

globals().update({name: getattr(numpy, name) for name in OF_NUMPY})


def made(values: Any, dtype: Any, ctx: Any) -> ndarray:
    check_context(ctx)
    return ndarray(numpy.array(values, dtype or ndarray.real))


def array(object: Any, dtype: Any = None, ctx: Any = None) -> ndarray:
    """An array of its own memory; numbers without a type of their own get 32 bits.

    >>> array([1, 2])
    array([1., 2.])
    """
    return made(raw(object), dtype or getattr(object, "dtype", None), ctx)


def zeros(shape: Any, dtype: Any = None, order: str = "C", ctx: Any = None) -> ndarray:
    """Zeros in a shape."""
    return made(numpy.zeros(shape, order=order), dtype, ctx)  # type: ignore[call-overload]


def ones(shape: Any, dtype: Any = None, order: str = "C", ctx: Any = None) -> ndarray:
    """Ones in a shape."""
    return made(numpy.ones(shape, order=order), dtype, ctx)  # type: ignore[call-overload]


def full(shape: Any, fill_value: float, dtype: Any = None, ctx: Any = None) -> ndarray:
    """One number in a shape."""
    return made(numpy.full(shape, fill_value), dtype, ctx)


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None, ctx: Any = None) -> ndarray:
    """Ones on a diagonal, zeros elsewhere."""
    return made(numpy.eye(N, M, k), dtype, ctx)


def arange(start: float, stop: Any = None, step: float = 1, dtype: Any = None, ctx: Any = None) -> ndarray:
    """Numbers from start to below stop, one step apart."""
    return made(numpy.arange(start, stop, step), dtype, ctx)


def linspace(start: float, stop: float, num: int = 50, dtype: Any = None, ctx: Any = None) -> ndarray:
    """So many numbers from start to stop, evenly apart."""
    return made(numpy.linspace(start, stop, num), dtype, ctx)


def zeros_like(a: Any) -> Any:
    """Zeros in the shape and type of another array."""
    return a.like(numpy.zeros_like(a.value))


def ones_like(a: Any) -> Any:
    """Ones in the shape and type of another array."""
    return a.like(numpy.ones_like(a.value))


def __dir__() -> list[str]:
    return sorted((*OF_NUMPY, *OWN))


__getattr__ = _uncovered("mxnet.np", __dir__)
