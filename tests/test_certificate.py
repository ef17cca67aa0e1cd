"""The distance to the best against least squares by QR, ridge in closed form and SciPy's minimum."""

import numpy as np
import pytest
from scipy.optimize import minimize

from gradloop import Model, certificate, losses, penalties
from gradloop.certificate import certify
from gradloop.losses import LOSSES, about
from gradloop.models import MODELS
from gradloop.problem import make_problem

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 3))
Y = X @ [1.0, -2.0, 3.0] + 4 + RANDOM.normal(size=60)


def linear(X, y, penalty=None, loss="squared", engine="native"):
    return make_problem(MODELS["linear"], LOSSES[loss], X, y, MODELS["linear"].start(X.shape[1], 2), penalty, engine)


def least_squares(X, y):
    """The best objective by orthogonal factorisation of columns of length one."""
    A = np.column_stack([X, np.ones(len(X))])
    A = A[:, np.abs(A).max(axis=0) > 0]
    A = A / np.linalg.norm(A, axis=0)
    return np.sum((A @ np.linalg.lstsq(A, y)[0] - y) ** 2) / 2 / len(y)


SCALES = np.array([1.0, 1e-7, 1e9])
DATA = {
    "plain": X,
    "columns of wildly different units": X * SCALES,
    "the same column twice": np.column_stack([X, X[:, 0]]),
    "the same column in another unit": np.column_stack([X, 1e6 * X[:, 0]]),
    "a sum of columns": np.column_stack([X, X @ [1, 1, 1]]),
    "a constant column": np.column_stack([X, np.full(60, 7.0)]),
    "a column of zeros": np.column_stack([X, np.zeros(60)]),
    "nearly the same column": np.column_stack([X, X[:, 0] + 1e-4 * RANDOM.normal(size=60)]),
    "far from zero": X + 100,
    "fewer rows than columns": X[:3],
    "one row": X[:1],
    "one column": X[:, :1],
    "float32": X.astype(np.float32),
}


@pytest.mark.parametrize("far", [0.0, 1.0, 1e3], ids=["the start", "near", "far"])
@pytest.mark.parametrize("name", DATA)
def test_the_gap_of_least_squares_is_exact_anywhere(name, far):
    data = np.ascontiguousarray(DATA[name])
    y = Y[: len(data)].astype(data.dtype)
    problem = linear(data, y)
    size = np.abs(data).max(axis=0)
    flat = far * np.append(np.divide(1, size, out=np.zeros_like(size), where=size > 0), 1.0).astype(data.dtype)
    found = certify(problem, flat)
    gap = problem.objective(flat)[0] - least_squares(data.astype(float), y)
    assert found.kind == "exact gap"
    assert found.value == pytest.approx(gap, rel=1e-6 if data.dtype == float else 1e-3)
    assert "exact for least squares" in found.sentence


@pytest.mark.parametrize(
    "data",
    [np.column_stack([X, X[:, 0] + 1e-9 * RANDOM.normal(size=60)]), X + 3e6, X + 1e8],
    ids=["nearly the same column", "far from zero", "very far from zero"],
)
def test_nothing_is_claimed_where_rounding_hides_the_curvature(data):
    found = certify(linear(data, Y), np.zeros(data.shape[1] + 1))
    assert found.kind == "gradient norm" and "not resolved" in found.sentence


@pytest.mark.parametrize("engine", ["native", "numpy"])
def test_the_gap_of_ridge_is_that_of_its_closed_form(engine):
    A = np.column_stack([X, np.ones(60)])
    D = np.diag([0.3, 0.3, 0.3, 0.0])  # never on the intercept
    best = np.linalg.solve(A.T @ A / 60 + D, A.T @ Y / 60)

    def objective(theta):
        return np.sum((A @ theta - Y) ** 2) / 120 + theta @ D @ theta / 2

    problem = linear(X, Y, penalties.l2(0.3), engine=engine)
    for theta in (np.zeros(4), best + 1, best):
        found = certify(problem, theta)
        assert found.kind == "exact gap"
        assert found.value == pytest.approx(objective(theta) - objective(best), rel=1e-9, abs=1e-14)


