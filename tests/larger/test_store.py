"""A store: rows go in and come out, whatever their number; damage is found."""

import numpy as np
import pytest

from gradloop.larger import store as module
from gradloop.larger.store import Store, in_chunks, open_store, read_layout, rows_in_chunk
from streamed import filled


def pieces(rows, width=3, dtype=np.float64, weighted=False):
    random = np.random.default_rng(0)
    for size in rows:
        X = random.normal(size=(size, width)).astype(dtype)
        y = random.integers(0, 5, size)
        yield (X, y, X[:, 0].copy()) if weighted else (X, y)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(module, "NUMBERS_IN_CHUNK", 96)
    monkeypatch.setattr(module, "BLOCK", 16)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rows", [[1], [32], [31, 1, 64], [100, 3], [5] * 20])
def test_rows_come_back(tmp_path, rows, weighted, dtype):
    given = list(pieces(rows, dtype=dtype, weighted=weighted))
    store = open_store(filled(tmp_path / "s", given), "k")
    assert store is not None and store.layout.rows == sum(rows) and store.layout.rows_in_chunk == 32
    expected = [np.concatenate(parts) for parts in zip(*given, strict=True)]
    found = [np.concatenate(parts) for parts in zip(*map(store.chunk, range(store.layout.chunks)), strict=True)]
    for one, other in zip(expected, found, strict=True):
        assert one.dtype == other.dtype and np.array_equal(one, other)
    for first, last in ((0, sum(rows)), (sum(rows) // 3, sum(rows) // 2 + 1)):
        parts = [part for _, part in store.slices(first, last)]
        assert np.array_equal(np.concatenate([part[0] for part in parts]), expected[0][first:last])


def test_every_flipped_byte_of_rows_and_document_is_found(tmp_path):
    path = filled(tmp_path / "s", pieces([40]))
    content = path.read_bytes()
    layout = open_store(path, "k").layout
    used = [
        i for c in range(2) for i in range(c * layout.stride, c * layout.stride + 8 * 4 * len(layout.rows_of(c)), 37)
    ]
    ends = range(layout.stride * 2, len(content), 11)
    for place in [*used, *ends]:
        path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        assert open_store(path, "k") is None


@pytest.mark.parametrize("length", [0, 5, 100, -1, -30])
def test_a_cut_file_is_no_store(tmp_path, length):
    path = filled(tmp_path / "s", pieces([40]))
    path.write_bytes(path.read_bytes()[:length])
    assert open_store(path, "k") is None


def test_another_key_or_no_file_is_no_store(tmp_path):
    assert open_store(filled(tmp_path / "s", pieces([4])), "other") is None
    assert open_store(tmp_path / "none", "k") is None


def test_chunks_are_of_whole_blocks_unless_rows_are_wide():
    assert rows_in_chunk(1) == 96 and rows_in_chunk(4) == 16 and rows_in_chunk(90) == 16
    assert rows_in_chunk(97) == 1 and rows_in_chunk(10**6) == 1
    assert [len(chunk[0]) for chunk in in_chunks(pieces([10, 50, 10]))] == [32, 32, 6]


def test_a_store_that_is_read_where_it_is_written(tmp_path):
    path = filled(tmp_path / "s", pieces([7]), checked=False)
    with open(path, "rb") as file:
        store = Store(file, read_layout(file))
        assert store.chunk(0)[0].shape == (7, 3)
