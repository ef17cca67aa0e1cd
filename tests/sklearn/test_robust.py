import numpy as np
import pytest
import sklearn.linear_model as theirs

from gradloop.sklearn import HuberRegressor, QuantileRegressor
from gradloop.sklearn.robust import middle_and_spread

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(80, 3)) * [1.0, 5.0, 0.2]
Y = X @ [1.0, -0.5, 4.0] + 7 + RANDOM.standard_t(2, size=80)
WEIGHTS = RANDOM.uniform(0, 2, 80) * (RANDOM.random(80) > 0.1)


def huber_objective(model, weights=1.0):
    z = np.abs(Y - X @ model.coef_ - model.intercept_) / model.scale_
    epsilon = model.epsilon
    each = model.scale_ * (1 + np.where(z <= epsilon, z**2, 2 * epsilon * z - epsilon**2))
    return np.sum(weights * each) + model.alpha * model.coef_ @ model.coef_


def quantile_objective(model, weights):
    errors = Y - X @ model.coef_ - model.intercept_
    pinball = np.maximum(model.quantile * errors, (model.quantile - 1) * errors)
    return np.average(pinball, weights=weights) + model.alpha * np.abs(model.coef_).sum()


@pytest.mark.parametrize("weights", [np.ones(80), WEIGHTS], ids=["alike", "weighted"])
@pytest.mark.parametrize("settings", [{}, {"epsilon": 2.0, "alpha": 5.0}, {"fit_intercept": False}], ids=str)
def test_huber_agrees(settings, weights):
    ours = HuberRegressor(**settings).fit(X, Y, sample_weight=weights)
    reference = theirs.HuberRegressor(tol=1e-9, max_iter=100_000, **settings).fit(X, Y, sample_weight=weights)
    assert huber_objective(ours, weights) <= huber_objective(reference, weights) * (1 + 1e-9)
    np.testing.assert_allclose(ours.coef_, reference.coef_, rtol=2e-3, atol=1e-3)
    assert ours.scale_ == pytest.approx(reference.scale_, rel=2e-3)
    assert np.mean(ours.outliers_ == reference.outliers_) > 0.97


def test_huber_finds_the_line_that_all_but_a_few_lie_on():
    y = X @ [1.0, 2.0, 3.0] + 4
    y[::20] += 1000
    model = HuberRegressor(alpha=0.0).fit(X, y)
    np.testing.assert_allclose(model.coef_, [1.0, 2.0, 3.0], atol=1e-3)
    assert model.outliers_[::20].all() and model.scale_ < 1e-3


def test_huber_starts_where_it_ended():
    model = HuberRegressor(warm_start=True).fit(X, Y)
    first = model.n_iter_
    assert model.fit(X, Y).n_iter_ < first


def test_huber_is_told_that_iterations_ran_out():
    with pytest.warns(match="All iterations"):
        HuberRegressor(max_iter=1).fit(X, Y)


def test_middle_and_spread():
    assert middle_and_spread(np.array([1.0, 2.0, 6.0]), True) == (2.0, 1.0)
    assert middle_and_spread(np.array([1.0, 2.0, 6.0]), False) == (0.0, 2.0)
    assert middle_and_spread(np.array([3.0, 3.0]), True) == (3.0, 1.0)


@pytest.mark.parametrize("weights", [np.ones(80), WEIGHTS], ids=["alike", "weighted"])
@pytest.mark.parametrize(
    "settings", [{"alpha": 0.0}, {"quantile": 0.8, "alpha": 0.02}, {"alpha": 0.1, "fit_intercept": False}, {}], ids=str
)
def test_quantile_agrees(settings, weights):
    ours = QuantileRegressor(**settings).fit(X, Y, sample_weight=weights)
    reference = theirs.QuantileRegressor(**settings).fit(X, Y, sample_weight=weights)
    assert quantile_objective(ours, weights) == pytest.approx(quantile_objective(reference, weights), rel=1e-9)


def test_the_share_below_a_quantile():
    model = QuantileRegressor(quantile=0.3, alpha=0.0).fit(X, Y)
    assert np.mean(model.predict(X) > Y + 1e-9) <= 0.3 <= np.mean(model.predict(X) >= Y - 1e-9)


def test_a_strong_penalty_leaves_the_quantile_of_y():
    model = QuantileRegressor(quantile=0.5, alpha=100.0).fit(X[:79], Y[:79])
    assert (np.abs(model.coef_) < 1e-12).all() and model.intercept_ == pytest.approx(np.median(Y[:79]))
