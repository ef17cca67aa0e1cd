"""Program: a compiled loop that checks its arrays and calls the machine code.

Calls go through ctypes, which releases Python's interpreter lock, so passes over rows may run in ordinary threads.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from gradloop.compiler.loops import Loop, Map, Sum, Train
from gradloop.core.graph import Node

if TYPE_CHECKING:
    from concurrent.futures import Executor

ROWS_IN_BLOCK = 4096  # of a Sum: fixed, so that the number of threads never changes a bit of the result
ROWS_WORTH_A_THREAD = 65536

_programs: dict[str, Program] = {}
_lock = threading.Lock()


def module_text(loop: Loop) -> str:
    """The LLVM IR of a loop, before LLVM's passes."""
    from gradloop.compiler import schedule

    writers: dict[type, Any] = {Train: schedule.train_module, Sum: schedule.sum_module, Map: schedule.map_module}
    return str(writers[type(loop)](loop))


class Program:
    """Machine code for a loop. `compile_loop` makes one for each distinct loop of a process."""

    def __init__(self, loop: Loop) -> None:
        from gradloop.compiler.jit import compile_function

        self.loop = loop
        self.code = compile_function(module_text(loop), "run")
        pointers = [ctypes.c_void_p] * len(loop.inputs.rows)
        whole, pointer = ctypes.c_int64, ctypes.c_void_p
        rest = {
            Train: [whole] * 5 + [pointer] * 3,
            Sum: [whole] * 3 + [pointer] * 2,
            Map: [whole] * 2 + [pointer] * 2,
        }[type(loop)]
        result = whole if isinstance(loop, Train) else None
        self.call = ctypes.CFUNCTYPE(result, *pointers, *rest)(self.code.address)

    def train(
        self, rows: Sequence[np.ndarray], batch_size: int, first_step: int, last_step: int, seed: int,
        numbers: np.ndarray, params: np.ndarray, state: np.ndarray,
    ) -> int:  # fmt: skip
        """Run steps [first_step, last_step); params and state are changed in place. Returns the steps done."""
        count = check_rows(self.loop.inputs.rows, rows)
        addresses = [address(array) for array in rows]
        rest = (address(numbers), address(params), address(state))
        return int(self.call(*addresses, count, batch_size, first_step, last_step, seed, *rest))

    def sum(self, rows: Sequence[np.ndarray], params: np.ndarray) -> np.ndarray:
        """The outputs added over all rows, one behind the other, in float64."""
        count = check_rows(self.loop.inputs.rows, rows)
        size = sum(output.spec.size for output in self.loop.graph.outputs)  # type: ignore[union-attr]
        blocks = -(-count // ROWS_IN_BLOCK)
        totals = np.empty((blocks, size))
        addresses, place = [address(array) for array in rows], address(params)

        def some(first: int, last: int) -> None:
            start, stop = first * ROWS_IN_BLOCK, min(last * ROWS_IN_BLOCK, count)
            self.call(*addresses, start, stop, ROWS_IN_BLOCK, place, address(totals) + first * size * 8)

        in_threads(some, blocks, count)
        return np.add.reduce(totals, axis=0)

    def map(self, rows: Sequence[np.ndarray], params: np.ndarray) -> np.ndarray:
        """The output for every row."""
        count = check_rows(self.loop.inputs.rows, rows)
        spec = self.loop.graph.outputs[0].spec  # type: ignore[union-attr]
        results = np.empty((count, *spec.shape), params.dtype)
        addresses, rest = [address(array) for array in rows], (address(params), address(results))
        in_threads(lambda first, last: self.call(*addresses, first, last, *rest), count, count)
        return results


def compile_loop(loop: Loop) -> Program:
    """The program of a loop; compiled at the first call, found again afterwards."""
    with _lock:
        if loop.key not in _programs:
            _programs[loop.key] = Program(loop)
        return _programs[loop.key]


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]  # type: ignore[no-any-return]


def check_rows(nodes: Sequence[Node], arrays: Sequence[np.ndarray]) -> int:
    """Machine code trusts its arrays, so this does not: shapes, dtype and layout must be the compiled ones."""
    count = len(arrays[0])
    for node, array in zip(nodes, arrays, strict=True):
        fits = array.shape == (count, *node.spec.shape) and array.dtype == node.spec.dtype
        if not fits or not array.flags.c_contiguous:
            name = node.attributes["name"]
            raise ValueError(f"{name}: expected {count} contiguous rows of {node.spec}, got {array.dtype}{array.shape}")
    return count


@cache
def pool(threads: int) -> Executor:
    from concurrent.futures import ThreadPoolExecutor  # small data never need it

    return ThreadPoolExecutor(threads, thread_name_prefix="gradloop")


def in_threads(work: Any, parts: int, rows: int) -> None:
    """Call work(first, last) on as many threads as there are processors and rows to keep them busy."""
    import os

    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    threads = max(1, min(available, rows // ROWS_WORTH_A_THREAD, parts))
    if threads == 1:
        work(0, parts)
        return
    bounds = [parts * i // threads for i in range(threads + 1)]
    list(pool(threads).map(work, bounds[:-1], bounds[1:]))
