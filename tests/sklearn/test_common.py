import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

import gradloop as gl
from gradloop.examples import from_arrays
from gradloop.sklearn import LogisticRegression
from gradloop.sklearn.common import (
    Estimator,
    errors_by_name,
    model_with,
    penalty_of,
    printing,
    total_weight,
    trained,
    two_or_more,
    weights_of,
)

X = np.random.default_rng(0).normal(size=(30, 2))
Y = X @ [1.0, 2.0] + 3


@pytest.mark.parametrize("name", ["linear", "logistic", "softmax"])
def test_models_through_the_origin_are_those_with_an_intercept_of_zero(name):
    plain, origin = model_with(name, True), model_with(name, False)
    start = plain.start(2, 3)
    w = np.random.default_rng(1).normal(size=start["w"].shape)
    assert origin.start(2, 3).keys() == {"w"} and origin.start(2, 3)["w"].shape == w.shape
    assert origin.loss == plain.loss
    np.testing.assert_allclose(origin.predict(X[0], w=w), plain.predict(X[0], w=w, b=start["b"]), rtol=1e-14)


@pytest.mark.parametrize(("absolute", "square"), [(0.0, 2.0), (3.0, 0.0), (3.0, 2.0)])
def test_penalties(absolute, square):
    penalty = penalty_of(absolute, square)
    assert penalty.value(np.array([1.0, -2.0])) == absolute * 3 + square / 2 * 5


def test_no_penalty():
    assert penalty_of(0.0, 0.0) is None


def test_weights():
    assert weights_of(Estimator(), None, X) is None and total_weight(None, X) == 30
    assert total_weight(weights_of(Estimator(), [2] * 30, X), X) == 60
    with pytest.raises(gl.DataError, match="sample_weight\\[3\\] is negative"):
        weights_of(Estimator(), [1, 1, 1, -1] + [1] * 26, X)


def test_errors_by_name():
    fit = gl.fit(X, Y + np.sin(np.arange(30)))
    found = errors_by_name(fit)
    assert [*found["w"].tolist(), float(found["b"])] == fit.statistics["standard_error"].tolist()
    found = errors_by_name(gl.fit(X, Y, penalty=gl.l2(1.0)))
    assert found["w"].shape == (2,) and np.isnan(found["w"]).all() and np.isnan(found["b"])


def test_two_or_more_scores():
    np.testing.assert_allclose(two_or_more(np.array([0.0, np.log(3)])), [[0.5, 0.5], [0.25, 0.75]])
    np.testing.assert_allclose(two_or_more(np.log([[1.0, 2.0, 5.0]])), [[0.125, 0.25, 0.625]])
    assert two_or_more(np.array([1e4])).tolist() == [[0, 1]]


def test_ctrl_c_ends_a_search_over_many_fits():
    class Interrupted:
        def solve(self, problem, seed=0, report=None):
            def interrupt(progress):
                raise KeyboardInterrupt

            return gl.GradientDescent().solve(problem, seed, interrupt)

    examples = from_arrays(X, Y, None, (), "linear", None, None, None, 0.0, 0)
    with pytest.raises(KeyboardInterrupt):
        trained(examples, Interrupted(), None, 0, None)


def test_printing(capsys):
    assert printing(0) is None
    printing(1)(gl.Progress(2, 5, 0.25, 1000.0, 0.5))
    assert capsys.readouterr().out == "2 of 5: loss 0.25, 0.50 s\n"


def test_what_did_not_end_well_is_a_warning_of_the_callers_line():
    with pytest.warns(ConvergenceWarning) as caught:
        LogisticRegression(max_iter=1).fit(X, Y > 3)
    assert caught[0].filename == __file__
