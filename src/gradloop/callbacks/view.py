"""What callbacks may ask about the parameters of the moment, computed only when they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradloop.compiler.loops import Sum
from gradloop.examples import Examples
from gradloop.history import History, Row
from gradloop.problem import Problem
from gradloop.progress import Progress
from gradloop.solvers.solution import Solution
from gradloop.stop import Stop
from gradloop.targets import check_labels

Array = Any


class TrainingView:
    """A look at a running fit.

    Args: examples and problem, what is trained on; made, what turns a solution into a fit.
    """

    def __init__(self, examples: Examples, problem: Problem, made: Callable[[Solution], Any]) -> None:
        self.examples, self.problem, self.made = examples, problem, made

    def typed(self, flat: Array) -> Array:
        return np.array(flat, self.problem.start.dtype)

    def params(self, flat: Array) -> dict[str, NDArray[Any]]:
        """The parameters by name, in the units of the columns."""
        found = self.examples.in_units(self.problem.unpack(self.typed(flat)))
        return {name: np.array(values) for name, values in found.items()}

    def holdout(self, flat: Array) -> float | None:
        """The mean loss of the rows held out: one compiled pass over them."""
        if self.held is None:
            return None
        return float(self.losses.sum(self.held.rows, self.typed(flat))[0]) / len(self.held.X)

    @cached_property
    def held(self) -> Problem | None:
        """The same problem on the rows held out, each of which counts as much as the others."""
        if self.examples.held is None:
            return None
        X, y = self.examples.held
        if not isinstance(X, np.ndarray):
            return X.problem_on(self.problem, y)  # type: ignore[no-any-return]
        y = np.ascontiguousarray(y, self.problem.y.dtype)  # of one class, maybe: few rows are no fault here
        check_labels(self.problem.example, y)
        weights = None if self.problem.weights is None else np.ones(len(X))
        X = np.ascontiguousarray(X, self.problem.X.dtype)
        return replace(self.problem, X=X, y=y, weights=weights, penalty=None)

    @cached_property
    def losses(self) -> Any:
        """The sum of the losses over rows, without their gradients."""
        assert self.held is not None
        return self.held.program(Sum(self.held.example, self.held.inputs))

    def fit(self, progress: Progress) -> Any:
        """The fit, had training ended here; its record is this epoch alone."""
        rows = round(progress.rows_per_second * progress.seconds)
        row = Row(progress.epoch, progress.loss, progress.gradient_norm, progress.learning_rate, rows, progress.seconds)
        history = History.from_rows([row])
        return self.made(Solution(self.typed(progress.flat), history, Stop.INTERRUPTED))
