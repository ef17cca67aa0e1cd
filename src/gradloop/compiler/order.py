"""The order of rows as instructions: the same bits as `gradloop.core.order`, a block of positions at a time.

The rows of the next two blocks stand in a ring, so the row loop knows where it will be and can ask memory for it ahead.
"""

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir

from gradloop.compiler.builder import I32, I64, POINTER, Code, Index, Value
from gradloop.core.order import FEW_ROWS, GOLDEN, HASH_1, HASH_2, MIX_1, MIX_2, ROUNDS

BLOCK = 256  # positions filled at once; a power of two
RING = 2 * BLOCK
TOGETHER = 16  # positions sent through the network as one vector


class Order:
    """Writes the code that keeps the ring filled."""

    def __init__(self, code: Code, rows: Value, seed: Value) -> None:
        self.code, self.rows, self.seed = code, rows, seed
        self.ring = code.buffer(I64, RING)
        self.keys = code.buffer(I32, 2 * ROUNDS)
        self.bits, self.left_size, self.mask = self._halves()
        self.fill_function = declare_fill(code.function.module)
        self.start_function = declare_start(code.function.module)

    def _halves(self) -> tuple[Value, Value, Value]:
        """bits = ceil(bit length of (rows - 1) / 2), left = ceil(rows / 2**bits)"""
        build = self.code.ir
        leading = self.code.declare("llvm.ctlz.i64", I64, [I64, ir.IntType(1)])
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
        self.code.ir.call(self.start_function, [self.keys, self.seed, epoch])

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


def number(kind: ir.Type, value: int) -> Value:
    """A constant, in every place if the type is a vector."""
    return ir.Constant(kind, [value] * kind.count if isinstance(kind, ir.VectorType) else value)


def spread(build: ir.IRBuilder, value: Value, like: ir.Type) -> Value:
    """A single number in every place of a vector."""
    if not isinstance(like, ir.VectorType):
        return value
    one = ir.VectorType(value.type, 1)
    single = build.insert_element(ir.Constant(one, ir.Undefined), value, I32(0))
    mask = ir.Constant(ir.VectorType(I32, like.count), [0] * like.count)
    return build.shuffle_vector(single, ir.Constant(one, ir.Undefined), mask)


def hashed(build: ir.IRBuilder, value: Value, key: Value) -> Value:
    kind = value.type
    mixed = build.add(value, spread(build, key, kind))
    mixed = build.mul(build.xor(mixed, build.lshr(mixed, number(kind, 16))), number(kind, HASH_1))
    mixed = build.mul(build.xor(mixed, build.lshr(mixed, number(kind, 15))), number(kind, HASH_2))
    return build.xor(mixed, build.lshr(mixed, number(kind, 16)))


def network(build: ir.IRBuilder, position: Value, keys: Sequence[Value], halves: Sequence[Value]) -> Value:
    """One pass through the network, for one position or a vector of them."""
    wide = position.type
    narrow = ir.VectorType(I32, wide.count) if isinstance(wide, ir.VectorType) else I32
    bits, left_size, mask = (spread(build, half, wide) for half in halves)
    left = build.trunc(build.lshr(position, bits), narrow)
    right = build.trunc(build.and_(position, mask), narrow)
    narrow_size, narrow_mask = build.trunc(left_size, narrow), build.trunc(mask, narrow)
    for index, key in enumerate(keys):
        if index % 2 == 0:
            right = build.and_(build.add(right, hashed(build, left, key)), narrow_mask)
        else:
            product = build.mul(build.zext(hashed(build, right, key), wide), left_size)
            left = build.add(left, build.trunc(build.lshr(product, number(wide, 32)), narrow))
            beyond = build.sub(left, narrow_size)
            left = build.select(build.icmp_unsigned(">=", left, narrow_size), beyond, left)
    return build.add(build.shl(build.zext(left, wide), bits), build.zext(right, wide))


