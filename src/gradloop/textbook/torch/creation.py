"""PyTorch's ways to make a tensor: from numbers, filled, counted, or drawn by lot."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradloop.eager.base import raw
from gradloop.errors import TapeError
from gradloop.textbook.torch.dtypes import check_device, numpy_dtype
from gradloop.textbook.torch.random import Generator, default_generator, draw_normal, draw_uniform
from gradloop.textbook.torch.tensors import Tensor


def made(values: Any, dtype: Any, requires_grad: bool = False, device: Any = None) -> Tensor:
    """A tensor of these numbers, marked if a gradient is wanted."""
    check_device(device)
    result = Tensor(values, numpy_dtype(dtype))
    return result.requires_grad_() if requires_grad else result


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of its own memory; real numbers without a type of their own get 32 bits, whole ones 64."""
    return made(numbers_in(data), dtype, requires_grad, device)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """Itself if it is a tensor of that type; a new one otherwise."""
    if isinstance(data, Tensor):
        return data.to(dtype=dtype, device=device)  # type: ignore[no-any-return]
    return made(numbers_in(data), dtype, device=device)


def numbers_in(data: Any) -> Any:
    """Tensors within lists as their numbers."""
    return np.array(raw(data)) if isinstance(data, list | tuple) and any(isinstance(x, Tensor) for x in data) else data


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """A tensor in the memory of NumPy's array."""
    if not isinstance(ndarray, np.ndarray):
        raise TapeError(f"from_numpy takes NumPy's array, and this is a {type(ndarray).__name__}; use torch.tensor.")
    result = Tensor(ndarray)
    result.value = ndarray
    return result


def lengths(size: tuple[Any, ...], given: Any) -> tuple[int, ...]:
    """The shape from zeros(2, 3), zeros((2, 3)) or zeros(size=(2, 3))."""
    if given is not None:
        size = (given,)
    first = size[0] if len(size) == 1 and isinstance(size[0], tuple | list) else size
    if any(isinstance(n, float | str) or n < 0 for n in first):
        raise TapeError(f"The shape is {tuple(first)}, but lengths are whole numbers from 0.")
    return tuple(int(n) for n in first)


def zeros(
    *lengths_: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Zeros in a shape."""
    return made(np.zeros(lengths(lengths_, size), numpy_dtype(dtype) or Tensor.real), None, requires_grad, device)


def ones(
    *lengths_: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Ones in a shape."""
    return made(np.ones(lengths(lengths_, size), numpy_dtype(dtype) or Tensor.real), None, requires_grad, device)


def full(size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """One number in a shape, of the type it has."""
    wanted = numpy_dtype(dtype) or Tensor(fill_value).value.dtype
    return made(np.full(tuple(size), fill_value, wanted), None, requires_grad, device)


def zeros_like(input: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros in the shape and type of another tensor."""
    return made(np.zeros_like(raw(input), numpy_dtype(dtype)), None, requires_grad)


def ones_like(input: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones in the shape and type of another tensor."""
    return made(np.ones_like(raw(input), numpy_dtype(dtype)), None, requires_grad)


def eye(n: int, m: int | None = None, *, dtype: Any = None) -> Tensor:
    """Ones on the diagonal, zeros elsewhere."""
    return made(np.eye(n, m), numpy_dtype(dtype) or Tensor.real)


def arange(
    start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Numbers from start to below end, one step apart; whole ones if all three are."""
    low, high = (0, start) if end is None else (start, end)
    if step == 0:
        raise TapeError("The step of arange is 0, so the numbers would never reach the end.")
    whole = all(isinstance(x, int | np.integer) for x in (low, high, step))
    values = np.arange(low, high, step)
    return made(values, numpy_dtype(dtype) or (np.int64 if whole else Tensor.real), requires_grad, device)


def linspace(
    start: float, end: float, steps: int, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """So many numbers from start to end, evenly apart."""
    return made(np.linspace(start, end, steps), numpy_dtype(dtype) or Tensor.real, requires_grad, device)


# ---- drawn by lot --------------------------------------------------------------------------------------------


def normal(
    mean: Any, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None, dtype: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers of normal distributions, whose means and standard deviations are numbers or tensors."""
    means, deviations = raw(mean), raw(std)
    shape = np.broadcast_shapes(np.shape(means), np.shape(deviations)) if size is None else lengths((size,), None)
    if size is None and not isinstance(mean, Tensor) and not isinstance(std, Tensor):
        raise TapeError("torch.normal(mean, std) of plain numbers needs a size, such as (1000, 2).")
    return made(
        draw_normal(shape, means, deviations, numpy_dtype(dtype) or Tensor.real, generator), None, requires_grad, device
    )


def randn(
    *lengths_: Any, size: Any = None, generator: Generator | None = None, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers of the normal distribution with mean 0 and standard deviation 1."""
    shape = lengths(lengths_, size)
    return made(draw_normal(shape, 0, 1, numpy_dtype(dtype) or Tensor.real, generator), None, requires_grad, device)


def rand(
    *lengths_: Any, size: Any = None, generator: Generator | None = None, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers from 0 to below 1, all equally probable."""
    shape = lengths(lengths_, size)
    return made(draw_uniform(shape, 0, 1, numpy_dtype(dtype) or Tensor.real, generator), None, requires_grad, device)


def randint(
    low: int, high: Any = None, size: Any = None, *, generator: Generator | None = None, dtype: Any = None
) -> Tensor:
    """Whole numbers from low to below high."""
    if not isinstance(high, int | np.integer):
        low, high, size = 0, low, (high if size is None else size)
    numbers = (generator or default_generator).numbers
    return made(numbers.integers(low, high, lengths((size,), None)), numpy_dtype(dtype) or np.int64)


def randperm(n: int, *, generator: Generator | None = None) -> Tensor:
    """The whole numbers below n in random order."""
    return made((generator or default_generator).numbers.permutation(lengths((n,), None)[0]), np.int64)


def randn_like(input: Tensor) -> Tensor:
    """Normal random numbers in the shape and type of another tensor."""
    return made(draw_normal(input.value.shape, 0, 1, input.value.dtype), None)
