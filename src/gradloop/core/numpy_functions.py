"""Which of NumPy's functions tracing follows, and what each becomes in the table of operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from gradloop.core.ops import OPS, apply
from gradloop.core.spec import INT64
from gradloop.core.trace import Tracer, refuse
from gradloop.errors import TracingError

Function = Callable[..., Any]


def _greater(a: Any, b: Any) -> Any:
    return apply("less", b, a)


def _greater_equal(a: Any, b: Any) -> Any:
    return apply("less_equal", b, a)


def _not_equal(a: Any, b: Any) -> Any:
    return apply("logical_not", apply("equal", a, b))


def logic(op: str, *inputs: Any) -> Any:
    """`&`, `|` and `~` between conditions; between numbers they would work on bits."""
    if any(np.result_type(value.dtype if hasattr(value, "dtype") else value).kind != "b" for value in inputs):
        refuse("& | ~ between numbers", "put comparisons in brackets: (x > 0) & (x < 1)")
    return apply(op, *inputs)


# Functions with the name of an operation need no row here.
UFUNCS: dict[np.ufunc, Function] = {
    np.square: lambda x: x * x,
    np.reciprocal: lambda x: 1 / x,
    np.positive: lambda x: x,
    np.fabs: lambda x: apply("abs", x),
    np.absolute: lambda x: apply("abs", x),
    np.float_power: lambda a, b: apply("power", a, b),
    np.exp2: lambda x: apply("exp", x * np.log(2.0)),
    np.log2: lambda x: apply("log", x) / np.log(2.0),
    np.log10: lambda x: apply("log", x) / np.log(10.0),
    np.tan: lambda x: apply("sin", x) / apply("cos", x),
    np.sinh: lambda x: 0.5 * (apply("expm1", x) - apply("expm1", -x)),
    np.cosh: lambda x: 0.5 * (apply("exp", x) + apply("exp", -x)),
    np.greater: _greater,
    np.greater_equal: _greater_equal,
    np.not_equal: _not_equal,
    np.floor_divide: lambda a, b: apply("floor", apply("divide", a, b)),
    np.remainder: lambda a, b: a - b * apply("floor", apply("divide", a, b)),
    np.bitwise_and: lambda a, b: logic("logical_and", a, b),
    np.bitwise_or: lambda a, b: logic("logical_or", a, b),
    np.invert: lambda x: logic("logical_not", x),
    np.matmul: lambda a, b: matmul(a, b),
}


def call_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What NumPy calls when one of its universal functions meets a traced value."""
    if options.get("out") is not None:
        refuse(f"np.{ufunc.__name__} with out=, which writes into an array", "let it return a new one")
    if method != "__call__" or options:
        refuse(f"np.{ufunc.__name__} with method or option {method} {sorted(options)}", "call it plainly")
    if ufunc in UFUNCS:
        return UFUNCS[ufunc](*inputs)
    if ufunc.__name__ in OPS:
        return apply(ufunc.__name__, *inputs)
    refuse(f"np.{ufunc.__name__} is not among the operations gradloop can differentiate", _followed())


