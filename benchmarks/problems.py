"""The problems that every rival gets: the same data, start, rate, batches, and one judge of the answer."""

from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Problem(NamedTuple):
    """Minibatch SGD from zero on `rows` examples, visited in a fresh random order in every epoch."""

    name: str
    text: str
    rows: int
    features: int
    batch_size: int
    learning_rate: float
    epochs: int
    repetitions: int  # how often one call of run() repeats the training, or the compilation
    classes: int = 0  # 0: linear regression with half the squared loss; K: softmax regression with cross-entropy
    measure: Literal["step", "epoch", "compile", "process"] = "epoch"
    by_hand: bool = False  # the textbook's own functions on arrays with a tape, on batches that are cut beforehand

    @property
    def steps(self) -> int:
        """Steps in an epoch; the last batch may be short."""
        return -(-self.rows // self.batch_size)

    @property
    def units_timed(self) -> int:
        """How many steps, epochs, ... the seconds of one timing are spread over.

        Short trainings are timed as a whole and divided by their steps; long ones epoch by epoch.
        """
        return self.steps * self.epochs if self.measure == "step" else 1


PROBLEMS = {
    problem.name: problem
    for problem in [
        Problem("textbook", "1000 × 2, batch 10, 3 epochs, warm", 1000, 2, 10, 0.03, 3, 20, measure="step"),
        Problem("by-hand", "the same eagerly, step by step", 1000, 2, 10, 0.03, 3, 20, measure="step", by_hand=True),
        Problem("process", "the same in a cold process", 1000, 2, 10, 0.03, 3, 1, measure="process"),
        Problem("compile", "linear + squared + sgd", 1000, 2, 10, 0.03, 3, 3, measure="compile"),
        Problem("million-20", "1e6 × 20, batch 64, shuffled", 1_000_000, 20, 64, 0.01, 3, 1),
        Problem("million-100", "1e6 × 100, batch 256, shuffled", 1_000_000, 100, 256, 0.01, 3, 1),
        Problem("digits", "softmax, 60000 × 784, 10 classes, batch 256", 60_000, 784, 256, 0.1, 3, 1, classes=10),
    ]
}


def quick(problem: Problem) -> Problem:
    """The same with a tenth of the rows, where there are many: a look, not a record."""
    return problem._replace(rows=problem.rows // 10) if problem.rows > 10_000 else problem


def data(problem: Problem) -> tuple[Floats, NDArray[Any]]:
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


def objective(problem: Problem, w: NDArray[Any], b: NDArray[Any] | float) -> float:
    """The mean loss over all examples: w (features,), b a number; or w (features, classes), b (classes,)."""
    X, y = data(problem)
    y_hat = X @ np.asarray(w, dtype=np.float32) + np.asarray(b, dtype=np.float32)
    if not problem.classes:
        return float(np.mean(np.square(np.subtract(y_hat, y, dtype=np.float64))) / 2)
    top = y_hat.max(axis=1, keepdims=True)
    scores = (y_hat - top).astype(np.float64)
    return float(np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(y)), y]))
