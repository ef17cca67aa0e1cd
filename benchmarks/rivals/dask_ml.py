"""dask-ml: scikit-learn's names over dask-glm, on Dask arrays.

Fairness. Newton's method, which its documentation calls the fastest for few columns, has no penalty and gets near
enough with a tolerance of 1e-8; the default, ADMM with an L2 penalty, solves another problem. The same local cluster
as for gradloop, started and filled before the time begins.
"""

from contextlib import ExitStack
from typing import Any

import dask_ml
import distributed
from dask_ml.linear_model import LinearRegression, LogisticRegression

from benchmarks.problems.cluster import Cluster, data, workers
from benchmarks.rivals import Turn, once

OPEN = ExitStack()  # a cluster lives as long as the process


def describe() -> str:
    return f"dask-ml {dask_ml.__version__}, distributed {distributed.__version__}"


def newton(problem: Cluster) -> Turn:
    X, y = data(problem, OPEN.enter_context(workers()))
    kind = LogisticRegression if problem.binary else LinearRegression

    def fit() -> dict[str, Any]:
        model = kind(solver="newton", tol=1e-8).fit(X, y)
        return {"w": model.coef_, "b": model.intercept_}

    return once(fit)


SOLVES = {Cluster: newton}
