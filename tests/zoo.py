"""Every public loss, model, optimizer and schedule, each with a small problem whose best objective is known.

The best objectives come from algebra and SciPy alone: a problem is written here a second time, over whole
columns and with derivatives found by hand, so that nothing of the engine, nor of the functions under test,
takes part. All problems are convex, so that there is one best objective. Training is meant to see all rows in
every batch: then the result does not depend on the order of the rows.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog, minimize  # type: ignore[import-untyped]
from scipy.special import expit, log_softmax  # type: ignore[import-untyped]

from gradloop import losses, models, optimizers, schedules

Array = NDArray[np.float64]
Params = dict[str, Any]

ROWS = 120
STEPS = 1000  # with all rows in every batch, an epoch is one step
DELTA, TAU = 1.0, 0.8


# ----- Losses -----------------------------------------------------------------


class LossCase(NamedTuple):
    """A loss; `by_hand(z, y)`: its values and derivatives for the scores z = features · w + b of all rows."""

    name: str
    loss: losses.LossFunction
    by_hand: Callable[[Array, Array], tuple[Array, Array]] | None  # None: a measure, nothing to train
    gap: float  # how far above the best objective training may end


def squared_by_hand(z: Array, y: Array) -> tuple[Array, Array]:
    return 0.5 * (z - y) ** 2, z - y


def absolute_by_hand(z: Array, y: Array) -> tuple[Array, Array]:
    return np.abs(z - y), np.sign(z - y)


def huber_by_hand(z: Array, y: Array) -> tuple[Array, Array]:
    inside = np.clip(z - y, -DELTA, DELTA)
    return inside * (z - y) - inside**2 / 2, inside


def quantile_by_hand(z: Array, y: Array) -> tuple[Array, Array]:
    slope = np.where(z > y, 1 - TAU, -TAU)
    return slope * (z - y), slope


def logistic_by_hand(z: Array, y: Array) -> tuple[Array, Array]:
    return np.logaddexp(0, z) - y * z, expit(z) - y


def cross_entropy_by_hand(z: Array, y: Array) -> tuple[Array, Array]:
    log_probability = log_softmax(z, axis=1)
    chosen = np.arange(len(y)), y.astype(int)
    slope = np.exp(log_probability)
    slope[chosen] -= 1
    return -log_probability[chosen], slope


def hinge_by_hand(z: Array, y: Array) -> tuple[Array, Array]:
    sign = 2 * y - 1
    lack = 1 - sign * z
    return np.maximum(lack, 0), np.where(lack > 0, -sign, 0)


def poisson_by_hand(z: Array, y: Array) -> tuple[Array, Array]:
    return np.exp(z) - y * z, np.exp(z) - y


LOSSES = [
    LossCase("squared", losses.squared, squared_by_hand, gap=1e-7),
    LossCase("absolute", losses.absolute, absolute_by_hand, gap=5e-4),
    LossCase("huber", losses.huber(DELTA), huber_by_hand, gap=1e-7),
    LossCase("quantile", losses.quantile(TAU), quantile_by_hand, gap=5e-4),
    LossCase("logistic", losses.logistic, logistic_by_hand, gap=1e-7),
    LossCase("cross_entropy", losses.cross_entropy, cross_entropy_by_hand, gap=1e-7),
    LossCase("hinge", losses.hinge, hinge_by_hand, gap=5e-4),
    LossCase("poisson", losses.poisson, poisson_by_hand, gap=1e-7),
    LossCase("zero_one", losses.zero_one, None, gap=0.0),
]


# ----- Models -----------------------------------------------------------------


class ModelCase(NamedTuple):
    """A model whose score is linear in the columns `features(X)`; `losses` are those it goes with."""

    name: str
    model: Any  # what gl.fit is given
    predict: Callable[..., Any]
    start: Params
    losses: tuple[str, ...]
    features: Callable[[Array], Array]
    truth: tuple[Any, Any]  # w and b, from which the data are drawn


def expected_count(x: Any, w: Any, b: Any) -> Any:
    """A user's own model: the exponential keeps it positive, as the Poisson loss needs."""
    return np.exp(np.dot(x, w) + b)


def columns(X: Array) -> Array:
    return X


def columns_and_squares(X: Array) -> Array:
    return np.hstack([X, X**2])


PARABOLA = models.polynomial(2)

