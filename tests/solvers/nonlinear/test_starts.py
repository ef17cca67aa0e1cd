"""Where a coarse search looks."""

import numpy as np

from gradloop.solvers.nonlinear.starts import around, best_points, between, spread_points


def test_every_parameter_takes_evenly_spread_values():
    points = spread_points(np.array([0.0, 1.0]), np.array([1.0, 1e6]), 100, seed=3)
    assert points.shape == (100, 2)
    assert (np.floor(np.sort(points[:, 0]) * 100) == np.arange(100)).all()
    decades = np.log10(points[:, 1]) / 6
    assert (np.floor(np.sort(decades) * 100) == np.arange(100)).all()


def test_the_seed_decides():
    low, high = np.zeros(2), np.ones(2)
    assert (spread_points(low, high, 10, 1) == spread_points(low, high, 10, 1)).all()
    assert (spread_points(low, high, 10, 1) != spread_points(low, high, 10, 2)).any()


def test_ranges_that_span_decades_are_even_in_the_logarithm():
    share = np.array([0.0, 0.5, 1.0])
    np.testing.assert_allclose(between(1.0, 1e4, share), [1, 100, 1e4])
    np.testing.assert_allclose(between(-1e4, -1.0, share), [-1e4, -100, -1])
    np.testing.assert_allclose(between(-1.0, 1e4, share), [-1, 4999.5, 1e4])
    np.testing.assert_allclose(between(1.0, 3.0, share), [1, 2, 3])


def test_around_a_start_keeps_its_sign():
    low, high = around(np.array([3.0, -3.0, 0.0]))
    np.testing.assert_allclose(low, [0.1, -90, -1])
    np.testing.assert_allclose(high, [90, -0.1, 1])


def test_the_best_come_first_and_what_is_not_finite_never():
    points = np.array([[0.0], [1.0], [2.0], [3.0]])
    costs = {0.0: 5.0, 1.0: np.nan, 2.0: 1.0, 3.0: np.inf}
    found = best_points(points, lambda point: costs[float(point[0])], 4)
    assert [float(point[0]) for point in found] == [2.0, 0.0]
