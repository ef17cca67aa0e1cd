"""Types and constants of LLVM."""

import numpy as np
import pytest
from llvmlite import ir

from gradloop.compiler.kinds import (
    DOUBLE,
    I1,
    I64,
    TYPES,
    Span,
    contiguous_axis,
    ir_type,
    number,
    span,
    suffix,
    width_of,
)


def test_types_have_the_width_of_numpys() -> None:
    for name, kind in TYPES.items():
        assert ir_type(np.dtype(name)) is kind
    assert width_of(ir_type(np.dtype(np.float32))) == 4
    assert width_of(ir_type(np.dtype(np.float64))) == width_of(ir_type(np.dtype(np.int64))) == 8


@pytest.mark.parametrize("name", ["int32", "uint8", "float16", "complex128", ">f8"])
def test_other_types_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="machine code computes with float32, float64, int64, bool"):
        ir_type(np.dtype(name))


def test_constants() -> None:
    assert str(number(DOUBLE, 2)) == "double 0x4000000000000000"
    assert str(number(I64, 2.0)) == "i64 2"
    assert str(number(I1, True)) == "i1 1"
    assert number(ir.VectorType(I64, 2), 3).get_reference() == "splat (i64 3)"


def test_names_of_llvms_own_functions() -> None:
    assert suffix(DOUBLE) == "f64"
    assert suffix(ir.VectorType(ir.FloatType(), 16)) == "v16f32"


@pytest.mark.parametrize(
    ("shape", "axis"), [((), -1), ((1, 1), -1), ((3,), 0), ((3, 1), 0), ((2, 5), 1), ((2, 1, 1), 0)]
)
def test_neighbours_in_memory(shape: tuple[int, ...], axis: int) -> None:
    assert contiguous_axis(shape) == axis


def test_a_span_of_one_place_is_the_place() -> None:
    assert span(3, 1) == 3
    assert span(3, 8) == Span(3, 8)
