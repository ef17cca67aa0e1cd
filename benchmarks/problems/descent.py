"""Minibatch SGD: the same data, start, rate, batches and number of epochs for everyone."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.problems.problem import MANY_ROWS, Judged, Problem

Floats = NDArray[np.float32]
GRID = ("gradloop", "floor", "jax", "pytorch", "scikit_learn", "vowpal_wabbit")  # of many small problems


@dataclass(frozen=True)
class Descent(Problem):
    """Minibatch SGD from zero on `rows` examples, visited in a fresh random order in every epoch.

    unit: "step", "epoch", or "compilation"; classes: 0 for linear regression with half the squared loss, K for softmax
    regression with cross-entropy; by_hand: the textbook's own functions on arrays with a tape, on batches that are cut
    beforehand.
    """

    batch_size: int = 0
    learning_rate: float = 0.0
    epochs: int = 3
    repetitions: int = 1  # how often a turn repeats the training, or the compilation
    classes: int = 0
    by_hand: bool = False

    @property
    def steps(self) -> int:
        """Steps in an epoch; the last batch may be short."""
        return -(-self.rows // self.batch_size)

    @property
    def units_timed(self) -> int:
        """How many units the seconds of one timing are spread over.

        Short trainings are timed as a whole and divided by their steps; long ones epoch by epoch.
        """
        return self.steps * self.epochs if self.unit == "step" else 1

    def judge(self, answer: Any) -> Judged:
        """Of {"w": (features,) or (features, classes), "b": a number or (classes,)}."""
        return Judged(objective(self, answer["w"], answer["b"]))


def grid() -> Iterator[Descent]:
    """Minibatch epochs over shapes and sizes of batches; one row at a time only where there are few."""
    for rows, features in ((10_000, 5), (10_000, 500), (100_000, 20)):
        for batch_size in (1, 32, 512):
            if rows / batch_size > MANY_ROWS:
                continue
            text = f"{rows:,} × {features}, batch {batch_size}, shuffled"
            rate = 0.01 if batch_size > 1 else 0.001
            name = f"epoch-{rows}x{features}-{batch_size}"
            yield Descent(name, text, rows, features, "epoch", None, 0, 3, False, GRID, batch_size, rate)


TEXTBOOK = Descent(
    "textbook", "1000 × 2, batch 10, 3 epochs, warm", 1000, 2, "step", batch_size=10, learning_rate=0.03, repetitions=20
)
DESCENTS = (
    TEXTBOOK,
    replace(TEXTBOOK, name="by-hand", text="the same eagerly, step by step", by_hand=True),
    replace(TEXTBOOK, name="compile", text="linear + squared + sgd", unit="compilation", repetitions=3),
    Descent("million-20", "1e6 × 20, batch 64, shuffled", 1_000_000, 20, "epoch", batch_size=64, learning_rate=0.01),
    Descent("million-100", "1e6 × 100, batch 256, shuffled", 1_000_000, 100, "epoch", None, 0, 5, True, (), 256, 0.01),
    Descent(
        "digits",
        "softmax, 6e4 × 784, 10 classes, batch 256",
        60_000,
        784,
        "epoch",
        None,
        0,
        5,
        True,
        (),
        256,
        0.1,
        classes=10,
    ),
    *grid(),
)


def data(problem: Descent) -> tuple[Floats, NDArray[Any]]:
    """X (rows, features) float32; y float32, or integer labels where there are classes."""
    return generated(problem.rows, problem.features, problem.classes)


@lru_cache(maxsize=2)  # a problem and its warm-up; the large ones take 400 MB
def generated(rows: int, features: int, classes: int) -> tuple[Floats, NDArray[Any]]:
    random = np.random.default_rng(0)
    X = random.standard_normal((rows, features), dtype=np.float32)
    if classes:
        w = random.standard_normal((features, classes)) * 3 / np.sqrt(features)
        scores = X @ w.astype(np.float32) + random.gumbel(size=(rows, classes))
        return X, np.argmax(scores, axis=1)
    w = np.array([2.0, -3.4]) if features == 2 else random.standard_normal(features)
    noise = random.standard_normal(rows, dtype=np.float32)
    return X, X @ w.astype(np.float32) + np.float32(4.2) + np.float32(0.01) * noise


def objective(problem: Descent, w: NDArray[Any], b: NDArray[Any] | float) -> float:
    """The mean loss over all examples: w (features,), b a number; or w (features, classes), b (classes,)."""
    X, y = data(problem)
    y_hat = X @ np.asarray(w, dtype=np.float32) + np.asarray(b, dtype=np.float32)
    if not problem.classes:
        return float(np.mean(np.square(np.subtract(y_hat, y, dtype=np.float64))) / 2)
    top = y_hat.max(axis=1, keepdims=True)
    scores = (y_hat - top).astype(np.float64)
    return float(np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(y)), y]))
