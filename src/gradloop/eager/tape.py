"""The tape: what was computed from what, and the walk back along it that finds derivatives.

Reverse mode (Griewank and Walther, Evaluating Derivatives, 2008): every recorded operation is a `Step`; `backward`
visits the steps from the last to the first, and the operation's rule passes on what has reached its result. A walk is
written out as a Python function once, and kept for the next tape of the same operations and shapes.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple, NoReturn

import numpy as np

from gradloop.core.graph import Graph, input_node
from gradloop.core.ops import OPS, apply
from gradloop.core.simplify import simplify
from gradloop.core.spec import Spec
from gradloop.core.trace import Tracer, to_node
from gradloop.eager.recording import Recording
from gradloop.eager.written import as_python
from gradloop.errors import TapeError

Array = Any  # ours: `gradloop.eager.array.Array`, or one of its kinds
Node = Any  # a Step or a Leaf

LONGEST_WRITTEN = 64  # steps; longer tapes seldom come twice
MOST_KEPT = 1024  # walks in memory
LARGEST_FIXED = 8  # a whole number up to this is part of a walk, as in x ** 2; other numbers are its inputs
INDEXING = ("index", "unindex")  # their attributes hold slices, which have no hash

clock = count(1)  # of steps, and of changes in place: tells which came first
last_change = [0]  # in place, of any array


class Leaf:
    """The end of the tape: an array whose gradient is wanted."""

    __slots__ = ("adds", "array", "from_one_number")

    def __init__(self, array: Array, adds: bool, from_one_number: bool) -> None:
        self.array = weakref.ref(array)  # the array knows its leaf; nobody asks for the gradient of what is gone
        self.adds = adds  # gradients add up until they are set to zero; else each walk overwrites the last one's
        self.from_one_number = from_one_number  # PyTorch's idiom: a walk starts from a single number


class Step:
    """One recorded operation."""

    __slots__ = ("altered", "attributes", "inputs", "number", "op", "parents", "value")

    def __init__(self, op: str, inputs: Any, attributes: Mapping[str, Any], value: Any, parents: Any) -> None:
        self.number = next(clock)
        self.op = op
        self.inputs: tuple[Any, ...] | None = inputs  # arrays of ours and plain numbers; None once they were let go
        self.attributes = attributes
        self.value = value
        self.parents: tuple[Node | None, ...] = parents  # where the inputs came from when the step was recorded
        self.altered: list[int] | None = None  # when the result was changed in place; one list with the array's


PLAIN = {int, float, bool}


# ---- the walk back ------------------------------------------------------------------------------------------


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
            raise TapeError(
                f"backward() starts from one number, and this array has the shape {head.value.shape}: write "
                ".sum().backward() or .mean().backward(), or give gradient=, one weight for each entry."
            )
    found = found_by_walk(heads, seeds, steps, leaves, retain, again)
    for place, leaf in enumerate(leaves):
        array, share = leaf.array(), found[place]
        if array is not None and share is not None:
            array.deposit(share, leaf.adds)


def gradients(
    outputs: Sequence[Array], inputs: Sequence[Array], seeds: Sequence[Any], retain: bool = False, again: bool = False
) -> list[Any]:
    """The derivatives of the outputs with respect to the inputs, which need not be leaves; None where there is none."""
    steps, _ = steps_behind(outputs)
    return found_by_walk(outputs, seeds, steps, [x.node for x in inputs], retain, again)


def steps_behind(heads: Sequence[Array]) -> tuple[list[Step], list[Leaf]]:
    """Every step that the heads come from, in the order in which they were recorded; and the leaves."""
    seen: set[Node] = set()
    steps, leaves = [], []
    waiting: list[Node] = []
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


def recorded_at(step: Step) -> int:
    return step.number


def found_by_walk(
    heads: Sequence[Array], seeds: Sequence[Any], steps: list[Step], wanted: Sequence[Node], retain: bool, again: bool
) -> Sequence[Any]:
    """What reaches the wanted nodes; None where nothing does."""
    if again:
        with Recording(True):
            starts = [seed_array(head, seed) for head, seed in zip(heads, seeds, strict=True)]
            return walk(heads, starts, steps, wanted, as_arrays)
    if len(steps) <= LONGEST_WRITTEN:
        found = written_walk(heads, seeds, steps, wanted)
    else:
        check_unaltered(steps)
        starts = [given_seed(head, seed) for head, seed in zip(heads, seeds, strict=True)]
        found = walk(heads, starts, steps, wanted, as_numbers)
    if not retain:
        for step in steps:
            step.inputs = step.value = None  # the numbers can be large
    return found


def walk(
    heads: Sequence[Array], starts: Sequence[Any], steps: Sequence[Step], wanted: Sequence[Node],
    seen: Callable[[Step], tuple[Any, Sequence[Any]]],
) -> list[Any]:  # fmt: skip
    """Pass on from the last step to the first what reaches it, by the rules of the table of operations.

    Args: seen, a step's result and inputs as what the rules shall compute with: NumPy's arrays, ours, or tracers.
    """
    received: dict[Node, Any] = {}
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
    found = np.shape(share)
    if found == shape:
        return share
    extra = len(found) - len(shape)
    axes = tuple(i for i, n in enumerate(found) if i < extra or shape[i - extra] == 1 != n)
    summed = apply("sum", share, axis=axes) if axes else share
    return apply("broadcast" if np.size(summed) < np.prod(shape) else "reshape", summed, shape=shape)


def as_numbers(step: Step) -> tuple[Any, Sequence[Any]]:
    assert step.inputs is not None
    return step.value, [x if x.__class__ in PLAIN else x.value for x in step.inputs]


def as_arrays(step: Step) -> tuple[Any, Sequence[Any]]:
    """With their past, so that the walk can be walked back itself."""
    assert step.inputs is not None
    check_unaltered([step])
    like = next(x for x in step.inputs if x.__class__ not in PLAIN).like
    inputs = [
        x if x.__class__ in PLAIN else like(x.value, node) for x, node in zip(step.inputs, step.parents, strict=True)
    ]
    return like(step.value, step), inputs


def seed_array(head: Array, seed: Any) -> Array:
    """With its past, if it has one."""
    value = given_seed(head, seed)
    return seed if isinstance(seed, head.__class__) else head.like(value)


def given_seed(head: Array, seed: Any) -> Any:
    if seed is None:
        return np.ones_like(head.value)
    value = np.asarray(getattr(seed, "value", seed), head.value.dtype)
    if value.shape != head.value.shape:
        raise TapeError(f"The gradient to begin with has the shape {value.shape}, and the array {head.value.shape}.")
    return value


# ---- walks that are written out -------------------------------------------------------------------------------


class Kept(NamedTuple):
    """A walk as a function of the tape's values: the text, the function, and which values it needs."""

    text: str
    function: Callable[[list[Any]], tuple[Any, ...]]
    uses: set[int]
    reached: tuple[bool, ...]  # which of the wanted nodes
    all_reached: bool


