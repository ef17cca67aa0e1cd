"""Rows on disk answer as an array does."""

import numpy as np
import pytest

from gradloop.larger import store as module
from gradloop.larger.rows import StoredRows
from gradloop.larger.store import open_store
from streamed import filled


@pytest.fixture
def arrays(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "NUMBERS_IN_CHUNK", 32)
    monkeypatch.setattr(module, "BLOCK", 16)
    random = np.random.default_rng(0)
    X, y = random.normal(size=(70, 2)), np.arange(70)
    store = open_store(filled(tmp_path / "s", [(X, y, y / 2)]), "k")
    return store, (X, y, y / 2)


@pytest.mark.parametrize("part", [0, 1, 2])
def test_slices_and_single_rows(arrays, part):
    store, given = arrays
    rows = StoredRows(store, part)
    assert len(rows) == 70 and rows.shape == given[part].shape and rows.dtype == given[part].dtype
    assert rows.ndim == given[part].ndim
    for chosen in (slice(0, 70), slice(3, 5), slice(10, 40), slice(60, 1000), slice(5, 5), slice(None, 7)):
        assert np.array_equal(rows[chosen], given[part][chosen])
    for picked in ([0, 1, 2], [0, 69], [15, 16, 17, 40], []):
        assert np.array_equal(rows[np.array(picked, int)], given[part][picked])
    assert np.array_equal(rows[17], given[part][17])


def test_other_units(arrays):
    store, (X, _, _) = arrays
    rows = StoredRows(store, 0, np.array([2.0, 3.0]), np.array([1.0, -1.0]))
    assert np.array_equal(rows[10:40], X[10:40] * [2, 3] + [1, -1])


def test_content_tells_of_the_key(arrays):
    store, _ = arrays
    assert StoredRows(store, 0).content == [70, "(2,) × float64 on disk", "#k"]
