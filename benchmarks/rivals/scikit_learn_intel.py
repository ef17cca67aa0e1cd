"""The Intel extension for scikit-learn: the same classes, other kernels (oneDAL).

Fairness. `patch_sklearn` is all its users write. On processors of other makers it runs as well. Ordinary least
squares solves the normal equations, which the problem of powers shows; logistic regression has its kernels for lbfgs
only.
"""

from importlib.metadata import version
from typing import Any

from sklearnex import patch_sklearn

patch_sklearn(verbose=False)

from sklearn.linear_model import LinearRegression, LogisticRegression  # noqa: E402  # after the patch

from benchmarks.problems import least_squares, likelihood  # noqa: E402
from benchmarks.problems.least_squares import LeastSquares  # noqa: E402
from benchmarks.problems.likelihood import Likelihood  # noqa: E402
from benchmarks.rivals import Turn, once  # noqa: E402


def describe() -> str:
    return f"scikit-learn-intelex {version('scikit-learn-intelex')}"


def linear_regression(problem: LeastSquares) -> Turn:
    X, y = least_squares.data(problem)

    def fit() -> dict[str, Any]:
        model = LinearRegression().fit(X, y)
        return {"w": model.coef_, "b": model.intercept_}

    return once(fit)


def logistic_regression(problem: Likelihood) -> Turn:
    X, y = likelihood.data(problem)

    def fit() -> dict[str, Any]:
        model = LogisticRegression(C=1e14, solver="lbfgs", tol=1e-8, max_iter=1000).fit(X, y)
        if problem.classes == 2:
            return {"w": model.coef_[0], "b": model.intercept_[0]}
        return {"w": model.coef_.T, "b": model.intercept_}

    return once(fit)


SOLVES = {LeastSquares: linear_regression, Likelihood: logistic_regression}
