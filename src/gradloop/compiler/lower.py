"""A graph becomes instructions: which values to keep, where, and how each entry is computed.

The code is written for a small block of rows at once (`lanes`): every value that depends on the data exists once a
row of the block, and a loop over features computes all of them in one pass, so a parameter is loaded once a block.
Values that do not depend on the data are computed once, ahead of the rows.

A value is one of three things: a number in a register; an array kept in a buffer, if computing an entry anew would
repeat work; or a formula that is written out at every place where an entry is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from llvmlite import ir

from gradloop.compiler.builder import I64, Code, Index, Value, ir_type
from gradloop.compiler.elements import ELEMENTS
from gradloop.core.graph import Graph, Node

Position = tuple[Index, ...]
Reader = Callable[[Position, int], Value]  # (index, lane) -> entry of an input

MOVES = {"reshape", "transpose", "broadcast", "index"}
ALWAYS_KEPT = {"unindex", "concatenate"}
CHEAP = {"negative", "add", "subtract", "multiply", "where", "convert", "take", "place"} | MOVES


class GraphCode:
    """Writes the instructions of one graph into a function."""

    def __init__(self, code: Code, graph: Graph, readers: Mapping[str, Reader], row_inputs: set[str]) -> None:
        self.code = code
        self.graph = graph
        self.readers = readers
        self.lanes = 1
        self.numbers: dict[int, list[Value]] = {}  # of nodes with one entry: a value for each lane
        self.buffers: dict[int, list[Value]] = {}  # of kept arrays: a buffer for each lane
        self.by_row = self._depends_on(row_inputs)
        self.uses = self._count_uses()

    def _depends_on(self, names: set[str]) -> set[int]:
        found: set[int] = set()
        for node in self.graph.nodes:
            named = node.op == "input" and node.attributes["name"] in names
            if named or any(id(child) in found for child in node.inputs):
                found.add(id(node))
        return found

    def _count_uses(self) -> dict[int, int]:
        """How many times a formula would be written out or run anew if it were not kept."""
        uses: dict[int, int] = {}
        for node in self.graph.nodes:
            for child in node.inputs:
                repeated = node.op == "matmul" and node.spec.size > 1 and node.inputs[0].spec.shape[1] > 1
                uses[id(child)] = uses.get(id(child), 0) + (2 if repeated or node.op == "logsumexp" else 1)
        for output in self.graph.outputs:
            uses[id(output)] = uses.get(id(output), 0) + 1
        return uses

    # ---- in which order things are written ----
    def shared(self) -> None:
        """Write what does not depend on the rows; once, ahead of them."""
        self.lanes = 1
        for node in self.graph.nodes:
            if id(node) not in self.by_row:
                self._write(node)

    def rows(self, lanes: int) -> None:
        """Write what depends on the rows, for a block of so many."""
        self.lanes = lanes
        for node in self.graph.nodes:
            if id(node) in self.by_row:
                self.numbers.pop(id(node), None)
                self._write(node)

    def _write(self, node: Node) -> None:
        if node.is_constant:
            return
        lanes = self.lanes if id(node) in self.by_row else 1
        if node.spec.size == 1:
            self.numbers[id(node)] = self._one_entry(node, (0,) * len(node.spec.shape), lanes)
        elif node.op != "input" and self._is_kept(node):
            self._keep(node, lanes)

    def _is_kept(self, node: Node) -> bool:
        if node.op in ALWAYS_KEPT or is_sum(node):
            return True
        if node.op in MOVES or node.spec.dtype.kind == "b":
            return False
        once_for_all_rows = id(node) not in self.by_row
        return once_for_all_rows or (self.uses[id(node)] > 1 and not self._is_cheap(node))

    def _is_cheap(self, node: Node) -> bool:
        """At most one cheap operation away from what lies in memory."""
        if node.op not in CHEAP and not (node.op == "matmul" and not is_sum(node)):
            return False
        return all(c.spec.size == 1 or self._lies_in_memory(c) for c in node.inputs)

    def _lies_in_memory(self, node: Node) -> bool:
        if node.op in MOVES:
            return self._lies_in_memory(node.inputs[0])
        return node.op == "input" or node.is_constant or id(node) in self.buffers

    # ---- kept arrays ----
    def _keep(self, node: Node, lanes: int) -> None:
        kind = ir_type(node.spec.dtype)
        if id(node) not in self.buffers or len(self.buffers[id(node)]) < lanes:
            self.buffers[id(node)] = [self.code.buffer(kind, node.spec.size) for _ in range(lanes)]
        buffers = self.buffers.pop(id(node))  # while its entries are computed it must not be read
        if node.op == "matmul" and node.spec.shape[1] > 1:
            self._keep_product(node, buffers[:lanes])
        elif node.op == "unindex":
            self._keep_unindex(node, buffers[:lanes])
        elif node.op == "concatenate":
            self._keep_concatenate(node, buffers[:lanes])
        else:
            self._fill(node.spec.shape, buffers, lambda index: self._one_entry(node, index, lanes))
        self.buffers[id(node)] = buffers

    def _fill(self, shape: tuple[int, ...], buffers: list[Value], entries: Callable[[Position], list[Value]]) -> None:
        def body(index: Position) -> None:
            values = entries(index)
            for value, buffer in zip(values, buffers, strict=False):
                self.code.store(value, buffer, value.type, self.code.offset(index, shape))

        self.code.each(shape, body)

    def _zero(self, node: Node, buffers: list[Value]) -> None:
        zero = constant_entry(node.spec.dtype, 0)
        self._fill(node.spec.shape, buffers, lambda index: [zero] * len(buffers))

    def _keep_product(self, node: Node, buffers: list[Value]) -> None:
        """Row times matrix, a row of the matrix at a time: its entries lie side by side."""
        code, (a, b) = self.code, node.inputs
        rows, columns = node.spec.shape
        kind = ir_type(node.spec.dtype)
        self._zero(node, buffers)

        def add_row(index: Position) -> None:
            i, k = index
            factors = [self.element(a, (i, k), lane) for lane in range(len(buffers))]

            def add_entry(column: Position) -> None:
                for lane, buffer in enumerate(buffers):
                    place = code.offset((i, column[0]), (rows, columns))
                    term = code.fmul(factors[lane], self.element(b, (k, column[0]), lane))
                    code.store(code.fadd(code.load(buffer, kind, place), term), buffer, kind, place)

            code.each((columns,), add_entry)

        code.each((rows, a.spec.shape[1]), add_row)

    def _keep_unindex(self, node: Node, buffers: list[Value]) -> None:
        self._zero(node, buffers)
        part, shape = node.inputs[0], node.spec.shape
        where_to = index_map(node.attributes["key"], shape)

        def body(index: Position) -> None:
            place = self.code.offset(where_to(self.code, index), shape)
            for lane, buffer in enumerate(buffers):
                value = self.element(part, index, lane)
                self.code.store(value, buffer, value.type, place)

        self.code.each(part.spec.shape, body)

    def _keep_concatenate(self, node: Node, buffers: list[Value]) -> None:
        axis, start = node.attributes["axis"], 0
        for part in node.inputs:

            def body(index: Position, part: Node = part, start: int = start) -> None:
                place = (*index[:axis], self.code.add(index[axis], start), *index[axis + 1 :])
                for lane, buffer in enumerate(buffers):
                    value = self.element(part, index, lane)
                    self.code.store(value, buffer, value.type, self.code.offset(place, node.spec.shape))

            self.code.each(part.spec.shape, body)
            start += part.spec.shape[axis]

    def is_entrywise(self) -> bool:
        """Whether each entry of the results depends on the same entry of the inputs, and on single numbers, only."""
        shape = self.graph.outputs[0].spec.shape
        return all(
            node.spec.size == 1 or (node.spec.shape == shape and (node.op in ELEMENTS or not node.inputs))
            for node in self.graph.nodes
        ) and all(output.spec.shape == shape for output in self.graph.outputs)

    def write_together(self, nodes: Sequence[Node], targets: Sequence[Value], kind: ir.Type) -> None:
        """Compute nodes of one shape, entry by entry, and store an entry of each, as this type, before the next."""
        shape = nodes[0].spec.shape

        def body(index: Position) -> None:
            values = [self.element(node, index, 0) for node in nodes]
            for value, target in zip(values, targets, strict=True):
                self.code.store(self.code.as_real(value, kind), target, kind, self.code.offset(index, shape))

        self.code.each(shape, body)

    # ---- entries ----
    def _one_entry(self, node: Node, index: Position, lanes: int) -> list[Value]:
        """One entry of a node for every lane; sums over an axis share their loop."""
        if is_sum(node):
            return list(REDUCTIONS[node.op](self, node, index, lanes))
        return [self._compute(node, index, lane) for lane in range(lanes)]

    def element(self, node: Node, index: Position, lane: int) -> Value:
        """An entry of a node's value, wherever it is to be found."""
        known = self.numbers.get(id(node))
        if known is not None:
            return known[lane if id(node) in self.by_row else 0]
        buffers = self.buffers.get(id(node))
        if buffers is not None:
            buffer = buffers[lane if id(node) in self.by_row else 0]
            return self.code.load(buffer, ir_type(node.spec.dtype), self.code.offset(index, node.spec.shape))
        return self._compute(node, index, lane)

    def _compute(self, node: Node, index: Position, lane: int) -> Value:
        if node.op == "input":
            return self.readers[node.attributes["name"]](index, lane)
        if node.is_constant:
            return self._constant(node, index)
        if node.op in PICKS:
            return PICKS[node.op](self, node, index, lane)
        inputs = (self.broadcast_element(child, index, lane) for child in node.inputs)
        return ELEMENTS[node.op](self.code, *inputs)

    def broadcast_element(self, node: Node, index: Position, lane: int) -> Value:
        """The entry that stands at an index of a larger shape."""
        shape = node.spec.shape
        tail = index[len(index) - len(shape) :]
        return self.element(node, tuple(0 if n == 1 else i for i, n in zip(tail, shape, strict=True)), lane)

    def _constant(self, node: Node, index: Position) -> Value:
        value = node.attributes["value"]
        if value.size == 1 or all(isinstance(i, int) for i in index):
            return constant_entry(value.dtype, value[tuple(index)] if value.size > 1 else value.item())
        module, name = self.code.function.module, f"constant.{id(node)}"
        if name not in module.globals:
            kind = ir.ArrayType(ir_type(value.dtype), value.size)
            table = ir.GlobalVariable(module, kind, name)
            table.initializer = ir.Constant(kind, [constant_entry(value.dtype, v) for v in value.ravel().tolist()])
            table.global_constant, table.linkage = True, "internal"
        return self.code.load(module.globals[name], ir_type(value.dtype), self.code.offset(index, value.shape))


