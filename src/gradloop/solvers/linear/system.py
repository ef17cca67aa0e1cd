"""The triangle that least squares comes down to: scaled, with the penalty, its rank decided; and its solutions.

Every column is scaled by a power of two, which changes no digit, so that behind the intercept it has about length one.
A column that is a combination of those before it, to TOLERANCE of its own length, is set aside. The others give the
parameters; where columns were set aside, these are then spread to the shortest parameters with the same predictions,
length measured after every column has length one: the choice that does not depend on units.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from gradloop.blas import scipy_linalg
from gradloop.solvers.linear.blocks import times_power
from gradloop.solvers.linear.exact_sums import Pair, minus, pair, plus, times, total

FEW = 64  # columns for which NumPy is as fast as a solver that knows of triangles
TOLERANCE = 1e-12  # of a column's length: no NIST set comes near it
NEAR = 1e-6  # squares of singular values, which then have six digits and more
SMALL = 1e-8  # a share in a combination that is not worth naming
Array = Any


class Point(NamedTuple):
    """Parameters in a system's units, of the columns that are kept."""

    slopes: Pair
    intercept: Pair  # of the columns as they are, not centred
    residual_norm: float
    settled: bool  # whether refinement reached the last digits


@dataclass(frozen=True, eq=False)
class System:
    """Normal equations factorᵀ factor z = factorᵀ target for z = (intercept of the centred columns, slopes kept).

    The units: a column is x · 2^-exponent − shift; the target is the last.
    """

    intercept: bool
    exponents: Array  # (columns + 1,)
    shift: Array  # (columns + 1,)
    lengths: Array  # (columns,) about one; zero for a constant column
    curvature: Array  # (columns,) of the penalty
    triangle: Array  # of the rows alone, with the target as its last column
    factor: Array
    target: Array
    kept: Array  # numbers of the columns that are not set aside
    shares: Array  # (kept, columns): every column as a combination of those kept, all of length one
    condition: float

    @property
    def total_norm(self) -> float:
        return float(np.linalg.norm(self.triangle[self.intercept :, -1]))

    @property
    def places(self) -> Array:
        """Where the factor's columns stand in the triangle."""
        return np.append(np.zeros(int(self.intercept), int), self.kept + self.intercept)

    @cached_property
    def dependent(self) -> tuple[int, ...]:
        return tuple(sorted(set(range(len(self.lengths))) - set(self.kept.tolist())))

    @cached_property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Each dependent column, last, behind those that it is a combination of."""
        shares = np.abs(self.shares)
        return tuple(
            (*self.kept[shares[:, j] > SMALL * shares[:, j].max(initial=0)].tolist(), j) for j in self.dependent
        )

    @cached_property
    def root(self) -> Array:
        """factor⁻¹."""
        if len(self.factor) > FEW:
            return scipy_linalg().lapack.dtrtri(self.factor)[0]
        return triangular(self.factor, np.eye(len(self.factor)))

    @cached_property
    def inverse(self) -> Array:
        """(parameters kept, factor): rows whose products are the covariances of slopes and, last, intercept.

        In this system's units: times the residual standard deviation, and without the penalty's share.
        """
        slopes = self.root[int(self.intercept) :]
        if not self.intercept:
            return slopes
        return np.vstack([slopes, self.root[0] - self.shift[self.kept] @ slopes])

    def solve(self, slope: Array) -> Array:
        """z with factorᵀ factor z = slope."""
        return triangular(self.factor, triangular(self.factor, slope, transposed=True))

    def start(self) -> Point:
        """The solution as the triangle gives it."""
        return self.point(triangular(self.factor, self.target))

    def point(self, z: Array) -> Point:
        slopes, centred = pair(z[int(self.intercept) :]), pair(z[0] if self.intercept else 0.0)
        lost = self.triangle[:, -1] - self.triangle[:, self.places] @ z
        return Point(slopes, self.uncentred(slopes, centred), float(np.linalg.norm(lost)), True)

    def uncentred(self, slopes: Pair, intercept: Pair) -> Pair:
        """The intercept of the columns as they are, from that of the centred ones."""
        if not self.intercept:
            return pair(0.0)
        return minus(plus(intercept, pair(self.shift[-1])), total(times(slopes, self.shift[self.kept])))

    def in_units(self, slopes: Pair, intercept: Pair) -> tuple[Array, float]:
        """All parameters in the units of the data."""
        whole = slopes.value
        if self.dependent:
            lengths = self.lengths[self.kept]
            spread = np.linalg.lstsq(self.shares, slopes.value * lengths, rcond=None)[0]
            whole = np.divide(spread, self.lengths, out=np.zeros_like(spread), where=self.lengths > 0)
            if self.intercept:
                before, after = times(slopes, self.shift[self.kept]), times(pair(whole), self.shift[:-1])
                intercept = plus(intercept, minus(total(before), total(after)))
        with np.errstate(over="ignore"):
            found = np.ldexp(whole, self.exponents[-1] - self.exponents[:-1])
            return found, float(np.ldexp(intercept.value, self.exponents[-1]))


def make_system(
    triangle: Array, exponents: Array, shift: Array, intercept: bool, curvature: Array | None = None
) -> System:
    """Scale a triangle of rows [1 if intercept, columns, target], add the penalty, and decide the rank.

    Args:
        curvature: (columns,) of the penalty, in the units of the data
    """
    first, last = int(intercept), len(triangle) - 1
    curvature = np.zeros(last - first) if curvature is None else np.asarray(curvature, np.float64)
    roots, powers = np.frexp(np.sqrt(curvature))
    powers = powers - exponents[:-1]
    by = exponents_of(np.linalg.norm(triangle[first:, first:], axis=0))
    by[:-1] = np.where(curvature > 0, np.where(by[:-1] > UNKNOWN, np.maximum(by[:-1], powers), powers), by[:-1])
    by[by == UNKNOWN] = 0
    triangle = triangle.copy()
    triangle[:, first:] = times_power(triangle[:, first:], -by)
    whole = with_penalty(triangle, np.ldexp(roots, powers - by[:-1]), first)
    columns = whole[first:last, first:last]
    lengths = np.linalg.norm(columns, axis=0)
    unit = np.divide(columns, lengths, out=np.zeros_like(columns), where=lengths > 0)
    kept, condition = independent(unit)
    shares = np.eye(len(lengths))
    if len(kept) < len(lengths):
        shares = np.linalg.lstsq(unit[:, kept], unit, rcond=None)[0] if len(kept) else np.zeros((0, len(lengths)))
        shares[:, kept] = np.eye(len(kept))
        order = [*range(first), *(kept + first), last]
        whole = upper_triangle(whole[:, order])
    size = first + len(kept)
    exponents, shift = exponents + by, np.ldexp(shift, -by)
    return System(
        intercept, exponents, shift, lengths, np.ldexp(curvature, -2 * exponents[:-1]), triangle,
        whole[:size, :size], whole[:size, -1], kept, shares, condition,
    )  # fmt: skip


UNKNOWN = -(2**20)  # the exponent of zero


def exponents_of(values: Array) -> Array:
    return np.where(values > 0, np.frexp(values)[1].astype(np.int64), UNKNOWN)


def with_penalty(triangle: Array, roots: Array, first: int) -> Array:
    """The triangle after one more row for each parameter that is penalised."""
    if not roots.any():
        return triangle
    rows = np.zeros((len(roots), len(triangle)))
    rows[:, first:-1] = np.diag(roots)
    return upper_triangle(np.vstack([triangle, rows]))


def independent(unit: Array) -> tuple[Array, float]:
    """The columns that are not combinations of those before them, and the condition number of these.

    Where the smallest singular value is above the tolerance no column is near the span of the others; only elsewhere
    they are taken one by one.
    """
    found = singular_values(unit)
    if found.size == 0 or found[-1] > TOLERANCE:
        return np.arange(unit.shape[1]), float(found[0] / found[-1]) if found.size else 1.0
    basis = np.zeros((len(unit), 0))
    kept: list[int] = []
    for j, column in enumerate(unit.T):
        for _ in range(2):  # twice is enough (Giraud, Langou and Rozloznik, 2005)
            column = column - basis @ (basis.T @ column)
        distance = np.linalg.norm(column)
        if distance > TOLERANCE:
            basis, kept = np.column_stack([basis, column / distance]), [*kept, j]
    left = np.linalg.svd(unit[:, kept], compute_uv=False) if kept else np.ones(1)
    return np.array(kept, int), float(left[0] / left[-1])


def singular_values(unit: Array) -> Array:
    """From the largest to the least; of many columns as roots of eigenvalues, which are found in a third of the time.

    Their rounding errors are those of the largest, so that these must not be far apart.
    """
    if len(unit) > FEW:
        squares = np.linalg.eigvalsh(unit.T @ unit)[::-1]
        if squares[-1] > NEAR * squares[0]:
            return np.sqrt(squares)
    return np.linalg.svd(unit, compute_uv=False)


def upper_triangle(rows: Array) -> Array:
    """The square upper triangle R with RᵀR = rowsᵀ rows."""
    missing = rows.shape[1] - len(rows)
    rows = np.pad(rows, [(0, missing), (0, 0)]) if missing > 0 else rows
    return np.linalg.qr(rows, mode="r")


def triangular(factor: Array, right: Array, transposed: bool = False) -> Array:
    """factor⁻¹ right, or with the factor transposed.

    Few columns are left to NumPy's solver, which finds nothing to eliminate, so that a small fit need not load SciPy.
    """
    if len(factor) > FEW:
        solve = scipy_linalg().solve_triangular
        return solve(factor, right, trans="T" if transposed else "N", check_finite=False)
    if transposed:  # an upper triangle again, with rows and columns from the last to the first
        return np.linalg.solve(factor.T[::-1, ::-1], right[::-1])[::-1]
    return np.linalg.solve(factor, right)
