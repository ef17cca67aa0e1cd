"""Losses at points where their value is known, and the constant each of them prefers."""

from typing import Any

import numpy as np
import pytest

from gradloop import losses
from gradloop.losses import LOSSES, Loss, about, huber, quantile


def best_constant(loss: losses.LossFunction, y: Any, candidates: Any) -> float:
    """The constant prediction of least total loss, by exhaustive search."""
    return float(candidates[np.argmin([np.sum([loss(c, value) for value in y]) for c in candidates])])


GRID = np.linspace(-1, 12, 1301)
Y = np.array([0.0, 1.0, 2.0, 3.0, 10.0])


def test_squared_prefers_the_mean() -> None:
    assert losses.squared(7.0, 4.0) == 4.5
    assert best_constant(losses.squared, Y, GRID) == pytest.approx(3.2)


def test_absolute_prefers_the_median() -> None:
    assert losses.absolute(4.0, 7.0) == 3.0
    assert best_constant(losses.absolute, Y, GRID) == pytest.approx(2.0)


@pytest.mark.parametrize(("tau", "expected"), [(0.1, 0.0), (0.3, 1.0), (0.5, 2.0), (0.7, 3.0), (0.9, 10.0)])
def test_quantile_prefers_the_quantile(tau: float, expected: float) -> None:
    assert best_constant(quantile(tau), Y, GRID) == pytest.approx(expected)


def test_quantile_weighs_both_sides() -> None:
    assert quantile(0.8)(1.0, 3.0) == pytest.approx(1.6)
    assert quantile(0.8)(3.0, 1.0) == pytest.approx(0.4)
    assert quantile(0.5)(3.0, 1.0) == losses.absolute(3.0, 1.0) / 2


def test_huber_is_squared_inside_and_a_tangent_outside() -> None:
    loss = huber(2.0)
    assert loss(1.5, 0.0) == losses.squared(1.5, 0.0)
    assert loss(0.0, 2.0) == 2.0  # where the two pieces meet
    assert loss(0.0, 5.0) == 2.0 + 2.0 * 3.0  # slope delta from there
    # Σ clip(c - y, ±1) = 0 for y = 0, 1, 2, 3, 10: 1 + 1 + (c - 2) + (c - 3) - 1 = 0 at c = 2.
    assert best_constant(huber(1.0), Y, GRID) == pytest.approx(2.0)


def test_logistic_prefers_the_share_of_ones() -> None:
    assert losses.logistic(0.5, 1) == pytest.approx(np.log(2))
    assert losses.logistic(0.2, 0) == pytest.approx(-np.log(0.8))
    shares = np.linspace(0.01, 0.99, 99)
    assert best_constant(losses.logistic, [0, 1, 1, 1], shares) == pytest.approx(0.75)


def test_cross_entropy_of_two_labels_is_logistic() -> None:
    for p in (0.1, 0.5, 0.8):
        for y in (0, 1):
            assert losses.cross_entropy(np.array([1 - p, p]), y) == pytest.approx(losses.logistic(p, y))
    assert losses.cross_entropy(np.array([0.1, 0.2, 0.7]), np.int64(2)) == pytest.approx(-np.log(0.7))


def test_hinge_is_zero_beyond_the_margin() -> None:
    assert [losses.hinge(s, 1) for s in (-1.0, 0.0, 1.0, 2.0)] == [2.0, 1.0, 0.0, 0.0]
    assert [losses.hinge(s, 0) for s in (-2.0, -1.0, 0.0, 1.0)] == [0.0, 0.0, 1.0, 2.0]


def test_poisson_prefers_the_mean_count() -> None:
    assert losses.poisson(2.0, 0) == 2.0
    assert losses.poisson(np.e, 3) == pytest.approx(np.e - 3)
    assert best_constant(losses.poisson, [0, 1, 2, 7], np.linspace(0.5, 5, 451)) == pytest.approx(2.5)


def test_zero_one_counts_the_wrong() -> None:
    assert np.mean(losses.zero_one(np.array([0, 1, 2, 1]), np.array([0, 2, 2, 1]))) == 0.25


@pytest.mark.parametrize("delta", [0.0, -1.0, np.inf, np.nan])
def test_huber_refuses_what_is_not_positive(delta: float) -> None:
    with pytest.raises(ValueError, match=r"huber's delta is .* must be positive"):
        huber(delta)


@pytest.mark.parametrize("tau", [0.0, 1.0, -0.1, 50, np.nan])
def test_quantile_refuses_what_is_not_a_share(tau: float) -> None:
    with pytest.raises(ValueError, match=r"quantile's tau is .* share between 0 and 1"):
        quantile(tau)


def test_smooth_in_the_table_says_whether_the_slope_jumps() -> None:
    """The slope of every trainable loss just left and right of where two pieces may meet."""
    h = 1e-6
    for loss in LOSSES.values():
        if loss.trainable and loss.target != "label":
            points, y = ([0.3, 0.7], 1) if loss.name in ("logistic", "poisson") else ([-1.0, 0.0, 1.0, 2.0], 1)
            jumps = [
                float(loss.function(p + h, y) - 2 * loss.function(p, y) + loss.function(p - h, y)) / h for p in points
            ]
            assert (max(jumps) < 0.1) == loss.smooth, loss.name


def test_never_negative_in_the_table_is_true_of_whatever_is_predicted() -> None:
    random = np.random.default_rng(0)
    predicted, targets = 10 * random.standard_normal((2, 10_000))
    said = {loss.name for loss in LOSSES.values() if loss.never_negative}
    assert said == {"squared", "absolute", "huber", "quantile", "hinge"}
    for name in said:
        targets_of_kind = (targets > 0).astype(float) if LOSSES[name].target == "binary" else targets
        assert (LOSSES[name].function(predicted, targets_of_kind) >= 0).all()
    assert not about(lambda y_hat, y: y_hat - y).never_negative


def test_about_finds_the_row_of_a_function() -> None:
    for name, loss in LOSSES.items():
        assert about(loss.function) == loss
        assert loss.name == name
    sharp = huber(0.1)
    assert about(sharp) == LOSSES["huber"]._replace(function=sharp)
    assert about(quantile(0.9)).name == "quantile"


def test_about_takes_a_function_of_the_same_name_for_another() -> None:
    def squared(y_hat: Any, y: Any) -> Any:
        return y_hat

    assert about(squared) == Loss("squared", squared, target="number", trainable=True, smooth=False)
    assert about(np.minimum).name == "minimum"
