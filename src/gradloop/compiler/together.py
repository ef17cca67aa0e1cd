"""Train for several runs in one pass: a block of rows is ordered and read once, and serves every run in turn.

For each run the instructions are those of `train`, on a copy of its parameters and totals, so that every run has the
bits that it has alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from llvmlite import ir

from gradloop.compiler.builder import Code
from gradloop.compiler.kinds import DOUBLE, I64, POINTER, Value
from gradloop.compiler.loops import Together
from gradloop.compiler.schedule import new_function, smaller, total_size
from gradloop.compiler.train import TrainCode


def together_module(loop: Together) -> ir.Module:
    """Steps of all runs; `done` holds for each, where it is not 0, the step at which its gradient was not finite."""
    arguments = [POINTER] * len(loop.inputs.rows) + [I64] * 7 + [POINTER] * 5
    module, function = new_function(arguments, ir.VoidType())
    TogetherCode(Code(function), loop).write()
    return module


class TogetherCode(TrainCode):
    """Writes the body, part by part."""

    def __init__(self, code: Code, loop: Together) -> None:
        *pointers, rows, batch_size, first, last, seed, earlier, self.runs = code.function.args[:-5]
        numbers, params, state, self.totals, self.done = code.function.args[-5:]
        self.all_numbers, self.all_states = numbers, state
        super().__init__(
            code, loop.train, [*pointers, rows, batch_size, first, last, seed, earlier, numbers, params, state]
        )
        self.count = sum(len(update.numbers) for update in self.loop.updates)
        self.state_size = sum(total_size(update.state) for update in self.loop.updates)

    def has_own_params(self) -> bool:
        return True

    def write(self) -> None:
        code = self.code
        self.find_first_batch()
        with code.loop(self.first, self.last) as step:
            with code.loop(0, self.runs) as run:
                code.clear(self.of(self.totals, run, DOUBLE, self.size), DOUBLE, self.size)
            position = code.load(self.position, I64)
            stop = smaller(code, code.add(position, self.batch_size), self.rows)
            self.add_gradients(position, stop)
            done = code.add(step, 1)
            with self.each_run() as run:
                self.state = self.of(self.all_states, run, self.kind, self.state_size)
                self.numbers = self.of(self.all_numbers, run, DOUBLE, self.count)
                self.update(code.ir.sub(stop, position), code.add(done, self.earlier))
                code.copy(self.params, self.of(self.given, run, self.kind, self.size), self.kind, self.size)
                with code.ir.if_then(self.not_finite(), likely=False):
                    code.store(done, self.done, I64, run)
            self.advance(stop)
        code.ir.ret_void()
        code.close_entry()

    def of(self, array: Value, run: Value, kind: ir.Type, size: int) -> Value:
        """Where the part of a run lies."""
        return self.code.at(array, kind, self.code.multiply(run, size))

    @contextmanager
    def each_run(self) -> Iterator[Value]:
        """A loop over the runs whose gradients were finite so far, on copies of their parameters and totals."""
        code = self.code
        with code.loop(0, self.runs) as run, code.ir.if_then(self.goes_on(run)):
            code.copy(self.of(self.given, run, self.kind, self.size), self.params, self.kind, self.size)
            code.copy(self.of(self.totals, run, DOUBLE, self.size), self.total, DOUBLE, self.size)
            yield run

    def goes_on(self, run: Value) -> Value:
        return self.code.ir.icmp_signed("==", self.code.load(self.done, I64, run), I64(0))

    def add_block(self, start: Value, end: Value) -> None:
        with self.each_run() as run:
            self.gradient.shared()
            super().add_block(start, end)
            self.code.copy(self.total, self.of(self.totals, run, DOUBLE, self.size), DOUBLE, self.size)
