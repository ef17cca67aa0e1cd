"""river: models that learn from a stream, one dictionary at a time.

Fairness. The dictionaries are made before the clock runs. It knows no batches and no epochs; the loop over shuffled
rows is its users' own. Large tables take minutes, so it has the textbook's problem only.
"""

from typing import Any

import numpy as np
import river
from river import linear_model, optim

from benchmarks.problems.descent import Descent, data
from benchmarks.rivals import NotComparableError, Turn, timed

MOST_ROWS = 10_000


def describe() -> str:
    return f"river {river.__version__}"


def descent(problem: Descent) -> Turn:
    if problem.rows > MOST_ROWS:
        raise NotComparableError("a dictionary for each row: minutes")
    if problem.classes or problem.by_hand or problem.unit == "compilation":
        raise NotComparableError("it has no counterpart")
    X, y = data(problem)
    rows = [dict(enumerate(row)) for row in X.tolist()]
    targets = y.tolist()
    random = np.random.default_rng(0)
    rate = problem.learning_rate / 10 if problem.batch_size > 1 else problem.learning_rate

    def turn() -> tuple[list[float], Any]:
        model = linear_model.LinearRegression(optimizer=optim.SGD(rate), intercept_lr=rate)

        def train() -> None:
            for _ in range(problem.epochs):
                for i in random.permutation(problem.rows).tolist():
                    model.learn_one(rows[i], targets[i])

        seconds, _ = timed(train)
        weights = np.array([model.weights[name] for name in range(problem.features)])
        units = problem.units_timed if problem.unit == "step" else problem.epochs
        return [seconds / units], {"w": weights, "b": model.intercept}

    return turn


SOLVES = {Descent: descent}
