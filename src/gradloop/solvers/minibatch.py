"""Minibatch SGD: the gradient of a few rows at a time, averaged over the rows that the batch really has."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np

from gradloop.checkpoint import NO_KEEPER, Keeper
from gradloop.compiler.loops import Train
from gradloop.compiler.reference import unpack
from gradloop.errors import OptionError
from gradloop.graphs import argument_names
from gradloop.history import History, Row, Snapshot, epochs_to_keep
from gradloop.optimizers import Optimizer, sgd
from gradloop.problem import Problem
from gradloop.progress import Report, tell
from gradloop.sameness import digest
from gradloop.schedules import Schedule, cosine
from gradloop.solvers.curvature import derived_rate, scale_advice, stable_rate, stable_rates
from gradloop.solvers.separable import separates
from gradloop.solvers.solution import Solution, check_count, check_start
from gradloop.solvers.update_graph import traced_update
from gradloop.stop import Stop

USUAL_BATCH = 32
SECONDS_IN_A_CALL = 0.1  # so that Ctrl-C and progress wait no longer than twice that
FIRST_CALL = 100_000  # numbers that the first call may read, before the speed is known
GROWTH = 100.0  # a loss so many times the start's, or that of zero parameters, has diverged beyond doubt
STEPS_WANTED = 20_000  # of a fit whose epochs are not given, within these bounds
FEWEST_EPOCHS, MOST_EPOCHS = 10, 1000
RETRIES = 6  # with a quarter of the rate each, when a derived rate diverges

Array = Any


@dataclass(frozen=True)
class Minibatch:
    """Minibatch stochastic gradient descent, compiled whole: epochs, batches, rows, gradient, update.

        g = mean over the rows of the batch of ∂loss/∂w;   w, state = update(w, g, state, t)

    The order of rows is a pure function of (seed, epoch). The last batch of an epoch may be short and is averaged over
    the rows it has. A batch of all rows is gradient descent.

    Args:
        optimizer: such as sgd(0.03); or a factory such as sgd itself, for a rate derived from the data's curvature
            that falls along half a cosine wave
        batch_size: rows in a batch; "all" is gradient descent; None: 32, or all if there are fewer
        epochs: passes over the rows; None: enough for about 20,000 steps
        shuffle: False visits the rows as they lie

    Raises:
        OptionError: a batch size or number of epochs below one.

    >>> Minibatch(sgd(0.03), batch_size=10, epochs=3).epochs
    3

    Source: Robbins and Monro, A stochastic approximation method, 1951.
    """

    optimizer: Optimizer | Callable[..., Optimizer] = sgd
    batch_size: int | Literal["all"] | None = None
    epochs: int | None = None
    shuffle: bool = True
    MOST: ClassVar[int] = MOST_EPOCHS

    def __post_init__(self) -> None:
        if self.batch_size not in (None, "all"):
            check_count("batch_size", self.batch_size, "rows in a batch")
        if self.epochs is not None:
            check_count("epochs", self.epochs, "passes over the rows")
        if not isinstance(self.optimizer, Optimizer) and not callable(self.optimizer):
            raise OptionError(f"optimizer is {self.optimizer!r}; give for instance gl.sgd(0.03), or gl.sgd itself.")
        if not isinstance(self.optimizer, Optimizer):
            check_factory(self.optimizer)

    @np.errstate(over="ignore", invalid="ignore")
    def solve(
        self, problem: Problem, seed: int = 0, report: Report | None = None, keeper: Keeper = NO_KEEPER
    ) -> Solution:
        """Train; see `gradloop.fit`."""
        batch_size = self.rows_in_a_batch(len(problem.X))
        check_start(problem)
        steps = self.steps_in_an_epoch(problem, batch_size)
        epochs = self.epochs_for(steps)

        def begin(optimizer: Optimizer, attempt: int = 0) -> Run:
            rest = epochs, self.shuffle, seed, report
            return self.run(problem, optimizer, batch_size, *rest, keeper=keeper, attempt=attempt)

        if isinstance(self.optimizer, Optimizer):
            run = begin(self.optimizer)
            run.warn_of_rate()
            return run.solution()
        if not needs_rate(self.optimizer):
            return begin(made(self.optimizer)).solution()
        return self._solve_with_derived_rate(begin, problem, batch_size, epochs * steps, keeper)

    def steps_in_an_epoch(self, problem: Problem, batch_size: int) -> int:
        return -(-len(problem.X) // batch_size)

    def run(self, *given: Any, **more: Any) -> Run:
        return Run(*given, **more)

    def epochs_for(self, batches: int) -> int:
        """The epochs as a number, once it is known how many batches there are in one."""
        return self.epochs or min(max(-(-STEPS_WANTED // batches), FEWEST_EPOCHS), self.MOST)

    def rows_in_a_batch(self, rows: int) -> int:
        """The batch size as a number, once it is known how many rows there are."""
        if self.batch_size is None:
            return min(USUAL_BATCH, rows)
        if self.batch_size == "all":
            return rows
        if self.batch_size > rows:
            raise OptionError(
                f"batch_size is {self.batch_size}, but there are {rows} rows to train on; choose at most {rows}, "
                'or "all".'
            )
        return self.batch_size

    def _solve_with_derived_rate(
        self, begin: Callable[..., Run], problem: Problem, batch_size: int, steps: int, keeper: Keeper
    ) -> Solution:
        """Where the curvature grows along the way, the rate found at the start is too large: begin again with less.

        A run may also leap over the valley to a plateau, and end no better than it began.
        """
        assert not isinstance(self.optimizer, Optimizer)
        first_rate = derived_rate(problem, problem.start, batch_size)
        advice = scale_advice(problem)
        for attempt in range(keeper.found("attempt", 1), RETRIES + 1):
            rate = first_rate / 4 ** (attempt - 1)
            run = begin(made(self.optimizer, cosine(rate, steps)), attempt)
            run.notes += [f"The learning rate was derived from the data: {rate:.3g}, falling to 0 along a cosine."]
            run.notes += advice
            solution = run.solution()
            ended_below = len(solution.history) == 0 or solution.history["loss"][-1] <= run.first_loss
            known = solution.stop in (Stop.INTERRUPTED, Stop.CONVERGED)
            if known or (solution.stop is Stop.FINISHED and ended_below):
                return solution
        return solution


def needs_rate(factory: Callable[..., Optimizer]) -> bool:
    """Whether an optimizer's factory cannot do without a learning rate."""
    arguments = inspect.signature(factory).parameters.values()
    return any(argument.default is inspect.Parameter.empty for argument in arguments)


