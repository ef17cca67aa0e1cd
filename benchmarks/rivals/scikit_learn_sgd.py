"""scikit-learn's SGDRegressor: a loop written in Cython, one example at a time.

Fairness. It knows no batches, so it takes more and smaller steps over the same examples: an epoch is
compared with an epoch. Its rate is a tenth of the batch's, because one example has a far larger gradient
noise. Penalty, averaging, early stopping and tolerance are off, float32 stays float32; one fit of all
epochs is timed, so that its checks are paid once. SGDClassifier fits ten separate classifiers instead of a
softmax, which is another problem, so it is not shown.
"""

from time import perf_counter

import sklearn
from sklearn.linear_model import SGDRegressor

from benchmarks.problems import Problem, data, objective
from benchmarks.rivals import NotComparableError


def describe() -> str:
    return f"scikit-learn {sklearn.__version__} (SGDRegressor, batch 1), 1 thread"


def run(problem: Problem) -> tuple[list[float], float | None]:
    if problem.classes:
        raise NotComparableError("SGDClassifier has no softmax")
    if problem.by_hand:
        raise NotComparableError("it has no tape")
    if problem.measure == "compile":
        raise NotComparableError("compiled ahead of time")
    X, y = data(problem)
    seconds = []
    for _ in range(problem.repetitions):
        model = SGDRegressor(
            penalty=None,
            learning_rate="constant",
            eta0=problem.learning_rate / 10,
            max_iter=problem.epochs,
            tol=None,
            random_state=0,
        )
        begin = perf_counter()
        model.fit(X, y)
        whole = perf_counter() - begin
        seconds.append(whole if problem.measure == "step" else whole / problem.epochs)
    return seconds, objective(problem, model.coef_, model.intercept_[0])
