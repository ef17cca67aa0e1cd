"""One module per rival, each written as its own users would write it well.

A rival is a module with

    SOLVES: for each family of problems (a class) a function prepare(problem) -> turn, where
        turn() -> (seconds, answer)
            seconds: one figure for each timing, of problem.units_timed units where the problem has them, else of one;
            answer: what problem.judge takes.
        What is warm (compiled functions, arrays in the rival's own form) is made in prepare, and the first turn is not
        counted; prepare raises NotComparableError with a sentence where the problem has no counterpart.
    describe() -> str: version, and what else must be known. Threads are those that the run sets.

A problem whose family a rival's SOLVES does not have is not shown for it.
"""

import importlib
import pkgutil
from collections.abc import Callable
from time import perf_counter
from types import ModuleType
from typing import Any, TypeVar

Turn = Callable[[], tuple[list[float], Any]]
Found = TypeVar("Found")


class NotComparableError(Exception):
    """The rival has no counterpart to this problem; the text says why."""


def names() -> list[str]:
    """All rivals, gradloop first."""
    found = [module.name for module in pkgutil.iter_modules(__path__)]
    return sorted(found, key=lambda name: (name != "gradloop", name != "floor", name))


def load(name: str) -> ModuleType | str:
    """A rival, or why it is not there."""
    try:
        return importlib.import_module(f"benchmarks.rivals.{name}")
    except ModuleNotFoundError as error:
        return f"not installed ({error.name})"


def timed(work: Callable[[], Found]) -> tuple[float, Found]:
    """Seconds, and what the work gave."""
    begin = perf_counter()
    found = work()
    return perf_counter() - begin, found


def once(work: Callable[[], Any], units: int = 1) -> Turn:
    """A turn that does the work once; seconds are of one unit of it."""

    def turn() -> tuple[list[float], Any]:
        seconds, answer = timed(work)
        return [seconds / units], answer

    return turn
