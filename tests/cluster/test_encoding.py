"""Where rows may be: folders of CSV, addresses of fsspec, Dask data frames and arrays; and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradloop as gl
from clusters import cluster_of, columns, write_files
from gradloop.cluster.encoding import Split, some_tables
from gradloop.data.missing import Rules
from gradloop.data.sources import open_source
from gradloop.data.split import holdout_limit, holdout_split
from gradloop.errors import DataError, OptionError
from gradloop.larger.encoding import task_of

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


HELD: dict[str, Any] = {
    "line": {"target": "y", "leave_out": ["yes"], "missing": "mean", "units": {"a": "m", "y": "s"}},
    "classes": {"target": "yes", "leave_out": ["y"], "missing": "drop", "model": "logistic", "weights": "c"},
    "drop": {"target": "y", "leave_out": ["yes"], "missing": "drop", "weights": "c", "penalty": gl.l2(0.1)},
}


@pytest.mark.parametrize("kind", HELD)
def test_the_same_rows_are_held_out_as_on_one_machine(kind: str, tmp_path: Path) -> None:
    folder, asked = write_files(tmp_path, files=5), HELD[kind] | {"holdout": 0.3, "seed": 4}
    here = gl.fit(folder, **asked)
    one, two = (gl.fit(folder, cluster=cluster_of(many), **asked) for many in (1, 2))
    assert one.rows == here.rows and one.units == here.units
    assert one.params["w"].tobytes() == two.params["w"].tobytes() and one.holdout == two.holdout
    np.testing.assert_allclose(one.params["w"], here.params["w"], rtol=1e-10)
    assert here.holdout is not None and one.holdout is not None and one.holdout.keys() == here.holdout.keys()
    np.testing.assert_allclose(list(one.holdout.values()), list(here.holdout.values()), rtol=1e-10)
    assert [note for note in one.notes if "left out" in note] == [note for note in here.notes if "left out" in note]


def test_rows_are_held_out_by_their_number_also_in_a_part_of_many_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow
    from pyarrow import parquet

    path = str(tmp_path / "rows.parquet")
    y = [None if row % 7 == 0 else float(row) for row in range(700)]
    parquet.write_table(pyarrow.table({"x": np.arange(700.0), "y": y}), path, row_group_size=90)
    monkeypatch.setattr("gradloop.data.sources.tables.ROWS", 90)
    source = open_source(path)
    assert source is not None
    task = task_of(source, None, "y", (), "linear", None, None, None, Rules())
    usable = np.array([row for row in range(700) if row % 7])
    split = Split(50, 3, holdout_limit(50 + len(usable), 0.3, 3))
    train, held = (
        np.concatenate([table.column("x") for table in some_tables(path, task, split, held)]) for held in (False, True)
    )
    wanted = [rows[rows >= 50] - 50 for rows in holdout_split(50 + len(usable), 0.3, 3)]
    np.testing.assert_array_equal(train, usable[wanted[0]])
    np.testing.assert_array_equal(held, usable[wanted[1]])


def test_early_stopping_looks_at_the_rows_held_out(tmp_path: Path) -> None:
    stopping = gl.callbacks.EarlyStopping(patience=2)
    fit = gl.fit(
        write_files(tmp_path, files=3), cluster=cluster_of(2), holdout=0.3, callbacks=[stopping],
        solver=gl.Minibatch(gl.sgd(0.2), epochs=30), target="yes", leave_out=["y", "holed"], model="logistic",
    )  # fmt: skip
    assert stopping.best is not None and fit.holdout is not None
    assert fit.holdout["log_loss"] == pytest.approx(stopping.best_loss, rel=1e-9)


def test_what_is_refused(tmp_path: Path) -> None:
    client = cluster_of(1)
    arrays = pytest.importorskip("dask.array")
    with pytest.raises(OptionError, match="Rows of a Dask array cannot be held out"):
        gl.fit(arrays.ones((9, 2)), arrays.ones(9), holdout=0.2, cluster=client)
    with pytest.raises(OptionError, match="There is no 'd' to have a unit"):
        gl.fit(write_files(tmp_path), cluster=client, units={"d": "m"}, **ASKED)
    with pytest.raises(OptionError, match="where all workers can read them"):
        gl.fit(columns(), cluster=client, **ASKED)
    with pytest.raises(DataError, match="no files"):
        gl.fit(f"file://{tmp_path}/nothing/*.csv", cluster=client, **ASKED)
    with pytest.raises(DataError, match="has no value in"):
        gl.fit(str(tmp_path), target="y", leave_out=["yes"], cluster=client)
