"""A graph written out as a Python function of NumPy calls, for what runs again and again on few numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradloop.core.graph import Graph, Node
from gradloop.core.ops import OPS

Meaning = Callable[..., Any]


def as_python(graph: Graph, places: Mapping[str, int]) -> tuple[str, Callable[[list[Any]], tuple[Any, ...]]]:
    """The text of a function of a list of values that gives the graph's outputs, and that function.

    Args: places, where in the list each of the graph's inputs stands.

    >>> from gradloop.core.spec import FLOAT64, Spec
    >>> from gradloop.core.trace import trace
    >>> text, function = as_python(trace(lambda x: x * x + 1, {"x": Spec((), FLOAT64)}), {"x": 0})
    >>> print(text)
    def written(values):
        v0 = values[0]
        v1 = multiply(v0, v0)
        v2 = add(v1, number_1)
        return (v2, )
    >>> print(*function([3.0]))
    10.0
    """
    known: dict[str, Any] = {}
    names: dict[int, str] = {}
    lines: list[str] = []
    for node in graph.nodes:
        if node.is_constant:
            names[id(node)] = remember(known, "number", node.attributes["value"])
            continue
        names[id(node)] = name = f"v{len(lines)}"
        meaning = f"values[{places[node.attributes['name']]}]" if node.op == "input" else call(node, names, known)
        lines.append(f"    {name} = {meaning}")
    results = "".join(f"{names[id(output)]}, " for output in graph.outputs)
    text = "\n".join(["def written(values):", *lines, f"    return ({results})"])
    exec(compile(text, "<derivative>", "exec"), known)  # our own operations and variables, and nothing else
    return text, known["written"]


def call(node: Node, names: Mapping[int, str], known: dict[str, Any]) -> str:
    """One operation as a call; its function and fixed arguments are remembered by name."""
    known[node.op] = QUICK.get(node.op, OPS[node.op].meaning)
    fixed = [f"{key}={remember(known, key, value)}" for key, value in node.attributes.items()]
    return f"{node.op}({', '.join([names[id(child)] for child in node.inputs] + fixed)})"


def remember(known: dict[str, Any], name: str, value: Any) -> str:
    name = f"{name}_{len(known)}"
    known[name] = value
    return name


# ---- what NumPy also does, in less time for few numbers -------------------------------------------------------


def filled(x: Any, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """np.broadcast_to."""
    whole = np.empty(shape, x.dtype)
    whole[...] = x
    return whole


QUICK: dict[str, Meaning] = {
    "broadcast": filled,
    "reshape": lambda x, shape: x.reshape(shape),
    "transpose": lambda x, axes: x.transpose(axes),
    "matmul": np.ndarray.dot,
}
