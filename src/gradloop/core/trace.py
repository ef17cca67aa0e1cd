"""Tracing: call a plain NumPy function with stand-ins for arrays and keep a record of what it did.

The stand-in answers NumPy's own protocols (`__array_ufunc__`, `__array_function__`, operators), so user code needs
no special namespace. What only works on numbers raises a sentence with the user's file, line and the cure.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from gradloop.core import ops
from gradloop.core.graph import Graph, Node, constant_node, input_node
from gradloop.core.ops import OPS, apply
from gradloop.core.spec import BOOL, FLOAT64, INT64, Spec, promote
from gradloop.errors import TracingError

_OUR_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_NUMPY_FOLDER = os.path.dirname(os.path.abspath(np.__file__))


class TracingAttributeError(TracingError, AttributeError):
    """A traced value has no such attribute."""


def user_location() -> str:
    """File and line of the innermost code that is neither ours nor NumPy's; our own models count as the user's."""
    frame = sys._getframe(1)
    while frame is not None:
        path = frame.f_code.co_filename
        inside = path.startswith((os.path.join(_OUR_FOLDER, "core"), _NUMPY_FOLDER))
        if not inside and not path.startswith("<__array_function__"):
            return f"{os.path.basename(path)}, line {frame.f_lineno}, in {frame.f_code.co_name}"
        frame = frame.f_back  # type: ignore[assignment]
    return "unknown place"


def refuse(what: str, cure: str) -> NoReturn:
    """Stop tracing with a sentence that begins at the user's line."""
    raise TracingError(f"{user_location()}: {what}; {cure}")


