"""The held-out rows: a partition, a pure function of the seed, and every row equally likely."""

import subprocess
import sys

import numpy as np
import pytest

from gradloop.data import split
from gradloop.data.split import held_among, holdout_limit, holdout_split
from gradloop.errors import OptionError


@pytest.mark.parametrize(("rows", "share", "held"), [(10, 0.2, 2), (442, 0.2, 88), (2, 0.5, 1), (1000, 0.999, 999)])
def test_a_partition_of_the_stated_size(rows, share, held):
    training, out = holdout_split(rows, share, seed=3)
    assert len(out) == held
    assert sorted([*training, *out]) == list(range(rows))
    assert (np.diff(training) > 0).all() and (np.diff(out) > 0).all()


def test_the_same_seed_gives_the_same_rows_in_any_process():
    code = "from gradloop.data.split import holdout_split as h; print(h(50, 0.2, 7)[1].tolist())"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert told.strip() == str(holdout_split(50, 0.2, 7)[1].tolist())
    assert told.strip() != str(holdout_split(50, 0.2, 8)[1].tolist())


@pytest.mark.parametrize(("rows", "share"), [(2, 0.5), (7, 0.9), (1000, 0.001), (5000, 0.2), (5000, 0.9998)])
def test_rows_that_are_not_in_one_place_are_split_alike(rows, share, monkeypatch):
    monkeypatch.setattr(split, "DRAWN_TOGETHER", 300)
    limit = holdout_limit(rows, share, seed=5)
    parts = [held_among(first, min(77, rows - first), 5, limit) for first in range(0, rows, 77)]
    assert np.flatnonzero(np.concatenate(parts)).tolist() == holdout_split(rows, share, 5)[1].tolist()


def test_every_row_is_held_out_equally_often():
    times = np.zeros(20)
    for seed in range(2000):
        times[holdout_split(20, 0.25, seed)[1]] += 1
    assert abs(times / 2000 - 0.25).max() < 5 * np.sqrt(0.25 * 0.75 / 2000)


@pytest.mark.parametrize(
    ("rows", "share", "seed", "said"),
    [
        (10, 0, 0, "A share of 0 of the rows cannot be held out; give a number between 0 and 1"),
        (10, 1.0, 0, "cannot be held out"),
        (10, -0.1, 0, "cannot be held out"),
        (10, float("nan"), 0, "cannot be held out"),
        (10, 0.01, 0, "leaves none to hold out"),
        (1, 0.9, 0, "of 1 row leaves none to train on"),
        (10, 0.5, -1, "The seed -1 is negative"),
    ],
)
def test_what_cannot_be_split(rows, share, seed, said):
    with pytest.raises(OptionError, match=said):
        holdout_split(rows, share, seed)
