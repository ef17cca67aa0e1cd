"""Coordinate descent against the conditions of a minimum, SciPy on the split formulation, and soft thresholds."""

import numpy as np
import pytest
from scipy.optimize import minimize

import gradloop as gl
from gradloop.certificate import certify
from gradloop.penalties import Penalty
from gradloop.problem import make_problem
from gradloop.solvers import coordinate_descent as module
from gradloop.solvers.coordinate_descent import CoordinateDescent
from gradloop.stop import Stop
from problems import numbers, problem, two_classes

PENALTIES = {"lasso": (0.05, 0.0), "elastic net": (0.05, 0.2), "ridge": (0.0, 0.2), "none": (0.0, 0.0)}


def data(name, rows=60, columns=8, seed=0):
    random = np.random.default_rng(seed)
    X = random.normal(size=(rows, columns)) + random.normal(size=(rows, 1))
    y = X[:, :3] @ [1.0, -2.0, 0.5] + 4 + random.normal(size=rows)
    if name == "far from zero":
        X = X + 1e4
    if name == "the same column twice":
        X[:, 1] = X[:, 0]
    if name == "constant columns":
        X[:, 1], X[:, 5] = 7.0, 0.0
    if name == "columns of any unit":
        X = X * np.array([1, 1e-3, 1e3, 10, 0.1, 1, 100, 1e-5])[:columns]
    if name == "fewer rows":
        X, y = X[:5], y[:5]
    return X, y


def least_norm_of_slope(given, flat, absolute):
    """How far the smallest subgradient is from zero: the conditions of Karush, Kuhn and Tucker, in one number."""
    _, slope = given.objective(flat)
    w, g = flat[:-1], slope[:-1]
    lack = np.where(w != 0, g + absolute * np.sign(w), np.sign(g) * np.maximum(np.abs(g) - absolute, 0))
    return np.max(np.abs(np.append(lack, slope[-1])) / np.append(1 + np.abs(given.X).max(axis=0), 1))


NAMES = ["plain", "far from zero", "the same column twice", "constant columns", "columns of any unit", "fewer rows"]


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("name", NAMES)
def test_no_direction_leads_down(name, penalty):
    X, y = data(name)
    l1, l2 = PENALTIES[penalty]
    given = problem("linear", None, X, y, penalty=gl.elastic_net(l1, l2))
    found = CoordinateDescent(tolerance=1e-14).solve(given)
    assert found.stop is Stop.CONVERGED
    assert least_norm_of_slope(given, found.params, l1) <= 1e-6
    if name == "constant columns" and l1:
        assert found.params[1] == found.params[5] == 0


@pytest.mark.parametrize("penalty", ["lasso", "elastic net"])
@pytest.mark.parametrize("name", NAMES[:4])
def test_scipy_on_the_split_formulation_finds_nothing_lower(name, penalty):
    """w = plus − minus, both from zero: the absolute value becomes smooth."""
    X, y = data(name)
    l1, l2 = PENALTIES[penalty]
    centred, target = X - X.mean(axis=0), y - y.mean()

    def split(v):
        w = v[:8] - v[8:]
        residual = centred @ w - target
        slope = centred.T @ residual / len(y) + l2 * w
        return residual @ residual / 2 / len(y) + l1 * v.sum() + l2 / 2 * w @ w, np.append(slope, -slope) + l1

    best = minimize(split, np.zeros(16), jac=True, bounds=[(0, None)] * 16, method="L-BFGS-B",
                    options={"ftol": 0, "gtol": 1e-9, "maxiter": 20000, "maxfun": 50000}).fun  # fmt: skip
    given = problem("linear", None, X, y, penalty=gl.elastic_net(l1, l2))
    found = CoordinateDescent().solve(given)
    certificate = certify(given, found.params)
    value = given.objective(found.params)[0]
    assert value <= best * (1 + 1e-10) and best <= value * (1 + 1e-5)
    assert certificate.kind == "duality gap" and 0 <= certificate.value <= 1e-9 * value


