"""Least squares on a table of numbers in one pass: no table is made, no feature is encoded, each row is seen once.

All that is asked of the rows is in the sums of products of their columns: means and deviations, by which columns are
standardised, the triangle of the normal equations, the residual's length, and with these the standard errors. Columns
are moved by the means of the first rows, so that an offset costs no digits. The road is taken only if a bound on the
rounding errors proves the answer (see `solvers.linear.gram`), and if every column is plain numbers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from gradloop.blas import one_blas_thread
from gradloop.certificate import Certificate, at_most
from gradloop.data.ahead import ahead
from gradloop.data.columns import TableStatistics
from gradloop.data.missing import LeftOut, Rules
from gradloop.data.numbers import Columns, NotPlainError, PlainNumbers
from gradloop.data.preparation import Preparation
from gradloop.data.sources import Source
from gradloop.history import History, Row
from gradloop.larger.memory import peak
from gradloop.larger.memory import told as told_bytes
from gradloop.problem import Problem
from gradloop.solvers.linear.design import penalty_curvature
from gradloop.solvers.linear.gram import (
    PROVEN,
    ROUNDING,
    Products,
    corrected,
    factored,
    lost_share,
    working_units,
)
from gradloop.solvers.linear.least_squares import Answer, LeastSquares, Units, make_answer
from gradloop.solvers.linear.system import System, make_system
from gradloop.statistics import Statistics, least_squares_statistics
from gradloop.stop import Stop

ROWS_FOR_UNITS = 4096
NUMBERS_AT_ONCE = 2**18  # that are multiplied in one product: calls of a few rows keep other threads waiting
MOST_ROWS, FEWEST_ROWS = 8192, 2048  # of them
ENOUGH = 1e-9  # the share of the answer that may be wrong without a second pass: a bound, far above what happens
LOST = 1e-8  # and of the residual's square, where the fit is so close that it is a small difference of large sums
FAR = 1e6  # squared distance of the mean from the first rows', in squared deviations, that costs too many digits
Array = Any


class OnePass(NamedTuple):
    """What was found, in the columns' own units and for columns that are standardised."""

    preparation: Preparation
    params: dict[str, Array]
    trained: dict[str, Array]
    statistics: Statistics | None
    certificate: Certificate
    history: History
    stop: Stop
    rows: int
    notes: tuple[str, ...]


def one_pass(source: Source, target: str, names: Sequence[str], rules: Rules, problem: Problem) -> OnePass | None:
    """Least squares on these columns of a source; None where they are not plain, or the answer would not be proven.

    Args:
        names: of the features
        problem: what is minimised, on whatever rows, for its penalty

    Raises: DataError for what cannot be read.
    """
    begun = time.perf_counter()
    plain = PlainNumbers(source, [*names, target])
    try:
        with one_blas_thread(), np.errstate(over="ignore", invalid="ignore"):
            seen = products(plain)
            preparation = None if seen is None else prepared(plain, seen, rules)
            if seen is None or preparation is None:
                return None
            found = solved(plain, seen, penalty_curvature(problem)[:-1] * preparation.scale**2 * plain.rows)
    except NotPlainError:
        return None
    return None if found is None else told(preparation, problem, seen, found, time.perf_counter() - begun)


# ---- sums ----------------------------------------------------------------------------------------------------


class Sums(NamedTuple):
    """The sums of products of 1 and all columns, the target last, in the units of the first rows."""

    units: Units
    found: Products

    @property
    def moved(self) -> Array:
        """How far the means are from those of the first rows."""
        return self.found.whole[0, 1:] / self.found.rows

    @property
    def means(self) -> Array:
        return self.units.shift + self.moved


def products(plain: PlainNumbers) -> Sums | None:
    """One pass; None where the columns are so large or small that their products need a closer look."""
    batches = iter(plain.batches())
    first = next(batches)
    units = first_units(first)
    if units.exponents.any():
        return None
    whole, sums, rows = 0.0, 0, 0
    for part, more in ahead(partial(block_products, units.shift), chained(first, batches)):
        whole, sums, rows = whole + part, max(sums, more) + 1, plain.rows
    if not np.isfinite(whole).all():
        return None
    return Sums(units, Products(whole, rows, float(rows), rows_at_once(len(first) + 1) + sums))


def chained(first: Columns, rest: Iterable[Columns]) -> Iterable[Columns]:
    yield first
    yield from rest


def first_units(columns: Columns) -> Units:
    """Where the first rows lie; powers of two only where their products could overflow."""
    rows = np.stack([column[:ROWS_FOR_UNITS] for column in columns], axis=1).astype(np.float64)
    if not np.isfinite(rows).all():
        raise NotPlainError
    return working_units(rows[:, :-1], rows[:, -1], None, True)[0]


