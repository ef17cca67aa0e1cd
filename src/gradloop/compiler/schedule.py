"""The three loops written as LLVM functions. Each returns the IR of a module with one function, `run`.

Arguments of `run`, all arrays being row-major and contiguous:
    the rows' inputs, one pointer each; then, for Train:
        rows, batch_size, first_step, last_step, seed   (i64)
        numbers (double*), params, state (in the dtype of the program); returns the steps done
    for Sum:  first_row, last_row, rows_in_block, params, totals (double*)
    for Map:  first_row, last_row, params, results
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from llvmlite import ir

from gradloop.compiler.builder import I64, UNROLLED, Code, Index, Value, ir_type
from gradloop.compiler.loops import Inputs, Map, Sum, Train
from gradloop.compiler.lower import GraphCode, Position, Reader
from gradloop.compiler.order import BLOCK, Order
from gradloop.core.graph import Graph, Node

POINTER = ir.PointerType()
DOUBLE = ir.DoubleType()
AHEAD = 16  # rows between asking memory for a row and using it
LINE = 64  # bytes that memory delivers at once


def float_type(inputs: Inputs) -> ir.Type:
    """The program's precision: that of its parameters."""
    return ir_type(inputs.params[0].spec.dtype) if inputs.params else DOUBLE


def total_size(nodes: Sequence[Node]) -> int:
    return sum(node.spec.size for node in nodes)


def offsets(nodes: Sequence[Node]) -> list[int]:
    """Where each array begins when all lie one behind the other."""
    return np.cumsum([0, *(node.spec.size for node in nodes)])[:-1].tolist()


def name_of(node: Node) -> str:
    return str(node.attributes["name"])


def new_function(arguments: Sequence[ir.Type], result: ir.Type) -> tuple[ir.Module, ir.Function]:
    """A module with the function `run`, whose arrays never overlap."""
    module = ir.Module("gradloop")
    function = ir.Function(module, ir.FunctionType(result, arguments), "run")
    for argument in function.args:
        if argument.type == POINTER:
            argument.add_attribute("noalias")
    return module, function


@dataclass
class Block:
    """The rows that are being worked on: for each lane a row number."""

    rows: list[Value]


def row_readers(code: Code, inputs: Inputs, pointers: Sequence[Value], block: Block) -> dict[str, Reader]:
    """How the inputs that vary by row are read."""

    def reader(node: Node, pointer: Value) -> Reader:
        kind = ir_type(node.spec.dtype)

        def read(index: Position, lane: int) -> Value:
            start = code.multiply(block.rows[lane], node.spec.size)
            row = code.at(pointer, kind, start)
            return code.load(row, kind, code.offset(index, node.spec.shape))

        return read

    return {name_of(node): reader(node, pointer) for node, pointer in zip(inputs.rows, pointers, strict=True)}


def flat_readers(code: Code, nodes: Sequence[Node], base: Value, kind: ir.Type) -> dict[str, Reader]:
    """How arrays that lie one behind the other are read."""

    def reader(node: Node, start: int) -> Reader:
        return lambda index, lane: code.load(base, kind, code.add(start, code.offset(index, node.spec.shape)))

    return {name_of(node): reader(node, start) for node, start in zip(nodes, offsets(nodes), strict=True)}


def lanes_for(graph: Graph) -> int:
    """How many rows to work on at once: several where that lets a loaded parameter serve more than one."""
    products = [node for node in graph.nodes if node.op == "matmul"]
    work = max((node.spec.size * node.inputs[0].spec.shape[1] for node in products), default=0)
    return 1 if work < 32 else 4


def over_rows(
    code: Code, first: Value, stop: Value, lanes: int, row_of: Callable[[Index], Value], block: Block,
    body: Callable[[int], None],
) -> None:  # fmt: skip
    """Run the body for blocks of `lanes` positions, then for the rest one by one."""
    middle = first
    if lanes > 1:
        count = code.ir.sub(stop, first)
        middle = code.ir.add(first, code.ir.and_(count, I64(-lanes & (1 << 64) - 1)))
        with code.loop(first, middle, lanes) as position:
            block.rows = [row_of(code.add(position, lane)) for lane in range(lanes)]
            body(lanes)
    with code.loop(middle, stop) as position:
        block.rows = [row_of(position)]
        body(1)