_kept: dict[Any, Kept] = {}


def written_walk(
    heads: Sequence[Array], seeds: Sequence[Any], steps: list[Step], wanted: Sequence[Node]
) -> Sequence[Any]:
    """The walk by a function that is made for the first tape of this kind, and used for all others."""
    key, values = description(heads, seeds, steps, wanted)
    kept = _kept.get(key)
    if kept is None:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        kept = _kept[key] = write_out(heads, seeds, steps, wanted, values)
    if last_change[0] > steps[0].number:
        check_unaltered(steps, kept.uses)
    found = kept.function(values)
    if kept.all_reached:
        return found
    rest = iter(found)
    return [next(rest) if reached else None for reached in kept.reached]


def description(
    heads: Sequence[Array], seeds: Sequence[Any], steps: list[Step], wanted: Sequence[Node]
) -> tuple[Any, list[Any]]:
    """What two tapes of the same kind have in common, and the values on this one.

    A step's result needs no description: its operation and inputs decide it.
    """
    places: dict[Node, int] = {}
    key: list[Any] = []
    values: list[Any] = []
    for step in steps:
        key.append(step.op)
        if step.attributes:
            attributes = step.attributes
            key.append(repr(attributes) if step.op in INDEXING else tuple(attributes.items()))
        values.append(step.value)
        for x, parent in zip(step.inputs, step.parents):  # type: ignore[arg-type]  # noqa: B905 - the fast road
            if parent in places:
                key.append(places[parent])
                values.append(x.value)
            elif x.__class__ in PLAIN:
                key.append(x if is_fixed(x) else None)
                values.append(x)
            else:
                value = x.value
                key += (value.shape, value.dtype)
                values.append(value)
                if parent is not None:
                    places[parent] = -len(places)
        places[step] = len(values)
    for place, head in enumerate(heads):
        key += (places.get(head.node), seeds[place] is None)
        if seeds[place] is not None:
            values.append(given_seed(head, seeds[place]))
    for node in wanted:
        key.append(places.get(node))
    return tuple(key), values


