"""DuckDB: least squares inside the database, as sums of products; the small system is solved by NumPy.

Fairness. One SELECT with all sums; the means are taken out afterwards. This is how people fit without moving the data.
"""

from itertools import combinations_with_replacement
from typing import Any

import duckdb
import numpy as np

from benchmarks.problems.files import TARGET, FileToModel
from benchmarks.rivals import NotComparableError, Turn, once


def describe() -> str:
    return f"DuckDB {duckdb.__version__}"


def file_to_model(problem: FileToModel) -> Turn:
    if problem.passes:
        raise NotComparableError("a query has no passes")
    names = [*(f"x{i}" for i in range(problem.features)), TARGET]
    pairs = list(combinations_with_replacement(range(len(names)), 2))
    sums = [f"sum({name})" for name in names] + [f"sum({names[i]} * {names[j]})" for i, j in pairs]
    query = f"select count(*), {', '.join(sums)} from '{problem.path}'"
    limit = f"set memory_limit = '{problem.memory} B'" if problem.memory else ""

    def fit() -> dict[str, Any]:
        with duckdb.connect() as database:
            if limit:
                database.execute(limit)
            count, *found = database.execute(query).fetchone()
        mean = np.array(found[: len(names)]) / count
        product = np.zeros((len(names), len(names)))
        for (i, j), value in zip(pairs, found[len(names) :], strict=True):
            product[i, j] = product[j, i] = value / count - mean[i] * mean[j]
        w = np.linalg.solve(product[:-1, :-1], product[:-1, -1])
        return {"w": w, "b": mean[-1] - mean[:-1] @ w}

    return once(fit)


SOLVES = {FileToModel: file_to_model}