def test_the_sentence_says_how_much_is_lost():
    A = np.column_stack([X, np.ones(60)])
    best = np.linalg.lstsq(A, Y)[0]
    assert "best possible to rounding" in certify(linear(X, Y), best).sentence
    found = certify(linear(X, Y), best + 0.1 * np.eye(4)[0])
    assert f"is {found.value:.2g}, or {100 * found.value / least_squares(X, Y):.2g} %, above" in found.sentence
    exact = X @ [1.0, -2.0, 3.0]
    assert "fits the data exactly" in certify(linear(X, exact), np.array([1.0, -2, 3, 0])).sentence
    assert "%" not in certify(linear(X, exact), np.zeros(4)).sentence  # a share of a best loss of zero says nothing


def test_the_gap_of_logistic_regression_is_estimated_well_near_its_minimum():
    y = (RANDOM.random(60) < 1 / (1 + np.exp(-X @ [1.0, -1.0, 0.5]))).astype(float)
    problem = make_problem(MODELS["logistic"], LOSSES["logistic"], X, y, MODELS["logistic"].start(3, 2))
    A = np.column_stack([X, np.ones(60)])

    def objective(theta):
        z = A @ theta
        return np.mean(np.logaddexp(0, z) - y * z), A.T @ (1 / (1 + np.exp(-z)) - y) / 60

    best = minimize(objective, np.zeros(4), jac=True, options={"gtol": 1e-10})
    for distance, tolerance in ((0.3, 0.3), (0.03, 0.03), (0.003, 0.003)):
        theta = best.x + distance * np.array([1.0, -1, 1, -1])
        found = certify(problem, theta)
        assert found.kind == "estimated gap" and "estimated from the curvature here" in found.sentence
        assert found.value == pytest.approx(objective(theta)[0] - best.fun, rel=tolerance)


def test_a_softmax_whose_parameters_are_not_all_identified_has_an_estimate():
    softmax = MODELS["softmax"]
    y = RANDOM.integers(0, 3, size=60)
    problem = make_problem(softmax, LOSSES["cross_entropy"], X, y, softmax.start(3, 3))

    def objective(flat):
        return problem.objective(flat)

    best = minimize(objective, np.zeros(12), jac=True, options={"gtol": 1e-10})
    theta = best.x + 0.01 * RANDOM.normal(size=12)
    found = certify(problem, theta)
    assert found.kind == "estimated gap"
    assert found.value == pytest.approx(objective(theta)[0] - best.fun, rel=0.05)


@pytest.mark.parametrize("loss", ["absolute", "quantile"])
def test_kinks_leave_only_the_gradient(loss):
    flat = np.array([1.0, 1.0, 1.0, 1.0])
    problem = linear(X, Y, loss=loss)
    found = certify(problem, flat)
    assert found.kind == "gradient norm" and "kinks" in found.sentence
    assert found.value == pytest.approx(np.linalg.norm(problem.objective(flat)[1]))
    assert certify(linear(X, Y, penalties.l1(0.1), loss), flat).kind == "gradient norm"


def test_a_law_on_the_wrong_side_of_a_hill_is_not_judged_by_its_curvature():
    def law(x, k):
        return np.sin(k * x[0])

    model = Model("law", law, lambda f, c: {"k": 0.0}, "squared", lambda p, c, s: p)
    y = np.sin(2.0 * X[:, 0])
    problem = make_problem(model, about(losses.squared), X, y, {"k": 0.0})
    hill = np.linspace(2.0, 5.0, 50)
    bends = [problem.curvature_times(np.array([k]), np.ones(1))[0] for k in hill]
    kinds = [certify(problem, np.array([k])).kind for k in hill]
    assert ["estimated gap" if bend > 0 else "gradient norm" for bend in bends] == kinds
    assert set(kinds) == {"estimated gap", "gradient norm"}


def test_an_unused_parameter_does_no_harm_and_a_slope_without_curvature_is_no_bowl():
    def unused(x, w, c):
        return x @ w + 0 * c

    start = {"w": np.zeros(3), "c": 1.0}
    model = Model("unused", unused, lambda f, c: start, "squared", lambda p, c, s: p)
    found = certify(make_problem(model, about(losses.squared), X, Y, start), np.zeros(4))
    assert found.kind == "exact gap"
    best = np.sum((X @ np.linalg.lstsq(X, Y)[0] - Y) ** 2) / 120
    assert found.value == pytest.approx(np.mean(Y**2) / 2 - best, rel=1e-9)
    slope = make_problem(model, about(lambda y_hat, y: y_hat - y), X, Y, start)
    assert certify(slope, np.zeros(4)).kind == "gradient norm"


