"""Performing operations: the numbers by NumPy, and a step on the tape where a gradient is wanted."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from gradloop.core import numpy_functions, ops
from gradloop.core.ops import OPS
from gradloop.core.spec import promote
from gradloop.core.trace import KEEP_DTYPES
from gradloop.eager.base import Taped, arrays_in, changed, is_recorded, raw, viewed, wrapped
from gradloop.eager.recording import STATE
from gradloop.eager.tape import Leaf, Step, clock
from gradloop.errors import TapeError, TracingError

Method = Callable[[Any, Any], Any]
NUMBERS = {int, float}
NO_ATTRIBUTES: dict[str, Any] = {}
ndarray = np.ndarray
VIEWS = ("reshape", "transpose", "index")


def perform(op: str, inputs: Sequence[Any], attributes: dict[str, Any]) -> Any:
    """Apply an operation of the table to arrays and numbers; record it if a gradient is wanted of one of them.

    Raises: TapeError for shapes that do not fit.
    """
    first = next(x for x in inputs if isinstance(x, Taped))
    inputs = aligned(op, [x if isinstance(x, Taped | int | float) else constant(x, first) for x in inputs], first)
    try:
        value = OPS[op].meaning(*[x.value if isinstance(x, Taped) else x for x in inputs], **attributes)
    except (ValueError, IndexError, TypeError) as problem:
        refuse(op, inputs, problem)
    result = wrapped(first.__class__, value)
    if is_recorded(*inputs):
        parents = tuple([x.node if isinstance(x, Taped) else None for x in inputs])
        result.node = Step(op, tuple(inputs), attributes, result.value, parents)
    return viewed(result, inputs[0]) if op in VIEWS else result


def refuse(name: str, inputs: Sequence[Any], problem: Exception) -> NoReturn:
    """Say what NumPy could not do, and with which shapes."""
    shapes = " and ".join(str(x.shape) for x in arrays_in(list(inputs)))
    raise TapeError(f"{name} of arrays of shape {shapes} cannot be computed: {problem}.") from problem


def constant(x: Any, like: Taped) -> Any:
    """Something that is not ours as an array that is; NumPy's single numbers as Python's, which widen nothing."""
    return x.item() if isinstance(x, np.generic) else like.like(np.asarray(x))


def aligned(op: str, inputs: list[Any], first: Taped) -> list[Any]:
    """Whole numbers and truths take the width of the real numbers that they meet."""
    rule = OPS[op].spec
    if op in KEEP_DTYPES or rule is ops.comparison:
        return inputs
    judged = inputs[1:] if op == "where" else inputs
    dtypes = {x.value.dtype for x in judged if isinstance(x, Taped)}
    if not dtypes or (len(dtypes) == 1 and next(iter(dtypes)).kind == "f"):
        return inputs
    dtype = promote(*dtypes)
    needs_real = rule is ops.elementwise_float or op == "logsumexp" or any(isinstance(x, float) for x in judged)
    if dtype.kind != "f" and (needs_real or (op == "matmul" and dtype.kind == "b")):
        dtype = first.real
    if dtype.kind == "b":
        return inputs
    return [*inputs[: len(inputs) - len(judged)], *(converted(x, dtype) for x in judged)]


def converted(x: Any, dtype: Any) -> Any:
    if not isinstance(x, Taped) or x.value.dtype == dtype:
        return x
    return perform("convert", (x,), {"dtype": dtype}) if x.node is not None else x.like(x.value.astype(dtype))


def pick(x: Any, key: Any) -> Any:
    """`x[key]`: slices and whole numbers are known when the step is recorded; arrays of numbers are its inputs."""
    if x.node is None:
        try:
            return viewed(wrapped(x.__class__, x.value[key]), x)
        except (IndexError, TypeError) as problem:
            refuse("indexing", (x,), problem)
    parts = key if isinstance(key, tuple) else (key,)
    if not any(isinstance(part, np.ndarray | list | range) for part in parts):
        return perform("index", (x,), {"key": key})
    if len(parts) > 1 or np.asarray(parts[0]).dtype.kind == "b":
        parts = (pick(x.like(np.arange(x.value.size).reshape(x.value.shape)), key).value,)
        x = x.reshape(-1)
    return perform("take", (x, np.asarray(parts[0])), {})


# ---- operators ----------------------------------------------------------------------------------------------


def binary(op: str, meaning: Callable[[Any, Any], Any], axes: int | None = None) -> tuple[Method, Method]:
    """The methods for `a ∘ b` and, reflected, `b ∘ a`: a short road for the usual case, `perform` for all others.

    Args: axes, how many both sides must have for the short road; None: any number.
    """

    def usual(self: Any, other: Any) -> Any:
        kind, a, node, others_node = self.__class__, self.value, self.node, None
        if other.__class__ is kind:
            b, others_node = other.value, other.node
        elif other.__class__ in NUMBERS:
            b = other
        else:
            return general(self, other)
        if axes is not None and not (a.ndim == axes == getattr(b, "ndim", None)):
            return general(self, other)
        try:
            value = meaning(a, b)
        except ValueError as problem:
            refuse(op, (self, other), problem)
        dtype = a.dtype
        if value.__class__ is not ndarray or value.dtype is not dtype or dtype.kind != "f":
            return general(self, other)
        if (node is None and others_node is None) or not (kind.records if STATE.recording is None else STATE.recording):
            return wrapped(kind, value)
        return wrapped(kind, value, Step(op, (self, other), NO_ATTRIBUTES, value, (node, others_node)))

    def reflected(self: Any, other: Any) -> Any:
        kind, a, node = self.__class__, self.value, self.node
        if other.__class__ not in NUMBERS or axes is not None or a.dtype.kind != "f":
            return general(other, self)
        value = meaning(other, a)
        if value.__class__ is not ndarray:
            return general(other, self)
        if node is None or not (kind.records if STATE.recording is None else STATE.recording):
            return wrapped(kind, value)
        return wrapped(kind, value, Step(op, (other, self), NO_ATTRIBUTES, value, (None, node)))

    def general(a: Any, b: Any) -> Any:
        if not (is_array_like(a) and is_array_like(b)):
            return NotImplemented
        return perform(op, (a, b), {}) if axes is None else np.matmul(a, b)

    return usual, reflected


def is_array_like(x: Any) -> bool:
    return isinstance(x, Taped | int | float | np.ndarray | np.generic | list)


def comparison(meaning: Callable[[Any, Any], Any]) -> Method:
    """A comparison: it has no derivative, so nothing is recorded."""

    def compare(self: Any, other: Any) -> Any:
        if not is_array_like(other):
            return NotImplemented
        try:
            return wrapped(self.__class__, meaning(self.value, raw(other)))
        except ValueError as problem:
            refuse("comparison", (self, other), problem)

    return compare


def in_place(op: str, meaning: np.ufunc) -> Method:
    """The method for `a ∘= b`."""

    def change(self: Any, other: Any) -> Any:
        if self.node is not None or getattr(other, "node", None) is not None:
            recorded = self.records if STATE.recording is None else STATE.recording
            if recorded:
                return put(self, perform(op, (before(self), other), {}))
        try:
            meaning(self.value, other.value if isinstance(other, Taped) else raw(other), out=self.value)
        except (ValueError, TypeError) as problem:
            refuse(f"{op} in place", (self, other), problem)
        changed(self)
        return self

    return change


def before(x: Any) -> Any:
    """What an array was before a change in place that is recorded."""
    if x.node.__class__ is Leaf:
        raise TapeError(
            "A parameter is changed in place while the tape is recording; put the update inside `with no_grad():`, or "
            "outside of `with record():`."
        )
    return wrapped(x.__class__, x.value.copy(), x.node)


def put(x: Any, result: Any) -> Any:
    """The result of a recorded change, in the memory of the array that is changed."""
    if result.value.shape != x.value.shape:
        raise TapeError(f"Numbers of shape {result.value.shape} do not fit in an array of shape {x.value.shape}.")
    x.value[...] = result.value
    changed(x)
    x.node = result.node
    x.node.number, x.node.value, x.node.altered = next(clock), x.value, x.altered
    return x


ADD, RADD = binary("add", operator.add)
SUBTRACT, RSUBTRACT = binary("subtract", operator.sub)
MULTIPLY, RMULTIPLY = binary("multiply", operator.mul)
DIVIDE, RDIVIDE = binary("divide", operator.truediv)
POWER, RPOWER = binary("power", operator.pow)
MATMUL, RMATMUL = binary("matmul", np.ndarray.dot, axes=2)


# ---- NumPy's functions --------------------------------------------------------------------------------------


def call_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What NumPy calls when one of its universal functions meets an array of ours."""
    if is_recorded(*arrays_in((inputs, options))):
        if options.get("out") is not None:
            raise TapeError(f"np.{ufunc.__name__} with out= is not recorded; let it return a new array.")
        return followed(
            lambda *values, **kwargs: numpy_functions.call_ufunc(ufunc, method, values, kwargs),
            ufunc.__name__, inputs, options, getattr(ufunc, method),
        )  # fmt: skip
    return untracked(getattr(ufunc, method), inputs, options)


