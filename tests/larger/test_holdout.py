"""Rows held out of a table on disk are those that are held out in memory, and judge the fit in the same way."""

import numpy as np
import pyarrow
import pytest

import gradloop as gl
from gradloop.data.sources import open_source
from gradloop.errors import DataError, OptionError
from gradloop.larger.holdout import split_source
from streamed import ROWS, columns, write

PRICE = {"target": "price", "leave_out": ["sold", "weight"]}
FITS = {
    "least squares": PRICE,
    "two classes": {"target": "sold", "leave_out": ["price", "weight"], "model": "logistic"},
    "weights": {"target": "sold", "leave_out": ["price"], "model": "logistic", "weights": "weight"},
    "three classes": {"target": "town", "leave_out": ["price", "weight"], "model": "softmax"},
}


@pytest.mark.parametrize("name", FITS)
def test_as_in_memory(tmp_path, name):
    path = write(tmp_path)
    whole, parts = (gl.fit(path, **FITS[name], holdout=0.3, seed=5, **more) for more in ({}, {"memory": "17MB"}))
    assert "from a file" in parts.notes[-1] and parts.rows == whole.rows == ROWS * 7 // 10
    assert parts.holdout == pytest.approx(whole.holdout, rel=1e-8)
    for key, value in whole.params.items():
        np.testing.assert_allclose(parts.params[key], value, rtol=1e-9, atol=1e-9 * np.abs(value).max())
    other = gl.fit(path, **FITS[name], holdout=0.3, seed=6, memory="17MB")
    assert other.holdout != parts.holdout


@pytest.mark.parametrize("rule", ["drop", "mean"])
def test_rows_that_do_not_count_are_not_held_out(tmp_path, rule):
    random = np.random.default_rng(5)
    holes = {name: np.where(random.random(ROWS) < 0.1, np.nan, columns()[name]) for name in ("area", "price")}
    path = write(tmp_path, **holes, weight=(random.random(ROWS) < 0.5).astype(float), number=np.arange(ROWS))
    given = {"target": "price", "leave_out": ["sold"], "weights": "weight", "missing": rule, "holdout": 0.2}
    whole, parts = (gl.fit(path, **given, **more) for more in ({}, {"memory": "17MB"}))
    assert parts.rows == whole.rows and set(whole.notes) <= set(parts.notes)
    assert any("'number' only counts" in note for note in parts.notes)
    assert parts.holdout == pytest.approx(whole.holdout, rel=1e-9)


@pytest.mark.parametrize("weights", [None, "weight"])
def test_a_fit_ends_early_by_the_rows_held_out(tmp_path, weights):
    path = write(tmp_path)
    given = FITS["two classes" if weights is None else "weights"]
    solver = gl.Minibatch(gl.adam(0.01), batch_size=100, epochs=6, shuffle=False)
    seen = [], []
    fits = [
        gl.fit(path, **given, solver=solver, holdout=0.2, callbacks=[lambda p, to=to: to.append(p.holdout)], **more)
        for to, more in zip(seen, ({}, {"memory": "17MB"}), strict=True)
    ]
    np.testing.assert_allclose(seen[1], seen[0], rtol=1e-9)
    assert len(seen[0]) == 6 and fits[1].holdout == pytest.approx(fits[0].holdout, rel=1e-6)
    early = gl.fit(path, **given, solver=solver, holdout=0.2, callbacks=[gl.callbacks.EarlyStopping()], memory="17MB")
    assert early.holdout is not None


def test_a_pipe_and_a_cache(tmp_path):
    path, table = write(tmp_path), pyarrow.table(columns(9000))
    once = gl.fit(table.to_reader(max_chunksize=1000), **PRICE, holdout=0.2, memory="17MB")
    assert once.holdout == pytest.approx(gl.fit(table, **PRICE, holdout=0.2).holdout, rel=1e-9)
    first = gl.fit(path, **PRICE, holdout=0.2, cache=tmp_path / "kept")
    assert len([*(tmp_path / "kept").iterdir()]) == 2
    written = {file: file.stat().st_mtime_ns for file in (tmp_path / "kept").iterdir()}
    again = gl.fit(path, **PRICE, holdout=0.2, cache=tmp_path / "kept")
    assert again.holdout == first.holdout and {file: file.stat().st_mtime_ns for file in written} == written
    gl.fit(path, **PRICE, holdout=0.2, seed=3, cache=tmp_path / "kept")
    assert len([*(tmp_path / "kept").iterdir()]) == 4


def test_shares_that_leave_nothing(tmp_path):
    source = open_source(write(tmp_path, rows=100))
    with pytest.raises(OptionError, match="leaves none to train on"):
        split_source(source, ["area", "price"], ["area"], "price", False, 0.999, 0)
    source = open_source(write(tmp_path, rows=100, price=np.full(100, np.nan)))
    with pytest.raises(DataError, match="has no value in any of 100 rows"):
        split_source(source, ["area", "price"], ["area"], "price", False, 0.5, 0)
