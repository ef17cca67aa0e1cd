"""How a graph prints: one operation a line, as near to the book's notation as text allows."""

from __future__ import annotations

from collections.abc import Container

import numpy as np

from gradloop.core.graph import Graph, Node
from gradloop.core.ops import OPS


def format_constant(value: np.ndarray) -> str:
    """A number as itself; an array by its shape and, if it is short, its entries."""
    if value.ndim == 0:
        return str(value.item())
    entries = ", ".join(str(entry) for entry in value.ravel()[:4].tolist())
    dots = ", …" if value.size > 4 else ""
    return f"array{list(value.shape)}({entries}{dots})"


def format_call(node: Node, arguments: list[str]) -> str:
    """The right-hand side of a line."""
    symbol = OPS[node.op].symbol
    if node.op == "index":
        return f"{arguments[0]}[{', '.join(format_attribute(part) for part in node.attributes['key'])}]"
    if symbol:
        return symbol.format(*arguments)
    extra = [f"{name}={format_attribute(value)}" for name, value in node.attributes.items()]
    return f"{node.op}({', '.join(arguments + extra)})"


def format_attribute(value: object) -> str:
    if isinstance(value, tuple):
        inside = ", ".join(format_attribute(entry) for entry in value)
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, slice):
        step = "" if value.step in (None, 1) else f":{value.step}"
        start, stop = ("" if part is None else part for part in (value.start, value.stop))
        return f"{start}:{stop}{step}"
    return "..." if value is Ellipsis else str(value)


def named_nodes(graph: Graph, unnamed: Container[str] = ()) -> tuple[dict[int, str], list[tuple[Node, str]]]:
    """The name of every node by its id, and each operation with its right-hand side.

    An operation in `unnamed` has no line: its result goes by the name of its first input.
    """
    names: dict[int, str] = {}
    calls: list[tuple[Node, str]] = []
    for node in graph.nodes:
        if node.op == "input":
            names[id(node)] = node.attributes["name"]
        elif node.is_constant:
            names[id(node)] = format_constant(node.attributes["value"])
        elif node.op in unnamed:
            names[id(node)] = names[id(node.inputs[0])]
        else:
            calls.append((node, format_call(node, [names[id(child)] for child in node.inputs])))
            names[id(node)] = f"v{len(calls)}"
    return names, calls


def format_graph(graph: Graph) -> str:
    """The whole graph, with the shape of every intermediate value."""
    names, calls = named_nodes(graph)
    lines = [(f"  {names[id(node)]} = {call}", node.spec) for node, call in calls]
    width = min(max((len(text) for text, _ in lines), default=0), 60)
    arguments = ", ".join(f"{node.attributes['name']}: {node.spec}" for node in graph.inputs)
    body = [f"{text:<{width}}  # {spec}" for text, spec in lines]
    result = ", ".join(names[id(node)] for node in graph.outputs)
    return "\n".join([f"{graph.name}({arguments}):", *body, f"  return {result}"])
