import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import gradloop as gl
from gradloop.data.like import column_like, columns_like

X = np.random.default_rng(0).normal(size=(30, 2))
COLUMNS = {"a": X[:, 0], "b": X[:, 1], "y": X @ [1.0, 2.0] + 3}
KINDS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "arrow": pa.table}
INDEX = pd.Index([f"row {i}" for i in range(30)])


@pytest.mark.parametrize("given", [COLUMNS, X, [[1.0, 2.0]], "file.csv", None])
def test_what_is_no_frame_gets_an_array(given):
    values = np.arange(2.0)
    assert column_like(given, values, "prediction") is values
    assert columns_like(given, X, "ab") is X


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_come_back_in_the_kind_of_the_frame(kind):
    fit = gl.fit(COLUMNS, target="y")
    found = fit.predict(KINDS[kind](COLUMNS))
    assert type(found) is {"pandas": pd.Series, "polars": pl.Series, "arrow": pa.DoubleArray}[kind]
    np.testing.assert_allclose(np.asarray(found), COLUMNS["y"])
    assert getattr(found, "name", "prediction") == "prediction"


def test_the_index_of_pandas_is_kept():
    fit = gl.fit(COLUMNS, target="y")
    frame = pd.DataFrame(COLUMNS, index=INDEX).iloc[::-2]
    found = fit.predict(frame)
    assert found.index.equals(frame.index)
    assert frame.assign(error=found - frame["y"])["error"].abs().max() < 1e-9


@pytest.mark.parametrize("kind", KINDS)
def test_labels_and_probabilities(kind):
    table = {"a": X[:, 0], "b": X[:, 1], "kind": np.where(X[:, 0] + np.sin(np.arange(30)) > 0, "up", "down")}
    fit = gl.fit(table, target="kind", model="logistic")
    frame = KINDS[kind](table)
    labels, shares = fit.predict(frame), fit.predict_probability(frame)
    assert np.asarray(labels).tolist() == fit.predict(table).tolist()
    assert type(shares) is type(frame)
    names = shares.column_names if kind == "arrow" else list(shares.columns)
    assert names == ["down", "up"]
    np.testing.assert_allclose(np.column_stack([shares["down"], shares["up"]]), fit.predict_probability(table))


def test_arrow_batches():
    batch = pa.RecordBatch.from_pydict(COLUMNS)
    assert isinstance(gl.fit(COLUMNS, target="y").predict(batch), pa.DoubleArray)


def test_frames_for_a_fit_to_arrays():
    fit = gl.fit(X, COLUMNS["y"])
    found = fit.predict(pd.DataFrame(X, index=INDEX))
    assert isinstance(found, pd.Series) and found.index.equals(INDEX)
    probability = gl.fit(X, (X[:, 0] + np.sin(np.arange(30)) > 0).astype(int), model="logistic").predict_probability(
        pd.DataFrame(X, index=INDEX)
    )
    assert list(probability.columns) == [0, 1] and probability.index.equals(INDEX)
