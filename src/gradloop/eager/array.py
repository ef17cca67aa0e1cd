"""An array of numbers that remembers what it was computed from: NumPy's values, operators and functions, and a tape."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any, Self

import numpy as np

from gradloop.eager import functions, operations, tape
from gradloop.eager.base import Taped, changed, is_recorded, is_recording, memory_of, raw, viewed, wrapped
from gradloop.eager.operations import comparison, in_place, perform
from gradloop.eager.recording import Recording
from gradloop.eager.steps import Leaf, Step, clock, last_change
from gradloop.errors import TapeError

add = np.add.reduce
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
        try:
            found = np.array(values.value if isinstance(values, Taped) else values, dtype)
        except (ValueError, TypeError) as problem:
            raise TapeError(f"These cannot be made an array of numbers: {problem}.") from problem
        if dtype is None and not isinstance(values, np.ndarray | np.generic | Taped) and found.dtype.kind == "f":
            found = found.astype(self.real)
        if found.dtype.kind not in "fiub":
            raise TapeError(f"An array of {found.dtype} cannot be computed with; give real numbers.")
        self.value, self.node, self.grad, self.memory = found, None, None, None

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

    def tolist(self) -> Any:
        """The numbers as Python's, in lists."""
        return self.value.tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if is_recorded(self):
            raise TapeError(
                "np.asarray, np.array and what calls them cannot carry on the record of what was computed: write "
                "x.detach() for the numbers alone, np.stack([...]) to put arrays together."
            )
        found = np.array(self.value, dtype, copy=copy)
        if np.may_share_memory(found, self.value):
            found = found.view()
            found.flags.writeable = False  # a change would not be noticed by the tape
        return found

    def __reduce_ex__(self, protocol: Any) -> Any:
        """For pickle and copy.deepcopy: the numbers, and what was asked of them; not how they were computed."""
        node = self.node
        if isinstance(node, Step):
            raise TapeError(
                "An array that was computed while the tape was recording cannot be copied or pickled with its past: "
                "write x.detach() for the numbers alone."
            )
        asked = None if node is None else (node.adds, node.from_one_number)
        return restored, (self.__class__, self.value, self.grad, asked)

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
        if not wanted:
            self.node = None
        elif isinstance(self.node, Leaf):
            self.node.adds, self.node.from_one_number = adds, from_one_number  # what was recorded leads to it
        else:
            self.node = Leaf(self, adds, from_one_number)

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
        grad = self.grad
        if isinstance(share, Taped):  # of a walk that was recorded itself
            with Recording(True):
                own = tape.owned(share, self)
                self.grad = grad + own if adds and grad is not None else own
        elif grad is None:
            self.grad = wrapped(self.__class__, np.array(share, self.value.dtype))
        else:
            if adds:
                grad.value += share
            else:
                grad.value[...] = share
            memory = grad.memory or memory_of(grad)
            memory.changed = last_change[0] = next(clock)

    # ---- changes in place ----
    def zero_(self) -> Self:
        """Set every number to zero, and forget how they were computed."""
        if self.node is not None and is_recorded(self):
            operations.forget(self)
        self.value.fill(0)
        memory = self.memory or memory_of(self)
        memory.changed = last_change[0] = next(clock)
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
    __eq__, __ne__ = comparison(operator.eq), comparison(operator.ne)
    __and__, __or__ = comparison(operator.and_), comparison(operator.or_)
    __rand__, __ror__ = __and__, __or__
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

    def __rfloordiv__(self, other: Any) -> Any:
        return np.floor_divide(other, self)

    def __rmod__(self, other: Any) -> Any:
        return np.remainder(other, self)

    # ---- the protocols through which NumPy and the table of operations reach us ----
    def __gradloop_apply__(self, op: str, *inputs: Any, **attributes: Any) -> Any:
        return perform(op, inputs, attributes)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return functions.call_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        return functions.call_function(function, args, kwargs)

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
        return np.transpose(self, axes or None)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        value = self.value
        if axis is not None or keepdims or value.dtype.kind != "f":
            return np.sum(self, axis=axis, keepdims=keepdims)
        axes = ALL_AXES[value.ndim]
        total = np.array(add(value, axes["axis"]))
        node = self.node
        recorded = node is not None and is_recording(self)
        return wrapped(self.__class__, total, Step("sum", (self,), axes, total, (node,)) if recorded else None)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        return np.mean(self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        return np.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        return np.min(self, axis=axis, keepdims=keepdims)

    def argmax(self, axis: Any = None, keepdims: bool = False) -> Any:
        return self.like(np.argmax(self.value, axis=axis, keepdims=keepdims))

    def clip(self, low: Any = None, high: Any = None) -> Any:
        """Nothing below the one, nothing above the other."""
        return np.clip(self, low, high)

    def ravel(self) -> Any:
        """All numbers along one axis."""
        return self.reshape(-1)

    flatten = ravel

    def squeeze(self) -> Any:
        """Without the axes of length one."""
        return self.reshape(tuple(n for n in self.value.shape if n != 1))

    def dot(self, other: Any) -> Any:
        return np.dot(self, other)

    def astype(self, dtype: Any) -> Any:
        """The same numbers in another type."""
        return perform("convert", (self,), {"dtype": np.dtype(dtype)})

    def copy(self) -> Any:
        """The same numbers in memory of their own; recorded, as every operation is."""
        return perform("convert", (self,), {"dtype": self.value.dtype})


def restored(kind: type[Array], value: Any, grad: Any, asked: tuple[bool, bool] | None) -> Any:
    """An array as it was copied or pickled."""
    result = kind.like(np.array(value))
    result.grad = grad if grad is None else kind.like(np.array(grad.value))
    if asked is not None:
        result.mark(True, *asked)
    return result


Taped.plain = Array
