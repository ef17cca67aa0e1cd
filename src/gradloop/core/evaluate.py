"""Run a graph in NumPy, node by node: slow, and obviously right. The compiler is tested against this."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gradloop.core.graph import Graph
from gradloop.core.ops import OPS


def evaluate(graph: Graph, values: Mapping[str, np.ndarray]) -> tuple[np.ndarray, ...]:
    """The outputs of a graph for given inputs.

    >>> from gradloop.core.spec import FLOAT64, Spec
    >>> from gradloop.core.trace import trace
    >>> double = trace(lambda x: 2 * x, {"x": Spec((3,), FLOAT64)})
    >>> evaluate(double, {"x": np.array([1.0, 2.0, 3.0])})
    (array([2., 4., 6.]),)
    """
    found: dict[int, np.ndarray] = {}
    for node in graph.nodes:
        if node.op == "input":
            value = values[node.attributes["name"]]
        elif node.is_constant:
            value = node.attributes["value"]
        else:
            inputs = (found[id(child)] for child in node.inputs)
            value = OPS[node.op].meaning(*inputs, **node.attributes)
        found[id(node)] = np.asarray(value, dtype=node.spec.dtype)
    return tuple(found[id(node)] for node in graph.outputs)
