"""The loops written as LLVM functions. Each returns the IR of a module with one function, `run`.

Arguments of `run`, all arrays being row-major and contiguous:
    the rows' inputs, one pointer each; then, for Train:
        rows, batch_size, first_step, last_step, seed   (i64)
        numbers (double*), params, state (in the dtype of the program); returns the steps done
    for Sum:  first_row, last_row, rows_in_block, params, totals (double*)
    for Map:  first_row, last_row, params, results
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import reduce
from itertools import accumulate as accumulated
from typing import Any, NamedTuple

from llvmlite import ir

from gradloop.compiler.builder import SPANS_WRITTEN_OUT, Code
from gradloop.compiler.elements import COSTLY
from gradloop.compiler.kinds import (
    DOUBLE,
    I64,
    POINTER,
    VECTOR,
    Index,
    Position,
    Value,
    ir_type,
)
from gradloop.compiler.loops import Gram, Inputs, Map, Sum
from gradloop.compiler.lower import GraphCode, Reader, calls
from gradloop.compiler.panels import is_narrow
from gradloop.core.graph import Graph, Node

LANES_OF_COSTLY = 8  # rows: a vector of 64 bytes in float64
LANES_OF_TOTALS = 8
MOST_IN_REGISTERS = 16 * VECTOR  # bytes
SHORT_ROW = 4  # numbers: in longer rows LLVM finds no vectors across rows


def float_type(inputs: Inputs) -> ir.Type:
    """The program's precision: that of its parameters."""
    return ir_type(inputs.params[0].spec.dtype) if inputs.params else DOUBLE


def total_size(nodes: Sequence[Node]) -> int:
    return sum(node.spec.size for node in nodes)


def offsets(nodes: Sequence[Node]) -> list[int]:
    """Where each array begins when all lie one behind the other."""
    return list(accumulated((node.spec.size for node in nodes), initial=0))[:-1]


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


class Block:
    """The rows that are being worked on: for each lane a row number, and where the row lies in each array."""

    def __init__(self, code: Code, inputs: Inputs, pointers: Sequence[Value]) -> None:
        self.code, self.inputs, self.pointers = code, inputs, pointers
        self.rows: list[Value] = []
        self.starts: list[list[Value]] = []

    def move_to(self, rows: list[Value]) -> None:
        self.rows = rows
        self.starts = [
            [self.code.at(pointer, ir_type(node.spec.dtype), self.code.multiply(row, node.spec.size)) for row in rows]
            for node, pointer in zip(self.inputs.rows, self.pointers, strict=True)
        ]

    def readers(self) -> dict[str, Reader]:
        """How the inputs that vary by row are read."""

        def reader(place: int, node: Node) -> Reader:
            def read(index: Position, lane: int) -> Value:
                start = self.starts[place][lane]
                return self.code.load(start, ir_type(node.spec.dtype), self.code.offset(index, node.spec.shape))

            return read

        return {name_of(node): reader(place, node) for place, node in enumerate(self.inputs.rows)}


def flat_readers(code: Code, nodes: Sequence[Node], base: Value, kind: ir.Type) -> dict[str, Reader]:
    """How arrays that lie one behind the other are read."""

    def reader(node: Node, start: int) -> Reader:
        return lambda index, lane: code.load(base, kind, code.add(start, code.offset(index, node.spec.shape)))

    return {name_of(node): reader(node, start) for node, start in zip(nodes, offsets(nodes), strict=True)}


def rows_are_vectors(loop: Sum | Map | Gram) -> bool:
    """Whether LLVM should put several rows into a vector: those of a few numbers, which no call interrupts."""
    if isinstance(loop, Gram) and not is_narrow(loop):
        return False
    short = all(node.spec.size <= SHORT_ROW for node in loop.inputs.rows)
    return short and not has_wide_totals(loop.graph) and not any(calls(node) for node in loop.graph.nodes)


def has_wide_totals(graph: Graph) -> bool:
    """Whether totals lie in memory, such as those of many candidates: each load and store should serve several rows."""
    return any(output.spec.size * output.spec.dtype.itemsize > MOST_IN_REGISTERS for output in graph.outputs)


def lanes_for(graph: Graph) -> int:
    """How many rows to work on at once: several where a parameter or a total, loaded once, serves more than one.

    Where parameters stay in registers and totals are single numbers, nothing is gained, and memory is read fastest
    row after row; unless a row's single numbers take so long that a vector of them is worth packing.
    """
    products = [node for node in graph.nodes if node.op == "matmul"]
    costly = [node.spec.size for node in graph.nodes if node.op in COSTLY]
    if not products and has_wide_totals(graph):
        return 1 if any(size > 1 for size in costly) else LANES_OF_TOTALS  # beside an exponential a total costs nothing
    if 1 in costly:
        return LANES_OF_COSTLY if all(min(node.spec.shape) == 1 for node in products) else 4
    in_registers = all(
        node.spec.size == 1 and node.inputs[0].spec.size * node.spec.dtype.itemsize <= SPANS_WRITTEN_OUT * VECTOR
        for node in products
    )
    numbers = in_registers and all(output.spec.size == 1 for output in graph.outputs)
    return 1 if most_work(graph) < 32 or numbers else 4


