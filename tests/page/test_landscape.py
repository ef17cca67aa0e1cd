"""Second derivatives, rates and heights beside algebra."""

import numpy as np
import pytest

import gradloop as gl
from gradloop.page.landscape import MOST_PARAMETERS, largest, second_derivatives, surface_of
from gradloop.page.seen import seen
from page_fits import X, Y, line


def test_the_bound_is_that_of_the_matrix_of_products():
    found = seen(line())
    A = np.column_stack([X, np.ones(len(X))])
    matrix = second_derivatives(found.problem, found.problem.start)
    np.testing.assert_allclose(matrix, A.T @ A / len(A), rtol=1e-12)
    expected = np.linalg.svd(A, compute_uv=False)[0] ** 2 / len(A)
    assert largest(found.problem, found.problem.start, matrix) == pytest.approx(expected, rel=1e-12)
    assert largest(found.problem, found.problem.start, None) == pytest.approx(expected, rel=1e-3)


def test_a_rate_below_the_bound_falls_and_one_above_grows():
    found = seen(line("closed_form"))
    matrix = second_derivatives(found.problem, found.problem.start)
    bound = 2 / largest(found.problem, found.problem.start, matrix)
    for factor, falls in ((0.99, True), (1.01, False)):
        fit = gl.fit(X, Y, solver=gl.Minibatch(gl.sgd(factor * bound), batch_size="all", epochs=300))
        losses = fit.history["loss"]
        assert (losses[-1] < losses[0]) == falls


def test_heights_are_the_mean_loss():
    found = seen(line())
    surface = surface_of(found.objective, found.path)
    assert surface.places == (0, 1) and surface.losses.shape == (len(surface.across), len(surface.up))
    for i, j in ((0, 0), (3, 7), (-1, -1)):
        error = X[:, 0] * surface.across[i] + surface.up[j] - Y
        assert surface.losses[i, j] == pytest.approx(np.mean(error**2) / 2, rel=1e-10)
    low, high = found.path.min(axis=0), found.path.max(axis=0)
    assert (
        surface.across[0] < low[0] < high[0] < surface.across[-1] and surface.up[0] < low[1] < high[1] < surface.up[-1]
    )


def test_of_many_parameters_the_two_that_travelled_farthest_are_shown():
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(200, 5))
    fit = gl.fit(wide, wide @ [0.1, 9.0, 0.1, -7.0, 0.1], solver=gl.Minibatch(gl.sgd(0.05), batch_size=20, epochs=5))
    found = seen(fit)
    assert surface_of(found.objective, found.path).places == (1, 3)


def test_what_has_no_surface_or_matrix():
    one = gl.fit(X, Y, model=lambda x, w: x[0] * w, start={"w": 0.0}, solver=gl.Minibatch(gl.sgd(0.01), epochs=2))
    found = seen(one)
    assert surface_of(found.objective, found.path) is None
    wide = np.random.default_rng(0).normal(size=(100, MOST_PARAMETERS))
    found = seen(gl.fit(wide, wide[:, 0], solver=gl.Minibatch(gl.sgd(0.01), epochs=1)))
    assert second_derivatives(found.problem, found.problem.start) is None
    kinked = seen(gl.fit(X, Y, loss="absolute", solver=gl.Minibatch(gl.sgd(0.01), epochs=2)))
    assert second_derivatives(kinked.problem, kinked.problem.start) is None
    assert np.isnan(largest(kinked.problem, kinked.problem.start, None))


def test_a_path_that_is_not_finite_has_the_surface_of_its_finite_part():
    found = seen(line())
    path = np.vstack([found.path, [np.inf, np.nan]])
    assert np.isfinite(surface_of(found.objective, path).losses).all()
    assert surface_of(found.objective, path[-1:]) is None
