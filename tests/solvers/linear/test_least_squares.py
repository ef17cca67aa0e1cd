"""Oracles: certified values of NIST, exact rational arithmetic on the same float64 numbers, and algebra."""

import csv
import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from gradloop.errors import DataError
from gradloop.solvers.linear.least_squares import LeastSquares

NIST = Path(__file__).parents[3] / "../shared/data/nist_linear"
needs_nist = pytest.mark.skipif(not NIST.is_dir(), reason="needs ../shared/data/nist_linear")
# Digits that must be right: as many as the float64 columns allow (Filip's tenth powers are rounded).
DIGITS = {
    "Norris": 14, "Pontius": 13.4, "NoInt1": 14.6, "NoInt2": 14.9, "Filip": 7.5, "Longley": 14.5, "Wampler1": 14.9,
    "Wampler2": 13.1, "Wampler3": 14.9, "Wampler4": 14.9, "Wampler5": 14.9,
}  # fmt: skip
WITHOUT_A_SECOND_PASS = {
    "Norris": 12, "Pontius": 12, "NoInt1": 14, "NoInt2": 14, "Filip": 6.5, "Longley": 13, "Wampler1": 9,
    "Wampler2": 11.5, "Wampler3": 9, "Wampler4": 7.5, "Wampler5": 5.5,
}  # fmt: skip


def nist(name):
    """Facts, columns and target of a certified set."""
    facts = json.loads((NIST / f"{name}.json").read_text())
    with open(NIST / f"{name}.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    X = np.array([[float(row[key]) for key in row if key != "y"] for row in rows])
    if facts["kind"] == "poly":
        X = np.column_stack([X[:, 0] ** k for k in range(1, facts["degree_or_columns"] + 1)])
    return facts, X, np.array([float(row["y"]) for row in rows])


def digits(found, certified):
    """Digits that agree, of the worst."""
    pairs = zip(found, map(float, certified), strict=True)
    return min(15.0 if x == c else min(15.0, -math.log10(abs(x - c) / abs(c))) for x, c in pairs)


def in_blocks(X, y, weights=None, size=7):
    """The rows again, a few at a time."""

    def rows(work):
        cuts = [slice(i, i + size) for i in range(0, len(y), size)]
        return [work(X[cut], y[cut], None if weights is None else weights[cut]) for cut in cuts]

    return rows


def solved(X, y, weights=None, intercept=True, refine=True, penalty=None, size=7):
    """The answer after adding the rows block by block."""
    rows = in_blocks(X, y, weights, size)
    found = LeastSquares(X.shape[1], intercept)
    rows(found.add)
    return found.solve(penalty, rows if refine else None)


def parameters(answer):
    return [answer.intercept, *answer.slopes] if answer.system.intercept else list(answer.slopes)


def exact(X, y, weights=None, intercept=True, penalty=None):
    """The normal equations of the float64 numbers, solved in rational arithmetic."""
    A = [[Fraction(1)] * intercept + [Fraction(float(v)) for v in row] for row in X]
    targets = [Fraction(float(v)) for v in y]
    w = [Fraction(float(v)) for v in (np.ones(len(y)) if weights is None else weights)]
    size = len(A[0])
    G = [[sum(k * a[i] * a[j] for k, a in zip(w, A, strict=True)) for j in range(size)] for i in range(size)]
    for i, curvature in enumerate([] if penalty is None else penalty):
        G[i + intercept][i + intercept] += Fraction(float(curvature))
    for i in range(size):
        G[i].append(sum(k * a[i] * t for k, a, t in zip(w, A, targets, strict=True)))
    for i in range(size):
        for other in range(size):
            if other != i:
                share = G[other][i] / G[i][i]
                G[other] = [a - share * b for a, b in zip(G[other], G[i], strict=True)]
    return [float(G[i][size] / G[i][i]) for i in range(size)]


@pytest.mark.fault(7)
@needs_nist
@pytest.mark.parametrize("name", DIGITS)
def test_certified_sets(name):
    facts, X, y = nist(name)
    certified = [parameter["estimate"] for parameter in facts["parameters"]]
    answer = solved(X, y, intercept=facts["intercept"])
    assert digits(parameters(answer), certified) >= DIGITS[name]
    assert answer.settled and not answer.dependent
    streamed = solved(X, y, intercept=facts["intercept"], refine=False)
    assert digits(parameters(streamed), certified) >= WITHOUT_A_SECOND_PASS[name]


@needs_nist
@pytest.mark.parametrize("name", DIGITS)
def test_refinement_gives_the_exact_solution_of_the_float64_numbers(name):
    facts, X, y = nist(name)
    answer = solved(X, y, intercept=facts["intercept"])
    assert digits(parameters(answer), exact(X, y, intercept=facts["intercept"])) >= 14.9


def some(n=60, d=3, seed=0):
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, d)) * 10.0 ** np.arange(d) + 5
    return X, X @ np.arange(1.0, d + 1) - 2 + random.normal(size=n)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("penalty", [None, [0.5, 0.0, 1e4]])
