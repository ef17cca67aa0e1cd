"""scikit-learn's SGDRegressor: a loop written in Cython, one example at a time.

Fairness. It knows no batches, so it takes more and smaller steps over the same examples: an epoch is compared with an
epoch. Its rate is a tenth of the batch's, because one example has a far larger gradient noise. Penalty, averaging,
early stopping and tolerance are off, float32 stays float32; one fit of all epochs is timed, so that its checks are
paid once. SGDClassifier fits ten separate classifiers instead of a softmax, which is another problem, so it is not
shown.
"""

from typing import Any

from sklearn.linear_model import SGDRegressor

from benchmarks.problems.descent import Descent, data
from benchmarks.rivals import NotComparableError, Turn, timed


def descent(problem: Descent) -> Turn:
    if problem.classes:
        raise NotComparableError("SGDClassifier has no softmax")
    if problem.by_hand:
        raise NotComparableError("it has no tape")
    if problem.unit == "compilation":
        raise NotComparableError("compiled ahead of time")
    X, y = data(problem)
    rate = problem.learning_rate / 10 if problem.batch_size > 1 else problem.learning_rate

    def turn() -> tuple[list[float], Any]:
        seconds = []
        for _ in range(problem.repetitions):
            model = SGDRegressor(
                penalty=None, learning_rate="constant", eta0=rate, max_iter=problem.epochs, tol=None, random_state=0
            )
            whole, _ = timed(lambda model=model: model.fit(X, y))  # type: ignore[misc]
            seconds.append(whole / (problem.units_timed if problem.unit == "step" else problem.epochs))
        return seconds, {"w": model.coef_, "b": model.intercept_[0]}

    return turn
