import numpy as np
import pytest
import sklearn.linear_model as theirs
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning

import gradloop as gl
from gradloop.sklearn import LogisticRegression

IRIS, KINDS = load_iris(return_X_y=True)
IRIS = (IRIS - IRIS.mean(axis=0)) / IRIS.std(axis=0)
FEW = KINDS > 0
WEIGHTS = np.random.default_rng(0).uniform(0, 2, len(KINDS))
SETTINGS = [
    {},
    {"C": 0.01, "class_weight": "balanced"},
    {"C": 0.1, "class_weight": {1: 3.0, 2: 0.5}},
    {"fit_intercept": False},
    {"solver": "newton-cholesky"},
    {"solver": "saga", "l1_ratio": 0.5, "C": 0.2},
    {"solver": "saga", "l1_ratio": 1.0, "C": 0.2},
]


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["alike", "weighted"])
@pytest.mark.parametrize("rows", [FEW, KINDS >= 0], ids=["two", "three"])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_agreement(settings, rows, weights):
    X, y, weights = IRIS[rows], KINDS[rows], None if weights is None else weights[rows]
    ours = LogisticRegression(tol=1e-7, max_iter=5000, **settings).fit(X, y, sample_weight=weights)
    reference = theirs.LogisticRegression(tol=1e-9, max_iter=50_000, **settings).fit(X, y, sample_weight=weights)
    np.testing.assert_allclose(ours.predict_proba(X), reference.predict_proba(X), atol=2e-5)
    np.testing.assert_allclose(ours.coef_, reference.coef_, atol=1e-4)
    np.testing.assert_allclose(ours.intercept_, reference.intercept_, atol=1e-4)
    assert ours.coef_.shape == reference.coef_.shape and ours.intercept_.shape == reference.intercept_.shape


def test_probabilities_and_scores_belong_together():
    model = LogisticRegression().fit(IRIS, KINDS)
    np.testing.assert_allclose(model.predict_proba(IRIS).sum(axis=1), 1)
    assert np.array_equal(model.predict_proba(IRIS).argmax(axis=1), model.predict(IRIS))
    np.testing.assert_allclose(np.exp(model.predict_log_proba(IRIS)), model.predict_proba(IRIS))
    two = LogisticRegression().fit(IRIS[FEW], KINDS[FEW])
    scores = two.decision_function(IRIS)
    np.testing.assert_allclose(two.predict_proba(IRIS)[:, 1], 1 / (1 + np.exp(-scores)))


def test_standard_errors_without_a_penalty():
    X, y = IRIS[FEW][:, :2], KINDS[FEW] - 1
    model = LogisticRegression(C=np.inf, tol=1e-9).fit(X, y)
    p, A = model.predict_proba(X)[:, 1], np.column_stack([X, np.ones(len(X))])
    errors = np.sqrt(np.linalg.inv(A.T @ (A * (p * (1 - p))[:, None])).diagonal())
    np.testing.assert_allclose(np.append(model.stderr_, model.intercept_stderr_), errors, rtol=1e-5)
    assert np.isnan(LogisticRegression().fit(X, y).stderr_).all()


def test_many_classes_without_a_penalty_are_centred():
    model = LogisticRegression(C=np.inf, solver="newton-cholesky").fit(np.roll(IRIS, 1, axis=0), KINDS)
    np.testing.assert_allclose(model.coef_.sum(axis=0), 0, atol=1e-9)
    assert abs(model.intercept_.sum()) < 1e-9


def test_separable_classes_are_told():
    X = np.arange(6.0).reshape(-1, 1)
    with pytest.warns(ConvergenceWarning, match="separable"):
        LogisticRegression(C=np.inf).fit(X, X[:, 0] > 2)


def test_max_iter_is_honoured():
    with pytest.warns(ConvergenceWarning, match="All iterations.*Raise max_iter"):
        model = LogisticRegression(max_iter=2, tol=1e-7).fit(IRIS, KINDS)
    assert model.n_iter_ == [2]


def test_tol_is_how_steep_it_may_be_under_absolute_values():
    settings = {"l1_ratio": 1.0, "C": 0.2, "solver": "saga", "max_iter": 5000}
    loose, strict = (LogisticRegression(tol=tol, **settings).fit(IRIS, KINDS) for tol in (1e-2, 1e-5))
    assert loose.n_iter_ < strict.n_iter_
    assert 1e-5 < loose.history_["gradient_norm"][-1] <= 1e-2 and strict.history_["gradient_norm"][-1] <= 1e-5
    assert loose.fit_.stop is gl.Stop.SETTLED


@pytest.mark.parametrize("rows", [FEW, KINDS >= 0], ids=["two", "three"])
def test_warm_start_begins_where_the_fit_before_ended(rows):
    model = LogisticRegression(warm_start=True, tol=1e-6).fit(IRIS[rows], KINDS[rows])
    first, coef = model.n_iter_[0], model.coef_
    model.fit(IRIS[rows], KINDS[rows])
    assert model.n_iter_[0] < first / 2
    np.testing.assert_allclose(model.coef_, coef, atol=1e-4)


def test_penalty_as_it_was_before_1_9():
    assert LogisticRegression(penalty=None, tol=1e-8).fit(IRIS[FEW], KINDS[FEW]).fit_.course.penalty is None
    old = LogisticRegression(penalty="l1", C=0.2, solver="saga", max_iter=5000).fit(IRIS, KINDS)
    new = LogisticRegression(l1_ratio=1.0, C=0.2, solver="saga", max_iter=5000).fit(IRIS, KINDS)
    assert np.array_equal(old.coef_, new.coef_) and (old.coef_ == 0).any()


def test_verbose_prints(capsys):
    LogisticRegression(verbose=1).fit(IRIS, KINDS)
    assert "loss" in capsys.readouterr().out


def test_one_class():
    with pytest.raises(gl.DataError, match="one class"):
        LogisticRegression().fit(IRIS[:5], KINDS[:5])
