"""Program: a compiled loop that checks its arrays and calls the machine code.

Calls go through ctypes, which releases Python's interpreter lock, so passes over rows may run in ordinary threads.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from gradloop.compiler.loops import Gram, Loop, Map, Sum, Together, Train
from gradloop.compiler.panels import room, rows_in_block, squares
from gradloop.core.graph import Node
from gradloop.core.ops import LABEL_OPS
from gradloop.errors import DataError

if TYPE_CHECKING:
    from concurrent.futures import Executor

ROWS_IN_BLOCK = 4096  # of a Sum: fixed, so that the number of threads never changes a bit of the result
ROWS_WORTH_A_THREAD = 65536  # cheap ones, ...
NUMBERS_IN_A_ROW = 64  # ... of so many numbers that are computed
WORKER = "gradloop worker"  # the names of the pool's threads begin so, ...
OF_DASK = "Dask-"  # ... and so those of a worker of a cluster

_programs: dict[str, Program] = {}
_lock = threading.Lock()


def module_text(loop: Loop | Together) -> str:
    """The LLVM IR of a loop, before LLVM's passes."""
    from gradloop.compiler import gram, schedule, together, train

    writers: dict[type, Any] = {Train: train.train_module, Together: together.together_module}
    writers |= {Sum: schedule.sum_module, Map: schedule.map_module, Gram: gram.gram_module}
    return str(writers[type(loop)](loop))


