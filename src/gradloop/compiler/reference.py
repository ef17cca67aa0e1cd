"""The same loops in plain NumPy, row by row: slow, and obviously right. `engine="numpy"` runs these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gradloop.compiler.loops import Gram, Loop, Train
from gradloop.compiler.program import check_flat, check_rows, check_steps, check_training, label_limits
from gradloop.core.evaluate import evaluate
from gradloop.core.graph import Node
from gradloop.core.order import rows_in_order


def unpack(nodes: Sequence[Node], flat: np.ndarray) -> dict[str, np.ndarray]:
    """Arrays that lie one behind the other, by their names; views, not copies."""
    found, start = {}, 0
    for node in nodes:
        found[node.attributes["name"]] = flat[start : start + node.spec.size].reshape(node.spec.shape)
        start += node.spec.size
    return found


class ReferenceProgram:
    """What `gradloop.compiler.program.Program` does, with the graph evaluated by NumPy."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.labels = label_limits(loop)

    def row(self, rows: Sequence[np.ndarray], i: int) -> dict[str, np.ndarray]:
        return {n.attributes["name"]: array[i] for n, array in zip(self.loop.inputs.rows, rows, strict=True)}

    def train(
        self, rows: Sequence[np.ndarray], batch_size: int, first_step: int, last_step: int, seed: int,
        numbers: np.ndarray, params: np.ndarray, state: np.ndarray, earlier: int = 0,
    ) -> int:  # fmt: skip
        assert isinstance(self.loop, Train)
        count = check_rows(self.loop.inputs.rows, rows, self.labels)
        check_steps(count, batch_size, first_step, last_step)
        check_training(self.loop, numbers, params, state)
        batches = batches_from(count, batch_size, first_step, seed, self.loop.shuffled)
        with np.errstate(all="ignore"):
            for step in range(first_step, last_step):
                gradient = self.mean_gradient(rows, next(batches), params)
                self.update(gradient, step + 1 + earlier, numbers, params, state)
                if not np.isfinite(gradient).all():
                    return step + 1
        return last_step

    def mean_gradient(self, rows: Sequence[np.ndarray], batch: np.ndarray, params: np.ndarray) -> np.ndarray:
        assert isinstance(self.loop, Train)
        fixed = unpack(self.loop.inputs.params, params)
        total = np.zeros(params.size)
        for i in batch:
            parts = evaluate(self.loop.gradient, self.row(rows, i) | fixed)
            total += np.concatenate([part.ravel() for part in parts])
        return (total / len(batch)).astype(params.dtype)

    def update(
        self, gradient: np.ndarray, step: int, numbers: np.ndarray, params: np.ndarray, state: np.ndarray
    ) -> None:
        assert isinstance(self.loop, Train)
        place = state_place = number_place = 0
        for update in self.loop.updates:
            w, g, t = update.graph.inputs[:3]
            held = slice(place, place + w.spec.size)
            state_end = state_place + sum(node.spec.size for node in update.state)
            values = unpack([w], params[held]) | unpack([g], gradient[held])
            values |= unpack(update.state, state[state_place:state_end])
            values |= unpack(update.numbers, numbers[number_place:].astype(params.dtype))
            values[t.attributes["name"]] = np.array(step, params.dtype)
            results = evaluate(update.graph, values)
            params[held] = results[0].ravel()
            if results[1:]:
                state[state_place:state_end] = np.concatenate([part.ravel() for part in results[1:]])
            place, state_place = held.stop, state_end
            number_place += len(update.numbers)

    def sum(self, rows: Sequence[np.ndarray], params: np.ndarray) -> np.ndarray:
        assert not isinstance(self.loop, Train)
        totals = np.zeros(sum(output.spec.size for output in self.loop.graph.outputs))
        for outputs in self.outputs(rows, params):
            totals += np.concatenate([part.ravel() for part in outputs])
        return totals

    def sums(self, rows: Sequence[np.ndarray], params: np.ndarray) -> np.ndarray:
        return self.sum(rows, params)[None]

    def gram(self, rows: Sequence[np.ndarray], params: np.ndarray) -> np.ndarray:
        assert isinstance(self.loop, Gram)
        numbers, columns = (output.spec.size for output in self.loop.graph.outputs)
        total = np.zeros((numbers, columns, columns))
        for s, a in self.outputs(rows, params):
            total += s[:, None, None] * np.multiply.outer(a, a)
        return total

    def map(self, rows: Sequence[np.ndarray], params: np.ndarray) -> np.ndarray:
        assert not isinstance(self.loop, Train)
        results = np.empty((len(rows[0]), *self.loop.graph.outputs[0].spec.shape), self.loop.inputs.dtype)
        for i, outputs in enumerate(self.outputs(rows, params)):
            results[i] = outputs[0]
        return results

    def outputs(self, rows: Sequence[np.ndarray], params: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
        assert not isinstance(self.loop, Train)
        count = check_rows(self.loop.inputs.rows, rows, self.labels)
        check_flat("params", params, self.loop.inputs.params)
        fixed = unpack(self.loop.inputs.params, params)
        with np.errstate(all="ignore"):
            for i in range(count):
                yield evaluate(self.loop.graph, self.row(rows, i) | fixed)


def batches_from(rows: int, batch_size: int, step: int, seed: int, shuffled: bool) -> Iterator[np.ndarray]:
    """The rows of batch after batch, beginning with any step of the whole run."""
    per_epoch = -(-rows // batch_size)
    epoch, batch = divmod(step, per_epoch)
    while True:
        order = rows_in_order(rows, seed, epoch) if shuffled else np.arange(rows)
        for start in range(batch * batch_size, rows, batch_size):
            yield order[start : start + batch_size]
        epoch, batch = epoch + 1, 0
