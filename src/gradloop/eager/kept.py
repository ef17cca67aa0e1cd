"""Walks that are written out: a walk is traced once, simplified as a whole, and kept for all tapes of its kind.

Of one kind are tapes of the same operations on arrays of the same shapes and types, put together in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradloop.core.graph import Graph, constant_node, input_node
from gradloop.core.ops import apply
from gradloop.core.simplify import simplify
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import Tracer, to_node
from gradloop.eager.numbers import always_array
from gradloop.eager.steps import PLAIN, Array, Leaf, Node, Step
from gradloop.eager.walk import as_numbers, start_number, walk
from gradloop.eager.written import as_python

LONGEST_WRITTEN = 64  # steps; longer tapes seldom come twice
MOST_KEPT = 1024  # walks in memory
FIXED: dict[Any, Any] = {n: ("=", n) for n in range(-8, 9) if n}  # part of a walk, as in x ** 2; zero has two signs
INDEXING = ("index", "unindex")  # their attributes hold slices, which have no hash


class Kept(NamedTuple):
    """A walk as a function of the tape's values, and its text."""

    text: str
    function: Callable[[list[Any]], tuple[Any, ...]]
    reached: tuple[bool, ...]  # which of the wanted nodes
    all_reached: bool


_kept: dict[Any, Kept] = {}


def numbers_by_walk(
    heads: Sequence[Array], seeds: Sequence[Any], steps: list[Step], wanted: Sequence[Node | None]
) -> Sequence[Any]:
    """What reaches the wanted nodes, as numbers: by a walk that is written out, unless the tape is long."""
    if len(steps) > LONGEST_WRITTEN:
        return plain_walk(heads, seeds, steps, wanted)
    key, values = description(heads, seeds, steps, wanted)
    kept = _kept.get(key)
    if kept is None:  # written out at once: a program that is run again must come to the same last digits
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        kept = _kept[key] = write_out(heads, seeds, steps, wanted, values)
    found = kept.function(values)
    if kept.all_reached:
        return found
    rest = iter(found)
    return [next(rest) if reached else None for reached in kept.reached]


def plain_walk(
    heads: Sequence[Array], seeds: Sequence[Any], steps: list[Step], wanted: Sequence[Node | None]
) -> Sequence[Any]:
    starts = [start_number(head, seed) for head, seed in zip(heads, seeds, strict=True)]
    return walk(heads, starts, steps, wanted, as_numbers)


def description(
    heads: Sequence[Array], seeds: Sequence[Any], steps: list[Step], wanted: Sequence[Node | None]
) -> tuple[Any, list[Any]]:
    """What tapes of the same kind have in common, and the values on this one.

    A step's result needs no description: its operation and inputs decide it.
    """
    places: dict[Node | None, int] = {}
    key: list[Any] = []
    values: list[Any] = []
    for step in steps:
        key.append(step.op)
        if step.attributes:
            key += step.attributes.values() if step.op not in INDEXING else [repr(step.attributes)]
        values.append(step.value)
        for x, parent in zip(step.inputs, step.parents):  # type: ignore[arg-type]  # noqa: B905 - the fast road
            if parent is not None and parent in places:
                key.append(places[parent])
                values.append(x.value)
            elif x.__class__ in PLAIN:
                fixed = FIXED.get(x)
                key.append(fixed)
                values.append(x if fixed else always_array(x, step.value.dtype))
            else:
                value = x.value
                key.append(value.shape)
                key.append(value.dtype.num)
                values.append(value)
                if parent is not None:
                    places[parent] = -len(places)
        places[step] = len(values)
    key.append("heads")
    for place, head in enumerate(heads):
        if head.node.__class__ is Leaf and head.node not in places:
            key += (head.value.shape, head.value.dtype.num)
            places[head.node] = -len(places)
        key += (places[head.node], seeds[place] is None)
        if seeds[place] is not None:
            values.append(start_number(head, seeds[place]))
    key.append("wanted")
    key += [places.get(node) for node in wanted]
    return tuple(key), values


def write_out(
    heads: Sequence[Array], seeds: Sequence[Any], steps: list[Step], wanted: Sequence[Node | None], values: list[Any]
) -> Kept:
    """Walk back once with tracers in place of the values, simplify what they saw, and write it down."""
    places = iter(range(len(values)))
    known = {}
    for step in steps:
        y = tracer_for(next(places), step.value)
        known[step] = (y, [as_traced(next(places), x, y.dtype) for x in step.inputs or ()])
    starts = [
        ones(head.value) if seed is None else tracer_for(next(places), head.value)
        for head, seed in zip(heads, seeds, strict=True)
    ]
    found = walk(heads, starts, steps, wanted, known.__getitem__)
    outputs = tuple(to_node(share, []) for share in found if share is not None)
    names = {f"v{place}": place for place in range(len(values))}
    text, function = as_python(simplify(Graph("walk back", (), outputs)), names)
    reached = tuple(share is not None for share in found)
    return Kept(text, function, reached, all(reached))


def as_traced(place: int, x: Any, dtype: np.dtype[Any]) -> Any:
    """An input as a tracer; numbers as NumPy takes them beside arrays: in the type of these, or as they are."""
    if x.__class__ not in PLAIN:
        return tracer_for(place, x.value)
    return x if x in FIXED else Tracer(input_node(f"v{place}", Spec((), dtype if dtype.kind == "f" else FLOAT64)))


def tracer_for(place: int, value: Any) -> Tracer:
    return Tracer(input_node(f"v{place}", Spec(value.shape, value.dtype)))


def ones(like: np.ndarray[Any, Any]) -> Any:
    return apply("broadcast", Tracer(constant_node(1.0, like.dtype)), shape=like.shape)
