"""Two small transformations: write a graph into another, and turn constants into inputs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gradloop.core.graph import Graph, Node, constant_node, input_node
from gradloop.core.trace import Tracer


def inline(graph: Graph, values: Mapping[str, Tracer]) -> tuple[Tracer, ...]:
    """Record a graph's operations again, with traced values in place of its inputs."""
    found: dict[int, Node] = {}
    for node in graph.nodes:
        if node.op == "input":
            found[id(node)] = values[node.attributes["name"]].node
        elif node.is_constant:
            found[id(node)] = constant_node(node.attributes["value"], node.spec.dtype)
        else:
            inputs = tuple(found[id(child)] for child in node.inputs)
            found[id(node)] = Node(node.op, inputs, node.spec, node.attributes)
    return tuple(Tracer(found[id(output)]) for output in graph.outputs)


def lift_constants(graph: Graph) -> tuple[Graph, tuple[Node, ...], np.ndarray]:
    """Turn every single real constant into an input, so that other values need no other machine code.

    Whole exponents stay: they decide how a power is computed. Returns the graph, the new inputs and their values.
    """
    found: dict[int, Node] = {}
    lifted: dict[int, Node] = {}
    values: list[float] = []
    fixed = {id(node.inputs[1]) for node in graph.nodes if node.op == "power" and is_whole(node.inputs[1])}
    for node in graph.nodes:
        if node.is_constant and node.spec.size == 1 and node.spec.is_float and id(node) not in fixed:
            lifted[id(node)] = found[id(node)] = input_node(f"number{len(values)}", node.spec)
            values.append(float(node.attributes["value"].item()))
        elif node.inputs:
            inputs = tuple(found[id(child)] for child in node.inputs)
            found[id(node)] = Node(node.op, inputs, node.spec, node.attributes)
        else:
            found[id(node)] = node
    outputs = tuple(found[id(output)] for output in graph.outputs)
    numbers = tuple(lifted.values())
    return Graph(graph.name, (*graph.inputs, *numbers), outputs), numbers, np.array(values)


def is_whole(node: Node) -> bool:
    return node.is_constant and bool(np.all(node.attributes["value"] == np.floor(node.attributes["value"])))
