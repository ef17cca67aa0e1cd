"""Predictions and measures on a cluster: those of one machine, in files that are all there or none."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import gradloop as gl
from clusters import cluster_of, columns, ohm, write_files
from gradloop.data.sources import open_source, read_table
from gradloop.errors import DataError, OptionError

ASKED: dict[str, Any] = {"target": "y", "leave_out": ["yes"], "missing": "mean"}
YES: dict[str, Any] = {"target": "yes", "leave_out": ["y", "holed"], "model": "logistic"}


def read(paths: Any) -> Any:
    found = [read_table(open_source(path)) for path in paths]
    return {name: np.concatenate([table.column(name) for table in found]) for name in found[0].names}


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_every_part_is_a_file_with_the_predictions_of_one_machine(form: str, tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    folder = write_files(tmp_path / "rows", files=5)
    fit = gl.fit(folder, **ASKED)
    paths = gl.predict(fit, folder, cluster=cluster_of(2), output=tmp_path / "out", form=form, keep=["a"], level=0.9)
    assert [path.name for path in paths] == [f"part-{i:05}.{form}" for i in range(5)]
    assert sorted(tmp_path.iterdir()) == [tmp_path / "out", tmp_path / "rows"]
    found = read(paths)
    np.testing.assert_array_equal(found["a"], columns()["a"])
    np.testing.assert_array_equal(found["prediction"], fit.predict(folder))
    np.testing.assert_allclose(found["upper"], fit.predict_interval(folder, 0.9)["upper"], rtol=1e-12)


@pytest.mark.parametrize("asked", [ASKED, YES, ASKED | {"missing": "drop"}])
def test_measures_are_those_of_one_machine(asked: Any, tmp_path: Path) -> None:
    folder = write_files(tmp_path, files=5)
    fit = gl.fit(folder, **asked)
    one, two = (gl.evaluate(fit, folder, cluster=cluster_of(many)) for many in (1, 2))
    assert one == two
    here = fit.evaluate(folder)
    assert one.keys() == here.keys()
    np.testing.assert_allclose(list(one.values()), list(here.values()), rtol=1e-12)


def test_a_bad_row_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    folder = write_files(tmp_path / "rows", files=3)
    fit = gl.fit(folder, target="y", leave_out=["yes"], missing="drop")
    with pytest.raises(DataError, match="holed"):
        gl.predict(fit, folder, cluster=cluster_of(1), output=tmp_path / "out")
    assert list(tmp_path.iterdir()) == [tmp_path / "rows"]


def test_the_function_of_a_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rows").mkdir()
    folder, client = write_files(tmp_path / "rows", files=2), cluster_of(1)
    module = ModuleType("module_of_this_process")
    exec("def law(a, c, k, m): return k * a + m * c", vars(module))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    law: Any = vars(module)["law"]
    fit = gl.fit(folder, target="y", model=law, start={"k": 1.0, "m": 0.0}, cluster=client)  # only its graph travels
    with pytest.raises(gl.ModelFileError, match="module_of_this_process:law cannot be imported"):
        gl.evaluate(fit, folder, cluster=client)
    there = gl.evaluate(fit, folder, cluster=client, cloudpickle=True)
    assert there["RMSE"] == pytest.approx(fit.evaluate(folder)["RMSE"], rel=1e-12)
    known = gl.fit(folder, target="y", model=ohm, start={"resistance": 1.0})
    assert gl.evaluate(known, folder, cluster=client)["MAE"] == pytest.approx(known.evaluate(folder)["MAE"], rel=1e-12)


def test_what_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradloop.cluster.connection.CONNECT", 0.5)
    folder = write_files(tmp_path, files=1)
    fit = gl.fit(folder, **ASKED)
    place = {"cluster": "tcp://127.0.0.1:1", "output": tmp_path / "new"}
    with pytest.raises(OptionError, match="is there already"):
        gl.predict(fit, folder, **place | {"output": tmp_path})
    with pytest.raises(OptionError, match='choose "parquet" or "csv"'):
        gl.predict(fit, folder, form="xls", **place)
    with pytest.raises(OptionError, match="cluster is missing"):
        gl.predict(fit, folder, output=tmp_path / "new")
    with pytest.raises(OptionError, match="No cluster answers"):
        gl.predict(fit, folder, **place)
    with pytest.raises(OptionError, match="evaluate in Python"):
        gl.evaluate(gl.fit(np.eye(3), np.ones(3)), folder, cluster="local:1")