def test_one_column_is_a_soft_threshold():
    X, y = data("plain", columns=3)
    x = X[:, :1].copy()
    given = problem("linear", None, x, y, penalty=gl.elastic_net(0.3, 0.5))
    x, t = x[:, 0] - x.mean(), y - y.mean()
    w = np.sign(x @ t) * max(abs(x @ t) / 60 - 0.3, 0) / (x @ x / 60 + 0.5)
    found = CoordinateDescent().solve(given).params
    assert found == pytest.approx([w, y.mean() - w * X[:, 0].mean()], rel=1e-12)


def test_a_strong_penalty_leaves_the_mean_and_exact_zeros():
    X, y = data("plain")
    found = CoordinateDescent().solve(problem("linear", None, X, y, penalty=gl.l1(100.0)))
    assert not found.params[:-1].any() and found.params[-1] == pytest.approx(y.mean(), rel=1e-13)


@pytest.mark.parametrize("units", [1e-12, 1e12])
def test_the_unit_of_the_target_and_the_columns_can_be_anything(units):
    X, y = data("plain")
    plain = CoordinateDescent().solve(problem("linear", None, X, y, penalty=gl.l1(0.1))).params
    large = CoordinateDescent().solve(problem("linear", None, X, units * y, penalty=gl.l1(units * 0.1))).params
    np.testing.assert_allclose(large / units, plain, rtol=1e-9, atol=1e-12)
    moved = CoordinateDescent().solve(problem("linear", None, units * X, y, penalty=gl.l1(units * 0.1))).params
    np.testing.assert_allclose(moved[:-1] * units, plain[:-1], rtol=1e-9, atol=1e-12)


def test_all_three_roads_to_few_rows_lead_to_the_same(monkeypatch):
    X, y = data("far from zero", rows=400)
    weights = np.random.default_rng(2).uniform(size=400)
    chosen = gl.models.MODELS["linear"]
    given = make_problem(
        chosen, gl.losses.LOSSES["squared"], X, y, chosen.start(8, 2), gl.l1(0.1), weights=weights / weights.mean()
    )
    design = module.PenalisedDesign(given)
    found = []
    for road in (module.by_products, module.by_triangles, module.as_they_are):
        rows, units = road(design, True)
        small = module.Reduced(rows, True, *units, design.weight, design.columns, *np.zeros((2, 8)))
        descent = module.Descent(small.penalised(design.absolute, design.curvature))
        assert descent.run(1e-12, 1000) is Stop.CONVERGED
        found.append(design.flat(*descent.problem.in_units(descent.params)))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-7)
    np.testing.assert_allclose(found[2], found[1], rtol=1e-7)
    monkeypatch.setattr(module, "WORTH_PRODUCTS", 1)
    monkeypatch.setattr(module, "by_triangles", None)
    np.testing.assert_array_equal(CoordinateDescent(1e-12).solve(given).params, found[0])


def test_products_are_not_used_where_they_would_lose_digits():
    X, y = data("plain", rows=400)
    X[:, 1] = X[:, 0] + 1e-4 * np.random.default_rng(1).normal(size=400)
    given = problem("linear", None, X, y, penalty=gl.l1(0.1))
    assert module.by_products(module.PenalisedDesign(given), True) is None


def test_an_own_law_with_two_kinds_of_free_parameters():
    def law(t, w, bias, b):
        return np.sin(t) * w[0] + t**2 * w[1] + np.cos(t) * bias + b + 1.5 * t

    t = np.linspace(0.0, 6.0, 50)
    y = 2 * np.sin(t) + 3 * np.cos(t) + 1 + 1.5 * t + 0.1 * np.random.default_rng(0).normal(size=50)
    found = gl.fit(t, y, model=law, start={"w": [0.0, 0.0], "bias": 0.0, "b": 0.0}, penalty=gl.l1(0.05))
    assert found.certificate.kind == "duality gap" and found.certificate.value <= 1e-9
    A, free = np.column_stack([np.sin(t), t**2]), np.column_stack([np.cos(t), np.ones(50)])
    residual = A @ found.params["w"] + free @ [found.params["bias"], found.params["b"]] + 1.5 * t - y
    assert np.abs(free.T @ residual / 50).max() < 1e-10
    pulls, w = A.T @ residual / 50, found.params["w"]
    assert np.all(np.where(w != 0, np.abs(pulls + 0.05 * np.sign(w)) < 1e-6, np.abs(pulls) <= 0.05 + 1e-9))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("penalty", ["lasso", "elastic net"])
