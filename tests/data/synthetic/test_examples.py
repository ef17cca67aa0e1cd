"""Rows are functions of the seed and their number: whatever is asked for, in whatever pieces."""

import tracemalloc
from itertools import islice

import numpy as np
import pytest

from gradloop.data.synthetic import KINDS, Synthetic, files, line
from gradloop.data.synthetic.examples import MOST_ROWS
from gradloop.errors import OptionError

MANY = MOST_ROWS + 10


def same(some, others):
    assert list(some) == list(others)
    for name in some:
        np.testing.assert_array_equal(some[name], others[name])
        assert some[name].dtype == others[name].dtype


def first(columns, rows):
    return {name: column[:rows] for name, column in columns.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_rows_do_not_depend_on_how_many_there_are(kind):
    most = KINDS[kind](rows=MANY, outliers=0.1, seed=3)
    for rows in (1, 7, MOST_ROWS, MOST_ROWS + 1):
        fewer = KINDS[kind](rows=rows, outliers=0.1, seed=3)
        same(fewer.columns, first(most.columns, rows))
        np.testing.assert_array_equal(fewer.outlier_rows, most.outlier_rows[most.outlier_rows < rows])
    same(next(KINDS[kind](rows=10**15, outliers=0.1, seed=3).chunks()), first(most.columns, MOST_ROWS))


@pytest.mark.parametrize("kind", KINDS)
def test_chunks_are_the_whole(kind):
    data = KINDS[kind](rows=2 * MOST_ROWS + 5, outliers=0.1)
    chunks = list(data.chunks())
    assert [len(chunk[data.target]) for chunk in chunks] == [MOST_ROWS, MOST_ROWS, 5]
    same(data.columns, {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]})
    assert list(data.columns) == [*data.features, data.target]
    assert data.X.shape == (data.rows, len(data.features)) and data.y is data.columns[data.target]
    np.testing.assert_array_equal(data.X[:, -1], data.columns[data.features[-1]])


@pytest.mark.parametrize("kind", KINDS)
def test_seeds_and_chunks_differ(kind):
    data = KINDS[kind](rows=2 * MOST_ROWS, seed=1)
    assert not np.isin(data.X[MOST_ROWS:, 0], data.X[:MOST_ROWS, 0]).any()
    assert not np.isin(KINDS[kind](rows=100, seed=2).X[:, 0], data.X[:, 0]).any()
    same(KINDS[kind](rows=2 * MOST_ROWS, seed=1).columns, data.columns)


@pytest.mark.parametrize("kind", KINDS)
def test_outliers_are_the_rows_that_are_told_and_the_others_stay(kind):
    rows = 3 * MOST_ROWS
    clean, spoiled = KINDS[kind](rows=rows, seed=5), KINDS[kind](rows=rows, seed=5, outliers=0.03)
    np.testing.assert_array_equal(clean.X, spoiled.X)
    np.testing.assert_array_equal(np.flatnonzero(clean.y != spoiled.y), spoiled.outlier_rows)
    assert abs(len(spoiled.outlier_rows) - 0.03 * rows) < 5 * np.sqrt(0.03 * 0.97 * rows)
    assert not len(clean.outlier_rows) and spoiled.outlier_rows.dtype == np.int64


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "classes"])
def test_noise_leaves_the_inputs_as_they_were(kind):
    np.testing.assert_array_equal(KINDS[kind](noise=0.1).X, KINDS[kind](noise=0.0).X)
    assert (KINDS[kind](noise=0.1).y != KINDS[kind](noise=0.0).y).all()


def test_many_features_have_shorter_chunks_and_the_same_rules():
    w = np.ones(300)
    data = line(rows=20_000, w=w)
    sizes = [len(chunk["y"]) for chunk in data.chunks()]
    assert len(sizes) == 2 and sizes[0] * 300 <= 1 << 22
    same(line(rows=14_000, w=w).columns, first(data.columns, 14_000))


STREAMS = [Synthetic.chunks, Synthetic.outlier_chunks, files.csv_bytes, files.parquet_bytes, files.truth_bytes]


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.__name__)
def test_memory_does_not_grow_with_the_rows(stream):
    import pyarrow

    list(stream(line(rows=1)))  # what is loaded once

    def most(rows):
        """NumPy's peak, and what Arrow holds between two pieces."""
        tracemalloc.start()
        arrow = max(pyarrow.total_allocated_bytes() for _ in stream(line(rows=rows, outliers=0.01)))
        numpy = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return numpy + arrow

    assert most(1_000_000) < 1.1 * most(2 * MOST_ROWS) < 32 * 2**20


def test_nothing_is_drawn_before_it_is_asked_for():
    data = line(rows=10**18, outliers=0.1)
    assert data.rows == 10**18 and len(list(islice(data.chunks(), 2))) == 2


def test_the_summary_tells_the_truth():
    data = KINDS["ohm"](rows=1, resistance=47, offset=-0.5, noise=0.25, seed=9)
    assert data.summary().splitlines() == [
        "ohm: voltage = resistance · current + offset",
        "1 row of current (A) and voltage (V), the target; seed 9",
        "resistance = 47.0 Ω",
        "offset = -0.5 V",
        "noise = 0.25 V",
    ]
    data = line(rows=500, outliers=0.2)
    assert f"\noutliers = {len(data.outlier_rows)} rows, drawn with probability 0.2" in data.summary()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rows": 0}, "rows is 0, but it must be a whole number from 1"),
        ({"rows": 1e6}, "rows is 1000000.0"),
        ({"rows": True}, "rows is True"),
        ({"noise": -0.5}, "noise is -0.5"),
        ({"noise": float("inf")}, "noise is inf"),
        ({"noise": float("nan")}, "noise is nan"),
        ({"noise": "much"}, "noise is 'much'"),
        ({"noise": [1.0]}, r"noise is \[1.0\]"),
        ({"outliers": -0.1}, "outliers is -0.1"),
        ({"outliers": 0.5}, "outliers is 0.5, but it must be a share of the rows from 0 to below 0.5"),
        ({"outliers": float("nan")}, "outliers is nan"),
        ({"outliers": "few"}, "outliers is 'few'"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 2**63}, "seed is 9223372036854775808"),
        ({"seed": 0.5}, "seed is 0.5"),
    ],
)
def test_impossible_wishes(kind, options, said):
    with pytest.raises(OptionError, match=said):
        KINDS[kind](**options)
