"""Node and Graph: a traced program as plain immutable data that can be printed, checked and compared."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from gradloop.core.spec import Spec


@dataclass(frozen=True, eq=False)
class Node:
    """One operation applied to earlier nodes. Two nodes are the same only if they are one object.

    `op` is a name in the table `gradloop.core.ops.OPS`, or "input" (attribute `name`) or "constant"
    (attribute `value`, an array); `attributes` are the operation's fixed arguments, such as the axis of a sum.
    """

    op: str
    inputs: tuple[Node, ...]
    spec: Spec
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_constant(self) -> bool:
        return self.op == "constant"

    def __repr__(self) -> str:
        return f"<{self.op} {self.spec}>"


def input_node(name: str, spec: Spec) -> Node:
    """A named argument of a graph."""
    return Node("input", (), spec, {"name": name})


def constant_node(value: Any, dtype: np.dtype) -> Node:
    """An array that is known when the function is traced."""
    array = np.array(value, dtype=dtype)
    array.flags.writeable = False
    return Node("constant", (), Spec(array.shape, array.dtype), {"value": array})


def identity(node: Node) -> tuple[Any, ...]:
    """What a node is beside its inputs: operation, shape, dtype, and a constant's bits or else fixed arguments."""
    if node.is_constant:
        more: Any = node.attributes["value"].tobytes()
    else:
        more = repr(sorted(node.attributes.items())) if node.attributes else ""
    return node.op, node.spec.shape, node.spec.dtype, more


def topological(outputs: tuple[Node, ...]) -> Iterator[Node]:
    """Every node that the outputs need, each after its inputs; without recursion, so depth does not matter."""
    done: set[int] = set()
    stack = [(node, False) for node in reversed(outputs)]
    while stack:
        node, inputs_done = stack.pop()
        if id(node) in done:
            continue
        if inputs_done:
            done.add(id(node))
            yield node
        else:
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(node.inputs))


@dataclass(frozen=True, eq=False)
class Graph:
    """A program: named inputs, nodes, outputs. Printing it shows one operation a line."""

    name: str
    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes that the outputs need, in an order in which they can be computed."""
        return tuple(topological(self.outputs))

    @cached_property
    def derived(self) -> dict[Any, Any]:
        """What was derived of it, for `gradloop.core.derived`."""
        return {}

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """The input nodes by their names."""
        return {node.attributes["name"]: node for node in self.inputs}

    @cached_property
    def structure(self) -> Any:
        """What two graphs share exactly if they are the same, constants to the last bit included: quick to find."""
        places = {id(node): place for place, node in enumerate(self.nodes)}
        steps = [(*identity(node), *[places[id(child)] for child in node.inputs]) for node in self.nodes]
        inputs = [identity(node) for node in self.inputs]
        return self.name, tuple(inputs), tuple(steps), tuple([places[id(node)] for node in self.outputs])

    @cached_property
    def key(self) -> str:
        """A digest that two graphs share exactly if they print alike, constants to the last bit included."""
        digest = hashlib.sha256(str(self).encode())
        for node in self.nodes:
            if node.is_constant:
                digest.update(node.attributes["value"].tobytes())
        return digest.hexdigest()

    def __reduce__(self) -> Any:
        """A graph travels to other processes as a list of its nodes, however deep it is; no code goes with it."""
        nodes = tuple(topological((*self.inputs, *self.outputs)))
        place = {id(node): number for number, node in enumerate(nodes)}
        plain = [(n.op, [place[id(child)] for child in n.inputs], n.spec, dict(n.attributes)) for n in nodes]
        ends = [[place[id(node)] for node in some] for some in (self.inputs, self.outputs)]
        return graph_of, (self.name, plain, *ends)

    def __str__(self) -> str:
        from gradloop.core.printing import format_graph

        return format_graph(self)


def graph_of(name: str, plain: list[Any], inputs: list[int], outputs: list[int]) -> Graph:
    """The graph whose nodes are listed, each after its inputs, as (op, places of its inputs, spec, attributes)."""
    nodes: list[Node] = []
    for op, places, spec, attributes in plain:
        nodes.append(Node(op, tuple(nodes[place] for place in places), spec, attributes))
    return Graph(name, *(tuple(nodes[place] for place in places) for places in (inputs, outputs)))
