"""Data that break careless arithmetic, through the front door: collinear, constant, huge, tiny, far from zero, few."""

import numpy as np
import pytest

import gradloop as gl
from gradloop.solvers.auto import SOLVERS

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(120, 3))
Y = X @ [1.0, 2.0, 3.0] + 1 + 0.1 * RANDOM.normal(size=120)
CLASSES = (RANDOM.logistic(size=120) < Y).astype(float)
EXACT = ["closed_form", "newton", "gauss_newton", "coordinate_descent"]


@pytest.mark.fault(5)
def test_a_constant_column_changes_no_prediction_and_is_named():
    fit = gl.fit(np.column_stack([X, np.full(120, 7.0)]), Y)
    plain = gl.fit(X, Y)
    assert fit.params["w"][3] == 0 and any("w[3]" in note for note in fit.notes)
    np.testing.assert_allclose(fit.predict(np.column_stack([X, np.full(120, 7.0)])), plain.predict(X), rtol=1e-12)


@pytest.mark.fault(6)
@pytest.mark.parametrize("extra", [X[:, 0], -2 * X[:, 0], X @ [1.0, -1.0, 0.5], X[:, 0] * 1e9])
def test_a_combination_of_columns_is_named_and_changes_no_prediction(extra):
    wide = np.column_stack([X, extra])
    fit = gl.fit(wide, Y)
    np.testing.assert_allclose(fit.predict(wide), gl.fit(X, Y).predict(X), rtol=1e-9)
    assert any("cannot tell" in note for note in fit.notes)
    assert np.isnan(fit.statistics["standard_error"]).any()


@pytest.mark.fault(6)
def test_minibatches_tell_of_such_columns_too():
    solver = gl.Minibatch(gl.sgd(0.05), epochs=3)
    assert not any("cannot tell" in note for note in gl.fit(X, Y, solver=solver).notes)
    fit = gl.fit(np.column_stack([X, X[:, 0] - X[:, 1]]), Y, solver=solver)
    assert "The rows cannot tell w[3] from w[0], w[1]: columns are combinations of others" in fit.notes[-1]
    rare = np.zeros(30_000)
    rare[7] = 1.0  # a column that few of the rows looked at first need show
    long = np.column_stack([np.tile(X, (250, 1)), rare])
    assert not any("cannot tell" in note for note in gl.fit(long, np.tile(Y, 250), solver=solver).notes)


@pytest.mark.fault(9)
@pytest.mark.parametrize("solver", EXACT)
@pytest.mark.parametrize("unit", [1e-12, 1e-6, 1e6, 1e12])
def test_the_unit_of_a_column_changes_no_prediction(solver, unit):
    scaled = X * [unit, 1, 1]
    fit = gl.fit(scaled, Y, solver=solver)
    np.testing.assert_allclose(fit.predict(scaled), gl.fit(X, Y, solver=solver).predict(X), rtol=1e-10)
    np.testing.assert_allclose(fit.params["w"][0] * unit, gl.fit(X, Y, solver=solver).params["w"][0], rtol=1e-9)


@pytest.mark.fault(9)
@pytest.mark.parametrize("unit", [1e-12, 1e12])
@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
def test_the_unit_of_a_column_changes_no_probability(solver, unit):
    scaled = X * [unit, 1, 1]
    fit, plain = (gl.fit(data, CLASSES, model="logistic", solver=solver) for data in (scaled, X))
    tolerance = 1e-10 if solver == "newton" else 1e-5
    np.testing.assert_allclose(fit.predict_probability(scaled), plain.predict_probability(X), rtol=tolerance)


@pytest.mark.fault(10)
@pytest.mark.parametrize("size", [1e300, 1e-300])
def test_columns_beyond_all_scales_are_solved(size):
    scaled = X * [size, 1, 1]
    np.testing.assert_allclose(gl.fit(scaled, Y).predict(scaled), gl.fit(X, Y).predict(X), rtol=1e-10)


@pytest.mark.fault(10)
def test_the_mean_of_numbers_whose_sum_overflows():
    huge = np.column_stack([np.full(120, 1e308) * np.where(np.arange(120) % 2, 1, 0.5), X])
    assert np.isfinite(gl.fit(huge, Y).predict(huge)).all()


@pytest.mark.fault(11)
@pytest.mark.parametrize("offset", [1e6, 1e9])
def test_columns_far_from_zero_keep_their_slopes(offset):
    far = X + offset
    exact = gl.fit(far - offset, Y).params["w"]  # what is left of the digits
    np.testing.assert_allclose(gl.fit(far, Y).params["w"], exact, rtol=1e-6)


@pytest.mark.fault(12)
@pytest.mark.parametrize("kind", [np.int8, np.int32, np.uint64, np.float16, ">f8", bool])
def test_other_types_of_numbers_are_converted_before_any_arithmetic(kind):
    numbers = np.abs(X * 100).astype(kind)
    found = gl.fit(numbers, Y).params["w"]
    np.testing.assert_allclose(found, gl.fit(numbers.astype(np.float64), Y).params["w"], rtol=2e-3)


@pytest.mark.fault(8)
def test_more_columns_than_rows_is_said():
    fit = gl.fit(X[:2], Y[:2])
    np.testing.assert_allclose(fit.predict(X[:2]), Y[:2], rtol=1e-10)
    assert any("exactly" in note for note in fit.notes)
    assert np.isnan(fit.statistics["standard_error"]).all()


@pytest.mark.fault(14)
def test_separable_classes_are_not_called_converged():
    certain = (X[:, 0] > 0).astype(float)
    for solver in ("newton", "lbfgs", "gradient_descent"):
        assert gl.fit(X, certain, model="logistic", solver=solver).stop is gl.Stop.SEPARABLE
    three = (X[:, 0] > -0.5).astype(int) + (X[:, 0] > 0.5)
    assert gl.fit(X, three, model="softmax").stop is gl.Stop.SEPARABLE
    assert gl.fit(X, certain, model="logistic", penalty=gl.l2(0.01)).stop is gl.Stop.CONVERGED


@pytest.mark.fault(1, 2)
@pytest.mark.parametrize("solver", SOLVERS)
def test_no_solver_lets_a_number_that_is_none_through(solver):
    for place in (np.nan, np.inf):
        broken = X.copy()
        broken[5, 1] = place
        with pytest.raises(gl.DataError, match=r"X\[5, 1\]"):
            gl.fit(broken, Y, solver=solver)