def check_factory(factory: Callable[..., Optimizer]) -> None:
    """One sentence for an update rule where what makes an optimizer of a learning rate is needed."""
    arguments = argument_names(factory, optional=False)
    if len(arguments) > 1:
        name = f"{getattr(factory, '__name__', 'optimizer')}({', '.join(arguments)})"
        raise OptionError(
            f"{name} is not made from a learning rate alone; give for instance gl.sgd(0.03), or a rule that changes "
            "parameters as textbooks write it through gradloop.textbook.as_optimizer(rule, lr=0.03, batch_size=10)."
        )


def made(factory: Callable[..., Optimizer], *rate: Schedule) -> Optimizer:
    """What a factory makes, if it is an optimizer."""
    optimizer = factory(*rate)
    if not isinstance(optimizer, Optimizer):
        raise OptionError(f"optimizer made {optimizer!r}, not an Optimizer; give for instance gl.sgd(0.03), or gl.sgd.")
    return optimizer


# ---- one run -------------------------------------------------------------------------------------------------


@dataclass
class Run:
    """One run of training: what is given, then what changes."""

    problem: Problem
    optimizer: Optimizer
    batch_size: int
    epochs: int
    shuffle: bool
    seed: int
    report: Report | None
    notes: list[str] = field(default_factory=list)
    keeper: Keeper = NO_KEEPER
    attempt: int = 0  # counted where the rate is derived, and so depends on the number of epochs

    CHANGES: ClassVar[tuple[str, ...]] = ("step", "attempt", "params", "state", "last", "best", "best_loss")

    def __post_init__(self) -> None:
        problem = self.problem
        check_penalty(problem, self.optimizer)
        traced = [
            traced_update(problem, n, node, self.optimizer)
            for n, node in zip(problem.names, problem.params, strict=True)
        ]
        self.loop = Train(problem.gradient, problem.inputs, tuple(update for update, _ in traced), self.shuffle)
        self.numbers = np.concatenate([values for _, values in traced])
        self.params = problem.start.copy()
        self.state = self.first_state()
        self.rows = len(problem.X)
        self.batches = -(-self.rows // self.batch_size)
        self.steps_in_a_call = max(1, FIRST_CALL // (self.batch_size * max(1, problem.X[0].size)))
        self.best = self.last = self.params.copy()
        self.best_loss = float("inf")
        self.warned = False
        self.step = 0  # how many are done
        self.table: list[Row] = []
        self.kept: list[Snapshot] = []
        self.begun = time.perf_counter()

    def first_state(self) -> Array:
        """The optimizer's memory of all parameters, one behind the other."""
        parts = [s for w in unpack(self.problem.params, self.params).values() for s in self.optimizer.init(w)]
        return np.concatenate([np.zeros(0), *(np.ravel(part) for part in parts)]).astype(self.params.dtype)

    def warn_of_rate(self) -> None:
        """A rate beyond the bound of stability is known before the first step."""
        if self.optimizer.name != "sgd" or not self.problem.smooth:
            return
        rate, bound = float(self.optimizer.rate(1.0)), stable_rate(self.problem, self.params)
        self.warned = rate > bound
        if self.warned:
            self.notes.append(f"The learning rate {rate:g} is too large: {stable_rates(self.problem, bound)}.")

    def warn_of_separation(self) -> None:
        """Epochs without end would not find parameters that do not exist."""
        if separates(self.problem, self.last, self.best_loss):
            self.notes.append(
                "The classes are separable: larger parameters are always better, so these only tell how many epochs "
                "there were; add a penalty."
            )

    def solution(self) -> Solution:
        """Run all epochs, or stop early and keep the best."""
        program = self.problem.program(self.loop)
        self.begin()
        self.keeper.begin(self, self.epochs, **self.settings())
        try:
            for epoch in range(self.step // self.batches + 1, self.epochs + 1):
                if not self.goes_on(epoch, self.run_epoch(program, epoch)):
                    return self.ended(Stop.DIVERGED)
                if self.is_enough():
                    self.keeper.save(self)
                    return self.ended(Stop.CONVERGED)
                self.keeper.offer(self)
            self.keeper.save(self)
        except KeyboardInterrupt:
            return self.ended(Stop.INTERRUPTED)
        return self.ended(Stop.FINISHED)

    def begin(self) -> None:
        """What is known before the first step."""
        self.limit = self.growth_limit()
        self.keep = epochs_to_keep(self.epochs, self.params.size)
        self.begun = time.perf_counter()

    def goes_on(self, epoch: int, finite: bool) -> bool:
        """Record the end of an epoch. False if the run has diverged."""
        answer = self.answer()
        loss, slope = self.problem.objective(answer)
        seconds = time.perf_counter() - self.begun
        self.table.append(self.row(epoch, loss, slope, seconds))
        if epoch in self.keep:
            self.kept.append((epoch, self.problem.unpack(answer)))
        if not finite or not loss <= self.limit:
            if finite and not np.isfinite(loss):
                self.notes.append(f"The loss is not finite after epoch {epoch}.")
            return False
        self.remember(answer, loss)
        tell(self.report, self.table[-1], self.epochs, answer, all_run=True)
        return True

    def ended(self, stop: Stop) -> Solution:
        if stop is Stop.FINISHED:
            self.warn_of_separation()
        history = History.from_rows(self.table, self.kept)
        return Solution(self.found(stop), history, stop, tuple(self.notes), optimizer=self.optimizer)

    def is_enough(self) -> bool:
        """Whether the parameters after an epoch are known to be good enough: all epochs are run."""
        return False

    def settings(self) -> dict[str, Any]:
        """What decides about the bits of a run, beside the problem and the seed."""
        rule = digest(*(update.graph.key for update in self.loop.updates), self.numbers.tobytes())
        epochs = {"epochs": self.epochs} if self.attempt else {}
        return epochs | {"batch_size": self.batch_size, "shuffle": self.shuffle, "rule_of_the_optimizer": rule}

    def growth_limit(self) -> float:
        """What no stable run reaches: many times the loss at the start, or with all parameters zero."""
        start, _ = self.problem.objective(self.params)
        zero, _ = self.problem.objective(np.zeros_like(self.params))
        known = [abs(value) for value in (start, zero) if np.isfinite(value)]
        self.first_loss = start
        self.remember(self.params.copy(), start)
        return GROWTH * max(known) if known and max(known) > 0 else float("inf")

    def remember(self, params: Array, loss: float) -> None:
        self.last = params
        if loss < self.best_loss:
            self.best, self.best_loss = params, loss

    def run_epoch(self, program: Any, epoch: int) -> bool:
        """All batches of an epoch. False if the gradient was not finite."""
        return self.run_steps(program, max(self.step, (epoch - 1) * self.batches), epoch * self.batches)

    def run_steps(self, program: Any, first: int, last: int) -> bool:
        """The steps after `first` up to `last`, in calls short enough to be interrupted."""
        problem = self.problem
        while first < last:
            until = min(last, first + self.steps_in_a_call)
            begun = time.perf_counter()
            arrays = (self.numbers, self.params, self.state)
            done = program.train(problem.rows, self.batch_size, first, until, self.seed, *arrays)
            seconds = max(time.perf_counter() - begun, 1e-6)
            if not self.is_finite(done, until):
                return False
            self.steps_in_a_call = max(1, int((until - first) * SECONDS_IN_A_CALL / seconds))
            self.step = first = until
            if first < last:
                self.keeper.offer(self)
        return True

    def is_finite(self, done: int, until: int) -> bool:
        """Whether all steps up to `until` were done, and lead to numbers."""
        if done == until and np.isfinite(self.params).all():
            return True
        self.notes.append(f"The gradient was not finite at step {done}, in epoch {-(-done // self.batches)}.")
        return False

    def answer(self) -> Array:
        """The parameters that the optimizer returns: the last ones, or an average of them."""
        parts, place = [], 0
        for update, w in zip(self.loop.updates, unpack(self.problem.params, self.params).values(), strict=True):
            size = sum(node.spec.size for node in update.state)
            state = unpack(update.state, self.state[place : place + size])
            parts.append(np.ravel(self.optimizer.final(w, tuple(state.values()))))
            place += size
        return np.concatenate(parts).astype(self.params.dtype)

    def row(self, epoch: int, loss: float, slope: Array, seconds: float) -> Row:
        rate = float(self.optimizer.rate(float(epoch * self.batches)))
        return Row(epoch, loss, float(np.linalg.norm(slope)), rate, epoch * self.rows, seconds)

    def found(self, stop: Stop) -> Array:
        """After a divergence the best parameters so far; else those of the last finished epoch."""
        if stop is not Stop.DIVERGED:
            return self.last
        if self.problem.smooth and not self.warned:
            bound = stable_rate(self.problem, self.problem.start)
            advice = f": for descent on all rows, {stable_rates(self.problem, bound)}" if np.isfinite(bound) else ""
            self.notes.append(f"Choose a smaller learning rate{advice}; small batches need less.")
        return self.best


def check_penalty(problem: Problem, optimizer: Optimizer) -> None:
    """A proximal step needs a step length that is the same for every parameter."""
    if problem.penalty is not None and problem.penalty.proximal is not None and not optimizer.proximal:
        raise OptionError(
            f"The penalty {problem.penalty.name} needs a proximal step, which {optimizer.name} does not have, because "
            "it scales every parameter's step by itself; use sgd, momentum, nesterov or averaged_sgd."
        )
