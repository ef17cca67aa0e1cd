"""Gradient descent against the textbook's loop in NumPy, closed forms, coordinate descent, and what it says."""

from dataclasses import replace

import numpy as np
import pytest

import gradloop as gl
from gradloop.certificate import certify
from gradloop.solvers.coordinate_descent import CoordinateDescent
from gradloop.solvers.curvature import stable_rate
from gradloop.solvers.gradient_descent import GradientDescent
from gradloop.stop import Stop
from problems import SMOOTH, numbers, problem, three_classes, two_classes

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(50, 3))
Y = X @ [1.0, -2.0, 3.0] + 4 + 0.1 * RANDOM.normal(size=50)
A = np.column_stack([X, np.ones(50)])


def alike(given):
    """With columns of one size."""
    return replace(given, X=np.ascontiguousarray((given.X - given.X.mean(axis=0)) / given.X.std(axis=0)))


def slow(rows=200):
    """Columns so alike that plain descent needs thousands of steps."""
    random = np.random.default_rng(1)
    columns = random.normal(size=(rows, 6)) * 0.1 + random.normal(size=(rows, 1))
    return problem("linear", None, columns, columns @ np.arange(6.0) + random.normal(size=rows))


@pytest.mark.parametrize("penalty", [None, gl.l2(0.3), gl.l1(0.3), gl.elastic_net(0.3, 0.2)])
def test_a_given_rate_without_momentum_is_the_textbooks_loop(penalty):
    given = problem("linear", None, X, Y, penalty=penalty)
    l1 = {"l1": 0.3, "elastic_net": 0.3}.get(penalty.name if penalty else "", 0.0)
    l2 = {"l2": 0.3, "elastic_net": 0.2}.get(penalty.name if penalty else "", 0.0)
    flat = np.zeros(4)
    for _ in range(20):
        flat = flat - 0.1 * (A.T @ (A @ flat - Y) / 50 + l2 * np.append(flat[:3], 0))
        flat[:3] = np.sign(flat[:3]) * np.maximum(np.abs(flat[:3]) - 0.1 * l1, 0)
    found = GradientDescent(0.1, momentum=False, iterations=20).solve(given)
    np.testing.assert_allclose(found.params, flat, rtol=1e-12)
    assert found.stop is Stop.ITERATIONS and (found.history["learning_rate"] == 0.1).all()
    assert found.history["rows"].tolist() == [50 * (i + 2) for i in range(20)]
    assert found.history["loss"][-1] == given.objective(found.params)[0]


def test_momentum_is_nesterovs_and_starts_anew_where_it_leads_uphill():
    def slope(w):
        return A.T @ (A @ w - Y) / 50

    def loss(w):
        return np.mean((A @ w - Y) ** 2) / 2

    flat = before = np.zeros(4)
    age, restarts = 1.0, 0
    for _ in range(40):
        older, age = age, (1 + np.sqrt(1 + 4 * age**2)) / 2
        ahead = flat + (older - 1) / age * (flat - before)
        moved = ahead - 0.2 * slope(ahead)
        if older > 1 and loss(moved) > loss(flat):
            age, ahead, moved = 1.0, flat, flat - 0.2 * slope(flat)
        if (ahead - moved) @ (moved - flat) > 0:
            age, restarts = 1.0, restarts + 1
        before, flat = flat, moved
    found = GradientDescent(0.2, iterations=40, tolerance=1e-300).solve(problem("linear", None, X, Y))
    assert restarts > 0 and len(found.history) == 40
    np.testing.assert_allclose(found.params, flat, rtol=1e-12)


def test_momentum_with_restarts_needs_far_fewer_steps_and_never_goes_up():
    given = slow()
    plain, fast = GradientDescent(momentum=False).solve(given), GradientDescent().solve(given)
    assert plain.stop is fast.stop is Stop.CONVERGED
    assert len(fast.history) < len(plain.history) / 5
    assert (np.diff(fast.history["loss"]) <= 1e-14).all()
    never = GradientDescent(tolerance=1e-13).solve(given)
    assert certify(given, never.params).value <= 1e-13 * never.history["loss"][-1]