def test_the_duality_gap_is_never_below_the_distance_to_the_best(name, penalty):
    X, y = data(name)
    given = problem("linear", None, X, y, penalty=gl.elastic_net(*PENALTIES[penalty]))
    answer = CoordinateDescent(tolerance=1e-14).solve(given).params
    best, random = given.objective(answer)[0], np.random.default_rng(3)
    for size in (0.0, 1e-6, 1e-3, 1.0):
        near = answer + size * random.normal(size=9) / np.append(1 + np.abs(X).max(axis=0), 1)
        bound, above = certify(given, near), given.objective(near)[0] - best
        assert bound.kind == "duality gap" and bound.value >= above - 1e-12 * best
        loose = size == 0 or name == "columns of any unit"  # whose slopes are small beside the penalty, or large
        assert loose or bound.value <= 100 * max(above, size * best)


def test_sweeps_run_out():
    found = CoordinateDescent(sweeps=1).solve(numbers(penalty=gl.l1(0.1)))
    assert found.stop is Stop.ITERATIONS and len(found.history) == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda: numbers("huber", penalty=gl.l1(0.1)), "for the squared loss, not huber"),
        (lambda: two_classes(gl.l1(0.1)), "for the squared loss, not logistic"),
        (lambda: numbers(penalty=Penalty("root", None, lambda w: np.sum(np.sqrt(np.abs(w))), lambda w, r: w)), "root"),
        (lambda: problem(gl.Model("square", lambda x, w: np.dot(x, w) ** 2, lambda f, c: {"w": np.ones(4)}, "squared",
                                  lambda p, c, s: p), None, np.ones((5, 4)), np.ones(5)), "not affine"),
    ],
)  # fmt: skip
def test_what_it_is_not_for_is_refused(given, words):
    with pytest.raises(gl.OptionError, match=words):
        CoordinateDescent().solve(given())


@pytest.mark.parametrize("settings", [{"tolerance": 0.0}, {"sweeps": 0}, {"sweeps": 1.5}])
def test_limits_are_checked(settings):
    with pytest.raises(gl.OptionError, match=next(iter(settings))):
        CoordinateDescent(**settings)


def test_it_reports_every_sweep():
    told = []
    CoordinateDescent().solve(numbers(penalty=gl.l1(0.1)), report=told.append)
    assert [progress.epoch for progress in told] == list(range(1, len(told) + 1)) and len(told) > 1


def test_a_constant_column_that_is_penalised_is_no_intercept():
    A = np.column_stack([np.ones(50), np.random.default_rng(0).normal(size=50)])
    y = A @ [3.0, 1.0] + 0.1
    start = {"w": np.zeros(2)}
    found = gl.fit(A, y, model=lambda x, w: np.dot(x, w), start=start, penalty=gl.l1(0.5)).params["w"]
    pulls = A.T @ (y - A @ found) / 50
    np.testing.assert_allclose(pulls, 0.5 * np.sign(found), rtol=1e-9)


@pytest.mark.parametrize("units", [[1e-12, 1e12, 1, 1e300], [1e-300, 1e150, 1, 1e-150]])
def test_columns_that_the_penalty_hardly_or_wholly_forbids(units):
    """In such units a column is as good as not penalised, or cannot be used at all."""
    random = np.random.default_rng(0)
    plain = random.normal(size=(300, 4))
    y = plain @ [1.0, 1.0, 1.0, 1.0] + random.normal(size=300)
    found = CoordinateDescent().solve(problem("linear", None, plain * units, y, penalty=gl.l1(0.1)))
    w = found.params[:-1] * units
    assert found.stop is Stop.CONVERGED
    assert ((found.params[:-1] != 0) == (np.array(units) > 1e-10)).all()
    centred = plain - plain.mean(axis=0)
    pulls = centred.T @ (y - y.mean() - centred @ w) / 300
    used = w != 0
    np.testing.assert_allclose(pulls[used], 0.1 / np.array(units)[used], atol=1e-9)


# ---- steps on the reduced problem ----


