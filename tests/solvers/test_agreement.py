"""One problem, many roads, the same answer: every solver on every problem it claims, within its certificate."""

from dataclasses import replace

import numpy as np
import pytest

import gradloop as gl
from gradloop.certificate import certify
from gradloop.solvers.auto import SOLVERS
from gradloop.solvers.coordinate_descent import CoordinateDescent
from gradloop.solvers.exhaustive import Exhaustive
from gradloop.stop import Stop
from problems import SMOOTH, numbers

CLAIMS = {
    "closed_form": {"least squares", "ridge"},
    "coordinate_descent": {"least squares", "ridge"},
    "gauss_newton": {"least squares", "huber"},
    "newton": set(SMOOTH),
    "lbfgs": set(SMOOTH),
    "gradient_descent": set(SMOOTH),
    "minibatch": set(SMOOTH),
}
BEST: dict[str, float] = {}


def standardised(name):
    """Minibatches need columns of one size to come near in a short time."""
    return standardise(SMOOTH[name]())


def standardise(given):
    return replace(given, X=(given.X - given.X.mean(axis=0)) / given.X.std(axis=0))


def best(name):
    if name not in BEST:
        given = standardised(name)
        BEST[name] = given.objective(SOLVERS["newton"]().solve(given).params)[0]
    return BEST[name]


def test_every_solver_has_claims():
    assert CLAIMS.keys() == SOLVERS.keys()


@pytest.mark.parametrize(("solver", "name"), [(s, n) for s, names in CLAIMS.items() for n in sorted(names)])
def test_all_reach_the_same_loss(solver, name):
    given = standardised(name)
    found = SOLVERS[solver]().solve(given)
    value, certificate = given.objective(found.params)[0], certify(given, found.params)
    assert found.stop in (Stop.CONVERGED, Stop.FINISHED, Stop.STALLED)
    assert found.history["loss"][-1] == pytest.approx(value, rel=1e-12)
    assert value - best(name) == pytest.approx(certificate.value, rel=0.05, abs=1e-11 * abs(value))
    assert value - best(name) < 1e-3 * abs(value)


@pytest.mark.parametrize("solver", sorted(CLAIMS))
def test_what_is_not_claimed_is_refused_before_work_starts(solver):
    for name in sorted(SMOOTH.keys() - CLAIMS[solver]):
        told = []
        with pytest.raises(gl.OptionError):
            SOLVERS[solver]().solve(SMOOTH[name](), report=told.append)
        assert told == []


KINKED = {
    "lasso": lambda: numbers(penalty=gl.l1(0.1)),
    "strong lasso": lambda: numbers(penalty=gl.l1(0.7)),
    "elastic net": lambda: numbers(penalty=gl.elastic_net(0.1, 0.2)),
}
OF_KINKED = {"coordinate_descent": 1e-10, "gradient_descent": 1e-10, "minibatch": 1e-3}  # and how near they come


@pytest.mark.parametrize("name", KINKED)
@pytest.mark.parametrize("solver", SOLVERS)
def test_penalties_with_kinks_are_solved_within_the_duality_gap_or_refused(solver, name):
    given = standardise(KINKED[name]())
    if solver not in OF_KINKED:
        with pytest.raises(gl.OptionError):
            SOLVERS[solver]().solve(given)
        return
    best = given.objective(CoordinateDescent(tolerance=1e-14).solve(given).params)[0]
    found = SOLVERS[solver]().solve(given)
    value, certificate = given.objective(found.params)[0], certify(given, found.params)
    assert certificate.kind == "duality gap"
    assert -1e-13 * value <= value - best <= certificate.value + 1e-13 * value
    assert value - best <= OF_KINKED[solver] * value
    assert found.stop is (Stop.FINISHED if solver == "minibatch" else Stop.CONVERGED)


def test_exhaustive_search_comes_as_near_as_its_grid():
    given = standardised("least squares")
    answer = SOLVERS["closed_form"]().solve(given).params
    grid = {"w": [np.linspace(w - 1, w + 1.1, 8) for w in answer[:4]], "b": [answer[4]]}
    coarse, fine = (given.objective(Exhaustive(grid, refine=k).solve(given).params)[0] for k in (0, 8))
    assert best("least squares") <= fine <= coarse and fine - best("least squares") < 1e-4
