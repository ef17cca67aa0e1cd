"""Stochastic descent that can be continued: in one go or batch by batch, with the same bits.

The step t and the order of rows are functions of what was done before, so all that is carried from one call to the
next are the parameters, the optimizer's memory, and two counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from gradloop.errors import DataError
from gradloop.history import Row
from gradloop.losses import Loss
from gradloop.models import Model
from gradloop.optimizers import Optimizer, State
from gradloop.penalties import Penalty
from gradloop.problem import Problem, make_problem
from gradloop.progress import Report
from gradloop.sklearn.stopping import Watch
from gradloop.solvers.minibatch import Run
from gradloop.solvers.solution import Solution
from gradloop.stop import Stop

Array = Any


class Carried(NamedTuple):
    """Where descent stands."""

    params: Array  # all parameters, one behind the other
    state: Array  # the optimizer's memory of them
    steps: int  # updates made so far
    passes: int  # over the rows, or over batches that were given one by one


class Recipe(NamedTuple):
    """What is the same in every call."""

    model: Model
    loss: Loss
    penalty: Penalty | None
    optimizer: Optimizer
    batch_size: int
    shuffle: bool
    seed: int
    far_first: bool = False  # whether first steps may lead far away, as those of decreasing rates for classes do


class Descent(Run):
    """A run of minibatches that may be told to go on where the loss has grown."""

    far_first = False

    def growth_limit(self) -> float:
        """Where growth is no divergence, what is not finite still is."""
        limit = super().growth_limit()
        return float("inf") if self.far_first else limit


@dataclass(frozen=True, eq=False)
class Descend:
    """The solver: epochs of a recipe until they are over or the watch has seen enough."""

    recipe: Recipe
    epochs: int
    watch: Watch

    def solve(self, problem: Problem, seed: int = 0, report: Report | None = None) -> Solution:
        """Descend; see `gradloop.fit`."""
        optimizer, batch_size, shuffle = shifted(self.recipe.optimizer, 0), self.recipe.batch_size, self.recipe.shuffle
        run = Descent(problem, optimizer, batch_size, self.epochs, shuffle, seed, report, keeper=self.watch)
        run.far_first = self.recipe.far_first
        solution = run.solution()
        return replace(solution, stop=Stop.SETTLED) if self.watch.reached else solution

    def carried(self, stop: Stop) -> Carried:
        """Where the run ended."""
        run = self.watch.run
        if stop is Stop.DIVERGED:
            return Carried(run.best, run.first_state(), 0, 0)
        return Carried(run.params, run.state, run.step, run.step // run.batches)


def one_pass(recipe: Recipe, X: Array, y: Array, weights: Array | None, before: Carried | None) -> tuple[Any, ...]:
    """One pass over given rows, from where descent stands.

    Returns: where it stands then, the parameters by name, and a row for the record, whose loss is that of these rows.
    """
    loss = recipe.loss._replace(name=f"{recipe.loss.name} of a batch", target="number")  # one class may be all there is
    start = recipe.model.start(X.shape[1], 2)
    problem = make_problem(recipe.model, loss, X, y, start, recipe.penalty, "native", weights)
    steps, passes = (0, 0) if before is None else (before.steps, before.passes)
    batches = -(-len(X) // recipe.batch_size)
    first = passes * batches  # so that each pass has its own order of rows
    rule = shifted(recipe.optimizer, steps - first)
    run = Descent(problem, rule, min(recipe.batch_size, len(X)), passes + 1, recipe.shuffle, recipe.seed, None)
    if before is not None:
        run.params, run.state = before.params.astype(run.params.dtype), before.state.astype(run.state.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        if not run.run_steps(problem.program(run.loop), first, first + batches):
            raise DataError(f"{run.notes[-1]} Scale the columns, or choose a smaller learning rate.")
    after, answer = Carried(run.params, run.state, steps + batches, passes + 1), run.answer()
    value, slope = problem.objective(answer)
    rate = float(recipe.optimizer.rate(float(after.steps)))
    row = Row(after.passes, value, float(np.linalg.norm(slope)), rate, len(X), float("nan"))
    return after, problem.unpack(answer), row


def shifted(optimizer: Optimizer, by: float) -> Optimizer:
    """The same rule where so many steps were made before; the number becomes an input of the compiled loop."""

    def update(w: Array, g: Array, state: State, t: Array) -> tuple[Array, State]:
        return optimizer.update(w, g, state, t + float(by))

    def rate(t: Array) -> Array:
        return optimizer.rate(t + float(by))

    return optimizer._replace(update=update, rate=rate)