@pytest.mark.parametrize("name", SMOOTH)
def test_converged_is_what_the_certificate_bears(name):
    given = alike(SMOOTH[name]())
    found = GradientDescent().solve(given)
    assert found.stop is Stop.CONVERGED
    assert certify(given, found.params).value <= 1e-10 * given.objective(found.params)[0]
    assert "derived from the curvature" in found.notes[0]


@pytest.mark.parametrize("penalty", [gl.l1(0.2), gl.elastic_net(0.2, 0.1)])
def test_kinks_of_a_penalty_lead_to_the_zeros_of_coordinate_descent(penalty):
    given = alike(numbers(penalty=penalty))
    given = replace(given, y=given.X @ [1.0, 0.0, 0.0, -2.0] + 1)
    found, wanted = GradientDescent(tolerance=1e-13).solve(given), CoordinateDescent(1e-14).solve(given)
    assert found.stop is Stop.CONVERGED and certify(given, found.params).kind == "duality gap"
    np.testing.assert_allclose(found.params, wanted.params, atol=1e-6)
    assert (found.params == 0).tolist() == (wanted.params == 0).tolist() and (found.params == 0).any()


@pytest.mark.parametrize("make", [two_classes, three_classes])
def test_without_a_known_gap_it_stops_where_nothing_moves_and_does_not_say_converged(make):
    given = alike(make(penalty=gl.l1(0.2)))
    found = GradientDescent().solve(given)
    assert found.stop is Stop.STALLED and found.history["gradient_norm"][-1] < 1e-5
    size = 4 * (given.start.size // 5)
    _, slope = given.objective(found.params)
    w, g = found.params[:size], slope[:size]
    lack = np.where(w != 0, g + 0.2 * np.sign(w), np.sign(g) * np.maximum(np.abs(g) - 0.2, 0))
    assert np.abs(lack).max() < 1e-5 and (w == 0).any()


def test_a_rate_that_is_too_large_is_announced_and_stopped_with_the_best_kept():
    given = problem("linear", None, X, Y)
    found = GradientDescent(10 * stable_rate(given, given.start), momentum=False).solve(given)
    assert found.stop is Stop.DIVERGED and len(found.history) < 20
    assert "is too large: the largest that is stable" in found.notes[0]
    assert given.objective(found.params)[0] <= given.objective(given.start)[0]


def test_just_below_the_stable_rate_it_converges_and_says_nothing():
    given = problem("linear", None, X, Y)
    found = GradientDescent(0.95 * stable_rate(given, given.start), momentum=False).solve(given)
    assert found.stop is Stop.CONVERGED and found.notes == ()


def test_where_the_curvature_grows_the_rate_is_halved():
    def law(x, w):
        return np.exp(x * w)

    t = np.linspace(0.0, 2.0, 30)
    found = gl.fit(t, np.exp(1.7 * t), model=law, start={"w": 0.0}, solver=GradientDescent())
    assert found.params["w"] == pytest.approx(1.7, rel=1e-4)
    rates = found.history["learning_rate"]
    assert rates[-1] < rates[0] and (np.diff(found.history["loss"]) <= 0).all()


def test_separable_classes_are_said():
    assert GradientDescent().solve(alike(two_classes(certain=True))).stop is Stop.SEPARABLE


def test_float32_stays_so_and_ends():
    given = problem("linear", None, X.astype(np.float32), Y.astype(np.float32))
    found = GradientDescent().solve(given)
    assert found.params.dtype == np.float32 and found.stop in (Stop.CONVERGED, Stop.STALLED)
    np.testing.assert_allclose(found.params, np.linalg.lstsq(A, Y)[0], rtol=1e-3)


def test_kinks_of_the_loss_are_refused():
    with pytest.raises(gl.OptionError, match="kinks of the absolute loss"):
        GradientDescent().solve(numbers("absolute"))


@pytest.mark.parametrize(
    "settings", [{"learning_rate": 0.0}, {"learning_rate": np.inf}, {"learning_rate": "fast"}, {"iterations": 0}]
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(gl.OptionError, match=next(iter(settings))):
        GradientDescent(**settings)


def test_an_interrupt_keeps_the_last_iterate():
    def stop(progress):
        if progress.epoch == 3:
            raise KeyboardInterrupt

    found = GradientDescent().solve(slow(), report=stop)
    assert found.stop is Stop.INTERRUPTED and len(found.history) == 3 and np.isfinite(found.params).all()
