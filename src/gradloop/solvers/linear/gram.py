"""The fast road of least squares: the matrix of products AᵀA, one correction, and a proof that nothing was lost.

Products cost half of what a triangle by reflections does and run at the processor's full speed, but square the
condition number. With unit columns, and rounding errors of at most γ in each sum of products, the computed matrix
G + E has ‖E‖ ≤ γ p, so that a solution by its Cholesky factor is wrong by a share of at most

    ρ = γ p ‖G⁻¹‖        and after k corrections with residuals from the rows themselves, by ρ ^ (k + 1).

Where ρ is too large for two of them the road is not taken (Björck, Stability analysis of the method of seminormal
equations, 1987).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from gradloop.blas import scipy_linalg
from gradloop.solvers.linear.blocks import Rows, present, times_power
from gradloop.solvers.linear.least_squares import Answer, LeastSquares, Units, make_answer
from gradloop.solvers.linear.system import Point, System, make_system, triangular

NUMBERS_AT_ONCE = 2**17  # so that they stay near the processor, ...
ROWS_AT_ONCE = 2**14  # ... and no more rows than these
ROWS_IN_PRODUCT = 1024  # that are multiplied in one product, at most; ...
ROWS_IN_SLOPE = 64  # ... where the result is one row
PROVEN = 1e-8  # its square is the rounding error of float64, ...
PROVEN_TWICE = 4e-6  # ... and the third power of this, ...
MODEST = 1000.0  # ... if no more than the rounding of so much of a residual is left by corrections
ROUNDING = 2.0**-53
MODERATE = 300  # powers of two within which no square can overflow
NEAR_ZERO = 4.0  # squared means, in squared standard deviations, that need not be subtracted in products, ...
NOT_FAR = 50.0  # ... and in the residuals' slope
Array = Any
SlopeSum = Callable[[Array, float], tuple[float, Array, float]]


class Products(NamedTuple):
    """Sums over rows of the products of 1, columns and target; how many rows, and their weight."""

    whole: Array  # (d + 2, d + 2)
    rows: int
    weight: float
    sums: int  # how many sums of a few rows were added one after the other, at most, for the error bound

    def __add__(self, other: Products) -> Products:  # type: ignore[override]
        whole, rows, weight = (a + b for a, b in zip(self[:3], other[:3], strict=True))
        return Products(whole, rows, weight, max(self.sums, other.sums) + 1)


ProductSum = Callable[[Array], Products]


class Pulls(NamedTuple):
    """Sums over rows: of residual · [1 if there is an intercept, columns], and of residual²."""

    steep: Array
    squares: float

    def __add__(self, other: Pulls) -> Pulls:  # type: ignore[override]
        return Pulls(self.steep + other.steep, self.squares + other.squares)


def fast_solution(
    columns: int, intercept: bool, rows: Rows, curvature: Array | None, first: Any, slope: SlopeSum | None = None,
    products: ProductSum | None = None,
) -> Answer | None:  # fmt: skip
    """The solution by products; None where it might lose digits, which is for `LeastSquares.solve`.

    Args:
        first: a block (A, y, weights) of the rows, which decides the units
        slope: a faster pass over the rows, for columns not far from zero: (slopes, intercept) -> the sums over the
            rows of residual, residual · column, and residual²
        products: a faster pass for columns in their own units: (what is subtracted from columns and target) -> Products
    """
    A, y, weights = first
    units, far = working_units(A, y, weights, intercept)
    found = None
    if products is not None and not units.exponents.any():
        found = products(units.shift)
    else:
        for part in rows(partial(block_products, units)):
            found = part if found is None else found + part
    triangle = factored(found, intercept) if found is not None else None
    if found is None or triangle is None:
        return None
    system = make_system(triangle, *units, intercept, curvature)
    times = 0 if system.dependent else corrections(system, found.sums)
    if not times:
        return None
    seen = LeastSquares(columns, intercept, units)
    seen.rows, seen.weight = found.rows, found.weight
    near = far <= NOT_FAR and not units.exponents.any()
    return make_answer(system, corrected(system, units, rows, slope if near else None, times), seen, "Gram")


def working_units(A: Array, y: Array, weights: Array | None, intercept: bool) -> tuple[Units, float]:
    """Units of the first block, and how far its columns are from zero: squared means in squared standard deviations.

    Columns of moderate size about zero are used as they are: powers of two change no digit, so that this choice does
    not show in the result.
    """
    A, y, _ = present(A, y, weights)
    units = Units.learn(A, y, intercept)
    spread = units.columns(A).std(axis=0)
    far = np.divide(units.shift[:-1], spread, out=np.full(len(spread), np.inf), where=spread > 0)
    distance = float(np.sum(far**2))
    if distance <= NEAR_ZERO:
        units.shift[:-1] = 0.0
    return (units.moved(-units.exponents) if np.abs(units.exponents).max() <= MODERATE else units), distance


def is_plain(units: Units) -> bool:
    """Whether columns are used as they are."""
    return not units.exponents.any() and not units.shift[:-1].any()


def block_products(units: Units, A: Array, y: Array, weights: Array | None) -> Products:
    A, y, weights = present(A, y, weights)
    whole, sums = np.zeros((A.shape[1] + 2, A.shape[1] + 2)), 0
    for Z in joined(units, A, y, weights):
        parts = in_parts(Z, ROWS_IN_PRODUCT)
        for product in parts.transpose(0, 2, 1) @ parts:
            whole += product
        sums += len(parts)
    return Products(whole, len(y), float(len(y) if weights is None else weights.sum()), sums + 1)


def joined(units: Units, A: Array, y: Array, weights: Array | None) -> Iterator[Array]:
    """Rows [1, centred columns, target], multiplied by the roots of their weights, a few at a time; zeros fill up."""
    at_once = min(rows_at_once(A.shape[1]), max(ROWS_IN_SLOPE, 1 << (len(y) - 1).bit_length()))
    as_they_are = is_plain(units)
    targets, roots = units.target(y), None if weights is None else np.sqrt(weights)[:, None]
    space = np.empty((at_once, A.shape[1] + 2))  # used again: fresh memory is slow
    for first in range(0, len(y), at_once):
        part = slice(first, first + at_once)
        Z = space[: len(y[part])]
        Z[:, 0], Z[:, -1] = 1.0, targets[part]
        if as_they_are:
            Z[:, 1:-1] = A[part]
        else:
            units.columns(A[part], out=Z[:, 1:-1])
        if roots is not None:
            Z *= roots[part]
        space[len(Z) :] = 0.0
        yield space


def in_parts(Z: Array, rows: int) -> Array:
    """Rows in equal parts, for one product each, all in one call.

    The results together should have more than 500 entries: for less, NumPy keeps all other threads waiting.
    """
    return Z.reshape(-1, min(rows, len(Z)), Z.shape[1])


def rows_at_once(columns: int) -> int:
    """So many that they stay near the processor, or that products take longer than to write them: a power of two."""
    most = max(NUMBERS_AT_ONCE // (columns + 2), min(2 * columns, ROWS_IN_PRODUCT))
    return max(ROWS_IN_SLOPE, min(ROWS_AT_ONCE, 1 << (most.bit_length() - 1)))


def factored(found: Products, intercept: bool) -> Array | None:
    """The triangle of [1, columns, target] by Cholesky; None where these are products of dependent columns."""
    whole = found.whole if intercept else found.whole[1:, 1:]
    sizes = whole.diagonal()
    if not np.isfinite(whole).all() or (sizes[:-1] <= 0).any():
        return None
    by = np.frexp(np.sqrt(sizes))[1].astype(np.int64)
    scaled = times_power(times_power(whole, -by), -by[:, None])
    triangle = np.zeros_like(whole)
    try:
        triangle[:-1, :-1] = scipy_linalg().cholesky(scaled[:-1, :-1], check_finite=False)
    except np.linalg.LinAlgError:
        return None
    triangle[:-1, -1] = triangular(triangle[:-1, :-1], scaled[:-1, -1], transposed=True)
    triangle[-1, -1] = np.sqrt(max(scaled[-1, -1] - triangle[:-1, -1] @ triangle[:-1, -1], 0.0))
    return times_power(triangle, by)


def corrections(system: System, sums: int) -> int:
    """How many corrections prove the solution; 0 where two would not."""
    growth = inverse_norm(system)
    wrong = lost_share(system, sums, growth)
    return 1 if wrong <= PROVEN else 2 if wrong <= PROVEN_TWICE and growth <= MODEST else 0


def lost_share(system: System, sums: int, growth: float | None = None) -> float:
    """ρ: a bound on the share of a correction that is wrong.

    Args: growth, ‖G⁻¹‖ if it is known already.
    """
    size = len(system.factor)
    terms = min(ROWS_IN_PRODUCT, rows_at_once(len(system.lengths))) + sums  # that an entry is the sum of, at most
    return (terms + 2 * size) * ROUNDING * size * (inverse_norm(system) if growth is None else growth)


def inverse_norm(system: System) -> float:
    """A bound on ‖G⁻¹‖, of unit columns: of few its trace, of many at right angles the length of all its entries."""
    root = np.linalg.norm(system.factor, axis=0)[:, None] * system.root
    sums = np.linalg.norm(root, 1) * np.linalg.norm(root, np.inf)
    return float(min(np.linalg.norm(root) ** 2, sums, np.linalg.norm(root @ root.T)))


def corrected(system: System, units: Units, rows: Rows, slope: SlopeSum | None, times: int = 1) -> Point:
    """The solution after so many corrections by the residuals of all rows."""
    z = triangular(system.factor, system.target)
    for _ in range(times):
        step, length = correction(system, units, rows, slope, z)
        z = z + step
    gained = 0.0 if system.curvature.any() else float(np.sum((system.factor @ step) ** 2))
    return system.point(z)._replace(residual_norm=float(np.sqrt(max(length**2 - gained, 0.0))))


def correction(system: System, units: Units, rows: Rows, slope: SlopeSum | None, z: Array) -> tuple[Array, float]:
    """The step from a solution in the system's units, and the length of its residual, before the step."""
    first, by = int(system.intercept), system.exponents - units.exponents
    powers = np.append(np.zeros(first, int), by[:-1])
    now = np.ldexp(z, by[-1] - powers)
    if slope is not None:
        centre = units.shift[-1] - units.shift[:-1] @ now[first:]
        pulled, pulls, squares = slope(now[first:], float(now[0] + centre) if first else 0.0)
        steep = np.append([pulled] * first, pulls - pulled * units.shift[:-1])
    else:
        steep, squares = np.zeros(len(z)), 0.0
        for part, more in rows(partial(block_slope, first, units, now)):
            steep, squares = steep + part, squares + more
    steep = np.ldexp(steep, -powers - by[-1])
    steep[first:] -= system.curvature * z[first:]
    return system.solve(steep), float(np.ldexp(np.sqrt(squares), -by[-1]))


def block_slope(first: int, units: Units, now: Array, A: Array, y: Array, weights: Array | None) -> Pulls:
    """The sums over a block."""
    A, y, weights = present(A, y, weights)
    steep, squares = np.zeros(A.shape[1] + 2), 0.0
    factors = np.concatenate([np.zeros(1 - first), -now, [1.0]])
    for Z in joined(units, A, y, weights):
        parts = in_parts(Z, ROWS_IN_SLOPE)
        residuals = (parts @ factors)[:, None, :]
        steep += (residuals @ parts).sum(axis=(0, 1))
        squares += float(np.sum(residuals**2))
    return Pulls(steep[1 - first : -1], squares)
