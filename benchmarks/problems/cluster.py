"""Least squares and logistic regression on two workers of a local Dask cluster, to a stated distance from the best.

The rows are Dask arrays that lie on the workers already; a turn is the fit alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.problems.problem import Judged, Problem

WORKERS, PARTS = 2, 10
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cluster(Problem):
    """The least mean of ½ (y − ŷ)², or of −log p(y | x); binary: which."""

    binary: bool = False

    def judge(self, answer: Any) -> Judged:
        """Of {"w": (features,), "b": a number}."""
        w, b = np.asarray(answer["w"], np.float64), float(np.squeeze(answer["b"]))
        return Judged(float(np.mean([np.mean(losses(self, *block(self, i), w, b)) for i in range(PARTS)])))


def losses(problem: Cluster, X: Floats, y: Floats, w: Floats, b: float) -> Floats:
    scores = X @ w + b
    return np.logaddexp(0, np.where(y == 1, -scores, scores)) if problem.binary else (scores - y) ** 2 / 2


def block(problem: Cluster, part: int) -> tuple[Floats, Floats]:
    """The rows of a part, of which all have as many: X (rows, features), y (rows,)."""
    random = np.random.default_rng(part)
    X = random.standard_normal((problem.rows // PARTS, problem.features))
    scores = X @ np.linspace(-1, 1, problem.features) + 0.3
    if problem.binary:
        return X, (random.random(len(X)) < 1 / (1 + np.exp(-scores))).astype(np.float64)
    return X, scores + random.standard_normal(len(X))


@contextmanager
def workers() -> Iterator[Any]:
    """A client of two worker processes, with Dask's own settings."""
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=WORKERS, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client


def data(problem: Cluster, client: Any) -> tuple[Any, Any]:
    """X and y as Dask arrays, in the memory of the workers."""
    import dask.array as arrays
    from dask import delayed
    from dask.distributed import wait

    rows = problem.rows // PARTS
    parts = [delayed(block, nout=2, pure=False)(problem, part) for part in range(PARTS)]
    X = arrays.concatenate([arrays.from_delayed(part[0], (rows, problem.features), np.float64) for part in parts])
    y = arrays.concatenate([arrays.from_delayed(part[1], (rows,), np.float64) for part in parts])
    X, y = client.persist([X, y])
    wait([X, y])
    return X, y


CLUSTERS = (
    Cluster(
        "cluster-linear", "least squares on two Dask workers, 2e6 × 20, to 1e-10 of the least", 2_000_000, 20,
        gap=1e-10, rounds=3, quick=False,
    ),
    Cluster(
        "cluster-logistic", "logistic on two Dask workers, 2e6 × 20, to 1e-8 of the least loss", 2_000_000, 20,
        gap=1e-8, rounds=3, quick=False, binary=True,
    ),
)  # fmt: skip
