"""Performing operations: the numbers by NumPy, and a step on the tape where a gradient is wanted."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from gradloop.core import ops
from gradloop.core.ops import OPS
from gradloop.core.spec import promote
from gradloop.core.trace import KEEP_DTYPES
from gradloop.eager.base import Taped, arrays_in, changed, is_recorded, is_recording, memory_of, raw, viewed, wrapped
from gradloop.eager.numbers import number
from gradloop.eager.recording import STATE
from gradloop.eager.steps import PLAIN, Leaf, Memory, Step, clock, last_change
from gradloop.errors import TapeError

Method = Callable[[Any, Any], Any]
NUMBERS = {int, float}
FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
TWO = (number(2, FLOAT32), number(2, FLOAT64))
NO_ATTRIBUTES: dict[str, Any] = {}
ndarray, new = np.ndarray, object.__new__
VIEWS = ("reshape", "transpose", "index")


def perform(op: str, inputs: Sequence[Any], attributes: dict[str, Any]) -> Any:
    """Apply an operation of the table to arrays and numbers; record it if a gradient is wanted of one of them.

    Raises: TapeError for shapes that do not fit.
    """
    first = next(x for x in inputs if isinstance(x, Taped))
    inputs = aligned(
        op, [x if isinstance(x, Taped) or x.__class__ in PLAIN else constant(x, first) for x in inputs], first
    )
    try:
        value = OPS[op].meaning(*[x.value if isinstance(x, Taped) else x for x in inputs], **attributes)
    except (ValueError, IndexError, TypeError) as problem:
        refuse(op, inputs, problem)
    result = wrapped(first.__class__, value)
    if result.value.dtype.kind == "f" and is_recorded(*inputs):  # nothing else has a derivative
        parents = tuple([x.node if isinstance(x, Taped) else None for x in inputs])
        result.node = Step(op, tuple(inputs), attributes, result.value, parents)
    return viewed(result, inputs[0]) if op in VIEWS else result


def refuse(name: str, inputs: Sequence[Any], problem: Exception) -> NoReturn:
    """Say what NumPy could not do, and with which shapes."""
    shapes = " and ".join(str(x.value.shape) for x in arrays_in(list(inputs)))
    raise TapeError(f"{name} of arrays of shape {shapes} cannot be computed: {problem}.") from problem


def constant(x: Any, like: Taped) -> Any:
    """Something that is not ours as an array that is; NumPy's single numbers as Python's, which widen nothing."""
    if isinstance(x, np.generic):
        return x.item()
    value = np.array(x)  # a copy: nobody would notice a change of the caller's own array before the walk back
    if value.dtype.kind not in "fiub":
        raise TapeError(f"An array of {value.dtype} cannot be computed with; give real numbers.")
    return like.like(value)


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
    only_real = (rule is ops.elementwise_float and op != "power") or op == "logsumexp"
    needs_real = only_real or any(isinstance(x, float) for x in judged)
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
    if x.node is None or not is_recording(x.__class__):
        return picked(x, key)
    parts = key if isinstance(key, tuple) else (key,)
    if not any(isinstance(part, ndarray | list | range) for part in parts):
        return perform("index", (x,), {"key": key})
    label = np.array(parts[0])
    if len(parts) > 1 or label.dtype.kind not in "iu":
        label = picked(x.like(np.arange(x.value.size).reshape(x.value.shape)), key).value
        x = x.reshape(-1)
    return perform("take", (x, label), {})


def picked(x: Any, key: Any) -> Any:
    """The same where nothing is recorded."""
    try:
        if key.__class__ is ndarray and key.dtype.kind == "i":
            return wrapped(x.__class__, x.value.take(key, 0))  # a quarter of the time that [] takes
        return viewed(wrapped(x.__class__, x.value[key]), x)
    except (IndexError, TypeError) as problem:
        refuse("indexing", (x,), problem)


# ---- operators ----------------------------------------------------------------------------------------------


def binary(op: str, meaning: Callable[[Any, Any], Any], axes: int | None = None) -> tuple[Method, Method]:
    """The methods for `a ∘ b` and, reflected, `b ∘ a`: a short road for the usual case, `perform` for all others.

    Args: axes, how many both sides must have for the short road; None: any number.
    """

    def usual(self: Any, other: Any) -> Any:
        kind, a, node, others_node = self.__class__, self.value, self.node, None
        dtype = a.dtype
        if other.__class__ is kind:
            b, others_node = other.value, other.node
            if b.dtype is not dtype:
                return general(op, self, other)
        elif other.__class__ in NUMBERS and axes is None:
            b = number(other, dtype)
        else:
            return general(op, self, other)
        if not (dtype is FLOAT32 or dtype is FLOAT64) or (axes is not None and not a.ndim == axes == b.ndim):
            return general(op, self, other)
        try:
            value = meaning(a, b)
        except ValueError as problem:
            refuse(op, (self, other), problem)
        result = new(kind)  # written out, and not wrapped(): this is where the time goes
        result.value = value = value if value.__class__ is ndarray else np.array(value)
        result.node = result.grad = result.memory = None
        if node is not None or others_node is not None:
            recording = STATE.recording
            if kind.records if recording is None else recording:
                result.node = Step(op, (self, other), NO_ATTRIBUTES, value, (node, others_node))
        return result

    def reflected(self: Any, other: Any) -> Any:
        kind, a, node = self.__class__, self.value, self.node
        dtype = a.dtype
        if other.__class__ not in NUMBERS or axes is not None or not (dtype is FLOAT32 or dtype is FLOAT64):
            return general(op, other, self)
        value = meaning(number(other, dtype), a)
        recorded = node is not None and is_recording(kind)
        step = Step(op, (other, self), NO_ATTRIBUTES, np.asarray(value), (None, node)) if recorded else None
        return wrapped(kind, value if step is None else step.value, step)

    return usual, reflected


def general(op: str, a: Any, b: Any) -> Any:
    """The long road: other types, other kinds of arrays, plain lists; NotImplemented for what is no array."""
    if not (is_array_like(a) and is_array_like(b)):
        return NotImplemented
    return np.matmul(a, b) if op == "matmul" else perform(op, (a, b), {})


def raised(a: Any, b: Any) -> Any:
    """a to the power of b."""
    return np.square(a) if b is TWO[a.dtype is FLOAT64] else a**b


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
        value = self.value
        recording = STATE.recording
        if (self.records if recording is None else recording) and is_recorded(self, other):
            return put(self, perform(op, (before(self), apart(other, self)), {}))
        if other.__class__ in NUMBERS:
            b = number(other, value.dtype)
        else:
            b = other.value if isinstance(other, Taped) else raw(other)
        try:
            meaning(value, b, value)
        except (ValueError, TypeError) as problem:
            refuse(f"{op} in place", (self, other), problem)
        memory = self.memory or memory_of(self)
        memory.changed = last_change[0] = next(clock)
        return self

    return change


def before(x: Any) -> Any:
    """What an array was before a change in place that is recorded; TapeError where such a change cannot be followed."""
    refuse_leaf(x)
    if x.node is None and (x.value.base is not None or memory_of(x).shared):
        raise TapeError(
            "This array shares its memory with another, of which it is a view, or which is a view of it; a recorded "
            "change in place would not reach the other's past: write z = z + ... instead of z += ..., or copy() first."
        )
    return copied(x)


def copied(x: Any) -> Any:
    copy = wrapped(x.__class__, x.value.copy(), x.node)
    copy.memory = Memory()  # its own, though it comes from the same step
    return copy


def apart(other: Any, x: Any) -> Any:
    """What changes an array, not in this array's memory."""
    return copied(other) if isinstance(other, Taped) and np.may_share_memory(other.value, x.value) else other


