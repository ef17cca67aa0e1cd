"""Derivatives from values alone, to set beside those of the rules: a program is run again, moved by a little.

Moved by i·h, a program's imaginary part is h times its derivative, and h may be as small as we like, because nothing is
subtracted (Squire and Trapp, Using complex variables to estimate derivatives of real functions, 1998). Where an
operation has no complex meaning here, two runs at w + h and w - h are subtracted instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradloop.core.evaluate import evaluate
from gradloop.core.graph import Graph, Node
from gradloop.core.ops import OPS

AGREES = 1e-6  # largest deviation of a derivative that is called right
ROUNDING = 16 * float(np.finfo(np.float64).eps)  # of terms that cancel: no more can be asked of their sum
TINY = 1e-60  # the complex step
LOOKED_AT = 32  # most entries of an array that are moved, each on its own
Array = Any
Values = Mapping[int, Array]  # of the nodes, by their ids


class Checked(NamedTuple):
    """A derivative beside its numeric value, which is NaN for entries that were not looked at."""

    name: str
    value: Array
    numeric: Array
    deviation: float  # the largest difference, as a share of the largest entry
    tolerance: float = AGREES

    @property
    def agrees(self) -> bool:
        return self.deviation <= self.tolerance


def checked(name: str, value: Array, numeric: Array, terms: float = 0.0, tolerance: float = AGREES) -> Checked:
    """Compare; a difference that is rounding in `terms`, the size of what was added up, counts as a share of these.

    >>> checked("d y / d x", np.array([2.0, 4.0]), np.array([2.0, 5.0])).deviation
    0.2
    """
    value, numeric = np.asarray(value, np.float64), np.asarray(numeric, np.float64)
    seen = ~np.isnan(numeric) | np.isnan(value)
    with np.errstate(invalid="ignore"):
        difference = np.max(np.abs(value - numeric)[seen], initial=0.0)
    size = max(np.max(np.abs(part[seen]), initial=0.0) for part in (value, numeric))
    if difference <= ROUNDING * terms:
        size = max(size, terms)
    deviation = np.inf if not np.isfinite(difference) else difference / size if difference else 0.0
    return Checked(name, value, numeric, float(deviation), tolerance)


def all_values(graph: Graph, inputs: Mapping[str, Array]) -> dict[int, Array]:
    """The value of every node and input, by its id."""
    nodes = (*graph.inputs, *graph.nodes)
    with np.errstate(all="ignore"):
        found = evaluate(Graph(graph.name, graph.inputs, nodes), inputs)
    return {id(node): value for node, value in zip(nodes, found, strict=True)}


def numeric_slopes(graph: Graph, values: Values, target: Node) -> Array:
    """How the sum of the outputs grows with each entry of a node, as an array of the node's shape."""
    found = np.full(target.spec.shape, np.nan)
    for entry in entries(target.spec.size):
        slope = sum(float(np.sum(part)) for part in along(graph, values, unit(target, entry)))
        found.flat[entry] = np.inf if np.isnan(slope) else slope  # NaN says that nobody looked
    return found


def entries(size: int) -> list[int]:
    """Which entries of an array to move: all, or some evenly spread."""
    return sorted({int(place) for place in np.linspace(0, size - 1, min(size, LOOKED_AT))})


def unit(node: Node, entry: int) -> dict[int, Array]:
    """The direction in which one entry of a node grows, and nothing else."""
    direction = np.zeros(node.spec.shape)
    direction.flat[entry] = 1.0
    return {id(node): direction}


