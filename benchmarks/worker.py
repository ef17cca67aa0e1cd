"""One rival at one problem, in a process of its own: `python -m benchmarks.worker RIVAL PROBLEM`.

Says what it is in a line of JSON on standard output, warms up, and then has a turn for each line on standard input. A
process of its own keeps one rival's threads, memory and imports away from the other's, and its peak memory is the
rival's.
"""

import contextlib
import json
import os
import sys
from time import perf_counter
from typing import Any

from benchmarks.memory import peak_megabytes
from benchmarks.problems import PROBLEMS
from benchmarks.problems.problem import Judged
from benchmarks.rivals import NotComparableError, Turn, load

SHORTEST = 0.05  # seconds of a turn


def main() -> None:
    # What libraries print on standard output would mix with what is said here.
    said = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def say(**what: object) -> None:
        said.write(json.dumps(what) + "\n")

    name, problem_name, *quick = sys.argv[1:]
    problem = PROBLEMS[problem_name]
    problem = problem.smaller() if quick else problem
    keep_to(problem.threads)
    rival = load(name)
    if isinstance(rival, str):
        return say(remark=rival)
    prepare = rival.SOLVES.get(type(problem))
    if prepare is None:
        return say(remark="")
    try:
        turn: Turn = prepare(problem)
        seconds, answer = turn()
    except NotComparableError as error:
        return say(remark=str(error))
    say(about=rival.describe())
    for _ in sys.stdin:
        seconds, answer = lasting(turn)
        peak = peak_megabytes()  # before the judge takes some
        judged = Judged() if answer is None else problem.judge(answer)
        say(seconds=seconds, peak=peak, **judged._asdict())


def lasting(turn: Turn) -> tuple[list[float], Any]:
    """A turn, repeated until it lasts; else it would tell how long a process takes to wake up."""
    begun = perf_counter()
    seconds, answer = turn()
    while perf_counter() - begun < SHORTEST:
        more, answer = turn()
        seconds = seconds + more
    return seconds, answer


def keep_to(threads: int) -> None:
    """Run on so many processors; libraries that are loaded later see it, or are told by environment variables."""
    if threads and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        main()