def put(x: Any, result: Any) -> Any:
    """The result of a recorded change, in the memory of the array that is changed."""
    if result.value.shape != x.value.shape:
        raise TapeError(f"Numbers of shape {result.value.shape} do not fit in an array of shape {x.value.shape}.")
    if not np.can_cast(result.value.dtype, x.value.dtype, "same_kind"):
        raise TapeError(f"Numbers of type {result.value.dtype} do not fit in an array of {x.value.dtype}.")
    result = converted(result, x.value.dtype)
    x.value[...] = result.value
    rewritten(x)
    x.node = result.node
    x.node.number, x.node.value, x.node.memory = next(clock), x.value, x.memory
    return x


def rewritten(x: Any) -> None:
    """Remember that the numbers have another past now; views of them have not."""
    changed(x)
    x.memory.rewritten = x.memory.changed


def forget(x: Any) -> None:
    """Cut an array off from its past, before all its numbers are set."""
    refuse_leaf(x)
    x.node = None
    rewritten(x)


def refuse_leaf(x: Any) -> None:
    """A parameter, or a view of one, is not changed while the tape records."""
    node = x.node
    while node.__class__ is Step and node.op in VIEWS and np.may_share_memory(node.value, x.value):
        node = node.parents[0]
    if node.__class__ is Leaf and (node is x.node or shares(node.array(), x)):
        raise TapeError(
            "A parameter is changed in place while the tape is recording; put the update inside `with no_grad():`, or "
            "outside of `with record():`."
        )


def shares(leaf: Any, x: Any) -> bool:
    return leaf is not None and np.may_share_memory(leaf.value, x.value)


ADD, RADD = binary("add", operator.add)
SUBTRACT, RSUBTRACT = binary("subtract", operator.sub)
MULTIPLY, RMULTIPLY = binary("multiply", operator.mul)
DIVIDE, RDIVIDE = binary("divide", operator.truediv)
POWER, RPOWER = binary("power", raised)
MATMUL, RMATMUL = binary("matmul", np.ndarray.dot, axes=2)
