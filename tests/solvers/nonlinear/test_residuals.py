"""Compiled residuals, Jacobians and second derivatives, against derivatives by hand; error bars against algebra."""

import numpy as np
import pytest

from gradloop.losses import LOSSES, about, huber
from gradloop.models import Model
from gradloop.problem import make_problem
from gradloop.solvers.nonlinear.residuals import Residuals, column_norms, scaled_triangle, uncertainty

X = np.linspace(0.5, 3.0, 20).reshape(-1, 1)
AT = np.array([2.0, 0.7])


def law(x, a, b):
    return a * np.exp(-b * x)


Y = law(X[:, 0], 2.2, 0.6) + 0.1 * np.cos(9 * X[:, 0])
SHAPE = np.exp(-AT[1] * X[:, 0])
JACOBIAN = np.stack([SHAPE, -AT[0] * X[:, 0] * SHAPE], axis=1)


def view(loss="squared", engine="native", weights=None):
    start = {"a": 2.0, "b": 0.7}
    model = Model("law", law, lambda features, classes: start, "squared", lambda params, center, scale: params)
    loss = about(loss) if callable(loss) else LOSSES[loss]
    return Residuals(make_problem(model, loss, X, Y, start, engine=engine, weights=weights))


@pytest.mark.parametrize("engine", ["native", "numpy"])
def test_residuals_and_jacobian(engine):
    found = view(engine=engine)
    point = found.at(AT)
    assert found.unit == 1.0 or np.log2(found.unit) == np.round(np.log2(found.unit))
    np.testing.assert_allclose(point.residuals * found.unit, law(X[:, 0], *AT) - Y, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found.jacobian(AT) * found.unit, JACOBIAN, rtol=1e-13)
    assert found.mean_loss(point) == pytest.approx(found.problem.objective(AT)[0], rel=1e-13)


def test_second_derivatives():
    found = view()
    point = found.at(AT)
    x, pull = X[:, 0], point.pull
    mixed, twice = -(pull @ (x * SHAPE)), AT[0] * (pull @ (x**2 * SHAPE))
    matrix = found.curvature(point) * found.unit
    np.testing.assert_allclose(matrix, [[0, mixed], [mixed, twice]], rtol=1e-11, atol=1e-14)
    v = np.array([0.3, -0.2])
    by_hand = 2 * v[0] * v[1] * (-x * SHAPE) + v[1] ** 2 * AT[0] * x**2 * SHAPE
    np.testing.assert_allclose(found.bending(AT, v) * found.unit, by_hand, rtol=1e-11, atol=1e-15)


def test_what_kind_of_loss_it_is():
    assert view().squared == 1.0
    assert view(lambda y_hat, y: 3 * (y - y_hat) ** 2).squared == 6.0
    assert [view(loss).squared for loss in ("huber", "absolute", "quantile")] == [None] * 3
    assert [view(loss).straight for loss in ("squared", "huber", "absolute", "quantile")] == [False, False, True, True]


@pytest.mark.parametrize("weights", [None, np.arange(20.0)])
def test_the_pull_is_the_slope_of_the_loss(weights):
    found = view(huber(0.05), weights=weights)
    point = found.at(AT)
    w, r = found.weights, law(X[:, 0], *AT) - Y
    np.testing.assert_allclose(point.pull * found.unit, w * np.clip(r, -0.05, 0.05), rtol=1e-12)
    np.testing.assert_allclose(point.strength * r, w * np.clip(r, -0.05, 0.05), rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(point.bend, w * (np.abs(r) <= 0.05))
    assert found.rows == (20 if weights is None else 19)
    assert found.mean_loss(point) == pytest.approx(w @ huber(0.05)(r, 0.0) / w.sum(), rel=1e-12)


def test_a_row_that_is_met_exactly_counts_with_the_curvature_of_the_loss():
    found = view(huber(0.05))
    met = make_problem(found.problem.model, found.problem.loss, X, law(X[:, 0], *AT), {"a": 2.0, "b": 0.7})
    np.testing.assert_allclose(Residuals(met).at(AT).strength, np.ones(20), rtol=1e-6)


def test_column_norms_do_not_overflow():
    np.testing.assert_allclose(column_norms(np.array([[3e300, 0.0, 3e-300], [4e300, 0.0, 4e-300]])), [5e300, 0, 5e-300])


def test_known_errors_need_no_residuals():
    weights = np.full(20, 4.0)
    problem = view(weights=weights).problem
    known, found = uncertainty(problem, AT, deviation=1.0), uncertainty(problem, AT)
    np.testing.assert_allclose(known.covariance, np.linalg.inv(4 * JACOBIAN.T @ JACOBIAN), rtol=1e-9)
    assert known.deviation == 1.0
    r = law(X[:, 0], *AT) - Y
    assert found.deviation == pytest.approx(np.sqrt(4 * r @ r / 18), rel=1e-12)
    np.testing.assert_allclose(found.covariance, known.covariance * found.deviation**2, rtol=1e-12)
    np.testing.assert_allclose(found.standard_errors["a"], np.sqrt(found.covariance[0, 0]))
    R, units = scaled_triangle(JACOBIAN)
    np.testing.assert_allclose((R * units).T @ (R * units), JACOBIAN.T @ JACOBIAN, rtol=1e-12)
