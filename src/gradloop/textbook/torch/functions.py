"""PyTorch's functions of tensors, on NumPy's: they work on tensors, and on what stands for them while gl.fit traces."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradloop.core.ops import apply
from gradloop.eager import Array
from gradloop.errors import TapeError
from gradloop.textbook.torch.dtypes import numpy_dtype
from gradloop.textbook.torch.grad_fn import named

Tensor = Any  # ours, or a tracer
Axes = Any  # a whole number, several, or None for all


# ---- products -------------------------------------------------------------------------------------------------


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """Product of matrices and vectors, ``input @ other``."""
    return input @ other


def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """Product of two matrices."""
    return product(input, mat2, (2, 2), "mm")


def mv(input: Tensor, vec: Tensor) -> Tensor:
    """Product of a matrix and a vector."""
    return product(input, vec, (2, 1), "mv")


def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """Product of two vectors: a number."""
    return product(input, tensor, (1, 1), "dot")


def product(a: Tensor, b: Tensor, axes: tuple[int, int], name: str) -> Tensor:
    if (np.ndim(a), np.ndim(b)) != axes:
        kinds = ["a matrix" if n == 2 else "a vector" for n in axes]
        raise TapeError(
            f"torch.{name} takes {kinds[0]} and {kinds[1]}, and here are the shapes {tuple(a.shape)} and "
            f"{tuple(b.shape)}; torch.matmul takes all of these."
        )
    return a @ b


# ---- entry by entry -------------------------------------------------------------------------------------------


def exp(input: Tensor) -> Tensor:
    """eˣ."""
    return np.exp(input)


def log(input: Tensor) -> Tensor:
    """Natural logarithm."""
    return np.log(input)


def sqrt(input: Tensor) -> Tensor:
    """Square root."""
    return np.sqrt(input)


def abs(input: Tensor) -> Tensor:
    """Distance from zero."""
    return builtins.abs(input)


def square(input: Tensor) -> Tensor:
    """x²."""
    return input**2


def pow(input: Tensor, exponent: Any) -> Tensor:
    """input to a power."""
    return input**exponent


def sin(input: Tensor) -> Tensor:
    """Sine of an angle in radians."""
    return np.sin(input)


def cos(input: Tensor) -> Tensor:
    """Cosine of an angle in radians."""
    return np.cos(input)


def sign(input: Tensor) -> Tensor:
    """-1, 0 or 1."""
    return np.sign(input)


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + e⁻ˣ), without overflow."""
    return apply("logistic", input)


def tanh(input: Tensor) -> Tensor:
    """Hyperbolic tangent."""
    return np.tanh(input)


def relu(input: Tensor) -> Tensor:
    """max(x, 0), whose derivative at 0 is 0."""
    return named(apply("where", input > 0, input, 0.0), "ReluBackward0")


def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """Nothing below min, nothing above max."""
    if min is None and max is None:
        raise TapeError("torch.clamp needs min, max or both.")
    result = input if min is None else apply("where", input < min, min, input)
    return named(result if max is None else apply("where", result > max, max, result), "ClampBackward1")


def where(condition: Tensor, input: Any, other: Any) -> Tensor:
    """input where the condition holds, other elsewhere."""
    return apply("where", condition, input, other)


def maximum(input: Tensor, other: Tensor) -> Tensor:
    """The larger of two, entry by entry."""
    return np.maximum(input, other)


def minimum(input: Tensor, other: Tensor) -> Tensor:
    """The smaller of two, entry by entry."""
    return np.minimum(input, other)


# ---- along axes -----------------------------------------------------------------------------------------------


def given(dim: Axes, axis: Axes) -> Axes:
    """PyTorch takes NumPy's word too."""
    chosen = dim if axis is None else axis
    return tuple(chosen) if isinstance(chosen, list) else chosen


