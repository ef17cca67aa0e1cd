import math
import statistics

import numpy as np
import pytest
import scipy.stats

from gradloop.errors import DataError
from gradloop.metrics import accuracy, log_loss, mean_absolute_error, r_squared, root_mean_squared_error

rng = np.random.default_rng(1)
Y = rng.normal(5.0, 2.0, 200)
Y_HAT = Y + rng.normal(size=200)
LABELS = rng.integers(0, 3, 200)
PROBABILITIES = rng.dirichlet([1.0, 2.0, 0.5], 200)


def test_r_squared_of_a_least_squares_line_is_the_squared_correlation():
    line = np.polyval(np.polyfit(Y_HAT, Y, 1), Y_HAT)
    assert r_squared(Y, line) == pytest.approx(np.corrcoef(Y, Y_HAT)[0, 1] ** 2, rel=1e-12)


def test_errors_are_norms_of_the_residuals():
    residuals = (Y - Y_HAT).tolist()
    assert mean_absolute_error(Y, Y_HAT) == pytest.approx(statistics.fmean(map(abs, residuals)), rel=1e-12)
    quadratic_mean = math.hypot(*residuals) / math.sqrt(200)
    assert root_mean_squared_error(Y, Y_HAT) == pytest.approx(quadratic_mean, rel=1e-12)


def test_log_loss_of_knowing_only_the_shares_is_their_entropy():
    shares = np.bincount(LABELS) / 200
    found = log_loss(LABELS, np.tile(shares, (200, 1)))
    assert found == pytest.approx(scipy.stats.entropy(shares), rel=1e-12)


def test_accuracy_counts():
    predicted = PROBABILITIES.argmax(axis=1)
    right = sum(a == b for a, b in zip(LABELS, predicted, strict=True))
    assert accuracy(LABELS, predicted) == right / 200


def test_predicting_the_mean_explains_nothing_and_the_truth_everything():
    assert r_squared(Y, np.full(200, Y.mean())) == pytest.approx(0.0, abs=1e-15)
    assert r_squared(Y, Y) == 1.0


def test_r_squared_is_not_defined_where_nothing_varies():
    assert math.isnan(r_squared(np.full(3, 2.0), np.arange(3.0)))
    assert math.isnan(r_squared(np.zeros(3), np.zeros(3)))


@pytest.mark.parametrize("unit", [1e-300, 1e-150, 1e150, 1e300])
def test_units_neither_overflow_nor_change_r_squared(unit):
    assert r_squared(Y * unit, Y_HAT * unit) == pytest.approx(r_squared(Y, Y_HAT), rel=1e-12)
    error = root_mean_squared_error(Y * unit, Y_HAT * unit)
    assert error == pytest.approx(unit * root_mean_squared_error(Y, Y_HAT), rel=1e-12)


def test_small_integers_do_not_wrap_around():
    assert mean_absolute_error(np.array([-128], np.int8), np.array([127], np.int8)) == 255.0


def test_the_impossible_that_happened_costs_much_but_not_infinity():
    assert log_loss([0, 0], [[0.0, 1.0], [1.0, 0.0]]) == pytest.approx(-math.log(np.finfo(float).eps) / 2)


@pytest.mark.parametrize("measure", [r_squared, root_mean_squared_error, mean_absolute_error, accuracy])
@pytest.mark.parametrize("shape", [(3, 1), (2,), (), (0,)])
def test_shapes_are_never_broadcast(measure, shape):
    with pytest.raises(DataError, match=r"shape \(n,\)"):
        measure(np.ones(3) if shape != (0,) else np.ones(0), np.ones(shape))


@pytest.mark.parametrize(("labels", "shape"), [([0, 1], (2,)), ([0, 1], (3, 2)), ([[0, 1]], (1, 2)), ([], (0, 2))])
def test_log_loss_checks_shapes(labels, shape):
    with pytest.raises(DataError, match="one row of probabilities per row"):
        log_loss(labels, np.full(shape, 0.5))
