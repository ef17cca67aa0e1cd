"""Several runs of minibatches that differ in numbers alone, such as the learning rate: one pass serves them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gradloop.compiler.loops import Together
from gradloop.compiler.program import Program, compile_loop
from gradloop.optimizers import Optimizer
from gradloop.problem import Problem
from gradloop.progress import Report
from gradloop.solvers.minibatch import Minibatch, Run
from gradloop.solvers.solution import Solution, check_start
from gradloop.stop import Stop


@np.errstate(over="ignore", invalid="ignore")
def solve_together(
    problem: Problem, solvers: Sequence[Minibatch], seed: int = 0, report: Report | None = None
) -> list[Solution]:
    """What each of the solvers finds, with the bits that it finds alone. Seconds are those of all the runs.

    Args: solvers, of the same batch size, epochs and order of rows, each with a learning rate of its own; report, told
        of every run's epochs.
    """
    check_start(problem)
    runs = [run_of(problem, solver, seed, report) for solver in solvers]
    alike: dict[str, list[Run]] = {}
    for run in runs:
        alike.setdefault(run.loop.key, []).append(run)
    found = {id(run): solution for some in alike.values() for run, solution in trained(some)}
    return [found[id(run)] for run in runs]


def run_of(problem: Problem, solver: Minibatch, seed: int, report: Report | None) -> Run:
    """A run before its first step."""
    batch_size = solver.rows_in_a_batch(len(problem.X))
    epochs = solver.epochs_for(-(-len(problem.X) // batch_size))
    assert isinstance(solver.optimizer, Optimizer)
    run = Run(problem, solver.optimizer, batch_size, epochs, solver.shuffle, seed, report)
    run.warn_of_rate()
    return run


def trained(runs: Sequence[Run]) -> Iterator[tuple[Run, Solution]]:
    """The runs, whose loops are the same, and what each found; after Ctrl-C all end with what they have."""
    program = compile_loop(Together(runs[0].loop))
    for run in runs:
        run.begin()
    going = list(runs)
    try:
        for epoch in range(1, runs[0].epochs + 1):
            finite = run_epoch(program, going, epoch)
            goes_on = [run.goes_on(epoch, fine) for run, fine in zip(going, finite, strict=True)]
            yield from ((run, run.ended(Stop.DIVERGED)) for run, on in zip(going, goes_on, strict=True) if not on)
            going = [run for run, on in zip(going, goes_on, strict=True) if on]
            if not going:
                return
        stop = Stop.FINISHED
    except KeyboardInterrupt:
        stop = Stop.INTERRUPTED
    yield from ((run, run.ended(stop)) for run in going)


def run_epoch(program: Program, runs: Sequence[Run], epoch: int) -> list[bool]:
    """All batches of an epoch, of every run. Which of them are still finite."""
    first, last = ((count * runs[0].batches) for count in (epoch - 1, epoch))
    numbers, params, state = (np.stack([getattr(run, name) for run in runs]) for name in ("numbers", "params", "state"))
    problem = runs[0].problem
    done = program.train_together(problem.rows, runs[0].batch_size, first, last, runs[0].seed, numbers, params, state)
    for run, moved, remembered in zip(runs, params, state, strict=True):
        run.params, run.state = moved, remembered
    return [run.is_finite(steps, last) for run, steps in zip(runs, done, strict=True)]
