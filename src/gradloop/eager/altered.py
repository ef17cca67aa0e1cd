"""Numbers that were changed after the tape had noted them: found before they are used, and called by their name."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

from gradloop.core.graph import Node as GraphNode
from gradloop.core.graph import input_node, topological
from gradloop.core.ops import OPS
from gradloop.core.spec import Spec
from gradloop.core.trace import Tracer
from gradloop.eager.base import Taped
from gradloop.eager.steps import PLAIN, Memory, Step
from gradloop.errors import TapeError


def check_unaltered(steps: Sequence[Step]) -> None:
    """Refuse to walk over steps whose numbers have changed since, if the derivative needs these.

    Raises: TapeError, which names what was altered.
    """
    for step in steps:
        assert step.inputs is not None
        for place, memory in memories(step):
            if memory.changed > step.number and place in needed(step):
                x = step.value if place < 0 else step.inputs[place].value
                refuse_altered(step.op, place, x.shape, name_of(memory))
        for x, parent in zip(step.inputs, step.parents, strict=True):
            if parent.__class__ is Step and x.memory is not None and parent.number < x.memory.rewritten < step.number:
                refuse_rewritten(step.op, x.value.shape, name_of(x.memory))


def memories(step: Step) -> Iterator[tuple[int, Memory]]:
    """Where the result (place -1) and the inputs lie, as far as somebody has asked."""
    if step.memory is not None:
        yield -1, step.memory
    for place, x in enumerate(step.inputs or ()):
        if x.__class__ not in PLAIN and x.memory is not None:
            yield place, x.memory


def needed(step: Step) -> set[int]:
    """Which inputs the rule of a step computes with, and -1 if its result: what tracing the rule sees."""
    specs = [spec_of_value(step.value), *(spec_of_value(x) for x in step.inputs or ())]
    nodes = [input_node(str(place), spec) for place, spec in enumerate(specs, -1)]
    y, *inputs = [Tracer(node) for node in nodes]
    start = Tracer(input_node("start", y.node.spec))
    shares = OPS[step.op].derivative(start, y, *inputs, **step.attributes)
    used: list[GraphNode] = [
        share.node
        for share, parent in zip(shares, step.parents, strict=True)
        if parent is not None and isinstance(share, Tracer)
    ]
    return {nodes.index(node) - 1 for node in topological(tuple(used)) if node in nodes}


def spec_of_value(x: Any) -> Spec:
    array = np.asarray(getattr(x, "value", x))
    return Spec(array.shape, array.dtype)


def refuse_altered(op: str, place: int, shape: tuple[int, ...], name: str | None) -> NoReturn:
    called = f"{name}, " if name else ""
    which = "the result" if place < 0 else f"input {place + 1}"
    raise TapeError(
        f"{called}{which} of the recorded operation {op}, of shape {shape}, was altered in place after it was used, "
        "and the derivative needs the numbers from before: call backward() before the change, or make a new array "
        "(w = w - ...) instead of changing this one (w -= ...)."
    )


def refuse_rewritten(op: str, shape: tuple[int, ...], name: str | None) -> NoReturn:
    called = f" ({name})" if name else ""
    raise TapeError(
        f"The operation {op} used an array of shape {shape} after another view of its memory{called} had been changed "
        "in place by a recorded operation, so its past is not the one that was recorded: write z = z + ... instead of "
        "z += ..., or make the view again after the change."
    )


def name_of(memory: Memory) -> str | None:
    """What the running program calls an array that lies in this memory."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        if not frame.f_globals.get("__name__", "").startswith("gradloop.eager"):
            for name, value in (*frame.f_locals.items(), *frame.f_globals.items()):
                if isinstance(value, Taped) and value.memory is memory:
                    return str(name)
        frame = frame.f_back
    return None