def sum(
    input: Tensor, dim: Axes = None, keepdim: bool = False, *, dtype: Any = None, axis: Axes = None,
    keepdims: bool = False,
) -> Tensor:  # fmt: skip
    """Sum, of all numbers or along axes."""
    if dim is None and axis is None and dtype is None and not keepdim and isinstance(input, Array):
        return Array.sum(input)
    x = input if dtype is None else input.astype(numpy_dtype(dtype))
    axes, keep = given(dim, axis), keepdim or keepdims
    return named(np.sum(x, axis=axes, keepdims=keep), f"SumBackward{int(axes is not None)}")


def mean(
    input: Tensor, dim: Axes = None, keepdim: bool = False, *, dtype: Any = None, axis: Axes = None,
    keepdims: bool = False,
) -> Tensor:  # fmt: skip
    """Mean, of all numbers or along axes."""
    x = input if dtype is None else input.astype(numpy_dtype(dtype))
    if np.dtype(x.dtype).kind != "f":
        raise TapeError(f"The mean is taken of real numbers, and here are {x.dtype}; write x.float().mean().")
    axes = given(dim, axis)
    return named(np.mean(x, axis=axes, keepdims=keepdim or keepdims), f"MeanBackward{int(axes is not None)}")


def var(input: Tensor, dim: Axes = None, *, correction: int = 1, keepdim: bool = False) -> Tensor:
    """Variance: squares of the distances from the mean, summed and divided by n - correction."""
    far = input - np.mean(input, axis=dim, keepdims=True)
    squares = far * far
    mean_square = np.mean(squares, axis=dim, keepdims=keepdim)
    count = prod(squares.shape) // builtins.max(prod(mean_square.shape), 1)
    return named(mean_square * (count / (count - correction) if count != correction else np.nan), "VarBackward0")


def std(input: Tensor, dim: Axes = None, *, correction: int = 1, keepdim: bool = False) -> Tensor:
    """Standard deviation: the square root of the variance."""
    return named(np.sqrt(var(input, dim, correction=correction, keepdim=keepdim)), "StdBackward0")


def norm(input: Tensor) -> Tensor:
    """Length: the root of the sum of squares."""
    return named(np.sqrt(np.sum(input * input)), "LinalgVectorNormBackward0")


class Extremes(NamedTuple):
    """The largest or smallest numbers along an axis, and where they stand."""

    values: Any
    indices: Any


class Largest(Extremes):
    """What max(dim) returns."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"torch.return_types.max(\nvalues={self.values!r},\nindices={self.indices!r})"


class Smallest(Extremes):
    """What min(dim) returns."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"torch.return_types.min(\nvalues={self.values!r},\nindices={self.indices!r})"


def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, axis: Any = None) -> Any:
    """The largest number; with dim, (values, indices) along an axis; with a second tensor, the larger of two."""
    if dim is None and axis is None:
        return named(np.max(input), "MaxBackward1")
    if hasattr(dim, "shape"):
        return maximum(input, dim)
    where = argmax(input, given(dim, axis), keepdim=True)
    return Largest(*entries(input, where, given(dim, axis), keepdim, "MaxBackward0"))


def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, axis: Any = None) -> Any:
    """The smallest number; with dim, (values, indices) along an axis; with a second tensor, the smaller of two."""
    if dim is None and axis is None:
        return named(np.min(input), "MinBackward1")
    if hasattr(dim, "shape"):
        return minimum(input, dim)
    where = argmin(input, given(dim, axis), keepdim=True)
    return Smallest(*entries(input, where, given(dim, axis), keepdim, "MinBackward0"))


def entries(x: Tensor, where: Tensor, dim: int, keepdim: bool, name: str) -> tuple[Tensor, Tensor]:
    """The numbers at these places along an axis, as picked by index, so that each passes its gradient to one."""
    places = np.take_along_axis(np.arange(x.value.size).reshape(x.shape), where.value, dim)
    places, where = (places, where.value) if keepdim else (places.squeeze(dim), where.value.squeeze(dim))
    return named(x.reshape(-1)[places], name), x.like(where)


def argmax(input: Tensor, dim: Any = None, keepdim: bool = False, *, axis: Any = None) -> Tensor:
    """Where the largest number stands."""
    return input.like(np.argmax(input.value, axis=given(dim, axis), keepdims=keepdim))