def call_function(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """What NumPy calls when one of its other functions meets an array of ours."""
    if is_recorded(*arrays_in((args, kwargs))):
        return followed(
            lambda *values, **options: numpy_functions.call_function(function, values, options),
            function.__name__, args, kwargs, function,
        )  # fmt: skip
    return untracked(function, args, kwargs)


def followed(
    call: Callable[..., Any], name: str, args: Any, kwargs: Any, plain: Callable[..., Any] | None = None
) -> Any:
    """A function of NumPy's by operations of the table, which are recorded."""
    try:
        return call(*args, **kwargs)
    except TracingError as problem:
        if plain is not None:
            untracked(plain, args, kwargs)  # NumPy's own complaint, if it has one, is the better one
        raise TapeError(
            f"The derivative of np.{name} with these arguments is not known; use another function, or compute it "
            "from x.detach(), which has no derivative."
        ) from problem


def untracked(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """NumPy's function on the numbers; the result as arrays of the kind that went in."""
    given = arrays_in((args, kwargs))
    try:
        found = function(*raw(args), **raw(kwargs))
    except (ValueError, IndexError, TypeError) as problem:
        refuse(f"np.{function.__name__}", given, problem)
    out = arrays_in(kwargs.get("out"))
    for array in out:
        changed(array)
    return out[0] if len(out) == 1 else as_given(found, given)


def as_given(found: Any, given: list[Taped]) -> Any:
    """Results wrapped as the inputs were, no wider than these."""
    if isinstance(found, tuple | list) and any(isinstance(part, np.ndarray) for part in found):
        return type(found)(as_given(part, given) for part in found)
    if not isinstance(found, np.ndarray | np.generic):
        return found
    value = np.asarray(found)
    widest = [x.value.dtype for x in given if x.value.dtype.kind == "f"]
    limit = promote(*widest) if widest else given[0].real
    if value.dtype.kind == "f" and value.dtype.itemsize > limit.itemsize:
        value = value.astype(limit)
    result = wrapped(given[0].__class__, value)
    return viewed(result, given[0])
