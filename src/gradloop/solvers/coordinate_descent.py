"""Coordinate descent: the best parameters under a penalty with kinks, one parameter at a time, on the reduced problem.

The rows are passed over once and reduced to a few, the triangle of least squares; the columns of these are orthogonal
to what is not penalised and have about length one, so that units do not matter:

    minimise  ½ ‖target − columns · z‖²  +  Σ absolute · |z|  +  Σ curvature · z² / 2
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from gradloop.blas import one_blas_thread
from gradloop.certificate import absolute_strengths, fenchel_gap
from gradloop.core.affine import is_affine
from gradloop.errors import OptionError
from gradloop.history import History, Row
from gradloop.problem import Problem
from gradloop.progress import Progress, Report
from gradloop.solvers.linear.blocks import present
from gradloop.solvers.linear.design import Design
from gradloop.solvers.linear.gram import PROVEN, block_products, factored, lost_share, working_units
from gradloop.solvers.linear.least_squares import LeastSquares, Units
from gradloop.solvers.linear.system import UNKNOWN, exponents_of, make_system, triangular, upper_triangle
from gradloop.solvers.solution import Solution, check_limits
from gradloop.stop import Stop

WORTH_PRODUCTS = 2**17  # numbers in the design; fewer are reduced by orthogonal steps in any case
DEPENDENT = 1e-12  # of the largest singular value: what is less is rounding
PRECISION = float(np.finfo(np.float64).eps)
INDEPENDENT = 1e-6  # pivots of columns that need no closer look
STEEP = 1e-10  # a slope in proportion to the penalty's: what is less is rounding
MOST = 1e200  # of a strength in units where columns and target are about one long: far beyond what makes all zero
LEAP_EVERY = 5  # sweeps at least
IDLE = 5  # rounds without a lower objective
Array = Any


@dataclass(frozen=True)
class CoordinateDescent:
    """Lasso and elastic net: squared loss, a prediction affine in its parameters, a penalty with absolute values.

        w = argmin  1/n Σ (y − ŷ)² / 2 + l1 · Σ |w| + l2 / 2 · Σ w²

    Each parameter in turn goes to its own best; those that are zero and stay so are left out. Where no sign changes any
    more, all others go to their common best at once. Parameters that the penalty sets to zero are exactly zero.

    Args:
        tolerance: stop when the duality gap, a bound on the distance to the best, is below this share of the objective
        sweeps: over the parameters at most

    Raises:
        OptionError: an argument out of range; a loss, a model or a penalty that it is not for.

    >>> CoordinateDescent(tolerance=1e-8).sweeps
    10000

    Source: Friedman, Hastie and Tibshirani, Regularization paths for generalized linear models via coordinate descent,
    2010.
    """

    tolerance: float = 1e-10
    sweeps: int = 10000

    def __post_init__(self) -> None:
        check_limits(self.tolerance, self.sweeps, "sweeps")

    @np.errstate(over="ignore", invalid="ignore")
    def solve(self, problem: Problem, seed: int = 0, report: Report | None = None) -> Solution:
        """Reduce the rows and descend; see `gradloop.fit`. Nothing is random, so the seed is not used."""
        begun = time.perf_counter()
        check_solvable(problem)
        design = PenalisedDesign(problem)
        rows = len(problem.X)
        with one_blas_thread():
            descent = Descent(reduced(design).penalised(design.absolute, design.curvature))
            table: list[Row] = []

            def record(objective: float) -> None:
                seconds = time.perf_counter() - begun
                value = float(objective / design.weight)
                table.append(Row(len(table) + 1, value, float("nan"), float("nan"), rows, seconds))
                if report:
                    flat = design.flat(*descent.problem.in_units(descent.params))
                    report(Progress.after(table[-1], self.sweeps, flat))

            try:
                stop = descent.run(self.tolerance, self.sweeps, record)
            except KeyboardInterrupt:
                stop = Stop.INTERRUPTED
        flat = design.flat(*descent.problem.in_units(descent.params))
        value, slope = problem.objective(flat)
        norm, seconds = float(np.linalg.norm(slope)), time.perf_counter() - begun
        table[-1:] = [Row(max(len(table), 1), value, norm, float("nan"), rows, seconds)]
        return Solution(flat, History.from_rows(table, [(len(table), problem.unpack(flat))]), stop)


def check_solvable(problem: Problem) -> None:
    """One sentence for what coordinate descent is not for."""
    if problem.loss.name != "squared" or not problem.loss.smooth:
        raise OptionError(
            f"Coordinate descent is for the squared loss, not {problem.loss.name}; choose another solver."
        )
    if not is_affine(problem.prediction, problem.names):
        raise OptionError(
            f"The model {problem.model.name} is not affine in its parameters {', '.join(problem.names)}, as coordinate "
            "descent needs; choose another solver."
        )
    if absolute_strengths(problem) is None:
        assert problem.penalty is not None
        raise OptionError(
            f"The penalty {problem.penalty.name} is not a sum of absolute values and squares, as l1, l2 and "
            "elastic_net are; choose another solver."
        )


class PenalisedDesign(Design):
    """A design whose intercept is not penalised by absolute values either; these are in `absolute`."""

    def __init__(self, problem: Problem) -> None:
        strengths = absolute_strengths(problem)
        assert strengths is not None
        self.absolute = strengths
        super().__init__(problem)

    def find_intercept(self) -> tuple[int | None, float]:
        squared, self.curvature = self.curvature, self.curvature + self.absolute
        try:
            return super().find_intercept()
        finally:
            self.curvature = squared


# ---- from many rows to few -----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Reduced:
    """Few rows [1 if intercept, columns, target] with the same squared lengths and products as all rows have.

    Behind the intercept, whose column has one entry that is not zero, the columns are centred. In units: a column is
    x · 2^-exponent − shift; the target is the last. The penalty is in these units, and multiplied by the rows' weight.
    """

    rows: Array
    intercept: bool
    exponents: Array  # (columns + 1,)
    shift: Array  # (columns + 1,)
    weight: float
    places: Array  # of the columns among all parameters
    absolute: Array
    curvature: Array

    def penalised(self, absolute: Array, curvature: Array) -> Reduced:
        """With these strengths for each parameter, in the units of the data."""
        powers = -self.exponents[:-1]
        sizes = np.ldexp(self.weight * absolute[self.places], powers - self.exponents[-1])
        bends = np.ldexp(self.weight * curvature[self.places], 2 * powers)
        return replace(self, absolute=np.minimum(sizes, MOST), curvature=np.minimum(bends, MOST))

    @cached_property
    def columns(self) -> Array:
        return np.asfortranarray(self.rows[int(self.intercept) :, int(self.intercept) : -1])

    @cached_property
    def target(self) -> Array:
        return self.rows[int(self.intercept) :, -1]

    @cached_property
    def total(self) -> float:
        """The target's squared length."""
        return float(self.target @ self.target)

    @cached_property
    def free(self) -> Array:
        """The columns whose penalty is nothing, or nothing beside rounding."""
        return (self.absolute <= PRECISION * np.sqrt(self.total)) & (self.curvature <= PRECISION)

    @cached_property
    def free_part(self) -> tuple[Array, Array]:
        """An orthonormal basis of the free columns, and the matrix from products with it to their parameters."""
        left, sizes, right = np.linalg.svd(self.columns[:, self.free], full_matrices=False)
        kept = sizes > DEPENDENT * sizes.max(initial=1.0)
        return left[:, kept], right[kept].T / sizes[kept]

    def without_free(self, values: Array) -> Array:
        """What is orthogonal to the free columns; twice, so that it is so to the last digits."""
        if not self.free.any():
            return values
        basis = self.free_part[0]
        for _ in range(2):
            values = values - basis @ (basis.T @ values)
        return values

    def complete(self, params: Array) -> Array:
        """The parameters with the free ones at their best."""
        if not self.free.any():
            return params
        basis, back = self.free_part
        whole = params.copy()
        whole[self.free] = back @ (basis.T @ (self.target - self.columns @ params))
        return whole

    def in_units(self, params: Array) -> tuple[Array, float]:
        """Slopes and intercept in the units of the data."""
        slopes, last = np.ldexp(params, self.exponents[-1] - self.exponents[:-1]), int(self.exponents[-1])
        if not self.intercept:
            return slopes, 0.0
        centred = (self.rows[0, -1] - self.rows[0, 1:-1] @ params) / self.rows[0, 0]
        return slopes, float(np.ldexp(centred + self.shift[-1] - self.shift[:-1] @ params, last))


