"""The layer over llvmlite: whole numbers that fold, loops that visit every index once, flags that keep NaN."""

import ctypes
from collections.abc import Callable
from typing import Any

import pytest
from llvmlite import ir

from gradloop.compiler import builder
from gradloop.compiler.builder import SUM, Code
from gradloop.compiler.jit import compile_function
from gradloop.compiler.kinds import DOUBLE, I64, number


def new_code(arguments: int = 1) -> Code:
    kind = ir.FunctionType(I64, [I64] * arguments)
    return Code(ir.Function(ir.Module("test"), kind, "run"))


def value_of(write: Callable[[Code, Any], Any], argument: int) -> int:
    """Compile a function of a whole number, written by `write`, and call it."""
    code = new_code()
    code.ir.ret(code.i64(write(code, code.function.args[0])))
    code.close_entry()
    address: Any = compile_function(str(code.function.module), "run")
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(address)(argument)


def test_flags_keep_nan_and_infinity() -> None:
    assert set(builder.FLAGS) == {"reassoc", "contract", "arcp", "nsz"}


def test_whole_numbers_fold() -> None:
    code, x = new_code(), I64(5)
    assert (code.add(2, 3), code.multiply(2, 3), code.divide_modulo(17, 5)) == (5, 6, (3, 2))
    assert code.add(0, x) is x is code.add(x, 0)
    assert code.multiply(1, x) is x is code.multiply(x, 1)
    assert code.multiply(0, x) == 0 == code.multiply(x, 0)
    assert code.offset((), ()) == 0
    assert code.offset((1, 2, 3), (4, 5, 6)) == (1 * 5 + 2) * 6 + 3


def test_whole_numbers_that_are_not_known() -> None:
    assert value_of(lambda code, x: code.offset((x, 2, x), (4, 5, 6)), 3) == (3 * 5 + 2) * 6 + 3
    assert value_of(lambda code, x: code.add(*code.divide_modulo(x, 7)), 40) == 5 + 5


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_loop_turns_so_many_times(count: int) -> None:
    def write(code: Code, x: Any) -> Any:
        total = code.buffer(I64, 1)
        code.store(I64(0), total, I64)
        with code.loop(0, x) as i:
            code.store(code.add(code.load(total, I64), code.add(i, 10)), total, I64)
        return code.load(total, I64)

    assert value_of(write, count) == sum(i + 10 for i in range(count))


@pytest.mark.parametrize("shape", [(), (1,), (3,), (4,), (5,), (17,), (2, 3), (5, 1), (6, 7), (2, 9, 3)])
@pytest.mark.parametrize("wide", [1, 4])
def test_each_visits_every_index_once(shape: tuple[int, ...], wide: int) -> None:
    """Every visit adds to a place of its own; afterwards each place holds one, and none beyond."""
    size = 1
    for length in shape:
        size *= length

    def write(code: Code, x: Any) -> Any:
        places = code.buffer(DOUBLE, size + 1)
        code.clear(places, DOUBLE, size + 1)

        def visit(index: Any) -> None:
            place = code.offset(index, shape)
            code.store(code.fadd(code.load(places, DOUBLE, place), number(DOUBLE, 1)), places, DOUBLE, place)

        code.each(shape, visit, wide)
        total = code.buffer(I64, 1)
        code.store(I64(0), total, I64)
        with code.loop(0, size + 1) as i:
            whole = code.ir.fptosi(code.load(places, DOUBLE, i), I64)
            weighted = code.multiply(code.multiply(whole, whole), code.add(i, 1))
            code.store(code.add(code.load(total, I64), weighted), total, I64)
        return code.load(total, I64)

    assert value_of(write, 0) == sum(range(1, size + 1))


@pytest.mark.parametrize("lengths", [(), (1,), (3,), (8,), (11,), (2, 5), (3, 1, 9)])
@pytest.mark.parametrize("wide", [1, 4])
def test_a_fold_joins_every_term_once(lengths: tuple[int, ...], wide: int) -> None:
    size = 1
    for length in lengths:
        size *= length

    def write(code: Code, x: Any) -> Any:
        table = code.buffer(DOUBLE, size)
        with code.loop(0, size) as i:
            code.store(code.ir.sitofp(code.multiply(i, i), DOUBLE), table, DOUBLE, i)

        def terms(index: Any) -> list[Any]:
            return [code.load(table, DOUBLE, code.offset(index, lengths)), number(DOUBLE, 3)]

        squares, threes = code.fold(lengths, [number(DOUBLE, 0), number(DOUBLE, 100)], SUM, terms, wide)
        return code.ir.fptosi(code.fadd(squares, threes), I64)

    assert value_of(write, 0) == sum(i * i for i in range(size)) + 100 + 3 * size
