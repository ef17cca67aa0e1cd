"""What every solver returns, and the questions that several of them ask before they begin."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradloop.errors import ModelError, OptionError
from gradloop.history import History
from gradloop.optimizers import Optimizer
from gradloop.problem import Problem
from gradloop.solvers.curvature import row_map, squared_gradient
from gradloop.stop import Stop

Array = Any


@dataclass(frozen=True)
class Solution:
    """What a solver found."""

    params: Array
    history: History
    stop: Stop
    notes: tuple[str, ...] = ()
    optimizer: Optimizer | None = field(default=None, kw_only=True)  # with the rate that it had, given or derived

    @property
    def at_minimum(self) -> bool:
        """Whether standard errors, which are those of a minimum, mean something."""
        return self.stop is Stop.CONVERGED


def check_count(name: str, value: Any, what: str) -> None:
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
        raise OptionError(f"{name} is {value!r}, but {what} are a whole number from 1.")


def check_limits(tolerance: float, iterations: int, name: str = "iterations") -> None:
    if not 0 < tolerance < 1:
        raise OptionError(f"tolerance is {tolerance!r}, but it must be a number between 0 and 1, such as 1e-10.")
    if not isinstance(iterations, (int, np.integer)) or isinstance(iterations, bool) or iterations < 1:
        raise OptionError(f"{name} is {iterations!r}, but it must be a whole number from 1.")


def check_smooth(problem: Problem, method: str) -> None:
    """Second-order methods need a slope that does not jump."""
    if problem.penalty is not None and problem.penalty.proximal is not None:
        raise OptionError(
            f"{method} cannot follow the kinks of the penalty {problem.penalty.name}; choose gl.l2, or gl.Minibatch."
        )
    if not problem.smooth:
        raise OptionError(f"{method} cannot follow the kinks of the {problem.loss.name} loss; choose gl.Minibatch.")


def check_start(problem: Problem) -> None:
    """Where the loss is not a number at the start, no step leads anywhere."""
    value, slope = problem.at_start
    if np.isfinite(value) and np.isfinite(slope).all():
        return
    finite = np.isfinite(row_map(problem, problem.example, problem.start)).ravel()
    finite &= np.isfinite(row_map(problem, squared_gradient(problem), problem.start))
    where = "in the sum over the rows" if finite.all() else f"first in row {int(np.argmin(finite))}"
    raise ModelError(
        f"The loss, or its slope, is not finite at the start, {where}: start from other "
        f"parameters, scale the data, or choose a model whose predictions suit the {problem.loss.name} loss."
    )
