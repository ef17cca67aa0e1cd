"""Exact steps for straight losses: medians and quantiles are known."""

import numpy as np
import pytest

from gradloop.solvers.nonlinear.least_absolute import straight_step

WIDE = np.array([-1e3]), np.array([1e3])


def slopes(count, up=1.0, down=1.0):
    return np.full(count, up), np.full(count, down)


def test_the_constant_is_the_median():
    y = np.array([3.0, 1.0, 100.0, 2.0, 7.0])
    step = straight_step(np.ones((5, 1)), -y, *slopes(5), *WIDE)
    assert step == pytest.approx([3.0], abs=1e-14)


def test_unequal_slopes_give_a_quantile():
    y = np.arange(11.0)
    step = straight_step(np.ones((11, 1)), -y, *slopes(11, up=0.25, down=0.75), *WIDE)
    assert step == pytest.approx([8.0], abs=1e-14)  # three quarters of the targets lie below


def test_weights_count_as_rows():
    y = np.array([1.0, 2.0, 3.0])
    up = np.array([1.0, 1.0, 5.0])
    assert straight_step(np.ones((3, 1)), -y, up, up, *WIDE) == pytest.approx([3.0], abs=1e-14)


def test_bounds_hold():
    y = np.array([3.0, 4.0, 5.0])
    step = straight_step(np.ones((3, 1)), -y, *slopes(3), np.array([-1.0]), np.array([1.5]))
    assert step == pytest.approx([1.5], abs=1e-12)


@pytest.mark.parametrize("size", [1e-8, 1.0, 1e8])
def test_the_size_of_the_residuals_does_not_matter(size):
    random = np.random.default_rng(0)
    J, truth = random.normal(size=(30, 3)), np.array([1.0, -2.0, 0.5])
    y = J @ truth
    y[::7] += 20
    limit = np.full(3, 100 * size)
    step = straight_step(J, -y * size, *slopes(30), -limit, limit)
    np.testing.assert_allclose(step, truth * size, rtol=1e-13)
