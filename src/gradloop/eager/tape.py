"""The tape: what was computed from what, and the two ways to ask it for derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, NoReturn

import numpy as np

from gradloop.eager.altered import check_unaltered
from gradloop.eager.base import wrapped
from gradloop.eager.kept import numbers_by_walk
from gradloop.eager.recording import Recording
from gradloop.eager.steps import Array, Leaf, Node, Step, clock, last_change
from gradloop.eager.walk import as_arrays, start_array, walk
from gradloop.errors import TapeError

__all__ = ["Leaf", "Step", "backward", "clock", "gradients", "steps_behind"]

recorded_at = attrgetter("number")


def backward(heads: Sequence[Array], seeds: Sequence[Any], retain: bool = False, again: bool = False) -> None:
    """Put into the ``grad`` of every leaf the derivative of the heads, each times its seed.

    Args:
        heads: arrays of ours
        seeds: for each head what to begin with, of its shape, or None for ones
        retain: keep the tape for another walk
        again: record the walk itself, for second derivatives

    Raises: TapeError when a head was not recorded, the tape was freed, or numbers on it were altered.
    """
    steps, leaves = steps_behind(heads)
    for place, head in enumerate(heads):
        if head.value.size != 1 and seeds[place] is None and any(leaf.from_one_number for leaf in leaves):
            refuse_several(head.value.shape)
    found = found_by_walk(heads, seeds, steps, leaves, retain, again)
    for place, leaf in enumerate(leaves):
        array, share = leaf.array(), found[place]
        if array is not None:
            array.deposit(np.zeros_like(array.value) if share is None else share, leaf.adds)


def gradients(
    outputs: Sequence[Array], inputs: Sequence[Array], seeds: Sequence[Any], retain: bool = False, again: bool = False
) -> list[Any]:
    """The derivatives of the outputs with respect to the inputs, which need not be leaves; None where there is none.

    Arrays of NumPy's, in memory of their own; with `again` arrays of the inputs' kinds, with their past.
    """
    steps, _ = steps_behind(outputs)
    found = found_by_walk(outputs, seeds, steps, [x.node for x in inputs], retain, again)
    if again:
        with Recording(True):
            return [None if share is None else owned(share, x) for share, x in zip(found, inputs, strict=True)]
    return [None if share is None else np.array(share, x.value.dtype) for share, x in zip(found, inputs, strict=True)]


def owned(share: Array, like: Array) -> Array:
    """What a recorded walk found, as an array of another's kind, in memory of its own."""
    own = share.astype(like.value.dtype)
    return wrapped(like.__class__, own.value, own.node)


def steps_behind(heads: Sequence[Array]) -> tuple[list[Step], list[Leaf]]:
    """Every step that the heads come from, in the order in which they were recorded; and the leaves."""
    seen: set[Node] = set()
    steps: list[Step] = []
    leaves: list[Leaf] = []
    waiting: list[Any] = []
    for head in heads:
        if head.node is None:
            refuse_unrecorded()
        waiting.append(head.node)
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.__class__ is Leaf:
            leaves.append(node)
            continue
        if node.inputs is None:
            refuse_freed(node.op)
        steps.append(node)
        for parent in node.parents:
            if parent is not None:
                waiting.append(parent)
    steps.sort(key=recorded_at)
    return steps, leaves


def found_by_walk(
    heads: Sequence[Array], seeds: Sequence[Any], steps: list[Step], wanted: Sequence[Node | None], retain: bool,
    again: bool,
) -> Sequence[Any]:  # fmt: skip
    """What reaches the wanted nodes; None where nothing does."""
    if steps and last_change[0] > steps[0].number:
        check_unaltered(steps)
    if again:
        with Recording(True):
            starts = [start_array(head, seed) for head, seed in zip(heads, seeds, strict=True)]
            return walk(heads, starts, steps, wanted, as_arrays)
    found = numbers_by_walk(heads, seeds, steps, wanted)
    if not retain:
        for step in steps:
            step.inputs = step.value = None  # the numbers can be large
    return found


# ---- sentences ----------------------------------------------------------------------------------------------


def refuse_several(shape: tuple[int, ...]) -> NoReturn:
    raise TapeError(
        f"backward() starts from one number, and this array has the shape {shape}: write .sum().backward() or "
        ".mean().backward(), or give gradient=, one weight for each entry."
    )


def refuse_unrecorded() -> NoReturn:
    raise TapeError(
        "This array was not recorded, so there is no way back from it: mark the parameters before they are used "
        "(attach_grad() or requires_grad=True), and compute the loss where operations are recorded (inside "
        "`with record():`, outside of `with no_grad():`)."
    )


def refuse_freed(op: str) -> NoReturn:
    raise TapeError(
        f"This tape was walked back already, and its numbers were let go (the operation {op} has none): compute the "
        "loss again, or ask for backward(retain_graph=True) the first time."
    )
