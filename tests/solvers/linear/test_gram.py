"""The fast road must agree with the exact one, or refuse."""

import numpy as np
import pytest

from gradloop.solvers.linear import gram
from gradloop.solvers.linear.least_squares import LeastSquares, Units

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


@pytest.mark.parametrize("rows", [1, 63, 1024, 1025, 17_000])
@pytest.mark.parametrize("columns", [0, 1, 20, 300])
def test_products_are_those_of_all_rows(rows, columns):
    """Whole numbers are multiplied and added exactly, so a row too many or too few shows."""
    A = random.integers(-9, 9, (rows, columns)).astype(float)
    y = random.integers(-9, 9, rows).astype(float)
    weights = random.integers(0, 3, rows) ** 2.0
    none = Units(np.zeros(columns + 1, int), np.zeros(columns + 1))
    Z = np.column_stack([np.ones(rows), A, y])
    for given in (None, weights):
        found = gram.block_products(none, A, y, given)
        w = np.ones(rows) if given is None else given
        np.testing.assert_array_equal(found.whole, Z.T @ (w[:, None] * Z))
        assert (found.rows, found.weight) == (np.count_nonzero(w), w.sum())
        now = np.arange(1.0, columns + 2)
        residual = y - Z[:, :-1] @ now
        steep, squares = gram.block_slope(1, none, now, A, y, given)
        np.testing.assert_array_equal(steep, (w * residual) @ Z[:, :-1])
        assert squares == np.sum(w * residual**2)
        residual = y - A @ now[1:]
        steep, squares = gram.block_slope(0, none, now[1:], A, y, given)
        np.testing.assert_array_equal(steep, (w * residual) @ A)
        assert squares == np.sum(w * residual**2)


@pytest.mark.parametrize("columns", [4, 5, 8, 20, 21, 22, 100, 1000, 2**20])
def test_threads_need_not_wait_for_each_other(columns):
    """NumPy holds its lock while a result of at most 500 entries is computed, however long that takes."""
    rows = gram.rows_at_once(columns)
    assert rows & (rows - 1) == 0
    assert max(1, rows // gram.ROWS_IN_PRODUCT) * (columns + 2) ** 2 > 500
    assert rows // gram.ROWS_IN_SLOPE * (columns + 2) > 500


@pytest.mark.parametrize(("rows", "columns"), [(1, 3), (64, 3), (100, 3), (100, 700), (3000, 700), (2100, 3)])
def test_rows_taken_together_are_hardly_more_than_there_are(rows, columns):
    A = random.normal(size=(rows, columns))
    units = Units(np.zeros(columns + 1, int), np.zeros(columns + 1))
    taken = [len(Z) for Z in gram.joined(units, A, A[:, 0], None)]
    assert rows <= sum(taken) < max(2 * rows, gram.ROWS_IN_SLOPE + 1)
    assert all(size & (size - 1) == 0 for size in taken)


def test_a_large_result_is_worth_many_rows():
    for columns in (400, 700, 3000):
        assert gram.rows_at_once(columns) >= min(gram.ROWS_IN_PRODUCT, columns)


def test_the_bound_counts_every_sum():
    """No entry is the sum of more terms than are counted."""
    for columns, rows in ((1, 40_000), (20, 40_000), (300, 3_000)):
        none = Units(np.zeros(columns + 1, int), np.zeros(columns + 1))
        found = gram.block_products(none, np.ones((rows, columns)), np.ones(rows), None)
        assert found.sums > -(-rows // min(gram.ROWS_IN_PRODUCT, gram.rows_at_once(columns)))
        assert (found + found).sums == found.sums + 1  # each was added on its own, and then both


@pytest.mark.parametrize("columns", [5, 60])
def test_a_second_correction_where_one_does_not_prove_it(columns, monkeypatch):
    X = random.normal(size=(4000, columns)) + random.normal(size=(4000, 1))
    y = X @ np.ones(columns) + random.normal(size=4000)
    times, usual = [], gram.correction
    monkeypatch.setattr(gram, "correction", lambda *given: times.append(1) or usual(*given))
    monkeypatch.setattr(gram, "PROVEN", 0.0)
    fast, exact = both(X, y)
    assert fast.route == "Gram" and len(times) == 2
    np.testing.assert_allclose(fast.slopes, exact.slopes, rtol=1e-13)
    assert fast.residual_norm == pytest.approx(exact.residual_norm, rel=1e-13)
    monkeypatch.setattr(gram, "MODEST", 1.0)
    assert both(X, y)[0] is None


@pytest.mark.parametrize("columns", [1, 5, 60])
@pytest.mark.parametrize("common", [0.0, 1.0, 100.0])
def test_the_norm_of_the_inverse_is_bounded(columns, common, monkeypatch):
    monkeypatch.setattr(gram, "PROVEN", np.inf)
    X = random.normal(size=(4000, columns)) + common * random.normal(size=(4000, 1))
    fast, _ = both(X, X[:, 0] + random.normal(size=4000), intercept=False)
    unit = X / np.linalg.norm(X, axis=0)
    exact = np.linalg.norm(np.linalg.inv(unit.T @ unit), 2)
    assert exact * (1 - 1e-9) <= gram.inverse_norm(fast.system) <= exact * columns**0.5 * (1 + 1e-9)