MODELS = [
    ModelCase(
        "linear",
        "linear",
        models.linear,
        {"w": np.zeros(3), "b": np.zeros(())},
        ("squared", "absolute", "huber", "quantile", "hinge"),
        columns,
        (np.array([2.0, -1.0, 0.5]), 0.7),
    ),
    ModelCase(
        "polynomial",
        PARABOLA,
        PARABOLA.predict,
        {"w": np.zeros((2, 3)), "b": np.zeros(())},
        ("squared", "absolute", "huber", "quantile", "hinge"),
        columns_and_squares,
        (np.array([1.0, -1.0, 0.5, 0.5, 0.0, -0.5]), 0.3),
    ),
    ModelCase(
        "logistic",
        "logistic",
        models.logistic,
        {"w": np.zeros(3), "b": np.zeros(())},
        ("logistic",),
        columns,
        (np.array([1.0, -1.0, 0.5]), 0.3),
    ),
    ModelCase(
        "softmax",
        "softmax",
        models.softmax,
        {"w": np.zeros((3, 3)), "b": np.zeros(3)},
        ("cross_entropy",),
        columns,
        (np.array([[1.0, -1.0, 0.0], [0.0, 0.5, -0.5], [-0.5, 0.0, 0.5]]), np.array([0.3, 0.0, -0.3])),
    ),
    ModelCase(
        "expected_count",
        expected_count,
        expected_count,
        {"w": np.zeros(3), "b": np.zeros(())},
        ("poisson",),
        columns,
        (np.array([0.4, -0.3, 0.2]), 0.2),
    ),
]


# ----- Problems: every loss with every model it goes with ---------------------


class Problem(NamedTuple):
    """Data for one loss and one model."""

    loss: LossCase
    model: ModelCase
    X: Array  # (ROWS, 3), about as wide as a standardised table
    y: NDArray[Any]  # (ROWS,)

    @property
    def name(self) -> str:
        return f"{self.loss.name}-{self.model.name}"


def draw_target(kind: str, z: Any, random: np.random.Generator) -> Any:
    """Targets of a kind (see losses.Loss.target), drawn around the scores z of the truth."""
    if kind == "number":
        return z + random.laplace(scale=0.5, size=len(z))
    if kind == "binary":
        return (random.random(len(z)) < expit(z)).astype(np.float64)
    if kind == "label":
        return np.argmax(z + random.gumbel(size=z.shape), axis=1).astype(np.int64)
    return random.poisson(np.exp(z)).astype(np.float64)


def make_problem(loss: LossCase, model: ModelCase, seed: int = 0) -> Problem:
    random = np.random.default_rng(seed)
    X = random.uniform(-1.7, 1.7, size=(ROWS, 3))
    w, b = model.truth
    return Problem(loss, model, X, draw_target(losses.LOSSES[loss.name].target, model.features(X) @ w + b, random))


PROBLEMS = [make_problem(loss, model) for model in MODELS for loss in LOSSES if loss.name in model.losses]


def value_and_gradient(problem: Problem, flat: Array) -> tuple[float, Array]:
    """The objective and its derivative by hand; `flat` holds w and then b."""
    assert problem.loss.by_hand is not None
    features = np.column_stack([problem.model.features(problem.X), np.ones(ROWS)])
    theta = flat.reshape(features.shape[1], -1)
    z = features @ theta
    value, slope = problem.loss.by_hand(z if theta.shape[1] > 1 else z.ravel(), problem.y)
    return float(np.mean(value)), (features.T @ slope.reshape(ROWS, -1)).ravel() / ROWS


def pack(params: Params) -> Array:
    return np.concatenate([np.ravel(params["w"]), np.ravel(params["b"])])


def unpack(problem: Problem, flat: Array) -> Params:
    start = problem.model.start
    size = start["w"].size
    return {"w": flat[:size].reshape(start["w"].shape), "b": flat[size:].reshape(start["b"].shape)}


def objective(problem: Problem, params: Params) -> float:
    """The mean loss of `params`, computed without the engine and without the functions under test."""
    return value_and_gradient(problem, pack(params))[0]


# ----- The best objective -----------------------------------------------------


@cache
def best_objectives() -> dict[str, float]:
    """The least objective of every problem, by its name."""
    return {problem.name: best_objective(problem) for problem in PROBLEMS}


