"""Steps within a ball and within bounds, against algebra and SciPy."""

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from gradloop.solvers.nonlinear.trust_region import (
    damped_step,
    free_to_move,
    known_directions,
    step_in_ball,
    step_in_bounds,
    triangle,
)

LOST = 1e-14


def random_triangle(seed, size=4):
    random = np.random.default_rng(seed)
    return np.triu(random.normal(size=(size, size))) + 3 * np.eye(size), random.normal(size=size)


def test_a_wide_ball_gives_the_bottom():
    R, t = random_triangle(0)
    z, damping = step_in_ball(known_directions(R, LOST), t, 100.0)
    np.testing.assert_allclose(z, -np.linalg.solve(R, t), rtol=1e-12)
    assert damping == 0


@pytest.mark.parametrize("radius", [1e-6, 0.01, 0.2])
def test_a_narrow_ball_is_filled_by_a_damped_step(radius):
    R, t = random_triangle(1)
    z, damping = step_in_ball(known_directions(R, LOST), t, radius)
    assert np.linalg.norm(z) == pytest.approx(radius, rel=0.02)
    assert damping > 0
    np.testing.assert_allclose((R.T @ R + damping * np.eye(4)) @ z, -R.T @ t, rtol=1e-9)
    np.testing.assert_allclose(damped_step(known_directions(R, LOST), R.T @ t, damping), z, rtol=1e-9)


def test_directions_without_effect_stay_put():
    R = np.array([[1.0, 1.0], [0.0, 0.0]])
    z, _ = step_in_ball(known_directions(R, LOST), np.array([2.0, 5.0]), 100.0)
    np.testing.assert_allclose(z, [-1.0, -1.0])
    assert (step_in_ball(known_directions(np.zeros((2, 2)), LOST), np.ones(2), 1.0)[0] == 0).all()


@pytest.mark.parametrize("seed", range(20))
def test_bounds_agree_with_scipy_where_one_round_of_fixing_is_enough(seed):
    R, t = random_triangle(seed)
    low, high = np.full(4, -0.1), np.full(4, np.inf)
    z, damping = step_in_bounds(R, known_directions(R, LOST), t, 1e3, low, high, LOST)
    best = lsq_linear(R, -t, bounds=(low, high), tol=1e-14)
    assert (z >= low).all()
    assert np.linalg.norm(R @ z + t) <= np.linalg.norm(t)
    inside = (z > low).all()
    assert (damping == 0.0) if inside else (damping is None)
    if inside:
        np.testing.assert_allclose(z, best.x, atol=1e-6)


def test_an_entry_held_by_its_bound_stays_there_while_the_others_move():
    R, t = np.eye(2), np.array([1.0, 1.0])
    z, damping = step_in_bounds(
        R, known_directions(R, LOST), t, 10.0, np.array([0.0, -5.0]), np.array([5.0, 5.0]), LOST
    )
    assert z.tolist() == [0.0, -1.0]
    assert damping is None
    low, high = np.array([0.0, 0.0, -1.0]), np.array([1.0, 1.0, 0.0])
    assert free_to_move(np.array([1.0, -1.0, -1.0]), low, high).tolist() == [False, True, False]


@pytest.mark.parametrize("rows", [2, 3, 50, 9000])
def test_the_triangle_of_blocks_is_that_of_the_whole(rows):
    random = np.random.default_rng(rows)
    A, b, root = random.normal(size=(rows, 3)), random.normal(size=rows), random.uniform(size=rows)
    R, t = triangle(A, b, root)
    weighted = A * root[:, None]
    np.testing.assert_allclose(R.T @ R, weighted.T @ weighted, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(R.T @ t, weighted.T @ (root * b), rtol=1e-10, atol=1e-11)
