"""Optimizers against updates worked out by hand, step by step."""

from typing import Any

import numpy as np
import pytest

from gradloop.optimizers import (
    OPTIMIZERS,
    Optimizer,
    adagrad,
    adam,
    adamw,
    averaged_sgd,
    momentum,
    nesterov,
    rmsprop,
    sgd,
)
from gradloop.schedules import inverse_time

EPS = 1e-8


def path(rule: Optimizer, gradients: list[float], start: float = 1.0) -> list[float]:
    """Where the steps lead, for gradients given beforehand."""
    w: Any = np.array([start])
    state, points = rule.init(w), []
    for t, g in enumerate(gradients, start=1):
        w, state = rule.update(w, np.array([g]), state, float(t))
        points.append(float(w[0]))
    return points


def test_sgd_walks_against_the_gradient() -> None:
    # 1 - 0.1·2 = 0.8;  0.8 + 0.1·1 = 0.9;  0.9 - 0.1·4 = 0.5
    assert path(sgd(0.1), [2, -1, 4]) == pytest.approx([0.8, 0.9, 0.5])


def test_sgd_follows_its_schedule() -> None:
    # rates 0.6, 0.3, 0.2
    assert path(sgd(inverse_time(0.6)), [1, 1, 1]) == pytest.approx([0.4, 0.1, -0.1])


def test_momentum_adds_gradients_up() -> None:
    # v: 2, 0.5·2 - 1 = 0, 0.5·0 + 4 = 4
    assert path(momentum(0.1, beta=0.5), [2, -1, 4]) == pytest.approx([0.8, 0.8, 0.4])


def test_nesterov_looks_ahead() -> None:
    # v: 2, 0, 4 as above; steps g + v/2: 2 + 1 = 3, -1 + 0 = -1, 4 + 2 = 6
    assert path(nesterov(0.1, beta=0.5), [2, -1, 4]) == pytest.approx([0.7, 0.8, 0.2])


def test_nesterov_is_the_original_rule_seen_from_the_point_ahead() -> None:
    """1983: y = x + beta·(x - x_before), x ← y - rate·f'(y); here w is y, on f(w) = 3w²/2."""
    rate, beta = 0.1, 0.8
    x_before = x = y = 1.0
    rule = nesterov(rate, beta)
    w: Any = np.array([1.0])
    state = rule.init(w)
    for t in range(1, 8):
        w, state = rule.update(w, 3 * w, state, float(t))
        x_before, x = x, y - rate * 3 * y
        y = x + beta * (x - x_before)
        assert w[0] == pytest.approx(y)


def test_momentum_without_memory_is_sgd() -> None:
    gradients = [2.0, -1.0, 4.0]
    assert path(momentum(0.1, beta=0), gradients) == path(sgd(0.1), gradients) == path(nesterov(0.1, 0), gradients)


@pytest.mark.parametrize("make", [momentum, nesterov])
def test_momentum_is_in_the_long_run_ten_times_as_fast(make: Any) -> None:
    points = path(make(0.01, beta=0.9), [1.0] * 400)
    assert points[-1] - points[-2] == pytest.approx(-0.1)


def test_averaged_sgd_answers_with_the_mean_of_where_it_has_been() -> None:
    # steps are taken from 1, 0.8, 0.9 (see sgd)
    assert final_after(averaged_sgd(0.1), [2, -1, 4]) == pytest.approx((1 + 0.8 + 0.9) / 3)
    assert path(averaged_sgd(0.1), [2, -1, 4]) == path(sgd(0.1), [2, -1, 4])


@pytest.mark.parametrize(("after", "expected"), [(1, (0.8 + 0.9) / 2), (2, 0.9), (5, 0.9)])
def test_averaged_sgd_leaves_the_first_steps_out(after: int, expected: float) -> None:
    assert final_after(averaged_sgd(0.1, after=after), [2, -1, 4]) == pytest.approx(expected)


def final_after(rule: Optimizer, gradients: list[float]) -> float:
    w: Any = np.array([1.0])
    state = rule.init(w)
    for t, g in enumerate(gradients, start=1):
        w, state = rule.update(w, np.array([g]), state, float(t))
    return float(rule.final(w, state)[0])


def test_adagrad_divides_by_all_gradients_so_far() -> None:
    # s: 9, 9 + 16 = 25, 25 + 144 = 169; steps 3/3, 4/5, -12/13
    expected = np.cumsum([-3 / 3, -4 / 5, 12 / 13]) * 0.5 + 1
    assert path(adagrad(0.5), [3, 4, -12]) == pytest.approx(expected)


def test_rmsprop_divides_by_recent_gradients() -> None:
    # beta = 0.5, s: 0.5·2 = 1, 0.5·1 + 0.5·7 = 4, 0.5·4 + 0.5·14 = 9; steps √2/1, √7/2, √14/3
    gradients = [np.sqrt(2), np.sqrt(7), np.sqrt(14)]
    expected = 1 - 0.3 * np.cumsum([np.sqrt(2), np.sqrt(7) / 2, np.sqrt(14) / 3])
    assert path(rmsprop(0.3, beta=0.5), gradients) == pytest.approx(expected)


