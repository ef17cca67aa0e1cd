"""Minibatch SGD: the compiled training loop that `gl.fit` calls.

What is timed is what the others are timed for, training: the order of rows and every step, one call of the
machine code for an epoch (for all epochs of the textbook problem, as JAX does). `gl.fit` adds to it once
the tracing, and after every epoch the loss over all rows, which nobody here is asked for. The problem by hand
runs on gradloop's arrays with a tape, and compiles nothing.
"""

from functools import lru_cache
from time import perf_counter
from typing import Any

import gradloop as gl
from benchmarks import by_hand
from benchmarks.problems.descent import Descent, data
from benchmarks.rivals import Turn
from gradloop.compiler import program as programs
from gradloop.core import derived
from gradloop.eager import Array, no_grad
from gradloop.losses import LOSSES
from gradloop.models import MODELS
from gradloop.problem import make_problem
from gradloop.solvers.minibatch import Run


def descent(problem: Descent) -> Turn:
    """A turn: the trainings of one timing each, and the parameters of the last."""
    if problem.by_hand:
        return by_hand.turns(problem, Array, no_grad)
    if problem.unit == "compilation":
        return lambda: ([compile_seconds(problem) for _ in range(problem.repetitions)], None)
    training = prepared(problem)
    program = training.problem.program(training.loop)
    together = problem.epochs if problem.unit == "step" else 1

    def turn() -> tuple[list[float], Any]:
        seconds = []
        for _ in range(problem.repetitions):
            training.params[:] = training.problem.start
            training.state[:] = training.first_state()
            for epoch in range(0, problem.epochs, together):
                begin = perf_counter()
                train(program, training, epoch * problem.steps, (epoch + together) * problem.steps)
                seconds.append((perf_counter() - begin) / problem.units_timed)
        return seconds, training.problem.unpack(training.params)

    return turn


def train(program: Any, training: Run, first: int, last: int) -> None:
    arrays = (training.numbers, training.params, training.state)
    program.train(training.problem.rows, training.batch_size, first, last, 0, *arrays)


def prepared(problem: Descent) -> Run:
    """A run at its start."""
    optimizer = gl.sgd(problem.learning_rate)
    return Run(stated(problem), optimizer, problem.batch_size, problem.epochs, True, 0, None)


@lru_cache(maxsize=1)
def stated(problem: Descent) -> Any:
    """Model, loss and data, traced."""
    X, y = data(problem)
    model = MODELS["softmax" if problem.classes else "linear"]
    start = model.start(problem.features, problem.classes)
    return make_problem(model, LOSSES[model.loss], X, y, start)


def compile_seconds(problem: Descent) -> float:
    """From the Python functions to machine code, with nothing remembered from the last time."""
    stated.cache_clear()
    programs._programs.clear()
    derived._graphs.clear()
    begin = perf_counter()
    training = prepared(problem)
    training.problem.program(training.loop)
    return perf_counter() - begin
