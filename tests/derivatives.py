"""Check derivatives by random projection: one number against one difference, for any function and any order.

A random covector out and a random direction in turn the whole Jacobian into one number (autograd's `check_grads`); the
gradient is then taken for the function, and the same is asked of it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradloop.core.evaluate import evaluate
from gradloop.core.grad import gradient
from gradloop.core.graph import Graph, Node, input_node
from gradloop.core.lift import inline
from gradloop.core.spec import spec_of
from gradloop.core.trace import Tracer, trace

STEP = 1e-5  # of the central difference: its error is about STEP**2, and rounding adds about 1e-16 / STEP


def check_derivatives(function: Callable[..., Any], arrays: Sequence[Any], orders: int = 2) -> None:
    """Fail if a derivative with respect to any of the real arrays is wrong."""
    values = {f"a{i}": np.asarray(array) for i, array in enumerate(arrays)}
    graph = trace(function, {name: spec_of(value) for name, value in values.items()})
    check_graph(graph, values, orders)


def check_graph(graph: Graph, values: dict[str, np.ndarray], orders: int = 2) -> None:
    """Fail if a derivative of the graph's outputs with respect to any real input is wrong."""
    names = [name for name, value in values.items() if value.dtype.kind == "f"]
    random = np.random.default_rng(7)
    for order in range(1, orders + 1):
        covectors = [random.normal(size=output.spec.shape) for output in graph.outputs]
        direction = {name: random.normal(size=values[name].shape) for name in names}
        number = projected(graph, covectors)
        graph = gradient(number, names)
        slopes = evaluate(graph, values)
        found = sum(float(np.sum(slope * direction[name])) for name, slope in zip(names, slopes, strict=True))
        expected = difference(number, values, direction)
        assert abs(found - expected) <= 1e-6 * (1 + abs(expected)), (
            f"derivative of order {order} along a random direction: the graph says {found}, the difference {expected}"
        )


def projected(graph: Graph, covectors: Sequence[np.ndarray]) -> Graph:
    """The outputs times fixed random numbers, summed: a graph of one number."""
    inputs = [input_node(node.attributes["name"], node.spec) for node in graph.inputs]
    outputs = inline(graph, {node.attributes["name"]: Tracer(node) for node in inputs})
    terms = [np.sum(output * covector) for output, covector in zip(outputs, covectors, strict=True)]
    total: Node = sum(terms[1:], terms[0]).node
    return Graph("projection", tuple(inputs), (total,))


def difference(number: Graph, values: dict[str, np.ndarray], direction: dict[str, np.ndarray]) -> float:
    """How fast the number changes along the direction."""

    def at(step: float) -> float:
        moved = {name: values[name] + step * along for name, along in direction.items()}
        return float(evaluate(number, values | moved)[0])

    return (at(STEP) - at(-STEP)) / (2 * STEP)
