"""Sum and Map: exact sums in float64, any part of the rows, and results in the precision of the program."""

import re
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gradloop.compiler.jit import assembly, optimised_text
from gradloop.compiler.loops import Inputs, Loop, Map, Sum
from gradloop.compiler.program import ROWS_IN_BLOCK, Program, module_text
from gradloop.compiler.schedule import (
    LANES_OF_COSTLY,
    LANES_OF_TOTALS,
    lanes_for,
    lanes_in_order,
    offsets,
    rows_are_vectors,
    total_size,
)
from gradloop.core.candidates import with_candidates
from gradloop.core.grad import gradient
from gradloop.core.spec import Spec
from gradloop.core.trace import trace

FLOAT32 = np.dtype(np.float32)


def sum_of(function: Any, shape: tuple[int, ...], dtype: Any = np.float64, params: int = 1) -> Program:
    specs = {"x": Spec(shape, np.dtype(dtype)), "w": Spec((params,), np.dtype(dtype))}
    graph = trace(function, specs)
    return Program(Sum(graph, Inputs(graph.inputs[:1], graph.inputs[1:])))


@pytest.mark.parametrize(
    "rows", [1, 2, 3, 4, 5, 7, 8, ROWS_IN_BLOCK - 1, ROWS_IN_BLOCK, ROWS_IN_BLOCK + 1, 3 * ROWS_IN_BLOCK + 5]
)
@pytest.mark.parametrize("d", [1, 3, 40, 100])
def test_every_row_is_added_once(rows: int, d: int) -> None:
    """Whole numbers add up exactly, so a row too many or too few shows."""
    program = sum_of(lambda x, w: (x @ w, x[0]), (d,), params=d)
    x = np.random.default_rng(0).integers(-50, 50, (rows, d)).astype(float)
    w = np.arange(1.0, d + 1)
    assert_array_equal(program.sum([x], w), [np.sum(x @ w), np.sum(x[:, 0])])


def test_sums_are_float64_though_the_data_are_not() -> None:
    """One million times 0.1 in float32 would be 100958 if it were added up in float32."""
    program = sum_of(lambda x, w: x * w[0], (), np.float32)
    x = np.full(1_000_000, 0.1, np.float32)
    assert_allclose(program.sum([x], np.ones(1, np.float32)), [float(np.float32(0.1)) * 1e6], rtol=1e-12)


def test_no_rows_sum_to_zero_and_map_to_nothing() -> None:
    program = sum_of(lambda x, w: (x @ w, x), (3,), params=3)
    assert_array_equal(program.sum([np.empty((0, 3))], np.ones(3)), np.zeros(4))
    graph = trace(lambda x: x * 2, {"x": Spec((3,), np.dtype(float))})
    assert Program(Map(graph, Inputs(graph.inputs, ()))).map([np.empty((0, 3))], np.zeros(0)).shape == (0, 3)


def test_a_map_has_the_shape_of_the_output_and_the_dtype_of_the_parameters() -> None:
    graph = trace(lambda x, w: x[:, None] * w, {"x": Spec((2,), FLOAT32), "w": Spec((5,), FLOAT32)})
    program = Program(Map(graph, Inputs(graph.inputs[:1], graph.inputs[1:])))
    x, w = np.arange(6, dtype=np.float32).reshape(3, 2), np.arange(5, dtype=np.float32)
    found = program.map([x], w)
    assert found.dtype == FLOAT32
    assert_array_equal(found, x[:, :, None] * w)


def test_a_map_without_parameters_is_float64() -> None:
    graph = trace(lambda x: x > 1.5, {"x": Spec((), FLOAT32)})
    found = Program(Map(graph, Inputs(graph.inputs, ()))).map([np.array([1, 2], np.float32)], np.zeros(0, np.float32))
    assert found.dtype == np.float64
    assert_array_equal(found, [0, 1])


def test_wide_models_work_on_several_rows_at_once() -> None:
    def lanes(d: int) -> int:
        return lanes_for(trace(lambda x, w: x @ w, {"x": Spec((d,), FLOAT32), "w": Spec((d,), FLOAT32)}))

    assert lanes(2) == 1
    assert lanes(100) == 1  # seven vectors stay in registers
    assert lanes(1000) > 1


