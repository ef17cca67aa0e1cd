"""Tensors: arrays with a tape, with PyTorch's names, types and printed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from gradloop.eager import Array
from gradloop.eager.base import changed, raw
from gradloop.eager.operations import perform
from gradloop.eager.recording import STATE
from gradloop.errors import TapeError
from gradloop.textbook.coverage import sentence
from gradloop.textbook.torch import functions, grad_fn
from gradloop.textbook.torch.dtypes import BY_NUMPY, TYPE_NAMES, Device, DType, Size, check_device, numpy_dtype
from gradloop.textbook.torch.printing import as_text
from gradloop.textbook.torch.random import draw_normal, draw_uniform


def converting(name: str) -> Callable[[Any], Any]:
    """The method that gives the same numbers in another type."""

    def convert(self: Any) -> Any:
        return self.astype(np.dtype(name))

    convert.__doc__ = f"The same numbers as {name}."
    return convert


def with_result_in_place(function: Callable[..., Any]) -> Callable[..., Any]:
    """The method that puts a function's result where the numbers were."""

    def change(self: Any, *arguments: Any, **options: Any) -> Any:
        return self.put(function(self.recorded_copy(), *arguments, **options))

    return change


class Count(int):
    """How many numbers there are, for NumPy's functions; called as PyTorch's method, the shape."""

    shape: Size

    def __new__(cls, values: np.ndarray[Any, Any]) -> Count:
        found = super().__new__(cls, values.size)
        found.shape = Size(values.shape)
        return found

    def __call__(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[dim]


class Tensor(Array):
    """Numbers with PyTorch's methods; real ones have 32 bits unless something else is asked for.

    >>> w = Tensor([2.0, -3.4]).requires_grad_()
    >>> (w * w).sum()
    tensor(15.5600, grad_fn=<SumBackward0>)
    """

    __slots__ = ("called", "learned")  # PyTorch's name of the step that made it; whether it is a Parameter

    real = np.dtype(np.float32)
    called: Any
    learned: Any

    # ---- what is known of it ----
    @property
    def shape(self) -> Size:
        return Size(self.value.shape)

    @property
    def dtype(self) -> DType:
        return BY_NUMPY[self.value.dtype]

    @property
    def device(self) -> Device:
        return Device()

    @property
    def grad_fn(self) -> grad_fn.GradFn | None:
        """The step of the tape that made this tensor."""
        return grad_fn.grad_fn(self)

    @property
    def size(self) -> Count:
        """When called, the shape or the length of one axis; for NumPy's functions, how many numbers there are."""
        return Count(self.value)

    def dim(self) -> int:
        """How many axes there are."""
        return self.value.ndim

    def is_floating_point(self) -> bool:
        """Whether the numbers are real."""
        return self.dtype.is_floating_point

    def __len__(self) -> int:
        if not self.value.ndim:
            raise TypeError("A single number has no len(); t.item() gives the number.")
        return len(self.value)

    def __repr__(self) -> str:
        dtype, remarks = self.value.dtype, []
        if not self.value.size and self.value.ndim != 1:
            remarks.append(f"size={tuple(self.value.shape)}")
        usual = (self.real,) if not self.value.size else (self.real, np.dtype(np.int64), np.dtype(np.bool_))
        if dtype not in usual:
            remarks.append(f"dtype={self.dtype}")
        step = self.grad_fn
        if step is not None:
            remarks.append(f"grad_fn=<{step.name()}>")
        elif self.requires_grad:
            remarks.append("requires_grad=True")
        return "Parameter containing:\n" * bool(self.learned) + as_text(self.value, remarks)

    __str__ = __repr__

    def __format__(self, form: str) -> str:
        if self.value.ndim == 0:
            return format(self.value.item(), form)
        if form:
            raise TypeError(f"The form {form!r} is for one number, and this tensor has the shape {self.shape}.")
        return repr(self)

    def __getattr__(self, name: str) -> Any:
        if name in Tensor.__slots__:
            return None  # nobody has said
        raise AttributeError(sentence("torch.Tensor", name, dir(type(self))))

    # ---- its numbers ----
    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """The numbers as NumPy's array, in the same memory.

        Raises: TapeError for a tensor that needs a gradient, unless force.
        """
        if self.requires_grad and not force:
            raise TapeError(
                "NumPy cannot carry on the record of a tensor that needs a gradient; write t.detach().numpy()."
            )
        return self.value

    def tolist(self) -> Any:
        """The numbers as lists of Python's."""
        return self.value.tolist()

    @property
    def data(self) -> Tensor:
        """The same numbers in the same memory, without their past."""
        return self.detach()

    @data.setter
    def data(self, other: Tensor) -> None:
        self.value = np.asarray(raw(other))
        changed(self)

    def retain_grad(self) -> None:
        """Gradients of intermediate results are not kept, so this only says how to get one."""
        if not self.is_leaf:
            raise TapeError(
                "Only leaves keep their gradient; torch.autograd.grad(loss, [t]) gives that of an intermediate result."
            )

    # ---- types and places ----
    def astype(self, dtype: Any) -> Any:
        """The same numbers in another type; itself where it has that type already."""
        wanted = np.dtype(dtype)
        if wanted == self.value.dtype:
            return self
        return Array.astype(self, wanted)

    def type(self, dtype: Any = None) -> Any:
        """The same numbers in another type; without one, the type's old name."""
        if dtype is None:
            return f"torch.{TYPE_NAMES[self.dtype]}Tensor"
        return self.to(dtype)

    def type_as(self, other: Tensor) -> Any:
        """The same numbers in the type of another tensor."""
        return self.astype(other.value.dtype)

    def to(self, target: Any = None, *, dtype: Any = None, device: Any = None) -> Any:
        """The same numbers in another type; the only device is the processor."""
        if isinstance(target, str | Device):
            check_device(target)
        elif isinstance(target, Tensor):
            dtype = target.dtype
        elif target is not None:
            dtype = target
        check_device(device)
        wanted = numpy_dtype(dtype)
        return self if wanted is None else self.astype(wanted)

    def cpu(self) -> Self:
        """Itself: the numbers are there already."""
        return self

    def clone(self) -> Any:
        """The same numbers in memory of their own."""
        return grad_fn.named(self.copy(), "CloneBackward0")

    # ---- shapes ----
    @property
    def T(self) -> Any:  # noqa: N802 - PyTorch's name
        return np.transpose(self)

    view = Array.reshape

    def reshape_as(self, other: Tensor) -> Any:
        """In the shape of another tensor."""
        return self.reshape(other.value.shape)

    view_as = reshape_as

    def flatten(self) -> Any:
        """All numbers along one axis."""
        return self.reshape(-1)

    ravel = flatten

    def expand(self, *shape: Any) -> Any:
        """Repeated along axes of length one; -1 keeps a length."""
        wanted = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
        own = (1,) * (len(wanted) - self.value.ndim) + self.value.shape
        lengths = tuple(n if m == -1 else m for m, n in zip(wanted, own, strict=True))
        return perform("broadcast", (self,), {"shape": lengths})

    # ---- changes in place ----
    def recorded_copy(self) -> Any:
        """What stands in a formula for the numbers before they change."""
        if self.node is not None and self.is_leaf and STATE.recording is not False:
            self[...] = self.value  # which says why not
        return self.clone()

    def put(self, result: Any) -> Self:
        """Take the numbers of a result, and its past where it has one."""
        self.value[...] = raw(result)
        if isinstance(result, Array) and result.node is not None:
            self.node = result.node
        changed(self)
        return self

    add_ = with_result_in_place(lambda x, other, alpha=1: x + alpha * other)
    sub_ = with_result_in_place(lambda x, other, alpha=1: x - alpha * other)
    mul_ = with_result_in_place(lambda x, other: x * other)
    div_ = with_result_in_place(lambda x, other: x / other)
    clamp_ = with_result_in_place(functions.clamp)

    def fill_(self, value: Any) -> Self:
        """Set every number to the same."""
        self[...] = value
        return self

    def copy_(self, other: Any) -> Self:
        """Take the numbers of another tensor."""
        self[...] = other
        return self

    def normal_(self, mean: Any = 0, std: Any = 1) -> Self:
        """Draw every number anew, from a normal distribution."""
        return self.fill_(draw_normal(self.value.shape, mean, std, self.value.dtype))

    def uniform_(self, low: Any = 0, high: Any = 1) -> Self:
        """Draw every number anew, evenly between two."""
        return self.fill_(draw_uniform(self.value.shape, low, high, self.value.dtype))

    # ---- arithmetic where it differs from NumPy's ----
    def __matmul__(self, other: Any) -> Any:
        result = Array.__matmul__(self, other)
        if result is not NotImplemented and result.value.ndim < 2 and result.node is not None:
            grad_fn.named(result, "MvBackward0" if result.value.ndim else "DotBackward0")
        return result

    def __pow__(self, other: Any) -> Any:
        if self.value.dtype.kind in "iu" and other.__class__ is int and other >= 0:
            return self.like(self.value**other)
        return Array.__pow__(self, other)


CONVERSIONS = {"float": "float32", "double": "float64", "long": "int64", "int": "int32", "bool": "bool"}
for _name, _type in CONVERSIONS.items():
    setattr(Tensor, _name, converting(_type))
for _name, _function in functions.METHODS.items():
    setattr(Tensor, _name, _function)
