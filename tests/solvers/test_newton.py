"""Newton's method against closed forms and SciPy, and what it says when it cannot go on."""

import numpy as np
import pytest
from scipy.optimize import minimize

import gradloop as gl
from gradloop.certificate import certify
from gradloop.hessian import hessian
from gradloop.solvers.newton import Bowl, Newton, passes_left
from gradloop.stop import Stop
from problems import SMOOTH, numbers, problem, three_classes, two_classes


def best_of(given):
    """The least objective that SciPy finds, in units where the columns are alike."""

    unit = np.concatenate([np.repeat([1, 0.01, 100, 1], (given.start.size) // 5), np.ones(given.start.size // 5)])

    def scaled(v):
        value, slope = given.objective(unit * v)
        return value, unit * slope

    found = minimize(scaled, np.zeros(unit.size), jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 5000})
    return found.fun


@pytest.mark.parametrize("name", SMOOTH)
def test_it_reaches_what_scipy_reaches(name):
    given = SMOOTH[name]()
    found = Newton().solve(given)
    assert found.stop is Stop.CONVERGED
    value = given.objective(found.params)[0]
    assert value <= best_of(given) * (1 + 1e-9)
    assert found.history["loss"][-1] == pytest.approx(value, rel=1e-14)
    assert len(found.history) <= 20


def test_least_squares_takes_one_step():
    given = numbers()
    found = Newton().solve(given)
    A = np.column_stack([given.X, np.ones(len(given.X))])
    assert np.allclose(found.params, np.linalg.lstsq(A, given.y, rcond=None)[0], rtol=1e-9)
    assert len(found.history) == 2


def test_separable_classes_are_said_and_not_called_converged():
    found = Newton().solve(two_classes(certain=True))
    assert found.stop is Stop.SEPARABLE
    assert Newton().solve(two_classes(gl.l2(0.01), certain=True)).stop is Stop.CONVERGED


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda: numbers(penalty=gl.l1(0.1)), "kinks of the penalty l1"),
        (lambda: numbers("absolute"), "kinks of the absolute loss"),
    ],
)
def test_kinks_are_refused(given, words):
    with pytest.raises(gl.OptionError, match=words):
        Newton().solve(given())


@pytest.mark.parametrize("settings", [{"tolerance": 0}, {"tolerance": 2.0}, {"iterations": 0}, {"iterations": 1.5}])
def test_limits_are_checked(settings):
    with pytest.raises(gl.OptionError):
        Newton(**settings)


def test_a_start_in_a_saddle_is_left():
    def dented(y_hat, y):
        return (y_hat**2 - 1) ** 2 + 0.1 * (y_hat - y) ** 2

    given = problem("linear", dented, np.ones((4, 1)) * [[1], [2], [3], [4]], np.ones(4))
    found = Newton().solve(given)
    assert given.objective(found.params)[0] < given.objective(given.start)[0]
    assert np.linalg.norm(given.objective(found.params)[1]) < 1e-6


def test_a_large_problem_starts_from_a_sample(monkeypatch):
    import gradloop.solvers.newton as module

    monkeypatch.setattr(module, "SAMPLE_LEAST", 100)
    given = two_classes(rows=4000)
    found = Newton().solve(given)
    monkeypatch.setattr(module, "SAMPLE_LEAST", 10**9)
    whole = Newton().solve(given)
    assert len(found.history) < len(whole.history)
    assert given.objective(found.params)[0] == pytest.approx(given.objective(whole.params)[0], rel=2e-12)


def test_a_curvature_serves_as_long_as_steps_to_the_end_cost_less(monkeypatch):
    import gradloop.solvers.newton as module

    def curvatures(price):
        asked = []
        monkeypatch.setattr(module, "hessian", lambda given, at: asked.append(len(given.X)) or hessian(given, at))
        monkeypatch.setattr(module.NewtonRun, "price", price)
        given = two_classes(rows=4000)
        found = Newton(tolerance=1e-10).solve(given)
        assert found.stop is Stop.CONVERGED
        assert certify(given, found.params).value <= 1e-10 * found.history["loss"][-1]
        return asked.count(4000)

    monkeypatch.setattr(module, "SAMPLE_LEAST", 200)
    assert curvatures(0.0) > curvatures(100.0) == 0


def test_steps_that_are_left():
    assert passes_left(1e-2, 1e-8, 0.1) == pytest.approx(6)
    assert passes_left(1e-9, 1e-8, 0.5) == 0 == passes_left(1e-2, 1e-8, 0.0)
    assert passes_left(1e-2, 0.0, 0.1) == np.inf