def is_fixed(number: float) -> bool:
    """Whether a plain number becomes part of a walk."""
    return -LARGEST_FIXED <= number <= LARGEST_FIXED and number == int(number)


def write_out(
    heads: Sequence[Array], seeds: Sequence[Any], steps: list[Step], wanted: Sequence[Node], values: list[Any]
) -> Kept:
    """Walk back once with tracers in place of the values, simplify what they saw, and write it down."""
    tracers = iter([tracer_for(place, value) for place, value in enumerate(values)])
    known: dict[Step, tuple[Any, list[Any]]] = {}
    for step in steps:
        y = next(tracers)
        known[step] = (
            y,
            [next(tracers) if not is_number(x) else (next(tracers), x)[is_fixed(x)] for x in step.inputs or ()],
        )
    starts = [
        np.ones_like(head.value) if seed is None else next(tracers) for head, seed in zip(heads, seeds, strict=True)
    ]
    starts = [Tracer(to_node(start, [head.value.dtype])) for start, head in zip(starts, heads, strict=True)]
    found = walk(heads, starts, steps, wanted, known.__getitem__)
    outputs = [to_node(share, []) for share in found if share is not None]
    graph = simplify(Graph("walk back", (), tuple(outputs)))
    places = {node.attributes["name"]: int(node.attributes["name"][1:]) for node in graph.nodes if node.op == "input"}
    text, function = as_python(graph, places)
    reached = tuple(share is not None for share in found)
    return Kept(text, function, set(places.values()), reached, all(reached))


def tracer_for(place: int, value: Any) -> Tracer:
    array = np.asarray(value)
    return Tracer(input_node(f"v{place}", Spec(array.shape, array.dtype)))


def is_number(x: Any) -> bool:
    return x.__class__ in PLAIN


# ---- sentences ----------------------------------------------------------------------------------------------


def check_unaltered(steps: Sequence[Step], uses: set[int] | None = None) -> None:
    """Refuse to use numbers that have changed since they were recorded; all of them, or those at some places."""
    place = 0
    for step in steps:
        assert step.inputs is not None
        for x, which in [(None, "the result"), *((x, f"input {i}") for i, x in enumerate(step.inputs, 1))]:
            altered = step.altered if x is None else getattr(x, "altered", None)
            if altered is not None and altered[0] > step.number and (uses is None or place in uses):
                shape = step.value.shape if x is None else x.value.shape
                refuse_altered(step.op, which, shape, None if x is None else name_of(x))
            place += 1


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


def refuse_altered(op: str, which: str, shape: tuple[int, ...], name: str | None) -> NoReturn:
    called = f"{name}, " if name else ""
    raise TapeError(
        f"{called}{which} of the recorded operation {op}, of shape {shape}, was altered in place after it was used, "
        "and the derivative needs the numbers from before: call backward() before the change, or make a new array "
        "(w = w - ...) instead of changing this one (w -= ...)."
    )


def name_of(array: Array) -> str | None:
    """What the running program calls an array."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        if not frame.f_globals.get("__name__", "").startswith("gradloop."):
            for name, value in (*frame.f_locals.items(), *frame.f_globals.items()):
                if value is array:
                    return str(name)
        frame = frame.f_back
    return None
