"""The floor: what nobody can be faster than. It reads the data once at memory speed, or does the flops at the speed of
BLAS.

For minibatches and logistic regression one read of the data; for least squares the products of all pairs of columns,
by the symmetric product of BLAS (dsyrk); for files one read of the bytes; for a cold process the interpreter with
NumPy.
"""

from typing import Any

import numpy as np
from scipy.linalg.blas import dsyrk

from benchmarks.cold import code, words
from benchmarks.problems import least_squares, likelihood, paths
from benchmarks.problems.descent import Descent, data
from benchmarks.problems.files import FileToModel, FileToPredictions
from benchmarks.problems.least_squares import LeastSquares
from benchmarks.problems.likelihood import Likelihood, Passes
from benchmarks.problems.paths import Path
from benchmarks.problems.processes import Process
from benchmarks.rivals import NotComparableError, Turn, once

PIECE = 2**24  # bytes of a file that are read at once


def describe() -> str:
    return f"NumPy {np.__version__}; nothing is trained"


def read_once(problem: Descent) -> Turn:
    if problem.by_hand:
        raise NotComparableError("NumPy has no tape")
    if problem.unit == "compilation":
        raise NotComparableError("there is nothing to compile")
    X, _ = data(problem)
    return reads(X, problem.epochs if problem.unit == "step" else 1, problem.units_timed)


def reads(X: Any, times: int = 1, units: int = 1) -> Turn:
    def work() -> None:
        for _ in range(times):
            X.sum()

    return once(work, units)


def products(problem: LeastSquares) -> Turn:
    X, _ = least_squares.data(problem)

    def work() -> None:
        dsyrk(1.0, X.T)

    return once(work)


def bytes_of(problem: FileToModel) -> Turn:
    def work() -> None:
        with open(problem.path, "rb") as file:
            while file.read(PIECE):
                pass

    return once(work)


SOLVES = {
    Descent: read_once,
    LeastSquares: products,
    Likelihood: lambda problem: reads(likelihood.data(problem)[0]),
    Passes: lambda problem: reads(likelihood.data(problem)[0]),
    Path: lambda problem: reads(paths.data(problem)[0]),
    FileToModel: bytes_of,
    FileToPredictions: bytes_of,
    Process: lambda problem: words(problem, {what: code("import numpy") for what in ("import", "textbook", "table")}),
}
