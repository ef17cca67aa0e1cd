"""Minibatch runs that share their passes are the runs that each solver makes alone."""

import numpy as np
import pytest

import gradloop as gl
from gradloop import Stop
from gradloop.solvers.minibatch import Minibatch
from gradloop.solvers.together import solve_together
from problems import problem

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(311, 3))
Y = X @ [1.0, -2.0, 3.0] + 4 + 0.1 * RANDOM.normal(size=311)
GIVEN = problem("linear", None, X, Y)


def assert_alike(found, alone):
    assert found.params.tobytes() == alone.params.tobytes() and found.stop is alone.stop
    assert found.notes == alone.notes and found.optimizer is alone.optimizer
    for column in ("epoch", "loss", "gradient_norm", "learning_rate", "rows"):
        assert found.history[column].tobytes() == alone.history[column].tobytes(), column
    for (epoch, params), (other, others) in zip(found.history.params, alone.history.params, strict=True):
        assert epoch == other and all(np.array_equal(params[name], others[name]) for name in others)


@pytest.mark.parametrize(
    "solvers",
    [
        [Minibatch(gl.sgd(rate), 10, 5) for rate in (0.001, 0.1, 3.0)],
        [Minibatch(gl.adam(rate), "all", 9) for rate in (0.01, 0.1)],
        [Minibatch(gl.averaged_sgd(rate), None, 4, shuffle=False) for rate in (0.01, 0.1)],
        [Minibatch(gl.sgd(rate), 64, 5) for rate in (0.1, gl.schedules.cosine(0.1, 30), 0.2)],
        [Minibatch(gl.sgd(0.1), 64, 3)],
    ],
)
@pytest.mark.parametrize("penalty", [None, gl.l2(0.1), gl.l1(0.1)])
def test_every_solution_is_the_one_found_alone(solvers, penalty):
    if penalty is not None and not solvers[0].optimizer.proximal:
        penalty = None
    given = problem("linear", None, X, Y, penalty=penalty)
    for solver, found in zip(solvers, solve_together(given, solvers, seed=7), strict=True):
        assert_alike(found, solver.solve(given, 7))


def test_all_diverge():
    solvers = [Minibatch(gl.sgd(rate), 10, 50) for rate in (1e3, 1e5)]
    for solver, found in zip(solvers, solve_together(GIVEN, solvers), strict=True):
        assert found.stop is Stop.DIVERGED
        assert_alike(found, solver.solve(GIVEN))


def test_ctrl_c_ends_all_with_what_they_have():
    def stop(progress):
        told.append(progress.epoch)
        if len(told) == 4:
            raise KeyboardInterrupt

    told = []
    solvers = [Minibatch(gl.sgd(rate), 10, 50) for rate in (0.01, 0.1, 0.2)]
    found = solve_together(GIVEN, solvers, report=stop)
    assert told == [1, 1, 1, 2] and [each.stop for each in found] == [Stop.INTERRUPTED] * 3
    for solver, each in zip(solvers, found, strict=True):
        after = Minibatch(solver.optimizer, 10, 1).solve(GIVEN)
        assert each.history["loss"][0] == after.history["loss"][0]
    assert found[1].params.tobytes() == Minibatch(gl.sgd(0.1), 10, 1).solve(GIVEN).params.tobytes()
