"""A path over penalties: the best parameters for each of many strengths, from all zero downwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradloop.blas import one_blas_thread
from gradloop.data.missing import Rules
from gradloop.errors import DataError, OptionError
from gradloop.examples import Examples, from_arrays, from_table, path_or_table
from gradloop.models import Model
from gradloop.penalties import l1
from gradloop.problem import make_problem
from gradloop.solvers.coordinate_descent import (
    CoordinateDescent,
    Descent,
    PenalisedDesign,
    Reduced,
    check_solvable,
    reduced,
)
from gradloop.text import number, table

COLUMNS = ("strength", "objective", "gap", "nonzero")
Array = Any


@dataclass(frozen=True, eq=False)
class Path:
    """The best parameters for each strength of a penalty, strongest first; it prints as a table.

    A gap says how far the objective is at most above the best for its strength.
    """

    ratio: float
    strength: NDArray[np.float64]  # (count,)
    params: Mapping[str, NDArray[np.float64]]  # by name: (count, *shape)
    objective: NDArray[np.float64]
    gap: NDArray[np.float64]
    nonzero: NDArray[np.int64]  # how many of the penalised parameters are not zero

    def __len__(self) -> int:
        return len(self.strength)

    def __str__(self) -> str:
        columns = (getattr(self, name).tolist() for name in COLUMNS)
        return table(COLUMNS, [[number(value) for value in row] for row in zip(*columns, strict=True)])


def path(
    data: Any,
    y: Any = None,
    *,
    target: str | None = None,
    leave_out: Iterable[str] = (),
    model: str | Model | Callable[..., Any] = "linear",
    weights: Any = None,
    start: Mapping[str, Any] | None = None,
    missing: str = "error",
    max_levels: int | None = None,
    unseen: str = "error",
    ratio: float = 1.0,
    count: int = 100,
    smallest: float = 1e-3,
    tolerance: float = 1e-10,
) -> Path:
    """Fit a lasso or elastic net for each of many strengths, in one pass over the rows.

        params(s) = argmin  1/n Σ (y − ŷ)² / 2 + s · (ratio · Σ |w| + (1 − ratio) / 2 · Σ w²)

    The first strength is the smallest that makes every penalised parameter zero; the others fall from there by equal
    factors, and each fit begins where the last one ended.

    Args:
        data, y, target, leave_out, model, weights, start, missing, max_levels, unseen: as for `gradloop.fit`; the
            model must be affine in its parameters
        ratio: the share of the absolute values in the penalty: 1 is the lasso; above 0
        count: how many strengths
        smallest: the last strength as a share of the first
        tolerance: of each fit, see `gradloop.CoordinateDescent`

    Raises:
        DataError, ModelError, OptionError: a sentence saying what does not fit, where, and what to do.

    >>> X = np.array([[1.0, 0.0], [-1.0, 1.0], [1.0, 1.0], [-1.0, 0.0]])
    >>> print(path(X, X @ [2.0, 0.0], count=3, smallest=0.25))
    strength  objective  gap  nonzero
    2                 2    0        0
    1               1.5    0        1
    0.5           0.875    0        1

    Source: Friedman, Hastie and Tibshirani, Regularization paths for generalized linear models via coordinate descent,
    2010.
    """
    check_settings(ratio, count, smallest)
    solver = CoordinateDescent(tolerance)
    rules = Rules(missing, max_levels, unseen)  # type: ignore[arg-type]  # checked where they are used
    found = path_or_table(data)
    if found is None:
        examples = from_arrays(data, y, target, leave_out, model, "squared", start, weights, 0.0, 0, rules)
    else:
        examples = from_table(found, y, target, leave_out, model, "squared", start, weights, 0.0, 0, rules)
    with one_blas_thread():
        return walk(examples, ratio, count, smallest, solver)


def walk(examples: Examples, ratio: float, count: int, smallest: float, solver: CoordinateDescent) -> Path:
    """All strengths in turn, on the reduced problem."""
    problem = make_problem(
        examples.model, examples.loss, examples.X, examples.y, examples.start, l1(1.0), "native", examples.weights
    )
    check_solvable(problem)
    design = PenalisedDesign(problem)
    small, which = reduced(design), design.absolute
    first = strongest(small.penalised(which, 0 * which)) / ratio
    strengths = first * smallest ** (np.arange(count) / max(count - 1, 1))
    values = np.zeros(len(design.columns))
    rows, params = [], []
    for strength in strengths.tolist():
        given = small.penalised(strength * ratio * which, strength * (1 - ratio) * which)
        descent = Descent(given, values)
        descent.run(solver.tolerance, solver.sweeps)
        values = descent.values
        flat = design.flat(*given.in_units(descent.params))
        size = 2 * int(given.exponents[-1])
        objective, gap = (float(np.ldexp(part, size) / given.weight) for part in (descent.objective, descent.gap))
        rows.append((objective, gap, np.count_nonzero(flat[which > 0])))
        params.append(examples.in_units(problem.unpack(flat)))
    objectives, gaps, nonzero = (np.array(column) for column in zip(*rows, strict=True))
    by_name = {name: np.array([found[name] for found in params]) for name in params[0]}
    return Path(ratio, strengths, by_name, objectives, gaps, nonzero)


def strongest(lasso: Reduced) -> float:
    """How many times the given penalty makes all parameters zero, and no weaker one does."""
    start = Descent(lasso)
    pulls, movable = np.abs(start.columns.T @ start.target), start.movable
    found = float(np.max(pulls[movable] / lasso.absolute[movable], initial=0.0))
    if not 0 < found < np.inf:
        raise DataError(
            "There is no path: every penalised parameter is zero whatever the strength, because nothing in the target "
            "depends on the columns."
        )
    return found


def check_settings(ratio: float, count: int, smallest: float) -> None:
    for name, value in (("ratio", ratio), ("smallest", smallest)):
        if not 0 < value <= 1:
            raise OptionError(f"{name} is {value!r}, but it must be a number above 0 and at most 1.")
    if not isinstance(count, (int, np.integer)) or isinstance(count, bool) or count < 1:
        raise OptionError(f"count is {count!r}, but it must be a whole number of strengths from 1.")
