"""Fits on a cluster: the same bits whatever the number of workers, and the one machine's answer."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradloop as gl
from clusters import cluster_of, write_files

KINDS: dict[str, dict[str, Any]] = {
    "closed form": {"target": "y", "leave_out": ["yes", "holed"]},
    "missing": {"target": "y", "leave_out": ["yes"], "missing": "indicator"},
    "robust": {"target": "y", "leave_out": ["yes"], "missing": "drop", "errors": "HC3"},
    "newton": {"target": "yes", "leave_out": ["y", "holed"], "model": "logistic", "solver": "newton"},
    "weights": {"target": "yes", "leave_out": ["y", "holed"], "model": "logistic", "weights": "c"},
    "lbfgs": {"target": "yes", "leave_out": ["y", "holed"], "model": "logistic", "solver": "lbfgs"},
    "descent": {"target": "y", "leave_out": ["yes", "holed"], "solver": "gradient_descent"},
    "elastic net": {"target": "y", "leave_out": ["yes", "holed"], "penalty": gl.elastic_net(0.1, 0.1)},
    "penalty": {"target": "y", "leave_out": ["yes", "holed"], "penalty": gl.l2(0.1), "solver": "newton"},
}
GRID = gl.Exhaustive({"w": [[0.0, 1.0], [1.9, 2.0], [-0.3]], "b": np.linspace(-1, 1, 300)}, refine=1)
KINDS["exhaustive"] = {"target": "y", "leave_out": ["yes", "holed", "kind"], "solver": GRID}


@pytest.mark.fault(40)
@pytest.mark.parametrize("kind", KINDS)
def test_any_number_of_workers_gives_the_same_bits_and_one_machine_the_same_answer(kind: str, tmp_path: Path) -> None:
    folder, asked = write_files(tmp_path), KINDS[kind]
    here = gl.fit(folder, **asked)
    one, two, four = (gl.fit(folder, cluster=cluster_of(many), **asked) for many in (1, 2, 4))
    for name, found in here.params.items():
        assert one.params[name].tobytes() == two.params[name].tobytes() == four.params[name].tobytes()
        np.testing.assert_allclose(two.params[name], found, rtol=1e-12)
    assert (two.statistics is None) == (here.statistics is None)
    if two.statistics is not None:
        np.testing.assert_allclose(two.statistics.standard_error, here.statistics.standard_error, rtol=1e-9)
    assert two.feature_names == here.feature_names
    assert "passes over" in two.notes[-1]


def decay(c: Any, a: Any, top: Any, rate: Any, floor: Any) -> Any:
    return top * np.exp(-rate * (c - 3)) + floor * a


LAWS: dict[str, dict[str, Any]] = {
    "law": {},
    "huber": {"loss": "huber", "solver": "gauss_newton"},
    "weights": {"weights": "b", "leave_out": [], "solver": gl.GaussNewton(bounds={"rate": (0.0, 9.0)}, starts=2)},
}


@pytest.mark.fault(40)
@pytest.mark.parametrize("kind", LAWS)
def test_a_law_is_found_by_gauss_newton_as_on_one_machine(kind: str, tmp_path: Path) -> None:
    folder = str(tmp_path)
    random = np.random.default_rng(0)
    for i, rows in enumerate((200, 2, 500, 300)):  # the second has fewer rows than there are parameters
        c, a, b = random.uniform(3, 7, rows), random.normal(size=rows), random.uniform(0.5, 2, rows)
        y = decay(c, a, 2.5, 1.3, 0.5) + 0.1 * random.normal(size=rows)
        y[::50] += 3
        table = np.column_stack([c, a, b, y])
        np.savetxt(tmp_path / f"{i}.csv", table, delimiter=",", header="c,a,b,y", comments="")
    asked = {"target": "y", "model": decay, "start": {"top": 1.0, "rate": 0.5, "floor": 0.0}, **LAWS[kind]}
    here = gl.fit(folder, **asked)
    one, two, four = (gl.fit(folder, cluster=cluster_of(many), **asked) for many in (1, 2, 4))
    for name, found in here.params.items():
        assert one.params[name].tobytes() == two.params[name].tobytes() == four.params[name].tobytes()
        np.testing.assert_allclose(two.params[name], found, rtol=1e-10)
    assert two.stop is here.stop is gl.Stop.CONVERGED and two.certificate.kind == here.certificate.kind
    assert two.origin is not None and two.origin.solver == "GaussNewton"
    assert (two.statistics is None) == (here.statistics is None) == (kind == "huber")
    if two.statistics is not None and here.statistics is not None:
        np.testing.assert_allclose(two.statistics.standard_error, here.statistics.standard_error, rtol=1e-9)
        assert two.statistics.r_squared == pytest.approx(here.statistics.r_squared, rel=1e-12)


def test_other_parts_give_the_same_answer(tmp_path: Path) -> None:
    found = []
    for files in (1, 4, 30):
        folder = tmp_path / str(files)
        folder.mkdir()
        found.append(gl.fit(write_files(folder, files=files), cluster=cluster_of(2), **KINDS["newton"]).params["w"])
    for one in found[1:]:
        np.testing.assert_allclose(one, found[0], rtol=1e-12)


def test_the_record_tells_rounds_and_bytes_of_each_pass(tmp_path: Path) -> None:
    fit = gl.fit(write_files(tmp_path), cluster=cluster_of(2), **KINDS["lbfgs"])
    numbers, nodes = (
        sum(np.size(values) for values in fit.params.values()),
        11 + 2,
    )  # of a tree with eight arms; the client joins the last
    moved = {"sum": 8 * (numbers + 1) * nodes, "work": 8 * numbers**2 * nodes}  # loss and slope; matrix
    record = [one for one in fit.history.passes if one.what != "rows"]  # a few rows, thinned
    assert [one.what for one in record[:2]] == ["look", "encode"]
    assert {one.what: one.moved_bytes for one in record[2:]} == moved
    assert {one.rows for one in record} == {3000} and all(one.rows_per_second > 0 for one in record)
    assert all(one.sent_bytes > 11 * 8 * numbers for one in record[2:])
    assert sum(one.what == "sum" for one in record) >= len(fit.history)
    printed = str(fit.summary())
    assert "rows_per_second" in printed and f"Cluster: {len(fit.history.passes)} passes" in printed


def test_a_run_goes_on_from_its_checkpoint_on_another_cluster(tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    asked = {"target": "yes", "leave_out": ["y", "holed"], "model": "logistic"}
    path, kept = write_files(folder), tmp_path / "state"
    whole = gl.fit(path, cluster=cluster_of(2), solver=gl.LBFGS(), **asked)
    gl.fit(path, cluster=cluster_of(2), solver=gl.LBFGS(iterations=2), checkpoint=kept, **asked)
    on = gl.fit(path, cluster=cluster_of(1), solver=gl.LBFGS(), checkpoint=kept, resume=True, **asked)
    assert on.params["w"].tobytes() == whole.params["w"].tobytes()
