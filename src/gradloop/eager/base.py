"""What operations need to know of an array with a tape: its numbers, where they come from, when they were changed."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from gradloop.eager.recording import STATE
from gradloop.eager.steps import Memory, Node, Step, clock, last_change


class Taped:
    """Numbers, and the step of the tape that they come from."""

    __slots__ = ("__weakref__", "grad", "memory", "node", "value")

    real: ClassVar[Any] = np.dtype(np.float64)  # what numbers without a width become
    records: ClassVar[bool] = True  # whether operations are recorded outside of any `with`
    plain: ClassVar[Any]  # the kind in which a walk is recorded, whatever names the array's own kind has

    value: np.ndarray[Any, Any]
    node: Node | None
    grad: Any
    memory: Memory | None  # asked for when numbers are changed, or seen by several arrays

    @classmethod
    def like(cls, value: Any, node: Node | None = None) -> Any:
        """Another array of this kind."""
        return wrapped(cls, value, node)


def wrapped(kind: Any, value: Any, node: Node | None = None) -> Any:
    """A new array around a value: the fast road past `__init__`."""
    result = kind.__new__(kind)
    result.value = value if value.__class__ is np.ndarray else np.array(value)
    result.node = node
    result.grad = None
    result.memory = None
    return result


def plainly(x: Taped, node: Node | None) -> Any:
    """An array without the names of its kind, and with the past that it had."""
    again = x.plain.like(x.value, node)
    again.memory = memory_of(x)
    return again


def is_recording(kind: Any) -> bool:
    """Whether operations on arrays of this kind are written on the tape now."""
    return bool(kind.records if STATE.recording is None else STATE.recording)


def is_recorded(*inputs: Any) -> bool:
    """Whether an operation on these is written on the tape."""
    for x in inputs:  # noqa: SIM110 - takes half the time of any(...)
        if isinstance(x, Taped) and x.node is not None and is_recording(x.__class__):
            return True
    return False


def raw(x: Any) -> Any:
    """The numbers in something, for NumPy, inside tuples and lists too; single ones as Python's, which never widen."""
    if isinstance(x, Taped):
        return x.value
    if isinstance(x, np.generic):
        return x.item()
    if x.__class__ in (tuple, list):
        return x.__class__(raw(part) for part in x)
    if x.__class__ is dict:
        return {key: raw(part) for key, part in x.items()}
    return x


def arrays_in(x: Any) -> list[Taped]:
    """The arrays in something, in the order in which they stand there."""
    if isinstance(x, Taped):
        return [x]
    if x.__class__ is dict:
        x = list(x.values())
    return [found for part in x for found in arrays_in(part)] if isinstance(x, tuple | list) else []


# ---- memory ---------------------------------------------------------------------------------------------------


def memory_of(x: Taped) -> Memory:
    """What tells when an array was changed; one for all views of it."""
    if x.memory is None:
        node = x.node if x.node.__class__ is Step else None
        x.memory = getattr(node, "memory", None) or Memory()
        if node is not None:
            node.memory = x.memory
    return x.memory


def changed(x: Taped) -> None:
    """Remember that an array was changed in place now."""
    memory_of(x).changed = last_change[0] = next(clock)


def viewed(result: Any, of: Taped) -> Any:
    """A result that may lie in the memory of another array: what changes one then changes both."""
    owner, base = result.value.base, of.value.base
    if owner is not None and (owner is of.value or owner is base):
        result.memory = memory = memory_of(of)
        memory.shared = True
        if result.node.__class__ is Step:
            result.node.memory = memory
    return result