def reduced(design: Design) -> Reduced:
    """Pass over the rows once: products if a bound proves that little is lost by them, else orthogonal steps."""
    many, width = len(design.problem.X), len(design.columns)
    intercept = design.place is not None
    found = by_products(design, intercept) if many * width >= WORTH_PRODUCTS and many > width else None
    rows, units = found or (as_they_are(design, intercept) if many <= width else by_triangles(design, intercept))
    first = int(intercept)
    by = exponents_of(np.linalg.norm(rows[first:, first:], axis=0))
    by = np.where(by == UNKNOWN, 0, by)
    rows = rows.copy()
    rows[:, first:] = np.ldexp(rows[:, first:], -by)
    none = np.zeros(width)
    exponents, shift = units.exponents + by, np.ldexp(units.shift, -by)
    return Reduced(rows, intercept, exponents, shift, design.weight, design.columns, none, none)


def by_products(design: Design, intercept: bool) -> tuple[Array, Units] | None:
    """The triangle from sums of products; None where these may lose digits that matter."""
    units, _ = working_units(*design.first_block(), intercept)
    parts = list(design.rows(partial(block_products, units)))
    found = sum(parts[1:], parts[0])
    triangle = factored(found, intercept)
    if triangle is None:
        return None
    system = make_system(triangle, *units, intercept)
    if system.dependent or not lost_share(system, found.sums) <= PROVEN:
        return None
    return triangle, units