class Program:
    """Machine code for a loop. `compile_loop` makes one for each distinct loop of a process."""

    def __init__(self, loop: Loop | Together) -> None:
        from gradloop.compiler.jit import compile_function
        from gradloop.compiler.schedule import rows_are_vectors

        self.loop = loop
        self.labels = label_limits(loop)
        vectors = isinstance(loop, Sum | Map | Gram) and rows_are_vectors(loop)
        self.address = compile_function(module_text(loop), "run", vectors)
        pointers = [ctypes.c_void_p] * len(loop.inputs.rows)
        whole, pointer = ctypes.c_int64, ctypes.c_void_p
        rest = {
            Train: [whole] * 6 + [pointer] * 3,
            Together: [whole] * 7 + [pointer] * 5,
            Sum: [whole] * 3 + [pointer] * 2,
            Gram: [whole] * 3 + [pointer] * 2,
            Map: [whole] * 2 + [pointer] * 2,
        }[type(loop)]
        result = whole if isinstance(loop, Train) else None
        self.call = ctypes.CFUNCTYPE(result, *pointers, *rest)(self.address)

    @cached_property
    def work(self) -> int:
        """How many cheap rows one of these is worth."""
        graph = self.loop.graph  # type: ignore[union-attr]
        inner = {id(node): node.inputs[0].spec.shape[1] for node in graph.nodes if node.op == "matmul"}
        numbers = sum(node.spec.size * inner.get(id(node), 1) for node in graph.nodes if node.inputs)
        if isinstance(self.loop, Gram):
            s, a = graph.outputs
            numbers += s.spec.size * a.spec.size**2 // 2
        return max(1, int(numbers) // NUMBERS_IN_A_ROW)

    def train(
        self, rows: Sequence[np.ndarray], batch_size: int, first_step: int, last_step: int, seed: int,
        numbers: np.ndarray, params: np.ndarray, state: np.ndarray, earlier: int = 0,
    ) -> int:  # fmt: skip
        """Run steps [first_step, last_step); params and state are changed in place. Returns the steps done.

        The update rule's time counts `earlier` steps, which were taken on other rows, too.

        Fewer steps than asked for are done if a gradient is not finite; the last of them is the one that used it.
        """
        count = check_rows(self.loop.inputs.rows, rows, self.labels)
        check_steps(count, batch_size, first_step, last_step)
        assert isinstance(self.loop, Train)
        check_training(self.loop, numbers, params, state)
        addresses = [address(array) for array in rows]
        rest = (address(numbers), address(params), address(state))
        return int(self.call(*addresses, count, min(batch_size, count), first_step, last_step, seed, earlier, *rest))

    def train_together(
        self, rows: Sequence[np.ndarray], batch_size: int, first_step: int, last_step: int, seed: int,
        numbers: np.ndarray, params: np.ndarray, state: np.ndarray,
    ) -> list[int]:  # fmt: skip
        """The same for several runs, whose arrays have one row for each. Returns the steps that each has done."""
        count = check_rows(self.loop.inputs.rows, rows, self.labels)
        check_steps(count, batch_size, first_step, last_step)
        assert isinstance(self.loop, Together)
        for arrays in zip(numbers, params, state, strict=True):
            check_training(self.loop.train, *arrays)
        if not all(array.flags.c_contiguous for array in (numbers, params, state)):
            raise ValueError("numbers, params and state of several runs must lie one behind the other")
        addresses = [address(array) for array in rows]
        totals, stopped = np.empty(params.shape), np.zeros(len(params), np.int64)
        rest = [address(array) for array in (numbers, params, state, totals, stopped)]
        self.call(*addresses, count, min(batch_size, count), first_step, last_step, seed, 0, len(params), *rest)
        return [int(step) or last_step for step in stopped]

    def sum(self, rows: Sequence[np.ndarray], params: np.ndarray) -> np.ndarray:
        """The outputs added over all rows, one behind the other, in float64."""
        return np.asarray(np.add.reduce(self.sums(rows, params), axis=0))

    def sums(self, rows: Sequence[np.ndarray], params: np.ndarray) -> np.ndarray:
        """The same for each block of rows, which are to be added in order."""
        assert isinstance(self.loop, Sum | Map)
        return self._blocks(rows, params, ROWS_IN_BLOCK, sum(output.spec.size for output in self.loop.graph.outputs))

    def gram(self, rows: Sequence[np.ndarray], params: np.ndarray) -> np.ndarray:
        """The sums of s a aᵀ over all rows, in float64: a symmetric matrix for each number s."""
        assert isinstance(self.loop, Gram)
        totals = self._blocks(rows, params, rows_in_block(self.loop, len(rows[0])), room(self.loop))
        return np.asarray(squares(self.loop, np.add.reduce(totals, axis=0)))

    def _blocks(self, rows: Sequence[np.ndarray], params: np.ndarray, each: int, size: int) -> np.ndarray:
        """What each block of so many rows gives, (blocks, size)."""
        count = check_rows(self.loop.inputs.rows, rows, self.labels)
        check_flat("params", params, self.loop.inputs.params)
        blocks = -(-count // each)
        totals = np.empty((blocks, size))
        addresses, place = [address(array) for array in rows], address(params)

        def some(first: int, last: int) -> None:
            start, stop = first * each, min(last * each, count)
            self.call(*addresses, start, stop, each, place, address(totals) + first * size * 8)

        in_threads(some, blocks, count * self.work)
        return totals

    def map(self, rows: Sequence[np.ndarray], params: np.ndarray) -> np.ndarray:
        """The output for every row."""
        count = check_rows(self.loop.inputs.rows, rows, self.labels)
        check_flat("params", params, self.loop.inputs.params)
        assert isinstance(self.loop, Sum | Map)
        spec = self.loop.graph.outputs[0].spec
        results = np.empty((count, *spec.shape), self.loop.inputs.dtype)
        addresses, rest = [address(array) for array in rows], (address(params), address(results))
        in_threads(lambda first, last: self.call(*addresses, first, last, *rest), count, count)
        return results


def compile_loop(loop: Loop | Together) -> Program:
    """The program of a loop; compiled at the first call, found again afterwards."""
    with _lock:
        if loop.key not in _programs:
            _programs[loop.key] = Program(loop)
        return _programs[loop.key]


def address(array: np.ndarray) -> int:
    """Where an array lies; NumPy's own answer takes five times as long, which counts where a call trains for 20 µs."""
    if array.size and array.flags.writeable:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))  # type: ignore[arg-type]
    return array.__array_interface__["data"][0]  # type: ignore[no-any-return]


# ---- machine code trusts its arrays, so this does not ---------------------------------------------------------


