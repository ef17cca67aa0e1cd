"""A graph becomes instructions: which values to keep, where, and how each entry is computed.

The code is written for a small block of rows at once (`lanes`): every value that depends on the data exists once a
row of the block, and a loop over features computes all of them in one pass, so a parameter is loaded once a block.
Values that do not depend on the data are computed once, ahead of the rows.

A value is one of three things: a number in a register; an array kept in a buffer, if computing an entry anew would
repeat work; or a formula that is written out at every place where an entry is used. An index may hold a span of
neighbouring places; then an entry is a vector.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from math import prod

from llvmlite import ir

from gradloop.compiler.builder import WRITTEN_OUT, Code
from gradloop.compiler.elements import CALLS, COSTLY, ELEMENTS, is_product
from gradloop.compiler.kinds import I32, VECTOR, Index, Position, Value, contiguous_axis, ir_type, number
from gradloop.compiler.picks import MOVES_OF, PICKS, index_map
from gradloop.compiler.reductions import FORMULAS_WRITTEN_OUT, REDUCTIONS, is_narrow, is_sum, keep_product
from gradloop.core.graph import Graph, Node

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
        self.by_columns: dict[int, Value] = {}  # transposed copies of matrices that do not depend on the rows
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
        for node in self.graph.nodes:
            if id(node) in self.by_row and is_sum(node) and self._turns(node):
                self._keep_columns(node.inputs[1])

    def _turns(self, node: Node) -> bool:
        return node.op == "matmul" and is_narrow(node.inputs[1]) and id(node.inputs[1]) not in self.by_row

    def _keep_columns(self, node: Node) -> None:
        kind, (length, columns) = ir_type(node.spec.dtype), node.spec.shape
        if id(node) not in self.by_columns:
            self.by_columns[id(node)] = self.code.buffer(kind, node.spec.size)
        with self.code.loop(0, length) as row:
            for column in range(columns):
                place = self.code.add(column * length, row)
                self.code.store(self.element(node, (row, column), 0), self.by_columns[id(node)], kind, place)

    def turned_outputs(self) -> set[Node]:
        """Outputs that are added up best column by column: products of a column and a short row."""
        return {
            output
            for output in self.graph.outputs
            if output.op == "matmul" and is_narrow(output) and not is_sum(output) and self.is_vector_along(output, 0)
        }

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
            together = lanes > 1 and self.is_costly and self._fits_a_vector(node)
            write = self._one_vector if together else self.one_entry
            self.numbers[id(node)] = write(node, (0,) * len(node.spec.shape), lanes)
        elif node.op != "input" and self._is_kept(node):
            self._keep(node, lanes)

    @cached_property
    def is_costly(self) -> bool:
        """Whether single numbers of a row take so long that those of several rows should become a vector."""
        return any(node.op in COSTLY and node.spec.size == 1 and id(node) in self.by_row for node in self.graph.nodes)

    def _fits_a_vector(self, node: Node) -> bool:
        """Whether the emitter of an operation may be given one number of each row as a vector."""
        floats = all(each.spec.is_float for each in (node, *node.inputs))
        return node.op in ELEMENTS and floats and not calls(node)

    def _one_vector(self, node: Node, index: Position, lanes: int) -> list[Value]:
        """The one entry of a node for all lanes, computed as a vector."""
        inputs = []
        for child in node.inputs:
            varies = id(child) in self.by_row
            values = [self.broadcast_element(child, index, lane) for lane in range(lanes if varies else 1)]
            inputs.append(self.code.vector(values) if varies else values[0])
        found = ELEMENTS[node.op](self.code, *self.code.alike(inputs))
        return [self.code.ir.extract_element(found, I32(lane)) for lane in range(lanes)]

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
            keep_product(self, node, buffers[:lanes])
        elif node.op == "unindex":
            self._keep_unindex(node, buffers[:lanes])
        elif node.op == "concatenate":
            self._keep_concatenate(node, buffers[:lanes])
        else:
            self.fill(node, buffers, lambda index: self.one_entry(node, index, lanes))
        self.buffers[id(node)] = buffers

    def fill(self, node: Node, buffers: list[Value], entries: Callable[[Position], list[Value]]) -> None:
        """Store what `entries` gives for every index, one value for each lane."""

        def body(index: Position) -> None:
            for value, buffer in zip(entries(index), buffers, strict=False):
                self.code.store(value, buffer, ir_type(node.spec.dtype), self.code.offset(index, node.spec.shape))

        self.code.each(node.spec.shape, body, self.wide(node), FORMULAS_WRITTEN_OUT)

    def _keep_unindex(self, node: Node, buffers: list[Value]) -> None:
        for buffer in buffers:
            self.code.clear(buffer, ir_type(node.spec.dtype), node.spec.size)
        part = node.inputs[0]
        where_to = index_map(node.attributes["key"], node.spec.shape)
        self._copy_into(node, part, buffers, lambda index: where_to(self.code, index))

    def _keep_concatenate(self, node: Node, buffers: list[Value]) -> None:
        axis, start = node.attributes["axis"], 0
        for part in node.inputs:

            def where_to(index: Position, start: int = start) -> Position:
                return (*index[:axis], self.code.add(index[axis], start), *index[axis + 1 :])

            beside = contiguous_axis(part.spec.shape) == contiguous_axis(node.spec.shape)
            self._copy_into(node, part, buffers, where_to, self.wide(part) if beside else 1)
            start += part.spec.shape[axis]

    def _copy_into(
        self, node: Node, part: Node, buffers: list[Value], where_to: Callable[[Position], Position], wide: int = 1
    ) -> None:
        def body(index: Position) -> None:
            place = self.code.offset(where_to(index), node.spec.shape)
            for lane, buffer in enumerate(buffers):
                self.code.store(self.element(part, index, lane), buffer, ir_type(node.spec.dtype), place)

        self.code.each(part.spec.shape, body, wide)

    def is_entrywise(self) -> bool:
        """Whether each entry of the results depends on the same entry of the inputs, and on single numbers, only."""
        shape = self.graph.outputs[0].spec.shape
        return all(
            node.spec.size == 1 or (node.spec.shape == shape and (node.op in ELEMENTS or not node.inputs))
            for node in self.graph.nodes
        ) and all(output.spec.shape == shape for output in self.graph.outputs)

    def write_together(self, nodes: Sequence[Node], targets: Sequence[Value], kind: ir.Type) -> None:
        """Compute nodes of one shape, entry by entry, and store an entry of each, as this type, before the next."""
        shape, wide = nodes[0].spec.shape, min(self.wide(node) for node in nodes)
        flat = wide > 1 and self.is_entrywise()

        def body(index: Position) -> None:
            index = along(shape, index[0]) if flat else index
            values = [self.element(node, index, 0) for node in nodes]
            for value, target in zip(values, targets, strict=True):
                self.code.store(self.code.as_real(value, kind), target, kind, self.code.offset(index, shape))

        self.code.each((prod(shape),) if flat else shape, body, wide)

    # ---- vectors ----
    def wide(self, node: Node) -> int:
        """How many entries along its last axis to compute at once."""
        if node.spec.size <= WRITTEN_OUT:
            return 1
        return self.wide_along(node, contiguous_axis(node.spec.shape))

    def wide_along(self, node: Node, axis: int) -> int:
        return VECTOR // node.spec.dtype.itemsize if self.is_vector_along(node, axis) else 1

    def is_vector_along(self, node: Node, axis: int) -> bool:
        """Whether entries that are neighbours along an axis can be computed as one vector."""
        if axis < 0 or node.spec.shape[axis] == 1 or id(node) in self.numbers:
            return True
        if id(node) in self.buffers or node.op == "input" or node.is_constant:
            return axis == contiguous_axis(node.spec.shape) and node.spec.dtype.kind != "b"
        if is_sum(node):
            return False
        if node.op in MOVES_OF:
            moves = MOVES_OF[node.op](node, axis)
            return moves is not None and all(self.is_vector_along(child, inner) for child, inner in moves)
        if calls(node):
            return False
        rank = len(node.spec.shape)
        return node.op in ELEMENTS and all(
            self.is_vector_along(child, axis - rank + len(child.spec.shape)) for child in node.inputs
        )

    # ---- entries ----
    def one_entry(self, node: Node, index: Position, lanes: int) -> list[Value]:
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
        inputs = [self.broadcast_element(child, index, lane) for child in node.inputs]
        return ELEMENTS[node.op](self.code, *self.code.alike(inputs))

    def broadcast_element(self, node: Node, index: Position, lane: int) -> Value:
        """The entry that stands at an index of a larger shape."""
        shape = node.spec.shape
        tail = index[len(index) - len(shape) :]
        return self.element(node, tuple(0 if n == 1 else i for i, n in zip(tail, shape, strict=True)), lane)

    def _constant(self, node: Node, index: Position) -> Value:
        value = node.attributes["value"]
        if value.size == 1 or all(isinstance(i, int) for i in index):
            return number(ir_type(value.dtype), value[tuple(index)] if value.size > 1 else value.item())
        module, name = self.code.function.module, f"constant.{id(node)}"
        if name not in module.globals:
            kind = ir.ArrayType(ir_type(value.dtype), value.size)
            table = ir.GlobalVariable(module, kind, name)
            table.initializer = ir.Constant(kind, [number(ir_type(value.dtype), v) for v in value.ravel().tolist()])
            table.global_constant, table.linkage = True, "internal"
        return self.code.load(module.globals[name], ir_type(value.dtype), self.code.offset(index, value.shape))


def along(shape: tuple[int, ...], place: Index) -> Position:
    """The index of a place counted through a whole array, as an entry of the axis whose neighbours lie side by side."""
    return tuple(place if axis == contiguous_axis(shape) else 0 for axis in range(len(shape)))


def calls(node: Node) -> bool:
    """Whether a node's entries are computed by a call."""
    return node.op in CALLS and not (node.op == "power" and is_short_power(node))


def is_short_power(node: Node) -> bool:
    """Whether a power is written as a product."""
    exponent = node.inputs[1]
    return exponent.is_constant and exponent.spec.size == 1 and is_product(exponent.attributes["value"].item())
