"""The fast road must agree with the exact one, or refuse."""

import numpy as np
import pytest

from gradloop.solvers.linear import gram
from gradloop.solvers.linear.least_squares import LeastSquares

random = np.random.default_rng(0)


def in_blocks(X, y, weights=None, size=512):
    cuts = [slice(i, i + size) for i in range(0, len(y), size)]
    return lambda work: [work(X[cut], y[cut], None if weights is None else weights[cut]) for cut in cuts]


def both(X, y, weights=None, intercept=True, penalty=None, slope=None):
    rows = in_blocks(X, y, weights)
    first = (X[:512], y[:512], None if weights is None else weights[:512])
    exact = LeastSquares(X.shape[1], intercept)
    rows(exact.add)
    return gram.fast_solution(X.shape[1], intercept, rows, penalty, first, slope), exact.solve(penalty, rows)


@pytest.mark.parametrize("mean", [0.0, 0.5, 3.0, 1e6])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("penalty", [None, np.array([3.0, 0.0, 2000.0])])
@pytest.mark.parametrize("weighted", [True, False])
def test_the_same_answer(mean, intercept, penalty, weighted):
    X = random.normal(size=(5000, 3)) * [1.0, 1e-5, 300.0]
    if intercept or mean < 1:
        X += mean * np.array([1.0, 1e-5, 300.0])
    y = X @ [1.0, 1e5, -0.01] + 2 + random.normal(size=5000)
    weights = random.integers(0, 3, 5000).astype(float) if weighted else None
    fast, exact = both(X, y, weights, intercept, penalty)
    np.testing.assert_allclose(fast.slopes, exact.slopes, rtol=1e-13)
    assert fast.intercept == pytest.approx(exact.intercept, rel=1e-13)
    assert fast.residual_norm == pytest.approx(exact.residual_norm, rel=1e-13)
    assert (fast.rows, fast.weight) == (exact.rows, exact.weight)
    assert fast.route == "Gram"


def test_the_correction_is_needed_and_made(monkeypatch):
    X = random.normal(size=(5000, 3)) @ [[1, 1, 1], [0, 1e-2, 1e-2], [0, 0, 1e-2]]
    y = X @ [1.0, 2.0, 3.0] + random.normal(size=5000)
    monkeypatch.setattr(gram, "PROVEN", 1.0)
    fast, exact = both(X, y)
    start = fast.system.start()
    without, _ = fast.system.in_units(start.slopes, start.intercept)
    assert np.abs(fast.slopes - exact.slopes).max() <= 1e-12 < 1e-11 < np.abs(without - exact.slopes).max()


def test_the_bound_holds(monkeypatch):
    """ρ is above what products really lose, for every condition number."""
    for gap in (1.0, 1e-1, 1e-2, 1e-3):
        X = random.normal(size=(4000, 2)) @ [[1, 1], [0, gap]]
        y = X @ [1.0, 2.0]
        units, _ = gram.working_units(X, y, None, True)
        found = gram.block_products(units, X, y, None)
        system = gram.make_system(gram.factored(found, True), *units, True)
        point = system.start()
        slopes, _ = system.in_units(point.slopes, point.intercept)
        assert np.abs(slopes - [1, 2]).max() <= 10 * gram.lost_share(system, found.sums)


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-9, 0.0])
def test_near_dependence_is_refused(gap):
    X = random.normal(size=(4000, 2)) @ [[1, 1], [0, gap]]
    fast, _ = both(X, X[:, 0])
    assert fast is None


def test_a_constant_column_is_refused():
    X = np.column_stack([random.normal(size=1000), np.full(1000, 0.1)])
    assert both(X, X[:, 0])[0] is None


@pytest.mark.parametrize("powers", [[4, -9], [250, -250], [900, -900]])
def test_powers_of_two_change_no_bit(powers):
    X = random.normal(size=(3000, 2)) + np.array([0.2, 5])
    y = X @ [1.0, 2.0] + random.normal(size=3000)
    before, after = both(X, y)[0], both(np.ldexp(X, powers), y)[0]
    assert np.ldexp(after.slopes, powers).tolist() == before.slopes.tolist() and after.intercept == before.intercept