def along(graph: Graph, values: Values, directions: Values) -> list[Array]:
    """The derivatives of the outputs when these nodes move in these directions."""
    moving = dependents(graph, directions)
    path = [node for node in graph.nodes if id(node) in moving and id(node) not in directions]
    with np.errstate(all="ignore"):
        if all(node.op in COMPLEX or node.op in ANALYTIC for node in path):
            moved = {i: values[i] + 1j * TINY * direction for i, direction in directions.items()}
            return [np.imag(part) / TINY for part in replay(graph, path, values, moved)]
        step = central_step(values, directions)
        ahead, behind = (
            replay(graph, path, values, {i: values[i] + move * d for i, d in directions.items()})
            for move in (step, -step)
        )
        return [(a - b) / (2 * step) for a, b in zip(ahead, behind, strict=True)]


def central_step(values: Values, directions: Values) -> float:
    """The cube root of the precision, in units of what is moved: rounding and curvature do equal harm."""
    size = max(float(np.max(np.abs(values[i]))) for i in directions)
    return float(np.cbrt(np.finfo(np.float64).eps)) * (size or 1.0)


def dependents(graph: Graph, sources: Values) -> set[int]:
    """The ids of the nodes that change with the sources."""
    found = set(sources)
    for node in graph.nodes:
        if any(id(child) in found for child in node.inputs):
            found.add(id(node))
    return found


def replay(graph: Graph, path: Sequence[Node], values: Values, moved: Values) -> list[Array]:
    """The outputs of the program when some nodes have other values: what depends on them is computed again."""
    found = dict(moved)
    for node in path:
        inputs = [np.asarray(found.get(id(child), values[id(child)])) for child in node.inputs]
        meaning = COMPLEX.get(node.op) if any(map(np.iscomplexobj, inputs)) else None
        found[id(node)] = (meaning or OPS[node.op].meaning)(*inputs, **node.attributes)
    return [found.get(id(output), values[id(output)]) for output in graph.outputs]


# ---- operations on complex numbers ---------------------------------------------------------------------------

# NumPy's own meaning is right for these, ...
ANALYTIC = {
    *("negative", "exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tanh", "arctan", "add", "subtract"),
    *("multiply", "divide", "power", "where", "sum", "reshape", "transpose", "broadcast", "index", "unindex", "take"),
    *("place", "concatenate", "matmul", "logical_not", "logical_and", "logical_or"),
}


def _by_real_part(meaning: Callable[..., Any]) -> Callable[..., Any]:
    """A decision or a jump: what moves it by a little does not move it at all."""
    return lambda *inputs, **attributes: meaning(*map(np.real, inputs), **attributes)


def _mean_of_best(x: Array, axis: tuple[int, ...]) -> Any:
    best = x.real == np.max(x.real, axis=axis, keepdims=True)
    return np.sum(np.where(best, x, 0), axis=axis) / np.sum(best, axis=axis)


def _larger(a: Array, b: Array) -> Any:
    return np.where(np.real(a) > np.real(b), a, np.where(np.real(a) < np.real(b), b, (a + b) / 2))


def _logistic(x: Array) -> Any:
    decay = np.exp(-np.where(x.real < 0, -x, x))
    return np.where(x.real < 0, decay, 1) / (1 + decay)


def _logsumexp(x: Array, axis: tuple[int, ...]) -> Any:
    peak = np.max(x.real, axis=axis, keepdims=True)
    return np.log(np.sum(np.exp(x - peak), axis=axis)) + np.squeeze(peak, axis=axis)


# ... and these are continued by their formula on the side where they are; halfway where two sides meet.
COMPLEX: dict[str, Callable[..., Any]] = {
    "abs": lambda x: np.sign(x.real) * x,
    "sign": _by_real_part(np.sign),
    "floor": _by_real_part(np.floor),
    "less": _by_real_part(np.less),
    "less_equal": _by_real_part(np.less_equal),
    "equal": _by_real_part(np.equal),
    "maximum": _larger,
    "minimum": lambda a, b: -_larger(-a, -b),
    "max": _mean_of_best,
    "logistic": _logistic,
    "logsumexp": _logsumexp,
    "logaddexp": lambda a, b: _logsumexp(np.stack(np.broadcast_arrays(a, b)), (0,)),
    "convert": lambda x, dtype: x,
}