def most_work(graph: Graph) -> int:
    """Multiplications of the largest product."""
    products = [node for node in graph.nodes if node.op == "matmul"]
    return max((node.spec.size * node.inputs[0].spec.shape[1] for node in products), default=0)


def lanes_in_order(loop: Sum | Map | Gram) -> int:
    """How many rows to work on at once when they are read in their order.

    Where rows are so long that a loop passes over their entries, and each entry serves once, one: several streams of
    memory at once, line by line in turn, are not foreseen by processors.
    """
    if rows_are_vectors(loop):
        return 1
    row = max(loop.inputs.rows, key=lambda node: node.spec.size)
    long = row.spec.size * row.spec.dtype.itemsize > SPANS_WRITTEN_OUT * VECTOR
    return 1 if long and most_work(loop.graph) <= row.spec.size else lanes_for(loop.graph)


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
            block.move_to([row_of(code.add(position, lane)) for lane in range(lanes)])
            body(lanes)
    with code.loop(middle, stop) as position:
        block.move_to([row_of(position)])
        body(1)


def accumulate(
    code: Code, graph: GraphCode, totals: Value, kind: ir.Type, lanes: int, turned: Collection[Node] = ()
) -> None:
    """Add the outputs for the rows of the block to totals that lie one behind the other.

    The entries of an array are added over the lanes before they are widened: that is as exact as they are. The totals
    of outputs in `turned` lie transposed.
    """
    for output, start in zip(graph.graph.outputs, offsets(graph.graph.outputs), strict=True):
        own = ir_type(output.spec.dtype) if output.spec.is_float and output.spec.size > 1 else kind

        def add(index: Position, at: Index, output: Node = output, start: int = start, own: ir.Type = own) -> None:
            place = code.add(start, at)
            values = [graph.element(output, index, lane) for lane in range(lanes)]
            total = sum_of(code, [code.as_real(value, own) for value in values])
            code.store(code.fadd(code.load(totals, kind, place), code.as_real(total, kind)), totals, kind, place)

        def add_column_by_column(index: Position, shape: tuple[int, ...] = output.spec.shape, add: Any = add) -> None:
            for column in range(shape[1]):
                add((index[0], column), code.add(column * shape[0], index[0]))

        def add_in_place(index: Position, shape: tuple[int, ...] = output.spec.shape, add: Any = add) -> None:
            add(index, code.offset(index, shape))

        if output in turned:
            code.each(output.spec.shape[:1], add_column_by_column, VECTOR // output.spec.dtype.itemsize)
        else:
            code.each(output.spec.shape, add_in_place, graph.wide(output))


def sum_of(code: Code, values: Sequence[Value]) -> Value:
    """Add in pairs, so that no addition waits for all the others."""
    while len(values) > 1:
        values = [reduce(code.fadd, values[i : i + 2]) for i in range(0, len(values), 2)]
    return values[0]


class Begun(NamedTuple):
    """A function for a loop over rows, as far as all have it alike: what no row changes is written."""

    module: ir.Module
    code: Code
    block: Block
    graph: GraphCode
    given: Sequence[Value]  # the arguments behind the rows


def begun(loop: Sum | Map | Gram, numbers: int) -> Begun:
    """The function with so many whole numbers, parameters and results behind its rows."""
    rows = len(loop.inputs.rows)
    module, function = new_function([POINTER] * rows + [I64] * numbers + [POINTER] * 2, ir.VoidType())
    code = Code(function)
    block, given = Block(code, loop.inputs, function.args[:rows]), function.args[rows:]
    readers = block.readers() | flat_readers(code, loop.inputs.params, given[-2], float_type(loop.inputs))
    graph = GraphCode(code, loop.graph, readers, loop.inputs.row_names)
    graph.shared()
    return Begun(module, code, block, graph, given)


# ---- Sum and Map ----------------------------------------------------------------------------------------------


def sum_module(loop: Sum) -> ir.Module:
    """totals[block] = the outputs added over the rows of the block, in float64."""
    size = total_size(loop.graph.outputs)
    module, code, block, graph, (first, last, rows_in_block, _, totals) = begun(loop, 3)
    lanes = lanes_in_order(loop)
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
    output = loop.graph.outputs[0]
    module, code, block, graph, (first, last, _, results) = begun(loop, 2)

    def body(width: int) -> None:
        graph.rows(width)
        for lane, row in enumerate(block.rows):
            start = code.multiply(row, output.spec.size)

            def write(index: Position, lane: int = lane, start: Index = start) -> None:
                value = code.as_real(graph.element(output, index, lane), kind)
                code.store(value, results, kind, code.add(start, code.offset(index, output.spec.shape)))

            code.each(output.spec.shape, write, graph.wide(output))

    kind = float_type(loop.inputs)
    over_rows(code, first, last, lanes_in_order(loop), code.i64, block, body)
    code.ir.ret_void()
    code.close_entry()
    return module
