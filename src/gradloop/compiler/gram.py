"""Sums of s a aᵀ over rows, written as an LLVM function: a product of matrices that stays in registers.

A panel of rows is computed first and lies in the cache, in strips of eight columns. Then each strip, times s, meets
the columns from its own place on: eight numbers times some vectors, whose products stay in registers while all rows of
the panel pass. So totals are touched once for each panel, and those left of a strip's place, which symmetry tells,
are not added up at all.

Where a row gives a few products only, each is a sum of its own, and LLVM puts rows side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple

from llvmlite import ir

from gradloop.compiler.builder import Code
from gradloop.compiler.kinds import DOUBLE, I8, I64, Index, Position, Span, Value, number
from gradloop.compiler.loops import Gram, Sum
from gradloop.compiler.lower import GraphCode
from gradloop.compiler.panels import PANEL, STRIP, is_narrow, padded
from gradloop.compiler.schedule import Block, begun, lanes_in_order, over_rows, smaller, sum_module
from gradloop.core.graph import Graph, Node
from gradloop.core.simplify import simplify
from gradloop.core.trace import Tracer

LINE = 64  # bytes that memory gives at once
APART = STRIP * (
    PANEL + 1
)  # numbers from strip to strip: were it 4096 bytes, a row's strips would drive each other out
VECTORS_AT_ONCE = 3  # times a strip: with what they are multiplied by they fill the 32 registers of AVX-512
FEW_REGISTERS = 4  # columns of a strip at once where there are sixteen registers of half the size


def gram_module(loop: Gram) -> ir.Module:
    """totals[block] = the sums over the rows of the block; panels.py tells where each lies."""
    if is_narrow(loop):
        return sum_module(triangle(loop))
    numbers, columns = loop.graph.outputs
    width, count = padded(columns.spec.size), numbers.spec.size
    size = count * width * width
    module, code, block, graph, (first, last, rows_in_block, _, totals) = begun(loop, 3)
    panel = Panel(code, count, width)
    code.clear(panel.columns, DOUBLE, width // STRIP * APART)  # for what fills up the last strip
    blocks = code.ir.udiv(code.ir.add(code.ir.sub(last, first), code.ir.sub(rows_in_block, I64(1))), rows_in_block)
    with code.loop(0, blocks) as place:
        start = code.add(first, code.multiply(place, rows_in_block))
        stop = smaller(code, code.add(start, rows_in_block), last)
        target = code.at(totals, DOUBLE, code.multiply(place, size))
        clear(code, target, size)
        with code.loop(start, stop, PANEL) as row:
            end = smaller(code, code.add(row, PANEL), stop)

            def body(lanes: int, row: Value = row) -> None:
                graph.rows(lanes)
                for lane, one in enumerate(block.rows):
                    panel.write(graph, numbers, columns, lane, code.ir.sub(one, row))

            over_rows(code, row, end, lanes_in_order(loop), code.i64, block, body)
            rows = code.ir.sub(end, row)
            with code.loop(0, count) as which:
                left = panel.scaled_by(numbers, rows, which)
                ahead = Ahead(code, block, end)
                total = code.at(target, DOUBLE, code.multiply(which, width * width))
                add_products(code, Tiles(panel, left, rows, total, ahead))
    code.ir.ret_void()
    code.close_entry()
    return module


def triangle(loop: Gram) -> Sum:
    """The sums on and above the diagonals, each on its own."""
    s, a = map(Tracer, loop.graph.outputs)
    columns = range(a.shape[0])
    products = [(s[c] * (a[i] * a[j])).node for c in range(s.shape[0]) for i in columns for j in columns[i:]]
    return Sum(simplify(Graph("triangle", loop.graph.inputs, tuple(products))), loop.inputs)


def clear(code: Code, target: Value, size: int) -> None:
    with code.loop(0, size, STRIP) as place:
        code.store(zero(), target, DOUBLE, Span(place, STRIP))


def zero() -> Value:
    return number(ir.VectorType(DOUBLE, STRIP), 0.0)


class Panel:
    """Some rows: their columns, strip after strip, and their numbers s."""

    def __init__(self, code: Code, count: int, width: int) -> None:
        self.code, self.count, self.width = code, count, width
        self.columns = code.buffer(DOUBLE, width // STRIP * APART)
        self.scaled = code.buffer(DOUBLE, width // STRIP * APART)
        self.numbers = code.buffer(DOUBLE, count * PANEL)

    def place(self, column: Index, row: Value) -> Index:
        """Where a column, or the columns of a span in one strip, of a row lie."""
        if isinstance(column, Span):
            return Span(self.place(column.start, row), column.width)
        strip, inside = self.code.divide_modulo(column, STRIP)
        at = self.code.add(self.code.multiply(strip, APART), self.code.multiply(row, STRIP))
        return self.code.add(at, inside)

    def write(self, graph: GraphCode, numbers: Node, columns: Node, lane: int, row: Value) -> None:
        """Keep what a row gives."""
        code = self.code

        def keep_column(index: Position) -> None:
            value = code.as_real(graph.element(columns, index, lane), DOUBLE)
            code.store(value, self.columns, DOUBLE, self.place(index[0], row))

        def keep_number(index: Position) -> None:
            value = code.as_real(graph.element(numbers, index, lane), DOUBLE)
            code.store(value, self.numbers, DOUBLE, code.add(code.multiply(row, self.count), index[0]))

        code.each(columns.spec.shape, keep_column, min(graph.wide(columns), STRIP))
        if not is_one(numbers):
            code.each(numbers.spec.shape, keep_number)

    def scaled_by(self, numbers: Node, rows: Value, which: Value) -> Value:
        """All columns, each row times one of its numbers."""
        if is_one(numbers):
            return self.columns
        code = self.code
        with code.loop(0, rows) as row:
            s = code.load(self.numbers, DOUBLE, code.add(code.multiply(row, self.count), which))
            with code.loop(0, self.width, STRIP) as column:
                place = self.place(Span(column, STRIP), row)
                code.store(code.fmul(s, code.load(self.columns, DOUBLE, place)), self.scaled, DOUBLE, place)
        return self.scaled


def is_one(numbers: Node) -> bool:
    """Whether nothing is to be multiplied: a single number s that is one."""
    return numbers.is_constant and numbers.spec.size == 1 and numbers.attributes["value"].item() == 1


class Ahead:
    """What the next panel will read: asked for line by line while products are computed, so that none waits for it."""

    def __init__(self, code: Code, block: Block, row: Value) -> None:
        self.code = code
        place, node = max(enumerate(block.inputs.rows), key=lambda pair: pair[1].spec.size)
        size = node.spec.size * node.spec.dtype.itemsize
        self.start, self.end = code.at(block.pointers[place], I8, code.multiply(row, size)), I64(size * PANEL)
        with code.ir.goto_entry_block():
            self.asked = code.ir.alloca(I64)
        code.ir.store(I64(0), self.asked)

    @contextmanager
    def rows(self) -> Iterator[Callable[[Value], None]]:
        """Ask for a line with each row of a tile."""
        code, first = self.code, self.code.ir.load(self.asked, typ=I64)

        def ask(row: Value) -> None:
            place = code.add(first, code.multiply(row, LINE))
            code.prefetch(code.at(self.start, I8, smaller(code, place, self.end)))

        yield ask
        code.ir.store(code.add(first, PANEL * LINE), self.asked)


class Tiles(NamedTuple):
    """What tiles are made of: the panel's columns, these times s, its rows, where the sums go, and what comes next."""

    panel: Panel
    left: Value
    rows: Value
    total: Value
    ahead: Ahead


