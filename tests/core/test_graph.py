"""Graphs as data: the order of nodes, and a key that tells programs apart."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradloop.core.graph import Graph, constant_node, topological
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import trace

SPECS = {"a": Spec((3,), FLOAT64), "b": Spec((3,), FLOAT64)}


def traced(function: Callable[..., Any]) -> Graph:
    return trace(function, SPECS, "f")


def test_every_node_comes_after_its_inputs_and_once() -> None:
    def shared(a: Any, b: Any) -> Any:
        c = a + b
        return np.sum(c * c) + c[0], c

    nodes = traced(shared).nodes
    place = {id(node): i for i, node in enumerate(nodes)}
    assert len(place) == len(nodes)
    assert all(place[id(child)] < place[id(node)] for node in nodes for child in node.inputs)


def test_depth_does_not_matter() -> None:
    def deep(a: Any, b: Any) -> Any:
        for _ in range(20_000):
            a = a + b
        return a

    assert len(list(topological(traced(deep).outputs))) == 20_002


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda a, b: a + b, lambda a, b: a - b),
        (lambda a, b: a - b, lambda a, b: b - a),
        (lambda a, b: a + 1.0, lambda a, b: a + np.nextafter(1.0, 2.0)),
        (lambda a, b: a * 2.0 + b * 3.0, lambda a, b: a * 3.0 + b * 2.0),
        (lambda a, b: a * np.arange(9.0)[:3] + 0.0, lambda a, b: a * np.arange(9.0)[1:4] + 0.0),
        (lambda a, b: np.tile(0, 6).reshape(3, 2) + a[0], lambda a, b: np.tile(0, 6).reshape(2, 3) + a[0]),
        (lambda a, b: a * np.arange(6.0)[:, None], lambda a, b: a * np.array([0.0, 1, 2, 3, 4, 6])[:, None]),
        (lambda a, b: a[0], lambda a, b: a[1]),
        (lambda a, b: (a, b), lambda a, b: (b, a)),
        (lambda a, b: a[::1], lambda a, b: a[::-1]),
    ],
)  # fmt: skip
def test_different_programs_have_different_keys(one: Callable[..., Any], other: Callable[..., Any]) -> None:
    assert traced(one).key == traced(one).key
    assert traced(one).key != traced(other).key


def test_precision_is_part_of_the_key() -> None:
    single = {name: Spec(spec.shape, np.dtype(np.float32)) for name, spec in SPECS.items()}
    assert trace(lambda a, b: a + b, SPECS).key != trace(lambda a, b: a + b, single).key


def test_inputs_by_name_and_constants_that_cannot_be_changed() -> None:
    graph = traced(lambda a, b: a + b)
    assert graph.by_name == dict(zip("ab", graph.inputs, strict=True))
    assert repr(graph.outputs[0]) == "<add float64[3]>"
    constant = constant_node([1, 2], FLOAT64)
    assert constant.is_constant
    with pytest.raises(ValueError, match="read-only"):
        constant.attributes["value"][0] = 5
