"""Local SGD: every part trains on its own rows for a while, then the parameters are averaged, round after round."""

from __future__ import annotations

from dataclasses import dataclass
from operator import add
from typing import Any, ClassVar, NamedTuple

import numpy as np

from gradloop.certificate import certify
from gradloop.checkpoint import NO_KEEPER, Keeper
from gradloop.cluster import work
from gradloop.errors import OptionError
from gradloop.hessian import affordable
from gradloop.problem import Problem
from gradloop.progress import Report
from gradloop.solvers.minibatch import Minibatch, Run
from gradloop.solvers.solution import Solution, check_count, check_limits

KNOWN = ("exact gap", "estimated gap", "duality gap")  # kinds of certificates that tell a distance to the best
Array = Any


@dataclass(frozen=True)
class LocalSGD(Minibatch):
    """Synchronous local SGD: in each round all parts train by minibatches of their rows, then parameters are averaged.

        w ← Σ weight of part i · (w after some passes of minibatch SGD over part i) / Σ weight of part i

    The parts and the tree that adds them depend on the data alone, so any number of workers gives the same bits. What
    an optimizer remembers is averaged too. After a round the certificate of the objective over all rows is asked, in
    later rounds after every tenth of those so far, and its word ends the training. Where the parts differ much, fewer
    local steps or smaller rates come nearer to the best.

    Args:
        optimizer: as for Minibatch; a factory such as sgd itself: a rate derived from the data, falling along a cosine
        batch_size: rows in a batch of a part; None: 32. "all" would be gradient descent
        epochs: rounds at most; None: enough for about 20,000 steps, 100 at most
        shuffle: False visits the rows of a part as they lie
        local_epochs: passes of a part over its own rows in a round
        tolerance: stop when the certificate says that the best is nearer than this share of the objective

    Raises:
        OptionError: an argument out of range.

    >>> LocalSGD(epochs=20, local_epochs=2).tolerance
    0.0001

    Source: Stich, Local SGD converges fast and communicates little, 2019.
    """

    local_epochs: int = 1
    tolerance: float = 1e-4

    MOST: ClassVar[int] = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        check_limits(self.tolerance, 1)
        check_count("local_epochs", self.local_epochs, "passes of a part over its rows in a round")
        if self.batch_size == "all":
            raise OptionError('batch_size is "all", which is gradient descent; choose solver "gradient_descent".')

    def solve(
        self, problem: Problem, seed: int = 0, report: Report | None = None, keeper: Keeper = NO_KEEPER
    ) -> Solution:
        """Train; see `gradloop.fit`."""
        if not hasattr(problem, "passes"):
            raise OptionError("LocalSGD trains the parts of a cluster; without one choose gl.Minibatch.")
        longest = largest_part(problem)
        if isinstance(self.batch_size, int) and self.batch_size > longest:
            raise OptionError(
                f"batch_size is {self.batch_size}, but the largest part has {longest} rows; choose at most {longest}."
            )
        return super().solve(problem, seed, report, keeper)

    def steps_in_an_epoch(self, problem: Problem, batch_size: int) -> int:
        return self.local_epochs * -(-largest_part(problem) // batch_size)

    def run(self, *given: Any, **more: Any) -> Run:
        return Rounds(self, *given, **more)


def largest_part(problem: Any) -> int:
    """Rows of the largest part."""
    return int(max(one.rows for one in problem.passes.about))


class Rounds(Run):
    """One run, whose epochs are rounds."""

    def __init__(self, solver: LocalSGD, problem: Any, optimizer: Any, batch_size: int, *given: Any, **more: Any):
        self.solver, self.local = solver, solver.local_epochs
        super().__init__(problem, optimizer, batch_size, *given, **more)
        self.batches = solver.steps_in_an_epoch(problem, batch_size)
        self.rows *= self.local
        self.asked_at = 1  # the round after which the certificate is asked next
        parts, passes = len(problem.passes.parts), "one pass" if self.local == 1 else f"{self.local} passes"
        self.notes.append(
            f"Local SGD: in each round every part ({parts} of them) made {passes} over its own rows "
            f"in batches of {batch_size}, and the parameters were averaged, weighted by the rows."
        )

    def run_epoch(self, program: Any, epoch: int) -> bool:
        """A round. False if a gradient was not finite."""
        problem: Any = self.problem
        plan = Plan(self.batch_size, self.local, self.batches // self.local, self.seed, len(self.params))
        content = work.packed((problem.bare, self.loop, self.numbers, problem.units, plan))
        both = np.concatenate([self.params, self.state])
        found = problem.passes.total("round", trained, content, both, epoch - 1, join=add) / problem.passes.weight
        if not np.isfinite(found).all():
            self.notes.append(f"The gradient of a part was not finite in round {epoch}.")
            return False
        self.params, self.state = (part.astype(self.params.dtype) for part in np.split(found, [len(self.params)]))
        self.step = epoch * self.batches
        return True

    def is_enough(self) -> bool:
        done = self.step // self.batches
        if done < self.asked_at or (self.problem.smooth and not affordable(self.problem)):
            return False
        self.asked_at = done + max(1, done // 10)
        verdict = certify(self.problem, self.last)
        return verdict.kind in KNOWN and verdict.value <= self.solver.tolerance * abs(self.table[-1].loss)

    def settings(self) -> dict[str, Any]:
        return super().settings() | {"local_epochs": self.local}


class Plan(NamedTuple):
    """How a part trains in a round."""

    batch_size: int
    passes: int
    longest: int  # batches of the largest part, by which the clock of all parts goes
    seed: int
    params: int  # how many of the numbers that come are parameters: the others are the optimizer's memory


def trained(rows: work.Rows, content: bytes, both: Array, done: int) -> work.Tally:
    """Parameters and memory after a round on a part, times its weight; not finite if a gradient was not.

    Args: done, how many rounds there were before.
    """
    problem, loop, numbers, units, plan = work.unpacked(content)
    batches = -(-len(rows[0]) // plan.batch_size)
    first = done * plan.passes * batches
    params, state = (np.array(part) for part in np.split(both, [plan.params]))
    begun = done * plan.passes * (plan.longest - batches)
    last = first + plan.passes * batches
    reached = problem.program(loop).train(
        work.in_units(rows, units), plan.batch_size, first, last, plan.seed, numbers, params, state, begun
    )
    tally = work.tallied(None, rows)
    found = np.concatenate([params, state]).astype(np.float64) * tally.weight
    return tally._replace(found=found if reached == last else np.full_like(found, np.nan))
