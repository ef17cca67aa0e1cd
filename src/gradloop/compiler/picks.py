"""Operations that move, pick or convert entries: where in its inputs an entry of the result is found.

`PICKS` computes an entry. `MAPS` tells, for an axis of the result, along which axis of which inputs the entries move;
with that it is decided whether entries can be computed as vectors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gradloop.compiler.builder import Code
from gradloop.compiler.kinds import Index, Position, Value, ir_type, is_whole, like, number
from gradloop.core.graph import Node

if TYPE_CHECKING:
    from gradloop.compiler.lower import GraphCode

Pick = Callable[["GraphCode", Node, Position, int], Value]


def full_key(key: tuple[Any, ...], rank: int) -> tuple[Any, ...]:
    """A key with a part for every axis."""
    ellipsis = key.index(Ellipsis) if Ellipsis in key else len(key)
    used = sum(part is not None and part is not Ellipsis for part in key)
    return (*key[:ellipsis], *(slice(None),) * (rank - used), *key[ellipsis + 1 :])


def index_map(key: tuple[Any, ...], shape: tuple[int, ...]) -> Callable[[Code, Position], Position]:
    """For `whole[key]`: from an index of the part to the index of the same entry in the whole."""
    full = full_key(key, len(shape))

    def mapped(code: Code, index: Position) -> Position:
        found: list[Index] = []
        rest = iter(index)
        for part in full:
            if part is None:
                next(rest)
            elif isinstance(part, int):
                found.append(part % shape[len(found)])
            else:
                start, _, step = part.indices(shape[len(found)])
                found.append(code.add(code.multiply(next(rest), step), start))
        return tuple(found)

    return mapped


def _index(graph: GraphCode, node: Node, index: Position, lane: int) -> Value:
    source = node.inputs[0]
    return graph.element(source, index_map(node.attributes["key"], source.spec.shape)(graph.code, index), lane)


def _reshape(graph: GraphCode, node: Node, index: Position, lane: int) -> Value:
    """Axes of length one come and go for nothing; anything else goes through the flat position."""
    source = node.inputs[0]
    old, new = source.spec.shape, node.spec.shape
    if [n for n in old if n != 1] == [n for n in new if n != 1]:
        kept = iter(i for i, n in zip(index, new, strict=True) if n != 1)
        return graph.element(source, tuple(0 if n == 1 else next(kept) for n in old), lane)
    flat = graph.code.offset(index, new)
    found: list[Index] = []
    for length in reversed(old):
        flat, position = graph.code.divide_modulo(flat, length)
        found.append(position)
    return graph.element(source, tuple(reversed(found)), lane)


def _transpose(graph: GraphCode, node: Node, index: Position, lane: int) -> Value:
    axes = node.attributes["axes"]
    return graph.element(node.inputs[0], tuple(index[axes.index(i)] for i in range(len(axes))), lane)


def _broadcast(graph: GraphCode, node: Node, index: Position, lane: int) -> Value:
    return graph.broadcast_element(node.inputs[0], index, lane)


def _take(graph: GraphCode, node: Node, index: Position, lane: int) -> Value:
    source, label = node.inputs
    return graph.element(source, (graph.element(label, (), lane), *index), lane)


def _place(graph: GraphCode, node: Node, index: Position, lane: int) -> Value:
    part, label = node.inputs
    here = graph.code.equal(index[0], graph.element(label, (), lane))
    value = graph.element(part, index[1:], lane)
    return graph.code.select(*graph.code.alike((here, value, number(value.type, 0))))


def _convert(graph: GraphCode, node: Node, index: Position, lane: int) -> Value:
    code, value = graph.code, graph.element(node.inputs[0], index, lane)
    kind, source = node.spec.dtype.kind, node.inputs[0].spec.dtype.kind
    if kind == "f":
        return code.as_real(value, ir_type(node.spec.dtype))
    if kind == source:
        return value
    if kind == "b":
        zero = number(value.type, 0)
        return code.ir.icmp_signed("!=", value, zero) if is_whole(value) else code.ir.fcmp_unordered("!=", value, zero)
    wanted = like(ir_type(node.spec.dtype), value)
    return code.ir.zext(value, wanted) if source == "b" else code.ir.fptosi(value, wanted)


def _unkept(graph: GraphCode, node: Node, index: Position, lane: int) -> Value:
    """An array of one entry made by unindex or concatenate is that entry."""
    part = next(child for child in node.inputs if child.spec.size)
    return graph.element(part, (0,) * len(part.spec.shape), lane)


def _outer(graph: GraphCode, node: Node, index: Position, lane: int) -> Value:
    """A product over a single term: column times row."""
    a, b = node.inputs
    return graph.code.fmul(graph.element(a, (index[0], 0), lane), graph.element(b, (0, index[1]), lane))


PICKS: dict[str, Pick] = {
    "index": _index,
    "reshape": _reshape,
    "transpose": _transpose,
    "broadcast": _broadcast,
    "take": _take,
    "place": _place,
    "convert": _convert,
    "unindex": _unkept,
    "concatenate": _unkept,
    "matmul": _outer,
}


# ---- along which axis of its inputs the entries of a result move ----------------------------------------------

Moves = list[tuple[Node, int]] | None  # None: in no order that a vector could follow


def _index_moves(node: Node, axis: int) -> Moves:
    source = node.inputs[0]
    places = iter(range(len(node.spec.shape)))
    inner = 0
    for part in full_key(node.attributes["key"], len(source.spec.shape)):
        if part is None:
            next(places)
            continue
        if isinstance(part, slice) and next(places) == axis:
            return [(source, inner)] if part.indices(source.spec.shape[inner])[2] == 1 else None
        inner += 1
    return None


def _reshape_moves(node: Node, axis: int) -> Moves:
    source = node.inputs[0]
    old = [i for i, n in enumerate(source.spec.shape) if n != 1]
    new = [i for i, n in enumerate(node.spec.shape) if n != 1]
    same = [source.spec.shape[i] for i in old] == [node.spec.shape[i] for i in new]
    return [(source, old[new.index(axis)])] if same else None


def _broadcast_moves(node: Node, axis: int) -> Moves:
    source = node.inputs[0]
    return [(source, axis - len(node.spec.shape) + len(source.spec.shape))]


def _place_moves(node: Node, axis: int) -> Moves:
    return [(node.inputs[0], axis - 1)] if axis else []


MOVES_OF: dict[str, Callable[[Node, int], Moves]] = {
    "index": _index_moves,
    "reshape": _reshape_moves,
    "transpose": lambda node, axis: [(node.inputs[0], node.attributes["axes"][axis])],
    "broadcast": _broadcast_moves,
    "take": lambda node, axis: [(node.inputs[0], axis + 1)],
    "place": _place_moves,
    "convert": lambda node, axis: [(node.inputs[0], axis)],
    "unindex": lambda node, axis: None,
    "concatenate": lambda node, axis: None,
    "matmul": lambda node, axis: [(node.inputs[axis], axis)],
}
