"""The textbook's seven programs in our own words, in examples/textbook: each runs, and reaches what is known."""

import random
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

import gradloop as gl
from gradloop.textbook import torch
from gradloop.textbook.mxnet import np as mxnp
from textbook_programs import run, source

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "textbook"


@pytest.fixture(autouse=True)
def seeds():
    random.seed(0)
    torch.manual_seed(0)
    mxnp.random.seed(0)


def names_of(number, monkeypatch, *arguments):
    """An example's names at its end; it is run as from a shell."""
    (path,) = FOLDER.glob(f"{number}_*.py")
    monkeypatch.setattr(sys, "argv", [str(path), *map(str, arguments)])
    return runpy.run_path(str(path), run_name="__main__")


def test_there_are_seven_and_the_readme_names_them():
    names = sorted(path.name for path in FOLDER.glob("*.py"))
    text = (ROOT / "examples" / "README.md").read_text("utf-8")
    assert [name[:2] for name in names] == ["01", "02", "03", "04", "05", "06", "07"]
    assert all(f"textbook/{name}" in text for name in names)


def test_01_courier(monkeypatch):
    names = names_of("01", monkeypatch)
    assert np.allclose(names["w"].asnumpy().ravel(), [4, 1.5], atol=0.02)
    assert names["b"].item() == pytest.approx(12, abs=0.02)


def test_02_linear_regression(monkeypatch, tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    with matplotlib.rc_context({"backend": "agg"}):
        names = names_of("02", monkeypatch, tmp_path / "points.svg")
        names["d2l"].plt.close("all")
    assert (tmp_path / "points.svg").stat().st_size > 1000
    for w, b in [
        (names["w"].detach().numpy(), names["b"].item()),
        (names["fit"].params["w"], names["fit"].params["b"]),
    ]:
        assert np.allclose(w.ravel(), [2, -3.4], atol=0.003) and float(np.ravel(b)[0]) == pytest.approx(4.2, abs=0.003)


def test_03_ohms_law(monkeypatch):
    names = names_of("03", monkeypatch)
    assert [names["r"].item(), names["b"].item()] == pytest.approx([3.3, 2.2], abs=0.003)
    X = np.column_stack([names["i"].numpy().ravel(), np.ones(1000)]).astype(np.float64)
    exact = np.linalg.lstsq(X, names["u"].double().numpy().ravel(), rcond=None)[0]
    assert [names["fit"].params[name] for name in ("resistance", "offset")] == pytest.approx(exact, rel=1e-9)


def test_04_one_line_finds_the_same_weight_and_draws_the_same_curve(monkeypatch, tmp_path):
    pytest.importorskip("matplotlib")
    names = names_of("04", monkeypatch, tmp_path / "curve.svg")
    assert names["fit"].params["w"] == names["best"] == pytest.approx(2) and (tmp_path / "curve.svg").exists()
    assert names["fit"].history["loss"][-1] == pytest.approx(min(names["curve"]), abs=1e-25)
    monkeypatch.setattr("matplotlib.pyplot.show", lambda: None)
    program = run(source("04")).names
    hours, points = program["x_data"], program["y_data"]
    axes = gl.plots.loss_curve(
        hours, points, names["model"], loss=names["loss"], start={"w": 0.0}, values=program["w_list"]
    )
    line = axes.lines[0]
    assert np.allclose(line.get_xdata(), program["w_list"]) and np.allclose(
        line.get_ydata(), program["mse_list"], rtol=1e-12, atol=1e-25
    )
    assert np.allclose(names["curve"], program["mse_list"], rtol=1e-12, atol=1e-25)
    import matplotlib.pyplot

    matplotlib.pyplot.close("all")


def test_05_one_line_walks_the_same_path_and_draws_the_same_curve(monkeypatch, tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    names = names_of("05", monkeypatch, tmp_path / "curve.svg")
    assert (tmp_path / "curve.svg").exists()
    assert names["fit"].params["w"] == pytest.approx(names["w"], rel=1e-12)
    assert np.allclose(names["fit"].history["loss"], names["curve"], rtol=1e-9)
    with matplotlib.rc_context({"backend": "agg"}):
        monkeypatch.setattr("matplotlib.pyplot.show", lambda: None)
        program = run(source("05")).names
        drawn = names["fit"].plot.loss().lines[0].get_ydata()
        matplotlib.pyplot.close("all")
    assert names["fit"].params["w"] == pytest.approx(program["w"], rel=1e-12)
    # The program notes the loss before each step, gradloop after it.
    assert np.allclose(drawn[:-1], program["loss_list"][1:], rtol=1e-9)
    assert names["fit"].predict(np.array([[4.0]]))[0] == pytest.approx(program["forward"](4), rel=1e-12)


def test_06_house_prices(monkeypatch):
    names = names_of("06", monkeypatch)
    assert np.allclose(names["weights"].asnumpy().ravel(), [2, -3.5], atol=0.003)
    assert names["intercept"].asscalar() == pytest.approx(3.7, abs=0.003)


def test_07_tape_and_machine_code_agree_step_for_step(monkeypatch):
    names = names_of("07", monkeypatch)
    assert np.allclose(names["fit"].history["loss"], names["on_the_tape"], rtol=1e-5)
    assert [names["slope"].item(), names["height"].item()] == pytest.approx([3, 2], abs=0.05)