def test_adam_by_the_closed_form_of_its_means() -> None:
    """m_hat and v_hat are weighted means of all gradients, with weights beta^age."""
    gradients, beta1, beta2 = np.array([2.0, -1.0, 4.0, 0.5]), 0.5, 0.8
    w, expected = 1.0, []
    for t in range(1, 5):
        age = np.arange(t)[::-1]
        m_hat = np.average(gradients[:t], weights=beta1**age)
        v_hat = np.average(gradients[:t] ** 2, weights=beta2**age)
        w -= 0.1 * m_hat / (np.sqrt(v_hat) + EPS)
        expected.append(w)
    assert path(adam(0.1, beta1, beta2), list(gradients)) == pytest.approx(expected, rel=1e-12)


def test_adam_does_not_see_the_unit_of_the_loss() -> None:
    gradients = [2.0, -1.0, 4.0]
    assert path(adam(0.1), [1000 * g for g in gradients]) == pytest.approx(path(adam(0.1), gradients), rel=1e-6)


def test_adamw_is_adam_beside_which_the_weights_shrink() -> None:
    # Without a gradient: w ← w - 0.1·0.5·w
    assert path(adamw(0.1, weight_decay=0.5), [0, 0, 0]) == pytest.approx([0.95, 0.95**2, 0.95**3])
    # The first step of Adam has the length of the rate.
    assert path(adamw(0.1, weight_decay=0.5), [7]) == pytest.approx([1 - 0.1 - 0.05])
    assert path(adamw(0.1, weight_decay=0), [2, -1, 4]) == path(adam(0.1), [2, -1, 4])


def test_adamw_spares_the_intercept() -> None:
    rule = adamw(0.1, weight_decay=0.5)
    assert rule.intercept_update is not None
    spared = rule._replace(update=rule.intercept_update)
    assert path(spared, [2, -1, 4]) == path(adam(0.1), [2, -1, 4])


def every_optimizer(rate: Any) -> list[Optimizer]:
    return [make(rate) for make in OPTIMIZERS.values()]


@pytest.mark.parametrize("rule", every_optimizer(0.1), ids=lambda rule: rule.name)
@pytest.mark.parametrize("shape", [(), (3,), (3, 2)])
def test_shapes_are_kept_and_nothing_is_changed_in_place(rule: Optimizer, shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    w, g = random.normal(size=shape), random.normal(size=shape)
    state = rule.init(w)
    before = [np.copy(array) for array in (w, g, *state)]
    w_new, state_new = rule.update(w, g, state, 1.0)
    assert [np.shape(array) for array in (w_new, *state_new)] == [shape] * (1 + len(state))
    assert np.shape(rule.final(w_new, state_new)) == shape
    for array, copy in zip((w, g, *state), before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("rule", every_optimizer(0.1), ids=lambda rule: rule.name)
def test_every_entry_is_treated_alike(rule: Optimizer) -> None:
    w = np.array([1.0, 5.0])
    state = rule.init(w)
    for t, g in enumerate([2.0, -1.0, 4.0], start=1):
        w, state = rule.update(w, np.array([g, 3.0]), state, float(t))
    assert w[0] == pytest.approx(path(rule, [2.0, -1.0, 4.0])[-1], rel=1e-15)


@pytest.mark.parametrize("rule", every_optimizer(0.1), ids=lambda rule: rule.name)
def test_a_gradient_of_zero_leaves_no_nan(rule: Optimizer) -> None:
    assert np.all(np.isfinite(path(rule, [0.0, 0.0])))


def test_the_table_is_keyed_by_name_and_knows_the_rate() -> None:
    schedule = inverse_time(0.5)
    assert [rule.name for rule in every_optimizer(schedule)] == list(OPTIMIZERS)
    assert all(rule.rate is schedule for rule in every_optimizer(schedule))


def test_proximal_steps_follow_only_rules_with_one_rate_for_all_entries() -> None:
    one_rate = {rule.name for rule in every_optimizer(0.1) if rule.proximal}
    assert one_rate == {"sgd", "momentum", "nesterov", "averaged_sgd"}


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("rate", [0, -0.1, np.nan, "fast"])
def test_learning_rates_that_are_none(make: Any, rate: Any) -> None:
    with pytest.raises(ValueError, match=r"learning rate is .* must be a positive number"):
        make(rate)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: momentum(0.1, beta=1.0), "beta"),
        (lambda: nesterov(0.1, beta=-0.1), "beta"),
        (lambda: rmsprop(beta=np.nan), "beta"),
        (lambda: adam(beta1=1.0), "beta1"),
        (lambda: adam(beta2=1.5), "beta2"),
        (lambda: adamw(weight_decay=-1), "weight_decay"),
        (lambda: adagrad(eps=0), "eps"),
        (lambda: rmsprop(eps=-1), "eps"),
        (lambda: adam(eps=0), "eps"),
        (lambda: averaged_sgd(0.1, after=-1), "after"),
    ],
)
def test_other_wrong_numbers_are_named(make: Any, name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name} is .* must be"):
        make()
