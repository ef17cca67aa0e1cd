"""Types, shapes and devices as PyTorch names and prints them."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from gradloop.errors import TapeError


class DType:
    """The type of a tensor's numbers; NumPy takes it as its own.

    >>> float32, np.zeros(2, float32).dtype
    (torch.float32, dtype('float32'))
    """

    __slots__ = ("dtype", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.dtype = np.dtype(name)

    @property
    def kind(self) -> str:
        return self.dtype.kind

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def is_floating_point(self) -> bool:
        return self.dtype.kind == "f"

    def __repr__(self) -> str:
        return f"torch.{self.name}"


float16, float32, float64 = DType("float16"), DType("float32"), DType("float64")
uint8, int8, int16, int32, int64 = DType("uint8"), DType("int8"), DType("int16"), DType("int32"), DType("int64")
bool_ = DType("bool")

BY_NUMPY = {dtype.dtype: dtype for dtype in (float16, float32, float64, uint8, int8, int16, int32, int64, bool_)}
OF_PYTHON = {float: float32, int: int64, bool: bool_}
TYPE_NAMES = {
    float16: "Half", float32: "Float", float64: "Double", uint8: "Byte", int8: "Char", int16: "Short", int32: "Int",
    int64: "Long", bool_: "Bool",
}  # fmt: skip


def numpy_dtype(dtype: Any) -> np.dtype[Any] | None:
    """NumPy's name for a type, from PyTorch's, Python's or its own; None stays None.

    Raises: TapeError for what is no type of real numbers.
    """
    if dtype is None:
        return None
    found = OF_PYTHON.get(dtype, dtype)
    try:
        found = np.dtype(found)
    except TypeError:
        found = None
    if found not in BY_NUMPY:
        raise TapeError(f"dtype is {dtype!r}; choose torch.float32, torch.float64, torch.int64 or torch.bool.")
    return found  # type: ignore[no-any-return]


class Size(tuple[int, ...]):
    """A shape.

    >>> Size((2, 3)), Size((2, 3)).numel()
    (torch.Size([2, 3]), 6)
    """

    __slots__ = ()

    def numel(self) -> int:
        """How many numbers an array of this shape has."""
        return prod(self)

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"


class Device:
    """Where numbers lie: always in the machine's own memory."""

    __slots__ = ()

    type = "cpu"
    index = None

    def __new__(cls, name: Any = "cpu") -> Device:
        check_device(name)
        return super().__new__(cls)

    def __repr__(self) -> str:
        return "device(type='cpu')"

    def __str__(self) -> str:
        return "cpu"

    def __eq__(self, other: object) -> bool:
        return str(other) == "cpu"

    def __hash__(self) -> int:
        return hash("cpu")


def check_device(device: Any) -> None:
    """Refuse what is not this machine's processor."""
    if device is not None and str(device) not in ("cpu", "cpu:0"):
        raise TapeError(f"device is {str(device)!r}, but gradloop.textbook computes on the processor: write 'cpu'.")
