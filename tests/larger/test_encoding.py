"""Fits to rows on disk come to the answers of those in memory, whatever the columns, the solver and the source."""

import gzip
import os
import signal
import subprocess
import sys
import tempfile

import numpy as np
import pyarrow
import pytest
from pyarrow import csv, parquet

import gradloop as gl
from gradloop.errors import DataError
from streamed import ROWS, columns, write

PRICE = {"target": "price", "leave_out": ["sold", "weight"]}
SOLD = {"target": "sold", "leave_out": ["price", "weight"], "model": "logistic"}
FITS = {
    "closed form": PRICE,
    "ridge": PRICE | {"penalty": gl.l2(0.1)},
    "robust errors": PRICE | {"errors": "HC3"},
    "weights": {"target": "price", "leave_out": ["sold"], "weights": "weight"},
    "lasso": PRICE | {"penalty": gl.l1(0.05)},
    "newton": SOLD,
    "lbfgs": SOLD | {"solver": "lbfgs"},
    "descent": SOLD | {"solver": gl.GradientDescent(iterations=5)},
    "huber": PRICE | {"loss": "huber", "solver": "newton"},
    "softmax": {"target": "town", "leave_out": ["price", "weight"], "model": "softmax"},
    "polynomial": PRICE | {"model": gl.polynomial(2), "leave_out": ["sold", "weight", "town", "garden"]},
    "minibatches in order": PRICE | {"solver": gl.Minibatch(gl.adam(0.01), batch_size=100, epochs=2, shuffle=False)},
}


def same(whole, parts, close):
    for name, value in whole.params.items():
        np.testing.assert_allclose(parts.params[name], value, rtol=close, atol=close * np.abs(value).max())
    assert parts.history["loss"][-1] == pytest.approx(whole.history["loss"][-1], rel=1e-12)
    assert parts.stop is whole.stop and parts.rows == whole.rows and parts.feature_names == whole.feature_names
    assert (parts.statistics is None) == (whole.statistics is None)
    if whole.statistics is not None:
        for column in ("standard_error", "r_squared", "residual_standard_deviation"):
            expected = getattr(whole.statistics, column)
            np.testing.assert_allclose(getattr(parts.statistics, column), expected, rtol=1e-8, equal_nan=True)


@pytest.mark.parametrize("name", FITS)
def test_as_in_memory(tmp_path, name):
    path = write(tmp_path)
    whole = gl.fit(path, **FITS[name])
    parts = gl.fit(path, **FITS[name], memory="17MB")
    assert "from a file" in parts.notes[-1] and "memory" in parts.notes[-1]
    same(whole, parts, 1e-10)
    assert set(whole.notes) <= set(parts.notes)


def test_shuffled_minibatches_find_the_way_too(tmp_path):
    path = write(tmp_path)
    solver = gl.Minibatch(gl.sgd(0.02), batch_size=64, epochs=5)
    best, uniform = gl.fit(path, **PRICE), gl.fit(path, **PRICE, solver=solver)
    fits = [gl.fit(path, **PRICE, solver=solver, memory="17MB", seed=seed) for seed in (3, 3, 4)]
    above = [fit.history["loss"][-1] - best.history["loss"][-1] for fit in (*fits, uniform)]
    assert max(above[:3]) < 4 * above[3] < 0.01
    assert np.array_equal(fits[0].params["w"], fits[1].params["w"])
    assert not np.array_equal(fits[0].params["w"], fits[2].params["w"])


def test_missing_cells_and_rows_without_a_target(tmp_path):
    random = np.random.default_rng(5)
    holes = {name: np.where(random.random(ROWS) < 0.01, np.nan, columns()[name]) for name in ("area", "price")}
    path = write(tmp_path, **holes)
    for rule in ("drop", "mean", "indicator"):
        whole, parts = (gl.fit(path, **PRICE, missing=rule, **more) for more in ({}, {"memory": "17MB"}))
        same(whole, parts, 1e-10)
        assert set(whole.notes) <= set(parts.notes)
    with pytest.raises(DataError, match="column 'area' has no value in .* rows \\(first in row group 0, row "):
        gl.fit(path, **PRICE, memory="17MB")


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "arrow", "folder", "reader"])
def test_every_source(tmp_path, kind):
    table = pyarrow.table(columns(9000))
    whole = gl.fit(table, **SOLD)
    path = tmp_path / f"t.{kind}"
    if kind == "reader":
        path = table.to_reader(max_chunksize=1000)
    elif kind == "folder":
        path.mkdir()
        for part in range(3):
            parquet.write_table(table.slice(3000 * part, 3000), path / f"{part}.parquet")
    elif kind == "arrow":
        with pyarrow.ipc.new_file(path, table.schema) as file:
            file.write_table(table)
    else:
        csv.write_csv(table, tmp_path / "t.csv")
        if kind == "csv.gz":
            path.write_bytes(gzip.compress((tmp_path / "t.csv").read_bytes()))
    memory = {} if kind == "reader" else {"memory": "17MB"}
    if kind in ("csv", "arrow", "folder"):
        memory["cache"] = tmp_path / "kept"
    same(whole, gl.fit(path, **SOLD, **memory), 1e-9)