def rows_at_once(columns: int) -> int:
    """So many that a product of them stays near the processor."""
    return max(FEWEST_ROWS, min(MOST_ROWS, NUMBERS_AT_ONCE // columns))


def block_products(shift: Array, columns: Columns) -> tuple[Array, int]:
    """The sums of products over some rows, and how many were added for it."""
    rows, size = len(columns[0]), len(columns) + 1
    at_once = rows_at_once(size)
    space, whole, sums = np.ones((size, min(at_once, rows))), np.zeros((size, size)), 0
    for first in range(0, rows, at_once):
        Z = space[:, : min(at_once, rows - first)]
        for column, middle, place in zip(columns, shift, Z[1:], strict=True):
            np.subtract(column[first : first + at_once], middle, out=place)
        whole += Z @ Z.T
        sums += 1
    return whole, sums


# ---- what the sums tell --------------------------------------------------------------------------------------


def prepared(plain: PlainNumbers, seen: Sums, rules: Rules) -> Preparation | None:
    """How the columns are standardised; None where a column is constant, or far from where its first rows lie."""
    rows = seen.found.rows
    away = seen.moved**2 * rows
    squares = seen.found.whole.diagonal()[1:] - away
    if not (squares * FAR > away).all():
        return None
    known = plain.statistics(seen.means, squares)
    *names, target = plain.names
    left_out = LeftOut()
    left_out.rows = rows
    return Preparation.decide(TableStatistics(target, tuple(names), plain.source.name, known, left_out), False, rules)


class Solved(NamedTuple):
    """The answer, its system, and the share of it that may be wrong."""

    answer: Answer
    system: System
    wrong: float
    passes: int


def solved(plain: PlainNumbers, seen: Sums, curvature: Array) -> Solved | None:
    """The answer, after a second pass where the first does not prove it; None where two would not."""
    triangle = factored(seen.found, intercept=True)
    if triangle is None:
        return None
    system = make_system(triangle, *seen.units, True, curvature if curvature.any() else None)
    wrong = lost_share(system, seen.found.sums)
    if system.dependent or not wrong <= PROVEN:
        return None
    counted = LeastSquares(len(curvature), True, seen.units)
    counted.rows, counted.weight = seen.found.rows, seen.found.weight
    answer = make_answer(system, system.start(), counted, "Gram")
    noise = seen.found.sums * ROUNDING * answer.total_norm**2
    if wrong <= ENOUGH and noise <= LOST * answer.residual_norm**2:
        return Solved(answer, system, wrong, 1)
    point = corrected(system, seen.units, partial(rows_again, plain), None)
    return Solved(make_answer(system, point, counted, "Gram"), system, wrong**2, 2)


def rows_again(plain: PlainNumbers, work: Callable[..., Any]) -> Iterable[Any]:
    """A second pass, as the solvers of least squares want it."""

    def block(columns: Columns) -> Any:
        A = np.stack(columns[:-1], axis=1).astype(np.float64, copy=False)
        return work(A, columns[-1].astype(np.float64), None)

    return ahead(block, PlainNumbers(plain.source, plain.names).batches())


# ---- what is said of it --------------------------------------------------------------------------------------


def told(preparation: Preparation, problem: Problem, seen: Sums, found: Solved, seconds: float) -> OnePass:
    """The parameters with what is known of them."""
    answer, system, wrong, passes = found
    away = (
        preparation.center - seen.units.shift[:-1] - seen.moved[:-1]
    )  # from the means: about zero, to its last digits
    params = {"w": answer.slopes, "b": np.array(answer.intercept)}
    middle = seen.means[-1] + answer.slopes @ away
    trained = {"w": answer.slopes * preparation.scale, "b": np.array(middle)}
    flat = np.append(trained["w"], middle)
    value = answer.residual_norm**2 / (2 * answer.weight) + problem.penalty_at(flat)[0]
    reach = np.ldexp(np.linalg.norm(system.target), int(system.exponents[-1]))
    gap = float((wrong * reach) ** 2 / (2 * answer.weight))
    names = [*preparation.feature_names, "(intercept)"]
    row = Row(1, value, float("nan"), float("nan"), answer.rows, seconds)
    most = peak()
    used = f"; the process took at most {told_bytes(most)}" if most else ""
    return OnePass(
        preparation, params, trained, least_squares_statistics(answer, names) if problem.penalty is None else None,
        Certificate("rounding bound", gap, at_most(value, gap, "by a bound on rounding errors")),
        History.from_rows([row], [(1, trained)]), Stop.CONVERGED, answer.rows,
        (f"The rows were read {'once' if passes == 1 else 'twice'} and never held in memory together{used}.",),
    )  # fmt: skip