def constant_entry(dtype: np.dtype, value: Any) -> Value:
    return ir.Constant(ir_type(dtype), float(value) if dtype.kind == "f" else int(value))


# ---- operations that pick entries of their input --------------------------------------------------------------


def index_map(key: tuple[Any, ...], shape: tuple[int, ...]) -> Callable[[Code, Position], Position]:
    """For `whole[key]`: from an index of the part to the index of the same entry in the whole."""
    ellipsis = key.index(Ellipsis) if Ellipsis in key else len(key)
    used = sum(part is not None and part is not Ellipsis for part in key)
    spread = (slice(None),) * (len(shape) - used)
    full = (*key[:ellipsis], *spread, *key[ellipsis + 1 :])

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
    return graph.code.select(here, graph.element(part, index[1:], lane), constant_entry(node.spec.dtype, 0))


def _convert(graph: GraphCode, node: Node, index: Position, lane: int) -> Value:
    value = graph.element(node.inputs[0], index, lane)
    kind = ir_type(node.spec.dtype)
    if node.spec.dtype.kind == "f":
        return graph.code.as_real(value, kind)
    if node.spec.dtype.kind == "b":
        return graph.code.ir.icmp_signed("!=", value, value.type(0)) if value.type == I64 else truth(graph, value)
    if isinstance(value.type, ir.IntType):
        return graph.code.ir.zext(value, kind) if value.type != kind else value
    return graph.code.ir.fptosi(value, kind)


