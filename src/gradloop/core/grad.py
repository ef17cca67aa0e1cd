"""Derivatives as programs: a graph goes in, the graph of its gradient comes out.

Reverse mode (Griewank and Walther, Evaluating Derivatives, 2008): walk the nodes backwards, and let each one's rule in
the table of operations pass on what reaches it. The rules are written with the same operations, so the result is an
ordinary graph that can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradloop.core.derived import once
from gradloop.core.graph import Graph, Node, constant_node, input_node
from gradloop.core.ops import OPS, apply
from gradloop.core.simplify import simplify
from gradloop.core.spec import Spec
from gradloop.core.trace import Tracer, to_node
from gradloop.errors import ModelError


def backward(output: Node, targets: Sequence[Node], seed: Node) -> list[Node]:
    """What reaches each target of `seed`, the derivative of the final number with respect to `output`."""
    graph = Graph("", (), (output,))
    needed = {id(target) for target in targets}
    for node in graph.nodes:
        if any(id(child) in needed for child in node.inputs):
            needed.add(id(node))
    received: dict[int, Tracer] = {id(output): Tracer(seed)}
    for node in reversed(graph.nodes):
        if node.inputs and id(node) in needed and id(node) in received:
            pass_on(node, received, needed)
    return [
        received[id(t)].node if id(t) in received else constant_node(np.zeros(t.spec.shape), t.spec.dtype)
        for t in targets
    ]


def pass_on(node: Node, received: dict[int, Tracer], needed: set[int]) -> None:
    """Apply one node's rule and add what it gives to its inputs."""
    inputs = [Tracer(child) for child in node.inputs]
    shares = OPS[node.op].derivative(received[id(node)], Tracer(node), *inputs, **node.attributes)
    for child, share in zip(node.inputs, shares, strict=True):
        if share is None or id(child) not in needed:
            continue
        part = unbroadcast(share, child.spec)
        received[id(child)] = received[id(child)] + part if id(child) in received else part


def unbroadcast(share: Any, spec: Spec) -> Any:
    """Sum over the axes along which an input was repeated."""
    node = to_node(share, [spec.dtype])
    share = Tracer(node)
    if share.shape == spec.shape:
        return share
    extra = share.ndim - len(spec.shape)
    axes = tuple(i for i, n in enumerate(share.shape) if i < extra or spec.shape[i - extra] == 1 != n)
    summed = apply("sum", share, axis=axes) if axes else share
    if summed.shape == spec.shape:
        return summed
    if summed.size == spec.size:
        return apply("reshape", summed, shape=spec.shape)
    return apply("broadcast", summed, shape=spec.shape)


@once
def gradient(graph: Graph, names: Sequence[str], with_value: bool = False) -> Graph:
    """The gradient of a graph's one number with respect to the named inputs; with the number itself first if asked.

    Raises:
        ModelError: the graph does not return a single number.

    >>> from gradloop.core.trace import trace
    >>> square = trace(lambda w: w ** 2, {"w": Spec((), np.dtype(float))}, "square")
    >>> print(gradient(square, ["w"]))
    gradient of square(w: float64[]):
      v1 = 2.0 * w  # float64[]
      return v1
    """
    graph = simplify(graph)  # the slopes of a form that overflows are beyond repair
    output = scalar_output(graph)
    targets = [graph.by_name[name] for name in names]
    seed = constant_node(1.0, output.spec.dtype)
    parts = backward(output, targets, seed)
    outputs = (output, *parts) if with_value else tuple(parts)
    return simplify(Graph(f"gradient of {graph.name}", graph.inputs, outputs))


@once
def hessian_vector(graph: Graph, names: Sequence[str]) -> Graph:
    """The second derivative times a direction: the gradient of (gradient · direction).

    The direction for the input `w` is a further input `w'` of the same shape.
    """
    first = gradient(graph, names)
    directions = [input_node(f"{name}'", graph.by_name[name].spec) for name in names]
    terms = [
        np.sum(Tracer(part) * Tracer(direction)) for part, direction in zip(first.outputs, directions, strict=True)
    ]
    slope = to_node(sum(terms[1:], terms[0]), [])
    targets = [graph.by_name[name] for name in names]
    parts = backward(slope, targets, constant_node(1.0, slope.spec.dtype))
    inputs = (*graph.inputs, *directions)
    return simplify(Graph(f"second derivative of {graph.name}", inputs, tuple(parts)))


@once
def hessian(graph: Graph, names: Sequence[str]) -> Graph:
    """All second derivatives, one output of shape (*shape of a, *shape of b) for each pair of names (a, b).

    Every entry of the gradient is differentiated on its own, so this suits few parameters.
    """
    first = gradient(graph, names)
    targets = [graph.by_name[name] for name in names]
    rows = [second_rows(part, targets) for part in first.outputs]
    outputs = tuple(block for row in rows for block in row)
    return simplify(Graph(f"hessian of {graph.name}", graph.inputs, outputs))


def second_rows(part: Node, targets: Sequence[Node]) -> list[Node]:
    """The derivative of every entry of one gradient with respect to every target, stacked per target."""
    flat = np.reshape(Tracer(part), -1)
    seed = constant_node(1.0, part.spec.dtype)
    per_entry = [backward(flat[i].node, targets, seed) for i in range(part.spec.size)]
    blocks = []
    for target, entries in zip(targets, zip(*per_entry, strict=True), strict=True):
        block = np.stack([Tracer(entry) for entry in entries])
        blocks.append(to_node(np.reshape(block, part.spec.shape + target.spec.shape), []))
    return blocks


def scalar_output(graph: Graph) -> Node:
    """The graph's only output, as a single number; arrays with one entry count."""
    output = graph.outputs[0]
    if len(graph.outputs) != 1 or output.spec.size != 1:
        raise ModelError(
            f"{graph.name} must return one number for an example, but returns an array of shape "
            f"{output.spec.shape}; sum or average over the axis, or index one entry"
        )
    if not output.spec.is_float:
        raise ModelError(f"{graph.name} returns {output.spec}, which has no derivative; return a real number")
    if output.spec.shape != ():
        return to_node(np.reshape(Tracer(output), ()), [])
    return output