def test_weights_and_penalty_against_rational_arithmetic(intercept, penalty):
    X, y = some()
    weights = np.random.default_rng(1).uniform(0.1, 3, len(y))
    answer = solved(X, y, weights, intercept, penalty=penalty)
    assert digits(parameters(answer), exact(X, y, weights, intercept, penalty)) >= 14.9


def test_zero_weight_is_absence():
    X, y = some()
    weights = np.where(np.arange(len(y)) % 3 == 0, 0.0, 1.0)
    there = weights > 0
    X[~there], y[~there] = np.nan, np.inf
    answer, alone = solved(X, y, weights), solved(X[there], y[there])
    np.testing.assert_allclose(parameters(answer), parameters(alone), rtol=1e-15)
    assert answer.rows == there.sum() and answer.residual_norm == pytest.approx(alone.residual_norm, rel=1e-14)


@pytest.mark.parametrize(("weights", "word"), [([1, -1], "row 1 is -1"), ([np.nan, 1], "row 0 is nan"), ([1], "shape")])
def test_wrong_weights(weights, word):
    with pytest.raises(DataError, match=word):
        LeastSquares(1).add(np.zeros((2, 1)), np.zeros(2), weights)


def test_what_is_not_finite_is_named():
    with pytest.raises(DataError, match="slope of the prediction is not finite in row 1"):
        LeastSquares(1).add(np.array([[0.0], [np.nan]]), np.zeros(2))


def test_no_rows():
    with pytest.raises(DataError, match="no rows"):
        LeastSquares(1).solve()


def test_residuals_and_total():
    X, y = some()
    answer = solved(X, y)
    lost = y - answer.intercept - X @ answer.slopes
    assert answer.residual_norm == pytest.approx(np.linalg.norm(lost), rel=1e-13)
    assert answer.total_norm == pytest.approx(np.linalg.norm(y - y.mean()), rel=1e-13)


@pytest.mark.parametrize("size", [1, 5, 60, 1000])
def test_blocks_combine_in_any_cut(size):
    X, y = some(n=3000, d=4)
    X[:1500] += 1e6  # blocks with quite different means, hence units
    whole = solved(X, y, refine=False, size=4000)
    parts = [LeastSquares(4) for _ in range(3)]
    for part, rows in zip(parts, np.array_split(np.arange(len(y)), 3), strict=True):
        in_blocks(X[rows], y[rows], size=size)(part.add)
    for part in parts[1:]:
        parts[0].combine(part)
    answer = parts[0].solve()
    np.testing.assert_allclose(answer.slopes, whole.slopes, rtol=1e-9)
    assert answer.rows == 3000 and answer.residual_norm == pytest.approx(whole.residual_norm, rel=1e-9)


def test_combining_with_an_empty_one_changes_nothing():
    X, y = some()
    one, empty = LeastSquares(3), LeastSquares(3)
    one.add(X, y)
    empty.combine(one)
    one.combine(LeastSquares(3))
    assert empty.solve().slopes.tolist() == pytest.approx(one.solve().slopes.tolist(), rel=1e-12)


@pytest.mark.parametrize("powers", [[40, -70, 3], [900, -900, 0], [-300, 299, 1]])
@pytest.mark.parametrize("refine", [True, False])
def test_powers_of_two_change_no_bit(powers, refine):
    X, y = some()
    before, after = solved(X, y, refine=refine), solved(np.ldexp(X, powers), y, refine=refine)
    assert np.ldexp(after.slopes, powers).tolist() == before.slopes.tolist()
    assert after.intercept == before.intercept


@pytest.mark.parametrize("factor", [1e-12, 1e-8, 1e3, 1e12])
@pytest.mark.parametrize("rows", [60, 4])
def test_units_change_no_prediction(factor, rows):
    X, y = some(n=rows, d=6)
    new = np.random.default_rng(5).normal(size=(5, 6)) * 100
    scales = np.array([1, factor, 1, 1, 1 / factor, factor])
    before, after = solved(X, y), solved(X * scales, y)
    found = [a.intercept + x @ a.slopes for a, x in ((before, new), (after, new * scales))]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-10)


@pytest.mark.parametrize(
    ("x_size", "y_size"), [(1e300, 1.0), (1e-300, 1.0), (1.0, 1e300), (1e300, 1e300), (1e-200, 1e-300)]
)
def test_huge_and_tiny(x_size, y_size):
    X, y = np.array([[0.0], [1.0], [2.0], [4.0]]) * x_size, np.array([1.0, 3.0, 5.0, 9.0]) * y_size
    answer = solved(X, y, size=2)
    assert answer.slopes[0] * x_size == pytest.approx(2 * y_size, rel=1e-13)
    assert answer.intercept == pytest.approx(y_size, rel=1e-13)


def test_mean_of_values_that_overflow_when_added():
    X = np.full((10, 1), 1e308) - np.arange(10)[:, None] * 1e306
    answer = solved(X, np.arange(10.0))
    assert answer.slopes[0] == pytest.approx(-1e-306, rel=1e-12)


@pytest.mark.fault(10)
def test_a_coefficient_beyond_float64_is_an_error():
    with pytest.raises(DataError, match="too large for float64"):
        solved(np.array([[0.0], [1e-300]]), np.array([0.0, 1e300]))


