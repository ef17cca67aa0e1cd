"""The order of rows as instructions: the same bits as `gradloop.core.order`, a block of positions at a time.

The rows of the next two blocks stand in a ring, so the row loop knows where it will be and can ask memory for it ahead.
What fills the ring is a module of its own that every program of a process shares.
"""

from __future__ import annotations

from llvmlite import ir

from gradloop.compiler.builder import Code
from gradloop.compiler.kinds import I1, I32, I64, POINTER, Index, Value, number
from gradloop.core.order import FEW_ROWS, GOLDEN, HASH_1, HASH_2, MIX_1, MIX_2, ROUNDS

BLOCK = 256  # positions filled at once; a power of two
RING = 2 * BLOCK
TOGETHER = 32  # positions sent through the network as one vector
PLACES = ir.VectorType(I64, TOGETHER)
HALVES = ir.VectorType(I32, TOGETHER)
FILL = ir.FunctionType(ir.VoidType(), [POINTER, POINTER, I64, I64])
START = ir.FunctionType(ir.VoidType(), [POINTER, I64, I64])
FILL_ORDER, START_ORDER = "fill_order", "start_order"


class Order:
    """Writes the code that keeps the ring filled."""

    def __init__(self, code: Code, rows: Value, seed: Value) -> None:
        self.code, self.rows, self.seed = code, rows, seed
        self.ring = code.buffer(I64, RING)
        self.keys = code.buffer(I32, 2 * ROUNDS)

    def row(self, position: Index) -> Value:
        """The row at a position inside the two blocks that are filled."""
        place = self.code.ir.and_(self.code.i64(position), I64(RING - 1))
        return self.code.load(self.ring, I64, place)

    def start_epoch(self, epoch: Value) -> None:
        """Derive the keys of an epoch."""
        function = self.code.declare(START_ORDER, START.return_type, START.args)
        self.code.ir.call(function, [self.keys, self.seed, epoch])

    def fill_two_blocks(self, position: Value) -> None:
        """Fill the block that holds a position, and the next."""
        first = self.code.ir.and_(position, I64(-BLOCK & (1 << 64) - 1))
        self.fill_block(first)
        self.fill_block(self.code.ir.add(first, I64(BLOCK)))

    def fill_block(self, first: Value) -> None:
        target = self.code.at(self.ring, I64, self.code.ir.and_(first, I64(RING - 1)))
        function = self.code.declare(FILL_ORDER, FILL.return_type, FILL.args)
        self.code.ir.call(function, [target, self.keys, first, self.rows])


def order_module() -> ir.Module:
    """start_order(keys, seed, epoch) derives an epoch's keys; fill_order(target, keys, first, rows) fills a block."""
    module = ir.Module("order")
    write_start(Code(ir.Function(module, START, START_ORDER)))
    write_fill(Code(ir.Function(module, FILL, FILL_ORDER)))
    return module


def write_start(code: Code) -> None:
    keys, seed, epoch = code.function.args
    start = split_mix(code.ir, code.ir.add(split_mix(code.ir, seed), epoch))
    with code.loop(0, 2 * ROUNDS) as index:
        key = code.ir.lshr(split_mix(code.ir, code.ir.add(start, index)), I64(32))
        code.store(code.ir.trunc(key, I32), keys, I32, index)
    code.ir.ret_void()
    code.close_entry()


def split_mix(build: ir.IRBuilder, state: Value) -> Value:
    state = build.add(state, I64(GOLDEN))
    state = build.mul(build.xor(state, build.lshr(state, I64(30))), I64(MIX_1))
    state = build.mul(build.xor(state, build.lshr(state, I64(27))), I64(MIX_2))
    return build.xor(state, build.lshr(state, I64(31)))


