import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import curve_fit
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import gradloop as gl
from gradloop.sklearn import LawRegressor

RANDOM = np.random.default_rng(0)
T = np.linspace(0, 4, 40)
COOLING = 20 + 70 * np.exp(-0.8 * T) + 0.1 * RANDOM.normal(size=40)
START = {"room": 10.0, "start": 50.0, "rate": 1.0}


def cooling(t, room, start, rate):
    return room + (start - room) * np.exp(-rate * t)


def power(U, I, factor):  # noqa: E741  # current is I
    return factor * U * I


def test_agreement_with_curve_fit():
    model = LawRegressor(cooling, start=START).fit(T[:, None], COOLING)
    params, covariance = curve_fit(cooling, T, COOLING, [10.0, 50.0, 1.0])
    np.testing.assert_allclose(list(model.params_.values()), params, rtol=1e-5)
    np.testing.assert_allclose(list(model.stderr_.values()), np.sqrt(covariance.diagonal()), rtol=1e-3)
    np.testing.assert_allclose(model.predict(T[:, None]), cooling(T, *params), rtol=1e-6)
    assert model.score(T[:, None], COOLING) > 0.999


def test_columns_are_found_by_name():
    frame = pd.DataFrame({"noise": RANDOM.normal(size=30), "I": RANDOM.random(30), "U": RANDOM.random(30)})
    model = LawRegressor(power, start={"factor": 1.0}).fit(frame, 3 * frame["U"] * frame["I"])
    assert model.params_["factor"] == pytest.approx(3)
    np.testing.assert_allclose(model.predict(frame), 3 * frame["U"] * frame["I"])
    with pytest.raises(gl.DataError, match="needs the column 'I'"):
        LawRegressor(power, start={"factor": 1.0}).fit(frame[["noise", "U"]], frame["U"])


def test_one_of_many_columns_by_name():
    frame = pd.DataFrame({"noise": RANDOM.normal(size=40), "t": T})
    model = LawRegressor(cooling, start=START).fit(frame, COOLING)
    assert model.params_["rate"] == pytest.approx(0.8, abs=0.02)


def test_models_of_gradloop_by_name():
    X = RANDOM.normal(size=(30, 2))
    y = 1 + X[:, 0] ** 2 - 3 * X[:, 1]
    model = LawRegressor("polynomial").fit(X, y)
    np.testing.assert_allclose(model.params_["w"], [[0, -3], [1, 0]], atol=1e-9)


def test_weights_loss_and_solver_are_handed_on():
    y = COOLING.copy()
    y[3] = 1000
    weights = np.where(np.arange(40) == 3, 0.0, 1.0)
    clean = LawRegressor(cooling, start=START).fit(T[:, None], COOLING, sample_weight=weights)
    model = LawRegressor(cooling, start=START).fit(T[:, None], y, sample_weight=weights)
    assert model.params_ == clean.params_
    robust = LawRegressor(cooling, start=START, loss=gl.huber(0.5), solver=gl.GaussNewton()).fit(T[:, None], y)
    assert robust.params_["rate"] == pytest.approx(0.8, abs=0.02)


def test_search_and_clone():
    model = LawRegressor("linear", penalty=gl.l2(0.1))
    assert clone(model).penalty.value(np.ones(2)) == pytest.approx(0.1)
    X = RANDOM.normal(size=(40, 2))
    search = GridSearchCV(model, {"penalty": [gl.l2(1e-6), gl.l2(10.0)]}).fit(X, X @ [1.0, 2.0])
    assert search.best_index_ == 0


def test_pickled_law():
    model = LawRegressor(cooling, start=START).fit(T[:, None], COOLING)
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict(T[:, None]), model.predict(T[:, None]))


def test_a_function_needs_a_start():
    with pytest.raises(gl.ModelError, match="needs start"):
        LawRegressor(cooling).fit(T[:, None], COOLING)


def test_start_may_depend_on_the_number_of_features():
    model = LawRegressor(lambda x, w: np.dot(x, w), start=lambda features: {"w": np.zeros(features)})
    X = RANDOM.normal(size=(30, 4))
    np.testing.assert_allclose(model.fit(X, X @ [1, 2, 3, 4]).params_["w"], [1, 2, 3, 4])
