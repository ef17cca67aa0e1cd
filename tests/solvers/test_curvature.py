"""Learning rates from the data, against eigenvalues and by running them."""

import numpy as np
import pytest

from gradloop import Model, losses, penalties
from gradloop.errors import OptionError
from gradloop.losses import LOSSES, about
from gradloop.models import MODELS
from gradloop.problem import make_problem
from gradloop.solvers.curvature import (
    derived_rate,
    largest_curvature,
    row_curvature,
    row_map,
    scale_advice,
    squared_gradient,
    stable_rate,
    stable_rates,
)

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(50, 3)) * [1.0, 3.0, 0.1] + [0, 1, 2]
Y = X @ [1.0, -2.0, 3.0] + RANDOM.normal(size=50)
A = np.column_stack([X, np.ones(50)])


def linear(X=X, y=Y, loss="squared", penalty=None):
    return make_problem(MODELS["linear"], LOSSES[loss], X, y, MODELS["linear"].start(X.shape[1], 2), penalty)


def test_the_largest_curvature_is_the_largest_eigenvalue():
    found = linear()
    assert largest_curvature(found, found.start) == pytest.approx(np.linalg.eigvalsh(A.T @ A / 50)[-1], rel=1e-3)
    ridge = linear(penalty=penalties.l2(5.0))
    H = A.T @ A / 50 + 5 * np.diag([1, 1, 1, 0])
    assert largest_curvature(ridge, ridge.start) == pytest.approx(np.linalg.eigvalsh(H)[-1], rel=1e-3)
    assert stable_rate(ridge, ridge.start) == pytest.approx(2 / np.linalg.eigvalsh(H)[-1], rel=1e-3)


def test_the_curvature_of_logistic_regression_depends_on_where_it_is():
    y = (Y > 0).astype(float)
    problem = make_problem(MODELS["logistic"], LOSSES["logistic"], X, y, MODELS["logistic"].start(3, 2))
    for theta in (np.zeros(4), np.array([0.3, -0.2, 0.1, 0.5])):
        p = 1 / (1 + np.exp(-A @ theta))
        H = A.T @ (A * (p * (1 - p))[:, None]) / 50
        assert largest_curvature(problem, theta) == pytest.approx(np.linalg.eigvalsh(H)[-1], rel=1e-3)


def test_an_objective_that_is_not_curved_has_no_bound():
    found = linear(loss="absolute")
    assert stable_rate(found, found.start) == float("inf")


def test_the_curvature_of_a_row_is_found_up_to_the_luck_of_signs():
    """A row's curvature is |x|² + 1; the mean of squares (s · x)² over random signs s is that on average."""
    found = linear()
    largest = np.max(np.sum(A**2, axis=1))
    assert 0.7 * largest < row_curvature(found, found.start) < 3 * largest


def test_the_squared_gradient_of_each_row_is_that_by_hand():
    found = linear()
    gradients = (A @ [1.0, 1, 1, 1] - Y)[:, None] * A
    rows = row_map(found, squared_gradient(found), np.ones(4))
    np.testing.assert_allclose(rows, np.sum(gradients**2, axis=1), rtol=1e-12)


def test_larger_batches_allow_larger_rates_up_to_a_quarter_of_the_bound():
    found = linear()
    rates = [derived_rate(found, found.start, size) for size in (1, 5, 25, 50)]
    assert rates[0] < rates[1] < rates[2] < rates[3]
    assert rates[0] == pytest.approx(0.5 / row_curvature(found, found.start), rel=1e-12)  # one row is the whole batch
    between = (50 - 5) / (5 * 49)  # Gower et al.: (n - m) / (m (n - 1)) of the rows, the rest of the whole
    assert 1 / rates[1] == pytest.approx(between / rates[0] + (1 - between) / rates[3], rel=1e-12)
    assert rates[-1] == pytest.approx(0.25 * stable_rate(found, found.start), rel=1e-12)
    assert derived_rate(found, found.start, 1000) == rates[-1]


def test_a_loss_without_curvature_takes_the_step_that_would_bring_it_to_zero():
    found = linear(loss="absolute")
    gradients = np.sign(-Y)[:, None] * A
    assert derived_rate(found, found.start, 10) == pytest.approx(
        np.mean(np.abs(Y)) / np.mean(np.sum(gradients**2, axis=1)), rel=1e-12
    )


def test_a_problem_that_is_solved_already_still_has_a_rate():
    assert derived_rate(linear(y=np.zeros(50), loss="absolute"), np.zeros(4), 10) == 1.0


def test_many_rows_are_judged_by_a_sample():
    many = linear(np.tile(X, (200, 1)), np.tile(Y, 200))
    assert largest_curvature(many, many.start) == pytest.approx(largest_curvature(linear(), many.start), rel=0.02)


def test_the_rate_of_standardised_columns_is_named_where_it_is_much_larger():
    far = linear(X * [1, 1000, 1])
    bound = stable_rate(far, far.start)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    better = 2 / np.linalg.eigvalsh(np.column_stack([Z, np.ones(50)]).T @ np.column_stack([Z, np.ones(50)]) / 50)[-1]
    assert f"with standardised columns it would be {better:.3g}" in stable_rates(far, bound)
    same = linear(Z)
    assert "standardised" not in stable_rates(same, stable_rate(same, same.start))
    assert len(scale_advice(far)) == 1 and "(X - X.mean(axis=0)) / X.std(axis=0)" in scale_advice(far)[0]
    assert scale_advice(same) == scale_advice(linear(loss="absolute")) == []


def test_a_constant_column_does_not_make_the_advice_divide_by_zero():
    constant = linear(np.column_stack([X, np.full(50, 1000.0)]))
    assert "standardised" in stable_rates(constant, stable_rate(constant, constant.start))


def test_float32_gives_the_same_rates():
    single, double = linear(X.astype(np.float32), Y.astype(np.float32)), linear()
    assert derived_rate(single, single.start, 5) == pytest.approx(derived_rate(double, double.start, 5), rel=1e-3)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
def test_where_the_curvature_overflows_no_rate_is_made_up():
    huge = linear(X * 1e200)
    with pytest.raises(OptionError, match="No learning rate can be derived.*; scale the columns"):
        derived_rate(huge, huge.start, 5)


def test_a_law_has_the_curvature_of_its_own_derivatives():
    def decay(x, a, k):
        return a * np.exp(-k * x)

    x = np.linspace(0, 3, 40)
    y = 2 * np.exp(-0.7 * x)
    start = {"a": 1.0, "k": 1.0}
    model = Model("decay", decay, lambda f, c: start, "squared", lambda p, c, s: p)
    problem = make_problem(model, about(losses.squared), x[:, None], y, start)
    e = np.exp(-x)
    r = e - y
    H = np.array([[np.mean(e * e), np.mean(-x * e * (e + r))], [0, np.mean((x * e) ** 2 + r * x**2 * e)]])
    H[1, 0] = H[0, 1]
    expected = np.max(np.abs(np.linalg.eigvalsh(H)))
    assert largest_curvature(problem, problem.start) == pytest.approx(expected, rel=1e-3)
