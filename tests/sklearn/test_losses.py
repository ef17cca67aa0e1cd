import pickle

import numpy as np
import pytest
from scipy.optimize import approx_fprime

import gradloop as gl
from gradloop.core.evaluate import evaluate
from gradloop.core.grad import gradient
from gradloop.core.spec import Spec
from gradloop.core.trace import trace
from gradloop.sklearn import losses
from gradloop.sklearn.losses import EpsilonInsensitive, Huber, HuberWithScale, Pinball, SquaredEpsilonInsensitive

SCORES = np.array([-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0])
OF_CLASSES = {  # for y = 1
    losses.squared_hinge: [16.0, 4.0, 2.25, 1.0, 0.25, 0.0, 0.0],
    losses.perceptron: [3.0, 1.0, 0.5, 0.0, 0.0, 0.0, 0.0],
    losses.modified_huber: [12.0, 4.0, 2.25, 1.0, 0.25, 0.0, 0.0],
}
OF_NUMBERS = {  # for y = 0
    Huber(1.0): [2.5, 0.5, 0.125, 0.0, 0.125, 0.5, 2.5],
    Pinball(0.25): [0.75, 0.25, 0.125, 0.0, 0.375, 0.75, 2.25],
    EpsilonInsensitive(0.5): [2.5, 0.5, 0.0, 0.0, 0.0, 0.5, 2.5],
    SquaredEpsilonInsensitive(0.5): [6.25, 0.25, 0.0, 0.0, 0.0, 0.25, 6.25],
}


@pytest.mark.parametrize("loss", OF_CLASSES)
def test_losses_of_classes(loss):
    np.testing.assert_allclose(loss(SCORES, 1), OF_CLASSES[loss])
    np.testing.assert_allclose(loss(-SCORES, 0), OF_CLASSES[loss])


@pytest.mark.parametrize("loss", OF_NUMBERS)
def test_losses_of_numbers(loss):
    np.testing.assert_allclose(loss(SCORES, 0.0), OF_NUMBERS[loss])
    np.testing.assert_allclose(loss(SCORES + 2, 2.0), OF_NUMBERS[loss])


@pytest.mark.parametrize("loss", [*OF_NUMBERS, HuberWithScale(1.35), *OF_CLASSES])
def test_losses_can_be_traced_and_pickled(loss):
    y_hat = np.array([0.3, 2.0]) if isinstance(loss, HuberWithScale) else np.array(-1.7)
    assert pickle.loads(pickle.dumps(loss))(y_hat, 1.0) == loss(y_hat, 1.0)
    graph = gradient(
        trace(loss, {"y_hat": Spec(y_hat.shape, y_hat.dtype), "y": Spec((), y_hat.dtype)}, "loss"), ["y_hat"]
    )
    slope = evaluate(graph, {"y_hat": y_hat, "y": np.array(1.0)})[0]
    numeric = approx_fprime(np.atleast_1d(y_hat), lambda v: float(loss(v.reshape(y_hat.shape), 1.0)), 1e-7)
    np.testing.assert_allclose(np.ravel(slope), numeric, atol=1e-5)


def test_the_slope_of_the_squared_hinge_is_bounded():
    assert losses.squared_hinge(-1e15, 1) == pytest.approx(1e12 * 1e15, rel=1e-3)
    below, above = losses.squared_hinge(np.array([-4.999999e11, -5.000001e11]), 1)
    assert below < above == pytest.approx(below, rel=1e-6)


def test_huber_with_scale_is_least_at_the_best_scale():
    """Without outliers Σ scale + e²/scale is least at the root of the mean square."""
    errors = np.array([1.0, -2.0, 2.0])
    sums = [
        sum(HuberWithScale(10.0)(np.array([0.0, s]), e) for e in errors) for s in np.sqrt(3) * np.array([0.9, 1, 1.1])
    ]
    assert sums[1] == min(sums) == pytest.approx(2 * 3 * np.sqrt(3))


def test_options_are_those_of_gradloop():
    with pytest.raises(ValueError, match="huber's delta"):
        gl.huber(-1.0)
    with pytest.raises(ValueError, match="huber's delta"):
        Huber(-1.0)(0.0, 0.0)
