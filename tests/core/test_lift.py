"""Constants as inputs, and graphs inside graphs."""

from typing import Any

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from gradloop.core.evaluate import evaluate
from gradloop.core.graph import constant_node
from gradloop.core.lift import inline, is_whole, lift_constants
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import trace

SPECS = {"w": Spec((3,), FLOAT64), "g": Spec((3,), FLOAT64)}
AT = {"w": np.array([1.0, 2.0, 3.0]), "g": np.array([-1.0, 0.5, 2.0])}


def step(rate: float, power: float = 2) -> Any:
    return lambda w, g: (w - rate * g, 0.9 * w + 0.1 * g**power, np.array([1.0, 2.0, 3.0]) * w)


def test_constants_become_inputs_with_the_same_meaning() -> None:
    graph = trace(step(0.03), SPECS)
    lifted, numbers, values = lift_constants(graph)
    assert_array_equal(values, [0.03, 0.9, 0.1])
    assert lifted.inputs == (*graph.inputs, *numbers)
    given = {node.attributes["name"]: value for node, value in zip(numbers, values, strict=True)}
    for found, expected in zip(evaluate(lifted, AT | given), evaluate(graph, AT), strict=True):
        assert_array_equal(found, expected)


def test_another_rate_is_the_same_program() -> None:
    assert lift_constants(trace(step(0.03), SPECS, "f"))[0].key == lift_constants(trace(step(0.5), SPECS, "f"))[0].key


def test_whole_exponents_and_arrays_stay() -> None:
    lifted, _, values = lift_constants(trace(step(0.03, power=2.5), SPECS))
    assert 2.5 in values
    kept = [node.attributes["value"] for node in lifted.nodes if node.is_constant]
    assert len(kept) == 1
    squared, _, _ = lift_constants(trace(step(0.03), SPECS))
    assert sorted(float(np.max(node.attributes["value"])) for node in squared.nodes if node.is_constant) == [2.0, 3.0]


def test_no_constants_no_numbers() -> None:
    lifted, numbers, values = lift_constants(trace(lambda w, g: w - g, SPECS))
    assert (numbers, values.size) == ((), 0)
    assert_array_equal(evaluate(lifted, AT)[0], AT["w"] - AT["g"])


def test_a_graph_inside_another() -> None:
    inner = trace(lambda w, g: (w * g + 1, np.sum(w)), SPECS)

    def outer(a: Any, b: Any) -> Any:
        first, second = inline(inner, {"w": a, "g": np.sin(b)})
        return first * second

    a, b = AT["w"], AT["g"]
    (found,) = evaluate(trace(outer, {"a": SPECS["w"], "b": SPECS["g"]}), {"a": a, "b": b})
    assert_allclose(found, (a * np.sin(b) + 1) * np.sum(a))


def test_whole_numbers() -> None:
    assert is_whole(constant_node(3.0, FLOAT64))
    assert is_whole(constant_node(-2.0, FLOAT64))
    assert not is_whole(constant_node(2.5, FLOAT64))
    assert not is_whole(trace(lambda w, g: w, SPECS).inputs[0])
