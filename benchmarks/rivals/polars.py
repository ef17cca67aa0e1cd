"""polars: least squares as sums of products of columns in one lazy, streaming query; the small system is solved by
NumPy.

Fairness. The whole query is one select, so each column is read once; `collect(engine="streaming")` keeps memory small.
"""

from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import polars as pl

from benchmarks.problems.files import TARGET, FileToModel
from benchmarks.rivals import NotComparableError, Turn, once


def describe() -> str:
    return f"polars {pl.__version__}"


def file_to_model(problem: FileToModel) -> Turn:
    if problem.memory:
        raise NotComparableError("it cannot be told how much memory it may take")
    names = [*(f"x{i}" for i in range(problem.features)), TARGET]
    pairs = list(combinations_with_replacement(range(len(names)), 2))
    columns = [pl.col(name) for name in names]
    sums = [column.sum() for column in columns]
    products = [(columns[i] * columns[j]).sum().alias(f"{i} {j}") for i, j in pairs]
    scan = pl.scan_csv if problem.kind == "csv" else pl.scan_parquet

    def fit() -> dict[str, Any]:
        found = scan(problem.path).select(pl.len().alias("rows"), *sums, *products).collect(engine="streaming").row(0)
        count, mean = found[0], np.array(found[1 : len(names) + 1]) / found[0]
        product = np.zeros((len(names), len(names)))
        for (i, j), value in zip(pairs, found[len(names) + 1 :], strict=True):
            product[i, j] = product[j, i] = value / count - mean[i] * mean[j]
        w = np.linalg.solve(product[:-1, :-1], product[:-1, -1])
        return {"w": w, "b": mean[-1] - mean[:-1] @ w}

    return once(fit)


SOLVES = {FileToModel: file_to_model}
