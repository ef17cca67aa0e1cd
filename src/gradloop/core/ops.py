"""The closed table of operations: one row each, with its spec rule, its meaning in NumPy and its derivative.

A derivative is a function `(g, y, *inputs, **attributes)` that returns, for every input, what reaches it of `g`, the
derivative of the final number with respect to the result `y`. It is written with NumPy and with the operations
themselves, so it runs on arrays, can be traced, and derivatives of derivatives come for free. Sums over broadcast
axes are not its business: `gradloop.core.grad` adds them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gradloop.core.spec import BOOL, FLOAT64, Spec, broadcast, promote

Array = Any  # an ndarray, or anything that stands for one (a tracer)
Axes = tuple[int, ...]


class Op(NamedTuple):
    """A row of the table."""

    spec: Callable[..., Spec]
    meaning: Callable[..., Any]
    derivative: Callable[..., tuple[Any, ...]]
    symbol: str = ""  # how it prints; "" prints name(inputs)


def apply(op: str, *inputs: Array, **attributes: Any) -> Any:
    """Apply an operation of the table to arrays, or to tracers (which record it)."""
    for value in inputs:
        if hasattr(value, "__gradloop_apply__"):
            return value.__gradloop_apply__(op, *inputs, **attributes)
    return OPS[op].meaning(*inputs, **attributes)


# ---- spec rules -----------------------------------------------------------------------------------------------


def elementwise(*specs: Spec) -> Spec:
    return Spec(broadcast(*(s.shape for s in specs)), promote(*(s.dtype for s in specs)))


def elementwise_float(*specs: Spec) -> Spec:
    dtype = promote(*(s.dtype for s in specs))
    return Spec(broadcast(*(s.shape for s in specs)), dtype if dtype.kind == "f" else FLOAT64)


def comparison(*specs: Spec) -> Spec:
    return Spec(broadcast(*(s.shape for s in specs)), BOOL)


def choice(condition: Spec, a: Spec, b: Spec) -> Spec:
    return Spec(broadcast(condition.shape, a.shape, b.shape), promote(a.dtype, b.dtype))


def reduction(x: Spec, axis: Axes) -> Spec:
    return Spec(tuple(n for i, n in enumerate(x.shape) if i not in axis), x.dtype)


def product(a: Spec, b: Spec) -> Spec:
    if a.shape[1] != b.shape[0]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit: {a.shape[1]} is not {b.shape[0]}")
    return Spec((a.shape[0], b.shape[1]), promote(a.dtype, b.dtype))


def joined(*parts: Spec, axis: int) -> Spec:
    shape = np.concatenate([np.empty(part.shape, BOOL) for part in parts], axis=axis).shape
    return Spec(shape, promote(*(part.dtype for part in parts)))


def indexed(x: Spec, key: tuple[Any, ...]) -> Spec:
    return Spec(np.empty(x.shape, BOOL)[key].shape, x.dtype)


# ---- meanings that NumPy does not have under one name ---------------------------------------------------------


def logistic(x: Array) -> Any:
    """1 / (1 + exp(-x)) without overflow."""
    if hasattr(x, "__gradloop_apply__"):
        return apply("logistic", x)
    decay = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + decay), decay / (1 + decay)).astype(np.asarray(x).dtype)


def logsumexp(x: Array, axis: Axes) -> Any:
    """log(sum(exp(x))) without overflow."""
    if hasattr(x, "__gradloop_apply__"):
        return apply("logsumexp", x, axis=axis)
    peak = np.max(x, axis=axis, keepdims=True)
    peak = np.where(np.isfinite(peak), peak, 0).astype(x.dtype)
    return np.log(np.sum(np.exp(x - peak), axis=axis)) + np.squeeze(peak, axis=axis)


def _unindex(g: Any, key: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    whole = np.zeros(shape, np.asarray(g).dtype)
    whole[key] = g
    return whole


def _place(g: Any, label: Any, length: int) -> Any:
    whole = np.zeros((length, *np.shape(g)[np.ndim(label) :]), np.asarray(g).dtype)
    np.add.at(whole, label, g)  # an entry that was picked twice gets both shares
    return whole


# ---- pieces of derivatives ------------------------------------------------------------------------------------


def _spread(g: Array, x: Array, axis: Axes) -> Any:
    """Give back to every entry along the summed axes what the sum received."""
    shape = tuple(1 if i in axis else n for i, n in enumerate(x.shape))
    return apply("broadcast", apply("reshape", g, shape=shape), shape=x.shape)


def _zero_where(condition: Array, otherwise: Array) -> Any:
    return apply("where", condition, 0.0, otherwise)


def _d_power(g: Array, y: Array, a: Array, b: Array) -> tuple[Any, Any]:
    # 0**b does not change with b, and a negative base has whole exponents only: the logarithm counts above 0.
    safe = apply("where", apply("less", 0.0, a), a, 1.0)
    return g * b * a ** (_not_zero(b) - 1), g * y * np.log(safe)


def _not_zero(b: Array) -> Any:
    """1 in place of 0: the slope of a**0 is 0 everywhere, and 0 * a**-1 would not be at a = 0."""
    return b or 1 if isinstance(b, int | float) else apply("where", apply("equal", b, 0.0), 1.0, b)


def _d_max(g: Array, y: Array, x: Array, axis: Axes) -> tuple[Any]:
    best = apply("convert", apply("equal", x, _spread(y, x, axis)), dtype=x.dtype)
    return (_spread(g, x, axis) * best / _spread(apply("sum", best, axis=axis), x, axis),)


def _share(wins: Array, ties: Array, g: Array) -> Any:
    """A strict winner gets all of g, equal ones half each."""
    return apply("where", wins, g, apply("where", ties, 0.5 * g, 0.0))


def _d_concatenate(g: Array, y: Array, *parts: Array, axis: int) -> tuple[Any, ...]:
    ends = np.cumsum([part.shape[axis] for part in parts]).tolist()
    before = (slice(None),) * axis
    return tuple(
        apply("index", g, key=(*before, slice(end - part.shape[axis], end)))
        for end, part in zip(ends, parts, strict=True)
    )


def _none(g: Array, y: Array, *inputs: Array, **attributes: Any) -> tuple[None, ...]:
    return (None,) * len(inputs)


# ---- the table ------------------------------------------------------------------------------------------------

OPS: dict[str, Op] = {
    # elementwise, one input
    "negative": Op(elementwise, np.negative, lambda g, y, x: (-g,), "-{}"),
    "exp": Op(elementwise_float, np.exp, lambda g, y, x: (g * y,)),
    "expm1": Op(elementwise_float, np.expm1, lambda g, y, x: (g * np.exp(x),)),
    "log": Op(elementwise_float, np.log, lambda g, y, x: (g / x,)),
    "log1p": Op(elementwise_float, np.log1p, lambda g, y, x: (g / (1 + x),)),
    "sqrt": Op(elementwise_float, np.sqrt, lambda g, y, x: (g * 0.5 / y,)),
    "abs": Op(elementwise, np.abs, lambda g, y, x: (g * np.sign(x),)),
    "sign": Op(elementwise, np.sign, _none),
    "floor": Op(elementwise_float, np.floor, _none),
    "sin": Op(elementwise_float, np.sin, lambda g, y, x: (g * np.cos(x),)),
    "cos": Op(elementwise_float, np.cos, lambda g, y, x: (g * -np.sin(x),)),
    "arctan": Op(elementwise_float, np.arctan, lambda g, y, x: (g / (1 + x * x),)),
    "tanh": Op(elementwise_float, np.tanh, lambda g, y, x: (g * (1 - y * y),)),
    "logistic": Op(elementwise_float, logistic, lambda g, y, x: (g * (y * logistic(-x)),)),
    "logical_not": Op(comparison, np.logical_not, _none, "not {}"),
    "convert": Op(
        lambda x, dtype: Spec(x.shape, np.dtype(dtype)),
        lambda x, dtype: np.asarray(x).astype(dtype),
        lambda g, y, x, dtype: (apply("convert", g, dtype=x.dtype) if x.dtype.kind == y.dtype.kind == "f" else None,),
    ),
    # elementwise, two inputs
    "add": Op(elementwise, np.add, lambda g, y, a, b: (g, g), "{} + {}"),
    "subtract": Op(elementwise, np.subtract, lambda g, y, a, b: (g, -g), "{} - {}"),
    "multiply": Op(elementwise, np.multiply, lambda g, y, a, b: (g * b, g * a), "{} * {}"),
    "divide": Op(elementwise_float, np.divide, lambda g, y, a, b: (g / b, -g * y / b), "{} / {}"),
    "power": Op(elementwise_float, np.power, _d_power, "{} ** {}"),
    "maximum": Op(elementwise, np.maximum, lambda g, y, a, b: (_share(a > b, a == b, g), _share(b > a, a == b, g))),
    "minimum": Op(elementwise, np.minimum, lambda g, y, a, b: (_share(a < b, a == b, g), _share(b < a, a == b, g))),
    "logaddexp": Op(elementwise_float, np.logaddexp, lambda g, y, a, b: (g * logistic(a - b), g * logistic(b - a))),
    # comparisons and choice
    "less": Op(comparison, np.less, _none, "{} < {}"),
    "less_equal": Op(comparison, np.less_equal, _none, "{} <= {}"),
    "equal": Op(comparison, np.equal, _none, "{} == {}"),
    "logical_and": Op(comparison, np.logical_and, _none, "{} and {}"),
    "logical_or": Op(comparison, np.logical_or, _none, "{} or {}"),
    "where": Op(
        choice,
        np.where,
        lambda g, y, c, a, b: (None, apply("where", c, g, 0.0), _zero_where(c, g)),
    ),
    # reductions
    "sum": Op(reduction, lambda x, axis: np.add.reduce(x, axis=axis), lambda g, y, x, axis: (_spread(g, x, axis),)),
    "max": Op(reduction, lambda x, axis: np.max(x, axis=axis), _d_max),
    "logsumexp": Op(
        reduction,
        logsumexp,
        lambda g, y, x, axis: (_spread(g, x, axis) * np.exp(x - _spread(y, x, axis)),),
    ),
    # shape
    "reshape": Op(
        lambda x, shape: Spec(shape, x.dtype),
        lambda x, shape: np.reshape(x, shape),
        lambda g, y, x, shape: (apply("reshape", g, shape=x.shape),),
    ),
    "transpose": Op(
        lambda x, axes: Spec(tuple(x.shape[i] for i in axes), x.dtype),
        lambda x, axes: np.transpose(x, axes),
        lambda g, y, x, axes: (apply("transpose", g, axes=tuple(np.argsort(axes).tolist())),),
    ),
    "broadcast": Op(
        lambda x, shape: Spec(broadcast(x.shape, shape), x.dtype),
        lambda x, shape: np.broadcast_to(x, shape),
        lambda g, y, x, shape: (g,),
    ),
    # picking and joining
    "index": Op(
        indexed,
        lambda x, key: x[key],
        lambda g, y, x, key: (apply("unindex", g, key=key, shape=x.shape),),
    ),
    "unindex": Op(
        lambda g, key, shape: Spec(shape, g.dtype),
        _unindex,
        lambda g, y, x, key, shape: (apply("index", g, key=key),),
    ),
    "take": Op(
        lambda x, label: Spec((*label.shape, *x.shape[1:]), x.dtype),
        lambda x, label: x[label],
        lambda g, y, x, label: (apply("place", g, label, length=x.shape[0]), None),
        "{}[{}]",
    ),
    "place": Op(
        lambda g, label, length: Spec((length, *g.shape[len(label.shape) :]), g.dtype),
        _place,
        lambda g, y, x, label, length: (apply("take", g, label), None),
    ),
    "concatenate": Op(joined, lambda *parts, axis: np.concatenate(parts, axis=axis), _d_concatenate),
    # matrices: (m, k) times (k, n); vectors are reshaped to rows or columns first
    "matmul": Op(product, np.matmul, lambda g, y, a, b: (g @ b.T, a.T @ g), "{} @ {}"),
}

COMMUTATIVE = {"add", "multiply", "maximum", "minimum", "logaddexp", "equal", "logical_and", "logical_or"}
LABEL_OPS = {"take": 1, "place": 1}  # which input is an integer label: it is never converted
