"""L-BFGS against Newton's method, which shares no step with it."""

import numpy as np
import pytest

import gradloop as gl
from gradloop.solvers.lbfgs import LBFGS, curvature_scale
from gradloop.solvers.newton import Newton
from gradloop.stop import Stop
from problems import SMOOTH, numbers, three_classes, two_classes


@pytest.mark.parametrize("name", SMOOTH)
def test_it_reaches_what_newton_reaches(name):
    given = SMOOTH[name]()
    found, best = LBFGS().solve(given), given.objective(Newton().solve(given).params)[0]
    assert found.stop is Stop.CONVERGED
    assert given.objective(found.params)[0] == pytest.approx(best, rel=1e-9)


def test_units_of_the_columns_hardly_matter():
    given = two_classes()
    unit = curvature_scale(given)
    assert (np.log2(unit) % 1 == 0).all()
    assert len(LBFGS(tolerance=1e-8).solve(given).history) < 40


def test_a_weight_is_a_row_given_as_often():
    random = np.random.default_rng(0)
    X, times = random.normal(size=(40, 3)) * [1.0, 50.0, 0.02], random.integers(0, 9, 40)
    X[0], times[0] = [0.0, 0.0, 1.0], 1000  # a heavy row that only one parameter hears of
    y = (X[:, 0] + random.normal(size=40) > 0).astype(float)
    weighted = gl.fit(X, y, model="logistic", solver="lbfgs", penalty=gl.l2(0.1), weights=times)
    repeated = gl.fit(X.repeat(times, 0), y.repeat(times), model="logistic", solver="lbfgs", penalty=gl.l2(0.1))
    assert len(weighted.history) == len(repeated.history)
    np.testing.assert_allclose(weighted.history["loss"], repeated.history["loss"], rtol=1e-9)


def test_what_stops_it():
    assert LBFGS().solve(two_classes(certain=True)).stop is Stop.SEPARABLE
    assert LBFGS(iterations=2).solve(three_classes()).stop is Stop.ITERATIONS

    def stop(progress):
        raise KeyboardInterrupt

    assert LBFGS().solve(two_classes(), report=stop).stop is Stop.INTERRUPTED


def test_what_it_refuses():
    with pytest.raises(gl.OptionError, match="kinks"):
        LBFGS().solve(numbers(penalty=gl.l1(0.1)))
    with pytest.raises(gl.OptionError, match="memory"):
        LBFGS(memory=0)
