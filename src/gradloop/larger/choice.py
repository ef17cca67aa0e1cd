"""What can be done with rows on disk, and what is said of it."""

from __future__ import annotations

from typing import Any

from gradloop.data.sources import Source
from gradloop.data.sources.frames import FrameSource, TableSource
from gradloop.errors import OptionError
from gradloop.larger.memory import peak, told
from gradloop.larger.problem import LargerProblem
from gradloop.problem import Problem
from gradloop.solvers.auto import Solver, choose
from gradloop.solvers.closed_form import ClosedForm
from gradloop.solvers.coordinate_descent import CoordinateDescent
from gradloop.solvers.exhaustive import Exhaustive
from gradloop.solvers.gauss_newton import GaussNewton
from gradloop.solvers.gradient_descent import GradientDescent
from gradloop.solvers.lbfgs import LBFGS
from gradloop.solvers.minibatch import Minibatch
from gradloop.solvers.newton import Newton

ABLE = (
    ClosedForm,
    CoordinateDescent,
    Newton,
    LBFGS,
    GradientDescent,
    Minibatch,
    Exhaustive,
)  # that ask for no array with a row for each example


def check_room(source: Source | None, memory: Any, cache: Any) -> None:
    """Raise OptionError where memory and cache have no meaning: for what is in memory already, or never comes again."""
    here = source is None or (isinstance(source, TableSource | FrameSource) and not source.one_pass)
    for name, given in (("memory", memory), ("cache", cache)):
        if here and given is not None:
            raise OptionError(f"{name} is for files and databases, and these data are in memory already; leave it out.")
    if cache is not None and source is not None and source.one_pass:
        raise OptionError(f"{source.name} cannot be recognised when it comes again; leave cache out, or save it first.")


def check_streams(solver: Solver | None) -> None:
    """Raise OptionError for a solver that needs all rows in memory together."""
    if solver is not None and not isinstance(solver, ABLE):
        able = ", ".join(kind.__name__ for kind in ABLE)
        raise OptionError(
            "The rows are trained on from a file, because they need more memory than they may take or a cache is "
            f"wanted, but {type(solver).__name__} needs them together; choose one of {able}, or give it more memory."
        )


def suited_to(problem: Problem) -> tuple[Solver, tuple[str, ...]]:
    """A solver for the problem, and the sentence that says which and why."""
    solver, reason = choose(problem)
    if isinstance(problem, LargerProblem) and not problem.stored:
        return problem.suited(solver, reason)
    if problem.in_memory or isinstance(solver, ABLE):
        return solver, reason
    if isinstance(solver, GaussNewton):
        return LBFGS(), ("Solver: L-BFGS, because the rows are not in memory together.",)
    return Minibatch(), ("Solver: minibatch SGD, because the rows are not in memory together.",)


def memory_notes(problem: Problem) -> tuple[str, ...]:
    """What a fit from disk took."""
    if problem.in_memory or not problem.stored:
        return ()
    most = peak()
    used = f"; the process took at most {told(most)} of memory" if most else ""
    return (f"The rows were trained on from a file, a few megabytes at a time{used}.",)
