"""4. Optimizer: how a gradient changes the parameters, in order of increasing complexity.

An optimizer is a pair of pure functions for ONE array of parameters, `init(w) -> state` and
`update(w, g, state, t) -> (w, state)`, where g is the gradient and t = 1, 2, 3 … the step; the loop applies
it to every parameter. All of them take a learning rate that is a positive number or a schedule rate(t).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gradloop.schedules import Schedule, as_schedule

Array = Any  # a NumPy array, a number, or the tracer that stands for one
State = tuple[Array, ...]
Update = Callable[[Array, Array, State, Array], tuple[Array, State]]


def nothing(w: Array) -> State:
    """No memory: the state of a rule that looks only at the gradient."""
    return ()


def last(w: Array, state: State) -> Array:
    """The answer is where the last step ended."""
    return w


class Optimizer(NamedTuple):
    """An update rule and what the loop needs to know about it."""

    name: str
    init: Callable[[Array], State]
    update: Update
    rate: Schedule
    final: Callable[[Array, State], Array] = last  # what is returned as the answer
    proximal: float = 0.0  # length of the proximal step after the update, in units of rate(t); 0: none would be right
    intercept_update: Update | None = None  # the rule for intercepts (b, bias, intercept) where it is another


def sgd(learning_rate: float | Schedule) -> Optimizer:
    """Gradient descent: a step against the gradient.

        w ← w - rate · g

    Args: learning_rate, a positive number or a schedule.

    Raises: ValueError when the learning rate is not positive.

    >>> w, _ = sgd(0.1).update(np.array([1.0, 2.0]), np.array([10.0, -10.0]), (), t=1)
    >>> print(w)
    [0. 3.]

    Source: Robbins and Monro, A stochastic approximation method, 1951.
    """
    rate = as_schedule(learning_rate)

    def update(w: Array, g: Array, state: State, t: Array) -> tuple[Array, State]:
        return w - rate(t) * g, ()

    return Optimizer("sgd", nothing, update, rate, proximal=1.0)


def momentum(learning_rate: float | Schedule, beta: float = 0.9) -> Optimizer:
    """A heavy ball: gradients add up to a velocity that friction slows down.

        v ← beta · v + g
        w ← w - rate · v

    Args: learning_rate, a positive number or a schedule; beta, the share of the velocity kept, from 0 to
    below 1. In the long run a step is 1 / (1 - beta) times as long as that of sgd.

    Raises: ValueError when an argument is out of its range.

    >>> w, (v,) = momentum(0.1, beta=0.5).update(np.array([1.0]), np.array([2.0]), (np.array([6.0]),), t=2)
    >>> print(w, v)
    [0.5] [5.]

    Source: Polyak, Some methods of speeding up the convergence of iteration methods, 1964.
    """
    rate = as_schedule(learning_rate)
    _check_share("beta", beta)

    def init(w: Array) -> State:
        return (np.zeros_like(w),)

    def update(w: Array, g: Array, state: State, t: Array) -> tuple[Array, State]:
        (v,) = state
        v = beta * v + g
        return w - rate(t) * v, (v,)

    return Optimizer("momentum", init, update, rate, proximal=1 / (1 - beta))


def nesterov(learning_rate: float | Schedule, beta: float = 0.9) -> Optimizer:
    """A heavy ball that looks ahead: w is already where the velocity is about to carry the ball.

        v ← beta · v + g
        w ← w - rate · (g + beta · v)

    Args: learning_rate, a positive number or a schedule; beta, the share of the velocity kept, from 0 to
    below 1.

    Raises: ValueError when an argument is out of its range.

    >>> w, (v,) = nesterov(0.1, beta=0.5).update(np.array([1.0]), np.array([2.0]), (np.array([6.0]),), t=2)
    >>> print(w, v)
    [0.55] [5.]

    Source: Nesterov, A method of solving a convex programming problem with convergence rate O(1/k²), 1983; in
    the form of Bengio, Boulanger-Lewandowski and Pascanu, Advances in optimizing recurrent networks, 2013.
    """
    rate = as_schedule(learning_rate)
    _check_share("beta", beta)

    def init(w: Array) -> State:
        return (np.zeros_like(w),)

    def update(w: Array, g: Array, state: State, t: Array) -> tuple[Array, State]:
        (v,) = state
        v = beta * v + g
        return w - rate(t) * (g + beta * v), (v,)

    return Optimizer("nesterov", init, update, rate, proximal=1 / (1 - beta))


def averaged_sgd(learning_rate: float | Schedule, after: int = 0) -> Optimizer:
    """Gradient descent whose answer is the mean of the points from which its steps were taken.

        average ← average + (w - average) / max(t - after, 1)
        w ← w - rate · g

    Args: learning_rate, a positive number or a schedule; after, how many steps are left out of the mean
    because they are still on the way, a whole number from 0.

    Raises: ValueError when an argument is out of its range.

    >>> rule = averaged_sgd(0.1)
    >>> w, state = rule.update(np.array([1.0]), np.array([20.0]), rule.init(np.array([1.0])), t=1)
    >>> w, state = rule.update(w, np.array([-10.0]), state, t=2)
    >>> print(w, rule.final(w, state))
    [0.] [0.]

    Source: Polyak and Juditsky, Acceleration of stochastic approximation by averaging, 1992.
    """
    rate = as_schedule(learning_rate)
    if not isinstance(after, int) or after < 0:
        raise ValueError(f"averaged_sgd's after is {after!r}, but it must be a whole number of steps from 0")

    def init(w: Array) -> State:
        return (np.zeros_like(w),)

    def update(w: Array, g: Array, state: State, t: Array) -> tuple[Array, State]:
        (average,) = state
        average = average + (w - average) / np.maximum(t - after, 1)
        return w - rate(t) * g, (average,)

    def final(w: Array, state: State) -> Array:
        return state[0]

    return Optimizer("averaged_sgd", init, update, rate, final, proximal=1.0)


def adagrad(learning_rate: float | Schedule = 0.01, eps: float = 1e-8) -> Optimizer:
    """A learning rate for each parameter, smaller the more its gradients have added up to.

        s ← s + g²
        w ← w - rate · g / (√s + eps)

    Args: learning_rate, a positive number or a schedule, in the unit of w; eps, a small positive number
    against 0/0.

    Raises: ValueError when an argument is out of its range.

    >>> w, (s,) = adagrad(0.5).update(np.array([1.0]), np.array([3.0]), (np.array([16.0]),), t=2)
    >>> print(w, s)
    [0.7] [25.]

    Source: Duchi, Hazan and Singer, Adaptive subgradient methods for online learning, 2011.
    """
    rate = as_schedule(learning_rate)
    _check_eps(eps)

    def init(w: Array) -> State:
        return (np.zeros_like(w),)

    def update(w: Array, g: Array, state: State, t: Array) -> tuple[Array, State]:
        (s,) = state
        s = s + g * g
        return w - rate(t) * g / (np.sqrt(s) + eps), (s,)

    return Optimizer("adagrad", init, update, rate)


def rmsprop(learning_rate: float | Schedule = 0.01, beta: float = 0.9, eps: float = 1e-8) -> Optimizer:
    """AdaGrad that forgets: the gradient in units of its own recent size.

        s ← beta · s + (1 - beta) · g²
        w ← w - rate · g / (√s + eps)

    Args: learning_rate, a positive number or a schedule, in the unit of w; beta, the share of s kept, from 0
    to below 1; eps, a small positive number against 0/0.

    Raises: ValueError when an argument is out of its range.

    >>> w, (s,) = rmsprop(0.5, beta=0.5).update(np.array([1.0]), np.array([1.0]), (np.array([7.0]),), t=2)
    >>> print(w, s)
    [0.75] [4.]

    Source: Tieleman and Hinton, Neural networks for machine learning, lecture 6.5, 2012.
    """
    rate = as_schedule(learning_rate)
    _check_share("beta", beta)
    _check_eps(eps)

    def init(w: Array) -> State:
        return (np.zeros_like(w),)

    def update(w: Array, g: Array, state: State, t: Array) -> tuple[Array, State]:
        (s,) = state
        s = beta * s + (1 - beta) * g * g
        return w - rate(t) * g / (np.sqrt(s) + eps), (s,)

    return Optimizer("rmsprop", init, update, rate)


def adam(
    learning_rate: float | Schedule = 0.001, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8
) -> Optimizer:
    """RMSProp with momentum; both running means are corrected for having started at zero.

        m ← beta1 · m + (1 - beta1) · g,    m_hat = m / (1 - beta1ᵗ)
        v ← beta2 · v + (1 - beta2) · g²,   v_hat = v / (1 - beta2ᵗ)
        w ← w - rate · m_hat / (√v_hat + eps)

    Args: learning_rate, a positive number or a schedule, in the unit of w; beta1 and beta2, the shares of m
    and v kept, from 0 to below 1; eps, a small positive number against 0/0.

    Raises: ValueError when an argument is out of its range.

    >>> rule = adam(0.5)
    >>> w, _ = rule.update(np.array([1.0, 1.0]), np.array([4.0, -0.1]), rule.init(np.zeros(2)), t=1)
    >>> print(np.round(w, 6))  # the first step is as long as the learning rate, whatever the gradient
    [0.5 1.5]

    Source: Kingma and Ba, Adam: a method for stochastic optimization, 2015, algorithm 1.
    """
    rate = as_schedule(learning_rate)
    _check_share("beta1", beta1)
    _check_share("beta2", beta2)
    _check_eps(eps)

    def init(w: Array) -> State:
        return np.zeros_like(w), np.zeros_like(w)

    def update(w: Array, g: Array, state: State, t: Array) -> tuple[Array, State]:
        m, v = state
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        return w - rate(t) * m_hat / (np.sqrt(v_hat) + eps), (m, v)

    return Optimizer("adam", init, update, rate)


def adamw(
    learning_rate: float | Schedule = 0.001,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.01,
) -> Optimizer:
    """Adam, beside which the weights, but not the intercepts, shrink by a share of themselves at every step.

        w ← (Adam's w) - rate · weight_decay · w

    Args: those of `adam`; weight_decay, a number from 0.

    Raises: ValueError when an argument is out of its range.

    >>> rule = adamw(0.5, weight_decay=0.2)
    >>> w, _ = rule.update(np.array([1.0]), np.array([0.0]), rule.init(np.zeros(1)), t=1)
    >>> print(w)
    [0.9]

    Source: Loshchilov and Hutter, Decoupled weight decay regularization, 2019.
    """
    plain = adam(learning_rate, beta1, beta2, eps)
    if not 0 <= weight_decay < np.inf:
        raise ValueError(f"the weight_decay is {weight_decay}, but it must be a number from 0; try 0.01")

    def update(w: Array, g: Array, state: State, t: Array) -> tuple[Array, State]:
        w_plain, state = plain.update(w, g, state, t)
        return w_plain - plain.rate(t) * weight_decay * w, state

    return plain._replace(name="adamw", update=update, intercept_update=plain.update)


def _check_share(name: str, value: float) -> None:
    if not 0 <= value < 1:
        raise ValueError(f"the optimizer's {name} is {value}, but it must be a share from 0 to below 1; try 0.9")


def _check_eps(eps: float) -> None:
    if not 0 < eps < np.inf:
        raise ValueError(f"the optimizer's eps is {eps}, but it must be a small positive number; try 1e-8")


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "averaged_sgd": averaged_sgd,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adamw,
}
