"""Operations that fold an axis: sums, the largest entry, products of matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gradloop.compiler.builder import SUM, WRITTEN_OUT, Join
from gradloop.compiler.elements import ELEMENTS
from gradloop.compiler.exponentials import exponential, logarithm
from gradloop.compiler.kinds import (
    I32,
    VECTOR,
    Index,
    Position,
    Value,
    contiguous_axis,
    ir_type,
    number,
    width_at,
)
from gradloop.core.graph import Node

if TYPE_CHECKING:
    from gradloop.compiler.lower import GraphCode

FORMULAS_WRITTEN_OUT = 2  # spans of an array whose entries may each take many instructions
ACCUMULATORS = 16  # vectors that a processor can hold while it sums, and some more for what is added


def is_sum(node: Node) -> bool:
    """Whether computing one entry needs a loop."""
    if node.op == "matmul":
        return node.inputs[0].spec.shape[1] > 1
    return node.op in REDUCTIONS


def _unreduced(index: Position, folded: Position, axes: tuple[int, ...], rank: int) -> Position:
    kept, inner = iter(index), iter(folded)
    return tuple(next(inner) if axis in axes else next(kept) for axis in range(rank))


def _fold(
    graph: GraphCode, node: Node, index: Position, lanes: int, join: Join,
    change: Callable[[int, Value], Value] = lambda lane, value: value,
) -> list[Value]:  # fmt: skip
    source, axes = node.inputs[0], node.attributes["axis"]
    lengths = [source.spec.shape[axis] for axis in axes]
    inner = axes[contiguous_axis(lengths)]
    wide = graph.wide_along(source, inner) if node.spec.is_float and source.spec.size > WRITTEN_OUT else 1

    def terms(folded: Position) -> list[Value]:
        place = _unreduced(index, folded, axes, len(source.spec.shape))
        return [change(lane, graph.element(source, place, lane)) for lane in range(lanes)]

    first = [number(ir_type(node.spec.dtype), join.start)] * lanes
    return graph.code.fold(lengths, first, join, terms, wide, FORMULAS_WRITTEN_OUT)


def _sum(graph: GraphCode, node: Node, index: Position, lanes: int) -> list[Value]:
    return _fold(graph, node, index, lanes, SUM)


def _max(graph: GraphCode, node: Node, index: Position, lanes: int) -> list[Value]:
    return _fold(graph, node, index, lanes, LARGEST if node.spec.is_float else LARGEST_WHOLE)


def _logsumexp(graph: GraphCode, node: Node, index: Position, lanes: int) -> list[Value]:
    """The peak is taken out before the exponential, unless it is infinite."""
    code, kind = graph.code, ir_type(node.spec.dtype)
    peaks = _max(graph, node, index, lanes)
    zero, limit = number(kind, 0), number(kind, np.inf)
    shifts = [code.select(code.compare("<", code.intrinsic("fabs", p), limit), p, zero) for p in peaks]
    totals = _fold(
        graph, node, index, lanes, SUM, lambda lane, value: exponential(code, code.fsub(value, shifts[lane]))
    )
    logs = logarithm(code, code.vector(totals))  # of all lanes at once
    return [code.fadd(code.ir.extract_element(logs, I32(lane)), shift) for lane, shift in enumerate(shifts)]


def _dot(graph: GraphCode, node: Node, index: Position, lanes: int) -> list[Value]:
    a, b = node.inputs
    code, length = graph.code, a.spec.shape[1]
    both = graph.is_vector_along(a, 1) and graph.is_vector_along(b, 0) and length > WRITTEN_OUT

    def terms(k: Position) -> list[Value]:
        return [
            code.fmul(graph.element(a, (index[0], *k), lane), graph.element(b, (*k, index[1]), lane))
            for lane in range(lanes)
        ]

    first = [number(ir_type(node.spec.dtype), 0)] * lanes
    return code.fold((length,), first, SUM, terms, VECTOR // node.spec.dtype.itemsize if both else 1)


def keep_product(graph: GraphCode, node: Node, buffers: Sequence[Value]) -> None:
    """A product of matrices, in whichever way fills vectors."""
    lanes = len(buffers)
    if id(node.inputs[1]) in graph.by_columns:
        _keep_by_columns(graph, node, buffers)
    elif graph.is_vector_along(node.inputs[1], 1):
        _keep_by_rows(graph, node, buffers)
    else:
        graph.fill(node, list(buffers), lambda index: _dot(graph, node, index, lanes))


def is_narrow(node: Node) -> bool:
    """Whether the rows of a matrix would leave much of a vector empty, while its columns fill several."""
    if len(node.spec.shape) != 2 or not node.spec.is_float:
        return False
    wide = VECTOR // node.spec.dtype.itemsize
    length, columns = node.spec.shape
    return 1 < columns <= wide * 3 // 4 and length >= 4 * wide


def _keep_by_rows(graph: GraphCode, node: Node, buffers: Sequence[Value]) -> None:
    """Entries that lie side by side at once: a number of the first matrix times a row of the second, added up."""
    code, (a, b) = graph.code, node.inputs
    lanes, kind, shape = len(buffers), ir_type(node.spec.dtype), node.spec.shape

    def sums(index: Position) -> None:
        pieces = code.cut(index[1], wide)

        def add(k: Index, found: Sequence[Value]) -> list[Value]:
            factors = [graph.element(a, (index[0], k), lane) for lane in range(lanes)]
            terms = [
                code.fmul(factor, graph.element(b, (k, piece), lane))
                for piece in pieces
                for lane, factor in enumerate(factors)
            ]
            return [code.fadd(total, term) for total, term in zip(found, terms, strict=True)]

        start = [code.spread(number(kind, 0), width_at(piece)) for piece in pieces for _ in buffers]
        totals = iter(code.walk(a.spec.shape[1], 1, start, add))
        for piece in pieces:
            for buffer in buffers:
                code.store(next(totals), buffer, kind, code.offset((index[0], piece), shape))

    wide = VECTOR // node.spec.dtype.itemsize
    code.each(shape, sums, wide * max(1, ACCUMULATORS // lanes))


def _keep_by_columns(graph: GraphCode, node: Node, buffers: Sequence[Value]) -> None:
    """Each entry the product of two vectors, several entries at once; the second matrix lies transposed."""
    code, (a, b), (rows, columns) = graph.code, node.inputs, node.spec.shape
    lanes, kind, length = len(buffers), ir_type(node.spec.dtype), a.spec.shape[1]
    wide = graph.wide_along(a, 1)

    def sums(row: Index, some: Sequence[int]) -> None:
        def terms(k: Position) -> list[Value]:
            factors = [graph.element(a, (row, *k), lane) for lane in range(lanes)]
            places = [code.offset((column, *k), (columns, length)) for column in some]
            across = [code.load(graph.by_columns[id(b)], kind, place) for place in places]
            return [code.fmul(factor, column) for column in across for factor in factors]

        found = iter(code.fold((length,), [number(kind, 0)] * (len(some) * lanes), SUM, terms, wide))
        for column in some:
            for buffer in buffers:
                code.store(next(found), buffer, kind, code.offset((row, column), node.spec.shape))

    group = max(1, ACCUMULATORS // lanes)
    for first in range(0, columns, group):
        code.each((rows,), lambda index: sums(index[0], range(first, min(first + group, columns))))  # noqa: B023


LARGEST = Join(-np.inf, ELEMENTS["maximum"], "fmaximum")
LARGEST_WHOLE = Join(np.iinfo(np.int64).min, ELEMENTS["maximum"], "smax")

REDUCTIONS: dict[str, Callable[[GraphCode, Node, Position, int], list[Value]]] = {
    "sum": _sum,
    "max": _max,
    "logsumexp": _logsumexp,
    "matmul": _dot,
}
