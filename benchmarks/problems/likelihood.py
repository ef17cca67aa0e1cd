"""Logistic and softmax regression to a stated distance from the best."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.problems.problem import Judged, Problem

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Likelihood(Problem):
    """The least mean of −log p(y | x), without a penalty. classes: 2 for logistic regression."""

    classes: int = 2

    def judge(self, answer: Any) -> Judged:
        """Of {"w": (features,) or (features, classes), "b": a number or (classes,)}."""
        X, y = data(self)
        scores = X @ np.asarray(answer["w"], np.float64) + np.asarray(answer["b"], np.float64)
        if self.classes == 2:
            return Judged(float(np.mean(np.logaddexp(0, np.where(y == 1, -scores, scores)))))
        top = scores.max(axis=1, keepdims=True)
        scores -= top
        return Judged(float(np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(y)), y])))


@dataclass(frozen=True)
class Passes(Likelihood):
    """Some steps of gradient descent from zero, each of which takes one pass over all rows: timed is a pass."""

    unit: str = "pass"
    steps: int = 20
    learning_rate: float = 1.0


def data(problem: Likelihood) -> tuple[Floats, NDArray[np.int64]]:
    """X (rows, features) float64; y (rows,), integers from 0."""
    return drawn(problem.rows, problem.features, problem.classes)


@lru_cache(maxsize=1)
def drawn(rows: int, features: int, classes: int) -> tuple[Floats, NDArray[np.int64]]:
    random = np.random.default_rng(0)
    X = random.standard_normal((rows, features))
    if classes == 2:
        scores = X @ random.standard_normal(features) / 2 + 0.3
        return X, (random.random(rows) < 1 / (1 + np.exp(-scores))).astype(np.int64)
    scores = X @ random.standard_normal((features, classes)) / 2 + random.gumbel(size=(rows, classes))
    return X, np.argmax(scores, axis=1)


def passes() -> Iterator[Passes]:
    """Of rows that take longer to compute than to read, and of wide ones; on all processors and on one."""
    for features in (10, 50):
        text = f"gradient descent, logistic, 1e6 × {features}, a pass over all rows"
        for threads, name, more in ((0, "", ""), (1, "-alone", ", on one processor")):
            yield Passes(f"passes-{features}{name}", text + more, 1_000_000, features, threads=threads, quick=False)


LIKELIHOODS = (
    Likelihood("logistic-50", "logistic, 1e6 × 50, to 1e-10 of the least loss", 1_000_000, 50, gap=1e-10, rounds=3),
    Likelihood(
        "logistic-50-alone",
        "the same on one processor",
        1_000_000,
        50,
        gap=1e-10,
        threads=1,
        rounds=3,
        quick=False,
        among=("gradloop", "floor", "scikit_learn", "scikit_learn_intel"),
    ),
    *passes(),
    Likelihood("softmax-20", "softmax, 2e5 × 20, 5 classes, to 1e-8", 200_000, 20, gap=1e-8, rounds=3, classes=5),
)
