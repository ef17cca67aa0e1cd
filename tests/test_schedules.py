"""Schedules at steps where the learning rate is known."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import zoo
from gradloop.schedules import as_schedule, constant, cosine, exponential, inverse_time, step, warm_up


@pytest.mark.parametrize("case", zoo.SCHEDULES, ids=lambda case: case.name)
def test_learning_rates_worked_out_by_hand(case: zoo.ScheduleCase) -> None:
    for t, rate in case.values.items():
        assert case.schedule(float(t)) == pytest.approx(rate, rel=1e-12)


@pytest.mark.parametrize(
    "schedule",
    [constant(0.3), step(0.3, 10), inverse_time(0.3), exponential(0.3, 0.1), cosine(0.3, 50, 0.1)],
)
def test_first_step_is_at_the_rate_and_none_is_longer(schedule: Any) -> None:
    rates = [float(schedule(t)) for t in range(1, 200)]
    assert rates[0] == pytest.approx(0.3)
    assert all(later <= earlier for earlier, later in pairwise(rates))
    assert min(rates) > 0


def test_inverse_time_is_one_over_t() -> None:
    assert [inverse_time(1.0)(t) for t in (1, 2, 4, 8)] == [1.0, 0.5, 0.25, 0.125]


def test_cosine_is_symmetric_around_its_middle_and_stays_at_its_end() -> None:
    schedule = cosine(1.0, steps=100, final=0.2)
    for t in (1, 20, 40):
        assert schedule(t) + schedule(102 - t) == pytest.approx(1.2)
    assert schedule(101) == schedule(5000) == pytest.approx(0.2)


def test_warm_up_climbs_in_a_line_and_then_follows_the_schedule_from_its_start() -> None:
    schedule = warm_up(step(0.8, every=10), steps=4)
    assert [float(schedule(t)) for t in (1, 2, 3, 4)] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert [float(schedule(t)) for t in (5, 13, 14, 24)] == pytest.approx([0.8, 0.8, 0.4, 0.2])


def test_as_schedule_makes_numbers_constant_and_leaves_schedules_alone() -> None:
    schedule = inverse_time(0.5)
    assert as_schedule(schedule) is schedule
    assert as_schedule(np.float64(0.5))(3) == 0.5
    assert as_schedule(1)(3) == 1


@pytest.mark.parametrize("rate", [0, -0.1, np.nan, np.inf, "fast", None])
@pytest.mark.parametrize(
    "make",
    [
        constant,
        as_schedule,
        inverse_time,
        lambda r: step(r, 10),
        lambda r: exponential(r, 1),
        lambda r: cosine(r, 9),
        lambda r: warm_up(r, 9),
    ],
)
def test_learning_rates_that_are_none(make: Any, rate: Any) -> None:
    with pytest.raises(ValueError, match=r"learning rate is .* must be a positive number"):
        make(rate)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: step(0.1, every=0), "every"),
        (lambda: step(0.1, every=5, factor=-1), "factor"),
        (lambda: inverse_time(0.1, decay=0), "decay"),
        (lambda: exponential(0.1, decay=-1), "decay"),
        (lambda: cosine(0.1, steps=0), "number of steps"),
        (lambda: cosine(0.1, steps=9, final=0.2), "final learning rate"),
        (lambda: warm_up(0.1, steps=-1), "number of steps"),
    ],
)
def test_other_wrong_numbers_are_named(make: Any, name: str) -> None:
    with pytest.raises(ValueError, match=name):
        make()
