"""MXNet's ``nd``: its older arrays and their functions."""

from __future__ import annotations

from typing import Any

import numpy

from gradloop.core.ops import apply
from gradloop.eager.base import raw
from gradloop.textbook.coverage import uncovered as _uncovered
from gradloop.textbook.mxnet.arrays import NDArray, check_context
from gradloop.textbook.mxnet.entries import dot, log_softmax, one_hot, pick, relu, sigmoid, softmax
from gradloop.textbook.mxnet.random import of_nd as random

__all__ = [
    "NDArray",
    "abs",
    "arange",
    "argmax",
    "array",
    "clip",
    "concat",
    "dot",
    "exp",
    "expand_dims",
    "eye",
    "full",
    "log",
    "log_softmax",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "norm",
    "one_hot",
    "ones",
    "ones_like",
    "pick",
    "random",
    "relu",
    "reshape",
    "sigmoid",
    "softmax",
    "sqrt",
    "square",
    "stack",
    "sum",
    "take",
    "tanh",
    "transpose",
    "where",
    "zeros",
    "zeros_like",
]

exp, log, sqrt, abs, tanh = numpy.exp, numpy.log, numpy.sqrt, numpy.absolute, numpy.tanh
square, maximum, minimum, clip = numpy.square, numpy.maximum, numpy.minimum, numpy.clip
transpose, expand_dims = numpy.transpose, numpy.expand_dims


def made(values: Any, dtype: Any, ctx: Any) -> NDArray:
    check_context(ctx)
    return NDArray(numpy.array(values, dtype or NDArray.real))


def array(source_array: Any, ctx: Any = None, dtype: Any = None) -> NDArray:
    """An array of its own memory; numbers without a type of their own get 32 bits.

    >>> array([1, 2])
    <BLANKLINE>
    [1. 2.]
    <NDArray 2 @cpu(0)>
    """
    own = getattr(source_array, "dtype", None)
    return made(raw(source_array), dtype or own, ctx)


def zeros(shape: Any, ctx: Any = None, dtype: Any = None) -> NDArray:
    """Zeros in a shape."""
    return made(numpy.zeros(shape), dtype, ctx)


def ones(shape: Any, ctx: Any = None, dtype: Any = None) -> NDArray:
    """Ones in a shape."""
    return made(numpy.ones(shape), dtype, ctx)


def full(shape: Any, val: float, ctx: Any = None, dtype: Any = None) -> NDArray:
    """One number in a shape."""
    return made(numpy.full(shape, val), dtype, ctx)


def eye(N: int, M: int = 0, k: int = 0, ctx: Any = None, dtype: Any = None) -> NDArray:
    """Ones on a diagonal, zeros elsewhere."""
    return made(numpy.eye(N, M or None, k), dtype, ctx)


def arange(start: float, stop: Any = None, step: float = 1.0, ctx: Any = None, dtype: Any = None) -> NDArray:
    """Numbers from start to below stop, one step apart."""
    return made(numpy.arange(start, stop, step), dtype, ctx)


def zeros_like(data: Any) -> Any:
    """Zeros in the shape and type of another array."""
    return data.like(numpy.zeros_like(data.value))


def ones_like(data: Any) -> Any:
    """Ones in the shape and type of another array."""
    return data.like(numpy.ones_like(data.value))


def sum(data: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Sum, of all numbers or along axes."""
    return data.sum(axis, keepdims)


def mean(data: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Mean, of all numbers or along axes."""
    return data.mean(axis, keepdims)


def max(data: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest number, of all or along axes."""
    return data.max(axis, keepdims)


def min(data: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The smallest number, of all or along axes."""
    return data.min(axis, keepdims)


def argmax(data: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Where the largest number stands, as a real number."""
    return data.argmax(axis, keepdims)


def norm(data: Any) -> Any:
    """Length: the root of the sum of squares."""
    return data.norm()


def take(a: Any, indices: Any, axis: int = 0, mode: str = "clip") -> Any:
    """The entries with these numbers along an axis."""
    return a.take(indices, axis, mode)


def reshape(data: Any, shape: Any) -> Any:
    """The same numbers in another shape."""
    return data.reshape(shape)


def where(condition: Any, x: Any, y: Any) -> Any:
    """x where the condition is not zero, y elsewhere."""
    return apply("where", condition != 0, x, y) if isinstance(condition, NDArray) else apply("where", condition, x, y)


def concat(*data: Any, dim: int = 1) -> Any:
    """Arrays one behind the other, along an axis they have."""
    return numpy.concatenate(data, axis=dim)


def stack(*data: Any, axis: int = 0) -> Any:
    """Arrays beside each other, along a new axis."""
    return numpy.stack(data, axis=axis)


__getattr__ = _uncovered("mxnet.nd", lambda: __all__)
