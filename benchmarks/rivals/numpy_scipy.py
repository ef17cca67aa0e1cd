"""NumPy and SciPy: what a scientist writes without a framework.

Fairness. Least squares by `scipy.linalg.lstsq` (LAPACK's gelsy, the faster of its orthogonal drivers) with a column
of ones; the normal equations are a rival of their own. The exhaustive search broadcasts over one axis of the grid,
because both at once would take 645 MB and more time. Logistic regression is Newton's method in eight lines. One law:
curve_fit with a start, as its documentation asks; many laws: curve_fit in a loop, over 500 of the spectra, since a
loop's time does not depend on how many there are.
"""

from time import perf_counter
from typing import Any

import numpy as np
import scipy
from scipy.linalg import lstsq, solve
from scipy.optimize import curve_fit
from scipy.special import expit

from benchmarks.cold import code, words
from benchmarks.problems import laws, least_squares, likelihood, search
from benchmarks.problems.laws import START, Spectra, planck
from benchmarks.problems.least_squares import LeastSquares
from benchmarks.problems.likelihood import Likelihood, Passes
from benchmarks.problems.processes import Process
from benchmarks.problems.search import Search, Surface
from benchmarks.rivals import NotComparableError, Turn, once

SOME_SPECTRA = 500


def describe() -> str:
    return f"NumPy {np.__version__}, SciPy {scipy.__version__}"


def orthogonal(problem: LeastSquares) -> Turn:
    X, y = least_squares.data(problem)

    def fit() -> dict[str, Any]:
        found = lstsq(np.column_stack([np.ones(len(X)), X]), y, lapack_driver="gelsy", check_finite=False)[0]
        return {"w": found[1:], "b": found[0]}

    return once(fit)


def newton(problem: Likelihood) -> Turn:
    if problem.classes > 2:
        raise NotComparableError("nobody writes the curvature of a softmax by hand")
    X, y = likelihood.data(problem)

    def fit() -> dict[str, Any]:
        ones = np.column_stack([np.ones(len(X)), X])
        params = np.zeros(ones.shape[1])
        for _ in range(20):
            p = expit(ones @ params)
            slope = ones.T @ (p - y)
            step = solve(ones.T @ (ones * (p * (1 - p))[:, None]), slope, assume_a="pos")
            params -= step
            if slope @ step < (problem.gap or 0) * len(X):
                break
        return {"w": params[1:], "b": params[0]}

    return once(fit)


def passes(problem: Passes) -> Turn:
    X, y = likelihood.data(problem)

    def turn() -> tuple[list[float], Any]:
        w, b, seconds = np.zeros(problem.features), 0.0, []
        for _ in range(problem.steps):
            begin = perf_counter()
            residual = expit(X @ w + b) - y
            w -= problem.learning_rate * (residual @ X) / len(X)
            b -= problem.learning_rate * residual.mean()
            seconds.append(perf_counter() - begin)
        return seconds, {"w": w, "b": b}

    return turn


def exhaustive(problem: Search) -> Turn:
    w, b = problem.candidates

    def best() -> dict[str, Any]:
        losses = losses_of(problem)
        i, j = np.unravel_index(np.argmin(losses), losses.shape)
        return {"w": w[i], "b": b[j]}

    return once(best)


def losses_of(problem: Search) -> Any:
    x, y = search.data(problem)
    w, b = problem.candidates
    return np.array([np.mean((value * x + b[:, None] - y) ** 2, axis=1) for value in w]) / 2


def spectra(problem: Spectra) -> Turn:
    wavelength, measured = laws.data(problem)
    some = measured[:SOME_SPECTRA]

    def fit() -> dict[str, Any]:
        found = np.array([curve_fit(planck, wavelength, y, p0=list(START.values()))[0] for y in some])
        return dict(zip(START, found.T, strict=True))

    return once(fit, len(some))


COMMANDS = {"import": code("import numpy, scipy.optimize")}
SOLVES = {
    LeastSquares: orthogonal,
    Likelihood: newton,
    Passes: passes,
    Search: exhaustive,
    Surface: lambda problem: once(lambda: losses_of(problem)),
    Spectra: spectra,
    Process: lambda problem: words(problem, COMMANDS),
}
