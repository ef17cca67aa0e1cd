"""An array of numbers that remembers what it was computed from: NumPy's values, operators and functions, and a tape."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any, Self

import numpy as np

from gradloop.eager import operations, tape
from gradloop.eager.base import Taped, changed, is_recorded, raw, viewed, wrapped
from gradloop.eager.operations import binary, comparison, in_place, perform  # noqa: F401
from gradloop.eager.tape import Leaf, Step
from gradloop.errors import TapeError


ALL_AXES = [{"axis": tuple(range(axes))} for axes in range(33)]


class Array(Taped):
    """Numbers with NumPy's operators, functions and methods, and a tape of what they were computed from.

    Two idioms mark what a gradient is wanted for. MXNet's `attach_grad()` makes room for a gradient that every walk
    back overwrites; PyTorch's `requires_grad_()` lets gradients add up until they are set to zero.

    >>> w = Array([1.0, 2.0]).requires_grad_()
    >>> (w * w).sum().backward()
    >>> print(w.grad)
    [2. 4.]

    Source: Griewank and Walther, Evaluating Derivatives, 2008, chapter 3.
    """

    __slots__ = ()
    __array_priority__ = 2000

    def __init__(self, values: Any, dtype: Any = None) -> None:
        found = np.array(values.value if isinstance(values, Taped) else values, dtype)
        if dtype is None and not isinstance(values, np.ndarray | np.generic | Taped) and found.dtype.kind == "f":
            found = found.astype(self.real)
        if found.dtype.kind not in "fiub":
            raise TapeError(f"An array of {found.dtype} cannot be computed with; give real numbers.")
        self.value, self.node, self.grad, self.altered = found, None, None, None

    # ---- what is known of it ----
    @property
    def shape(self) -> Any:
        return self.value.shape

    @property
    def dtype(self) -> Any:
        return self.value.dtype

    @property
    def ndim(self) -> int:
        return self.value.ndim

    @property
    def size(self) -> Any:
        return self.value.size

    def __len__(self) -> int:
        return len(self.value)

    def __repr__(self) -> str:
        return repr(self.value)

    def __str__(self) -> str:
        return str(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        return operator.index(self.value)

    def __format__(self, form: str) -> str:
        return format(self.item(), form) if form or self.value.ndim == 0 else str(self)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def item(self) -> Any:
        """The one number as Python's own; TapeError where there are several."""
        if self.value.size != 1:
            raise TapeError(f"item() is for one number, and this array has the shape {self.value.shape}.")
        return self.value.item()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.value, dtype, copy=copy)

    # ---- gradients ----
    def attach_grad(self, grad_req: str = "write") -> None:
        """Make this array a leaf whose gradient is wanted: overwritten by every walk back, or with "add" summed."""
        if grad_req not in ("write", "add", "null"):
            raise TapeError(f'grad_req is {grad_req!r}; give "write", "add" or "null".')
        self.mark(grad_req != "null", adds=grad_req == "add", from_one_number=False)
        self.grad = None if grad_req == "null" else self.like(np.zeros_like(self.value))

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Make this array a leaf whose gradients add up, or stop wanting any."""
        if self.node.__class__ is not Step:
            self.mark(requires_grad, adds=True, from_one_number=True)
        elif not requires_grad:
            raise TapeError("This array was computed from others that need gradients; write x = x.detach() instead.")
        return self

    def mark(self, wanted: bool, adds: bool, from_one_number: bool) -> None:
        if wanted and self.value.dtype.kind != "f":
            raise TapeError(f"Only real numbers have derivatives, and this array holds {self.value.dtype}.")
        self.node = Leaf(self, adds, from_one_number) if wanted else None

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient is wanted of this array, or of one that it was computed from."""
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self.requires_grad_(wanted)

    @property
    def is_leaf(self) -> bool:
        """Whether this array was not computed from others that need gradients."""
        return self.node.__class__ is not Step

    def detach(self) -> Self:
        """The same numbers, in the same memory, without their past."""
        return viewed(wrapped(self.__class__, self.value[...]), self)  # type: ignore[no-any-return]

    def backward(self, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False) -> None:
        """Walk the tape back: the derivative of this number with respect to every leaf goes into its ``grad``.

        Args:
            gradient: what to begin with, of this array's shape; ones if left out, which arrays of several numbers
                allow only in MXNet's idiom, where it means the derivative of their sum
            retain_graph: keep the tape for another walk
            create_graph: record the walk itself, for second derivatives

        Raises: TapeError when nothing was recorded, the tape was walked before, or its numbers were altered.
        """
        tape.backward([self], [gradient], bool(retain_graph), create_graph)

    def deposit(self, share: Any, adds: bool) -> None:
        """Take what a walk back has brought to this leaf."""
        if isinstance(share, Array):  # of a walk that was recorded itself
            self.grad = share if self.grad is None or not adds else self.grad + share
        elif self.grad is None:
            self.grad = self.like(np.array(share, self.value.dtype))
        elif adds:
            self.grad.value += share
        else:
            self.grad.value[...] = share

    # ---- changes in place ----
    def zero_(self) -> Self:
        """Set every number to zero."""
        if is_recorded(self):
            self[...] = 0  # which says why not
        self.value.fill(0)
        changed(self)
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        if is_recorded(self, value):
            raise TapeError(
                "Assigning into an array is not recorded, so its derivative would be lost: compute a new array with "
                "np.where or np.concatenate, or assign where nothing is recorded (`with no_grad():`)."
            )
        try:
            self.value[raw(key)] = raw(value)
        except (ValueError, IndexError, TypeError) as problem:
            operations.refuse("assignment", (self, value), problem)
        changed(self)

    __iadd__ = in_place("add", np.add)
    __isub__ = in_place("subtract", np.subtract)
    __imul__ = in_place("multiply", np.multiply)
    __itruediv__ = in_place("divide", np.true_divide)

    # ---- operators ----
    __add__, __radd__ = operations.ADD, operations.RADD
    __sub__, __rsub__ = operations.SUBTRACT, operations.RSUBTRACT
    __mul__, __rmul__ = operations.MULTIPLY, operations.RMULTIPLY
    __truediv__, __rtruediv__ = operations.DIVIDE, operations.RDIVIDE
    __matmul__, __rmatmul__ = operations.MATMUL, operations.RMATMUL
    __pow__, __rpow__ = operations.POWER, operations.RPOWER
    __lt__, __le__ = comparison(operator.lt), comparison(operator.le)
    __gt__, __ge__ = comparison(operator.gt), comparison(operator.ge)
    __eq__, __ne__ = comparison(operator.eq), comparison(operator.ne)  # type: ignore[assignment]
    __and__, __or__ = comparison(operator.and_), comparison(operator.or_)
    __hash__ = object.__hash__  # == compares the numbers; as a key, an array is itself

    def __neg__(self) -> Any:
        return perform("negative", (self,), {})

    def __pos__(self) -> Self:
        return self

    def __abs__(self) -> Any:
        return perform("abs", (self,), {})

    def __invert__(self) -> Any:
        return np.invert(self)

    def __floordiv__(self, other: Any) -> Any:
        return np.floor_divide(self, other)

    def __mod__(self, other: Any) -> Any:
        return np.remainder(self, other)

    # ---- the protocols through which NumPy and the table of operations reach us ----
    def __gradloop_apply__(self, op: str, *inputs: Any, **attributes: Any) -> Any:
        return perform(op, inputs, attributes)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return operations.call_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        return operations.call_function(function, args, kwargs)

    # ---- methods as arrays have them ----
    def __getitem__(self, key: Any) -> Any:
        return operations.pick(self, raw(key))

    def reshape(self, *shape: Any) -> Any:
        """The same numbers in another shape; -1 stands for the length that is left."""
        wanted = shape[0] if len(shape) == 1 else shape
        try:
            value = self.value.reshape(wanted)
        except (ValueError, TypeError) as problem:
            operations.refuse(f"reshape to {wanted}", (self,), problem)
        node = None
        if self.node is not None and is_recorded(self):
            node = Step("reshape", (self,), {"shape": value.shape}, value, (self.node,))
        return viewed(wrapped(self.__class__, value, node), self)

    @property
    def T(self) -> Any:  # noqa: N802 - NumPy's name
        return self.transpose()

    def transpose(self, *axes: Any) -> Any:
        """The axes in reverse, or in the given order."""
        return np.transpose(self, axes or None)  # type: ignore[call-overload]

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        value = self.value
        if axis is None and not keepdims and value.dtype.kind == "f":
            axes = ALL_AXES[value.ndim]
            found = np.add.reduce(value, axes["axis"])
            recorded = self.node is not None and is_recorded(self)
            return wrapped(self.__class__, found, Step("sum", (self,), axes, found, (self.node,)) if recorded else None)
        return np.sum(self, axis=axis, keepdims=keepdims)  # type: ignore[call-overload]

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        return np.mean(self, axis=axis, keepdims=keepdims)  # type: ignore[call-overload]

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        return np.max(self, axis=axis, keepdims=keepdims)  # type: ignore[call-overload]

    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        return np.min(self, axis=axis, keepdims=keepdims)  # type: ignore[call-overload]

    def argmax(self, axis: Any = None, keepdims: bool = False) -> Any:
        return self.like(np.argmax(self.value, axis=axis, keepdims=keepdims))

    def dot(self, other: Any) -> Any:
        return np.dot(self, other)

    def astype(self, dtype: Any) -> Any:
        """The same numbers in another type."""
        return perform("convert", (self,), {"dtype": np.dtype(dtype)})

    def copy(self) -> Any:
        """The same numbers in memory of their own; recorded, as every operation is."""
        return perform("convert", (self,), {"dtype": self.value.dtype})
