"""When to stop, by what the record says: scikit-learn's tol, for solvers that would go on to their last epoch."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradloop.checkpoint import Keeper, Running
from gradloop.history import Row
from gradloop.problem import Problem
from gradloop.progress import Report
from gradloop.solvers.solution import Solution
from gradloop.stop import Stop

Enough = Callable[[Row], bool]


class Watch(Keeper):
    """Looks at each new row of a run's record, and asks the run to stop when it is enough."""

    run: Any = None

    def __init__(self, enough: Enough | None) -> None:
        self.enough, self.seen, self.reached = enough, 0, False

    def begin(self, run: Running, total: int, **settings: Any) -> None:
        """The run stays at hand, for what it ends with."""
        self.run = run

    def offer(self, run: Running) -> None:
        """Judge what is new. Raises KeyboardInterrupt, which runs take for the wish to stop."""
        if self.enough is None or len(run.table) == self.seen:
            return
        self.seen = len(run.table)
        if self.enough(run.table[-1]):
            self.reached = True
            raise KeyboardInterrupt


@dataclass(frozen=True, eq=False)
class Watched:
    """A solver that is asked to stop when it is enough; the watch sees its run."""

    solver: Any
    watch: Watch

    def solve(self, problem: Problem, seed: int = 0, report: Report | None = None) -> Solution:
        """Solve; see `gradloop.fit`."""
        solution: Solution = self.solver.solve(problem, seed, report, self.watch)
        return replace(solution, stop=Stop.SETTLED) if self.watch.reached else solution


class Patience:
    """Enough is when so many epochs in a row brought nothing, by more than the tolerance.

    What counts is the mean loss at the end of the last so many epochs: single epochs of stochastic descent end where
    chance has it.

    >>> patient = Patience(tolerance=0.1, epochs=2)
    >>> [patient(Row(i, loss, 0.0, 0.1, i, 0.0)) for i, loss in enumerate([5.0, 4.0, 3.9, 3.9, 3.9, 3.9])]
    [False, False, False, False, True, True]
    """

    def __init__(self, tolerance: float, epochs: int) -> None:
        self.tolerance, self.epochs = tolerance, epochs
        self.best, self.idle = float("inf"), 0
        self.last: deque[float] = deque(maxlen=epochs)

    def __call__(self, row: Row) -> bool:
        self.last.append(row.loss)
        if len(self.last) < self.epochs:
            return False
        loss = float(np.mean(self.last))
        self.idle = self.idle + 1 if not loss <= self.best - self.tolerance else 0
        self.best = float(np.fmin(self.best, loss))
        return self.idle >= self.epochs


def level(tolerance: float) -> Enough:
    """Enough is where the objective is no steeper than the tolerance.

    >>> level(0.1)(Row(1, 5.0, 0.05, 0.1, 1, 0.0))
    True
    """
    return lambda row: row.gradient_norm <= tolerance
