"""One thread, two and four give the same bits, from every solver that passes over the rows."""

import os

import numpy as np
import pytest

import gradloop as gl
from gradloop.compiler import program
from problems import problem

ROWS = 3 * program.ROWS_IN_BLOCK + 123
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(ROWS, 12)) * 10.0 ** np.arange(-2, 1).repeat(4) + 5
SCORE = (X - 5) @ (10.0 ** -np.arange(-2, 1).repeat(4)) / 4
NUMBERS = SCORE + RANDOM.normal(size=ROWS)
LABELS = (SCORE + RANDOM.logistic(size=ROWS) > 0).astype(float)

CASES = {
    "closed form": (gl.ClosedForm(), NUMBERS, None),
    "closed form, penalised": (gl.ClosedForm(), NUMBERS, gl.l2(0.1)),
    "coordinate descent": (gl.CoordinateDescent(), NUMBERS, gl.l1(0.01)),
    "Newton": (gl.Newton(), LABELS, None),
    "L-BFGS": (gl.LBFGS(iterations=30), LABELS, None),
    "gradient descent": (gl.GradientDescent(iterations=30), LABELS, None),
    "gradient descent, given rate": (gl.GradientDescent(1e-3, iterations=10), NUMBERS, gl.l1(0.01)),
}


def fitted(name, threads, monkeypatch):
    """The parameters' bits, the losses on the way, and the most threads that were really at work."""
    solver, y, penalty = CASES[name]
    asked = [1]
    real = program.pool
    for module in (program, design_module()):
        monkeypatch.setattr(module, "pool", lambda count: asked.append(count) or real(count))
    monkeypatch.setattr(program, "ROWS_WORTH_A_THREAD", 1000)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(threads)), raising=False)
    given = problem("logistic" if y is LABELS else "linear", None, X, y, penalty=penalty)
    found = solver.solve(given)
    return found.params.tobytes(), found.history["loss"].tobytes(), max(asked)


def design_module():
    from gradloop.solvers.linear import design

    return design


@pytest.mark.parametrize("name", CASES)
def test_the_number_of_threads_changes_no_bit(name, monkeypatch):
    monkeypatch.setattr(design_module(), "ROWS_IN_PIECE", 2048)
    params, losses, alone = fitted(name, 1, monkeypatch)
    assert alone == 1
    for threads in (2, 4):
        again, same_losses, used = fitted(name, threads, monkeypatch)
        assert used == threads
        assert again == params
        assert same_losses == losses


def test_sums_without_fixed_blocks_would_be_noticed(monkeypatch):
    """The checker is checked: blocks that depend on the threads change the last digits."""
    params, _, _ = fitted("gradient descent", 1, monkeypatch)
    monkeypatch.setattr(program, "ROWS_IN_BLOCK", 2048)
    assert fitted("gradient descent", 2, monkeypatch)[0] != params
