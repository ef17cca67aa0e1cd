"""What the tape is made of: leaves, whose gradients are wanted, recorded operations, and when numbers were changed."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from itertools import count
from typing import Any

Array = Any  # ours: `gradloop.eager.array.Array`, or one of its kinds

PLAIN = {int, float, bool}  # what an operation takes beside arrays

clock = count(1)  # of steps, and of changes in place: tells which came first
last_change = [0]  # in place, of any array


class Memory:
    """When the numbers were changed that an array, and all views of it, lie in."""

    changed = 0  # in place
    rewritten = 0  # in place, by an operation that was recorded
    shared = False  # by several arrays


class Leaf:
    """The end of the tape: an array whose gradient is wanted."""

    __slots__ = ("adds", "array", "from_one_number")

    def __init__(self, array: Array, adds: bool, from_one_number: bool) -> None:
        self.array = weakref.ref(array)  # the array knows its leaf; nobody asks for the gradient of what is gone
        self.adds = adds  # gradients add up until they are set to zero; else each walk overwrites the last one's
        self.from_one_number = from_one_number  # PyTorch's idiom: a walk starts from a single number


class Step:
    """One recorded operation."""

    __slots__ = ("attributes", "inputs", "memory", "number", "op", "parents", "value")

    def __init__(self, op: str, inputs: Any, attributes: Mapping[str, Any], value: Any, parents: Any) -> None:
        self.number = next(clock)
        self.op = op
        self.inputs: tuple[Any, ...] | None = inputs  # arrays of ours and plain numbers; None once they were let go
        self.attributes = attributes
        self.value = value
        self.parents: tuple[Node | None, ...] = parents  # where the inputs came from when the step was recorded
        self.memory: Memory | None = None  # of the result; one with the array's


Node = Step | Leaf