def by_triangles(design: Design, intercept: bool) -> tuple[Array, Units]:
    """The triangle by orthogonal steps."""
    start = LeastSquares(len(design.columns), intercept)
    start.learn(*design.first_block())
    found = LeastSquares(len(design.columns), intercept)
    for part in design.rows(start.like):
        found.combine(part)
    assert found.units is not None
    return found.triangle, found.units


def as_they_are(design: Design, intercept: bool) -> tuple[Array, Units]:
    """The rows themselves, centred, where they are fewer than the columns."""
    A, y, weights = present(*design.block(0, len(design.problem.X)))
    units = Units.learn(*design.first_block()[:2], intercept)
    roots = np.ones(len(y)) if weights is None else np.sqrt(weights)
    rows = roots[:, None] * np.column_stack([units.columns(A), units.target(y)])
    if not intercept:
        return rows, units
    length = np.linalg.norm(roots)
    along = roots / length
    means = along @ rows
    return np.block(
        [[np.array([[length]]), means[None]], [np.zeros((len(y), 1)), rows - np.outer(along, means)]]
    ), units


# ---- descent on few rows -------------------------------------------------------------------------------------


class Descent:
    """Parameters, and the residual that belongs to them, on the way to the best."""

    def __init__(self, problem: Reduced, start: Array | None = None) -> None:
        self.problem = problem
        self.columns = np.asfortranarray(problem.without_free(problem.columns))
        self.target = problem.without_free(problem.target)
        self.squares = np.einsum("ij,ij->j", self.columns, self.columns)
        self.movable = ~problem.free & (self.squares > 0)
        self.values = np.zeros(len(self.squares)) if start is None else np.where(self.movable, start, 0.0)
        self.refresh()

    @property
    def params(self) -> Array:
        return self.problem.complete(self.values)

    def refresh(self) -> None:
        """The residual anew, without the rounding of many small steps."""
        active = np.flatnonzero(self.values)
        self.residual = self.target - self.columns[:, active] @ self.values[active]

    def run(self, tolerance: float, sweeps: int, record: Any = lambda objective: None) -> Stop:
        """Sweep until the gap is small enough; the gap stays in `gap` and the objective in `objective`."""
        idle, lowest = 0, np.inf
        for sweep in range(1, sweeps + 1):
            pulls = self.columns.T @ self.residual
            self.measure(pulls)
            record(np.ldexp(self.objective, 2 * int(self.problem.exponents[-1])))
            if self.gap <= tolerance * self.objective or self.gap <= PRECISION * self.problem.total / 2:
                return Stop.CONVERGED
            idle = 0 if self.objective < lowest else idle + 1
            lowest = min(lowest, self.objective)
            if idle == IDLE:
                return Stop.STALLED
            signs = np.sign(self.values)
            self.sweep(np.flatnonzero((signs != 0) | (self.movable & (np.abs(pulls) > self.problem.absolute))))
            if sweep % LEAP_EVERY == 0 or (np.sign(self.values) == signs).all():
                self.leap()
        self.measure(self.columns.T @ self.residual)
        return Stop.ITERATIONS

    def measure(self, pulls: Array) -> None:
        """The objective, and the duality gap; what free parameters cost is all counted as gap."""
        problem, squares = self.problem, float(self.residual @ self.residual)
        params = self.params
        costs = problem.absolute * np.abs(params) + problem.curvature * params**2 / 2
        self.objective = squares / 2 + float(costs.sum())
        part = self.movable
        sizes, bends = problem.absolute[part], problem.curvature[part]
        self.gap = fenchel_gap(pulls[part], params[part], sizes, bends, squares) + float(costs[~part].sum())

    def sweep(self, places: Array) -> None:
        """Each of these parameters in turn to its own best, the others as they are."""
        squares, values, residual = self.squares, self.values, self.residual
        absolute, curvature = self.problem.absolute, self.problem.curvature
        for j in places.tolist():
            column, before = self.columns[:, j], values[j]
            pull = column @ residual + squares[j] * before
            size = max(abs(pull) - absolute[j], 0.0) / (squares[j] + curvature[j])
            values[j] = after = size if pull > 0 else 0.0 - size
            if after != before:
                residual += (before - after) * column

    def leap(self) -> None:
        """The parameters that are not zero to their common best; where one meets zero, it stays and the rest go on."""
        for _ in range(len(self.values)):
            active = np.flatnonzero(self.values)
            if active.size == 0:
                return
            step, curved = self.newton_step(active)
            before = self.values[active]
            with np.errstate(divide="ignore", invalid="ignore"):
                room = np.where(before * step < 0, -before / step, np.inf)
            length = float(room.min()) if not curved else min(1.0, float(room.min()))
            if length == np.inf:
                return
            self.values[active] = np.where(room <= length, 0.0, before + length * step)
            self.refresh()
            if curved and length == 1.0:
                return

    def newton_step(self, active: Array) -> tuple[Array, bool]:
        """To the bottom of the bowl that the objective is while no sign changes.

        Where the columns are dependent, it may be a gutter that leads down; then along it, and False.
        """
        columns, curvature = self.columns[:, active], self.problem.curvature[active]
        values = self.values[active]
        pull = columns.T @ self.residual - self.problem.absolute[active] * np.sign(values) - curvature * values
        stack = np.vstack([columns, np.diag(np.sqrt(curvature))]) if curvature.any() else columns
        if active.size <= len(stack):
            factor = upper_triangle(stack)
            pivots = np.abs(factor.diagonal())
            if pivots.min() > INDEPENDENT * pivots.max():
                return triangular(factor, triangular(factor, pull, transposed=True)), True
        _, sizes, right = np.linalg.svd(stack, full_matrices=False)
        kept = sizes > DEPENDENT * sizes[0]
        along = right[kept] @ pull
        if kept.sum() < active.size:
            gutter = pull - right[kept].T @ along
            if np.linalg.norm(gutter) > STEEP * np.linalg.norm(self.problem.absolute[active]):
                return gutter, False
        return right[kept].T @ (along / sizes[kept] ** 2), True
