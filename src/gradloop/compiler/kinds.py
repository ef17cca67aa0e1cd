"""What values are made of: types and constants of LLVM, and spans, the places along an axis that make a vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir

POINTER = ir.PointerType()
I1, I8, I32, I64 = ir.IntType(1), ir.IntType(8), ir.IntType(32), ir.IntType(64)
DOUBLE = ir.DoubleType()
VECTOR = 64  # bytes of a vector

Value = Any  # an LLVM value


class Span(NamedTuple):
    """Neighbouring places along an axis, worked on as one vector."""

    start: Index
    width: int


Index = Any  # a place along an axis: a Python int, an LLVM value of type i64, or a Span
Position = tuple[Index, ...]  # a place in an array

TYPES = {"float32": ir.FloatType(), "float64": DOUBLE, "int64": I64, "bool": I1}


def ir_type(dtype: np.dtype) -> ir.Type:
    """The LLVM type of one entry of an array."""
    if str(dtype) not in TYPES:
        raise ValueError(f"machine code computes with {', '.join(TYPES)}, but there is an array of {dtype}")
    return TYPES[str(dtype)]


def span(start: Index, width: int) -> Index:
    """Several places, or the only one."""
    return start if width == 1 else Span(start, width)


def width_at(place: Index) -> int:
    return place.width if isinstance(place, Span) else 1


def contiguous_axis(shape: Sequence[int]) -> int:
    """The axis along which neighbours lie side by side in memory; -1 if no axis is longer than one."""
    return max((axis for axis, length in enumerate(shape) if length > 1), default=-1)


def element_type(kind: ir.Type) -> ir.Type:
    return kind.element if isinstance(kind, ir.VectorType) else kind


def like(kind: ir.Type, value: Value) -> ir.Type:
    """A type in the width of a value."""
    return ir.VectorType(kind, value.type.count) if isinstance(value.type, ir.VectorType) else kind


def width_in(value: Value) -> int:
    """How many places a value has."""
    return value.type.count if isinstance(value.type, ir.VectorType) else 1


def is_whole(value: Value) -> bool:
    return isinstance(element_type(value.type), ir.IntType)


class Everywhere(ir.FormattedConstant):  # type: ignore[misc]
    """A constant vector with the same number in every place, which LLVM can read in a few characters."""

    def __init__(self, kind: ir.VectorType, single: ir.Constant) -> None:
        super().__init__(kind, "")
        self.constant = f"splat ({single})"
        self.single = single


def number(kind: ir.Type, value: float) -> Value:
    """A constant; of a vector, the same in every place."""
    element = element_type(kind)
    single = ir.Constant(element, int(value) if isinstance(element, ir.IntType) else float(value))
    return Everywhere(kind, single) if isinstance(kind, ir.VectorType) else single


def known_number(value: Value) -> float | None:
    """The number, if it is a constant."""
    single = value.single if isinstance(value, Everywhere) else value
    return single.constant if isinstance(single, ir.Constant) else None


def suffix(kind: ir.Type) -> str:
    """How LLVM's own functions are named after a type."""
    if isinstance(kind, ir.VectorType):
        return f"v{kind.count}{suffix(kind.element)}"
    return str(kind.intrinsic_name)


def width_of(kind: ir.Type) -> int:
    """Bytes of one entry."""
    return 4 if isinstance(kind, ir.FloatType) else 8
