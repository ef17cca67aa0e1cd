"""Which solver suits a problem, and why: closed form or coordinate descent, else second order, else minibatches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from gradloop.certificate import absolute_strengths
from gradloop.core.affine import is_affine, scores
from gradloop.problem import Problem
from gradloop.progress import Report
from gradloop.solvers.closed_form import ClosedForm
from gradloop.solvers.coordinate_descent import CoordinateDescent
from gradloop.solvers.gauss_newton import GaussNewton
from gradloop.solvers.gradient_descent import GradientDescent
from gradloop.solvers.lbfgs import LBFGS
from gradloop.solvers.minibatch import Minibatch
from gradloop.solvers.newton import Newton
from gradloop.solvers.solution import Solution

FEW_PARAMETERS = 60  # whose second derivatives are found one pass at a time
MOST_IN_CLOSED_FORM = 10_000  # whose matrix of products takes 0.8 GB
MANY_PARAMETERS = 1000  # whose matrix of second derivatives is still cheap to solve


@runtime_checkable
class Solver(Protocol):
    """A way of finding parameters: settings, and one method."""

    def solve(self, problem: Problem, seed: int = 0, report: Report | None = None) -> Solution:
        """Find the parameters of a problem."""


SOLVERS: dict[str, Callable[[], Solver]] = {
    "closed_form": ClosedForm,
    "coordinate_descent": CoordinateDescent,
    "newton": Newton,
    "lbfgs": LBFGS,
    "gauss_newton": GaussNewton,
    "gradient_descent": GradientDescent,
    "minibatch": Minibatch,
}


def choose(problem: Problem) -> tuple[Solver, tuple[str, ...]]:
    """A solver for the problem, and the sentence that says which and why."""
    solver, reason = suited(problem)
    return solver, (f"Solver: {reason}.",)


def suited(problem: Problem) -> tuple[Solver, str]:
    squared = problem.loss.name == "squared" and problem.loss.smooth
    affine = is_affine(problem.prediction, problem.names)
    if squared and affine and not problem.smooth and absolute_strengths(problem) is not None:
        return (
            CoordinateDescent(),
            "coordinate descent, because the penalty has absolute values and the loss is squared",
        )
    if not problem.smooth:
        return Minibatch(), "minibatch SGD, because the loss or the penalty has kinks"
    if squared and affine and problem.start.size > MOST_IN_CLOSED_FORM:
        return LBFGS(), "L-BFGS, because the parameters are too many for the closed form"
    if squared and affine:
        return ClosedForm(), "closed form, because the prediction is linear in its parameters and the loss is squared"
    if squared and problem.penalty is None:
        return GaussNewton(), "Gauss-Newton, because the loss is squared and the prediction is a law"
    one_score = [node.spec.size for node in scores(problem.example, problem.names)] == [1]
    if problem.start.size <= (MANY_PARAMETERS if one_score else FEW_PARAMETERS):
        return Newton(), "Newton's method, because the loss is smooth and the parameters are few"
    return LBFGS(), "L-BFGS, because the loss is smooth and the parameters are many"
