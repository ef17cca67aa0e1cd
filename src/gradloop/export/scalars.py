"""A graph of arrays as a graph of single numbers: what plain Python and SQL can say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import product
from typing import Any

import numpy as np

from gradloop.core.graph import Graph, Node, constant_node
from gradloop.core.ops import apply
from gradloop.core.simplify import simplify
from gradloop.core.spec import INT64
from gradloop.core.trace import Tracer
from gradloop.errors import OptionError

MOST = 200_000  # operations; a text of more is no longer read by anything
_BLOCK = 32  # numbers folded one after the other; blocks are folded again, so that no expression is deep

Nodes = Any  # an array of nodes, each of one number


def scalars(graph: Graph, row: Sequence[Node]) -> Graph:
    """The graph's outputs, one number each, computed from these numbers in place of the row's entries.

    Args: row, a node for each entry of the graph's one input, in order; the result's inputs are theirs.

    Raises: OptionError for an operation that only derivatives have, and for too many of them.
    """
    if (size := sum(map(_operations, graph.nodes))) > MOST:
        raise OptionError(
            f"The model computes {size} numbers for a row, and a text of more than {MOST} operations is too long; "
            "export it to ONNX, which keeps arrays."
        )
    found: dict[int, Nodes] = {}
    for node in graph.nodes:
        if node.op == "input":
            found[id(node)] = _array(list(row), node.spec.shape)
        elif node.is_constant:
            found[id(node)] = _constants(node.attributes["value"])
        else:
            form = SHAPES.get(node.op, _each)
            found[id(node)] = form(node, *(found[id(child)] for child in node.inputs))
    outputs = tuple(entry for output in graph.outputs for entry in found[id(output)].ravel())
    inputs = tuple(node for node in Graph("", (), tuple(row)).nodes if node.op == "input")
    return simplify(Graph(graph.name, inputs, outputs))


def _operations(node: Node) -> int:
    """How many single numbers have to be computed."""
    if node.is_constant or node.op == "input":
        return 0
    inner = node.inputs[0].spec.shape[1] if node.op == "matmul" else 1
    return max(node.spec.size * inner, node.inputs[0].spec.size if node.op in ("sum", "max", "logsumexp") else 0)


def _array(entries: Sequence[Node], shape: tuple[int, ...]) -> Nodes:
    found = np.empty(len(entries), dtype=object)
    found[:] = entries
    return found.reshape(shape)


def _constants(value: np.ndarray) -> Nodes:
    return _array([constant_node(entry, value.dtype) for entry in value.ravel()], value.shape)


def _record(op: str, *inputs: Node, **attributes: Any) -> Node:
    recorded: Tracer = apply(op, *map(Tracer, inputs), **attributes)
    return recorded.node


def _each(node: Node, *inputs: Nodes) -> Nodes:
    """An elementwise operation, entry by entry."""
    shape = node.spec.shape
    columns = [np.broadcast_to(entries, shape).ravel() for entries in inputs]
    return _array([_record(node.op, *row, **node.attributes) for row in zip(*columns, strict=True)], shape)


def folded(op: str, entries: Sequence[Node]) -> Node:
    """The entries joined by an operation that does not mind the order."""
    while len(entries) > 1:
        blocks = (entries[start : start + _BLOCK] for start in range(0, len(entries), _BLOCK))
        entries = [reduce(lambda a, b: _record(op, a, b), block) for block in blocks]
    return entries[0]


def _reduction(op: str) -> Callable[[Node, Nodes], Nodes]:
    def form(node: Node, x: Nodes) -> Nodes:
        axis = node.attributes["axis"]
        last = np.moveaxis(x, axis, range(x.ndim - len(axis), x.ndim)).reshape(node.spec.size, -1)
        return _array([folded(op, list(entries)) for entries in last], node.spec.shape)

    return form


def _matmul(node: Node, a: Nodes, b: Nodes) -> Nodes:
    entries = [
        folded("add", [_record("multiply", x, y) for x, y in zip(row, column, strict=True)])
        for row, column in product(a, b.T)
    ]
    return _array(entries, node.spec.shape)


def _take(node: Node, x: Nodes, label: Nodes) -> Nodes:
    """The entry that a computed number names: it is compared with each place."""
    entries = [entry for each in label.ravel() for entry in _taken(x, each)]
    return _array(entries, node.spec.shape)


def _taken(x: Nodes, label: Node) -> list[Node]:
    chosen = list(x[-1:].ravel())
    for place in range(len(x) - 2, -1, -1):
        here = _record("equal", label, constant_node(place, INT64))
        chosen = [_record("where", here, a, b) for a, b in zip(x[place : place + 1].ravel(), chosen, strict=True)]
    return chosen


def _refused(node: Node, *inputs: Nodes) -> Nodes:
    raise OptionError(
        f"The model uses the operation {node.op}, which only derivatives need; a model with derivatives in it cannot "
        "be exported."
    )


SHAPES: dict[str, Callable[..., Nodes]] = {
    "sum": _reduction("add"),
    "max": _reduction("maximum"),
    "reshape": lambda node, x: x.reshape(node.spec.shape),
    "transpose": lambda node, x: np.transpose(x, node.attributes["axes"]),
    "broadcast": lambda node, x: np.broadcast_to(x, node.spec.shape),
    "index": lambda node, x: x[(*node.attributes["key"], ...)],  # the dots keep a single entry in an array
    "concatenate": lambda node, *parts: np.concatenate(parts, axis=node.attributes["axis"]),
    "matmul": _matmul,
    "take": _take,
    "unindex": _refused,
    "place": _refused,
}