def check_rows(nodes: Sequence[Node], arrays: Sequence[np.ndarray], labels: Mapping[str, int]) -> int:
    """Shapes, dtypes and layout must be the compiled ones, and labels those that exist. Returns the number of rows."""
    count = len(arrays[0])
    for node, array in zip(nodes, arrays, strict=True):
        name = node.attributes["name"]
        fits = array.shape == (count, *node.spec.shape) and array.dtype == node.spec.dtype
        if not fits or not array.flags.c_contiguous:
            raise ValueError(f"{name}: expected {count} contiguous rows of {node.spec}, got {array.dtype}{array.shape}")
        if name in labels and count and not 0 <= array.min() <= array.max() < labels[name]:
            row = int(np.flatnonzero((array < 0) | (array >= labels[name]))[0])
            raise DataError(
                f"{name}: row {row} holds the label {array[row]}, but labels go from 0 to {labels[name] - 1}"
            )
    return count


def label_limits(loop: Loop | Together) -> dict[str, int]:
    """For each input that picks an entry, how many there are to pick from."""
    loop = loop.train if isinstance(loop, Together) else loop
    graph = loop.gradient if isinstance(loop, Train) else loop.graph
    limits: dict[str, int] = {}
    for node in graph.nodes:
        if node.op in LABEL_OPS:
            name = node.inputs[LABEL_OPS[node.op]].attributes["name"]
            length = node.attributes["length"] if node.op == "place" else node.inputs[0].spec.shape[0]
            limits[name] = min(length, limits.get(name, length))
    return limits


def check_flat(name: str, array: np.ndarray, nodes: Sequence[Node], written: bool = False) -> None:
    """Arrays handed over one behind the other must have exactly the entries of these nodes."""
    size, dtypes = sum(node.spec.size for node in nodes), {node.spec.dtype for node in nodes}
    fits = array.shape == (size,) and dtypes <= {array.dtype}
    if not fits or not array.flags.c_contiguous or (written and not array.flags.writeable):
        wanted = " and ".join(map(str, dtypes)) or array.dtype
        raise ValueError(f"{name}: expected {size} contiguous entries of {wanted}, got {array.dtype}{array.shape}")


def check_training(loop: Train, numbers: np.ndarray, params: np.ndarray, state: np.ndarray) -> None:
    states = [node for update in loop.updates for node in update.state]
    check_flat("params", params, loop.inputs.params, written=True)
    check_flat("state", state, states, written=True)
    size = sum(len(update.numbers) for update in loop.updates)
    if numbers.shape != (size,) or numbers.dtype != np.float64 or not numbers.flags.c_contiguous:
        raise ValueError(f"numbers: expected {size} contiguous entries of float64, got {numbers.dtype}{numbers.shape}")


def check_steps(rows: int, batch_size: int, first_step: int, last_step: int) -> None:
    if rows < 1 or batch_size < 1 or not 0 <= first_step <= last_step:
        raise ValueError(f"cannot run steps {first_step} to {last_step} in batches of {batch_size} of {rows} rows")


def processors() -> int:
    """How many processors there are for this thread: one for the threads of the pool, and of Dask's workers.

    A thread of the pool that waited for others of the pool could wait for ever; Dask gives others work meanwhile.
    """
    if threading.current_thread().name.startswith((WORKER, OF_DASK)):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


@cache
def pool(threads: int) -> Executor:
    from concurrent.futures import ThreadPoolExecutor  # small data never need it

    return ThreadPoolExecutor(threads, thread_name_prefix=WORKER)


if hasattr(os, "register_at_fork"):  # a forked process has none of its parent's threads
    os.register_at_fork(after_in_child=pool.cache_clear)


def in_threads(work: Any, parts: int, rows: int) -> None:
    """Call work(first, last) on as many threads as there are processors and rows to keep them busy."""
    worth = min(rows // ROWS_WORTH_A_THREAD, parts)
    threads = min(processors(), worth) if worth > 1 else 1
    if threads == 1:
        work(0, parts)
        return
    bounds = [parts * i // threads for i in range(threads + 1)]
    list(pool(threads).map(work, bounds[:-1], bounds[1:]))
