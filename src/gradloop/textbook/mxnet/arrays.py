"""MXNet's two kinds of arrays, NDArray of `nd` and ndarray of `np`: types of results and printed forms differ."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy
from numpy.lib.array_utils import normalize_axis_index

from gradloop.core.ops import apply
from gradloop.eager import Array
from gradloop.eager.base import raw
from gradloop.errors import TapeError
from gradloop.textbook.coverage import sentence

Values = numpy.ndarray[Any, Any]
MODES = ("clip", "wrap", "raise")


class Context:
    """Where numbers lie: always in the machine's own memory."""

    device_type, device_id = "cpu", 0

    def __repr__(self) -> str:
        return "cpu(0)"


def check_context(context: Any) -> None:
    """Refuse what is not this machine's processor."""
    if context is not None and str(context) not in ("cpu(0)", "cpu"):
        raise TapeError(f"ctx is {context}, but gradloop.textbook computes on the processor: write cpu().")


class Recorded(Array):
    """What both kinds have in common."""

    __slots__ = ()

    real = numpy.dtype(numpy.float32)
    records = False
    owner = "mxnet"

    def asnumpy(self) -> Values:
        """The numbers as NumPy's array, in memory of its own."""
        return self.value.copy()

    def asscalar(self) -> Any:
        """The one number as Python's."""
        return self.item()

    def tolist(self) -> Any:
        """The numbers as lists of Python's."""
        return self.value.tolist()

    def take(self, indices: Any, axis: int = 0, mode: str = "clip") -> Any:
        """The entries with these numbers along an axis; numbers outside are moved to the nearest end.

        Args: mode, "wrap" to count on from the other end, "raise" to refuse numbers outside.
        """
        if mode not in MODES:
            raise TapeError(f"mode is {mode!r}; choose one of {', '.join(MODES)}.")
        length = self.value.shape[axis]
        places = numpy.asarray(raw(indices)).astype(numpy.int64)
        if mode == "clip":
            places = numpy.clip(places, 0, length - 1)
        elif mode == "wrap":
            places = places % length
        return self[(slice(None),) * normalize_axis_index(axis, self.value.ndim) + (places,)]

    def expand_dims(self, axis: int) -> Any:
        """With one more axis, of length one."""
        return numpy.expand_dims(self, axis)

    def squeeze(self) -> Any:
        """Without axes of length one."""
        return self.reshape(tuple(n for n in self.value.shape if n != 1))

    def flatten(self) -> Any:
        """All numbers along one axis."""
        return self.reshape(-1)

    def clip(self, a_min: Any = None, a_max: Any = None) -> Any:
        """Nothing below a_min, nothing above a_max."""
        return numpy.clip(self, a_min, a_max)

    @property
    def ctx(self) -> Context:
        """Where the numbers lie."""
        return Context()

    context = device = ctx

    def as_in_ctx(self, context: Any) -> Any:
        """Itself: there is no other place."""
        check_context(context)
        return self

    as_in_context = as_in_ctx

    def wait_to_read(self) -> None:
        """Nothing to wait for: the numbers are there."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(sentence(self.owner, name, dir(type(self))))


class ndarray(Recorded):  # noqa: N801 - MXNet's name
    """An array of `np`.

    >>> ndarray([1, 2.5])
    array([1. , 2.5])
    """

    __slots__ = ()

    owner = "mxnet.np.ndarray"

    def __repr__(self) -> str:
        dtype = self.value.dtype
        text = numpy.array2string(self.value, separator=", ", prefix="array(")
        known = dtype == self.real or dtype.kind == "b"
        return f"array({text})" if known else f"array({text}, dtype={dtype})"

    def std(self, axis: Any = None) -> Any:
        """Standard deviation."""
        return numpy.std(self, axis=axis)


def as_numbers(meaning: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A comparison whose truths are 1 and 0, as they are in `nd`."""

    def compare(self: Any, other: Any) -> Any:
        return self.like(numpy.asarray(meaning(self.value, raw(other)), self.real))

    return compare


def entrywise(name: str) -> Callable[[Any], Any]:
    def method(self: Any) -> Any:
        return apply(name, self)

    method.__doc__ = f"{name}, entry by entry."
    return method


class NDArray(Recorded):
    """An array of `nd`.

    >>> NDArray([[1, 2.5]])
    <BLANKLINE>
    [[1.  2.5]]
    <NDArray 1x2 @cpu(0)>
    """

    __slots__ = ()

    owner = "mxnet.nd.NDArray"

    def __repr__(self) -> str:
        values = self.value if self.value.ndim else self.value.reshape(1)
        return f"\n{values}\n<NDArray {'x'.join(map(str, values.shape))} @cpu(0)>"

    __str__ = __repr__

    __lt__, __le__ = as_numbers(operator.lt), as_numbers(operator.le)
    __gt__, __ge__ = as_numbers(operator.gt), as_numbers(operator.ge)
    __eq__, __ne__ = as_numbers(operator.eq), as_numbers(operator.ne)
    __hash__ = object.__hash__  # == compares the numbers; as a key, an array is itself

    exp, log, sqrt, abs = entrywise("exp"), entrywise("log"), entrywise("sqrt"), entrywise("abs")
    tanh, sigmoid = entrywise("tanh"), entrywise("logistic")

    def square(self) -> Any:
        """x², entry by entry."""
        return self * self

    def norm(self) -> Any:
        """Length: the root of the sum of squares."""
        return numpy.sqrt((self * self).sum())

    def argmax(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Where the largest number stands: as a real number, as `nd` counts."""
        return Array.argmax(self, axis, keepdims).astype(self.real)
