"""Operations that a language lacks, said with operations that it has, without losing digits."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

import numpy as np

from gradloop.core.graph import Graph, Node
from gradloop.core.ops import apply
from gradloop.core.trace import Tracer

Array = Any


def logistic(x: Array) -> Array:
    """The smaller of 1 and exp(x), over 1 + exp(-|x|): neither exponential overflows, and no digits cancel.

    >>> print(logistic(np.array([-1000.0, 0.0, 1000.0])))
    [0.  0.5 1. ]
    """
    return np.exp(np.minimum(x, 0.0)) / (1.0 + np.exp(-np.abs(x)))


def expm1(x: Array) -> Array:
    """exp(x) - 1 = tanh(x / 2) (exp(x) + 1), whose factors keep all digits near 0.

    >>> print(expm1(np.array(1e-20)))
    1e-20
    """
    return np.tanh(0.5 * x) * (np.exp(x) + 1.0)


def log1p(x: Array) -> Array:
    """log(u) x / (u - 1) with u = 1 + x as it is rounded: the errors of the two cancel.

    >>> print(log1p(np.array(1e-20)))
    1e-20

    Source: Higham, Accuracy and Stability of Numerical Algorithms, 2002, problem 1.5.
    """
    u = 1.0 + x
    rounded_away = u == 1.0
    return np.where(rounded_away, x, np.log(u) * x / np.where(rounded_away, 1.0, u - 1.0))


def logaddexp(a: Array, b: Array) -> Array:
    """The larger one plus log1p(exp(-distance)).

    >>> print(logaddexp(np.array(1000.0), np.array(0.0)))
    1000.0
    """
    return np.maximum(a, b) + np.log1p(np.exp(-np.abs(a - b)))


def logsumexp(x: Array, axis: tuple[int, ...]) -> Array:
    """The largest, plus the logarithm of the sum of exp(x - largest).

    >>> print(logsumexp(np.array([1000.0, 0.0]), (0,)))
    1000.0
    """
    peak = np.max(x, axis=axis)
    spread = apply("reshape", peak, shape=tuple(1 if i in axis else n for i, n in enumerate(x.shape)))
    return np.log(np.sum(np.exp(x - spread), axis=axis)) + peak


REWRITES: dict[str, Callable[..., Array]] = {
    "expm1": expm1,
    "log1p": log1p,
    "logaddexp": logaddexp,
    "logistic": logistic,
    "logsumexp": logsumexp,
}


def without(graph: Graph, lacking: Container[str]) -> Graph:
    """The same program without these operations, which are among REWRITES.

    It is not to be simplified afterwards: that would find the operations again.
    """
    found: dict[int, Node] = {}
    for node in graph.nodes:
        found[id(node)] = _renewed(node, tuple(found[id(child)] for child in node.inputs), lacking)
    return Graph(graph.name, graph.inputs, tuple(found[id(output)] for output in graph.outputs))


def _rewritten(node: Node, inputs: tuple[Node, ...], lacking: Container[str]) -> Node:
    """One operation in others, and these in others again where they are lacking too."""
    known = {id(child): child for child in inputs}

    def settled(step: Node) -> Node:
        if id(step) not in known:
            known[id(step)] = _renewed(step, tuple(map(settled, step.inputs)), lacking)
        return known[id(step)]

    return settled(REWRITES[node.op](*map(Tracer, inputs), **node.attributes).node)


def _renewed(node: Node, inputs: tuple[Node, ...], lacking: Container[str]) -> Node:
    if node.op in lacking:
        return _rewritten(node, inputs, lacking)
    return Node(node.op, inputs, node.spec, node.attributes) if inputs else node
