"""The walk back along the tape, by the rules of the table of operations: on numbers, on arrays with a past, on tracers.

Reverse mode (Griewank and Walther, Evaluating Derivatives, 2008): steps are visited from the last to the first, and
each operation's rule passes on to its inputs what has reached its result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradloop.core.ops import OPS, apply
from gradloop.eager.base import Taped, plainly
from gradloop.eager.steps import PLAIN, Array, Memory, Node, Step
from gradloop.errors import TapeError

Seen = Callable[[Step], tuple[Any, Sequence[Any]]]


def walk(
    heads: Sequence[Array], starts: Sequence[Any], steps: Sequence[Step], wanted: Sequence[Node | None], seen: Seen
) -> list[Any]:
    """What reaches the wanted nodes of the starts at the heads; None where nothing does.

    Args: seen, a step's result and inputs as what the rules shall compute with: NumPy's arrays, ours, or tracers.
    """
    received: dict[Node | None, Any] = {}
    for head, start in zip(heads, starts, strict=True):
        received[head.node] = received[head.node] + start if head.node in received else start
    for step in reversed(steps):
        if step not in received:
            continue
        y, inputs = seen(step)
        shares = OPS[step.op].derivative(received[step], y, *inputs, **step.attributes)
        for parent, share, x in zip(step.parents, shares, inputs, strict=True):
            if share is not None and parent is not None:
                part = fitted(share, x.shape)
                received[parent] = received[parent] + part if parent in received else part
    return [received.get(node) for node in wanted]


def fitted(share: Any, shape: tuple[int, ...]) -> Any:
    """Sum over the axes along which an input was repeated."""
    found = share.shape
    if found == shape:
        return share
    extra = len(found) - len(shape)
    axes = tuple(i for i, n in enumerate(found) if i < extra or shape[i - extra] == 1 != n)
    summed = apply("sum", share, axis=axes) if axes else share
    return apply("broadcast" if summed.size < np.prod(shape) else "reshape", summed, shape=shape)


# ---- what the rules compute with ------------------------------------------------------------------------------


def as_numbers(step: Step) -> tuple[Any, Sequence[Any]]:
    """NumPy's arrays."""
    return step.value, [x if x.__class__ in PLAIN else x.value for x in step.inputs or ()]


def as_arrays(step: Step) -> tuple[Any, Sequence[Any]]:
    """With their past, so that the walk can be walked back itself."""
    arrays = [x for x in step.inputs or () if isinstance(x, Taped)]
    result = arrays[0].plain.like(step.value, step)
    step.memory = result.memory = step.memory or Memory()
    return result, [
        plainly(x, parent) if isinstance(x, Taped) else x
        for x, parent in zip(step.inputs or (), step.parents, strict=True)
    ]


# ---- where a walk starts --------------------------------------------------------------------------------------


def start_number(head: Array, seed: Any) -> Any:
    """What to begin with, as numbers of the head's shape."""
    if seed is None:
        return np.ones_like(head.value)
    value = np.asarray(seed.value if isinstance(seed, Taped) else seed, head.value.dtype)
    if value.shape != head.value.shape:
        raise TapeError(f"The gradient to begin with has the shape {value.shape}, and the array {head.value.shape}.")
    return value


def start_array(head: Array, seed: Any) -> Array:
    """The same with its past, if it has one."""
    value = start_number(head, seed)
    return plainly(seed, seed.node) if isinstance(seed, Taped) and seed.node else head.plain.like(value)
