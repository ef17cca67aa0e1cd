"""The order of rows as instructions: the same bits as `gradloop.data.order`, a block of positions at a time.

The rows of the next two blocks stand in a ring, so the row loop knows where it will be and can ask memory for it ahead.
"""

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir

from gradloop.compiler.builder import I32, I64, Code, Index, Value
from gradloop.data.order import FEW_ROWS, GOLDEN, HASH_1, HASH_2, MIX_1, MIX_2, ROUNDS

BLOCK = 256  # positions filled at once; a power of two
RING = 2 * BLOCK


class Order:
    """Writes the code that keeps the ring filled."""

    def __init__(self, code: Code, rows: Value, seed: Value) -> None:
        self.code, self.rows, self.seed = code, rows, seed
        self.ring = code.buffer(I64, RING)
        self.keys = code.buffer(I32, 2 * ROUNDS)
        self.bits, self.left_size, self.mask = self._halves()
        self.fill_function = declare_fill(code.function.module)

    def _halves(self) -> tuple[Value, Value, Value]:
        """bits = ceil(bit length of (rows - 1) / 2), left = ceil(rows / 2**bits)"""
        build = self.code.ir
        leading = self.code.external_i64("llvm.ctlz.i64", [I64, ir.IntType(1)])
        last = build.sub(self.rows, I64(1))
        length = build.sub(I64(64), build.call(leading, [last, ir.IntType(1)(0)]))
        bits = build.lshr(build.add(length, I64(1)), I64(1))
        size = build.shl(I64(1), bits)
        left = build.lshr(build.add(self.rows, build.sub(size, I64(1))), bits)
        return bits, left, build.sub(size, I64(1))

    def row(self, position: Index) -> Value:
        """The row at a position inside the two blocks that are filled."""
        place = self.code.ir.and_(self.code.i64(position), I64(RING - 1))
        return self.code.load(self.ring, I64, place)

    def start_epoch(self, epoch: Value) -> None:
        """Derive the keys of an epoch."""
        build = self.code.ir
        start = split_mix(build, build.add(split_mix(build, self.seed), epoch))
        for index in range(2 * ROUNDS):
            key = build.lshr(split_mix(build, build.add(start, I64(index))), I64(32))
            self.code.store(build.trunc(key, I32), self.keys, I32, index)

    def fill_two_blocks(self, position: Value) -> None:
        """Fill the block that holds a position, and the next."""
        first = self.code.ir.and_(position, I64(-BLOCK & (1 << 64) - 1))
        self.fill_block(first)
        self.fill_block(self.code.ir.add(first, I64(BLOCK)))

    def fill_block(self, first: Value) -> None:
        build = self.code.ir
        place = build.and_(first, I64(RING - 1))
        target = self.code.at(self.ring, I64, place)
        build.call(self.fill_function, [target, self.keys, first, self.rows, self.bits, self.left_size, self.mask])


def split_mix(build: ir.IRBuilder, state: Value) -> Value:
    state = build.add(state, I64(GOLDEN))
    state = build.mul(build.xor(state, build.lshr(state, I64(30))), I64(MIX_1))
    state = build.mul(build.xor(state, build.lshr(state, I64(27))), I64(MIX_2))
    return build.xor(state, build.lshr(state, I64(31)))


def hashed(build: ir.IRBuilder, value: Value, key: Value) -> Value:
    mixed = build.add(value, key)
    mixed = build.mul(build.xor(mixed, build.lshr(mixed, I32(16))), I32(HASH_1))
    mixed = build.mul(build.xor(mixed, build.lshr(mixed, I32(15))), I32(HASH_2))
    return build.xor(mixed, build.lshr(mixed, I32(16)))


def network(build: ir.IRBuilder, position: Value, keys: Sequence[Value], halves: Sequence[Value]) -> Value:
    """One pass through the network."""
    bits, left_size, mask = halves
    left = build.trunc(build.lshr(position, bits), I32)
    right = build.trunc(build.and_(position, mask), I32)
    narrow_size, narrow_mask = build.trunc(left_size, I32), build.trunc(mask, I32)
    for index, key in enumerate(keys):
        if index % 2 == 0:
            right = build.and_(build.add(right, hashed(build, left, key)), narrow_mask)
        else:
            product = build.mul(build.zext(hashed(build, right, key), I64), left_size)
            left = build.add(left, build.trunc(build.lshr(product, I64(32)), I32))
            beyond = build.sub(left, narrow_size)
            left = build.select(build.icmp_unsigned(">=", left, narrow_size), beyond, left)
    return build.add(build.shl(build.zext(left, I64), bits), build.zext(right, I64))


def declare_fill(module: ir.Module) -> ir.Function:
    """fill(target, keys, first position, rows, bits, left, mask): one block of the ring."""
    pointer = ir.PointerType()
    kind = ir.FunctionType(ir.VoidType(), [pointer, pointer, I64, I64, I64, I64, I64])
    function = ir.Function(module, kind, "fill_order")
    function.linkage = "internal"
    function.attributes.add("noinline")
    function.args[0].add_attribute("noalias")
    function.args[1].add_attribute("noalias")
    code = Code(function)
    target, keys_at, first, rows, *halves = function.args
    keys = [code.load(keys_at, I32, index) for index in range(2 * ROUNDS)]
    few = code.ir.icmp_unsigned("<=", rows, I64(FEW_ROWS))

    with code.carry(0, BLOCK, [I64(0)]) as (index, found, done):
        row = network(code.ir, code.add(first, index), keys[:ROUNDS], halves)
        code.store(row, target, I64, index)
        done([code.ir.select(code.ir.icmp_unsigned(">", row, found[0]), row, found[0])])
    largest = done.results[0]
    with code.ir.if_then(few, likely=False), code.loop(0, BLOCK) as index:
        row = network(code.ir, code.load(target, I64, index), keys[ROUNDS:], halves)
        code.store(row, target, I64, index)
    repair = code.ir.or_(few, code.ir.icmp_unsigned(">=", largest, rows))
    with code.ir.if_then(repair), code.loop(0, BLOCK) as index:
        walk_cycles(code, target, index, keys, halves, rows, few, code.add(first, index))
    code.ir.ret_void()
    code.close_entry()
    return function


def walk_cycles(
    code: Code, target: Value, index: Value, keys: list[Value], halves: Sequence[Value], rows: Value, few: Value,
    position: Value,
) -> None:  # fmt: skip
    """Send a row number beyond the last row through again until it is one; positions beyond the epoch give row 0."""
    place = code.at(target, I64, index)
    with code.ir.if_then(code.ir.icmp_unsigned(">=", position, rows)):
        code.ir.store(I64(0), place)
    head = code.ir.append_basic_block("walk")
    again = code.ir.append_basic_block("again")
    settled = code.ir.append_basic_block("settled")
    code.ir.branch(head)
    code.ir.position_at_end(head)
    row = code.ir.load(place, typ=I64)
    code.ir.cbranch(code.ir.icmp_unsigned(">=", row, rows), again, settled)
    code.ir.position_at_end(again)
    once = network(code.ir, row, keys[:ROUNDS], halves)
    code.ir.store(once, place)
    with code.ir.if_then(few):
        code.ir.store(network(code.ir, once, keys[ROUNDS:], halves), place)
    code.ir.branch(head)
    code.ir.position_at_end(settled)
