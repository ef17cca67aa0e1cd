"""What a page knows: rows in the file's units, names of parameters, and the path, whatever the solver."""

import numpy as np
import pytest

import gradloop as gl
from gradloop.page.seen import seen
from page_fits import RANDOM, X, Y, houses, line


def test_rows_are_in_the_units_of_the_file():
    fit = houses()
    found = seen(fit)
    assert found.names == ("area", "town=Kiel", "town=Ulm", "(intercept)")
    assert 39 < found.columns()[:, 0].min() < found.columns()[:, 0].max() < 161


@pytest.mark.parametrize(
    "solver", ["closed_form", "lbfgs", "newton", gl.Exhaustive({"w": [[1.0, 2.0]], "b": [-3.0, 0.0]})]
)
def test_a_path_ends_where_the_fit_does(solver):
    fit = line(solver)
    found = seen(fit)
    assert found.course is None
    np.testing.assert_array_equal(found.path[-1], found.flat(fit.trained_params))


def test_a_path_of_steps_begins_at_the_start():
    found = seen(line())
    assert len(found.path) == 31 and not found.path[0].any()


def test_a_loaded_fit_sees_the_rows_given(tmp_path):
    line().save(tmp_path / "m")
    found = seen(gl.load(tmp_path / "m"), X, Y)
    np.testing.assert_array_equal(found.columns(), X)
    assert found.course is None and found.start is None and len(found.path) == 5


def test_weights_reach_the_problem():
    weights = RANDOM.uniform(1, 2, len(Y))
    fit = line(weights=weights)
    assert seen(fit).problem.weights is not None


@pytest.mark.parametrize(
    ("model", "start", "kind"),
    [
        (lambda x, w, b: np.dot(x, w) + b, {"w": np.zeros(1), "b": 0.0}, "linear"),
        (lambda x, w, b: b + np.dot(x, w), {"w": np.zeros(1), "b": 0.0}, "law"),  # the same, written otherwise
        (lambda x, b, w: np.dot(x, w) + b, {"b": 0.0, "w": np.zeros(1)}, "law"),
        (lambda x, w: np.dot(x, w), {"w": np.zeros(1)}, "law"),
    ],
)
def test_a_model_that_the_user_wrote_as_the_book_does_is_known(model, start, kind):
    fit = line(gl.Minibatch(gl.sgd(0.01), epochs=1), model=model, start=start)
    assert seen(fit).kind == kind and not seen(fit).is_standardised


@pytest.mark.parametrize("model", ["linear", gl.polynomial(2)])
def test_shipped_models_are_known(model):
    assert seen(line(gl.Minibatch(gl.sgd(1e-6), epochs=1), model=model)).kind in ("linear", "polynomial")
