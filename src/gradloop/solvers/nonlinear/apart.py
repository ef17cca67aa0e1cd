"""Residuals of rows that are apart: of each part comes a triangle, whose few rows stand for all of them.

A search asks of the rows only for products, and those of W^½ [J r] = Q [R t] are those of [R t] alone; so are those of
several triangles under one another, whose triangle is again as small. Parts are joined in the order of `problem.over`.

Source: Demmel, Grigori, Hoemmen and Langou, Communication-optimal parallel and sequential QR, 2012.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from gradloop.core.derived import shared
from gradloop.core.graph import Graph
from gradloop.errors import OptionError
from gradloop.problem import Problem
from gradloop.solvers.nonlinear.residuals import Point, Residuals
from gradloop.solvers.nonlinear.trust_region import tall_triangle

Array = Any


class Seen(NamedTuple):
    """What a first look at some rows finds."""

    largest: float  # |y|
    rows: int  # of a weight above zero


class Sums(NamedTuple):
    """What some rows say of parameters."""

    top: Array  # the triangle of W^½ [J r]
    cost: float
    noise: float  # the sum of the squares of what rounding may have changed, weighted
    upside_down: bool  # whether the loss is less away from y anywhere


@dataclass(frozen=True, eq=False)
class Apart(Residuals):
    """The residuals of a problem whose rows are not here, as the rows of a triangle with the same products."""

    last: dict[bytes, Array] = field(default_factory=dict)  # the triangle at the parameters that were asked for last

    @cached_property
    def seen(self) -> Seen:
        found: Seen = self.problem.over(look, looks)
        return found

    @cached_property
    def unit(self) -> float:
        """A power of two near the largest |y|."""
        return float(np.exp2(np.round(np.log2(self.seen.largest)))) if self.seen.largest > 0 else 1.0

    @cached_property
    def weights(self) -> Array:
        """The weight of all rows together."""
        return np.array([self.problem.weight])

    @cached_property
    def rows(self) -> int:
        """Rows that count: those of weight zero are absent."""
        return self.seen.rows

    def over(self, work: Any, params: Array, *given: Any, **join: Any) -> Any:
        return self.problem.over(partial(work, loss=self.loss, unit=self.unit, params=params, given=given), **join)

    def at(self, params: Array) -> Point:
        """The triangle's rows as residuals, with the loss of all rows."""
        found: Sums = self.over(sums_of, params, join=both)
        self.last.clear()
        self.last[params.tobytes()] = found.top[:, :-1]
        residuals = found.top[:, -1]
        strength = np.full(len(residuals), -1.0 if found.upside_down else 1.0)
        noise = np.sqrt(found.noise / len(residuals)) * np.ones(len(residuals))
        return Point(params, residuals, residuals, strength, strength, found.cost, noise)

    def jacobian(self, params: Array) -> Array:
        """The triangle's rows, without the residuals."""
        if params.tobytes() not in self.last:
            self.at(params)
        return self.last[params.tobytes()]

    def weighted(self, params: Array) -> tuple[Array, Array]:
        """The triangle of W^½ [J r] without what the loss adds to the weights, which is the same in all rows."""
        assert self.squared is not None, "for losses with one second derivative"
        residuals, own = self.at(params).residuals, np.sqrt(self.squared)
        return self.jacobian(params) / own, residuals / own

    def pulled_by_bending(self, point: Point, slopes: Array, direction: Array) -> Array:
        return np.asarray(self.over(bent, point.params, direction))

    def left_out(self, point: Point, slopes: Array) -> Array:
        return np.asarray(self.over(curved, point.params))


def residuals_of(problem: Problem) -> Residuals:
    """The residuals of a problem, wherever its rows are.

    Raises: OptionError for a loss of straight lines, whose steps need the rows together, where they are apart.
    """
    if problem.in_memory:
        return Residuals(problem)
    found = Apart(problem)
    if found.straight:
        raise OptionError(
            f"Gauss-Newton needs the rows together for the {problem.loss.name} loss; choose the squared or the huber "
            "loss, or another solver."
        )
    return found


# ---- of a part -----------------------------------------------------------------------------------------------


def look(problem: Problem) -> Seen:
    rows = len(problem.y) if problem.weights is None else int(np.count_nonzero(problem.weights))
    return Seen(float(np.max(np.abs(problem.y), initial=0.0)), rows)


def looks(a: Seen, b: Seen) -> Seen:
    return Seen(max(a.largest, b.largest), a.rows + b.rows)


def part(problem: Problem, loss: Graph, unit: float) -> Residuals:
    """The residuals of a part, in the unit of all; the code of its loss is not there, only the graph."""
    found = Residuals(problem)
    vars(found).update(loss=shared(loss), unit=unit)
    return found


@np.errstate(all="ignore")
def sums_of(problem: Problem, *, loss: Graph, unit: float, params: Array, given: Any) -> Sums:
    view = part(problem, loss, unit)
    point, slopes = view.at(params), view.jacobian(params)
    root = np.sqrt(np.abs(point.strength))
    top = tall_triangle(slopes, point.residuals, root)
    return Sums(top, point.cost, float(np.sum((root * point.noise) ** 2)), bool((point.strength < 0).any()))


def both(a: Sums, b: Sums) -> Sums:
    top = np.linalg.qr(np.vstack([a.top, b.top]), mode="r")
    return Sums(top, a.cost + b.cost, a.noise + b.noise, a.upside_down or b.upside_down)


@np.errstate(all="ignore")
def bent(problem: Problem, *, loss: Graph, unit: float, params: Array, given: tuple[Array]) -> Array:
    view = part(problem, loss, unit)
    return view.pulled_by_bending(view.at(params), view.jacobian(params), *given)


@np.errstate(all="ignore")
def curved(problem: Problem, *, loss: Graph, unit: float, params: Array, given: Any) -> Array:
    view = part(problem, loss, unit)
    return view.left_out(view.at(params), view.jacobian(params))
