"""A run taken once more, which gives the same bits, and what its steps saw: rows, both gradients, parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from gradloop.compiler.loops import Sum
from gradloop.core.grad import gradient
from gradloop.explain.course import WatchedRun, problem_of, rows_of, run_of
from gradloop.inference import Fit
from gradloop.problem import Problem
from gradloop.solvers.gradient_descent import GradientDescent
from gradloop.solvers.minibatch import Minibatch, Run

MOST_STEPS = 300
NUMBERS = 60_000  # that the steps of a page hold together
WORK = 2_000_000_000  # numbers read for the gradients of all rows
FEWEST_STEPS = 20
Array = Any


class Taken(NamedTuple):
    """One update of a run."""

    number: int  # from 1
    epoch: int  # from 1
    batch: int  # of the epoch, from 1
    rate: float
    rows: Array | None  # of the examples, in the order in which they were visited; None: all
    before: Array  # the parameters, one behind the other
    after: Array
    ahead: Array  # where the gradients are taken: before, or where momentum has carried it
    loss: float  # the objective of all rows there, and its gradient
    whole: Array
    batch_loss: float  # of the batch, and its gradient
    gradient: Array


class Course(NamedTuple):
    """The steps of a run that a page shows."""

    steps: int  # that there were
    batches: int  # of an epoch
    batch_size: int
    taken: tuple[Taken, ...]


def course_of(fit: Fit) -> Course | None:
    """The steps of a fit by minibatches or gradient descent; None where its solver, or a file, tells of none."""
    if fit.course is None or fit.examples is None or not len(fit.history):
        return None
    solver = fit.course.solver
    with np.errstate(all="ignore"):
        if isinstance(solver, Minibatch):
            return of_minibatches(fit, problem_of(fit), solver)
        if isinstance(solver, GradientDescent):
            return of_descent(fit, problem_of(fit), solver)
    return None


def affordable(problem: Problem, batch_size: int) -> int:
    """How many steps a page has room, and its maker time, for."""
    numbers: int = 4 * problem.start.size + min(batch_size, len(problem.X))
    passes: int = WORK // problem.X.size
    return max(FEWEST_STEPS, min(MOST_STEPS, NUMBERS // numbers, passes))


def chosen(steps: int, batches: int, most: int) -> list[int]:
    """The steps to show, from 1: all, or the first ones, the end of the first epoch, and others evenly to the last.

    >>> chosen(1000, 10, most=16)
    [1, 2, 3, 4, 5, 6, 7, 8, 10, 150, 291, 433, 575, 717, 858, 1000]
    """
    if steps <= most:
        return list(range(1, steps + 1))
    together = min(batches, most // 2) if batches > 1 else most // 2
    first = {*range(1, together + 1), min(batches, steps)}
    rest = np.linspace(together, steps, most - len(first) + 1).round().astype(int).tolist()
    return sorted(first | set(rest))


# ---- minibatches ---------------------------------------------------------------------------------------------


def of_minibatches(fit: Fit, problem: Problem, solver: Minibatch) -> Course:
    run = run_of(fit, problem, solver)
    steps = run.epochs * run.batches
    wanted = chosen(steps, run.batches, affordable(problem, run.batch_size))
    return Course(steps, run.batches, run.batch_size, tuple(walked(run, wanted)))


def walked(run: Run, wanted: list[int]) -> Iterator[Taken]:
    """The run from its start, and what it did at the steps wanted; it ends where the gradient is not finite."""
    problem, done = run.problem, 0
    program = problem.program(run.loop)
    for number in wanted:
        if not run.run_steps(program, done, number - 1):
            return
        before, rows = run.params.copy(), rows_of(run, number)
        finite = run.run_steps(program, number - 1, number)
        epoch, batch = divmod(number - 1, run.batches)
        rate = float(run.optimizer.rate(float(number)))
        seen = (*problem.objective(before), *of_rows(problem, rows, before))
        yield Taken(number, epoch + 1, batch + 1, rate, rows, before, run.params.copy(), before, *seen)
        if not finite:
            return
        done = number


def of_rows(problem: Problem, rows: Array, flat: Array) -> tuple[float, Array]:
    """The objective of some rows, and its gradient: means over as many as they are."""
    program = problem.program(Sum(gradient(problem.example, problem.names, with_value=True), problem.inputs))
    total = program.sum(tuple(np.ascontiguousarray(column[rows]) for column in problem.rows), flat) / len(rows)
    extra, slope = problem.penalty_at(flat)
    return float(total[0]) + extra, total[1:] + slope


# ---- gradient descent ----------------------------------------------------------------------------------------


def of_descent(fit: Fit, problem: Problem, solver: GradientDescent) -> Course:
    steps, rows = len(fit.history), len(problem.X)
    wanted = chosen(steps, 1, affordable(problem, 0))
    return Course(steps, 1, rows, tuple(descended(problem, solver, wanted)))


def descended(problem: Problem, solver: GradientDescent, wanted: list[int]) -> Iterator[Taken]:
    """The same with all rows at once."""
    run = WatchedRun(problem, solver, None)
    for number in range(1, wanted[-1] + 1):
        before = run.params
        run.step()
        if number in wanted:
            seen = problem.objective(run.ahead.astype(problem.start.dtype))
            yield Taken(number, number, 1, run.rate, None, before, run.params, run.ahead, *seen, *seen)
