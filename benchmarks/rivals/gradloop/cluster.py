"""`gl.fit` on a Dask cluster, as a user with a client calls it."""

from contextlib import ExitStack
from typing import Any

import gradloop as gl
from benchmarks.problems.cluster import Cluster, data, workers
from benchmarks.rivals import Turn, once

OPEN = ExitStack()  # a cluster lives as long as the process


def on_cluster(problem: Cluster) -> Turn:
    client = OPEN.enter_context(workers())
    X, y = data(problem, client)
    solver: Any = gl.Newton(tolerance=(problem.gap or 0) / 10) if problem.binary else gl.ClosedForm()
    model = "logistic" if problem.binary else "linear"
    return once(lambda: dict(gl.fit(X, y, model=model, solver=solver, cluster=client).params))
