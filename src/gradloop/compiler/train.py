"""Train written as an LLVM function: steps of minibatch training, with the order of rows drawn as they are visited."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from llvmlite import ir

from gradloop.compiler.builder import SPANS_WRITTEN_OUT, SUM, WRITTEN_OUT, Code
from gradloop.compiler.kinds import DOUBLE, I64, POINTER, VECTOR, Index, Position, Value, contiguous_axis, number
from gradloop.compiler.loops import Train
from gradloop.compiler.lower import GraphCode, Reader
from gradloop.compiler.order import BLOCK, Order
from gradloop.compiler.schedule import (
    Block,
    accumulate,
    flat_readers,
    float_type,
    lanes_for,
    name_of,
    new_function,
    offsets,
    over_rows,
    smaller,
    total_size,
)
from gradloop.core.graph import Node

AHEAD = 32  # rows between asking memory for a row and using it
LINE = 64  # bytes that memory delivers at once
AS_WRITTEN = ("contract", "arcp", "nsz")


def train_module(loop: Train) -> ir.Module:
    """Steps of minibatch training; returns early, with the number of steps done, when a gradient is not finite."""
    inputs = loop.inputs
    module, function = new_function([POINTER] * len(inputs.rows) + [I64] * 6 + [POINTER] * 3, I64)
    train = TrainCode(Code(function), loop)
    train.write()
    return module


class TrainCode:
    """Writes the body of Train, part by part."""

    def __init__(self, code: Code, loop: Train, arguments: Sequence[Value] = ()) -> None:
        self.code, self.loop = code, loop
        *given, numbers, params, state = arguments or code.function.args
        *pointers, self.rows, self.batch_size, self.first, self.last, seed, self.earlier = given
        self.kind = float_type(loop.inputs)
        self.size = total_size(loop.inputs.params)
        self.given, self.state, self.numbers = params, state, numbers
        self.places = list(zip(loop.inputs.params, offsets(loop.inputs.params), strict=True))
        self.params = code.buffer(self.kind, self.size) if self.has_own_params() else params
        self.block = Block(code, loop.inputs, pointers)
        readers = self.block.readers() | flat_readers(code, loop.inputs.params, self.params, self.kind)
        self.gradient = GraphCode(code, loop.gradient, readers, loop.inputs.row_names)
        self.total = code.buffer(DOUBLE, self.size)  # of the gradients of a batch
        self.part = self.total if self.kind == DOUBLE else code.buffer(self.kind, self.size)  # of a block of positions
        self.order = Order(code, self.rows, seed) if loop.shuffled else None
        self.epoch, self.position = code.buffer(I64, 1), code.buffer(I64, 1)

    def has_own_params(self) -> bool:
        """Whether parameters are worked on in a place of their own: small ones, in registers."""
        return all(lives_in_registers(node) for node in self.loop.inputs.params)

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
            self.update(code.ir.sub(stop, position), code.add(done, self.earlier))
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
        self.add_block(start, end)
        if self.order:
            with code.ir.if_then(code.ir.icmp_signed("==", end, end_of_block), likely=False):
                self.order.fill_block(code.ir.add(end, I64(BLOCK)))
        start.add_incoming(end, code.ir.block)
        code.ir.branch(head)
        code.ir.position_at_end(after)

    def add_block(self, start: Value, end: Value) -> None:
        code = self.code
        if self.part is not self.total:
            code.clear(self.part, self.kind, self.size)
        over_rows(code, start, end, lanes_for(self.loop.gradient), self.row_at, self.block, self.add_rows)
        if self.part is not self.total:
            self.add_part()

    def row_at(self, position: Index) -> Value:
        if not self.order:
            return self.code.i64(position)
        self.prefetch(self.order.row(self.code.add(position, AHEAD)))
        return self.order.row(position)

    def prefetch(self, row: Value) -> None:
        """Ask for every line of memory that a row to come lies on."""
        code = self.code
        for node, pointer in zip(self.loop.inputs.rows, self.block.pointers, strict=True):
            width = node.spec.size * node.spec.dtype.itemsize
            start = code.at(pointer, ir.IntType(8), code.multiply(row, width))
            for byte in sorted({*range(0, width, LINE), width - 1}):
                code.prefetch(code.at(start, ir.IntType(8), byte))

    def add_rows(self, lanes: int) -> None:
        self.gradient.rows(lanes)
        self.turned = self.gradient.turned_outputs()
        accumulate(self.code, self.gradient, self.part, self.kind, lanes, self.turned)

    def add_part(self) -> None:
        code = self.code
        for node, start in self.places:

            def add(index: Position, start: int = start) -> None:
                place = code.add(start, index[0])
                part = code.as_real(code.load(self.part, self.kind, place), DOUBLE)
                code.store(code.fadd(code.load(self.total, DOUBLE, place), part), self.total, DOUBLE, place)

            code.each((node.spec.size,), add, wide_for(node))

    # ---- the step ----
    def update(self, rows_in_batch: Value, step: Value) -> None:
        """Move every parameter by its rule; results are written only when all of them are computed."""
        code = self.code
        share = code.fdiv(number(DOUBLE, 1.0), code.ir.sitofp(rows_in_batch, DOUBLE))
        time = code.ir.sitofp(step, self.kind)
        place, state_place, number_place = 0, 0, 0
        for update, gradient in zip(self.loop.updates, self.loop.gradient.outputs, strict=True):
            w, g, t = update.graph.inputs[:3]
            base = code.at(self.params, self.kind, place)
            totals = code.at(self.total, DOUBLE, place)
            turned = gradient in self.turned
            state = code.at(self.state, self.kind, state_place)
            readers = flat_readers(code, [w], base, self.kind)
            readers |= flat_readers(code, update.state, state, self.kind)
            readers |= self.number_readers(update.numbers, number_place)
            readers[name_of(g)] = self.turned_mean(g, totals, share) if turned else self.mean_reader(g, totals, share)
            readers[name_of(t)] = lambda index, lane: time
            with as_written(code):
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

    def turned_mean(self, node: Node, totals: Value, share: Value) -> Reader:
        """The mean of a gradient whose totals lie transposed; it is written out once, as it should lie."""
        code, (length, columns) = self.code, node.spec.shape
        mean = code.buffer(self.kind, node.spec.size)
        with code.loop(0, length) as row:
            for column in range(columns):
                total = code.load(totals, DOUBLE, code.add(column * length, row))
                place = code.add(code.multiply(row, columns), column)
                code.store(code.as_real(code.fmul(total, share), self.kind), mean, self.kind, place)
        return lambda index, lane: code.load(mean, self.kind, code.offset(index, node.spec.shape))

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
        with self.code.ir.if_then(self.not_finite(), likely=False):
            self.copy(self.params, self.given)
            self.code.ir.ret(step)

    def not_finite(self) -> Value:
        """0 * g is NaN where g is NaN or infinite; adding these up tells of all gradients at once."""
        code = self.code
        found = [number(DOUBLE, 0)]
        for node, start in self.places:

            def terms(index: Position, start: int = start) -> list[Value]:
                place = code.add(start, index[0])
                return [code.fmul(number(DOUBLE, 0), code.load(self.total, DOUBLE, place))]

            found = code.fold((node.spec.size,), found, SUM, terms, wide_for(node))
        return code.ir.fcmp_unordered("uno", found[0], found[0])


@contextmanager
def as_written(code: Code) -> Iterator[None]:
    """Inside, LLVM may not regroup terms and factors: what it makes of them depends on the code around."""
    flags, code.flags = code.flags, AS_WRITTEN
    yield
    code.flags = flags


def wide_for(node: Node) -> int:
    """How many entries of a parameter to work on at once; as in `GraphCode.wide`, so that registers are cut alike."""
    return 1 if node.spec.size <= WRITTEN_OUT else VECTOR // node.spec.dtype.itemsize


def lives_in_registers(node: Node) -> bool:
    return node.spec.size <= SPANS_WRITTEN_OUT * wide_for(node) and contiguous_axis(node.spec.shape) <= 0