def test_a_plateau_is_not_mistaken_for_the_best():
    """Where exp(k x) has vanished, slope and curvature are zero, and the loss is as bad as it gets."""

    def law(x, k):
        return np.exp(k * x[0])

    model = Model("law", law, lambda f, c: {"k": 0.0}, "squared", lambda p, c, s: p)
    x = np.linspace(1, 2, 10)[:, None]
    problem = make_problem(model, about(losses.squared), x, np.exp(x[:, 0]), {"k": 0.0})
    assert certify(problem, np.array([-2000.0])).kind == "gradient norm"
    found = certify(problem, np.array([1.01]))  # a law may have other minima, and the sentence leaves room for them
    assert found.kind == "estimated gap" and "above the nearest minimum" in found.sentence
    assert found.value == pytest.approx(problem.objective(np.array([1.01]))[0], rel=0.1)


def test_what_is_not_finite_is_not_judged():
    found = certify(linear(X, Y), np.array([np.nan, 0, 0, 0]))
    assert found.kind == "none" and np.isnan(found.value) and "not finite" in found.sentence
    assert certify(linear(X * 1e200, Y), np.full(4, 1e200)).kind == "none"


def test_many_parameters_get_an_estimate_that_is_close(monkeypatch):
    monkeypatch.setattr(certificate, "affordable", lambda problem: False)
    found = certify(linear(X, Y), np.ones(4))
    assert found.kind == "estimated gap"
    gap = linear(X, Y).objective(np.ones(4))[0] - least_squares(X, Y)
    assert found.value == pytest.approx(gap, rel=1e-9)
    monkeypatch.setattr(certificate, "PASSES", 2)
    assert certify(linear(X, Y), np.ones(4)).kind == "gradient norm"


@pytest.mark.parametrize("penalty", [penalties.l1(0.1), penalties.elastic_net(0.1, 0.3)], ids=["l1", "elastic net"])
def test_the_duality_gap_is_the_difference_of_two_objectives(penalty):
    """The dual objective by its definition, at the shortened residuals, with the intercept at its best."""
    problem, flat = linear(X, Y, penalty), np.array([1.0, -1.5, 2.0, 5.0])
    curvature = 0.0 if penalty.smooth is None else 0.3
    found = certify(problem, flat)
    centred, target = X - X.mean(axis=0), Y - Y.mean()
    residual = target - centred @ flat[:3]
    pulls = centred.T @ residual / 60
    share = 1.0 if curvature else min(1.0, 0.1 / np.abs(pulls).max())
    dual, pulls = share * residual, share * pulls
    conjugate = np.sum(np.maximum(np.abs(pulls) - 0.1, 0) ** 2) / 2 / curvature if curvature else 0.0
    below = dual @ target / 60 - dual @ dual / 120 - conjugate
    assert found.kind == "duality gap" and "is at most" in found.sentence
    assert found.value == pytest.approx(problem.objective(flat)[0] - below, rel=1e-10)


def test_a_penalty_that_is_no_sum_of_absolute_values_and_squares_has_no_dual():
    root = penalties.Penalty("root", None, lambda w: np.sum(np.sqrt(np.abs(w))), lambda w, rate: w)
    assert certificate.absolute_strengths(linear(X, Y, root)) is None
    group = penalties.Penalty("group", None, lambda w: np.sqrt(np.sum(w * w)), lambda w, rate: w)
    assert certificate.absolute_strengths(linear(X, Y, group)) is None
    assert certify(linear(X, Y, group), np.ones(4)).kind == "gradient norm"


def test_strengths_are_read_off_the_penalty():
    problem = linear(X, Y, penalties.elastic_net(1e-20, 3.0))
    assert certificate.absolute_strengths(problem) == pytest.approx([1e-20] * 3 + [0.0], rel=1e-12)
