"""The order of rows in machine code is the order of rows in NumPy, bit by bit."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gradloop.compiler.order import BLOCK
from gradloop.core.order import FEW_ROWS, rows_in_order
from gradloop.optimizers import Optimizer
from training import Training, training


def recorder(w: Any, g: Any, state: Any, t: Any) -> Any:
    """Keep the last gradient, which tells the row that was visited, and a number that depends on the whole order."""
    (seen,) = state
    return g, ((seen * 3.0 + g) % 16381.0,)


def visits(n: int) -> Training:
    """A loop whose gradient is the row's number; with batches of one row, it tells which row each step visits."""
    rows = {"x": np.arange(n, dtype=float)}
    start = Optimizer("recorder", lambda w: (np.zeros(()),), recorder, lambda t: 1.0)
    return training(lambda x, w: x * w, rows, {"w": np.zeros(())}, start)


def visited(run: Training, steps: range, seed: int) -> list[int]:
    return [int(run.run(step, step + 1, 1, seed).params[0]) for step in steps]


def fingerprint(rows: np.ndarray) -> float:
    seen = 0.0
    for row in rows.tolist():
        seen = (seen * 3.0 + row) % 16381.0
    return seen


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 16, 100, BLOCK, FEW_ROWS, FEW_ROWS + 1, 600])
@pytest.mark.parametrize(("seed", "epoch"), [(0, 0), (12345, 3), (-7, 1), (2**63 - 1, 40)])
def test_every_position_of_an_epoch(n: int, seed: int, epoch: int) -> None:
    expected = rows_in_order(n, seed, epoch)
    assert_array_equal(visited(visits(n), range(epoch * n, (epoch + 1) * n), seed), expected)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 50, 511, 512, 513, 1000, 1023, 1024, 1025, 4097, 20_000, 65_537])
def test_whole_epochs_in_one_call(n: int) -> None:
    """The ring of blocks is filled anew while the rows are visited, and by each epoch."""
    after = visits(n).run(0, 3 * n, 1, seed=77)
    expected = np.concatenate([rows_in_order(n, 77, epoch) for epoch in range(3)])
    assert after.state[0] == fingerprint(expected)


@pytest.mark.parametrize("n", [700, 5000])
def test_beginning_anywhere_in_an_epoch(n: int) -> None:
    order = np.concatenate([rows_in_order(n, 5, epoch) for epoch in range(2)])
    for first in (1, 15, 16, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, n - 1, n, n + 300):
        last = min(2 * n, first + 400)
        assert visits(n).run(first, last, 1, seed=5).state[0] == fingerprint(order[first:last])


@pytest.mark.parametrize("batch_size", [3, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 7])
def test_batches_take_the_positions_in_turn(batch_size: int) -> None:
    n = 2000
    run = visits(n)
    order = rows_in_order(n, 8, 0)
    for step in range(-(-n // batch_size)):
        mean = order[step * batch_size : (step + 1) * batch_size].mean()
        assert run.run(step, step + 1, batch_size, seed=8).params[0] == pytest.approx(mean, rel=1e-12)