def test_a_cache_is_used_again_unless_anything_has_changed(tmp_path, monkeypatch):
    path, folder = write(tmp_path), tmp_path / "kept"
    first = gl.fit(path, **SOLD, cache=folder)
    (kept,) = folder.iterdir()
    written = kept.stat().st_mtime_ns
    again = gl.fit(path, **SOLD, cache=folder, solver="lbfgs")
    assert np.allclose(again.params["w"], first.params["w"], rtol=1e-3) and again.notes[0] == first.notes[0]
    assert kept.stat().st_mtime_ns == written and [*folder.iterdir()] == [kept]
    content = kept.read_bytes()
    kept.write_bytes(content[:1000] + bytes([content[1000] ^ 1]) + content[1001:])
    mended = gl.fit(path, **SOLD, cache=folder)
    assert kept.read_bytes() == content and np.array_equal(mended.params["w"], first.params["w"])
    gl.fit(path, **SOLD | {"leave_out": ["price"]}, cache=folder)
    gl.fit(path, **SOLD, unseen="other", cache=folder)
    assert len([*folder.iterdir()]) == 3
    other = write(tmp_path, seed=2)
    changed = gl.fit(other, **SOLD, cache=folder)
    assert len([*folder.iterdir()]) == 4
    same(gl.fit(other, **SOLD), changed, 1e-10)


