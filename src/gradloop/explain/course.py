"""A step of a training that is over, taken once more: the order of rows and the loop are pure functions, so the same
steps from the same start end in the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradloop.compiler.loops import Train
from gradloop.core.order import row_at
from gradloop.errors import OptionError
from gradloop.optimizers import Optimizer, sgd
from gradloop.problem import Problem, make_problem
from gradloop.result import Result
from gradloop.solvers.gradient_descent import GradientDescent, GradientRun
from gradloop.solvers.minibatch import Minibatch, Run
from gradloop.solvers.solution import check_count

REMEDY = "fit with solver=gl.Minibatch(gl.sgd(0.03)), for instance"
Array = Any


@dataclass(frozen=True)
class Step:
    """One update: where it stands in the run, what it saw, and the parameters that training has before and after."""

    number: int  # from 1
    steps: int
    epoch: int  # from 1
    batch: int  # of the epoch, from 1
    batches: int
    order: str  # how the rows were chosen
    rows: Array  # of the examples, in the order in which they were visited
    learning_rate: float
    optimizer: Optimizer
    loop: Train
    numbers: Array  # the constants of the loop's updates
    params: Array  # where the gradient is taken
    state: Array
    after: Array
    state_after: Array
    remark: str = ""


def problem_of(fit: Result) -> Problem:
    """What the fit minimised, on the examples that it still has.

    Raises: OptionError for a fit that has none, because it was loaded.
    """
    examples, course = fit.examples, fit.course
    if examples is None or course is None:
        raise OptionError(
            "This fit does not hold the data it was trained on, because a file of a model never does; fit again, and "
            "explain that fit."
        )
    parts = examples.X, examples.y, examples.start, course.penalty, course.engine, examples.weights
    return make_problem(examples.model, examples.loss, *parts)


def step_of(fit: Result, problem: Problem, number: int) -> Step:
    """Train up to a step and take it.

    Raises: OptionError for a step that there is not, or a way of fitting without steps.
    """
    check_count("step", number, "the steps of training")
    solver = fit.course.solver if fit.course is not None else None
    with np.errstate(over="ignore", invalid="ignore"):
        if isinstance(solver, Minibatch):
            return minibatch_step(fit, problem, solver, number)
        if isinstance(solver, GradientDescent):
            return descent_step(fit, problem, solver, number)
    raise OptionError(
        f"explain walks a step of gradient descent or of minibatch training, and {type(solver).__name__} has no such "
        f"steps; {REMEDY}."
    )


def check_step(number: int, steps: int) -> None:
    if number > steps:
        some = f"choose a step from 1 to {steps}" if steps else REMEDY
        raise OptionError(f"There is no step {number}: training recorded {steps} steps; {some}.")


# ---- minibatches ---------------------------------------------------------------------------------------------


def minibatch_step(fit: Result, problem: Problem, solver: Minibatch, number: int) -> Step:
    run = run_of(fit, problem, solver)
    steps = run.epochs * run.batches
    check_step(number, steps)
    program = problem.program(run.loop)
    if not run.run_steps(program, 0, number - 1):
        raise OptionError(f"There is no step {number}: {run.notes[-1]} Choose an earlier step.")
    params, state = run.params.copy(), run.state.copy()
    run.run_steps(program, number - 1, number)
    epoch, batch = divmod(number - 1, run.batches)
    places = places_of(run, number)
    order = f"the order of seed {fit.seed} and epoch {epoch + 1}" if solver.shuffle else "the order of the data"
    return Step(
        number, steps, epoch + 1, batch + 1, run.batches,
        f"places {places[0] + 1} to {places[-1] + 1} in {order}",
        rows_of(run, number), float(run.optimizer.rate(float(number))), run.optimizer, run.loop, run.numbers,
        params, state, run.params, run.state,
    )  # fmt: skip


def run_of(fit: Result, problem: Problem, solver: Minibatch) -> Run:
    """The run again, before its first step."""
    assert fit.course is not None and fit.course.optimizer is not None
    batch_size, epochs = solver.rows_in_a_batch(len(problem.X)), len(fit.history)
    return Run(problem, fit.course.optimizer, batch_size, epochs, solver.shuffle, fit.seed, None)


def places_of(run: Run, number: int) -> Array:
    """Where in the epoch's order the rows of a step stand; the last batch may be short."""
    first = (number - 1) % run.batches * run.batch_size
    return np.arange(first, min(first + run.batch_size, run.rows))


def rows_of(run: Run, number: int) -> Array:
    """The rows of a step, in the order in which they were visited."""
    places = places_of(run, number)
    return row_at(places, run.rows, run.seed, (number - 1) // run.batches) if run.shuffle else places


# ---- gradient descent ----------------------------------------------------------------------------------------


class WatchedRun(GradientRun):
    """Gradient descent that remembers where the gradient of its last step was taken."""

    ahead: Array

    def try_from(self, ahead: Array, value: float, slope: Array) -> tuple[Array, float, Array] | None:
        self.ahead = ahead
        return super().try_from(ahead, value, slope)


def descent_step(fit: Result, problem: Problem, solver: GradientDescent, number: int) -> Step:
    steps = len(fit.history)
    check_step(number, steps)
    run = WatchedRun(problem, solver, None)
    for _ in range(number):
        last = run.params
        run.step()
    rule, rows = sgd(run.rate), len(problem.X)
    loop = Run(problem, rule, rows, steps, False, fit.seed, None)
    dtype = problem.start.dtype
    remark = "" if np.array_equal(run.ahead, last) else momentum_remark(problem, last)
    return Step(
        number, steps, number, 1, 1, "all rows", np.arange(rows), run.rate, rule, loop.loop, loop.numbers,
        run.ahead.astype(dtype), loop.state, run.params.astype(dtype), loop.state, remark,
    )  # fmt: skip


def momentum_remark(problem: Problem, last: Array) -> str:
    """Where the last step ended, if the gradient is taken ahead of it."""
    where = ", ".join(f"{name} = {value.tolist()}" for name, value in problem.unpack(last).items())
    few = f": that was {where}" if last.size <= 8 else ""
    return f"Momentum has carried the parameters on from where the last step ended{few}."
