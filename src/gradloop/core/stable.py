"""Overflow-prone formulas of the textbook, and the safe forms that replace them.

A reader writes `1 / (1 + np.exp(-z))` and `np.log(p)`; computed as written, exp(800) is infinite and log(0) follows.
Each rule recognises such a form in the graph and puts an operation in its place that is right for every argument.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradloop.core.graph import Node
from gradloop.core.ops import apply, logistic, logsumexp
from gradloop.core.trace import Tracer

SHAPE_OPS = {"reshape", "broadcast", "transpose", "index", "take"}


def is_one(node: Node) -> bool:
    return node.is_constant and bool(np.all(node.attributes["value"] == 1))


def softplus(z: Tracer) -> Any:
    """log(1 + exp(z))"""
    return apply("logaddexp", 0.0, z)


def _log(node: Node, x: Node) -> Any:
    if x.op in SHAPE_OPS and underneath(x).op in ("exp", "logistic"):
        return rewrap(x, lambda inner: np.log(Tracer(inner)))
    if x.op == "exp":
        return x.inputs[0]
    if x.op == "logistic":
        return -softplus(-Tracer(x.inputs[0]))
    if x.op == "sum" and x.inputs[0].op == "exp":
        return logsumexp(Tracer(x.inputs[0].inputs[0]), x.attributes["axis"])
    if x.op == "add" and is_one(x.inputs[0]):
        return np.log1p(Tracer(x.inputs[1]))
    return None


def _log1p(node: Node, x: Node) -> Any:
    if x.op == "exp":
        return softplus(Tracer(x.inputs[0]))
    if x.op == "negative" and x.inputs[0].op == "logistic":
        return np.log(logistic(-Tracer(x.inputs[0].inputs[0])))
    return None


def _subtract(node: Node, a: Node, b: Node) -> Any:
    if is_one(b) and a.op == "exp":
        return np.expm1(Tracer(a.inputs[0]))
    if is_one(a) and b.op == "logistic":
        return logistic(-Tracer(b.inputs[0]))
    if is_one(a) and b.op == "exp":
        return -np.expm1(Tracer(b.inputs[0]))
    return None


def _divide(node: Node, a: Node, b: Node) -> Any:
    if b.op == "add" and is_one(b.inputs[0]) and b.inputs[1].op == "exp":
        z = Tracer(b.inputs[1].inputs[0])
        if is_one(a):
            return logistic(-z)
        if a is b.inputs[1]:
            return logistic(z)
    grown, total = underneath(a), underneath(b)
    if grown.op == "exp" and total.op == "sum" and total.inputs[0] is grown:
        z = Tracer(grown.inputs[0])
        picked = rewrap(a, lambda inner: z)
        return np.exp(picked - rewrap(b, lambda inner: logsumexp(z, inner.attributes["axis"])))
    return None


def _exp(node: Node, x: Node) -> Any:
    if x.op == "negative" and x.inputs[0].op == "logaddexp" and x.inputs[0].inputs[0].is_constant:
        zero, z = x.inputs[0].inputs
        if bool(np.all(zero.attributes["value"] == 0)):
            return logistic(-Tracer(z))
    return None


def _multiply(node: Node, a: Node, b: Node) -> Any:
    """exp(z) / expm1(z), which slopes of 1 / expm1 contain, is 1 / (1 - exp(-z)): Planck's law at every argument."""
    for quotient, growth in ((a, b), (b, a)):
        if growth.op == "exp" and quotient.op == "divide":
            top, bottom = quotient.inputs
            if bottom.op == "expm1" and bottom.inputs[0] is growth.inputs[0]:
                return Tracer(top) / -np.expm1(-Tracer(growth.inputs[0]))
    return None


def underneath(node: Node) -> Node:
    """The node below operations that only move or pick entries."""
    while node.op in SHAPE_OPS:
        node = node.inputs[0]
    return node


def rewrap(node: Node, change: Callable[[Node], Any]) -> Any:
    """Change the node underneath, and move and pick its entries as before."""
    if node.op not in SHAPE_OPS:
        return change(node)
    inner = rewrap(node.inputs[0], change)
    return apply(node.op, inner, *(Tracer(other) for other in node.inputs[1:]), **node.attributes)


RULES: dict[str, tuple[Callable[..., Any], ...]] = {
    "log": (_log,),
    "log1p": (_log1p,),
    "subtract": (_subtract,),
    "divide": (_divide,),
    "exp": (_exp,),
    "multiply": (_multiply,),
}
