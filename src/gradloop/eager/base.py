"""What operations need to know of an array with a tape: its numbers, where they come from, when they were changed."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from gradloop.eager.recording import STATE
from gradloop.eager.tape import Leaf, Step, clock, last_change


class Taped:
    """Numbers, and the step of the tape that they come from."""

    __slots__ = ("__weakref__", "altered", "grad", "node", "value")

    real: ClassVar[Any] = np.dtype(np.float64)  # what numbers without a width become
    records: ClassVar[bool] = True  # whether operations are recorded outside of any `with`

    value: np.ndarray[Any, Any]
    node: Step | Leaf | None
    grad: Any
    altered: list[int] | None  # when the numbers were last changed in place; one list for all views of them

    def like(self, value: Any, node: Step | Leaf | None = None) -> Any:
        """Another array of this kind."""
        return wrapped(self.__class__, value, node)


def wrapped(kind: type[Any], value: Any, node: Step | Leaf | None = None) -> Any:
    """A new array around a value: the fast road past `__init__`."""
    result = kind.__new__(kind)
    result.value = value if value.__class__ is np.ndarray else np.asarray(value)
    result.node = node
    result.grad = None
    result.altered = None
    return result


def is_recorded(*inputs: Any) -> bool:
    """Whether an operation on these is written on the tape."""
    for x in inputs:
        if isinstance(x, Taped) and x.node is not None:
            return x.records if STATE.recording is None else STATE.recording
    return False


def raw(x: Any) -> Any:
    """The numbers in something, for NumPy, inside tuples and lists too; single ones as Python's, which widen nothing."""
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


def changes_of(x: Taped) -> list[int]:
    """The list that tells when an array was changed, made when it is first asked for."""
    if x.altered is None:
        x.altered = [0]
        if x.node.__class__ is Step:
            x.node.altered = x.altered  # type: ignore[union-attr]
    return x.altered


def changed(x: Taped) -> None:
    """Remember that an array was changed in place now."""
    changes_of(x)[0] = last_change[0] = next(clock)


def viewed(result: Any, of: Taped) -> Any:
    """A result that may lie in the memory of another array: what changes one then changes both."""
    owner, base = result.value.base, of.value.base
    if owner is not None and owner is (of.value if base is None else base):
        result.altered = changes_of(of)
        if result.node.__class__ is Step:
            result.node.altered = result.altered
    return result
