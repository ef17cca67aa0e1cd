"""Tracing: call a plain NumPy function with stand-ins for arrays and keep a record of what it did.

The stand-in answers NumPy's own protocols (`__array_ufunc__`, `__array_function__`, operators), so user code needs
no special namespace. What only works on numbers raises a sentence with the user's file, line and the cure.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, NoReturn

import numpy as np

from gradloop.core import ops
from gradloop.core.graph import Graph, Node, constant_node, input_node
from gradloop.core.ops import OPS, apply
from gradloop.core.spec import BOOL, FLOAT64, INT64, Spec, promote
from gradloop.errors import TracingError

_OUR_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_USERS_PARTS = {"models.py", "laws.py", "losses.py", "penalties.py", "schedules.py", "optimizers.py"}
_NUMPY_FOLDER = os.path.dirname(os.path.abspath(np.__file__))
_real: ContextVar[np.dtype] = ContextVar("real", default=FLOAT64)  # of the function's data: for floats that meet none


class TracingAttributeError(TracingError, AttributeError):
    """A traced value has no such attribute."""


def user_location(problem: BaseException | None = None) -> str:
    """File and line of the innermost code that is neither ours nor NumPy's: now, or where a problem came up."""
    if problem is None:
        calls = list(traceback.walk_stack(sys._getframe(1)))
    else:
        calls = list(traceback.walk_tb(problem.__traceback__))[::-1]
    for frame, line in calls:
        if is_users(frame.f_code.co_filename):
            return f"{os.path.basename(frame.f_code.co_filename)}, line {line}, in {frame.f_code.co_name}"
    return "unknown place"


def is_users(path: str) -> bool:
    """Our own models, losses and optimizers are written as a user's, so they count as such."""
    if path.startswith(_OUR_FOLDER):
        return os.path.basename(path) in _USERS_PARTS
    return not path.startswith((_NUMPY_FOLDER, "<__array_function__"))


def refuse(what: str, cure: str, problem: BaseException | None = None) -> NoReturn:
    """Stop tracing with a sentence that begins at the user's line."""
    raise TracingError(f"{user_location(problem)}: {what}; {cure}") from problem


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
    def T(self) -> Any:  # noqa: N802 - NumPy's name
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
        return np.remainder(self, other)

    def __rmod__(self, other: Any) -> Any:
        return np.remainder(other, self)

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
        from gradloop.core.numpy_functions import take_or_index

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
        """Between kinds (a comparison to a number); the width of floats is that of the data."""
        wanted = np.dtype(dtype)
        if wanted.kind not in "fiub":
            refuse(f"a conversion to {wanted}", "gradloop computes with real numbers")
        dtype = {"f": _real.get(), "b": BOOL}.get(wanted.kind, INT64)
        return self if self.dtype == dtype else apply("convert", self, dtype=dtype)

    # what tracing cannot follow
    def __bool__(self) -> bool:
        refuse(
            "the function asks whether a traced value is true, but it stands for every example at once",
            "write np.where(condition, a, b) instead of if / and / or / max() / min()",
        )

    def __float__(self) -> float:
        refuse(
            "the function turns a traced value into a Python number (float(), math.…, an entry of an array)",
            "use NumPy's function of the same name, such as np.exp for math.exp, and np.stack to fill an array",
        )

    __int__ = __index__ = __complex__ = __float__

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
    if op == "add" and all(node.spec.dtype == BOOL for node in nodes):
        op = "logical_or"  # as NumPy adds truths
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
    return constant_node(array, _real.get() if array.dtype.kind == "f" else promote(array.dtype))


def in_common_dtype(op: str, nodes: list[Node]) -> list[Node]:
    """Convert the inputs of an elementwise operation to one dtype, and a condition to booleans."""
    first = 1 if op == "where" else 0
    dtype = promote(*(node.spec.dtype for node in nodes[first:]))
    rule = OPS[op].spec
    if rule is ops.elementwise_float or op in ("logsumexp", "matmul"):
        dtype = dtype if dtype.kind == "f" else _real.get()
    elif op.startswith("logical"):
        dtype = BOOL
    elif rule in (ops.elementwise, ops.comparison) and dtype == BOOL:
        dtype = _real.get()
    conditions = [converted(node, BOOL) for node in nodes[:first]]
    return conditions + [converted(node, dtype) for node in nodes[first:]]


def converted(node: Node, dtype: np.dtype) -> Node:
    if node.spec.dtype == dtype:
        return node
    if node.is_constant:
        return constant_node(node.attributes["value"], dtype)
    return Node("convert", (node,), Spec(node.spec.shape, dtype), {"dtype": dtype})


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
    floats = [spec.dtype for spec in specs.values() if spec.is_float]
    token = _real.set(promote(*floats) if floats else FLOAT64)
    try:
        result = function(*(Tracer(node) for node in inputs))
    except TypeError as problem:  # Python's own, for what a Tracer has no method for: x ^ y, round(x)
        if Tracer.__name__ not in str(problem):
            raise
        what = str(problem).replace(f"'{Tracer.__name__}'", "a traced value")
        refuse(what, "use arithmetic and NumPy's functions", problem)
    except ValueError as problem:
        if isinstance(problem.__cause__, TracingError):  # NumPy wraps it where it wanted a number for an entry
            raise problem.__cause__ from None
        raise
    finally:
        _real.reset(token)
    results = result if isinstance(result, tuple) else (result,)
    for value in results:
        check_result(function, value)
    dtypes = [spec.dtype for spec in specs.values()]
    outputs = tuple(to_node(value, dtypes) for value in results)
    return Graph(name or getattr(function, "__name__", "function"), inputs, outputs)


def check_result(function: Callable[..., Any], value: Any) -> None:
    if value is None:
        raise TracingError(f"{describe(function)} returns nothing; end it with return and the value")
    if not isinstance(value, Tracer | np.ndarray | np.generic | float | int):
        kind = type(value).__name__
        raise TracingError(f"{describe(function)} returns a {kind}; end it with return and a number or an array")


def describe(function: Callable[..., Any]) -> str:
    """A function by its name, file and line, for messages."""
    code = getattr(function, "__code__", None)
    if code is None:
        return repr(function)
    return f"{function.__name__} ({os.path.basename(code.co_filename)}, line {code.co_firstlineno})"
