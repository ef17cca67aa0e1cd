"""Which values of a graph are affine in its parameters, and the graph beyond them.

A generalised linear model is a loss of a few scores that are affine in the parameters. Found in the graph, this gives
the second derivative its cheap form, Aᵀ S A, with A the derivative of the scores and S the small matrix of the loss's
second derivatives with respect to them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gradloop.core.derived import once
from gradloop.core.graph import Graph, Node, input_node
from gradloop.core.simplify import simplify

# Operations that keep what is affine affine, whichever inputs depend on the parameters ...
LINEAR = {
    "add", "subtract", "negative", "sum", "reshape", "transpose", "broadcast", "index", "unindex", "concatenate",
    "convert", "take", "place",
}  # fmt: skip
BILINEAR = {"multiply", "matmul"}  # ... if only one of them does ...
FIRST_ONLY = {"divide"}  # ... if it is the first.


def depends_on(graph: Graph, names: Collection[str]) -> set[int]:
    """The ids of the nodes that depend on the named inputs."""
    found: set[int] = set()
    for node in graph.nodes:
        named = node.op == "input" and node.attributes["name"] in names
        if named or any(id(child) in found for child in node.inputs):
            found.add(id(node))
    return found


def affine_nodes(graph: Graph, names: Collection[str], moving: set[int]) -> set[int]:
    """The ids of the nodes that depend on the named inputs, and do so affinely."""
    found: set[int] = set()
    for node in graph.nodes:
        if id(node) not in moving:
            continue
        inputs = [child for child in node.inputs if id(child) in moving]
        if all(id(child) in found for child in inputs) and keeps_affine(node, inputs):
            found.add(id(node))
    return found


def keeps_affine(node: Node, moving: Sequence[Node]) -> bool:
    """Whether a node is affine in those of its inputs that move."""
    if node.op == "input" or node.op in LINEAR:
        return True
    if node.op == "where":
        return node.inputs[0] not in moving
    if node.op in BILINEAR:
        return len(moving) == 1 and node.inputs[0] is not node.inputs[1]
    return node.op in FIRST_ONLY and moving[0] is node.inputs[0] and len(moving) == 1


@once
def is_affine(graph: Graph, names: Collection[str]) -> bool:
    """Whether every output is affine in the named inputs.

    >>> import numpy as np
    >>> from gradloop.core.spec import FLOAT64, Spec
    >>> from gradloop.core.trace import trace
    >>> vector = Spec((2,), FLOAT64)
    >>> is_affine(trace(lambda x, w: np.dot(x ** 2, w) + 1, {"x": vector, "w": vector}), ["w"])
    True
    """
    moving = depends_on(graph, names)
    found = affine_nodes(graph, names, moving)
    return all(id(output) in found or id(output) not in moving for output in graph.outputs)


@once
def scores(graph: Graph, names: Collection[str]) -> tuple[Node, ...]:
    """The affine values through which alone the outputs depend on the named inputs."""
    moving = depends_on(graph, names)
    affine = affine_nodes(graph, names, moving)
    border = [child for node in graph.nodes for child in node.inputs if id(node) not in affine and id(child) in affine]
    border += [output for output in graph.outputs if id(output) in affine]
    sources = {id(found): found for found in (source_of(node, moving) for node in border)}
    return tuple(sources.values())


def source_of(node: Node, moving: set[int]) -> Node:
    """Back through steps that only shift, scale or reshape a value: a score and its negative are one score."""
    while node.op != "input":
        inputs = [child for child in node.inputs if id(child) in moving]
        if len(inputs) != 1 or inputs[0].spec.size != node.spec.size or node.op == "matmul" or inputs[0].op == "input":
            break
        node = inputs[0]
    return node


def underneath(node: Node) -> Node:
    """The node below operations that only reshape it."""
    while node.op == "reshape":
        node = node.inputs[0]
    return node


def beyond(graph: Graph, nodes: Sequence[Node]) -> Graph:
    """The graph as a function of these nodes' values: they become further inputs, named score0, score1, …"""
    found: dict[int, Node] = {id(node): input_node(f"score{i}", node.spec) for i, node in enumerate(nodes)}
    fresh = tuple(found.values())
    for node in graph.nodes:
        if id(node) not in found:
            inputs = tuple(found[id(child)] for child in node.inputs)
            found[id(node)] = Node(node.op, inputs, node.spec, node.attributes) if inputs else node
    outputs = tuple(found[id(output)] for output in graph.outputs)
    return simplify(Graph(f"{graph.name} of the scores", (*graph.inputs, *fresh), outputs))


def upto(graph: Graph, nodes: Sequence[Node]) -> Graph:
    """The graph of these nodes' values alone."""
    return Graph("scores", graph.inputs, tuple(nodes))