class Tracer:
    """Stands for an array while a function is traced: it has a shape and a dtype, but no numbers."""

    __slots__ = ("node",)
    __array_priority__ = 1000

    def __init__(self, node: Node) -> None:
        self.node = node

    # what is known of the array
    @property
    def shape(self) -> tuple[int, ...]:
        return self.node.spec.shape

    @property
    def dtype(self) -> np.dtype:
        return self.node.spec.dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return self.node.spec.size

    @property
    def T(self) -> Any:
        return np.transpose(self)

    def __repr__(self) -> str:
        return f"<traced {self.node.spec}>"

    # the protocols through which NumPy and the table of operations reach us
    def __gradloop_apply__(self, op: str, *inputs: Any, **attributes: Any) -> Tracer:
        return record(op, *inputs, **attributes)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        from gradloop.core.numpy_functions import call_ufunc

        return call_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        from gradloop.core.numpy_functions import call_function

        return call_function(function, args, kwargs)

    # arithmetic
    def __add__(self, other: Any) -> Any:
        return apply("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return apply("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return apply("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return apply("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return apply("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return apply("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return apply("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return apply("divide", other, self)

    def __pow__(self, other: Any) -> Any:
        return apply("power", self, other)

    def __rpow__(self, other: Any) -> Any:
        return apply("power", other, self)

    def __floordiv__(self, other: Any) -> Any:
        return apply("floor", self / other)

    def __rfloordiv__(self, other: Any) -> Any:
        return apply("floor", other / self)

    def __mod__(self, other: Any) -> Any:
        return self - other * (self // other)

    def __neg__(self) -> Any:
        return apply("negative", self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return apply("abs", self)

    def __matmul__(self, other: Any) -> Any:
        return np.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return np.matmul(other, self)

    # comparison and logic
    def __lt__(self, other: Any) -> Any:
        return apply("less", self, other)

    def __le__(self, other: Any) -> Any:
        return apply("less_equal", self, other)

    def __gt__(self, other: Any) -> Any:
        return apply("less", other, self)

    def __ge__(self, other: Any) -> Any:
        return apply("less_equal", other, self)

    def __eq__(self, other: object) -> Any:
        return apply("equal", self, other)

    def __ne__(self, other: object) -> Any:
        return apply("logical_not", apply("equal", self, other))

    def __and__(self, other: Any) -> Any:
        return np.bitwise_and(self, other)

    __rand__ = __and__

    def __or__(self, other: Any) -> Any:
        return np.bitwise_or(self, other)

    __ror__ = __or__

    def __invert__(self) -> Any:
        return np.invert(self)

    __hash__ = None  # type: ignore[assignment]

    # methods of arrays
    def __getitem__(self, key: Any) -> Any:
        return take_or_index(self, key)

    def __len__(self) -> int:
        if not self.shape:
            refuse("len() of a single number", "the example or parameter here has no axis")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def reshape(self, *shape: Any) -> Any:
        return np.reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, axes or None)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        return np.sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        return np.mean(self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        return np.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        return np.min(self, axis=axis, keepdims=keepdims)

    def dot(self, other: Any) -> Any:
        return np.dot(self, other)

    def clip(self, low: Any = None, high: Any = None) -> Any:
        return np.clip(self, low, high)

    def ravel(self) -> Any:
        return np.reshape(self, -1)

    flatten = ravel

    def squeeze(self) -> Any:
        return np.reshape(self, tuple(n for n in self.shape if n != 1))

    def copy(self) -> Tracer:
        return self

    def astype(self, dtype: Any) -> Any:
        """Between kinds (a comparison to a number); the width of floats stays that of the data."""
        wanted = np.dtype(dtype)
        if wanted.kind not in "fiub":
            refuse(f"a conversion to {wanted}", "gradloop computes with real numbers")
        if wanted.kind == "f" and self.dtype.kind == "f":
            return self
        return apply("convert", self, dtype={"f": FLOAT64, "b": BOOL}.get(wanted.kind, INT64))

    # what tracing cannot follow
    def __bool__(self) -> bool:
        refuse(
            "the function asks whether a traced value is true, but it stands for every example at once",
            "write np.where(condition, a, b) instead of if / and / or / max() / min()",
        )

    def __float__(self) -> float:
        refuse(
            "the function turns a traced value into a Python number (float(), math.…)",
            "use NumPy's function of the same name, such as np.exp for math.exp",
        )

    __int__ = __index__ = __complex__ = __float__  # type: ignore[assignment]

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        refuse(
            "the function turns a traced value into an array of numbers (np.array, np.asarray)",
            "use np.stack([...]) or np.concatenate([...]) to put traced values together",
        )

    def __setitem__(self, key: Any, value: Any) -> None:
        refuse("the function assigns into an array", "compute a new one with np.where or np.stack and return it")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise TracingAttributeError(
            f"{user_location()}: a traced array has no attribute {name!r}; use one of NumPy's functions that "
            "gradloop follows, such as np.sum, np.dot, np.exp, np.where"
        )


# ---- recording ------------------------------------------------------------------------------------------------

KEEP_DTYPES = {"convert", "take", "place", "index", "unindex", "reshape", "transpose", "broadcast", "sum", "max"}


def record(op: str, *inputs: Any, **attributes: Any) -> Tracer:
    """Make the node for an operation on traced values and constants."""
    dtypes = [value.dtype for value in inputs if isinstance(value, Tracer)]
    nodes = [to_node(value, dtypes) for value in inputs]
    if op not in KEEP_DTYPES:
        nodes = in_common_dtype(op, nodes)
    try:
        spec = OPS[op].spec(*(node.spec for node in nodes), **attributes)
    except (ValueError, IndexError) as problem:
        refuse(f"{op}: {problem}", "shapes are those of one example, so an axis of rows does not appear")
    return Tracer(Node(op, tuple(nodes), spec, attributes))


def to_node(value: Any, dtypes: Sequence[np.dtype]) -> Node:
    """The node of a tracer; anything else becomes a constant that does not widen the floats it meets."""
    if isinstance(value, Tracer):
        return value.node
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        refuse(f"a constant of type {array.dtype}", "gradloop computes with real numbers")
    if array.dtype.kind == "b":
        return constant_node(array, BOOL)
    floats = [dtype for dtype in dtypes if dtype.kind == "f"]
    if floats:
        return constant_node(array, promote(*floats))
    return constant_node(array, FLOAT64 if array.dtype.kind == "f" else promote(array.dtype))


def in_common_dtype(op: str, nodes: list[Node]) -> list[Node]:
    """Convert the inputs of an elementwise operation to one dtype, and a condition to booleans."""
    first = 1 if op == "where" else 0
    dtype = promote(*(node.spec.dtype for node in nodes[first:]))
    rule = OPS[op].spec
    if rule is ops.elementwise_float or op in ("logsumexp", "matmul"):
        dtype = dtype if dtype.kind == "f" else FLOAT64
    elif op.startswith("logical"):
        dtype = BOOL
    elif rule in (ops.elementwise, ops.comparison) and dtype == BOOL:
        dtype = FLOAT64
    conditions = [converted(node, BOOL) for node in nodes[:first]]
    return conditions + [converted(node, dtype) for node in nodes[first:]]


def converted(node: Node, dtype: np.dtype) -> Node:
    if node.spec.dtype == dtype:
        return node
    if node.is_constant:
        return constant_node(node.attributes["value"], dtype)
    return Node("convert", (node,), Spec(node.spec.shape, dtype), {"dtype": dtype})


def take_or_index(x: Tracer, key: Any) -> Any:
    """`x[label]` with a traced integer picks an entry; constants index as in NumPy."""
    if isinstance(key, Tracer):
        if key.dtype.kind not in "iu" or key.shape != ():
            refuse(
                f"an index that is traced must be one integer label, but here it is {key.node.spec}",
                "give whole-number labels 0, 1, 2, … as an integer array",
            )
        if key.node.op != "input":
            refuse("the label used as an index was computed", "index with the label itself, as it is in the data")
        return apply("take", x, key)
    parts = key if isinstance(key, tuple) else (key,)
    for part in parts:
        constant = part is None or part is Ellipsis or isinstance(part, (int, slice, np.integer))
        if not constant or isinstance(part, bool):
            refuse(f"an index of type {type(part).__name__}", "index with whole numbers and slices that are constants")
    return apply("index", x, key=tuple(int(p) if isinstance(p, np.integer) else p for p in parts))


def trace(function: Callable[..., Any], specs: Mapping[str, Spec], name: str = "") -> Graph:
    """Record what `function` does with arguments of these shapes.

    The arguments are passed in the order of `specs`. A tuple of results gives a graph of several outputs.

    Raises:
        TracingError: the function does something that tracing cannot follow; names its file and line.

    >>> print(trace(lambda x, w: np.dot(x, w) + 1, {"x": Spec((2,), FLOAT64), "w": Spec((2,), FLOAT64)}, "f"))
    f(x: float64[2], w: float64[2]):
      v1 = reshape(x, shape=(1, 2))  # float64[1, 2]
      v2 = reshape(w, shape=(2, 1))  # float64[2, 1]
      v3 = v1 @ v2                   # float64[1, 1]
      v4 = reshape(v3, shape=())     # float64[]
      v5 = v4 + 1.0                  # float64[]
      return v5
    """
    inputs = tuple(input_node(argument, spec) for argument, spec in specs.items())
    result = function(*(Tracer(node) for node in inputs))
    results = result if isinstance(result, tuple) else (result,)
    if any(value is None for value in results):
        raise TracingError(f"{describe(function)} returns nothing; end it with return and the value")
    dtypes = [spec.dtype for spec in specs.values()]
    outputs = tuple(to_node(value, dtypes) for value in results)
    return Graph(name or getattr(function, "__name__", "function"), inputs, outputs)


def describe(function: Callable[..., Any]) -> str:
    """A function by its name, file and line, for messages."""
    code = getattr(function, "__code__", None)
    if code is None:
        return repr(function)
    return f"{function.__name__} ({os.path.basename(code.co_filename)}, line {code.co_firstlineno})"