def test_a_cache_that_cannot_be_written_is_told_before_any_work(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        gl.fit(write(tmp_path), **SOLD, cache=tmp_path / "file")


@pytest.mark.fault(28)
def test_a_file_that_changes_between_the_passes(tmp_path, monkeypatch):
    path = write(tmp_path)
    from gradloop.larger import encoding

    learn = encoding.learn

    def learned_and_changed(source, task, split):
        found = learn(source, task, split)
        write(tmp_path, seed=9)
        return found

    monkeypatch.setattr(encoding, "learn", learned_and_changed)
    with pytest.raises(DataError, match="changed while it was in use"):
        gl.fit(path, **SOLD, memory="17MB")


def test_a_checkpoint_on_disk_rows(tmp_path):
    path = write(tmp_path)
    solver = gl.Minibatch(gl.adam(0.01), batch_size=50, epochs=4)
    half = gl.Minibatch(gl.adam(0.01), batch_size=50, epochs=2)
    straight = gl.fit(path, **PRICE, solver=solver, memory="17MB")
    kept = tmp_path / "state"
    gl.fit(path, **PRICE, solver=half, memory="17MB", checkpoint=kept)
    resumed = gl.fit(path, **PRICE, solver=solver, memory="17MB", checkpoint=kept, resume=True)
    assert np.array_equal(straight.params["w"], resumed.params["w"])
    with pytest.raises(DataError, match="have changed"):
        gl.fit(write(tmp_path, seed=8), **PRICE, solver=solver, memory="17MB", checkpoint=kept, resume=True)


LIMITED = """
import sys
import gradloop as gl
small, large, solver, memory, room = sys.argv[1:]

def now(what):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(what))

def fit(path):
    return gl.fit(path, target="y", solver=solver, memory=memory)

fit(small)  # libraries, threads and machine code are there
if room != "none":
    import resource
    limit = now("VmSize") + int(room)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
before = now("VmHWM")
found = fit(large)
print(found.rows, now("VmHWM") - before)
"""


@pytest.mark.fault(31)
@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
@pytest.mark.parametrize("solver", ["newton", "minibatch"])
def test_a_table_ten_times_larger_than_its_memory(tmp_path, solver):
    free = os.statvfs(tmp_path)
    if free.f_bavail * free.f_frsize < 2 * 10**9:
        pytest.skip("the disk has less than 2 GB")
    rows, small, large = 50_000, tmp_path / "small.parquet", tmp_path / "large.parquet"
    random = np.random.default_rng(0)
    X = random.normal(size=(20, rows))
    part = pyarrow.table(
        {f"x{i}": X[i] for i in range(20)} | {"town": ["a", "b"] * (rows // 2), "y": X.sum(axis=0) > 0}
    )
    part = part.set_column(21, "y", part["y"].cast("float64"))
    for path, times in ((small, 4), (large, 36)):
        with parquet.ParquetWriter(path, part.schema) as writer:
            for _ in range(times):
                writer.write_table(part)
    assert 36 * part.nbytes > 10 * 30e6
    command = [sys.executable, "-c", LIMITED, small, large, solver, "30MB", str(200 * 10**6)]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr[-2000:]
    found, grown = map(int, answer.stdout.split())
    assert found == 36 * rows and grown < 100e6


INTERRUPTED = """
import sys, gradloop as gl
print("begun", flush=True)
gl.fit(sys.argv[1], target="price", solver=gl.Minibatch(gl.sgd(1e-6), epochs=100000), memory="17MB",
       progress=lambda state: print("epoch", flush=True))
print("ended", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_behind(tmp_path, how):
    path = write(tmp_path)
    folder = tmp_path / "temporary"
    folder.mkdir()
    environment = os.environ | {"TMPDIR": str(folder)}
    with subprocess.Popen([sys.executable, "-c", INTERRUPTED, path], stdout=subprocess.PIPE, env=environment) as child:
        for line in child.stdout:
            if line.strip() == b"epoch":
                break
        child.send_signal(how)
        child.stdout.read()
        child.wait(30)
    assert os.listdir(folder) == [] and (child.returncode == -how if how is signal.SIGKILL else child.returncode == 0)


def test_no_temporary_file_has_a_name(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    seen: list[str] = []
    gl.fit(write(tmp_path), **SOLD, memory="17MB", progress=lambda state: seen.extend(os.listdir(tmp_path / "t")))
    assert seen == [] == os.listdir(tmp_path / "t")


@pytest.mark.parametrize("name", ["logistic", "hinge", "softmax", "own loss"])
def test_a_table_sorted_by_its_target_is_as_any_other(tmp_path, name):
    """Pieces of a sorted table hold one class each: what must hold for all rows is asked of all rows."""
    given = columns()
    order = np.argsort(given["town" if name == "softmax" else "sold"], kind="stable")
    path = write(tmp_path, **{column: values[order] for column, values in given.items()})
    fits = {
        "logistic": SOLD,
        "hinge": SOLD | {"loss": "hinge", "solver": gl.Minibatch(gl.sgd(0.01), 100, 2, shuffle=False)},
        "softmax": {"target": "town", "leave_out": ["price", "weight"], "model": "softmax"},
        "own loss": PRICE | {"target": "sold", "loss": lambda y_hat, y: (y_hat - y) ** 4, "solver": "lbfgs"},
    }
    whole, parts = (gl.fit(path, **fits[name], **more) for more in ({}, {"memory": "17MB"}))
    same(whole, parts, 1e-9)
    assert whole.classes == parts.classes and set(whole.notes) <= set(parts.notes)


def test_small_targets_beside_large_ones_do_not_vanish(tmp_path):
    tiny = np.where(np.arange(ROWS) < ROWS // 2, 1e-200, columns()["price"])
    path = write(tmp_path, price=tiny)
    descent = gl.GradientDescent(iterations=5)
    same(*(gl.fit(path, **PRICE, solver=descent, **more) for more in ({}, {"memory": "17MB"})), 1e-9)
    path = write(tmp_path, price=1e-200 * tiny)
    for memory in ({}, {"memory": "17MB"}):
        with pytest.raises(DataError, match="too small to be squared"):
            gl.fit(path, **PRICE, **memory)


@pytest.mark.parametrize("memory", [None, "17MB"])
def test_a_target_that_the_loss_is_not_for_is_told_by_its_row(tmp_path, memory):
    counts = np.where(np.arange(ROWS) == 50_000, -1, columns()["rooms"])
    path = write(tmp_path, rooms=counts)
    with pytest.raises(DataError, match=r"the target 'rooms' in row group 7, row 1000 is -1.*poisson loss"):
        gl.fit(path, target="rooms", loss="poisson", solver="lbfgs", memory=memory)


def test_weights_that_are_all_zero(tmp_path):
    path = write(tmp_path, weight=np.zeros(ROWS))
    for memory in (None, "17MB"):
        with pytest.raises(DataError, match="All weights are zero"):
            gl.fit(path, target="price", weights="weight", memory=memory, solver="lbfgs")
