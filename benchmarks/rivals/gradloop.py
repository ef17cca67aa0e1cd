"""gradloop itself: the compiled training loop that `gl.fit` calls; the cold process calls `gl.fit`.

What is timed is what the others are timed for, training: the order of rows and every step, one call of the
machine code for an epoch (for all epochs of the textbook problem, as JAX does). `gl.fit` adds to it once
the tracing, and after every epoch the loss over all rows, which nobody here is asked for. The problem by hand
runs on gradloop's arrays with a tape, and compiles nothing.
"""

from functools import lru_cache
from time import perf_counter
from typing import Any

import numpy as np

import gradloop as gl
from benchmarks import by_hand
from benchmarks.problems import Problem, data, objective
from gradloop.compiler import program as programs
from gradloop.eager import Array, no_grad
from gradloop.losses import LOSSES
from gradloop.models import MODELS
from gradloop.problem import make_problem
from gradloop.solvers.minibatch import Run


def describe() -> str:
    return f"gradloop {gl.__version__}, 1 thread"


def run(problem: Problem) -> tuple[list[float], float | None]:
    if problem.by_hand:
        return by_hand.run(problem, Array, no_grad)
    if problem.measure == "compile":
        return [compile_seconds(problem) for _ in range(problem.repetitions)], None
    if problem.measure == "process":
        return whole_fit(problem)
    training = prepared(problem)
    program = training.problem.program(training.loop)
    together = problem.epochs if problem.measure == "step" else 1
    train(program, training, 0, problem.steps)
    seconds = []
    for _ in range(problem.repetitions):
        training.params[:] = training.problem.start
        training.state[:] = training.first_state()
        for epoch in range(0, problem.epochs, together):
            begin = perf_counter()
            train(program, training, epoch * problem.steps, (epoch + together) * problem.steps)
            seconds.append(perf_counter() - begin)
    return seconds, objective(problem, **training.problem.unpack(training.params))


def train(program: Any, training: Run, first: int, last: int) -> None:
    arrays = (training.numbers, training.params, training.state)
    program.train(training.problem.rows, training.batch_size, first, last, 0, *arrays)


def prepared(problem: Problem) -> Run:
    """A run at its start."""
    optimizer = gl.sgd(problem.learning_rate)
    return Run(stated(problem), optimizer, problem.batch_size, problem.epochs, True, 0, None)


@lru_cache(maxsize=1)
def stated(problem: Problem) -> Any:
    """Model, loss and data, traced."""
    X, y = data(problem)
    model = MODELS["softmax" if problem.classes else "linear"]
    start = model.start(problem.features, problem.classes)
    return make_problem(model, LOSSES[model.loss], X, y, start)


def compile_seconds(problem: Problem) -> float:
    """From the Python functions to machine code, with nothing remembered from the last time."""
    stated.cache_clear()
    programs._programs.clear()
    begin = perf_counter()
    training = prepared(problem)
    training.problem.program(training.loop)
    return perf_counter() - begin


def whole_fit(problem: Problem) -> tuple[list[float], float]:
    X, y = data(problem)
    begin = perf_counter()
    solver = gl.Minibatch(gl.sgd(problem.learning_rate), batch_size=problem.batch_size, epochs=problem.epochs)
    found = gl.fit(X, y, model="softmax" if problem.classes else "linear", solver=solver).params
    seconds = perf_counter() - begin
    return [seconds], objective(problem, np.asarray(found["w"]), np.asarray(found["b"]))