def argmin(input: Tensor, dim: Any = None, keepdim: bool = False, *, axis: Any = None) -> Tensor:
    """Where the smallest number stands."""
    return input.like(np.argmin(input.value, axis=given(dim, axis), keepdims=keepdim))


def logsumexp(input: Tensor, dim: int, keepdim: bool = False) -> Tensor:
    """log Σ eˣ along an axis, without overflow."""
    axis = normalize_axis_index(dim, np.ndim(input))
    result = apply("logsumexp", input, axis=(axis,))
    shape = tuple(1 if i == axis else n for i, n in enumerate(input.shape))
    return named(apply("reshape", result, shape=shape) if keepdim else result, "LogsumexpBackward0")


def log_softmax(input: Tensor, dim: int = -1) -> Tensor:
    """Logarithms of the shares that softmax gives."""
    return named(input - logsumexp(input, dim, keepdim=True), "LogSoftmaxBackward0")


def softmax(input: Tensor, dim: int = -1) -> Tensor:
    """Positive shares that add up to 1 along an axis, in proportion to eˣ."""
    return named(np.exp(log_softmax(input, dim)), "SoftmaxBackward0")


# ---- shapes ---------------------------------------------------------------------------------------------------


def reshape(input: Tensor, shape: Any) -> Tensor:
    """The same numbers in another shape."""
    return input.reshape(shape)


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two axes swapped."""
    axes = list(range(np.ndim(input)))
    axes[dim0], axes[dim1] = axes[dim1], axes[dim0]
    return named(np.transpose(input, tuple(axes)), "TransposeBackward0")


def t(input: Tensor) -> Tensor:
    """A matrix turned over; a vector as it is."""
    if np.ndim(input) > 2:
        raise TapeError(f"t() is for matrices, and this tensor has the shape {tuple(input.shape)}; use transpose().")
    return named(np.transpose(input), "TBackward0") if np.ndim(input) == 2 else input


def squeeze(input: Tensor, dim: int | None = None) -> Tensor:
    """Without axes of length one: all of them, or this one."""
    axes = range(np.ndim(input)) if dim is None else [normalize_axis_index(dim, np.ndim(input))]
    shape = tuple(n for i, n in enumerate(input.shape) if n != 1 or i not in axes)
    return named(input.reshape(shape), f"SqueezeBackward{int(dim is not None)}")


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With one more axis, of length one."""
    place = normalize_axis_index(dim, np.ndim(input) + 1)
    return named(input.reshape((*input.shape[:place], 1, *input.shape[place:])), "UnsqueezeBackward0")


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors one behind the other, along an axis they have."""
    return np.concatenate(list(tensors), axis=dim)


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors beside each other, along a new axis."""
    return named(np.stack(list(tensors), axis=dim), "StackBackward0")


# ---- comparisons ----------------------------------------------------------------------------------------------


def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> builtins.bool:
    """Whether all numbers are equal but for rounding."""
    return builtins.bool(np.allclose(input.value, other.value, rtol, atol, equal_nan))


def equal(input: Tensor, other: Tensor) -> builtins.bool:
    """Whether shapes and all numbers are equal."""
    return builtins.bool(np.array_equal(input.value, other.value))


def eq(input: Tensor, other: Any) -> Tensor:
    """Which numbers are equal."""
    return input == other


def isnan(input: Tensor) -> Tensor:
    """Which are not a number."""
    return np.isnan(input)


def isfinite(input: Tensor) -> Tensor:
    """Which are neither infinite nor not a number."""
    return np.isfinite(input)


def numel(input: Tensor) -> int:
    """How many numbers there are."""
    return prod(input.shape)


def is_tensor(obj: Any) -> builtins.bool:
    """Whether something is a tensor."""
    return isinstance(obj, Array)


METHODS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        matmul, mm, mv, dot, exp, log, sqrt, abs, square, pow, sin, cos, sign, sigmoid, tanh, relu, clamp, sum,
        mean, var, std, norm, max, min, argmax, argmin, logsumexp, log_softmax, softmax, transpose, t, squeeze,
        unsqueeze, allclose, equal, eq, isnan, isfinite, numel,
    )
}  # fmt: skip
