"""Refinement must not need a good triangle: it gains the missing digits."""

import numpy as np
import pytest

from gradloop.solvers.linear.least_squares import LeastSquares
from gradloop.solvers.linear.refinement import block_residuals, refined

random = np.random.default_rng(0)
X = random.normal(size=(300, 4)) + np.array([0, 10, 1000, 1e6])
Y = X @ [1.0, -2.0, 3.0, 4.0] + random.normal(size=300)


def system(error):
    found = LeastSquares(4)
    found.add(X, Y)
    found.triangle *= 1 + error * random.normal(size=found.triangle.shape)
    return found.system()


def rows(size):
    return lambda work: [work(X[i : i + size], Y[i : i + size], None) for i in range(0, len(Y), size)]


@pytest.mark.parametrize("error", [1e-12, 1e-6, 1e-4])
def test_a_wrong_triangle_gives_the_same_bits(error):
    found = []
    for size in (300, 37):
        wrong = system(error)
        point = refined(wrong, rows(size), wrong=1.0)
        assert point.settled
        found.append(wrong.in_units(point.slopes, point.intercept))
    right = system(0.0)
    point = refined(right, rows(300))
    slopes, intercept = right.in_units(point.slopes, point.intercept)
    assert all(other.tolist() == slopes.tolist() and b == intercept for other, b in found)


def test_a_useless_triangle_is_not_called_settled():
    assert not refined(system(3.0), rows(300)).settled


def test_residuals_and_rows_of_the_factor():
    weights = random.uniform(1, 2, 300)
    found = LeastSquares(4)
    found.add(X, Y, weights)
    columns, residual = block_residuals(found.system(), X, Y, weights)
    factor = found.system().factor
    np.testing.assert_allclose(columns.T @ columns, factor.T @ factor, atol=1e-9)
    np.testing.assert_allclose(columns.T @ residual, 0, atol=1e-9)
