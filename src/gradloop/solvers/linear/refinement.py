"""Refinement: the parameters whose slope is zero when it is computed with twice the digits.

The slope of the sum of squares, Aᵀ weights (y − b − A w), is computed on the rows as they are, with every rounding
error kept, and the triangle says how far to move. Each step gains the digits that the triangle has right, so that what
remains is the exact solution for the given float64 numbers, whatever the triangle lost (Björck, Numerical methods for
least squares problems, 1996, sections 2.9 and 6.6; Demmel, Hida, Riedy and Li, Extra-precise iterative refinement for
overdetermined least squares problems, 2009). The residuals are recomputed, not stored: memory is that of a block.
"""

from __future__ import annotations

from functools import partial, reduce
from operator import add
from typing import Any, NamedTuple

import numpy as np

from gradloop.solvers.linear.blocks import Rows, present, times_power
from gradloop.solvers.linear.exact_sums import Pair, minus, negative, pair, plus, times, total, two_product, two_sum
from gradloop.solvers.linear.system import Point, System, triangular

MOST_STEPS = 12
NUMBERS_AT_ONCE = 2**15  # of a block, so that it stays near the processor
SETTLED = 2.0**-62  # of a parameter: an error so small changes no digit
NOTHING = 2.0**-110  # of the target
Array = Any


class Slope(NamedTuple):
    """Sums over rows: of weight · residual, of that times each column, and of weight · residual²."""

    rows: Pair  # weight · residual
    columns: Pair
    squares: float

    def __add__(self, other: Slope) -> Slope:  # type: ignore[override]
        return Slope(plus(self.rows, other.rows), plus(self.columns, other.columns), self.squares + other.squares)


def refined(system: System, rows: Rows, wrong: float | None = None) -> Point:
    """The solution to the last digits of float64.

    Args:
        wrong: the share of a step that the triangle has wrong; None: that of a triangle by orthogonal steps
    """
    if wrong is None:
        wrong = len(system.factor) * 2.0**-48 * system.condition
    point = system.start()
    before, size = np.inf, np.inf
    for _ in range(MOST_STEPS):
        found = whole_slope(system, point, rows)
        steep = centred_slope(system, found, point)
        before, size = size, float(np.linalg.norm(triangular(system.factor, steep, transposed=True)))
        squares = max(found.squares - size**2, 0.0) if not system.curvature.any() else found.squares
        step = system.solve(steep)
        if not size <= before / 2:  # nothing was gained
            return point._replace(settled=size <= 1e-14 * system.total_norm)
        moved = step[int(system.intercept) :]
        slopes = plus(point.slopes, pair(moved))
        intercept = plus(point.intercept, shifted(system, step))
        point = Point(slopes, intercept, float(np.sqrt(squares)), True)
        if size <= NOTHING * system.total_norm or (wrong * np.abs(moved) <= SETTLED * np.abs(slopes.high)).all():
            return point
    return point._replace(settled=False)


def whole_slope(system: System, point: Point, rows: Rows) -> Slope:
    """The slope over all rows, added in the blocks' order."""
    return reduce(add, rows(partial(block_slope, system, point)))


def block_slope(system: System, point: Point, A: Array, y: Array, weights: Array | None) -> Slope:
    """The slope of a block, in parts that stay near the processor."""
    A, y, weights = present(A, y, weights)
    units = -system.exponents[system.kept]
    at_once = max(16, NUMBERS_AT_ONCE // max(1, len(system.kept)))
    found = []
    for first in range(0, max(1, len(y)), at_once):
        part = slice(first, first + at_once)
        columns = A[part] if len(system.kept) == A.shape[1] else A[part][:, system.kept]
        scaled = np.ascontiguousarray(times_power(columns, units).T)
        target = times_power(y[part], -system.exponents[-1:])
        found.append(part_slope(scaled, target, None if weights is None else weights[part], point))
    return reduce(add, found)


def part_slope(columns: Array, y: Array, weights: Array | None, point: Point) -> Slope:
    """The slope of a few rows, whose columns (columns, rows) lie one behind the other."""
    residual = minus(pair(y), point.intercept)
    for column, high, low in zip(columns, *point.slopes, strict=True):
        product = two_product(column, high)
        fine, rest = two_sum(residual.high, -product.high)
        residual = Pair(fine, residual.low + (rest - product.low - column * low))
    residual = two_sum(*residual)
    pull = residual if weights is None else times(residual, weights)
    squares = float(np.sum(pull.high * residual.high))
    product = two_product(columns, pull.high)
    high, low = total(
        Pair(np.vstack([pull.high, product.high]), np.vstack([pull.low, product.low + columns * pull.low]))
    )
    return Slope(Pair(high[0], low[0]), Pair(high[1:], low[1:]), squares)


def centred_slope(system: System, found: Slope, point: Point) -> Array:
    """The slope with respect to the intercept of the centred columns and to the slopes, penalty included."""
    curved = times(point.slopes, system.curvature[system.kept])
    if not system.intercept:
        return minus(found.columns, curved).value
    pulled = times(Pair(*(np.full(len(system.kept), part) for part in found.rows)), system.shift[system.kept])
    return np.append(found.rows.value, minus(minus(found.columns, pulled), curved).value)


def shifted(system: System, step: Array) -> Pair:
    """What a step changes in the intercept of the columns as they are."""
    if not system.intercept:
        return pair(0.0)
    moves = total(times(pair(step[1:]), system.shift[system.kept]))
    return plus(pair(step[0]), negative(moves))


def block_residuals(system: System, A: Array, y: Array, weights: Array | None) -> tuple[Array, Array]:
    """The rows of the factor's matrix [1, centred columns] and the residuals, times the roots of the weights."""
    columns = times_power(A[:, system.kept], -system.exponents[system.kept]) - system.shift[system.kept]
    target = times_power(y, -system.exponents[-1:]) - system.shift[-1]
    if system.intercept:
        columns = np.column_stack([np.ones(len(y)), columns])
    residual = target - columns @ triangular(system.factor, system.target)
    roots = np.ones(len(y)) if weights is None else np.sqrt(weights)
    return columns * roots[:, None], residual * roots
