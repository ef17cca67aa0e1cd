"""Where rows may be: folders of CSV, addresses of fsspec, Dask data frames and arrays; and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradloop as gl
from clusters import cluster_of, columns, write_files
from gradloop.errors import DataError, OptionError

ASKED: dict[str, Any] = {"target": "y", "leave_out": ["yes", "holed"]}


def test_a_folder_of_csv_and_an_address(tmp_path: Path) -> None:
    folder = write_files(tmp_path, "csv", 3)
    here, there = gl.fit(folder, **ASKED), gl.fit(folder, cluster=cluster_of(2), **ASKED)
    np.testing.assert_allclose(there.params["w"], here.params["w"], rtol=1e-12)
    address = gl.fit(f"file://{folder}", cluster=cluster_of(2), **ASKED)
    assert address.params["w"].tobytes() == there.params["w"].tobytes()


def test_a_data_frame_of_dask() -> None:
    frames, pandas = pytest.importorskip("dask.dataframe"), pytest.importorskip("pandas")
    frame = pandas.DataFrame(columns())
    here = gl.fit(frame, **ASKED)
    there = gl.fit(frames.from_pandas(frame, npartitions=3), cluster=cluster_of(2), **ASKED)
    np.testing.assert_allclose(there.params["w"], here.params["w"], rtol=1e-12)


@pytest.mark.parametrize("model, target", [("linear", "y"), ("logistic", "yes")])
def test_arrays_of_dask(model: str, target: str) -> None:
    arrays, whole = pytest.importorskip("dask.array"), columns()
    X, y = np.column_stack([whole["a"], whole["b"]]), whole[target]
    order = np.argsort(y, kind="stable")  # so that some blocks hold one class only
    X, y = X[order], y[order]
    here = gl.fit(X, y, model=model)
    lazy = arrays.from_array(X, chunks=(700, 1)), arrays.from_array(y, chunks=1000)
    there = gl.fit(*lazy, model=model, cluster=cluster_of(2))
    np.testing.assert_allclose(there.params["w"], here.params["w"], rtol=1e-12)


def test_what_is_refused(tmp_path: Path) -> None:
    client = cluster_of(1)
    with pytest.raises(OptionError, match="no rows can be held out"):
        gl.fit(write_files(tmp_path), holdout=0.2, cluster=client, **ASKED)
    with pytest.raises(OptionError, match="where all workers can read them"):
        gl.fit(columns(), cluster=client, **ASKED)
    with pytest.raises(DataError, match="no files"):
        gl.fit(f"file://{tmp_path}/nothing/*.csv", cluster=client, **ASKED)
    with pytest.raises(DataError, match="has no value in"):
        gl.fit(str(tmp_path), target="y", leave_out=["yes"], cluster=client)
