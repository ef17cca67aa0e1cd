"""Everything public with everything it goes with, through the front door, to the best objective that is known."""

import inspect

import numpy as np
import pytest

import gradloop as gl
import zoo
from gradloop import solvers
from gradloop.losses import LOSSES
from gradloop.models import MODELS
from gradloop.optimizers import OPTIMIZERS
from gradloop.schedules import SCHEDULES

problems = pytest.mark.parametrize("problem", zoo.PROBLEMS, ids=lambda problem: problem.name)
optimizers = pytest.mark.parametrize("case", zoo.OPTIMIZERS, ids=lambda case: case.name)


def fit(problem, optimizer, **options):
    """All rows in every batch, so that the zoo's settings hold; a user's function needs its start."""
    own = {} if not inspect.isfunction(problem.model.model) else {"start": problem.model.start}
    solver = options.pop("solver", None) or gl.Minibatch(optimizer, batch_size="all", epochs=zoo.STEPS)
    return gl.fit(
        problem.X, problem.y, model=problem.model.model, loss=problem.loss.loss, solver=solver, **own, **options
    )


def gap(problem, found):
    return zoo.objective(problem, found.params) - zoo.best_objectives()[problem.name]


@optimizers
@problems
def test_every_loss_with_every_model_and_every_optimizer_reaches_the_best(problem, case):
    found = fit(problem, case.optimizer)
    assert found.stop is gl.Stop.FINISHED
    assert -1e-9 <= gap(problem, found) <= problem.loss.gap
    assert found.history["loss"][-1] == pytest.approx(zoo.objective(problem, found.params), rel=1e-12)
    if found.certificate.kind == "exact gap":
        assert found.certificate.value == pytest.approx(gap(problem, found), abs=1e-13)


@pytest.mark.parametrize("case", zoo.SCHEDULES, ids=lambda case: case.name)
def test_every_schedule_reaches_the_best_and_is_the_one_used(case):
    found = fit(zoo.PROBLEMS[0], gl.sgd(case.schedule))
    assert -1e-9 <= gap(zoo.PROBLEMS[0], found) <= zoo.PROBLEMS[0].loss.gap
    for step, rate in case.values.items():  # with all rows in a batch, an epoch is a step
        if step <= zoo.STEPS:
            assert found.history["learning_rate"][step - 1] == pytest.approx(rate, rel=1e-12)


@optimizers
@problems
def test_both_engines_visit_the_same_rows_and_agree_to_rounding(problem, case):
    problem = problem._replace(X=problem.X[:25], y=problem.y[:25])  # NumPy is slow
    optimizer = OPTIMIZERS[case.name](0.01)
    solver = gl.Minibatch(optimizer, batch_size=10, epochs=2)
    native, numpy = (fit(problem, optimizer, solver=solver, seed=3, engine=engine) for engine in ("native", "numpy"))
    for name, values in native.params.items():
        np.testing.assert_allclose(values, numpy.params[name], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(native.history["loss"], numpy.history["loss"], rtol=1e-11)


@problems
def test_every_problem_is_solved_nearly_with_a_derived_rate_and_small_batches(problem):
    found = fit(problem, None, solver=gl.Minibatch(gl.sgd, batch_size=8, epochs=300))
    assert found.stop is gl.Stop.FINISHED
    assert -1e-9 <= gap(problem, found) <= 0.01


@problems
def test_every_problem_with_both_penalties_and_both_engines(problem):
    problem = problem._replace(X=problem.X[:25], y=problem.y[:25])
    solver = gl.Minibatch(gl.momentum(0.01), batch_size=10, epochs=2)
    penalty = gl.elastic_net(l1=0.05, l2=0.1)
    native, numpy = (
        fit(problem, None, solver=solver, penalty=penalty, engine=engine) for engine in ("native", "numpy")
    )
    for name, values in native.params.items():
        np.testing.assert_allclose(values, numpy.params[name], rtol=1e-9, atol=1e-12)


# ---- completeness ----

NUMBERS = {"squared", "absolute", "huber", "quantile"}
SMOOTH = {name for name, loss in LOSSES.items() if loss.smooth}
CLAIMS = {
    "ClosedForm": {"squared"},
    "CoordinateDescent": {"squared"},
    "GradientDescent": SMOOTH,
    "GaussNewton": NUMBERS,
    "Newton": SMOOTH,
    "LBFGS": SMOOTH,
}
SOLVERS = {*CLAIMS, "Minibatch", "Exhaustive", "LocalSGD"}  # minibatches above, a grid below, clusters in their folder


@pytest.mark.parametrize("solver", CLAIMS)
@problems
def test_every_solver_reaches_the_best_of_what_it_claims_and_refuses_the_rest(problem, solver):
    if problem.loss.name not in CLAIMS[solver]:
        with pytest.raises(gl.OptionError):
            fit(problem, None, solver=getattr(gl, solver)())
        return
    found = fit(problem, None, solver=getattr(gl, solver)())
    assert found.stop in (gl.Stop.CONVERGED, gl.Stop.STALLED)
    assert -1e-9 <= gap(problem, found) <= 1e-7


@problems
def test_left_alone_every_problem_is_solved(problem):
    assert -1e-9 <= gap(problem, fit(problem, None, solver="auto")) <= max(problem.loss.gap, 0.01)


@problems
def test_exhaustive_search_finds_the_best_in_a_grid_around_it(problem):
    """With two values for each number, the best known parameters among them."""
    known = fit(problem, None, solver="auto").params
    # each further value at a distance of its own: softmax does not tell a shift of all classes
    grid = {n: [[v, v + 0.7 + i / 10] for i, v in enumerate(np.ravel(values))] for n, values in known.items()}
    grid = {name: values if np.ndim(known[name]) else values[0] for name, values in grid.items()}
    found = fit(problem, None, solver=gl.Exhaustive(grid))
    for name, values in known.items():
        np.testing.assert_array_equal(found.params[name], values)


def test_every_public_solver_is_proven_here():
    classes = {
        name
        for name, thing in vars(gl).items()
        if inspect.isclass(thing) and thing.__module__.startswith(solvers.__name__ + ".")
    }
    assert classes == SOLVERS - {"LocalSGD"}
    assert {name for name, thing in vars(gl).items() if hasattr(thing, "solve")} == SOLVERS


def test_every_public_part_has_a_row():
    trainable = {name for name, loss in LOSSES.items() if loss.trainable}
    assert {problem.loss.name for problem in zoo.PROBLEMS} == trainable
    assert {problem.model.name for problem in zoo.PROBLEMS} == {*MODELS, "expected_count"}
    assert {case.name for case in zoo.OPTIMIZERS} == set(OPTIMIZERS)
    assert {case.name for case in zoo.SCHEDULES} == set(SCHEDULES)
    assert set(gl.optimizers.OPTIMIZERS) <= set(gl.__all__)


@problems
def test_the_wrong_direction_is_noticed(problem):
    """The checker is checked: an optimizer that goes uphill reaches no best objective."""
    right = OPTIMIZERS["sgd"](0.05)
    uphill = right._replace(name="uphill", update=lambda w, g, state, t: right.update(w, -g, state, t))
    found = fit(problem, None, solver=gl.Minibatch(uphill, batch_size="all", epochs=100))
    assert found.stop is gl.Stop.DIVERGED or gap(problem, found) > problem.loss.gap
