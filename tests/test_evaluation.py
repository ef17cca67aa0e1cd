"""Measures on a table that streams are those on the same rows in memory."""

import numpy as np
import pyarrow
import pytest
from pyarrow import csv

import fits
import gradloop as gl
from gradloop.data.sources import open_source
from gradloop.data.standardise import Moments
from gradloop.errors import DataError
from gradloop.evaluation import Part, joined
from streamed import ROWS, columns, write

MODELS = {
    "quantities": {"target": "price", "leave_out": ["sold"]},
    "two classes": {"target": "sold", "leave_out": ["price"], "model": "logistic"},
    "scores": {"target": "sold", "leave_out": ["price"], "model": "logistic", "loss": "hinge", "solver": "minibatch"},
    "three classes": {"target": "town", "leave_out": ["price"], "model": "softmax"},
}


@pytest.mark.parametrize("name", MODELS)
def test_batches_are_measured_as_the_whole(tmp_path, name):
    few = {column: values[:2000] for column, values in columns().items()}
    fit, path = gl.fit(few, **MODELS[name]), write(tmp_path)
    whole = fit.evaluate(columns())
    csv.write_csv(pyarrow.table(columns()), tmp_path / "t.csv")
    for source in (path, tmp_path / "t.csv", pyarrow.table(columns())):
        assert fit.evaluate(source) == pytest.approx(whole, rel=1e-12)
    assert list(fit.evaluate(path)) == list(whole)


def test_no_more_than_a_batch_is_read_at_a_time(tmp_path):
    fit, source = gl.fit(columns(2000), **MODELS["quantities"]), open_source(write(tmp_path))
    source.read = None
    seen = []
    read = source.batches
    source.batches = lambda names=None: (seen.append(len(batch)) or batch for batch in read(names))
    assert fit.evaluation(source).rows == ROWS and len(seen) > 5


def test_rows_are_left_out_and_told_once_for_all_batches(tmp_path):
    holes = np.where(np.arange(ROWS) % 3 == 0, np.nan, columns()["price"])
    fit = gl.fit(columns(2000), **MODELS["quantities"])
    found = fit.evaluation(open_source(write(tmp_path, price=holes)))
    assert found.rows == ROWS * 2 // 3
    assert found.notes[0] == f"{ROWS // 3} of {ROWS} rows were left out because the target 'price' is missing."
    assert "does not use column 'sold'" in found.notes[1] and len(found.notes) == 2
    path = write(tmp_path, price=np.full(ROWS, np.nan))
    with pytest.raises(DataError, match=f"has no value in any of {ROWS} rows"):
        fit.evaluate(path)
    with pytest.raises(DataError, match="has no rows; give at least one"):
        fit.evaluate(pyarrow.table(columns()).slice(0, 0))


def test_columns_that_are_not_there_are_told_before_any_row_is_read():
    source = open_source({"area": [1.0], "town": ["Ulm"]})
    source.read = None
    with pytest.raises(DataError, match="has no target 'price'"):
        fits.houses().evaluation(source)
    with pytest.raises(DataError, match="lacks the column 'town'"):
        fits.houses().evaluate({"area": [1.0], "price": [2.0]})


@pytest.mark.parametrize("size", [1.0, 1e200, 1e-200])
def test_measures_of_parts_are_joined_by_algebra(size):
    y, y_hat = size * np.array([1.0, 2.0, 3.0, 7.0]), size * np.array([1.0, 4.0, 3.0, 6.0])
    loss = fits.houses().loss
    from gradloop.inference import measures

    cut = (slice(0, 1), slice(1, 4))
    parts = [Part(len(y[one]), measures(loss, y[one], y_hat[one]), Moments.of(y[one])) for one in cut]
    assert joined(parts) == pytest.approx(measures(loss, y, y_hat), rel=1e-14)
    same = [Part(1, {"R2": np.nan, "RMSE": 0.0, "MAE": 0.0}, Moments.of(np.array([3.0])))] * 2
    assert np.isnan(joined(same)["R2"]) and joined(same)["RMSE"] == 0
