"""Which solver is chosen, and that every one is a Solver."""

import numpy as np
import pytest

import gradloop as gl
from gradloop.examples import as_loss, as_model
from gradloop.problem import make_problem
from gradloop.solvers.auto import SOLVERS, Solver, choose
from problems import numbers, three_classes, two_classes


def law(loss="squared", penalty=None):
    start = {"a": 1.0, "k": 1.0}
    model = as_model(lambda t, a, k: a * np.exp(-k * t), start)
    t = np.linspace(0.1, 3, 30)
    return make_problem(model, as_loss(loss, model), t.reshape(-1, 1), 2 * np.exp(-t), start, penalty)


def wide_softmax():
    X = np.random.default_rng(0).normal(size=(50, 30))
    model = as_model("softmax", None)
    return make_problem(model, as_loss(None, model), X, np.arange(50) % 3, model.start(30, 3))


CHOICES = {
    "closed form": (numbers, lambda: numbers(penalty=gl.l2(1.0))),
    "coordinate descent": (lambda: numbers(penalty=gl.l1(1.0)), lambda: numbers(penalty=gl.elastic_net(1.0, 2.0))),
    "minibatch": (lambda: numbers("absolute"), lambda: two_classes(gl.l1(1.0)), lambda: law(penalty=gl.l1(0.1))),
    "Newton": (two_classes, three_classes, lambda: numbers("huber"), lambda: law(penalty=gl.l2(0.1))),
    "Gauss-Newton": (law,),
    "L-BFGS": (wide_softmax,),
}


@pytest.mark.parametrize("name", CHOICES)
def test_the_choice_is_said_with_its_reason(name):
    for given in CHOICES[name]:
        problem = given()
        solver, (sentence,) = choose(problem)
        assert sentence.startswith(f"Solver: {name}") and ", because " in sentence
        assert np.isfinite(solver.solve(problem).params).all()


def test_every_solver_keeps_the_protocol():
    assert all(isinstance(make(), Solver) for make in SOLVERS.values())
    assert not isinstance(gl.sgd(0.1), Solver)
