"""Simplification keeps the meaning, and does what it is for."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.testing import assert_allclose

from gradloop.core.evaluate import evaluate
from gradloop.core.grad import backward, gradient
from gradloop.core.graph import Graph, constant_node
from gradloop.core.simplify import simplify
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import trace
from programs import ROWS, Program, programs

SPECS = {"a": Spec((3,), FLOAT64), "b": Spec((), FLOAT64)}
MANY = settings(max_examples=300, derandomize=True, deadline=None, database=None)


@MANY
@given(programs())
def test_random_programs_keep_their_meaning(program: Program) -> None:
    graph = program.graph(program.last)
    better = simplify(graph)
    assert [output.spec for output in better.outputs] == [output.spec for output in graph.outputs]
    for i in range(0, ROWS, 4):
        values = program.at_row(i)
        assert_allclose(evaluate(better, values)[0], evaluate(graph, values)[0], rtol=1e-10, atol=1e-12)


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(programs(most_lines=6))
def test_gradients_of_random_programs_keep_their_meaning(program: Program) -> None:
    graph = program.graph(program.number)
    names = list(program.params)
    plain = backward(graph.outputs[0], [graph.by_name[name] for name in names], constant_node(1.0, FLOAT64))
    values = program.at_row(3)
    expected = evaluate(Graph("plain", graph.inputs, tuple(plain)), values)
    for found, wanted in zip(evaluate(gradient(graph, names), values), expected, strict=True):
        assert_allclose(found, wanted, rtol=1e-8, atol=1e-10)


@MANY
@given(programs())
def test_simplifying_twice_changes_nothing(program: Program) -> None:
    once = simplify(program.graph(program.last))
    assert str(simplify(once)) == str(once)


def lines(function: Callable[..., Any]) -> list[str]:
    """The operations of the simplified function, without shapes."""
    text = str(simplify(trace(function, SPECS, "f")))
    return [line.split("  #")[0].strip() for line in text.splitlines()[1:]]


RESHAPED = "v2 = reshape(v1, shape=(3,))"


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda a, b: a + 0.0, ["return a"]),
        (lambda a, b: a * 1, ["return a"]),
        (lambda a, b: 1.0 * b / 1, ["return b"]),
        (lambda a, b: b - 0, ["return b"]),
        (lambda a, b: 0 - b, ["v1 = -b", "return v1"]),
        (lambda a, b: -(0 - b), ["return b"]),
        (lambda a, b: b + -b, ["v1 = b - b", "return v1"]),
        (lambda a, b: b * -1, ["v1 = -b", "return v1"]),
        (lambda a, b: 0 * b, ["return 0.0"]),
        (lambda a, b: b**1, ["return b"]),
        (lambda a, b: b**0, ["return 1.0"]),
        (lambda a, b: b**0.5, ["v1 = sqrt(b)", "return v1"]),
        (lambda a, b: 2.0 * (3.0 * b), ["v1 = 6.0 * b", "return v1"]),
        (lambda a, b: np.exp(np.array(0.0)) * b, ["return b"]),
        (lambda a, b: (b + 2) * (2 + b), ["v1 = 2.0 + b", "v2 = v1 * v1", "return v2"]),
        (lambda a, b: a.reshape(3, 1).reshape(1, 3).reshape(3), ["return a"]),
        (lambda a, b: a.reshape(3, 1).T.reshape(-1), ["return a"]),
        (lambda a, b: np.where(b > 0, a, a), ["return a"]),
        (lambda a, b: np.where(True, a, b), ["return a"]),
        (lambda a, b: np.where(False, a, b), ["v1 = broadcast(b, shape=(3,))", "return v1"]),
        (lambda a, b: a * 0 + b, ["v1 = broadcast(b, shape=(3,))", "return v1"]),
        (
            lambda a, b: np.where(b > 0, a, 0.0) * b,
            ["v1 = 0.0 < b", "v2 = a * b", "v3 = where(v1, v2, 0.0)", "return v3"],
        ),
        (lambda a, b: np.sum(b.reshape(1)), ["return b"]),
        (lambda a, b: (a[:, None] @ np.ones((1, 1))).reshape(3), ["v1 = a[:, None]", RESHAPED, "return v2"]),
        (lambda a, b: (np.ones((1, 1)) @ a[None]).reshape(3), ["v1 = a[None]", RESHAPED, "return v2"]),
        (lambda a, b: (np.sin(b), np.cos(a))[0], ["v1 = sin(b)", "return v1"]),
    ],
)  # fmt: skip
def test_rules(function: Callable[..., Any], expected: list[str]) -> None:
    assert lines(function) == expected


def test_equal_parts_become_one() -> None:
    graph = simplify(trace(lambda a, b: np.sin(a * b) + np.sin(b * a) * np.sin(a * b), SPECS))
    assert sum(node.op == "sin" for node in graph.nodes) == 2  # a * b and b * a are two orders of one product
    again = simplify(trace(lambda a, b: np.sin(a * b) + np.sin(a * b), SPECS))
    assert sum(node.op == "sin" for node in again.nodes) == 1


def test_what_is_the_same_everywhere_is_computed_once() -> None:
    """Also where an array of it would be too large to fold."""
    specs = {"a": Spec((5000,), FLOAT64)}

    def function(a: Any) -> Any:
        twos = a * 0 + 2.0
        return a * np.exp(twos * 3.0) + (twos.reshape(1, 5000) - 1.0).reshape(5000)

    graph = simplify(trace(function, specs))
    assert not any(node.op in ("exp", "subtract") for node in graph.nodes)
    assert all(node.spec.size == 1 for node in graph.nodes if node.is_constant)
    values = {"a": np.linspace(0, 1, 5000)}
    assert_allclose(evaluate(graph, values)[0], values["a"] * np.exp(6.0) + 1)


def test_large_constants_are_left_to_be_computed() -> None:
    specs = {"a": Spec((5000,), FLOAT64)}
    graph = simplify(trace(lambda a: a + np.exp(np.zeros(5000)) + (a * 0 + 1), specs))
    assert all(node.spec.size == 1 or node.attributes["value"].any() for node in graph.nodes if node.is_constant)