def add_products(code: Code, given: Tiles) -> None:
    """Add the strips on and above the diagonal."""
    height, vectors = tile()
    width, wide = given.panel.width, vectors * STRIP
    with code.loop(0, width, height) as top:
        own = code.multiply(code.divide_modulo(top, STRIP)[0], STRIP)  # where the columns of its strip begin
        middle = code.add(own, code.multiply(code.divide_modulo(code.ir.sub(I64(width), own), wide)[0], wide))
        with code.loop(own, middle, wide) as column:
            add_tile(code, given, [code.add(top, k) for k in range(height)], column, vectors)
        with code.loop(middle, width, STRIP) as column:
            add_tile(code, given, [code.add(top, k) for k in range(height)], column, 1)


def add_tile(code: Code, given: Tiles, lines: list[Value], column: Value, vectors: int) -> None:
    """Add the products of some columns of a strip with some vectors of columns."""
    panel, left, rows, total, ahead = given
    places = [Span(code.add(column, STRIP * v), STRIP) for v in range(vectors)]
    with ahead.rows() as ask, code.carry(0, rows, [zero()] * (len(lines) * vectors)) as (row, found, done):
        ask(row)
        right = [code.load(panel.columns, DOUBLE, panel.place(place, row)) for place in places]
        first = panel.place(lines[0], row)
        factors = [code.load(left, DOUBLE, code.add(first, k)) for k in range(len(lines))]
        terms = [code.fmul(factor, vector) for factor in factors for vector in right]
        done([code.fadd(a, b) for a, b in zip(found, terms, strict=True)])
    results = iter(done.results)
    for line in lines:
        for place in places:
            target = code.add(code.multiply(line, panel.width), place)
            code.store(code.fadd(code.load(total, DOUBLE, target), next(results)), total, DOUBLE, target)


@cache
def tile() -> tuple[int, int]:
    """Columns of a strip, and vectors, whose products are in registers together."""
    from gradloop.compiler.jit import features

    return (STRIP, VECTORS_AT_ONCE) if "avx512f" in features() else (FEW_REGISTERS, 1)
