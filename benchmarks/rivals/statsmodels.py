"""statsmodels: OLS and Logit with their standard errors, as gradloop gives them too.

Fairness. OLS by QR, the more exact of its two ways and not slower here; Logit by Newton, its default, with a tighter
tolerance.
"""

from typing import Any

import statsmodels
import statsmodels.api as sm

from benchmarks.cold import code, words
from benchmarks.problems import least_squares, likelihood
from benchmarks.problems.least_squares import LeastSquares
from benchmarks.problems.likelihood import Likelihood
from benchmarks.problems.processes import Process
from benchmarks.rivals import NotComparableError, Turn, once


def describe() -> str:
    return f"statsmodels {statsmodels.__version__}"


def ols(problem: LeastSquares) -> Turn:
    X, y = least_squares.data(problem)

    def fit() -> dict[str, Any]:
        found = sm.OLS(y, sm.add_constant(X, has_constant="add")).fit(method="qr")
        return {"w": found.params[1:], "b": found.params[0]}

    return once(fit)


def logit(problem: Likelihood) -> Turn:
    if problem.classes > 2:
        raise NotComparableError("MNLogit takes minutes")
    X, y = likelihood.data(problem)

    def fit() -> dict[str, Any]:
        found = sm.Logit(y, sm.add_constant(X, has_constant="add")).fit(disp=0, tol=1e-10)
        return {"w": found.params[1:], "b": found.params[0]}

    return once(fit)


TABLE = (
    "import pandas as pd",
    "import statsmodels.formula.api as smf",
    "table = pd.read_csv('{table}')",
    "print(smf.ols('{target} ~ ' + ' + '.join(table.columns.drop('{target}')), table).fit().summary())",
)
COMMANDS = {"import": code("import statsmodels.api"), "table": code(*TABLE)}
SOLVES = {LeastSquares: ols, Likelihood: logit, Process: lambda problem: words(problem, COMMANDS)}