def small(columns, target, absolute, curvature=0.0):
    width = columns.shape[1]
    rows, zeros = np.column_stack([columns, target]), np.zeros(width + 1)
    plain = module.Reduced(rows, False, zeros.astype(int), zeros, 1.0, np.arange(width), *np.zeros((2, width)))
    return plain.penalised(np.broadcast_to(absolute, width), np.broadcast_to(curvature, width))


def test_a_leap_ends_at_the_common_best_of_those_that_keep_their_sign():
    A = np.array([[1.0, 0.6], [0.0, 0.8], [0.3, 0.0]])
    t = A @ [2.0, 1.0]
    descent = module.Descent(small(A, t, 0.1, 0.2), np.array([1.0, 0.5]))
    descent.leap()
    both = np.linalg.solve(A.T @ A + 0.2 * np.eye(2), A.T @ t - 0.1)
    np.testing.assert_allclose(descent.values, both, rtol=1e-13)
    alone = (A[:, 0] @ t - 0.1) / (A[:, 0] @ A[:, 0])
    for wrong in np.linspace(-0.9, -0.01, 30):
        descent = module.Descent(small(A, t, 0.1), np.array([1.0, wrong]))
        descent.leap()
        assert descent.values[1] == 0.0 and descent.values[0] == pytest.approx(alone, rel=1e-13)
        np.testing.assert_allclose(descent.residual, t - A @ descent.values, atol=1e-15)


def test_where_columns_are_dependent_a_leap_goes_down_the_gutter():
    """The second column says the same in half the length, at the same price."""
    A = np.array([[1.0, 0.5], [1.0, 0.5]])
    descent = module.Descent(small(A, np.array([2.0, 2.0]), 0.1), np.array([0.5, 1.0]))
    descent.leap()
    assert descent.values[1] == 0.0 and descent.values[0] == pytest.approx((4 - 0.1) / 2, rel=1e-12)


def test_more_parameters_than_rows_take_few_sweeps():
    random = np.random.default_rng(0)
    X = random.normal(size=(30, 100)) + random.normal(size=(30, 1))
    given = problem("linear", None, X, random.normal(size=30), penalty=gl.l1(1e-3))
    found = CoordinateDescent(sweeps=300).solve(given)
    assert found.stop is Stop.CONVERGED and np.count_nonzero(found.params[:-1]) <= 30


def test_what_free_columns_cost_is_all_counted_as_gap():
    random = np.random.default_rng(0)
    A, t = random.normal(size=(20, 2)), random.normal(size=20)
    descent = module.Descent(small(A, t, [0.1, 1e-17]))
    assert descent.run(1e-10, 100) is Stop.CONVERGED and descent.problem.free.tolist() == [False, True]
    least = np.linalg.lstsq(A[:, 1:], t - A[:, 0] * descent.params[0], rcond=None)[0]
    np.testing.assert_allclose(descent.params[1:], least, rtol=1e-12)


def test_the_gap_holds_for_the_whole_penalty():
    """If a column is taken as free, though its penalty is not quite nothing."""
    random = np.random.default_rng(0)
    A, t = random.normal(size=(20, 2)), random.normal(size=20)
    given = small(A, t, [0.1, 0.05])
    best = module.Descent(given)
    assert best.run(1e-12, 100) is Stop.CONVERGED
    taken = small(A, t, [0.1, 0.05])
    taken.__dict__["free"] = np.array([False, True])
    descent = module.Descent(taken)
    descent.run(1e-12, 100)
    assert 0 < descent.objective - best.objective <= descent.gap


def test_where_rounding_hides_the_gap_it_does_not_sweep_for_ever():
    random = np.random.default_rng(0)
    X = random.normal(size=(50, 200)) + random.normal(size=(50, 1))
    found = CoordinateDescent(tolerance=1e-16).solve(
        problem("linear", None, X, random.normal(size=50), penalty=gl.l1(1e-7))
    )
    assert found.stop in (Stop.STALLED, Stop.CONVERGED) and len(found.history) < 1000


def test_a_penalty_beyond_all_numbers_forbids_a_column():
    X, y = data("plain")
    X[:, 0] *= 1e-305
    found = CoordinateDescent().solve(problem("linear", None, X, y, penalty=gl.elastic_net(1e10, 1e10)))
    assert found.stop is Stop.CONVERGED and not found.params[:-1].any()
