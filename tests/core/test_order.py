"""The order of rows: each row once, all orders alike, and a pure function of (seed, epoch, position)."""

from collections import Counter
from itertools import permutations
from math import factorial

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gradloop.core.order import FEW_ROWS, halves, round_keys, row_at, rows_in_order, split_mix

SIZES = [*range(1, 70), 127, 128, 129, 255, 256, 257, FEW_ROWS - 1, FEW_ROWS, FEW_ROWS + 1, 600, 1000, 1023, 1024, 1025,
         4095, 4096, 4097, 10_000, 65_535, 65_536, 65_537]  # fmt: skip


@pytest.mark.parametrize("seed", [0, 1, -1, 2**63, 12345678901234567890])
def test_every_row_is_visited_once(seed: int) -> None:
    for rows in SIZES:
        assert_array_equal(np.sort(rows_in_order(rows, seed, epoch=seed % 7)), np.arange(rows))


def test_a_position_can_be_asked_alone() -> None:
    for rows in (1, 5, 600, 70_001):
        whole = rows_in_order(rows, 3, 8)
        asked = np.random.default_rng(0).integers(0, rows, 20)
        assert_array_equal(row_at(asked, rows, 3, 8), whole[asked])
        assert row_at(asked[:1], rows, 3, 8)[0] == whole[asked[0]]


def test_a_billion_rows_need_no_array() -> None:
    rows = 10**12 + 39
    found = row_at(np.arange(rows - 1000, rows), rows, seed=1, epoch=0)
    assert len(set(found.tolist())) == 1000
    assert 0 <= found.min() < rows // 100
    assert rows > found.max() > rows - rows // 100


def test_other_seeds_and_epochs_give_other_orders() -> None:
    orders = {tuple(rows_in_order(50, seed, epoch).tolist()) for seed in range(10) for epoch in range(10)}
    assert len(orders) == 100
    assert len({tuple(round_keys(seed, epoch)) for seed in range(100) for epoch in range(100)}) == 10_000


def test_seeds_beyond_64_bits_wrap_round() -> None:
    assert_array_equal(rows_in_order(40, 2**64 + 5, 1), rows_in_order(40, 5, 1))


def test_split_mix_gives_its_published_numbers() -> None:
    """The first outputs of SplitMix64 from state 1234567, as its author's code gives them."""
    state, found = 1234567, []
    for _ in range(3):
        found.append(split_mix(state))
        state = (state + 0x9E3779B97F4A7C15) & (2**64 - 1)
    assert found == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@pytest.mark.parametrize("rows", range(1, 3000, 7))
def test_halves_cover_the_positions_and_little_more(rows: int) -> None:
    left, bits = halves(rows)
    assert rows <= left << bits < rows + (1 << bits)


# ---- statistics, with fixed seeds: a fair shuffle passes each with about this margin ----


def chi_square(counts: np.ndarray) -> float:
    """In standard deviations from what chance gives."""
    expected = counts.sum() / counts.size
    freedom = counts.size - 1
    return float((((counts - expected) ** 2 / expected).sum() - freedom) / np.sqrt(2 * freedom))


@pytest.mark.parametrize("rows", [2, 3, 4, 5])
def test_all_orders_of_few_rows_are_alike(rows: int) -> None:
    draws = 25 * factorial(rows)
    found = Counter(tuple(rows_in_order(rows, 11, epoch).tolist()) for epoch in range(draws))
    counts = np.array([found[order] for order in permutations(range(rows))])
    assert abs(chi_square(counts)) < 4


@pytest.mark.parametrize("rows", [8, 20, FEW_ROWS // 8, 100])
def test_every_row_is_as_likely_at_every_position(rows: int) -> None:
    counts = np.zeros((rows, rows))
    for epoch in range(20 * rows):
        counts[np.arange(rows), rows_in_order(rows, 5, epoch)] += 1
    assert abs(chi_square(counts)) < 4.5


@pytest.mark.parametrize("rows", [20, 100, FEW_ROWS, FEW_ROWS + 1, 600, 5000])
def test_neighbours_are_not_related(rows: int) -> None:
    """The step from one visited row to the next is as likely any other."""
    draws = max(4, 40_000 // rows)
    steps = np.concatenate([np.diff(rows_in_order(rows, 17, epoch)) % rows for epoch in range(draws)])
    counts = np.bincount(steps, minlength=rows)[1:]
    assert abs(chi_square(counts)) < 5


@pytest.mark.parametrize("rows", [100, FEW_ROWS, 600, 5000])
def test_orders_of_two_epochs_are_not_related(rows: int) -> None:
    correlations = [
        np.corrcoef(rows_in_order(rows, 23, epoch), rows_in_order(rows, 23, epoch + 1))[0, 1] for epoch in range(50)
    ]
    assert abs(np.mean(correlations)) * np.sqrt(50 * rows) < 4
    assert 0.5 < np.std(correlations) * np.sqrt(rows) < 1.5