def accumulate(code: Code, graph: GraphCode, totals: Value, kind: ir.Type, lanes: int) -> None:
    """Add the outputs for the rows of the block to totals that lie one behind the other."""
    for output, start in zip(graph.graph.outputs, offsets(graph.graph.outputs), strict=True):

        def add(index: Position, output: Node = output, start: int = start) -> None:
            place = code.add(start, code.offset(index, output.spec.shape))
            values = [code.as_real(graph.element(output, index, lane), kind) for lane in range(lanes)]
            total = code.load(totals, kind, place)
            for value in values:
                total = code.fadd(total, value)
            code.store(total, totals, kind, place)

        code.each(output.spec.shape, add)


# ---- Sum and Map ----------------------------------------------------------------------------------------------


def sum_module(loop: Sum) -> ir.Module:
    """totals[block] = the outputs added over the rows of the block, in float64."""
    inputs, size = loop.inputs, total_size(loop.graph.outputs)
    module, function = new_function([POINTER] * len(inputs.rows) + [I64] * 3 + [POINTER] * 2, ir.VoidType())
    code, block = Code(function), Block([])
    *pointers, first, last, rows_in_block, params, totals = function.args
    readers = row_readers(code, inputs, pointers, block)
    readers |= flat_readers(code, inputs.params, params, float_type(inputs))
    graph = GraphCode(code, loop.graph, readers, inputs.row_names)
    graph.shared()
    lanes = lanes_for(loop.graph)
    local = code.buffer(DOUBLE, size)
    count = code.ir.sub(last, first)
    blocks = code.ir.udiv(code.ir.add(count, code.ir.sub(rows_in_block, I64(1))), rows_in_block)

    def body(width: int) -> None:
        graph.rows(width)
        accumulate(code, graph, local, DOUBLE, width)

    with code.loop(0, blocks) as number:
        code.clear(local, DOUBLE, size)
        start = code.add(first, code.multiply(number, rows_in_block))
        stop = smaller(code, code.add(start, rows_in_block), last)
        over_rows(code, start, stop, lanes, code.i64, block, body)
        code.copy(local, code.at(totals, DOUBLE, code.multiply(number, size)), DOUBLE, size)
    code.ir.ret_void()
    code.close_entry()
    return module


def smaller(code: Code, a: Value, b: Value) -> Value:
    return code.ir.select(code.ir.icmp_signed("<", a, b), a, b)


def map_module(loop: Map) -> ir.Module:
    """results[row] = the output for the row."""
    inputs, output = loop.inputs, loop.graph.outputs[0]
    module, function = new_function([POINTER] * len(inputs.rows) + [I64] * 2 + [POINTER] * 2, ir.VoidType())
    code, block = Code(function), Block([])
    *pointers, first, last, params, results = function.args
    readers = row_readers(code, inputs, pointers, block)
    readers |= flat_readers(code, inputs.params, params, float_type(inputs))
    graph = GraphCode(code, loop.graph, readers, inputs.row_names)
    graph.shared()

    def body(width: int) -> None:
        graph.rows(width)
        for lane, row in enumerate(block.rows):
            start = code.multiply(row, output.spec.size)

            def write(index: Position, lane: int = lane, start: Index = start) -> None:
                value = code.as_real(graph.element(output, index, lane), kind)
                code.store(value, results, kind, code.add(start, code.offset(index, output.spec.shape)))

            code.each(output.spec.shape, write)

    kind = float_type(inputs)
    over_rows(code, first, last, lanes_for(loop.graph), code.i64, block, body)
    code.ir.ret_void()
    code.close_entry()
    return module


# ---- Train ----------------------------------------------------------------------------------------------------


def train_module(loop: Train) -> ir.Module:
    """Steps of minibatch training; returns early, with the number of steps done, when a parameter is not finite."""
    inputs = loop.inputs
    module, function = new_function([POINTER] * len(inputs.rows) + [I64] * 5 + [POINTER] * 3, I64)
    train = TrainCode(Code(function), loop)
    train.write()
    return module