def test_long_rows_are_read_one_after_the_other_where_their_entries_serve_once() -> None:
    def lanes(function: Any, d: int, dtype: Any = np.float64, **params: tuple[int, ...]) -> int:
        specs = {"x": Spec((d,), np.dtype(dtype))} | {k: Spec(v, np.dtype(dtype)) for k, v in params.items()}
        graph = trace(function, specs)
        return lanes_in_order(Sum(graph, Inputs(graph.inputs[:1], graph.inputs[1:])))

    def pull(x: Any, w: Any) -> Any:
        return x * (x @ w)

    assert lanes(pull, 65, w=(65,)) == 1
    assert lanes(pull, 64, w=(64,)) > 1  # written out, without a loop over the entries
    assert lanes(pull, 65, np.float32, w=(65,)) > 1
    assert lanes(lambda x, W: x @ W, 65, W=(65, 10)) > 1  # ten columns share a row


def test_many_candidates_of_something_costly_take_one_row_and_vectors_throughout() -> None:
    """Joined parts are copied in vectors too: none of the exponentials is one of a single number."""

    def pair(x: Any, w: Any) -> Any:
        both = np.concatenate([np.reshape(np.exp(x * w), -1), np.reshape(np.expm1(x * w), -1)])
        return np.reshape(both, (-1, 1)) * np.reshape(both, (1, -1))

    graph = trace(pair, {"x": Spec((), np.dtype(float)), "w": Spec((), np.dtype(float))})
    wide = with_candidates(graph, ["w"], 64)
    loop = Sum(wide, Inputs(wide.inputs[:1], wide.inputs[1:]))
    assert lanes_in_order(loop) == 1
    text = module_text(loop)
    assert "fmul contract <8 x double>" in text and "fmul contract double" not in text


def test_places_in_flat_arrays() -> None:
    graph = trace(lambda a, b: a[0, 0] + b[0], {"a": Spec((2, 3), FLOAT32), "b": Spec((4,), FLOAT32)})
    assert total_size(graph.inputs) == 10
    assert offsets(graph.inputs) == [0, 6]
    assert offsets(()) == []


def test_which_rows_become_vectors_and_how_many_are_worked_on() -> None:
    def of(function: Any, x: int, **params: tuple[int, ...]) -> tuple[bool, int]:
        specs = {"x": Spec((x,), np.dtype(float))} | {k: Spec(v, np.dtype(float)) for k, v in params.items()}
        graph = trace(function, specs)
        loop = Sum(graph, Inputs(graph.inputs[:1], graph.inputs[1:]))
        return rows_are_vectors(loop), lanes_in_order(loop)

    assert of(lambda x, w: np.expm1(x[0] * w), 1, w=()) == (True, 1)
    assert of(lambda x, w: np.tanh(x[0] * w), 1, w=()) == (False, 1)  # a call
    assert of(lambda x, w: np.exp(x @ w), 10, w=(10,)) == (False, LANES_OF_COSTLY)
    assert of(lambda x, w: x @ w, 10, w=(10,)) == (False, 1)
    assert of(lambda x, w: (x[0] * w - x[1]) ** 2, 2, w=(1000,)) == (False, LANES_OF_TOTALS)
    assert of(lambda x, w: (x[0] * w - x[1]) ** 2, 2, w=(10,)) == (True, 1)


# ---- what the loop over the rows is made of ----

OF_A_LOSS = {
    "squared": lambda x, w: (np.dot(x, w) - 1.0) ** 2 / 2,
    "logistic": lambda x, w: np.logaddexp(0.0, np.dot(x, w)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("columns", [2, 20])
@pytest.mark.parametrize("name", OF_A_LOSS)
def test_rows_are_passed_with_vectors_and_without_calls(name: str, columns: int, dtype: Any) -> None:
    specs = {"x": Spec((columns,), np.dtype(dtype)), "w": Spec((columns,), np.dtype(dtype))}
    loss = trace(OF_A_LOSS[name], specs)
    inputs = Inputs(loss.inputs[:1], loss.inputs[1:])
    loops: list[Loop] = [Sum(gradient(loss, ["w"], with_value=True), inputs), Map(loss, inputs)]
    for loop in loops:
        text, wide = module_text(loop), rows_are_vectors(loop)
        assert re.search(r"(fmul|fadd|fsub) [^\n]*<\d+ x (double|float)>", optimised_text(text, wide))
        assert not re.search(r"^\s+(call|bl)", assembly(text, wide), re.MULTILINE)


def test_a_call_in_the_loop_would_be_seen() -> None:
    specs = {"x": Spec((2,), np.dtype(np.float64)), "w": Spec((2,), np.dtype(np.float64))}
    sine = trace(lambda x, w: np.sin(np.dot(x, w)), specs)
    text = module_text(Map(sine, Inputs(sine.inputs[:1], sine.inputs[1:])))
    assert re.search(r"^\s+(call|bl)", assembly(text), re.MULTILINE)
