from itertools import pairwise

import numpy as np
import pytest
import sklearn.linear_model as theirs
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning

import gradloop as gl
from gradloop.sklearn import Ridge, SGDClassifier, SGDRegressor

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(120, 3))
Y = X @ [1.0, -2.0, 0.5] + 3 + 0.1 * RANDOM.normal(size=120)
IRIS, KINDS = load_iris(return_X_y=True)
IRIS = (IRIS - IRIS.mean(axis=0)) / IRIS.std(axis=0)
ONCE = {"max_iter": 1, "tol": None, "random_state": 3}
RULES = [
    {},
    {"batch_size": 20},
    {"batch_size": 15, "shuffle": True},
    {"batch_size": 20, "penalty": "l1", "alpha": 0.05},
    {"batch_size": 20, "penalty": "elasticnet", "average": True},
    {"average": 30, "learning_rate": "constant"},
    {"learning_rate": "optimal", "alpha": 0.1, "fit_intercept": False},
]


def bits(model):
    return np.ravel(model.coef_).tobytes(), np.ravel(model.intercept_).tobytes()


@pytest.mark.parametrize("weights", [None, RANDOM.uniform(0, 2, 120)], ids=["alike", "weighted"])
@pytest.mark.parametrize("rules", RULES, ids=str)
def test_batch_by_batch_is_one_go(rules, weights):
    """The parts end where batches end; that they differ in length shows that the steps are counted on."""
    rules = {"shuffle": False} | rules
    whole = SGDRegressor(**ONCE, **rules).fit(X, Y, sample_weight=weights)
    parts = SGDRegressor(**ONCE, **rules)
    ends = [0, 120] if rules["shuffle"] else [0, 60, 80, 120]
    for first, last in pairwise(ends):
        some = slice(first, last)
        parts.partial_fit(X[some], Y[some], sample_weight=None if weights is None else weights[some])
    assert bits(parts) == bits(whole) and parts.t_ == whole.t_


@pytest.mark.parametrize("loss", ["hinge", "log_loss", "squared_hinge", "modified_huber", "perceptron", "huber"])
def test_batch_by_batch_is_one_go_for_classes(loss):
    whole = SGDClassifier(loss, shuffle=False, batch_size=10, **ONCE).fit(IRIS, KINDS)
    parts = SGDClassifier(loss, shuffle=False, batch_size=10, **ONCE)
    for first in range(0, 150, 50):  # the rows are sorted: each part holds a single class
        parts.partial_fit(IRIS[first : first + 50], KINDS[first : first + 50], classes=[0, 1, 2])
    assert bits(parts) == bits(whole)
    assert len(parts.history_) == 3 and len(parts.history_[0]) == 3


def test_epochs_one_by_one_are_epochs_in_one_go():
    whole = SGDRegressor(max_iter=4, tol=None, batch_size=7, random_state=1).fit(X, Y)
    parts = SGDRegressor(batch_size=7, random_state=1)
    for _ in range(4):
        parts.partial_fit(X, Y)
    assert bits(parts) == bits(whole)
    assert parts.history_["rows"].tolist() == whole.history_["rows"].tolist() == [120, 240, 360, 480]
    np.testing.assert_allclose(parts.history_["loss"], whole.history_["loss"], rtol=1e-12)


def test_partial_fit_goes_on_from_fit():
    whole = SGDRegressor(max_iter=3, tol=None, random_state=1).fit(X, Y)
    model = SGDRegressor(max_iter=2, tol=None, random_state=1).fit(X, Y).partial_fit(X, Y)
    assert bits(model) == bits(whole)
    assert model.certificate_.kind == "none" and not hasattr(model, "fit_")


def test_the_first_steps_by_hand():
    model = SGDRegressor(shuffle=False, eta0=0.1, alpha=0.5, **ONCE).fit(X[:3], Y[:3])
    w, b = np.zeros(3), 0.0
    for t in (1, 2, 3):
        rate, error = 0.1 / t**0.25, X[t - 1] @ w + b - Y[t - 1]
        w, b = w - rate * (error * X[t - 1] + 0.5 * w), b - rate * error
    np.testing.assert_allclose(model.coef_, w, rtol=1e-12)
    assert model.intercept_ == pytest.approx(b, rel=1e-12)


def test_the_optimal_rate_by_hand():
    model = SGDClassifier("log_loss", shuffle=False, alpha=0.01, **ONCE).fit(X[:4], [0, 1, 1, 0])
    w, b, first = np.zeros(3), 0.0, (1 / np.sqrt(0.01)) ** 0.5
    for t in range(4):
        rate = 1 / (0.01 * (1 / (first * 0.01) + t))
        error = 1 / (1 + np.exp(-(X[t] @ w + b))) - [0, 1, 1, 0][t]
        w, b = w - rate * (error * X[t] + 0.01 * w), b - rate * error
    np.testing.assert_allclose(model.coef_[0], w, rtol=1e-12)


REGRESSIONS = ["squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"]