def declare_fill(module: ir.Module) -> ir.Function:
    """fill(target, keys, first position, rows, bits, left, mask): one block of the ring."""
    kind = ir.FunctionType(ir.VoidType(), [POINTER, POINTER, *[I64] * 5])
    function = internal_function(module, kind, "fill_order")
    code = Code(function)
    target, keys_at, first, rows, *halves = function.args
    keys = [code.load(keys_at, I32, index) for index in range(ROUNDS)]
    lanes = ir.VectorType(I64, TOGETHER)
    turn = ir.Constant(lanes, list(range(TOGETHER)))
    with code.carry(0, BLOCK, [number(lanes, 0)], TOGETHER) as (index, found, done):
        positions = code.ir.add(spread(code.ir, code.add(first, index), lanes), turn)
        found_rows = network(code.ir, positions, keys, halves)
        code.ir.store(found_rows, code.at(target, I64, index), align=8)
        done([code.ir.select(code.ir.icmp_unsigned(">", found_rows, found[0]), found_rows, found[0])])
    largest = code.ir.call(code.declare(f"llvm.vector.reduce.umax.v{TOGETHER}i64", I64, [lanes]), [done.results[0]])
    few = code.ir.icmp_unsigned("<=", rows, I64(FEW_ROWS))
    repair = code.ir.or_(few, code.ir.icmp_unsigned(">=", largest, rows))
    settle = declare_settle(module)
    with code.ir.if_then(repair), code.loop(0, BLOCK) as index:
        row, position = code.load(target, I64, index), code.add(first, index)
        beyond = code.ir.or_(few, code.ir.icmp_unsigned(">=", row, rows))
        with code.ir.if_then(beyond, likely=False):
            code.store(code.ir.call(settle, [row, position, keys_at, rows, *halves]), target, I64, index)
    code.ir.ret_void()
    code.close_entry()
    return function


def internal_function(module: ir.Module, kind: ir.FunctionType, name: str) -> ir.Function:
    """A function that is kept apart from its callers, so that it is optimised once."""
    function = ir.Function(module, kind, name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    for argument in function.args:
        if argument.type == POINTER:
            argument.add_attribute("noalias")
    return function


def declare_settle(module: ir.Module) -> ir.Function:
    """settle(row, position, keys, rows, bits, left, mask) -> a row that exists.

    With few rows the second network follows the first. A row beyond the last one is sent through again ("cycle
    walking"); positions beyond the epoch are never visited and give row 0.
    """
    again = declare_again(module)
    function = internal_function(module, ir.FunctionType(I64, [I64, I64, POINTER, *[I64] * 4]), "settle_row")
    code = Code(function)
    first_row, position, keys, rows, *halves = function.args
    second = code.at(keys, I32, ROUNDS)
    few = code.ir.icmp_unsigned("<=", rows, I64(FEW_ROWS))

    def finish(row: Value) -> Value:
        return code.ir.select(few, code.ir.call(again, [row, second, *halves]), row)

    row_at = code.buffer(I64, 1)
    code.store(finish(first_row), row_at, I64)
    with code.ir.if_then(code.ir.icmp_unsigned(">=", position, rows)):
        code.ir.ret(I64(0))
    head, walk, settled = (code.ir.append_basic_block(name) for name in ("head", "walk", "settled"))
    code.ir.branch(head)
    code.ir.position_at_end(head)
    row = code.load(row_at, I64)
    code.ir.cbranch(code.ir.icmp_unsigned(">=", row, rows), walk, settled)
    code.ir.position_at_end(walk)
    code.store(finish(code.ir.call(again, [row, keys, *halves])), row_at, I64)
    code.ir.branch(head)
    code.ir.position_at_end(settled)
    code.ir.ret(row)
    code.close_entry()
    return function


def declare_again(module: ir.Module) -> ir.Function:
    """again(row, keys, bits, left, mask): the network once more, for a single row."""
    function = internal_function(module, ir.FunctionType(I64, [I64, POINTER, *[I64] * 3]), "again")
    code = Code(function)
    row, keys_at, *halves = function.args
    keys = [code.load(keys_at, I32, index) for index in range(ROUNDS)]
    code.ir.ret(network(code.ir, row, keys, halves))
    code.close_entry()
    return function


def declare_start(module: ir.Module) -> ir.Function:
    """start(keys, seed, epoch): derive the keys of an epoch."""
    function = internal_function(module, ir.FunctionType(ir.VoidType(), [POINTER, I64, I64]), "start_epoch")
    code = Code(function)
    keys, seed, epoch = function.args
    start = split_mix(code.ir, code.ir.add(split_mix(code.ir, seed), epoch))
    with code.loop(0, 2 * ROUNDS) as index:
        key = code.ir.lshr(split_mix(code.ir, code.ir.add(start, index)), I64(32))
        code.store(code.ir.trunc(key, I32), keys, I32, index)
    code.ir.ret_void()
    code.close_entry()
    return function