class TrainCode:
    """Writes the body of Train, part by part."""

    def __init__(self, code: Code, loop: Train) -> None:
        self.code, self.loop = code, loop
        *pointers, self.rows, self.batch_size, self.first, self.last, seed, numbers, params, state = code.function.args
        self.kind = float_type(loop.inputs)
        self.size = total_size(loop.inputs.params)
        self.given, self.state, self.numbers = params, state, numbers
        small = all(node.spec.size <= UNROLLED for node in loop.inputs.params)  # then they live in registers
        self.params = code.buffer(self.kind, self.size) if small else params
        self.block = Block([])
        self.pointers = pointers
        readers = row_readers(code, loop.inputs, pointers, self.block)
        readers |= flat_readers(code, loop.inputs.params, self.params, self.kind)
        self.gradient = GraphCode(code, loop.gradient, readers, loop.inputs.row_names)
        self.part = code.buffer(self.kind, self.size)  # gradients of the rows of one block of positions
        self.total = code.buffer(DOUBLE, self.size)  # of the batch
        self.order = Order(code, self.rows, seed) if loop.shuffled else None
        self.epoch, self.position = code.buffer(I64, 1), code.buffer(I64, 1)

    def write(self) -> None:
        code = self.code
        self.copy(self.given, self.params)
        self.find_first_batch()
        with code.loop(self.first, self.last) as step:
            code.clear(self.total, DOUBLE, self.size)
            self.gradient.shared()
            position = code.load(self.position, I64)
            stop = smaller(code, code.add(position, self.batch_size), self.rows)
            self.add_gradients(position, stop)
            done = code.add(step, 1)
            self.update(code.ir.sub(stop, position), done)
            self.leave_if_not_finite(done)
            self.advance(stop)
        self.copy(self.params, self.given)
        code.ir.ret(self.last)
        code.close_entry()

    def copy(self, source: Value, target: Value) -> None:
        if source is not target:
            self.code.copy(source, target, self.kind, self.size)

    # ---- where we are in the data ----
    def find_first_batch(self) -> None:
        build = self.code.ir
        batches = build.udiv(build.add(self.rows, build.sub(self.batch_size, I64(1))), self.batch_size)
        build.store(build.udiv(self.first, batches), self.epoch)
        build.store(build.mul(build.urem(self.first, batches), self.batch_size), self.position)
        self.start_epoch()

    def start_epoch(self) -> None:
        if self.order:
            self.order.start_epoch(self.code.load(self.epoch, I64))
            self.order.fill_two_blocks(self.code.load(self.position, I64))

    def advance(self, stop: Value) -> None:
        """On to the next batch, or to the next epoch's first."""
        build = self.code.ir
        build.store(stop, self.position)
        with build.if_then(build.icmp_signed(">=", stop, self.rows), likely=False):
            build.store(build.add(self.code.load(self.epoch, I64), I64(1)), self.epoch)
            build.store(I64(0), self.position)
            self.start_epoch()

    # ---- gradients ----
    def add_gradients(self, position: Value, stop: Value) -> None:
        """Sum over the batch: in the data's precision within a block of positions, in float64 across blocks."""
        code = self.code
        head, body, after = (code.ir.append_basic_block(name) for name in ("blocks", "rows", "summed"))
        before = code.ir.block
        code.ir.branch(head)
        code.ir.position_at_end(head)
        start = code.ir.phi(I64)
        start.add_incoming(position, before)
        code.ir.cbranch(code.ir.icmp_signed("<", start, stop), body, after)
        code.ir.position_at_end(body)
        end_of_block = code.ir.add(code.ir.or_(start, I64(BLOCK - 1)), I64(1))
        end = smaller(code, end_of_block, stop)
        code.clear(self.part, self.kind, self.size)
        over_rows(code, start, end, lanes_for(self.loop.gradient), self.row_at, self.block, self.add_rows)
        self.add_part()
        if self.order:
            with code.ir.if_then(code.ir.icmp_signed("==", end, end_of_block), likely=False):
                self.order.fill_block(code.ir.add(end, I64(BLOCK)))
        start.add_incoming(end, code.ir.block)
        code.ir.branch(head)
        code.ir.position_at_end(after)

    def row_at(self, position: Index) -> Value:
        if not self.order:
            return self.code.i64(position)
        self.prefetch(self.order.row(self.code.add(position, AHEAD)))
        return self.order.row(position)

    def prefetch(self, row: Value) -> None:
        """Ask for every line of memory that a row to come lies on."""
        code = self.code
        for node, pointer in zip(self.loop.inputs.rows, self.pointers, strict=True):
            width = node.spec.size * node.spec.dtype.itemsize
            start = code.at(pointer, ir.IntType(8), code.multiply(row, width))
            for byte in sorted({*range(0, width, LINE), width - 1}):
                code.prefetch(code.at(start, ir.IntType(8), byte))

    def add_rows(self, lanes: int) -> None:
        self.gradient.rows(lanes)
        accumulate(self.code, self.gradient, self.part, self.kind, lanes)

    def add_part(self) -> None:
        code = self.code

        def add(index: Position) -> None:
            part = code.as_real(code.load(self.part, self.kind, index[0]), DOUBLE)
            code.store(code.fadd(code.load(self.total, DOUBLE, index[0]), part), self.total, DOUBLE, index[0])

        code.each((self.size,), add)

    # ---- the step ----
    def update(self, rows_in_batch: Value, step: Value) -> None:
        """Move every parameter by its rule; results are written only when all of them are computed."""
        code = self.code
        share = code.fdiv(code.real(DOUBLE, 1.0), code.ir.sitofp(rows_in_batch, DOUBLE))
        time = code.ir.sitofp(step, self.kind)
        place, state_place, number_place = 0, 0, 0
        for update in self.loop.updates:
            w, g, t = update.graph.inputs[:3]
            base = code.at(self.params, self.kind, place)
            totals = code.at(self.total, DOUBLE, place)
            state = code.at(self.state, self.kind, state_place)
            readers = flat_readers(code, [w], base, self.kind)
            readers |= flat_readers(code, update.state, state, self.kind)
            readers |= self.number_readers(update.numbers, number_place)
            readers[name_of(g)] = self.mean_reader(g, totals, share)
            readers[name_of(t)] = lambda index, lane: time
            self.move(GraphCode(code, update.graph, readers, set()), base, state)
            place += w.spec.size
            state_place += total_size(update.state)
            number_place += len(update.numbers)

    def mean_reader(self, node: Node, totals: Value, share: Value) -> Reader:
        code = self.code

        def read(index: Position, lane: int) -> Value:
            total = code.load(totals, DOUBLE, code.offset(index, node.spec.shape))
            return code.as_real(code.fmul(total, share), self.kind)

        return read

    def number_readers(self, numbers: Sequence[Node], start: int) -> dict[str, Reader]:
        code = self.code

        def reader(place: int) -> Reader:
            return lambda index, lane: code.as_real(code.load(self.numbers, DOUBLE, place), self.kind)

        return {name_of(node): reader(start + i) for i, node in enumerate(numbers)}

    def move(self, graph: GraphCode, base: Value, state: Value) -> None:
        code, outputs = self.code, graph.graph.outputs
        graph.shared()
        targets = [base, *(code.at(state, self.kind, start) for start in offsets(outputs[1:]))]
        if graph.is_entrywise():
            graph.write_together(outputs, targets, self.kind)
            return
        results = [code.buffer(self.kind, output.spec.size) for output in outputs]
        for output, result in zip(outputs, results, strict=True):
            graph.write_together([output], [result], self.kind)
        for output, result, target in zip(outputs, results, targets, strict=True):
            code.copy(result, target, self.kind, output.spec.size)

    def leave_if_not_finite(self, step: Value) -> None:
        """0 * g is NaN where g is NaN or infinite; adding these up tells of all gradients at once."""
        code = self.code
        zero = code.real(DOUBLE, 0.0)

        def add(index: Position, found: Sequence[Value]) -> list[Value]:
            return [code.fadd(found[0], code.fmul(zero, code.load(self.total, DOUBLE, index[0])))]

        total = code.reduce((self.size,), [zero], add)[0]
        with code.ir.if_then(code.ir.fcmp_unordered("uno", total, total), likely=False):
            self.copy(self.params, self.given)
            code.ir.ret(step)