def test_iterations_run_out():
    assert Newton(iterations=1).solve(three_classes()).stop is Stop.ITERATIONS


def test_an_interrupt_keeps_the_last_iterate():
    def stop(progress):
        if progress.epoch == 3:
            raise KeyboardInterrupt

    found = Newton().solve(two_classes(), report=stop)
    assert found.stop is Stop.INTERRUPTED and len(found.history) == 3 and np.isfinite(found.params).all()


def test_the_direction_does_not_depend_on_units():
    random = np.random.default_rng(0)
    root = random.normal(size=(5, 3))
    H, g = root.T @ root, random.normal(size=3)
    unit = np.array([1e-8, 1.0, 1e9])
    plain, decrement, _ = Bowl(H).direction(g)
    scaled, same, _ = Bowl(unit[:, None] * H * unit).direction(unit * g)
    assert np.allclose(scaled * unit, plain, rtol=1e-10) and same == pytest.approx(decrement, rel=1e-10)
    assert np.allclose(plain, -np.linalg.solve(H, g))


@pytest.mark.parametrize("offset", [1e4, 1e6, 1e9])
def test_columns_far_from_zero_are_solved_or_said(offset):
    random = np.random.default_rng(0)
    X = random.normal(size=(200, 2))
    y = (random.logistic(size=200) < X @ [1.0, -1.0]).astype(float)
    best = problem("logistic", None, X, y)
    least = best.objective(Newton().solve(best).params)[0]
    given = problem("logistic", None, X + offset, y)
    found = Newton().solve(given)
    value = given.objective(found.params)[0]
    assert value <= least * (1 + 1e-9) or found.stop is not Stop.CONVERGED
    assert offset > 1e6 or value <= least * (1 + 1e-6)


def test_a_slope_without_curvature_is_told():
    direction, decrement, untold = Bowl(np.diag([1.0, 0.0])).direction(np.array([1.0, 1.0]))
    assert direction.tolist() == [-1.0, 0.0] and (decrement, untold) == (1.0, 1.0)


def test_columns_too_large_for_their_squares_are_refused():
    X = np.random.default_rng(0).normal(size=(20, 2)) * [1e200, 1]
    with pytest.raises(gl.ModelError, match="too large; scale the columns"):
        Newton().solve(problem("logistic", None, X, (X[:, 1] > 0).astype(float)))


def test_a_start_where_the_loss_is_straight_is_left():
    """Huber's loss has no curvature while every row is farther away than delta; SciPy finds the same minimum."""
    random = np.random.default_rng(0)
    X = random.normal(size=(500, 2))
    y = 500 + X @ [30.0, -5.0] + random.normal(size=500)
    y[::20] += 300
    found = gl.fit(X, y, loss=gl.huber(1.0), solver="newton")

    def mean_loss(params):
        far = np.abs(X @ params[:2] + params[2] - y)
        return np.mean(np.where(far <= 1, far**2 / 2, far - 0.5))

    best = minimize(mean_loss, [30.0, -5.0, 500.0], method="BFGS", options={"gtol": 1e-9})
    assert found.stop is gl.Stop.CONVERGED
    assert found.history["loss"][-1] <= best.fun * (1 + 1e-10)


def test_a_saddle_without_slope_is_left():
    """ŷ = u v x has no slope at zero, but falls along u = v, or u = -v, to a product of 3."""
    x = np.linspace(0, 1, 20)
    found = gl.fit(x, 3 * x, model=lambda x, u, v: u * v * x, start={"u": 0.0, "v": 0.0}, solver="newton")
    assert found.params["u"] * found.params["v"] == pytest.approx(3, rel=1e-9)


def test_in_short_numbers_the_slope_tells_what_the_objective_cannot():
    """The last steps lower the objective by less than a float32's rounding of it."""
    random = np.random.default_rng(2)
    X = random.standard_normal((200_000, 10), dtype=np.float32)
    y = (random.random(len(X)) < 1 / (1 + np.exp(-X @ np.linspace(-1, 1, 10)))).astype(np.float32)
    fit = gl.fit(X, y, model="logistic", solver="newton")
    assert fit.stop is Stop.CONVERGED and fit.certificate.value < 1e-12
    assert fit.history["rows"][-1] <= 8 * len(X)
    wide = gl.fit(X.astype(float), y.astype(float), model="logistic", solver="newton")
    assert np.allclose(fit.params["w"], wide.params["w"], rtol=3e-7, atol=1e-7)
