"""When least squares takes the road of one pass, and what a fit from it can do."""

import numpy as np
import pytest

import gradloop as gl
from gradloop.errors import DataError, OptionError
from gradloop.larger import least_squares as module
from streamed import write

PLAIN = {"target": "price", "leave_out": ["sold", "town", "weight"]}


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "WORTH_ROWS", 1000)
    return write(tmp_path, rows=9000)


def once(fit):
    return any("read once" in note for note in fit.notes)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, True),
        ({"solver": "closed_form"}, True),
        ({"penalty": gl.l2(0.1)}, True),
        ({"loss": "squared"}, True),
        ({"penalty": gl.l1(0.1)}, False),
        ({"solver": "newton"}, False),
        ({"loss": "huber"}, False),
        ({"errors": "HC1"}, False),
        ({"holdout": 0.2}, False),
        ({"engine": "numpy", "solver": "closed_form"}, False),
        ({"weights": "weight", "leave_out": ["sold", "town"]}, False),
        ({"leave_out": ["sold", "weight"]}, False),
        ({"model": "polynomial"}, False),
    ],
)
def test_which_road(path, settings, expected):
    if settings.get("engine") == "numpy":
        path = write(path.parent, rows=1200)
    assert once(gl.fit(path, **PLAIN | settings)) is expected


def test_small_tables_go_the_usual_way(tmp_path):
    assert not once(gl.fit(write(tmp_path, rows=9000), **PLAIN))


def test_the_fit_is_whole(path, tmp_path):
    fit = gl.fit(path, **PLAIN)
    assert "read once" in str(fit.summary()) and fit.stop is gl.Stop.CONVERGED
    fit.save(tmp_path / "m")
    back = gl.load(tmp_path / "m")
    assert np.array_equal(back.predict(path), fit.predict(path)) and back.certificate == fit.certificate
    assert fit.evaluate(path)["R2"] == pytest.approx(fit.statistics.r_squared, rel=1e-12)


def test_examples_are_read_when_they_are_asked_for(path):
    fit = gl.fit(path, **PLAIN)
    assert fit.examples.X.shape == (9000, 4)
    write(path.parent, rows=9000, seed=3)
    with pytest.raises(DataError, match="changed"):
        _ = gl.fit(path, **PLAIN) and fit.__class__ and type(fit.examples)(fit.examples._read).X


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"target": "prize"}, "no target 'prize'"),
        ({"leave_out": ["prize"]}, "no column 'prize'"),
        ({"missing": "perhaps"}, "missing is 'perhaps'"),
        ({"model": "line"}, "no model 'line'"),
        ({"loss": "cubed"}, "no loss 'cubed'"),
    ],
)
def test_wrong_options_are_told_as_ever(path, settings, said):
    with pytest.raises((DataError, OptionError), match=said):
        gl.fit(path, **PLAIN | settings)
