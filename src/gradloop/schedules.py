"""How large the steps are: the learning rate as a function of the step, in order of increasing complexity.

A schedule is a function rate(t) of the step t = 1, 2, 3 …; every factory here but `warm_up` takes its first
step at the learning rate it is given. Steps are updates, not epochs: n examples in batches of m make
ceil(n / m) of them in an epoch.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any  # a NumPy number, or the tracer that stands for one
Schedule = Callable[[Array], Array]


def constant(rate: float) -> Schedule:
    """The same learning rate at every step.

        rate(t) = rate

    Args: rate, a positive number.

    Raises: ValueError when the rate is not positive.

    >>> constant(0.03)(t=7)
    0.03
    """
    _check_positive("learning rate", rate)
    return lambda t: rate


def step(rate: float, every: float, factor: float = 0.5) -> Schedule:
    """A staircase: after every so many steps the learning rate is multiplied by a factor.

        rate(t) = rate · factor ^ floor((t - 1) / every)

    Args: rate and factor, positive numbers; every, the steps on one stair.

    Raises: ValueError when one of them is not positive.

    >>> schedule = step(0.8, every=10, factor=0.5)
    >>> [float(schedule(t)) for t in (1, 10, 11, 21)]
    [0.8, 0.8, 0.4, 0.2]

    Source: Zhang, Lipton, Li and Smola, Dive into Deep Learning, section 12.11.
    """
    _check_positive("learning rate", rate)
    _check_positive("length of a stair (every)", every)
    _check_positive("factor", factor)
    return lambda t: rate * factor ** np.floor((t - 1) / every)


def inverse_time(rate: float, decay: float = 1.0) -> Schedule:
    """Falls like 1/t: slowly enough to arrive anywhere, fast enough for the noise of batches to average out.

        rate(t) = rate / (1 + decay · (t - 1)),  which is rate / t for decay = 1

    Args: rate and decay, positive numbers.

    Raises: ValueError when one of them is not positive.

    >>> schedule = inverse_time(0.6)
    >>> [round(schedule(t), 12) for t in (1, 2, 3)]
    [0.6, 0.3, 0.2]

    Source: Robbins and Monro, A stochastic approximation method, 1951.
    """
    _check_positive("learning rate", rate)
    _check_positive("decay", decay)
    return lambda t: rate / (1 + decay * (t - 1))


def exponential(rate: float, decay: float) -> Schedule:
    """Shrinks by the same share at every step.

        rate(t) = rate · exp(-decay · (t - 1))

    Args: rate and decay, positive numbers; after 0.7 / decay steps half the rate is left.

    Raises: ValueError when one of them is not positive.

    >>> schedule = exponential(0.8, decay=np.log(2))
    >>> [round(float(schedule(t)), 12) for t in (1, 2, 3)]
    [0.8, 0.4, 0.2]

    Source: Zhang, Lipton, Li and Smola, Dive into Deep Learning, section 12.4.
    """
    _check_positive("learning rate", rate)
    _check_positive("decay", decay)
    return lambda t: rate * np.exp(-decay * (t - 1))


def cosine(rate: float, steps: float, final: float = 0.0) -> Schedule:
    """Half a wave from `rate` down to `final`, where it stays.

        rate(t) = final + (rate - final) / 2 · (1 + cos(π · min((t - 1) / steps, 1)))

    Args: rate, a positive number; steps, how many steps the way down takes; final, a number from 0 to rate.

    Raises: ValueError when rate or steps is not positive, or final not between 0 and rate.

    >>> schedule = cosine(0.8, steps=100, final=0.2)
    >>> [round(float(schedule(t)), 12) for t in (1, 51, 101, 1000)]
    [0.8, 0.5, 0.2, 0.2]

    Source: Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, 2017.
    """
    _check_positive("learning rate", rate)
    _check_positive("number of steps", steps)
    if not 0 <= final <= rate:
        raise ValueError(f"the final learning rate is {final}, but it must lie between 0 and the first, {rate}")
    return lambda t: final + (rate - final) / 2 * (1 + np.cos(np.pi * np.minimum((t - 1) / steps, 1)))


def warm_up(rate: float | Schedule, steps: float) -> Schedule:
    """Climbs in a straight line to a learning rate, from which a schedule then goes on.

        rate(t) = min(t / steps, 1) · schedule(max(t - steps + 1, 1))

    Args: rate, a positive number or the schedule to go on with; steps, how many steps the climb takes.

    Raises: ValueError when a number is not positive.

    >>> schedule = warm_up(inverse_time(0.8), steps=4)
    >>> [round(float(schedule(t)), 12) for t in (1, 2, 4, 5, 7)]
    [0.2, 0.4, 0.8, 0.4, 0.2]

    Source: Goyal and others, Accurate, large minibatch SGD: training ImageNet in 1 hour, 2017.
    """
    _check_positive("number of steps", steps)
    schedule = as_schedule(rate)
    return lambda t: np.minimum(t / steps, 1) * schedule(np.maximum(t - steps + 1, 1))


def as_schedule(rate: float | Schedule) -> Schedule:
    """The schedule itself, or the constant schedule of a number.

    Raises: ValueError when a number is not positive.

    >>> as_schedule(0.03)(t=7)
    0.03
    """
    return rate if callable(rate) else constant(rate)


def _check_positive(name: str, value: float) -> None:
    if not isinstance(value, (int, float, np.number)) or not 0 < value < np.inf:
        raise ValueError(f"the {name} is {value!r}, but it must be a positive number")


SCHEDULES: dict[str, Callable[..., Schedule]] = {
    "constant": constant,
    "step": step,
    "inverse_time": inverse_time,
    "exponential": exponential,
    "cosine": cosine,
    "warm_up": warm_up,
}
