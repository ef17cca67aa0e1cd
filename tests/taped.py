"""Derivatives of one function by all roads: the walk on numbers, the walk that is written out, the recorded walk."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from gradloop.eager import Array
from gradloop.eager import kept as kept_walks
from gradloop.eager.recording import Recording

ROADS = ("numbers", "written", "recorded")
STEP = 1e-5


def leaves(arrays: Sequence[Any]) -> list[Any]:
    """Real arrays as leaves, whole numbers and truths as they are."""
    found = [Array(array) for array in arrays]
    return [x.requires_grad_() if x.value.dtype.kind == "f" else x for x in found]


def slopes(function: Callable[..., Any], arrays: Sequence[Any], road: str) -> list[Any]:
    """The derivative of a function's sum with respect to each real array, by one road."""
    with pytest.MonkeyPatch.context() as patch, Recording(True):
        patch.setattr(kept_walks, "_kept", {})
        if road == "numbers":
            patch.setattr(kept_walks, "LONGEST_WRITTEN", -1)
        for _ in range(2 if road == "written" else 1):
            inputs = leaves(arrays)
            total = number_of(function(*inputs))
            total.backward(create_graph=road == "recorded")
        if road == "written":
            assert any(kept_walks._kept.values())
    return [x.grad for x in inputs if x.value.dtype.kind == "f"]


def number_of(y: Any) -> Any:
    """The result times fixed weights, added up: one number in which every entry counts differently."""
    weights = np.cos(np.arange(y.value.size, dtype=float)).reshape(y.value.shape)
    return (y * weights.astype(y.value.dtype)).sum()


def second_slopes(function: Callable[..., Any], arrays: Sequence[Any]) -> list[Any]:
    """The derivative of a projection of the first derivatives: what a recorded walk, walked back again, gives."""
    with Recording(True):
        inputs = leaves(arrays)
        number_of(function(*inputs)).backward(create_graph=True)
        firsts = [x.grad for x in inputs if x.node is not None]
        tracked = [number_of(first) for first in firsts if first.node is not None]
        for x in inputs:
            x.grad = None
        if not tracked:
            return []
        sum(tracked[1:], tracked[0]).backward()
    return [x.grad for x in inputs if x.node is not None]


def differences(function: Callable[..., float], arrays: Sequence[Any]) -> list[Any]:
    """Central differences of a function that gives one number, entry by entry."""
    return [
        np.array([slope_at(function, arrays, place, i) for i in range(array.size)]).reshape(array.shape)
        for place, array in enumerate(arrays)
        if array.dtype.kind == "f"
    ]


def slope_at(function: Callable[..., float], arrays: Sequence[Any], place: int, i: int) -> float:
    def at(step: float) -> float:
        moved = np.array(arrays[place], float)
        moved.flat[i] += step
        return float(function(*arrays[:place], moved, *arrays[place + 1 :]))

    return (at(STEP) - at(-STEP)) / (2 * STEP)


def numbers_in(arrays: Sequence[Any]) -> Iterator[Any]:
    for array in arrays:
        yield None if array is None else array.value
