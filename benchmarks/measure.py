"""Rivals take turns at a problem, so that a slow minute of the machine meets them all."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.problems import Problem

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"
PATIENCE = 6.0  # seconds; a rival that has had so many for its turns has no more of them, and the run stays short
MANY_NUMBERS = 50_000_000  # of a table: from here on every turn has a process of its own
POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS", "NUMBA_NUM_THREADS")


@dataclass
class Result:
    """What one rival did on one problem, or a remark why nothing; "" where the family is not its business."""

    rival: str
    seconds: list[float] = field(default_factory=list)  # of one unit, one figure for each timing
    objective: float | None = None
    error: float | None = None
    peak: float | None = None  # MB
    about: str = ""
    remark: str = ""
    spent: float = 0.0  # on all turns, in seconds

    @property
    def median(self) -> float:
        return median(self.seconds)

    @property
    def done(self) -> bool:
        """Whether another turn would show nothing, or nothing new for the time that it takes."""
        return bool(self.remark) or not self.about or self.spent > PATIENCE


class Worker:
    """A rival's process, waiting for its turns.

    While it waits it is stopped, with the processes that it has started: threads of some libraries look for work for a
    while without sleeping, and take the processors from the next rival.
    """

    def __init__(self, name: str, problem: Problem, quick: bool = False, source: Path = SOURCE) -> None:
        self.result = Result(name)
        words = [sys.executable, "-m", "benchmarks.worker", name, problem.name, *(["--quick"] if quick else [])]
        variables = environment(problem.threads, source)
        self.process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=variables,
            process_group=0,
        )
        said = self.read()
        self.result.about, self.result.remark = said.get("about", ""), said.get("remark", "")
        self.tell(signal.SIGSTOP)

    def tell(self, what: signal.Signals) -> None:
        """Stop or wake all of its processes, unless they have ended."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, what)

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if line:
            found: dict[str, Any] = json.loads(line)
            return found
        _, complaint = self.process.communicate()
        return {"remark": f"failed: {(complaint.strip().splitlines() or ['no word'])[-1]}"}

    def turn(self) -> None:
        """One more turn, if it may have one."""
        if self.result.done:
            return
        assert self.process.stdin is not None
        begin = perf_counter()
        self.tell(signal.SIGCONT)
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        said = self.read()
        self.tell(signal.SIGSTOP)
        self.result.spent += perf_counter() - begin
        self.result.remark = said.get("remark", "")
        self.result.seconds += said.get("seconds", [])
        for name in ("objective", "error", "peak"):
            setattr(self.result, name, said.get(name, getattr(self.result, name)))

    def end(self) -> None:
        """Let the process go; it ends when it is told nothing more."""
        self.tell(signal.SIGCONT)
        if self.process.stdin is not None and not self.process.stdin.closed:
            self.process.communicate()


def measure(
    problem: Problem, names: Iterable[str], rounds: int, quick: bool, say: Callable[[str], None]
) -> list[Result]:
    """Each rival warms up in its own process, and then the rivals have their turns, round after round."""
    if (make := getattr(problem.smaller() if quick else problem, "make", None)) is not None:
        say(f"{problem.name}: making the file")
        make()
    names = [name for name in names if not problem.among or name in problem.among]
    if problem.rows * problem.features >= MANY_NUMBERS:
        return measure_apart(problem, names, rounds, quick, say)
    workers: list[Worker] = []
    try:
        for name in names:
            say(f"{problem.name}: {name} warms up")
            workers.append(Worker(name, problem, quick))
        for turn in range(rounds):
            for worker in workers:
                say(f"{problem.name}: round {turn + 1} of {rounds}, {worker.result.rival}")
                worker.turn()
    finally:
        for worker in workers:
            worker.end()
    return [worker.result for worker in workers]


def measure_apart(
    problem: Problem, names: Iterable[str], rounds: int, quick: bool, say: Callable[[str], None]
) -> list[Result]:
    """The same, with a new process for each turn: the data of all rivals would not fit into memory together."""
    results: dict[str, Result] = {}
    for turn in range(rounds):
        for name in names:
            if name in results and results[name].done:
                continue
            say(f"{problem.name}: round {turn + 1} of {rounds}, {name}")
            begin = perf_counter()
            worker = Worker(name, problem, quick)
            try:
                worker.turn()
            finally:
                worker.end()
            worker.result.spent = perf_counter() - begin  # with what is done anew for each turn
            if name in results:
                worker.result.seconds = results[name].seconds + worker.result.seconds
                worker.result.spent += results[name].spent
            results[name] = worker.result
    return list(results.values())


def environment(threads: int, source: Path) -> dict[str, str]:
    """The variables of a worker: this checkout's code, and pools of as many threads as the problem has processors.

    Modules are compiled once, as those of an installed package are: a cold start is not to compile gradloop's.
    """
    count = str(threads or processors())
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **dict.fromkeys(POOLS, count), "PYTHONPATH": f"{source}{os.pathsep}{ROOT}"}


def processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def missed(problem: Problem, results: Iterable[Result]) -> dict[str, float]:
    """Rivals whose answer stays above the best of all by more than the problem's gap, and their relative gaps."""
    reached = {result.rival: result.objective for result in results if result.objective is not None}
    if problem.gap is None or not reached:
        return {}
    best = min(reached.values())
    gaps = {rival: (value - best) / abs(best) if best else value for rival, value in reached.items()}
    return {rival: gap for rival, gap in gaps.items() if not gap <= problem.gap}
