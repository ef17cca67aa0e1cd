"""Graphs print one operation a line."""

from typing import Any

import numpy as np
import pytest

from gradloop.core.grad import gradient
from gradloop.core.printing import format_attribute, format_constant, named_nodes
from gradloop.core.spec import FLOAT64, INT64, Spec
from gradloop.core.trace import trace


def test_a_gradient_reads_as_a_program() -> None:
    specs = {"x": Spec((2,), FLOAT64), "w": Spec((2,), FLOAT64)}
    graph = gradient(trace(lambda x, w: (np.dot(x, w) - 1) ** 2, specs, "loss"), ["w"])
    assert str(graph) == (
        "gradient of loss(x: float64[2], w: float64[2]):\n"
        "  v1 = reshape(x, shape=(2, 1))   # float64[2, 1]\n"
        "  v2 = reshape(x, shape=(1, 2))   # float64[1, 2]\n"
        "  v3 = reshape(w, shape=(2, 1))   # float64[2, 1]\n"
        "  v4 = v2 @ v3                    # float64[1, 1]\n"
        "  v5 = reshape(v4, shape=())      # float64[]\n"
        "  v6 = v5 - 1.0                   # float64[]\n"
        "  v7 = 2.0 * v6                   # float64[]\n"
        "  v8 = reshape(v7, shape=(1, 1))  # float64[1, 1]\n"
        "  v9 = v1 @ v8                    # float64[2, 1]\n"
        "  v10 = reshape(v9, shape=(2,))   # float64[2]\n"
        "  return v10"
    )


def test_indices_conditions_and_constants() -> None:
    def picked(x: Any, y: Any) -> Any:
        z = np.where(x > 0, np.arange(1.0, 6.0), -x)
        return np.max(z[1:4]) + z[y], np.concatenate([z[::-2], x])[None, ..., 0]

    assert str(trace(picked, {"x": Spec((5,), FLOAT64), "y": Spec((), INT64)})) == (
        "picked(x: float64[5], y: int64[]):\n"
        "  v1 = 0.0 < x                                         # bool[5]\n"
        "  v2 = -x                                              # float64[5]\n"
        "  v3 = where(v1, array[5](1.0, 2.0, 3.0, 4.0, …), v2)  # float64[5]\n"
        "  v4 = v3[1:4]                                         # float64[3]\n"
        "  v5 = max(v4, axis=(0,))                              # float64[]\n"
        "  v6 = v3[y]                                           # float64[]\n"
        "  v7 = v5 + v6                                         # float64[]\n"
        "  v8 = v3[::-2]                                        # float64[3]\n"
        "  v9 = concatenate(v8, x, axis=0)                      # float64[8]\n"
        "  v10 = v9[None, ..., 0]                               # float64[1]\n"
        "  return v7, v10"
    )


def test_a_program_without_operations() -> None:
    assert str(trace(lambda x: x, {"x": Spec((), FLOAT64)}, "same")) == "same(x: float64[]):\n  return x"


@pytest.mark.parametrize(
    ("value", "text"),
    [(np.array(1.5), "1.5"), (np.array(True), "True"), (np.array([1.0, 2.0]), "array[2](1.0, 2.0)"),
     (np.zeros((2, 3)), "array[2, 3](0.0, 0.0, 0.0, 0.0, …)")],
)  # fmt: skip
def test_constants(value: Any, text: str) -> None:
    assert format_constant(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [((1,), "(1,)"), ((1, 2), "(1, 2)"), (slice(None), ":"), (slice(1, None, 2), "1::2"), (slice(0, 5, -1), "0:5:-1"),
     (..., "..."), (3, "3"), (np.dtype(float), "float64")],
)  # fmt: skip
def test_attributes(value: Any, text: str) -> None:
    assert format_attribute(value) == text


def test_what_only_reshapes_may_go_by_the_name_of_what_it_reshapes() -> None:
    specs = {"x": Spec((2,), FLOAT64), "w": Spec((2,), FLOAT64)}
    graph = trace(lambda x, w: np.dot(x, w) - 1, specs, "line")
    names, calls = named_nodes(graph, unnamed=("reshape",))
    assert [(names[id(node)], call) for node, call in calls] == [("v1", "x @ w"), ("v2", "v1 - 1.0")]
    assert names[id(graph.outputs[0])] == "v2"
    assert len(named_nodes(graph)[1]) == 5