def write_fill(code: Code) -> None:
    """Positions beyond the epoch's end get row 0: they are never visited, but memory is asked for their rows."""
    target, keys, first, rows = code.function.args
    network = Network(code, keys, rows)
    last = code.spread(rows, TOGETHER)
    turn = ir.Constant(PLACES, list(range(TOGETHER)))
    with code.loop(0, BLOCK, TOGETHER) as index:
        positions = code.ir.add(code.spread(code.add(first, index), TOGETHER), turn)
        visited = code.ir.icmp_unsigned("<", positions, last)
        positions = code.ir.select(visited, positions, number(PLACES, 0))
        found = settled(code, network, positions, visited, last)
        code.ir.store(found, code.at(target, I64, index), align=8)
    code.ir.ret_void()
    code.close_entry()


def settled(code: Code, network: Network, positions: Value, visited: Value, last: Value) -> Value:
    """Send positions through the network, and those that come out beyond the last row again ("cycle walking")."""
    any_of = code.declare(f"llvm.vector.reduce.or.v{TOGETHER}i1", I1, [visited.type])
    before, walk = code.ir.block, code.ir.append_basic_block("walk")
    code.ir.branch(walk)
    code.ir.position_at_end(walk)
    found, beyond = code.ir.phi(PLACES), code.ir.phi(visited.type)
    found.add_incoming(positions, before)
    beyond.add_incoming(visited, before)
    moved = code.ir.select(beyond, network.send(found), found)
    still = code.ir.and_(beyond, code.ir.icmp_unsigned(">=", moved, last))
    found.add_incoming(moved, code.ir.block)
    beyond.add_incoming(still, code.ir.block)
    after = code.ir.append_basic_block("settled")
    code.ir.cbranch(code.ir.call(any_of, [still]), walk, after)
    code.ir.position_at_end(after)
    return moved


class Network:
    """The Feistel network for a vector of positions; with few rows twice, which is the same as twice the rounds."""

    def __init__(self, code: Code, keys: Value, rows: Value) -> None:
        self.code, self.keys = code, keys
        build = code.ir
        leading = code.declare("llvm.ctlz.i64", I64, [I64, I1])
        length = build.sub(I64(64), build.call(leading, [build.sub(rows, I64(1)), I1(0)]))
        bits = build.lshr(build.add(length, I64(1)), I64(1))
        size = build.shl(I64(1), bits)
        left = build.lshr(build.add(rows, build.sub(size, I64(1))), bits)
        self.bits = code.spread(bits, TOGETHER)
        self.mask = code.spread(build.trunc(build.sub(size, I64(1)), I32), TOGETHER)
        self.left = code.spread(build.trunc(left, I32), TOGETHER)
        few = build.icmp_unsigned("<=", rows, I64(FEW_ROWS))
        self.rounds = build.select(few, I64(2 * ROUNDS), I64(ROUNDS))

    def send(self, position: Value) -> Value:
        code, build = self.code, self.code.ir
        left = build.trunc(build.lshr(position, self.bits), HALVES)
        right = build.and_(build.trunc(position, HALVES), self.mask)
        with code.carry(0, self.rounds, [left, right], step=2) as (index, (left, right), done):
            right = build.and_(build.add(right, self.hashed(left, index)), self.mask)
            hashed = self.hashed(right, code.add(index, 1))
            product = build.mul(build.zext(hashed, PLACES), build.zext(self.left, PLACES))
            left = build.add(left, build.trunc(build.lshr(product, number(PLACES, 32)), HALVES))
            beyond = build.icmp_unsigned(">=", left, self.left)
            done([build.select(beyond, build.sub(left, self.left), left), right])
        left, right = done.results
        return build.add(build.shl(build.zext(left, PLACES), self.bits), build.zext(right, PLACES))

    def hashed(self, value: Value, round_number: Value) -> Value:
        """A 32-bit hash of each value under the key of a round."""
        build = self.code.ir
        mixed = build.add(value, self.code.spread(self.code.load(self.keys, I32, round_number), TOGETHER))
        for shift, factor in ((16, HASH_1), (15, HASH_2)):
            mixed = build.mul(build.xor(mixed, build.lshr(mixed, number(HALVES, shift))), number(HALVES, factor))
        return build.xor(mixed, build.lshr(mixed, number(HALVES, 16)))