@pytest.mark.parametrize("penalty", ["l2", "l1", None])
@pytest.mark.parametrize("loss", REGRESSIONS)
def test_regressors_end_where_those_of_scikit_learn_do(loss, penalty):
    settings = {"penalty": penalty, "alpha": 0.05, "tol": None, "max_iter": 300, "eta0": 0.02, "power_t": 0.5}
    ours = SGDRegressor(loss, random_state=0, **settings)
    reference = theirs.SGDRegressor(loss, random_state=0, **settings).fit(X, Y)
    ours.fit(X, Y)
    np.testing.assert_allclose(ours.coef_, reference.coef_, atol=0.01)
    assert ours.intercept_ == pytest.approx(reference.intercept_, abs=0.01)


def test_the_mean_of_the_points_is_near_the_best():
    best = Ridge(alpha=120 * 0.01).fit(X, Y)
    model = SGDRegressor(
        alpha=0.01, average=True, learning_rate="constant", max_iter=300, tol=None, random_state=0
    ).fit(X, Y)
    np.testing.assert_allclose(model.coef_, best.coef_, atol=5e-3)
    assert model.certificate_.kind == "exact gap" and model.certificate_.value < 1e-3


@pytest.mark.parametrize("loss", ["hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron", *REGRESSIONS])
def test_classifiers_are_as_good_as_those_of_scikit_learn(loss):
    rate = {"learning_rate": "invscaling", "eta0": 0.01} if loss in REGRESSIONS else {}
    settings = {"alpha": 0.01, "max_iter": 200, "tol": None, "random_state": 0, "average": True} | rate
    ours = SGDClassifier(loss, **settings).fit(IRIS, KINDS)
    reference = theirs.SGDClassifier(loss, **settings).fit(IRIS, KINDS)
    assert ours.score(IRIS, KINDS) >= reference.score(IRIS, KINDS) - 0.04
    assert ours.coef_.shape == reference.coef_.shape
    if loss in ("log_loss", "modified_huber"):
        np.testing.assert_allclose(ours.predict_proba(IRIS).sum(axis=1), 1)
        np.testing.assert_allclose(ours.predict_proba(IRIS), reference.predict_proba(IRIS), atol=0.1)
    else:
        assert not hasattr(ours, "predict_proba")


def test_tol_stops_and_says_so():
    model = SGDRegressor(random_state=0, eta0=0.05).fit(X, Y)
    assert model.n_iter_ < 100 and model.fit_.stop is gl.Stop.SETTLED
    with pytest.warns(ConvergenceWarning, match="raise max_iter above 3"):
        SGDRegressor(random_state=0, max_iter=3).fit(X, Y)


def test_divergence_is_told():
    with pytest.warns(ConvergenceWarning, match="grew beyond doubt"):
        SGDRegressor(eta0=10.0, learning_rate="constant").fit(1000 * X, Y)
    with pytest.raises(gl.DataError, match="not finite.*Scale the columns"):
        model = SGDRegressor(eta0=10.0, learning_rate="constant")
        for _ in range(5):
            model.partial_fit(1000 * X, Y)


def test_starts():
    there = {"coef_init": [1.0, -2.0, 0.5], "intercept_init": 3.0}
    model = SGDRegressor(learning_rate="constant", eta0=1e-12, **ONCE).fit(X, Y, **there)
    np.testing.assert_allclose(model.coef_, [1.0, -2.0, 0.5])
    with pytest.raises(gl.DataError, match="coef_init holds 2 numbers"):
        SGDRegressor().fit(X, Y, coef_init=[1.0, 2.0])
    warm = SGDClassifier("log_loss", warm_start=True, random_state=0).fit(IRIS, KINDS)
    before = warm.coef_
    warm.set_params(learning_rate="constant", eta0=1e-12, **ONCE).fit(IRIS, KINDS)
    np.testing.assert_allclose(warm.coef_, before, rtol=1e-6)


def test_classes_of_partial_fit():
    model = SGDClassifier()
    with pytest.raises(gl.DataError, match="first partial_fit needs classes"):
        model.partial_fit(IRIS, KINDS)
    model.partial_fit(IRIS, KINDS, classes=[0, 1, 2])
    with pytest.raises(gl.DataError, match="but before they were"):
        model.partial_fit(IRIS, KINDS, classes=[0, 1])
    with pytest.raises(gl.DataError, match="y\\[0\\] is .*7.*, which is not among classes"):
        model.partial_fit(IRIS, KINDS + 7)
    with pytest.raises(gl.OptionError, match="class_weight='balanced'"):
        SGDClassifier(class_weight="balanced").partial_fit(IRIS, KINDS, classes=[0, 1, 2])


def test_class_weights_are_sample_weights():
    doubled = SGDClassifier(class_weight={0: 2.0}, **ONCE).fit(IRIS, KINDS)
    weighted = SGDClassifier(**ONCE).fit(IRIS, KINDS, sample_weight=np.where(KINDS == 0, 2.0, 1.0))
    assert bits(doubled) == bits(weighted)


def test_minibatches_larger_than_the_data_are_all_of_it():
    assert bits(SGDRegressor(batch_size=1000, **ONCE).fit(X, Y)) == bits(SGDRegressor(batch_size=120, **ONCE).fit(X, Y))
