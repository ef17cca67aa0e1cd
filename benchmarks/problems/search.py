"""Losses of many candidates: exhaustive search, and the surface that is drawn of a loss."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.problems.problem import Judged, Problem

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Search(Problem):
    """Half the mean square of w x + b on a grid of w and b, as the textbook's exhaustive search has it."""

    values: tuple[int, int] = (401, 201)

    def judge(self, answer: Any) -> Judged:
        """Of {"w": a number, "b": a number}, the best of the grid."""
        x, y = data(self)
        return Judged(float(np.mean(np.square(float(answer["w"]) * x + float(answer["b"]) - y))) / 2)

    @property
    def candidates(self) -> tuple[Floats, Floats]:
        """The values of w and of b."""
        return np.linspace(-10, 10, self.values[0]), np.linspace(-10, 10, self.values[1])


class Surface(Search):
    """The loss at every point of the grid, as its picture needs it."""

    def judge(self, answer: Any) -> Judged:
        """Of losses (w, b), by their sums of products."""
        x, y = data(self)
        w, b = self.candidates[0][:, None], self.candidates[1]
        squares = w**2 * np.mean(x * x) + b**2 + np.mean(y * y)
        right = squares / 2 + w * b * np.mean(x) - w * np.mean(x * y) - b * np.mean(y)
        return Judged(float(np.min(answer)), float(np.max(np.abs(answer / right - 1))))


@lru_cache(maxsize=1)
def data(problem: Search) -> tuple[Floats, Floats]:
    """x and y, (rows,) each."""
    random = np.random.default_rng(0)
    x = random.standard_normal(problem.rows)
    return x, 2 * x + 4.2 + 0.1 * random.standard_normal(problem.rows)


SEARCHES = (
    Search("grid-401", "exhaustive search, 401 × 201 candidates, 1000 rows", 1000, 1, gap=1e-9, rounds=3),
    Surface("surface-401", "loss at each of 401 × 201 points, 1000 rows", 1000, 1, gap=1e-9, rounds=3, quick=False),
)
