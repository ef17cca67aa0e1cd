"""A graph walked with numbers: forward every value, backward every derivative beside its numeric one.

Operations that only reshape carry the name of what they reshape, so that a line reads as in a book: row @ w.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradloop.core.evaluate import evaluate
from gradloop.core.grad import backward
from gradloop.core.graph import Graph, Node, constant_node, input_node
from gradloop.core.printing import named_nodes
from gradloop.explain.numeric import Checked, all_values, checked, dependents, numeric_slopes

UNNAMED = ("reshape",)
Array = Any


class Place(NamedTuple):
    """An input or an operation: its value, and where training needs them its derivatives.

    A local derivative is that of the sum of the operation's entries with respect to each entry of what it is applied
    to: for a number, and entry by entry, simply the derivative.
    """

    name: str
    expression: str  # "" for an input
    value: Array
    slope: Checked | None = None  # of the result
    local: tuple[Checked, ...] = ()


class Walk(NamedTuple):
    """All that a program computes for one example, in the order of computing."""

    result: str  # what the last value is called
    places: tuple[Place, ...]
    y_hat: str = ""  # the name of the prediction, if one value is it

    @property
    def checks(self) -> tuple[Checked, ...]:
        return tuple(check for place in self.places for check in (*place.local, place.slope) if check is not None)


class Line(NamedTuple):
    """An input or an operation, and how it reads."""

    node: Node
    name: str
    expression: str


def lines_of(graph: Graph, result: str) -> list[Line]:
    """The inputs, then the operations in the order of computing; the last is called the result."""
    names, calls = named_nodes(graph, UNNAMED)
    last = shown(graph.outputs[0])
    if last.inputs:
        names[id(last)] = result
    given = [Line(node, node.attributes["name"], "") for node in graph.inputs]
    return given + [Line(node, names[id(node)], call) for node, call in calls]


def forward(graph: Graph, inputs: Mapping[str, Array], result: str) -> Walk:
    """Every value of a graph, whose first output is the result; inputs that it does not use are left out."""
    values, used = all_values(graph, inputs), {id(node) for node in graph.nodes}
    lines = [line for line in lines_of(graph, result) if id(line.node) in used]
    return Walk(result, tuple(Place(line.name, line.expression, values[id(line.node)]) for line in lines))


def walk(graph: Graph, inputs: Mapping[str, Array], params: Collection[str], result: str = "loss") -> Walk:
    """Every value of a graph of one number, and the derivatives on the way back to the parameters."""
    values, lines = all_values(graph, inputs), lines_of(graph, result)
    names = {id(line.node): line.name for line in lines}
    moving = dependents(graph, {id(graph.by_name[name]): np.ones(()) for name in params})
    needed = [line.node for line in lines if id(line.node) in moving and line.node.spec.is_float]
    slopes = exact_slopes(graph, inputs, needed)
    terms = max((float(np.max(np.abs(slope), initial=0.0)) for slope in slopes), default=0.0)
    found = {
        id(node): checked(f"d {result} / d {names[id(node)]}", slope, numeric_slopes(graph, values, node), terms)
        for node, slope in zip(needed, slopes, strict=True)
    }
    places = (
        Place(name, call, values[id(node)], found.get(id(node)), local(node, values, names, found))
        for node, name, call in lines
    )
    return Walk(result, tuple(places))


def exact_slopes(graph: Graph, inputs: Mapping[str, Array], targets: Sequence[Node]) -> tuple[Array, ...]:
    """The derivative of the sum of the output's entries with respect to each target, by the rules of the table."""
    output = graph.outputs[0]
    seed = constant_node(np.ones(output.spec.shape), output.spec.dtype)
    with np.errstate(all="ignore"):
        return evaluate(Graph("", graph.inputs, tuple(backward(output, targets, seed))), inputs)


def local(
    node: Node, values: Mapping[int, Array], names: Mapping[int, str], needed: Collection[int]
) -> tuple[Checked, ...]:
    """The derivatives of one operation with respect to what it is applied to, where training needs them."""
    if not node.inputs or id(node) not in needed:
        return ()
    alone, sources = cut_out(node)
    inputs = {f"x{i}": values[id(source)] for i, source in enumerate(sources)}
    targets = [(alone.inputs[i], source) for i, source in enumerate(sources) if id(source) in needed]
    slopes = exact_slopes(alone, inputs, [target for target, _ in targets])
    known = all_values(alone, inputs)
    checks = []
    for (target, source), slope in zip(targets, slopes, strict=True):
        numeric = numeric_slopes(alone, known, target)
        terms = steepness(values[id(node)], values[id(source)])
        checks.append(checked(f"d {names[id(node)]} / d {names[id(source)]}", slope, numeric, terms))
    return tuple(checks)


def steepness(result: Array, source: Array) -> float:
    """How steep an operation of such values is at most, if nothing in it cancels."""
    high, wide = (float(np.max(np.abs(part), initial=0.0)) for part in (result, source))
    return high / (wide or 1.0)


def cut_out(node: Node) -> tuple[Graph, list[Node]]:
    """One operation as a graph of its own, with the reshaping before it, and the nodes that it is applied to."""
    sources: dict[int, Node] = {}
    fresh: dict[int, Node] = {}

    def copy(child: Node) -> Node:
        if child.op in UNNAMED:
            return Node(child.op, (copy(child.inputs[0]),), child.spec, child.attributes)
        if child.is_constant:
            return child
        if id(child) not in fresh:
            fresh[id(child)] = input_node(f"x{len(fresh)}", child.spec)
            sources[id(child)] = child
        return fresh[id(child)]

    inputs = tuple(copy(child) for child in node.inputs)
    output = Node(node.op, inputs, node.spec, node.attributes)
    return Graph(node.op, tuple(fresh.values()), (output,)), list(sources.values())


def shown(node: Node) -> Node:
    """The node by whose name a reshaped one goes."""
    while node.op in UNNAMED:
        node = node.inputs[0]
    return node


def prediction_in(graph: Graph, prediction: Graph) -> Node | None:
    """The node of a graph that computes just what another graph does."""
    for node in graph.nodes:
        if node.inputs and Graph(prediction.name, prediction.inputs, (node,)).key == prediction.key:
            return shown(node)
    return None
