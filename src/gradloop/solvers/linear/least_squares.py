"""Least squares on blocks of rows: centred, scaled by powers of two, reduced to a triangle that blocks can share.

    minimise  Σ weight · (y − b − A·w)² / 2  +  Σ curvature · w² / 2

The rows [1, A, y] are turned into an upper triangle R with the same RᵀR, block by block (Golub, Numerical methods for
solving linear least squares problems, 1965; for blocks that meet later, Demmel, Grigori, Hoemmen and Langou,
Communication-optimal parallel and sequential QR, 2012). Behind the column of ones, R is that of the centred columns.
What depends on what is decided there, once every column has length one, so that units do not matter.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gradloop.blas import one_blas_thread
from gradloop.errors import DataError
from gradloop.solvers.linear.blocks import Rows, checked, times_power
from gradloop.solvers.linear.refinement import refined
from gradloop.solvers.linear.system import Point, System, make_system, upper_triangle

ROWS_AT_ONCE = 1024  # that are turned into a triangle together
HEADROOM = 300  # powers of two by which a value may exceed the first block's before the unit is changed
Array = Any


class Units(NamedTuple):
    """What makes columns comparable: a column is x · 2^-exponent − shift; the target is the last."""

    exponents: Array
    shift: Array

    @classmethod
    def learn(cls, A: Array, y: Array, intercept: bool) -> Units:
        """Units in which these rows lie between −1 and 1, about zero; a column of one value becomes exactly zero."""
        columns = np.ascontiguousarray(A.T)  # of long rows NumPy finds the ends ten times as fast
        lowest, highest = np.append(columns.min(axis=1), y.min()), np.append(columns.max(axis=1), y.max())
        exponents = np.frexp(np.maximum(-lowest, highest))[1].astype(np.int64)
        plain = cls(exponents, np.zeros(len(exponents)))
        if not intercept:
            return plain
        middle = np.append(np.ascontiguousarray(plain.columns(A).T).mean(axis=1), plain.target(y).mean())
        return cls(exponents, np.clip(middle, np.ldexp(lowest, -exponents), np.ldexp(highest, -exponents)))

    def columns(self, A: Array, out: Array | None = None) -> Array:
        scaled = times_power(A, -self.exponents[:-1]) if self.exponents.any() else A
        return np.subtract(scaled, self.shift[:-1], out=out)

    def target(self, y: Array) -> Array:
        return times_power(y, -self.exponents[-1]) - self.shift[-1]

    def moved(self, by: Array) -> Units:
        """The same lengths of the columns in units 2^by times as large."""
        return Units(self.exponents + by, np.ldexp(self.shift, -by))


class LeastSquares:
    """What is known of least squares after some rows; further rows can be added, and others' rows combined.

    Args:
        columns: how many numbers a row of A has, without the intercept's one
        intercept: whether the prediction has a constant that is not penalised

    >>> line = LeastSquares(columns=1)
    >>> line.add(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0]))
    >>> answer = line.solve()
    >>> print(np.round(answer.slopes, 12), round(answer.intercept, 12))
    [2.] 1.0
    """

    def __init__(self, columns: int, intercept: bool = True, units: Units | None = None) -> None:
        self.intercept, self.units, self.width = intercept, units, columns
        size = intercept + columns + 1
        self.triangle = np.zeros((size, size))
        self.rows, self.weight = 0, 0.0
        self.label: Callable[[int], str] = "column {}".format  # what messages call a column

    def add(self, A: Array, y: Array, weights: Array | None = None) -> None:
        """Take in the rows A (m, columns) with targets y (m,). A weight of zero is a row's absence.

        Raises: DataError for shapes that do not fit, values that are not finite, or a negative weight.
        """
        A, y, weights = checked(A, y, weights, self.width)
        if len(y) == 0:
            return
        self.adopt(Units.learn(A, y, self.intercept and self.units is None))
        self.rows += len(y)
        self.weight += float(len(y) if weights is None else weights.sum())
        with one_blas_thread():
            for first in range(0, len(y), ROWS_AT_ONCE):
                part = slice(first, first + ROWS_AT_ONCE)
                self.reduce(A[part], y[part], None if weights is None else weights[part])

    def learn(self, A: Array, y: Array, weights: Array | None = None) -> None:
        """Choose the units by these rows, without taking them in."""
        A, y, _ = checked(A, y, weights, self.width)
        self.units = Units.learn(A, y, self.intercept)

    def like(self, A: Array, y: Array, weights: Array | None = None) -> LeastSquares:
        """Another one in the same units, that has seen these rows."""
        other = LeastSquares(self.width, self.intercept, self.units)
        other.add(A, y, weights)
        return other

    def reduce(self, A: Array, y: Array, weights: Array | None) -> None:
        assert self.units is not None
        size = len(self.triangle)
        stack = np.ones((size + len(y), size))
        stack[:size] = self.triangle
        rows = stack[size:]
        rows[:, self.intercept : -1] = self.units.columns(A)
        rows[:, -1] = self.units.target(y)
        if weights is not None:
            rows *= np.sqrt(weights)[:, None]
        self.triangle = upper_triangle(stack)

    def adopt(self, found: Units) -> None:
        """The units of the first rows stay, unless later rows are so much larger that their squares could overflow."""
        if self.units is None:
            self.units = found
            return
        by = found.exponents - self.units.exponents
        untouched = ~self.triangle[:, self.intercept :].any(axis=0) & (self.units.shift == 0)
        self.move(np.where((by > HEADROOM) | untouched, by, 0))

    def move(self, by: Array) -> None:
        """Change to units 2^by times as large, exactly."""
        assert self.units is not None
        self.units = self.units.moved(by)
        self.triangle[:, self.intercept :] = np.ldexp(self.triangle[:, self.intercept :], -by)

    def combine(self, other: LeastSquares) -> None:
        """Take in the rows that another has seen; the other must have the same columns and is left as it is."""
        if other.units is None:
            return
        triangle = other.triangle.copy()
        if self.units is None:
            self.units = other.units
        self.adopt(other.units)
        triangle[:, self.intercept :] = np.ldexp(
            triangle[:, self.intercept :], other.units.exponents - self.units.exponents
        )
        if self.intercept:  # the other's columns are longer or shorter by a multiple of the ones
            theirs = np.ldexp(other.units.shift, other.units.exponents - self.units.exponents)
            triangle[0, 1:] += triangle[0, 0] * (theirs - self.units.shift)
        with one_blas_thread():
            self.triangle = upper_triangle(np.vstack([self.triangle, triangle]))
        self.rows, self.weight = self.rows + other.rows, self.weight + other.weight

    def __add__(self, other: LeastSquares) -> LeastSquares:
        both = copy(self)
        both.combine(other)
        return both

    def system(self, curvature: Array | None = None) -> System:
        """The triangle with the penalty, its rank decided."""
        if self.units is None:
            raise DataError("There are no rows with a weight above zero, so nothing can be fitted.")
        return make_system(self.triangle, *self.units, self.intercept, curvature)

    def solve(self, curvature: Array | None = None, rows: Rows | None = None) -> Answer:
        """The parameters with the least loss; of several, the shortest after every column has length one.

        Args:
            curvature: (columns,) of the penalty Σ curvature · w² / 2, which is added to the sum of the rows' losses
            rows: the rows again, to refine the parameters until they are right to the last digits of float64

        Raises: DataError when no row was added, or a parameter is too large for float64.
        """
        with one_blas_thread():
            system = self.system(curvature)
            if rows is None:
                return make_answer(system, system.start(), self, "QR")
            return make_answer(system, refined(system, rows), self, "QR")


# ---- the answer ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Answer:
    """What least squares found, in the units of the data.

    ``dependent`` columns add nothing to those before them: each entry of ``groups`` holds one of them, last, and the
    columns that it is a combination of (none for a constant column). ``condition`` is that of the centred columns of
    length one. ``settled`` is False where refinement could not reach the last digits.
    """

    slopes: Array  # (columns,)
    intercept: float  # 0.0 where there is none
    rank: int  # of the slopes
    dependent: tuple[int, ...]
    groups: tuple[tuple[int, ...], ...]
    condition: float
    rows: int
    weight: float  # the sum of the weights
    residual_norm: float  # √Σ weight · (y − ŷ)²
    total_norm: float  # the same for the best constant as ŷ, or for 0 where there is no intercept
    settled: bool
    route: str  # "QR" or "Gram"
    system: System


def make_answer(system: System, point: Point, seen: LeastSquares, route: str) -> Answer:
    """The parameters in the units of the data."""
    slopes, intercept = system.in_units(point.slopes, point.intercept)
    for j in np.flatnonzero(~np.isfinite(slopes)):
        raise DataError(
            f"The coefficient of {seen.label(int(j))} is too large for float64; multiply the column by a power of 10."
        )
    if not np.isfinite(intercept):
        raise DataError("The intercept is too large for float64; divide the target by a power of 10.")
    lengths = np.ldexp([point.residual_norm, system.total_norm], int(system.exponents[-1]))
    return Answer(
        slopes=slopes,
        intercept=float(intercept),
        rank=len(system.kept),
        dependent=system.dependent,
        groups=system.groups,
        condition=system.condition,
        rows=seen.rows,
        weight=seen.weight,
        residual_norm=float(lengths[0]),
        total_norm=float(lengths[1]),
        settled=point.settled,
        route=route,
        system=system,
    )
