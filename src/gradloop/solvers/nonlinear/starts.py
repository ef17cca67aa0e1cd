"""Where to begin: points spread over the ranges that a person gave, and the best of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

POINTS = 2000  # that a coarse search looks at
DECADES = 100.0  # a range of one sign whose ends differ by this factor is searched evenly in the logarithm
SPREAD = 30.0  # where no range is given: a start within this factor of the given one
ANY_SCALE = 1e6  # the same for a start that may not even have the right size
Array = Any


def spread_points(low: Array, high: Array, count: int, seed: int) -> Array:
    """Points (count, p) such that each parameter takes `count` values spread evenly over its range.

    Source: McKay, Beckman and Conover, A comparison of three methods for selecting values of input variables, 1979.
    """
    random = np.random.default_rng(seed)
    columns = []
    for first, last in zip(low, high, strict=True):
        share = (random.permutation(count) + random.random(count)) / count
        columns.append(between(float(first), float(last), share))
    return np.stack(columns, axis=1)


def between(low: float, high: float, share: Array) -> Array:
    """Values at these shares of a range, which spans decades or does not."""
    smallest, largest = min(abs(low), abs(high)), max(abs(low), abs(high))
    if low * high > 0 and largest >= DECADES * smallest:
        return np.sign(low) * abs(low) * (abs(high) / abs(low)) ** share
    return low * (1 - share) + high * share


def around(start: Array, factor: float = SPREAD) -> tuple[Array, Array]:
    """Ranges about a start of unknown quality: both signs of a zero, the same sign of anything else."""
    size = np.where(start == 0, 1.0, np.abs(start))
    low, high = size / factor, size * factor
    low, high = np.where(start < 0, -high, low), np.where(start < 0, -low, high)
    return np.where(start == 0, -1.0, low), np.where(start == 0, 1.0, high)


def best_points(points: Array, cost: Callable[[Array], float], count: int) -> list[Array]:
    """The points of least cost, best first; those where it is not finite are left out."""
    costs = np.array([cost(point) for point in points])
    order = np.argsort(np.where(np.isfinite(costs), costs, np.inf), kind="stable")
    return [points[i] for i in order[:count] if np.isfinite(costs[i])]
