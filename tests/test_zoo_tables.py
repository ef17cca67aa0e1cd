"""The zoo is complete, its second writing of each problem agrees with the first, and its settings suffice."""

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import zoo
from gradloop import losses, models, optimizers, schedules
from zoo import OPTIMIZERS, PROBLEMS, Problem

problems = pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)


def public_functions(module: ModuleType) -> set[str]:
    functions = inspect.getmembers(module, inspect.isfunction)
    return {name for name, f in functions if f.__module__ == module.__name__ and not name.startswith("_")}


@pytest.mark.parametrize(
    ("module", "table", "rows", "helpers"),
    [
        (losses, losses.LOSSES, zoo.LOSSES, {"about"}),
        (optimizers, optimizers.OPTIMIZERS, zoo.OPTIMIZERS, {"nothing", "last"}),
        (schedules, schedules.SCHEDULES, zoo.SCHEDULES, {"as_schedule"}),
    ],
)
def test_every_public_function_has_one_row(
    module: ModuleType, table: dict[str, Any], rows: list[Any], helpers: set[str]
) -> None:
    assert set(table) == public_functions(module) - helpers
    assert sorted(row.name for row in rows) == sorted(table)


def test_every_public_model_has_one_row() -> None:
    helpers = {
        "start_with_one_output",
        "start_with_one_output_per_class",
        "linear_in_units",
        "polynomial_in_units",
    }
    assert set(models.MODELS) == public_functions(models) - helpers
    assert sorted(row.name for row in zoo.MODELS) == sorted([*models.MODELS, "expected_count"])


def test_every_trainable_loss_has_a_problem() -> None:
    trainable = {name for name, loss in losses.LOSSES.items() if loss.trainable}
    assert {problem.loss.name for problem in PROBLEMS} == trainable
    assert len({problem.name for problem in PROBLEMS}) == len(PROBLEMS)


@problems
def test_start_is_that_of_the_model(problem: Problem) -> None:
    known = problem.model.model
    known = models.MODELS[known] if isinstance(known, str) else known
    if isinstance(known, models.Model):
        start = known.start(3, 3)
        assert {name: value.shape for name, value in start.items()} == {
            name: value.shape for name, value in problem.model.start.items()
        }


@problems
def test_objective_is_the_mean_of_the_loss_over_the_rows(problem: Problem) -> None:
    random = np.random.default_rng(1)
    for _ in range(3):
        params = {name: random.normal(size=value.shape) for name, value in problem.model.start.items()}
        predictions = [problem.model.predict(x, **params) for x in problem.X]
        row_by_row = [problem.loss.loss(p, y) for p, y in zip(predictions, problem.y, strict=True)]
        assert zoo.objective(problem, params) == pytest.approx(np.mean(row_by_row), rel=1e-12)


@problems
def test_gradient_by_hand_is_the_slope_of_the_objective(problem: Problem) -> None:
    random = np.random.default_rng(2)
    flat = random.normal(size=zoo.pack(problem.model.start).shape)
    direction = random.normal(size=flat.shape)
    h = 1e-7  # small enough to cross no kink of the 120 rows
    ahead, behind = (zoo.value_and_gradient(problem, flat + s * direction)[0] for s in (h, -h))
    assert zoo.value_and_gradient(problem, flat)[1] @ direction == pytest.approx((ahead - behind) / (2 * h), rel=1e-5)


@problems
def test_nothing_near_or_far_is_better_than_the_best(problem: Problem) -> None:
    random = np.random.default_rng(3)
    best = zoo.best_objectives()[problem.name]
    for scale in np.logspace(-3, 1, 200):
        flat = zoo.pack({"w": problem.model.truth[0], "b": problem.model.truth[1]})
        assert zoo.value_and_gradient(problem, flat + scale * random.normal(size=flat.shape))[0] >= best


def train(problem: Problem, optimizer: optimizers.Optimizer) -> float:
    """The textbook's loop with all rows in every batch and the gradient by hand: the objective at its end."""
    w = zoo.pack(problem.model.start)
    state = optimizer.init(w)
    for t in range(1, zoo.STEPS + 1):
        _, g = zoo.value_and_gradient(problem, w)
        w, state = optimizer.update(w, g, state, float(t))
    return zoo.value_and_gradient(problem, optimizer.final(w, state))[0]


@problems
@pytest.mark.parametrize("case", OPTIMIZERS, ids=lambda case: case.name)
def test_every_optimizer_solves_every_problem(problem: Problem, case: zoo.OptimizerCase) -> None:
    best = zoo.best_objectives()[problem.name]
    assert -1e-9 <= train(problem, case.optimizer) - best <= problem.loss.gap


@pytest.mark.parametrize("case", zoo.SCHEDULES, ids=lambda case: case.name)
def test_sgd_solves_least_squares_with_every_schedule(case: zoo.ScheduleCase) -> None:
    problem = PROBLEMS[0]
    assert problem.loss.name == "squared"
    best = zoo.best_objectives()[problem.name]
    assert -1e-9 <= train(problem, optimizers.sgd(case.schedule)) - best <= problem.loss.gap


def wrong(update: Callable[..., Any]) -> Callable[..., Any]:
    return lambda w, g, state, t: update(w, -g, state, t)


@pytest.mark.parametrize("case", OPTIMIZERS, ids=lambda case: case.name)
def test_an_optimizer_that_goes_uphill_is_noticed(case: zoo.OptimizerCase) -> None:
    problem = PROBLEMS[0]
    uphill = case.optimizer._replace(update=wrong(case.optimizer.update))
    with np.errstate(over="ignore", invalid="ignore"):
        assert not train(problem, uphill) - zoo.best_objectives()[problem.name] <= problem.loss.gap
