"""Cases 32 to 37: what is on the disk when saving is cut off, and clocks that jump."""

import ast
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest

import gradloop as gl
from gradloop.data import write_csv
from shell import fault, run

ROOT = Path(__file__).parents[2]
X = np.random.default_rng(0).normal(size=(200, 3))
Y = X @ [1.0, 2.0, 3.0]


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.fault(33, 35)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_while_saving_the_old_or_the_new_model_is_there_whole():
    one, other = gl.fit(X, Y), gl.fit(X, -Y)
    one.save("model")
    chance = random.Random(0)
    for _ in range(100):
        child = os.fork()
        if not child:
            while True:
                one.save("model")
                other.save("model")
        time.sleep(chance.uniform(0, 0.01))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert abs(gl.load("model").params["w"]).tolist() == abs(one.params["w"]).tolist()


@pytest.mark.fault(32)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device")
def test_a_full_disk_is_one_sentence_and_the_old_model_stays():
    write_csv("rows.csv", {"x": X[:, 0], "y": Y})
    run("fit", "rows.csv", "--target", "y", "-o", "model")
    before = Path("model").read_bytes()
    assert "is not a file" in fault("fit", "rows.csv", "--target", "y", "-o", "/dev/full")
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        for size in range(0, len(before), max(1, len(before) // 40)):
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
            with pytest.raises(gl.ModelFileError, match="file too large"):
                gl.load("model").save("model")
            assert Path("model").read_bytes() == before and sorted(os.listdir()) == ["model", "rows.csv"]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.fault(37)
def test_no_clock_on_a_wall_is_read():
    """Durations come from clocks that only go forward; so jumps of a year, a summer time or a zone change nothing.

    The files of TensorBoard and MLflow say of each value at what time of day it was written; nothing here reads it.
    """
    read = [
        path.name
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr)
        in {("time", "time"), ("time", "time_ns"), ("datetime", "now"), ("date", "today"), ("time", "localtime")}
    ]
    assert sorted(read) == ["mlflow.py", "tensorboard.py"]


@pytest.mark.fault(37)
def test_jumps_of_the_clock_change_neither_the_fit_nor_its_seconds(monkeypatch):
    jumps = random.Random(0)
    monkeypatch.setattr(time, "time", lambda: 1e9 + jumps.choice([-1, 1]) * 3.2e7)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    fit = gl.fit(X, Y, solver=gl.Minibatch(gl.sgd(0.01), epochs=20), checkpoint="state", every=0)
    seconds = fit.history["seconds"]
    assert (np.diff(seconds) >= 0).all() and seconds[0] >= 0 and seconds[-1] < 1e5
