"""The floor: one read of the data, and no training at all.

Nothing that touches every number once can be faster with one thread. In a cold process the floor is what
importing NumPy and making the data take.
"""

from time import perf_counter

import numpy as np

from benchmarks.problems import Problem, data
from benchmarks.rivals import NotComparableError


def describe() -> str:
    return f"NumPy {np.__version__}, 1 thread"


def run(problem: Problem) -> tuple[list[float], float | None]:
    if problem.by_hand:
        raise NotComparableError("NumPy has no tape")
    if problem.measure == "compile":
        raise NotComparableError("there is nothing to compile")
    X, _ = data(problem)
    X.sum()
    reads = problem.epochs if problem.measure == "step" else 1
    seconds = []
    for _ in range(problem.repetitions * (1 if problem.measure == "step" else problem.epochs)):
        begin = perf_counter()
        for _ in range(reads):
            X.sum()
        seconds.append(perf_counter() - begin)
    return seconds, None
