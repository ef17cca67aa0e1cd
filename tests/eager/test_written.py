"""Graphs written out as Python functions: the same numbers as the graph."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.testing import assert_allclose, assert_array_equal

from gradloop.core.evaluate import evaluate
from gradloop.core.graph import Graph, input_node
from gradloop.core.simplify import simplify
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import trace
from gradloop.eager.written import QUICK, as_python, filled
from programs import Program, programs


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(programs())
def test_random_programs(program: Program) -> None:
    graph = simplify(program.graph(program.last))
    values = {name: np.asarray(value) for name, value in program.at_row(2).items()}
    places = {name: place for place, name in enumerate(values)}
    _, function = as_python(graph, places)
    for _ in range(2):
        (found,) = function(list(values.values()))
        assert_allclose(found, evaluate(graph, values)[0], rtol=1e-12, atol=1e-14)


def test_outputs_that_need_no_computing() -> None:
    x = input_node("x", Spec((2,), FLOAT64))
    text, function = as_python(Graph("", (), (x, x)), {"x": 1})
    given_values: list[Any] = [None, np.ones(2)]
    assert function(given_values)[0] is given_values[1] and text.count("values[1]") == 1
    assert as_python(Graph("", (), ()), {})[1]([]) == ()


def test_text_is_that_of_the_function() -> None:
    graph = trace(lambda x: np.sum(x * x, axis=0), {"x": Spec((3,), FLOAT64)})
    text, _ = as_python(graph, {"x": 0})
    assert text.splitlines()[1:3] == ["    v0 = values[0]", "    v1 = multiply(v0, v0)"]
    assert "sum(v1, axis=axis_" in text


@pytest.mark.parametrize("shape", [(2, 3), (4, 2, 3), (0, 3)])
def test_filled_as_broadcast(shape: tuple[int, ...]) -> None:
    x = np.array([[1.0], [2.0]], np.float32) if shape[-2] == 2 else np.array(3.0, np.float32)
    assert_array_equal(filled(x, shape), np.broadcast_to(x, shape))
    assert filled(x, shape).flags.writeable and filled(x, shape).dtype == np.float32


def test_quick_meanings_are_those_of_the_table() -> None:
    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    assert_array_equal(QUICK["matmul"](a, b), a @ b)
    assert_array_equal(QUICK["reshape"](a, shape=(3, 2)), np.reshape(a, (3, 2)))
    assert_array_equal(QUICK["transpose"](a, axes=(1, 0)), a.T)