def truth(graph: GraphCode, value: Value) -> Value:
    return graph.code.ir.fcmp_unordered("!=", value, ir.Constant(value.type, 0.0))


def _unkept(graph: GraphCode, node: Node, index: Position, lane: int) -> Value:
    """An array of one entry made by unindex or concatenate is that entry."""
    part = next(child for child in node.inputs if child.spec.size)
    return graph.element(part, (0,) * len(part.spec.shape), lane)


def _outer(graph: GraphCode, node: Node, index: Position, lane: int) -> Value:
    """A product over a single term: column times row."""
    a, b = node.inputs
    return graph.code.fmul(graph.element(a, (index[0], 0), lane), graph.element(b, (0, index[1]), lane))


PICKS: dict[str, Callable[[GraphCode, Node, Position, int], Value]] = {
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


# ---- operations that fold an axis -----------------------------------------------------------------------------


def is_sum(node: Node) -> bool:
    """Whether computing one entry needs a loop."""
    if node.op == "matmul":
        return node.inputs[0].spec.shape[1] > 1
    return node.op in REDUCTIONS


def _unreduced(index: Position, folded: Position, axes: tuple[int, ...], rank: int) -> Position:
    kept, inner = iter(index), iter(folded)
    return tuple(next(inner) if axis in axes else next(kept) for axis in range(rank))


def _fold(
    graph: GraphCode, node: Node, index: Position, lanes: int, start: float, step: Callable[[Code, Value, Value], Value],
    change: Callable[[int, Value], Value] = lambda lane, value: value,
) -> list[Value]:  # fmt: skip
    source, axes = node.inputs[0], node.attributes["axis"]
    lengths = [source.spec.shape[axis] for axis in axes]

    def body(folded: Position, found: Any) -> list[Value]:
        place = _unreduced(index, folded, axes, len(source.spec.shape))
        return [
            step(graph.code, total, change(lane, graph.element(source, place, lane)))
            for lane, total in enumerate(found)
        ]

    first = [constant_entry(node.spec.dtype, start)] * lanes
    return list(graph.code.reduce(lengths, first, body))


def _sum(graph: GraphCode, node: Node, index: Position, lanes: int) -> list[Value]:
    return _fold(graph, node, index, lanes, 0, ELEMENTS["add"])


def _max(graph: GraphCode, node: Node, index: Position, lanes: int) -> list[Value]:
    lowest = -np.inf if node.spec.dtype.kind == "f" else np.iinfo(np.int64).min
    return _fold(graph, node, index, lanes, lowest, ELEMENTS["maximum"])


def _logsumexp(graph: GraphCode, node: Node, index: Position, lanes: int) -> list[Value]:
    """The peak is taken out before the exponential, unless it is infinite."""
    code = graph.code
    peaks = _max(graph, node, index, lanes)
    zero = constant_entry(node.spec.dtype, 0)
    limit = constant_entry(node.spec.dtype, np.inf)
    shifts = [code.select(code.compare("<", code.intrinsic("fabs", p), limit), p, zero) for p in peaks]
    totals = _fold(
        graph, node, index, lanes, 0, ELEMENTS["add"],
        lambda lane, value: code.intrinsic("exp", code.fsub(value, shifts[lane])),
    )  # fmt: skip
    return [code.fadd(code.intrinsic("log", t), s) for t, s in zip(totals, shifts, strict=True)]


def _dot(graph: GraphCode, node: Node, index: Position, lanes: int) -> list[Value]:
    a, b = node.inputs
    code = graph.code

    def body(k: Position, found: Any) -> list[Value]:
        return [
            code.fadd(t, code.fmul(graph.element(a, (index[0], *k), lane), graph.element(b, (*k, index[1]), lane)))
            for lane, t in enumerate(found)
        ]

    first = [constant_entry(node.spec.dtype, 0)] * lanes
    return list(code.reduce(a.spec.shape[1:], first, body))


REDUCTIONS: dict[str, Callable[[GraphCode, Node, Position, int], list[Value]]] = {
    "sum": _sum,
    "max": _max,
    "logsumexp": _logsumexp,
    "matmul": _dot,
}
