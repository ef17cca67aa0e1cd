import numpy as np
import pytest

import gradloop as gl
from gradloop.history import Row
from gradloop.sklearn import SGDClassifier, SGDRegressor
from gradloop.sklearn.stochastic import CLASSES, NUMBERS, counted, single, start_from


def recipe(estimator):
    return estimator._recipe(estimator._loss())


@pytest.mark.parametrize(
    ("settings", "value"),
    [
        ({"penalty": "l2", "alpha": 0.1}, 0.05 * 5),
        ({"penalty": "l1", "alpha": 0.1}, 0.1 * 3),
        ({"penalty": "elasticnet", "alpha": 0.1, "l1_ratio": 0.4}, 0.04 * 3 + 0.03 * 5),
    ],
)
def test_penalties(settings, value):
    penalty = recipe(SGDRegressor(**settings)).penalty
    assert penalty.value(np.array([1.0, -2.0])) == pytest.approx(value)


def test_no_penalty():
    assert recipe(SGDRegressor(penalty=None)).penalty is None
    assert recipe(SGDRegressor(alpha=0.0)).penalty is None


@pytest.mark.parametrize(
    ("settings", "rate"),
    [
        ({"learning_rate": "constant", "eta0": 0.3}, 0.3),
        ({"learning_rate": "invscaling", "eta0": 0.3, "power_t": 0.5}, 0.1),
        ({"learning_rate": "optimal", "alpha": 0.0001}, 1 / (0.0001 * (1000 + 8))),
    ],
)
def test_learning_rates_at_step_nine(settings, rate):
    assert recipe(SGDRegressor(**settings)).optimizer.rate(9.0) == pytest.approx(rate, rel=1e-12)


def test_models_and_losses():
    assert recipe(SGDClassifier("log_loss")).model.name == "logistic"
    assert recipe(SGDClassifier("hinge", fit_intercept=False)).model.name == "linear(origin)"
    assert recipe(SGDClassifier()).far_first and not recipe(SGDRegressor()).far_first
    assert NUMBERS["huber"](0.5).function(3.0, 0.0) == gl.huber(0.5)(3.0, 0.0)
    assert CLASSES.keys().isdisjoint(NUMBERS)


@pytest.mark.parametrize(("average", "name"), [(False, "sgd"), (0, "sgd"), (True, "averaged_sgd"), (7, "averaged_sgd")])
def test_averages(average, name):
    assert recipe(SGDRegressor(average=average)).optimizer.name == name


def test_random_state():
    assert recipe(SGDRegressor()).seed == 0 and recipe(SGDRegressor(random_state=5)).seed == 5


def test_small_things():
    assert single([1]) == 1 and single([1, 2]) == (1, 2)
    row = Row(1, 2.0, 0.0, 0.1, 10, 0.0)
    assert counted(row, []).rows == 10 and counted(row, [row]).rows == 20
    assert start_from(None, None, 2, False).keys() == {"w"}
    assert start_from([[1, 2]], [3], 2, True)["b"] == 3
