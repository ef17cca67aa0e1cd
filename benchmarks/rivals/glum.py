"""glum: generalised linear models, made for large tables.

Fairness. The solver of its recommendation without an L1 penalty is irls-ls; alpha is 0. The elastic net by irls-cd
along the same penalties (`alpha_search` has its own row of them, so each is fitted with a warm start).
"""

from typing import Any

import glum
import numpy as np
from glum import GeneralizedLinearRegressor

from benchmarks.problems import least_squares, likelihood, paths
from benchmarks.problems.least_squares import LeastSquares
from benchmarks.problems.likelihood import Likelihood
from benchmarks.problems.paths import Path
from benchmarks.rivals import NotComparableError, Turn, once


def describe() -> str:
    return f"glum {glum.__version__}"


def params(model: Any) -> dict[str, Any]:
    return {"w": model.coef_, "b": model.intercept_}


def normal(problem: LeastSquares) -> Turn:
    X, y = least_squares.data(problem)
    return once(lambda: params(GeneralizedLinearRegressor(family="normal", alpha=0, solver="irls-ls").fit(X, y)))


def binomial(problem: Likelihood) -> Turn:
    if problem.classes > 2:
        raise NotComparableError("no softmax")
    X, y = likelihood.data(problem)

    def fit() -> dict[str, Any]:
        model = GeneralizedLinearRegressor(
            family="binomial", alpha=0, solver="irls-ls", gradient_tol=1e-7, max_iter=100, drop_first=False
        )
        return params(model.fit(X, y.astype(np.float64)))

    return once(fit)


def path(problem: Path) -> Turn:
    X, y = paths.data(problem)
    strengths = paths.strengths(problem)

    def fit() -> dict[str, Any]:
        model = GeneralizedLinearRegressor(
            family="normal", l1_ratio=problem.ratio, alpha=list(strengths), alpha_search=True, solver="irls-cd",
            gradient_tol=1e-6,
        ).fit(X, y)  # fmt: skip
        return {"w": model.coef_path_, "b": model.intercept_path_}

    return once(fit)


SOLVES = {LeastSquares: normal, Likelihood: binomial, Path: path}
