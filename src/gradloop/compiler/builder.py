"""A thin layer over llvmlite's builder: loops that hand values on, buffers, vectors, whole numbers that are folded.

Vectors are written here, not found by LLVM: an axis is walked in spans of neighbouring places, and every instruction
for a span is one vector instruction. So it is certain what becomes a vector, sums have the same shape on every
processor, and LLVM, which cuts or joins vectors as its target likes, has little left to do at each compilation.

Floating-point flags: sums may be reordered and products fused, so loops become vectors; `nnan` and `ninf` are never
given, because they would allow LLVM to delete the checks that catch a diverging run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from typing import Any, NamedTuple

from llvmlite import ir

from gradloop.compiler.kinds import (
    I1,
    I8,
    I32,
    I64,
    POINTER,
    VECTOR,
    Index,
    Position,
    Span,
    Value,
    contiguous_axis,
    element_type,
    is_whole,
    like,
    number,
    span,
    suffix,
    width_in,
    width_of,
)

FLAGS = ("reassoc", "contract", "arcp", "nsz")
WRITTEN_OUT = 4  # loops of at most so many turns are written out, so that small arrays live in registers
SPANS_WRITTEN_OUT = 8  # the same for loops over spans
LARGE = 1 << 16  # bytes of an array that had better not lie on the stack


class Code:
    """Writes one LLVM function."""

    def __init__(self, function: ir.Function) -> None:
        self.function = function
        self.entry = function.append_basic_block("entry")
        self.ir = ir.IRBuilder(function.append_basic_block("start"))
        self.borrowed: list[Value] = []  # memory to give back at the end
        self.flags: tuple[str, ...] = FLAGS

    def close_entry(self) -> None:
        """Join the block of buffers, which grows until the end, to the code; give back memory wherever it returns."""
        ir.IRBuilder(self.entry).branch(self.function.blocks[1])
        for block in self.function.blocks:
            if isinstance(block.terminator, ir.Ret) and self.borrowed:
                self.ir.position_before(block.terminator)
                for place in self.borrowed:
                    self.ir.call(self.declare("free", ir.VoidType(), [POINTER]), [place])

    # ---- whole numbers ----
    def i64(self, value: Index) -> Value:
        return I64(value) if isinstance(value, int) else value

    def add(self, a: Index, b: Index) -> Index:
        if isinstance(a, Span):
            return Span(self.add(a.start, b), a.width)
        if isinstance(b, Span):
            return Span(self.add(a, b.start), b.width)
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        if isinstance(a, int) and a == 0:
            return b
        if isinstance(b, int) and b == 0:
            return a
        return self.ir.add(self.i64(a), self.i64(b), flags=("nsw",))

    def multiply(self, a: Index, b: Index) -> Index:
        if isinstance(a, int) and isinstance(b, int):
            return a * b
        if (isinstance(a, int) and a == 0) or (isinstance(b, int) and b == 0):
            return 0
        if isinstance(a, int) and a == 1:
            return b
        if isinstance(b, int) and b == 1:
            return a
        return self.ir.mul(self.i64(a), self.i64(b), flags=("nsw",))

    def divide_modulo(self, a: Index, b: int) -> tuple[Index, Index]:
        if isinstance(a, int):
            return divmod(a, b)
        return self.ir.udiv(a, I64(b)), self.ir.urem(a, I64(b))

    def equal(self, a: Index, b: Index) -> Value:
        """Whether an index is at a place; for a span, an answer for each of its places."""
        if isinstance(a, Span):
            steps = ir.Constant(ir.VectorType(I64, a.width), list(range(a.width)))
            places = self.ir.add(self.spread(self.i64(a.start), a.width), steps)
            return self.ir.icmp_signed("==", places, self.spread(self.i64(b), a.width))
        return self.ir.icmp_signed("==", self.i64(a), self.i64(b))

    def offset(self, index: Sequence[Index], shape: Sequence[int]) -> Index:
        """The place of an entry in a row-major array."""
        total: Index = 0
        for position, length in zip(index, shape, strict=True):
            total = self.add(self.multiply(total, length), position)
        return total

    # ---- memory ----
    def buffer(self, kind: ir.Type, entries: int) -> Value:
        """Room that is reserved once, however often the code that asks for it runs: on the stack, if it is not much."""
        size = entries * width_of(kind)
        with self.ir.goto_entry_block():
            if size > LARGE:
                place = self.ir.call(self.declare("malloc", POINTER, [I64]), [I64(size)])
                self.borrowed.append(place)
            else:
                place = self.ir.alloca(ir.ArrayType(kind, entries))
                place.align = VECTOR
        place.type = POINTER
        return place

    def at(self, base: Value, kind: ir.Type, position: Index) -> Value:
        place = self.ir.gep(base, [self.i64(position)], inbounds=True, source_etype=kind)
        place.type = POINTER  # llvmlite would keep the array's type of a buffer or a table
        return place

    def load(self, base: Value, kind: ir.Type, position: Index = 0) -> Value:
        if isinstance(position, Span):
            place = self.at(base, kind, position.start)
            return self.ir.load(place, typ=ir.VectorType(kind, position.width), align=width_of(kind))
        return self.ir.load(self.at(base, kind, position), typ=kind)

    def store(self, value: Value, base: Value, kind: ir.Type, position: Index = 0) -> None:
        if isinstance(position, Span):
            self.ir.store(self.spread(value, position.width), self.at(base, kind, position.start), width_of(kind))
        else:
            self.ir.store(value, self.at(base, kind, position))

    def prefetch(self, place: Value) -> None:
        """Ask for the line of memory at a place that will soon be read.

        It goes to the second-level cache: the few requests that the first level can have under way would be the limit.
        """
        function = self.declare("llvm.prefetch.p0", ir.VoidType(), [POINTER, I32, I32, I32])
        self.ir.call(function, [place, I32(0), I32(2), I32(1)])

    def clear(self, base: Value, kind: ir.Type, entries: int) -> None:
        """Set an array to zero."""
        if entries <= WRITTEN_OUT:
            for position in range(entries):
                self.store(kind(0), base, kind, position)
            return
        name = "llvm.memset.p0.i64"
        function = self.declare(name, ir.VoidType(), [POINTER, I8, I64, I1])
        self.ir.call(function, [base, I8(0), I64(entries * width_of(kind)), I1(0)])

    def copy(self, source: Value, target: Value, kind: ir.Type, entries: int) -> None:
        """Copy one array to another that does not overlap it."""
        if entries <= WRITTEN_OUT:
            for position in range(entries):
                self.store(self.load(source, kind, position), target, kind, position)
            return
        function = self.declare("llvm.memcpy.p0.p0.i64", ir.VoidType(), [POINTER, POINTER, I64, I1])
        self.ir.call(function, [target, source, I64(entries * width_of(kind)), I1(0)])

    # ---- control ----
    @contextmanager
    def loop(self, start: Index, stop: Index, step: int = 1) -> Iterator[Value]:
        """`for i in range(start, stop, step)` with the counter in a register."""
        with self.carry(start, stop, [], step) as (index, _, _):
            yield index

    @contextmanager
    def carry(self, start: Index, stop: Index, values: Sequence[Value], step: int = 1) -> Iterator[Any]:
        """A loop that carries values from turn to turn.

        Yields (index, values, done): the body calls `done(new values)` at its end, and finds the results in
        `done.results` after the loop.
        """
        before = self.ir.block
        head = self.ir.append_basic_block("loop")
        body = self.ir.append_basic_block("body")
        after = self.ir.append_basic_block("after")
        self.ir.branch(head)
        self.ir.position_at_end(head)
        counter = self.ir.phi(I64)
        phis = [self.ir.phi(value.type) for value in values]
        counter.add_incoming(self.i64(start), before)
        for phi, value in zip(phis, values, strict=True):
            phi.add_incoming(value, before)
        self.ir.cbranch(self.ir.icmp_signed("<", counter, self.i64(stop)), body, after)
        self.ir.position_at_end(body)
        done = Carried(phis)
        yield counter, phis, done
        end = self.ir.block
        counter.add_incoming(self.ir.add(counter, I64(step), flags=("nsw",)), end)
        for phi, value in zip(phis, done.next_values, strict=True):
            phi.add_incoming(value, end)
        self.ir.branch(head)
        self.ir.position_at_end(after)

    def walk(
        self, length: int, wide: int, values: Sequence[Value],
        body: Callable[[Index, Sequence[Value]], Sequence[Value]], turns: int = SPANS_WRITTEN_OUT,
    ) -> Sequence[Value]:  # fmt: skip
        """Hand values along an axis, `wide` places a turn; what takes no more than `turns` spans is written out."""
        whole = length - length % wide
        if -(-length // wide) <= (turns if wide > 1 else WRITTEN_OUT):
            for start in range(0, whole, wide):
                values = body(span(start, wide), values)
        else:
            with self.carry(0, whole, values, wide) as (start, carried, done):
                done(body(span(start, wide), carried))
            values = done.results
        return body(span(whole, length - whole), values) if whole < length else values

    def each(
        self,
        shape: Sequence[int],
        body: Callable[[tuple[Index, ...]], None],
        wide: int = 1,
        turns: int = SPANS_WRITTEN_OUT,
    ) -> None:
        """Run the body for every index of an array; the last axis that is longer than one in spans."""
        last = contiguous_axis(shape)

        def nest(prefix: Position) -> None:
            axis = len(prefix)
            if axis == len(shape):
                body(prefix)
                return

            def turn(position: Index, _: Sequence[Value]) -> Sequence[Value]:
                nest((*prefix, position))
                return ()

            self.walk(shape[axis], wide if axis == last else 1, (), turn, turns)

        nest(())

    def fold(
        self, lengths: Sequence[int], start: Sequence[Value], join: Join,
        terms: Callable[[Position], Sequence[Value]], wide: int = 1, turns: int = SPANS_WRITTEN_OUT,
    ) -> list[Value]:  # fmt: skip
        """Join terms over all indices, several folds in one loop: those of a block of rows share what they load."""
        last = contiguous_axis(lengths)
        wide = min(wide, lengths[last]) if last >= 0 else 1

        def nest(prefix: Position, found: Sequence[Value]) -> Sequence[Value]:
            axis = len(prefix)
            if axis == len(lengths):
                width = max((place.width for place in prefix if isinstance(place, Span)), default=1)
                new = [self.spread(value, width) for value in terms(prefix)]
                return [join.two(self, a, self.widened(b, wide, join.start)) for a, b in zip(found, new, strict=True)]
            step = wide if axis == last else 1
            return self.walk(
                lengths[axis], step, found, lambda position, found: nest((*prefix, position), found), turns
            )

        if wide == 1:
            return list(nest((), start))
        empty = [number(ir.VectorType(value.type, wide), join.start) for value in start]
        totals = [self.joined(join, total) for total in nest((), empty)]
        return [join.two(self, a, b) for a, b in zip(start, totals, strict=True)]

    # ---- vectors ----
    def cut(self, place: Index, wide: int) -> list[Index]:
        """A long span as several; the last one may be short."""
        if not isinstance(place, Span):
            return [place]
        widths = [min(wide, place.width - start) for start in range(0, place.width, wide)]
        return [span(self.add(place.start, wide * number), width) for number, width in enumerate(widths)]

    def spread(self, value: Value, width: int) -> Value:
        """A single number in every place of a vector."""
        if width == 1 or isinstance(value.type, ir.VectorType):
            return value
        kind = ir.VectorType(value.type, width)
        if isinstance(value, ir.Constant):
            return number(kind, value.constant)
        single = self.ir.insert_element(ir.Constant(kind, ir.Undefined), value, I32(0))
        places = ir.Constant(ir.VectorType(I32, width), [0] * width)
        return self.ir.shuffle_vector(single, ir.Constant(kind, ir.Undefined), places)

    def vector(self, values: Sequence[Value]) -> Value:
        """Single numbers side by side."""
        nothing = ir.Constant(ir.VectorType(values[0].type, len(values)), ir.Undefined)
        return reduce(lambda v, pair: self.ir.insert_element(v, pair[1], I32(pair[0])), enumerate(values), nothing)

    def alike(self, values: Sequence[Value]) -> Sequence[Value]:
        """Several values as vectors, if one of them is a vector."""
        width = max(width_in(value) for value in values)
        return [self.spread(value, width) for value in values]

    def widened(self, value: Value, width: int, rest: float) -> Value:
        """A vector made longer by a constant."""
        have = width_in(value)
        if have == width:
            return value
        if have == 1:
            return self.ir.insert_element(number(ir.VectorType(value.type, width), rest), value, I32(0))
        places = ir.Constant(ir.VectorType(I32, width), [min(place, have) for place in range(width)])
        return self.ir.shuffle_vector(value, number(value.type, rest), places)

    def joined(self, join: Join, value: Value) -> Value:
        """The places of a vector joined to one number."""
        kind = value.type.element
        if join.name == "fadd":
            function = self.declare(f"llvm.vector.reduce.fadd.{suffix(value.type)}", kind, [kind, value.type])
            return self.ir.call(function, [number(kind, 0), value], fastmath=FLAGS)
        function = self.declare(f"llvm.vector.reduce.{join.name}.{suffix(value.type)}", kind, [value.type])
        return self.ir.call(function, [value])

    # ---- real numbers ----
    def plus(self, a: Value, b: Value) -> Value:
        return self.ir.add(a, b) if is_whole(a) else self.fadd(a, b)

    def fadd(self, a: Value, b: Value) -> Value:
        return self.ir.fadd(*self.alike((a, b)), flags=self.flags)

    def fsub(self, a: Value, b: Value) -> Value:
        return self.ir.fsub(*self.alike((a, b)), flags=self.flags)

    def fmul(self, a: Value, b: Value) -> Value:
        return self.ir.fmul(*self.alike((a, b)), flags=self.flags)

    def fdiv(self, a: Value, b: Value) -> Value:
        return self.ir.fdiv(*self.alike((a, b)), flags=self.flags)

    def fneg(self, a: Value) -> Value:
        return self.ir.fneg(a)

    def compare(self, relation: str, a: Value, b: Value) -> Value:
        a, b = self.alike((a, b))
        if is_whole(a):
            return self.ir.icmp_signed(relation, a, b)
        return self.ir.fcmp_ordered(relation, a, b)

    def select(self, condition: Value, a: Value, b: Value) -> Value:
        return self.ir.select(condition, a, b)

    def as_real(self, value: Value, kind: ir.Type) -> Value:
        """A float, an integer or a truth value in another width; a vector stays one."""
        have, wanted = element_type(value.type), like(kind, value)
        if have == kind:
            return value
        if have == I1:
            return self.ir.uitofp(value, wanted)
        if is_whole(value):
            return self.ir.sitofp(value, wanted)
        return (self.ir.fpext if isinstance(kind, ir.DoubleType) else self.ir.fptrunc)(value, wanted)

    def intrinsic(self, name: str, *values: Value) -> Value:
        """One of LLVM's own functions, such as sqrt or maximum."""
        values = tuple(self.alike(values))
        kind = values[0].type
        function = self.declare(f"llvm.{name}.{suffix(kind)}", kind, [kind] * len(values))
        return self.ir.call(function, values)

    def library(self, name: str, *values: Value) -> Value:
        """A function of the C mathematics library, in the width of its arguments."""
        kind = values[0].type
        name = name if isinstance(kind, ir.DoubleType) else f"{name}f"
        function = self.declare(name, kind, [kind] * len(values))
        function.attributes.update({"readnone", "nounwind"})  # so that equal calls become one
        return self.ir.call(function, values)

    def declare(self, name: str, result: ir.Type, arguments: Sequence[ir.Type]) -> ir.Function:
        """A function that is defined elsewhere."""
        known = self.function.module.globals.get(name)
        return known or ir.Function(self.function.module, ir.FunctionType(result, arguments), name)


class Join(NamedTuple):
    """How two values become one in a fold, what changes nothing, and the name LLVM gives to a vector's fold."""

    start: float
    two: Callable[[Code, Value, Value], Value]
    name: str


class Carried:
    """The values a loop hands from one turn to the next."""

    def __init__(self, phis: Sequence[Value]) -> None:
        self.results = phis  # a phi in the loop's head holds the final value once the loop is left
        self.next_values: Sequence[Value] = ()

    def __call__(self, values: Sequence[Value]) -> None:
        self.next_values = values


SUM = Join(0, Code.plus, "fadd")
