"""The elastic net for a falling row of penalties."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.problems.problem import Judged, Problem

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Path(Problem):
    """Least mean square / 2 + strength · (ratio · |w|₁ + (1 − ratio) / 2 · |w|²) for each strength; b is free.

    The objective that is judged is the sum over all strengths.
    """

    ratio: float = 0.5
    strengths: int = 100

    def judge(self, answer: Any) -> Judged:
        """Of {"w": (strengths, features), "b": (strengths,)}, strengths as `strengths` gives them."""
        X, y = data(self)
        total = 0.0
        for strength, w, b in zip(strengths(self), np.asarray(answer["w"]), np.asarray(answer["b"]), strict=True):
            penalty = self.ratio * np.abs(w).sum() + (1 - self.ratio) / 2 * np.square(w).sum()
            total += float(np.mean(np.square(X @ w + b - y))) / 2 + strength * float(penalty)
        return Judged(total)


@lru_cache(maxsize=1)
def data(problem: Path) -> tuple[Floats, Floats]:
    """X (rows, features) with columns of mean 0 and deviation 1; y (rows,); a fifth of the coefficients matter."""
    random = np.random.default_rng(0)
    X = random.standard_normal((problem.rows, problem.features)) + 0.5 * random.standard_normal((problem.rows, 1))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    w = np.where(np.arange(problem.features) % 5 == 0, random.standard_normal(problem.features), 0)
    return X, X @ w + random.standard_normal(problem.rows)


def strengths(problem: Path) -> Floats:
    """From the least that leaves nothing down to a thousandth of it."""
    X, y = data(problem)
    largest = np.abs(X.T @ (y - y.mean())).max() / len(y) / problem.ratio
    return np.geomspace(largest, largest / 1000, problem.strengths)


PATHS = (Path("path-100", "elastic net, 1e5 × 100, 100 penalties", 100_000, 100, gap=1e-6, rounds=3),)
