"""Many values of a parameter at once: a graph in which named inputs have one more, last, axis of candidates.

Every operation carries the axis along by NumPy's own broadcasting, so the result is an ordinary graph: its outputs have
the axis too, and a pass over the rows judges all candidates while a row is in the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from gradloop.core.derived import once
from gradloop.core.graph import Graph, Node, input_node
from gradloop.core.ops import apply
from gradloop.core.simplify import simplify
from gradloop.core.spec import Spec
from gradloop.core.trace import Tracer


@once
def with_candidates(graph: Graph, names: Collection[str], count: int) -> Graph:
    """The graph for `count` candidates: the named inputs and the outputs that depend on them end with that axis.

    >>> from gradloop.core.spec import FLOAT64
    >>> from gradloop.core.trace import trace
    >>> line = trace(lambda x, w: w * x, {"x": Spec((), FLOAT64), "w": Spec((), FLOAT64)}, "line")
    >>> print(with_candidates(line, ["w"], 41))
    line(x: float64[], w: float64[41]):
      v1 = w * x  # float64[41]
      return v1
    """
    found: dict[int, Node] = {}
    many: set[int] = set()  # ids of the nodes that have the axis
    inputs = []
    for node in graph.inputs:
        chosen = node.attributes["name"] in names
        spec = Spec((*node.spec.shape, count), node.spec.dtype) if chosen else node.spec
        found[id(node)] = input_node(node.attributes["name"], spec) if chosen else node
        inputs.append(found[id(node)])
        many |= {id(node)} if chosen else set()
    for node in graph.nodes:
        if id(node) not in found:
            found[id(node)] = carried(node, found, many, count)
            many |= {id(node)} if any(id(child) in many for child in node.inputs) else set()
    return simplify(Graph(graph.name, tuple(inputs), tuple(found[id(output)] for output in graph.outputs)))


def carried(node: Node, found: dict[int, Node], many: set[int], count: int) -> Node:
    """One operation, with the axis of candidates if one of its inputs has it."""
    inputs = [Tracer(found[id(child)]) for child in node.inputs]
    which = [id(child) in many for child in node.inputs]
    if not any(which):
        return Node(node.op, tuple(t.node for t in inputs), node.spec, node.attributes) if inputs else node
    rule: Callable[..., Any] = RULES.get(node.op, elementwise)
    result: Tracer = rule(node, inputs, which, count)
    return result.node


def elementwise(node: Node, inputs: list[Tracer], which: list[bool], count: int) -> Any:
    """Arrays without the axis get one of length one; operations along other axes need nothing."""
    wide = [x if has or not x.shape else x.reshape((*x.shape, 1)) for x, has in zip(inputs, which, strict=True)]
    return apply(node.op, *wide, **node.attributes)


def reshaped(node: Node, inputs: list[Tracer], which: list[bool], count: int) -> Any:
    return apply(node.op, *inputs, shape=(*node.attributes["shape"], count))


def transposed(node: Node, inputs: list[Tracer], which: list[bool], count: int) -> Any:
    axes = node.attributes["axes"]
    return apply("transpose", *inputs, axes=(*axes, len(axes)))


def indexed(node: Node, inputs: list[Tracer], which: list[bool], count: int) -> Any:
    """An ellipsis must not take the last axis for one of its own."""
    key = node.attributes["key"]
    full = (*key, slice(None)) if any(part is Ellipsis for part in key) else key
    if node.op == "index":
        return apply("index", *inputs, key=full)
    return apply("unindex", *inputs, key=full, shape=(*node.attributes["shape"], count))


def picked(node: Node, inputs: list[Tracer], which: list[bool], count: int) -> Any:
    return apply(node.op, *inputs, **node.attributes)


def joined(node: Node, inputs: list[Tracer], which: list[bool], count: int) -> Any:
    parts = [
        x if has else apply("broadcast", x.reshape((*x.shape, 1)), shape=(*x.shape, count))
        for x, has in zip(inputs, which, strict=True)
    ]
    return apply("concatenate", *parts, axis=node.attributes["axis"])


def multiplied(node: Node, inputs: list[Tracer], which: list[bool], count: int) -> Any:
    """A product of matrices as the sum it is, because operations on matrices have no third axis."""
    (a, b), (a_many, b_many) = inputs, which
    (rows, inner), (_, columns) = a.shape[:2], b.shape[:2]
    left = a.reshape((rows, inner, 1, count if a_many else 1))
    right = b.reshape((1, inner, columns, count if b_many else 1))
    return np.sum(left * right, axis=1)


RULES: dict[str, Callable[..., Any]] = {
    "reshape": reshaped,
    "broadcast": reshaped,
    "transpose": transposed,
    "index": indexed,
    "unindex": indexed,
    "take": picked,
    "place": picked,
    "concatenate": joined,
    "matmul": multiplied,
}
