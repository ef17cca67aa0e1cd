"""Make a graph smaller and safer without changing what it means.

One walk over the nodes: equal nodes become one, constants are computed, and the rules below and those of
`gradloop.core.stable` are applied until none fits. What the outputs do not need falls away.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradloop.core import ops, stable
from gradloop.core.derived import once
from gradloop.core.graph import Graph, Node, constant_node, identity, topological
from gradloop.core.ops import COMMUTATIVE, OPS, apply
from gradloop.core.trace import Tracer

Rule = Callable[..., Any]  # (node, *inputs) -> a tracer or node that replaces it, or None
LARGEST_FOLDED = 4096  # entries of a constant; larger ones are left to be computed when needed


@once
def simplify(graph: Graph) -> Graph:
    """The same program with common parts shared, constants computed and overflow-prone forms replaced."""
    rewriter = Rewriter()
    outputs = tuple(rewriter.rewrite(output) for output in graph.outputs)
    return Graph(graph.name, graph.inputs, outputs)


class Rewriter:
    """Holds the one representative of each distinct node."""

    def __init__(self) -> None:
        self.known: dict[Any, Node] = {}
        self.result: dict[int, Node] = {}
        self.keep: list[Node] = []  # nodes whose ids are keys above must stay alive

    def rewrite(self, output: Node) -> Node:
        for node in topological((output,)):
            if id(node) not in self.result:
                self.keep.append(node)
                self.result[id(node)] = self.settle(node)
        return self.result[id(output)]

    def settle(self, node: Node) -> Node:
        """One node whose inputs are settled already."""
        inputs = tuple(self.result[id(child)] for child in node.inputs)
        if node.op in COMMUTATIVE and inputs[1].is_constant and not inputs[0].is_constant:
            inputs = inputs[::-1]
        key = id(node) if node.op == "input" else (*identity(node), *[id(child) for child in inputs])
        if key not in self.known:
            fresh = Node(node.op, inputs, node.spec, node.attributes) if inputs else node
            self.known[key] = self.improve(fresh)
        return self.known[key]

    def improve(self, node: Node) -> Node:
        """Apply the first rule that fits, and settle what it gives."""
        if is_foldable(node):
            return self.rewrite(folded(node))
        if is_uniform(node):
            return self.rewrite(folded_once(node))
        for rule in (*RULES.get(node.op, ()), *stable.RULES.get(node.op, ())):
            better = rule(node, *node.inputs)
            if better is not None:
                return self.adopt(better.node if isinstance(better, Tracer) else better, node)
        self.adopted(node)
        return node

    def adopt(self, better: Node, node: Node) -> Node:
        """Settle a replacement, whose leaves are settled nodes."""
        if better.spec.shape != node.spec.shape:
            better = apply("broadcast", Tracer(better), shape=node.spec.shape).node
        for child in node.inputs:
            self.adopted(child)
        return self.rewrite(better)

    def adopted(self, node: Node) -> None:
        """A settled node stands for itself when a rule uses it again."""
        self.keep.append(node)
        self.result[id(node)] = node


def is_foldable(node: Node) -> bool:
    return (
        bool(node.inputs)
        and all(child.is_constant for child in node.inputs)
        and node.spec.size <= LARGEST_FOLDED
        and not (node.op == "broadcast" and node.spec.size > 1)
    )


def folded(node: Node) -> Node:
    with np.errstate(all="ignore"):
        value = OPS[node.op].meaning(*(child.attributes["value"] for child in node.inputs), **node.attributes)
    return constant_node(value, node.spec.dtype)


ELEMENTWISE = (ops.elementwise, ops.elementwise_float, ops.comparison)


def is_uniform(node: Node) -> bool:
    """Whether all entries are the same number, computed from numbers that are known."""
    return (
        bool(node.inputs) and OPS[node.op].spec in ELEMENTWISE and all(one_number(x) is not None for x in node.inputs)
    )


def one_number(node: Node) -> Node | None:
    """The constant that all entries of a node are copies of, if there is one."""
    while node.op in ("broadcast", "reshape"):
        node = node.inputs[0]
    return node if node.is_constant and node.spec.size == 1 else None


def folded_once(node: Node) -> Node:
    numbers = [one_number(child).attributes["value"].reshape(()) for child in node.inputs]  # type: ignore[union-attr]
    with np.errstate(all="ignore"):
        value = OPS[node.op].meaning(*numbers, **node.attributes)
    number = Tracer(constant_node(value, node.spec.dtype))
    return apply("broadcast", number, shape=node.spec.shape).node  # type: ignore[no-any-return]


# ---- rules: the algebra of zero and one, and shapes that change nothing ---------------------------------------


def is_number(node: Node, number: float) -> bool:
    """Whether a node is a constant all of whose entries are this number (a broadcast one too)."""
    while node.op in ("broadcast", "reshape"):
        node = node.inputs[0]
    return node.is_constant and bool(np.all(node.attributes["value"] == number))


def single(node: Node) -> bool:
    return node.is_constant and node.spec.size == 1


def _add(node: Node, a: Node, b: Node) -> Any:
    if is_number(a, 0):
        return b
    if is_number(b, 0):
        return a
    if b.op == "negative":
        return Tracer(a) - Tracer(b.inputs[0])
    if a.op == "negative":
        return Tracer(b) - Tracer(a.inputs[0])
    return None


def _subtract(node: Node, a: Node, b: Node) -> Any:
    if is_number(b, 0):
        return a
    if is_number(a, 0):
        return -Tracer(b)
    return Tracer(a) + Tracer(b.inputs[0]) if b.op == "negative" else None


def _multiply(node: Node, a: Node, b: Node) -> Any:
    for one, other in ((a, b), (b, a)):
        if is_number(one, 1):
            return other
        if is_number(one, 0):
            return constant_node(0.0, node.spec.dtype)
        if is_number(one, -1):
            return -Tracer(other)
        if one.op == "negative":
            return -(Tracer(one.inputs[0]) * Tracer(other))
        masked = _masked(one, Tracer(other).__rmul__)
        if masked is not None:
            return masked
    if single(a) and b.op == "multiply" and single(b.inputs[0]):
        return (Tracer(a) * Tracer(b.inputs[0])) * Tracer(b.inputs[1])
    return None


def _divide(node: Node, a: Node, b: Node) -> Any:
    if is_number(b, 1):
        return a
    if is_number(a, 0):
        return constant_node(0.0, node.spec.dtype)
    if a.op == "negative":
        return -(Tracer(a.inputs[0]) / Tracer(b))
    return _masked(a, lambda value: value / Tracer(b))


def _masked(node: Node, scale: Callable[[Tracer], Any]) -> Any:
    """where(c, g, 0) times d is where(c, g * d, 0): a branch not taken cannot turn 0 * inf into NaN."""
    if node.op != "where":
        return None
    condition, a, b = (Tracer(child) for child in node.inputs)
    if is_number(b.node, 0):
        return apply("where", condition, scale(a), 0.0)
    if is_number(a.node, 0):
        return apply("where", condition, 0.0, scale(b))
    return None


def _negative(node: Node, x: Node) -> Any:
    if x.op == "negative":
        return x.inputs[0]
    if x.op == "subtract":
        return Tracer(x.inputs[1]) - Tracer(x.inputs[0])
    if x.op == "multiply" and single(x.inputs[0]):
        return (-Tracer(x.inputs[0])) * Tracer(x.inputs[1])
    return _masked(x, lambda value: -value)


def _power(node: Node, a: Node, b: Node) -> Any:
    if is_number(b, 1):
        return a
    if is_number(b, 0):
        return constant_node(1.0, node.spec.dtype)
    return apply("sqrt", Tracer(a)) if is_number(b, 0.5) else None


def _where(node: Node, condition: Node, a: Node, b: Node) -> Any:
    if a is b or is_number(condition, 1):
        return a
    if is_number(condition, 0):
        return b
    return None


def _reshape(node: Node, x: Node, shape: tuple[int, ...] = ()) -> Any:
    if x.spec.shape == node.spec.shape:
        return x
    return apply("reshape", Tracer(x.inputs[0]), shape=node.spec.shape) if x.op == "reshape" else None


def _transpose(node: Node, x: Node) -> Any:
    if sum(n != 1 for n in x.spec.shape) <= 1:  # moving axes of length one moves no entry
        return apply("reshape", Tracer(x), shape=node.spec.shape)
    return None


def _broadcast(node: Node, x: Node) -> Any:
    if x.spec.shape == node.spec.shape:
        return x
    return apply("broadcast", Tracer(x.inputs[0]), shape=node.spec.shape) if x.op == "broadcast" else None


def _sum(node: Node, x: Node) -> Any:
    if x.spec.size == node.spec.size:
        return apply("reshape", Tracer(x), shape=node.spec.shape)
    return None


def _matmul(node: Node, a: Node, b: Node) -> Any:
    """A product with the 1 × 1 matrix of one."""
    for one, other in ((a, b), (b, a)):
        if one.spec.size == 1 and is_number(one, 1):
            return other
    return None


RULES: dict[str, tuple[Rule, ...]] = {
    "matmul": (_matmul,),
    "add": (_add,),
    "subtract": (_subtract,),
    "multiply": (_multiply,),
    "divide": (_divide,),
    "negative": (_negative,),
    "power": (_power,),
    "where": (_where,),
    "reshape": (_reshape,),
    "transpose": (_transpose,),
    "broadcast": (_broadcast,),
    "sum": (_sum,),
}