def best_objective(problem: Problem) -> float:
    """Least squares by algebra, piecewise linear losses as linear programs, smooth convex ones by BFGS."""
    design = np.column_stack([problem.model.features(problem.X), np.ones(ROWS)])
    name, y = problem.loss.name, problem.y
    if name == "squared":
        return float(np.sum((y - design @ np.linalg.lstsq(design, y)[0]) ** 2) / 2 / ROWS)
    if name == "absolute":
        return least_pinball(design, y, above=1.0, below=1.0)
    if name == "quantile":
        return least_pinball(design, y, above=TAU, below=1 - TAU)
    if name == "hinge":
        return least_hinge(design, 2 * y - 1)
    return least_smooth(problem)


def least_pinball(design: Array, y: Array, above: float, below: float) -> float:
    """min Σ above · u + below · v over θ, u ≥ 0, v ≥ 0 with design θ + u - v = y."""
    n, d = design.shape
    cost = np.concatenate([np.zeros(d), np.full(n, above), np.full(n, below)]) / n
    bounds = [(None, None)] * d + [(0, None)] * (2 * n)
    return solved(linprog(cost, A_eq=np.hstack([design, np.eye(n), -np.eye(n)]), b_eq=y, bounds=bounds))


def least_hinge(design: Array, sign: Array) -> float:
    """min Σ s over θ, s ≥ 0 with sign · design θ + s ≥ 1."""
    n, d = design.shape
    cost = np.concatenate([np.zeros(d), np.ones(n)]) / n
    bounds = [(None, None)] * d + [(0, None)] * n
    return solved(linprog(cost, A_ub=-np.hstack([sign[:, None] * design, np.eye(n)]), b_ub=-np.ones(n), bounds=bounds))


def solved(program: Any) -> float:
    assert program.success, program.message
    return float(program.fun)


def least_smooth(problem: Problem) -> float:
    """A point with (almost) no slope is a minimum, because the problem is convex."""
    start = pack(problem.model.start)
    found = minimize(lambda flat: value_and_gradient(problem, flat), start, jac=True, options={"gtol": 1e-7})
    assert np.max(np.abs(found.jac)) < 1e-6, found.message
    return float(found.fun)


# ----- Optimizers and schedules -----------------------------------------------


class OptimizerCase(NamedTuple):
    """An optimizer that ends within the gap of every problem after STEPS steps of all rows."""

    name: str
    optimizer: optimizers.Optimizer


def fading(rate: float) -> schedules.Schedule:
    """Vanishing steps, which losses with kinks need, and rules whose step is as long as the learning rate."""
    return schedules.cosine(rate, STEPS)


OPTIMIZERS = [
    OptimizerCase("sgd", optimizers.sgd(fading(0.4))),
    OptimizerCase("momentum", optimizers.momentum(fading(0.1))),
    OptimizerCase("nesterov", optimizers.nesterov(fading(0.1))),
    OptimizerCase("averaged_sgd", optimizers.averaged_sgd(fading(0.4), after=STEPS // 2)),
    OptimizerCase("adagrad", optimizers.adagrad(fading(0.5))),
    OptimizerCase("rmsprop", optimizers.rmsprop(fading(0.05))),
    OptimizerCase("adam", optimizers.adam(fading(0.05))),
    OptimizerCase("adamw", optimizers.adamw(fading(0.05), weight_decay=1e-4)),
]


class ScheduleCase(NamedTuple):
    """A schedule with which sgd solves PROBLEMS[0] in STEPS steps, and learning rates worked out by hand."""

    name: str
    schedule: schedules.Schedule
    values: dict[int, float]  # step t -> rate(t)


SCHEDULES = [
    ScheduleCase("constant", schedules.constant(0.5), {1: 0.5, 1000: 0.5}),
    ScheduleCase("step", schedules.step(0.8, every=300, factor=0.5), {1: 0.8, 300: 0.8, 301: 0.4, 601: 0.2}),
    ScheduleCase("inverse_time", schedules.inverse_time(0.8, decay=0.01), {1: 0.8, 101: 0.4, 301: 0.2}),
    ScheduleCase("exponential", schedules.exponential(0.8, decay=np.log(2) / 100), {1: 0.8, 101: 0.4, 301: 0.1}),
    ScheduleCase("cosine", schedules.cosine(0.8, steps=900, final=0.2), {1: 0.8, 301: 0.65, 451: 0.5, 950: 0.2}),
    ScheduleCase("warm_up", schedules.warm_up(0.8, steps=100), {1: 0.008, 50: 0.4, 100: 0.8, 200: 0.8}),
]