def call_function(function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What NumPy calls when one of its other functions meets a traced value."""
    if function not in FUNCTIONS:
        refuse(f"np.{function.__name__} is not among the functions gradloop can follow", _followed())
    try:
        return FUNCTIONS[function](*args, **kwargs)
    except TracingError:
        raise
    except (TypeError, ValueError) as problem:
        what = str(problem).rpartition("() ")[2]  # without the name that the function has here
        refuse(
            f"np.{function.__name__}: {what}", "give it arrays, axis and keepdims only, with the shapes of one example"
        )


def _followed() -> str:
    functions: tuple[Any, ...] = (*UFUNCS, *FUNCTIONS)
    ufuncs = [name for name in OPS if isinstance(getattr(np, name, None), np.ufunc)]
    names = sorted({*ufuncs, *(function.__name__ for function in functions)})
    return "it follows: " + ", ".join(names)


# ---- products -------------------------------------------------------------------------------------------------


def matmul(a: Any, b: Any) -> Any:
    """Vectors and matrices as np.matmul takes them; inside, every product is one of matrices."""
    a_shape, b_shape = np.shape(a), np.shape(b)
    if not (1 <= len(a_shape) <= 2 and 1 <= len(b_shape) <= 2):
        refuse(
            f"a product (@) of shapes {a_shape} and {b_shape}",
            "it takes vectors and matrices; multiply by a single number with *",
        )
    rows = () if len(a_shape) == 1 else a_shape[:1]
    columns = () if len(b_shape) == 1 else b_shape[1:]
    left = a if rows else apply("reshape", a, shape=(1, *a_shape))
    right = b if columns else apply("reshape", b, shape=(*b_shape, 1))
    result = apply("matmul", left, right)
    return result if rows and columns else apply("reshape", result, shape=(*rows, *columns))


def dot(a: Any, b: Any) -> Any:
    if not np.shape(a) or not np.shape(b):
        return apply("multiply", a, b)
    return matmul(a, b)


def inner(a: Any, b: Any) -> Any:
    """Sums over the last axis of both."""
    return dot(a, np.transpose(b))


def outer(a: Any, b: Any) -> Any:
    return reshape(a, (-1, 1)) * reshape(b, (1, -1))


# ---- reductions -----------------------------------------------------------------------------------------------


def axes_of(x: Any, axis: Any) -> tuple[int, ...]:
    """The reduced axes as non-negative numbers; None means all."""
    if axis is None:
        return tuple(range(x.ndim))
    try:
        return tuple(sorted(normalize_axis_tuple(axis, x.ndim)))
    except ValueError:
        refuse(
            f"axis {axis} of an array of shape {x.shape}",
            "the function sees one example at a time, so there is no axis of rows",
        )


def reduction(op: str) -> Function:
    def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        axes = axes_of(x, axis)
        if x.dtype.kind == "b":
            x = apply("convert", x, dtype=INT64)  # a sum of truths is their number
        result = apply(op, x, axis=axes) if axes else x
        shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
        return apply("reshape", result, shape=shape) if keepdims else result

    return reduce


_sum, _max = reduction("sum"), reduction("max")


def _min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return -_max(-x, axis, keepdims)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    count = int(np.prod([x.shape[i] for i in axes_of(x, axis)], initial=1))
    return _sum(x, axis, keepdims) / count


# ---- shape, picking and joining -------------------------------------------------------------------------------


def reshape(x: Any, shape: Any, order: str = "C") -> Any:
    if order != "C":
        refuse("np.reshape with order=", "leave it out")
    wanted = (shape,) if isinstance(shape, int) else tuple(shape)
    try:
        new = np.empty(np.shape(x), np.bool_).reshape(wanted).shape
    except ValueError:
        refuse(
            f"reshape from {np.shape(x)} to {wanted}",
            "the numbers of entries differ; remember that the function sees one example, not the batch",
        )
    return x if new == np.shape(x) else apply("reshape", x, shape=new)


def transpose(x: Any, axes: Any = None) -> Any:
    if axes is not None and len(axes) == 1 and isinstance(axes[0], tuple):
        axes = axes[0]
    order = tuple(reversed(range(x.ndim))) if axes is None else normalize_axis_tuple(axes, x.ndim)
    if len(order) != x.ndim:
        refuse(f"a transpose of shape {x.shape} by axes {axes}", "name every axis once")
    return x if order == tuple(range(x.ndim)) else apply("transpose", x, axes=order)


def take_or_index(x: Tracer, key: Any) -> Any:
    """`x[label]` with a traced integer picks an entry; constants index as in NumPy."""
    if isinstance(key, Tracer):
        return take(x, key)
    parts = key if isinstance(key, tuple) else (key,)
    for part in parts:
        if isinstance(part, Tracer):
            refuse("a traced label among several indices", "use it alone, on the first axis: w.T[label]")
        if not is_fixed_index(part):
            refuse(f"an index of type {type(part).__name__}", "index with whole numbers and slices that are constants")
    return apply("index", x, key=tuple(int(p) if isinstance(p, np.integer) else p for p in parts))


def take(x: Tracer, label: Tracer) -> Any:
    if label.dtype.kind == "b":
        refuse("an index that is a condition", "write np.where(condition, a, b), or multiply by the condition")
    if label.dtype.kind not in "iu" or label.shape != ():
        refuse(
            f"an index that is traced must be one integer label, but here it is {label.node.spec}",
            "give whole-number labels 0, 1, 2, … as an integer array",
        )
    if label.node.op != "input":
        refuse("the label used as an index was computed", "index with the label itself, as it is in the data")
    return apply("take", x, label)


def is_fixed_index(part: Any) -> bool:
    if isinstance(part, slice):
        return all(end is None or isinstance(end, int | np.integer) for end in (part.start, part.stop, part.step))
    return part is None or part is Ellipsis or (isinstance(part, int | np.integer) and not isinstance(part, bool))


def concatenate(parts: Sequence[Any], axis: int = 0) -> Any:
    return apply("concatenate", *parts, axis=normalize_axis_index(axis, np.ndim(parts[0])))


def stack(parts: Sequence[Any], axis: int = 0) -> Any:
    axis = normalize_axis_index(axis, np.ndim(parts[0]) + 1)
    return concatenate([expand(part, axis) for part in parts], axis)


def expand(x: Any, axis: int) -> Any:
    shape = np.shape(x)
    new = (*shape[:axis], 1, *shape[axis:])
    return apply("reshape", x, shape=new) if hasattr(x, "__gradloop_apply__") else np.reshape(x, new)


def hstack(parts: Sequence[Any]) -> Any:
    vectors = [part if np.ndim(part) else expand(part, 0) for part in parts]
    return concatenate(vectors, 0 if np.ndim(vectors[0]) == 1 else 1)


def where(condition: Any, *branches: Any) -> Any:
    if len(branches) != 2:
        refuse("np.where with one argument", "give both values: np.where(condition, a, b)")
    return apply("where", condition, *branches)


def clip(a: Any, a_min: Any = None, a_max: Any = None) -> Any:
    result = a if a_min is None else apply("maximum", a, a_min)
    return result if a_max is None else apply("minimum", result, a_max)


FUNCTIONS: dict[Function, Function] = {
    np.dot: dot,
    np.outer: outer,
    np.inner: inner,
    np.sum: _sum,
    np.mean: mean,
    np.max: _max,
    np.min: _min,
    np.amax: _max,
    np.amin: _min,
    np.reshape: reshape,
    np.ravel: lambda x: reshape(x, -1),
    np.squeeze: lambda x: x.squeeze(),
    np.transpose: transpose,
    np.expand_dims: lambda x, axis: expand(x, normalize_axis_index(axis, x.ndim + 1)),
    np.concatenate: concatenate,
    np.stack: stack,
    np.hstack: hstack,
    np.where: where,
    np.clip: clip,
    np.zeros_like: lambda x: np.zeros(x.shape),
    np.ones_like: lambda x: np.ones(x.shape),
    np.shape: lambda x: x.shape,
    np.ndim: lambda x: x.ndim,
    np.size: lambda x: x.size,
}
