"""Which solvers can work on a cluster, and what is said of those that cannot, before anything is begun."""

from __future__ import annotations

from dataclasses import fields

from gradloop.cluster.local_sgd import LocalSGD
from gradloop.errors import OptionError
from gradloop.solvers.auto import Solver
from gradloop.solvers.closed_form import ClosedForm
from gradloop.solvers.coordinate_descent import CoordinateDescent
from gradloop.solvers.exhaustive import Exhaustive
from gradloop.solvers.gauss_newton import GaussNewton
from gradloop.solvers.gradient_descent import GradientDescent
from gradloop.solvers.lbfgs import LBFGS
from gradloop.solvers.minibatch import Minibatch
from gradloop.solvers.newton import Newton

ABLE = (ClosedForm, CoordinateDescent, Newton, LBFGS, GaussNewton, GradientDescent, LocalSGD, Exhaustive)
MOST_OF_A_LAW = 100  # parameters whose triangles, one from each part and node of the tree, are small enough to move


def on_parts(solver: Solver) -> Solver:
    """The solver as it works on parts: minibatches become local SGD.

    Raises: OptionError for one that needs the rows together.
    """
    if type(solver) is Minibatch:
        return LocalSGD(**{field.name: getattr(solver, field.name) for field in fields(Minibatch)})
    if isinstance(solver, ABLE):
        return solver
    able = ", ".join(kind.__name__ for kind in ABLE)
    raise OptionError(
        f"{type(solver).__name__} needs the rows together, and on a cluster they are apart; choose one of {able}."
    )


def suited(solver: Solver, reason: tuple[str, ...], parameters: int) -> tuple[Solver, tuple[str, ...]]:
    """What stands for the solver that one machine would choose for so many parameters, and why."""
    if isinstance(solver, GaussNewton) and parameters > MOST_OF_A_LAW:
        return LBFGS(), ("Solver: L-BFGS, because the law has many parameters, and its rows are on a cluster.",)
    return on_parts(solver), tuple(said.replace("minibatch SGD", "local SGD by minibatches") for said in reason)
