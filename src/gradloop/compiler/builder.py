"""A thin layer over llvmlite's builder: loops with accumulators, buffers, arithmetic that folds whole numbers.

Floating-point flags: sums may be reordered and products fused, so loops become vectors; `nnan` and `ninf` are never
given, because they would allow LLVM to delete the checks that catch a diverging run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from llvmlite import ir

POINTER = ir.PointerType()
I1, I8, I32, I64 = ir.IntType(1), ir.IntType(8), ir.IntType(32), ir.IntType(64)
FLAGS = ("reassoc", "contract", "arcp", "nsz")
UNROLLED = 4  # loops of at most so many turns are written out, so that small arrays live in registers

Value = Any  # an LLVM value
Index = Any  # a Python int, or an LLVM value of type i64

TYPES = {"float32": ir.FloatType(), "float64": ir.DoubleType(), "int64": I64, "bool": I1}


def ir_type(dtype: np.dtype) -> ir.Type:
    """The LLVM type of one entry of an array."""
    if str(dtype) not in TYPES:
        raise ValueError(f"machine code computes with {', '.join(TYPES)}, but there is an array of {dtype}")
    return TYPES[str(dtype)]


class Code:
    """Writes one LLVM function."""

    def __init__(self, function: ir.Function) -> None:
        self.function = function
        self.entry = function.append_basic_block("entry")
        self.ir = ir.IRBuilder(function.append_basic_block("start"))

    def close_entry(self) -> None:
        """Join the block of buffers, which grows until the end, to the code."""
        ir.IRBuilder(self.entry).branch(self.function.blocks[1])

    # ---- whole numbers ----
    def i64(self, value: Index) -> Value:
        return I64(value) if isinstance(value, int) else value

    def add(self, a: Index, b: Index) -> Index:
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
        return self.ir.icmp_signed("==", self.i64(a), self.i64(b))

    def offset(self, index: Sequence[Index], shape: Sequence[int]) -> Index:
        """The place of an entry in a row-major array."""
        total: Index = 0
        for position, length in zip(index, shape, strict=True):
            total = self.add(self.multiply(total, length), position)
        return total

    # ---- memory ----
    def buffer(self, kind: ir.Type, entries: int) -> Value:
        """Room on the stack, reserved once, however often the code that asks for it runs."""
        with self.ir.goto_entry_block():
            place = self.ir.alloca(ir.ArrayType(kind, entries))
            place.align = 64
        place.type = POINTER
        return place

    def at(self, base: Value, kind: ir.Type, position: Index) -> Value:
        place = self.ir.gep(base, [self.i64(position)], inbounds=True, source_etype=kind)
        place.type = POINTER  # llvmlite would keep the array's type of a buffer or a table
        return place

    def load(self, base: Value, kind: ir.Type, position: Index = 0) -> Value:
        return self.ir.load(self.at(base, kind, position), typ=kind)

    def store(self, value: Value, base: Value, kind: ir.Type, position: Index = 0) -> None:
        self.ir.store(value, self.at(base, kind, position))

    def prefetch(self, place: Value) -> None:
        """Ask for the line of memory at a place that will soon be read."""
        function = self.declare("llvm.prefetch.p0", ir.VoidType(), [POINTER, I32, I32, I32])
        self.ir.call(function, [place, I32(0), I32(3), I32(1)])

    def clear(self, base: Value, kind: ir.Type, entries: int) -> None:
        """Set an array to zero."""
        if entries <= UNROLLED:
            for position in range(entries):
                self.store(kind(0), base, kind, position)
            return
        name = "llvm.memset.p0.i64"
        function = self.declare(name, ir.VoidType(), [POINTER, I8, I64, I1])
        self.ir.call(function, [base, I8(0), I64(entries * width_of(kind)), I1(0)])

    def copy(self, source: Value, target: Value, kind: ir.Type, entries: int) -> None:
        """Copy one array to another that does not overlap it."""
        if entries <= UNROLLED:
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

    def each(self, shape: Sequence[int], body: Callable[[tuple[Index, ...]], None]) -> None:
        """Run the body for every index of an array of this shape; short axes are written out."""

        def nest(prefix: tuple[Index, ...], rest: Sequence[int]) -> None:
            if not rest:
                body(prefix)
            elif rest[0] <= UNROLLED:
                for position in range(rest[0]):
                    nest((*prefix, position), rest[1:])
            else:
                with self.loop(0, rest[0]) as position:
                    nest((*prefix, position), rest[1:])

        nest((), tuple(shape))

    def reduce(
        self,
        lengths: Sequence[int],
        values: Sequence[Value],
        body: Callable[[tuple[Index, ...], Sequence[Value]], Sequence[Value]],
    ) -> Sequence[Value]:
        """Fold several values over all indices at once: the sums of a block of rows share one loop."""

        def nest(prefix: tuple[Index, ...], rest: Sequence[int], found: Sequence[Value]) -> Sequence[Value]:
            if not rest:
                return body(prefix, found)
            if rest[0] <= UNROLLED:
                for position in range(rest[0]):
                    found = nest((*prefix, position), rest[1:], found)
                return found
            with self.carry(0, rest[0], found) as (position, carried, done):
                done(nest((*prefix, position), rest[1:], carried))
            return done.results

        return nest((), tuple(lengths), list(values))

    # ---- real numbers ----
    def real(self, kind: ir.Type, value: float) -> Value:
        return ir.Constant(kind, float(value))

    def fadd(self, a: Value, b: Value) -> Value:
        return self.ir.fadd(a, b, flags=FLAGS)

    def fsub(self, a: Value, b: Value) -> Value:
        return self.ir.fsub(a, b, flags=FLAGS)

    def fmul(self, a: Value, b: Value) -> Value:
        return self.ir.fmul(a, b, flags=FLAGS)

    def fdiv(self, a: Value, b: Value) -> Value:
        return self.ir.fdiv(a, b, flags=FLAGS)

    def fneg(self, a: Value) -> Value:
        return self.ir.fneg(a)

    def compare(self, relation: str, a: Value, b: Value) -> Value:
        if isinstance(a.type, ir.IntType):
            return self.ir.icmp_signed(relation, a, b)
        return self.ir.fcmp_ordered(relation, a, b)

    def select(self, condition: Value, a: Value, b: Value) -> Value:
        return self.ir.select(condition, a, b)

    def as_real(self, value: Value, kind: ir.Type) -> Value:
        """A float, an integer or a truth value in another width."""
        if value.type == kind:
            return value
        if value.type == I1:
            return self.ir.uitofp(value, kind)
        if isinstance(value.type, ir.IntType):
            return self.ir.sitofp(value, kind)
        wider = isinstance(kind, ir.DoubleType)
        return self.ir.fpext(value, kind) if wider else self.ir.fptrunc(value, kind)

    def intrinsic(self, name: str, *values: Value) -> Value:
        """One of LLVM's own functions, such as sqrt or maximum."""
        kind = values[0].type
        function = self.external(f"llvm.{name}.{kind.intrinsic_name}", kind, len(values))
        return self.ir.call(function, values)

    def library(self, name: str, *values: Value) -> Value:
        """A function of the C mathematics library, in the width of its arguments."""
        kind = values[0].type
        name = name if isinstance(kind, ir.DoubleType) else f"{name}f"
        return self.ir.call(self.external(name, kind, len(values)), values)

    def external(self, name: str, kind: ir.Type, arity: int) -> ir.Function:
        return self.declare(name, kind, [kind] * arity)

    def declare(self, name: str, result: ir.Type, arguments: Sequence[ir.Type]) -> ir.Function:
        """A function that is defined elsewhere."""
        known = self.function.module.globals.get(name)
        return known or ir.Function(self.function.module, ir.FunctionType(result, arguments), name)


def width_of(kind: ir.Type) -> int:
    """Bytes of one entry."""
    return 4 if isinstance(kind, ir.FloatType) else 8


class Carried:
    """The values a loop hands from one turn to the next."""

    def __init__(self, phis: Sequence[Value]) -> None:
        self.results = phis  # a phi in the loop's head holds the final value once the loop is left
        self.next_values: Sequence[Value] = ()

    def __call__(self, values: Sequence[Value]) -> None:
        self.next_values = values