def test_later_rows_may_be_much_larger():
    X = np.array([[0.0], [0.0], [1e-200], [3e-200], [1e300], [2e300]])
    answer = solved(X, 2 * X[:, 0], size=2)
    assert answer.slopes[0] == pytest.approx(2, rel=1e-13)


def test_the_first_rows_may_be_zero():
    answer = solved(np.array([[0.0], [0.0], [1e-200], [3e-200]]), np.array([1.0, 1.0, 2.0, 4.0]), size=2)
    assert answer.slopes[0] == pytest.approx(1e200, rel=1e-13)


def test_a_penalty_much_larger_than_its_column():
    X, y = np.array([[1.0], [2.0], [4.0]]) * 1e-300, np.array([1.0, 2.0, 6.0])
    answer = solved(X, y, penalty=[1e9])
    assert answer.slopes[0] == pytest.approx(8 * 1e-309, rel=1e-6)  # Σ (x − mean) y / penalty, a denormal number
    assert answer.intercept == pytest.approx(3, rel=1e-15)


@pytest.mark.fault(11)
def test_large_offset():
    x = 1e9 + np.arange(50.0)
    answer = solved(x[:, None], 3 * (x - 1e9) + 1)
    assert answer.slopes[0] == pytest.approx(3, rel=1e-15)
    assert answer.intercept == pytest.approx(1 - 3e9, rel=1e-15)


# ---- short rank ----------------------------------------------------------------------------------------------


def test_a_constant_column_is_set_to_zero():
    X, y = some()
    X[:, 1] = 0.1
    answer, alone = solved(X, y), solved(X[:, [0, 2]], y)
    assert answer.groups == ((1,),) and answer.slopes[1] == 0
    np.testing.assert_allclose(answer.slopes[[0, 2]], alone.slopes, rtol=1e-14)
    assert answer.intercept == pytest.approx(alone.intercept, rel=1e-14)


def test_a_duplicate_shares_its_weight():
    X, y = some()
    twice, alone = solved(np.column_stack([X, X[:, 0]]), y), solved(X, y)
    assert twice.groups == ((0, 3),) and twice.rank == 3
    assert twice.slopes[0] == pytest.approx(alone.slopes[0] / 2, rel=1e-12)
    assert twice.slopes[3] == pytest.approx(alone.slopes[0] / 2, rel=1e-12)


def test_dummy_trap_names_the_group():
    town = np.arange(30) % 3
    X = np.column_stack([town == 0, np.arange(30.0) ** 2, town == 1, town == 2]).astype(float)
    y = np.array([1.0, 5.0, 9.0])[town] + 0.5 * X[:, 1]
    answer = solved(X, y)
    assert answer.groups == ((0, 2, 3),)
    np.testing.assert_allclose(answer.intercept + X @ answer.slopes, y, rtol=1e-12)
    assert answer.slopes[[0, 2, 3]].sum() == pytest.approx(0, abs=1e-10)  # the shortest: dummies are equally long


def test_minimum_norm_of_standardised_columns():
    random = np.random.default_rng(2)
    X, y = random.normal(size=(5, 9)) * 10.0 ** np.arange(-4, 5) + 3, random.normal(size=5)
    answer = solved(X, y)
    centred = X - X.mean(axis=0)
    sizes = np.linalg.norm(centred, axis=0)
    shortest = np.linalg.pinv(centred / sizes, rcond=1e-9) @ (y - y.mean()) / sizes
    np.testing.assert_allclose(answer.slopes, shortest, rtol=1e-9)
    np.testing.assert_allclose(answer.intercept + X @ answer.slopes, y, rtol=1e-9)
    assert answer.rank == 4 and answer.dependent == (4, 5, 6, 7, 8)


@pytest.mark.fault(13)
def test_a_single_row():
    answer = solved(np.array([[3.0, 4.0]]), np.array([7.0]))
    assert (answer.slopes.tolist(), answer.intercept, answer.rank) == ([0.0, 0.0], 7.0, 0)


def test_no_columns_at_all():
    answer = solved(np.empty((4, 0)), np.array([1.0, 2.0, 3.0, 6.0]))
    assert answer.intercept == 3.0 and answer.residual_norm == pytest.approx(math.sqrt(14))


def test_a_penalty_tells_duplicates_apart():
    X, y = some()
    X = np.column_stack([X, X[:, 0]])
    answer = solved(X, y, penalty=[1.0] * 4)
    assert answer.dependent == ()
    assert digits(parameters(answer), exact(X, y, penalty=[1.0] * 4)) >= 14.5


@pytest.mark.fault(7)
def test_near_collinear_columns_are_kept():
    random = np.random.default_rng(3)
    x, noise = random.normal(size=(2, 40))
    X = np.column_stack([x, x + 1e-9 * noise])
    y = X @ [1.0, 2.0] + 1e-3 * random.normal(size=40)
    answer = solved(X, y)
    assert answer.dependent == () and answer.condition > 1e8
    assert digits(parameters(answer), exact(X, y)) >= 14.5
