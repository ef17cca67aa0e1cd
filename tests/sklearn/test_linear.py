import numpy as np
import pytest
import sklearn.linear_model as theirs
from sklearn.base import clone

import gradloop as gl
from gradloop.sklearn import ElasticNet, Lasso, LinearRegression, Ridge

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(50, 4)) * [1.0, 10.0, 0.1, 3.0] + [5.0, 0.0, 2.0, -1.0]
Y = X @ [1.0, 0.0, -20.0, 0.5] + 2 + RANDOM.normal(size=50)
WEIGHTS = RANDOM.uniform(0, 3, 50) * (RANDOM.random(50) > 0.2)
PAIRS = [
    (LinearRegression(), theirs.LinearRegression()),
    (Ridge(0.7), theirs.Ridge(0.7)),
    (Ridge(0.0), theirs.LinearRegression()),
    (Lasso(0.3, tol=1e-12), theirs.Lasso(0.3, tol=1e-14, max_iter=100_000)),
    (ElasticNet(0.2, l1_ratio=0.3, tol=1e-12), theirs.ElasticNet(0.2, l1_ratio=0.3, tol=1e-14, max_iter=100_000)),
    (ElasticNet(0.2, l1_ratio=1.0, tol=1e-12), theirs.Lasso(0.2, tol=1e-14, max_iter=100_000)),
]


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["alike", "weighted"])
@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_agreement(ours, theirs, weights, intercept):
    ours = clone(ours).set_params(fit_intercept=intercept).fit(X, Y, sample_weight=weights)
    theirs = clone(theirs).set_params(fit_intercept=intercept).fit(X, Y, sample_weight=weights)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-6, atol=1e-6)


def test_standard_errors_are_those_of_the_formula():
    model = LinearRegression().fit(X, Y)
    A = np.column_stack([X, np.ones(50)])
    residuals = Y - model.predict(X)
    covariance = residuals @ residuals / (50 - 5) * np.linalg.inv(A.T @ A)
    errors = np.sqrt(covariance.diagonal())
    np.testing.assert_allclose(model.stderr_, errors[:-1], rtol=1e-9)
    assert model.intercept_stderr_ == pytest.approx(errors[-1], rel=1e-9)


def test_a_penalty_has_no_standard_errors():
    assert np.isnan(Ridge().fit(X, Y).stderr_).all()


def test_certificates():
    assert LinearRegression().fit(X, Y).certificate_.kind == "exact gap"
    lasso = Lasso(0.3).fit(X, Y)
    assert lasso.certificate_.kind == "duality gap"
    assert 0 <= lasso.dual_gap_ <= 1e-4 * lasso.history_["loss"][-1]


def test_the_fit_behind_it_is_that_of_gradloop():
    fit = gl.fit(X, Y, penalty=gl.l2(0.7 / 50))
    model = Ridge(0.7).fit(X, Y)
    assert np.array_equal(model.coef_, fit.params["w"])
    assert model.fit_.stop is gl.Stop.CONVERGED


def test_unit_of_a_column_does_not_matter():
    X_dependent = np.column_stack([X, X[:, 0] + X[:, 1]])
    found = LinearRegression().fit(X_dependent, Y)
    other = LinearRegression().fit(X_dependent * [1e6, 1, 1, 1, 1], Y)
    np.testing.assert_allclose(found.predict(X_dependent), other.predict(X_dependent * [1e6, 1, 1, 1, 1]), rtol=1e-9)
    assert any("cannot tell" in note for note in found.fit_.notes)


def test_max_iter_is_honoured():
    with pytest.warns(match="All iterations that were allowed were used"):
        model = ElasticNet(0.01, max_iter=1, tol=1e-15).fit(X, Y)
    assert model.n_iter_ == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_is_kept(dtype):
    model = LinearRegression().fit(X.astype(dtype), Y.astype(dtype))
    assert model.coef_.dtype == dtype and model.predict(X.astype(dtype)).dtype == dtype


def test_negative_weights():
    with pytest.raises(ValueError, match="sample_weight\\[1\\] is negative"):
        Ridge().fit(X, Y, sample_weight=np.where(np.arange(50) == 1, -1.0, 1.0))
