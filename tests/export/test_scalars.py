import numpy as np
import pytest

from gradloop.core.evaluate import evaluate
from gradloop.core.graph import input_node
from gradloop.core.ops import apply
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import trace
from gradloop.errors import OptionError
from gradloop.export.scalars import folded, scalars

W = np.arange(12.0).reshape(3, 4) - 5
FUNCTIONS = {
    "a product": lambda x: np.dot(x, W),
    "products on both sides": lambda x: np.reshape(x, (3, 1)) @ np.reshape(x, (1, 3)) @ W,
    "sums": lambda x: np.sum(np.reshape(x, (3, 1)) * W, axis=0),
    "a sum over the first of two axes": lambda x: np.sum(np.reshape(x, (1, 3)) * W.T, axis=(0,)),
    "a sum over both": lambda x: np.sum(np.reshape(x, (3, 1)) * W),
    "the largest": lambda x: np.max(np.reshape(x, (3, 1)) * W, axis=1),
    "the other way round": lambda x: (np.reshape(x, (3, 1)) * W).T,
    "a choice of entries": lambda x: x[1:] * x[:-1],
    "one entry": lambda x: x[-1],
    "a reversed row": lambda x: x[::-1],
    "repeated": lambda x: apply("broadcast", np.reshape(x, (1, 3)), shape=(2, 3)),
    "joined": lambda x: np.concatenate([x, np.array([7.0]), x[:1]]),
    "picked by a number": lambda x: apply("take", np.array([10.0, 20.0, 30.0]), (x[1] > 0).astype(int) + (x[2] > 0)),
    "a row picked by a number": lambda x: apply("take", W, (x[1] > 0).astype(int)),
    "a choice": lambda x: np.where(x > 0, x, -2 * x),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_single_numbers_mean_the_same(name):
    graph = trace(FUNCTIONS[name], {"row": Spec((3,), FLOAT64)})
    row = [input_node(f"x{place}", Spec((), FLOAT64)) for place in range(3)]
    found = scalars(graph, row)
    assert all(node.spec.shape == () for node in found.nodes)
    for values in ([0.5, -1.5, 2.0], [-3.0, 1.0, 4.0]):
        numbers = evaluate(found, {f"x{place}": np.array(value) for place, value in enumerate(values)})
        whole = evaluate(graph, {"row": np.array(values)})[0]
        np.testing.assert_allclose(numbers, whole.ravel(), rtol=1e-14)


def test_long_sums_are_not_deep():
    nodes = [input_node(f"x{place}", Spec((), FLOAT64)) for place in range(5000)]
    depth = {id(node): 0 for node in nodes}

    def depth_of(node):
        if id(node) not in depth:
            depth[id(node)] = 1 + max(map(depth_of, node.inputs))
        return depth[id(node)]

    assert depth_of(folded("add", nodes)) < 100


def test_a_derivative_in_the_model_is_refused():
    graph = trace(lambda x: apply("unindex", x[0], key=(0,), shape=(2,)), {"row": Spec((2,), FLOAT64)})
    with pytest.raises(OptionError, match="unindex, which only derivatives need"):
        scalars(graph, graph.inputs * 2)
