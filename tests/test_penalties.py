"""Penalties against algebra; proximal steps against exhaustive search."""

from typing import Any

import numpy as np
import pytest

from gradloop.penalties import PENALTIES, Penalty, elastic_net, l1, l2

W = np.array([[3.0, -4.0], [0.0, 0.5]])


def test_values_by_hand() -> None:
    assert l2(0.1).value(W) == pytest.approx(0.05 * (9 + 16 + 0.25))
    assert l1(0.1).value(W) == pytest.approx(0.1 * 7.5)
    assert elastic_net(l1=0.1, l2=0.2).value(W) == pytest.approx(0.75 + 0.1 * 25.25)


@pytest.mark.parametrize("w", [-2.0, -0.3, 0.0, 0.2, 1.7])
@pytest.mark.parametrize("rate", [0.1, 0.5, 2.0])
def test_proximal_step_of_l1_is_the_best_of_all_points(w: float, rate: float) -> None:
    penalty = l1(0.8)
    assert penalty.proximal is not None
    candidates = np.linspace(-3, 3, 6001)
    cost = (candidates - w) ** 2 / 2 + rate * np.array([penalty.value(v) for v in candidates[:, None]])
    assert penalty.proximal(np.array([w]), rate)[0] == pytest.approx(candidates[np.argmin(cost)], abs=1e-3)


def test_proximal_step_makes_exact_zeros_and_keeps_the_shape() -> None:
    step = l1(1.0).proximal
    assert step is not None
    np.testing.assert_array_equal(step(W, 0.5), [[2.5, -3.5], [0.0, 0.0]])


@pytest.mark.parametrize("penalty", [l2(0.3), l1(0.3), elastic_net(0.3, 0.7)], ids=lambda penalty: penalty.name)
def test_smooth_part_and_kink_add_up_to_the_whole(penalty: Penalty) -> None:
    """What a small proximal step takes off each entry, per rate, is the slope of the part with the kink."""
    smooth = penalty.smooth(W) if penalty.smooth else 0.0
    kink = 0.0 if penalty.proximal is None else np.sum(np.abs(W - penalty.proximal(W, 1e-9)) * np.abs(W)) / 1e-9
    assert smooth + kink == pytest.approx(penalty.value(W))


def test_least_squares_with_proximal_steps_is_the_lasso_by_algebra() -> None:
    # With orthonormal columns the lasso is the soft threshold of the least squares answer.
    random = np.random.default_rng(0)
    X, _ = np.linalg.qr(random.normal(size=(50, 4)))
    y = X @ np.array([2.0, -0.3, 0.0, 1.0]) + 0.1 * random.normal(size=50)
    penalty, w = l1(0.5), np.zeros(4)
    assert penalty.proximal is not None
    for _ in range(200):
        w = penalty.proximal(w - 0.5 * X.T @ (X @ w - y), 0.5)
    expected = np.sign(X.T @ y) * np.maximum(np.abs(X.T @ y) - 0.5, 0)
    np.testing.assert_allclose(w, expected, atol=1e-12)
    assert np.sum(w == 0) == 2


@pytest.mark.parametrize("strength", [-0.1, np.inf, np.nan])
@pytest.mark.parametrize("make", [l1, l2, lambda s: elastic_net(s, 0.1), lambda s: elastic_net(0.1, s)])
def test_strengths_that_are_no_strengths(make: Any, strength: float) -> None:
    with pytest.raises(ValueError, match=r"strength of penalty l[12] is .* number from 0"):
        make(strength)


def test_strength_zero_changes_nothing() -> None:
    nothing = elastic_net(0.0, 0.0)
    assert nothing.proximal is not None
    assert nothing.value(W) == 0.0
    np.testing.assert_array_equal(nothing.proximal(W, 1.0), W)


def test_the_table_is_keyed_by_name() -> None:
    made = [make(0.1, 0.2) if name == "elastic_net" else make(0.1) for name, make in PENALTIES.items()]
    assert [penalty.name for penalty in made] == list(PENALTIES)
