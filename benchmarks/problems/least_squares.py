"""Least squares, by whatever way a rival has: the answer is compared, not the way."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.problems.problem import Judged, Problem

Floats = NDArray[np.float64]
FAST = (
    "gradloop",
    "floor",
    "normal_equations",
    "numpy_scipy",
    "scikit_learn",
    "scikit_learn_intel",
)  # of a problem again


@dataclass(frozen=True)
class LeastSquares(Problem):
    """The coefficients of `X @ w + b` with the least mean square. powers: X holds powers of one column."""

    powers: bool = False
    gap: float | None = 1e-9

    def judge(self, answer: Any) -> Judged:
        """Of {"w": (features,), "b": a number}."""
        X, y = data(self)
        w, b = np.asarray(answer["w"], np.float64), float(answer["b"])
        error = None
        if self.powers:
            right = exact(self.rows, self.features)
            found = [Fraction(float(b)), *(Fraction(float(value)) for value in w)]
            error = float(max(abs(a / c - 1) for a, c in zip(found, right, strict=True)))
        return Judged(float(np.mean(np.square(X @ w + b - y))) / 2, error)


def data(problem: LeastSquares) -> tuple[Floats, Floats]:
    """X (rows, features), y (rows,), float64."""
    return powers(problem.rows, problem.features) if problem.powers else columns(problem.rows, problem.features)


@lru_cache(maxsize=1)
def columns(rows: int, features: int) -> tuple[Floats, Floats]:
    """Columns that correlate a little and have units of their own, as tables do."""
    random = np.random.default_rng(0)
    X = random.standard_normal((rows, features))
    X += 0.3 * X[:, :1]
    X *= np.geomspace(0.01, 100, features)
    return X, X @ (1 / np.geomspace(0.01, 100, features)) + 4.2 + 0.5 * random.standard_normal(rows)


@lru_cache(maxsize=1)
def powers(rows: int, features: int) -> tuple[Floats, Floats]:
    """Powers of numbers between −9 and −3, rounded to float64, as NIST's Filip has them: hard for every method."""
    x = np.linspace(-9, -3, rows)
    X = np.stack([x**power for power in range(1, features + 1)], axis=1)
    return X, np.random.default_rng(1).normal(0.85, 0.05, rows)


@lru_cache(maxsize=1)
def exact(rows: int, features: int) -> list[Fraction]:
    """The coefficients, intercept first, of the numbers as they are, by elimination in fractions."""
    X, y = powers(rows, features)
    A = [[Fraction(1), *(Fraction(float(value)) for value in row)] for row in X]
    target = [Fraction(float(value)) for value in y]
    width = features + 1
    system = [
        [
            *(sum(row[i] * row[j] for row in A) for j in range(width)),
            sum(row[i] * t for row, t in zip(A, target, strict=True)),
        ]
        for i in range(width)
    ]
    for i in range(width):
        system[i] = [value / system[i][i] for value in system[i]]
        for k in range(width):
            if k != i:
                system[k] = [a - system[k][i] * b for a, b in zip(system[k], system[i], strict=True)]
    return [Fraction(row[-1]) for row in system]


def growth() -> Iterator[LeastSquares]:
    """How the time grows with rows, columns and threads."""
    for rows in (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000):
        text, rounds = f"closed form, {rows:,} × 2", 1 if rows > 1_000_000 else 3
        yield LeastSquares(f"rows-{rows}", text, rows, 2, rounds=rounds, quick=False, among=FAST)
    for features in (1, 10, 500, 2000):
        yield LeastSquares(
            f"columns-{features}",
            f"closed form, 20,000 × {features}",
            20_000,
            features,
            rounds=3,
            quick=False,
            among=FAST,
        )


LEAST_SQUARES = (
    LeastSquares("closed-20", "closed form, 1e6 × 20, float64", 1_000_000, 20),
    LeastSquares("closed-100", "closed form, 1e6 × 100, float64", 1_000_000, 100),
    LeastSquares("closed-100-alone", "the same on one processor", 1_000_000, 100, threads=1, quick=False, among=FAST),
    LeastSquares("powers", "polynomial of degree 10, as NIST's Filip, 82 rows", 82, 10, gap=1e-6, powers=True),
    *growth(),
)
