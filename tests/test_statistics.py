"""Certified standard errors of NIST, the textbook's formulas in plain NumPy, and SciPy."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from gradloop.errors import OptionError
from gradloop.solvers.linear.least_squares import LeastSquares
from gradloop.statistics import least_squares_statistics, likelihood_statistics

NIST = Path(__file__).parents[1] / "../shared/data/nist_linear"
needs_nist = pytest.mark.skipif(not NIST.is_dir(), reason="needs ../shared/data/nist_linear")
DIGITS = {
    "Norris": 13, "Pontius": 12, "NoInt1": 14, "NoInt2": 14, "Filip": 6, "Longley": 12.5, "Wampler3": 12,
    "Wampler4": 12, "Wampler5": 12,
}  # fmt: skip

random = np.random.default_rng(0)
X = random.normal(size=(40, 3)) + np.array([0, 10, 100])
Y = X @ [1.0, 2.0, 3.0] + random.normal(size=40) * (1 + X[:, 0] ** 2)
WEIGHTS = random.uniform(0.2, 2, 40)
NAMES = ["x0", "x1", "x2", "b"]


def rows(X, y, weights=None):
    cuts = [slice(i, i + 9) for i in range(0, len(y), 9)]
    return lambda work: [work(X[cut], y[cut], None if weights is None else weights[cut]) for cut in cuts]


def fitted(X=X, y=Y, weights=None, intercept=True, penalty=None):
    found = LeastSquares(X.shape[1], intercept)
    found.add(X, y, weights)
    return found.solve(penalty, rows(X, y, weights))


def digits(found, certified):
    pairs = zip(found, map(float, certified), strict=True)
    return min(15.0 if x == c else min(15.0, -math.log10(abs(x - c) / abs(c))) for x, c in pairs)


def nist(name):
    facts = json.loads((NIST / f"{name}.json").read_text())
    with open(NIST / f"{name}.csv", newline="") as file:
        table = list(csv.DictReader(file))
    X = np.array([[float(row[key]) for key in row if key != "y"] for row in table])
    if facts["kind"] == "poly":
        X = np.column_stack([X[:, 0] ** k for k in range(1, facts["degree_or_columns"] + 1)])
    answer = fitted(X, np.array([float(row["y"]) for row in table]), intercept=facts["intercept"])
    names = [*map(str, range(X.shape[1])), *["b"] * facts["intercept"]]
    return facts, least_squares_statistics(answer, names)


@pytest.mark.fault(7)
@needs_nist
@pytest.mark.parametrize("name", DIGITS)
def test_certified_errors(name):
    facts, found = nist(name)
    errors = [parameter["std_error"] for parameter in facts["parameters"]]
    errors = errors[1:] + errors[:1] if facts["intercept"] else errors
    assert digits(found["standard_error"], errors) >= DIGITS[name]
    assert digits([found.residual_standard_deviation], [facts["residual_sd"]]) >= min(DIGITS[name] + 1, 13)
    assert digits([found.r_squared], [facts["r_squared"]]) >= min(DIGITS[name] + 5, 13)
    assert found.degrees_of_freedom == facts["anova"]["residual"]["df"]


@needs_nist
@pytest.mark.parametrize("name", ["Wampler1", "Wampler2"])
def test_exact_fits_have_no_error(name):
    _, found = nist(name)
    assert found.r_squared == 1 and (found["standard_error"] <= 1e-12 * np.abs(found["estimate"])).all()


def by_the_book(errors, weights=None):
    """(AᵀWA)⁻¹ and the sandwich, as MacKinnon and White write them."""
    w = np.ones(40) if weights is None else weights
    A = np.column_stack([X, np.ones(40)]) * np.sqrt(w)[:, None]
    inverse = np.linalg.inv(A.T @ A)
    lost = Y * np.sqrt(w) - A @ (inverse @ A.T @ (Y * np.sqrt(w)))
    leverage = np.einsum("ij,jk,ik->i", A, inverse, A)
    if errors == "classical":
        return np.sqrt(np.diag(inverse) * (lost @ lost) / 36)
    k = {"HC0": 1, "HC1": 40 / 36, "HC2": 1 / (1 - leverage), "HC3": 1 / (1 - leverage) ** 2}[errors]
    return np.sqrt(np.diag(inverse @ (A * (k * lost**2)[:, None]).T @ A @ inverse))


@pytest.mark.parametrize("errors", ["classical", "HC0", "HC1", "HC2", "HC3"])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_standard_errors_by_the_book(errors, weights):
    answer = fitted(weights=weights)
    found = least_squares_statistics(answer, NAMES, errors=errors, rows=rows(X, Y, weights))
    np.testing.assert_allclose(found["standard_error"], by_the_book(errors, weights), rtol=1e-6)
    assert found.kind == errors


def test_against_scipy():
    line = scipy.stats.linregress(X[:, 1], Y)
    found = least_squares_statistics(fitted(X[:, 1:2]), ["x", "b"], level=0.9)
    np.testing.assert_allclose(found["standard_error"], [line.stderr, line.intercept_stderr], rtol=1e-12)
    assert found["p_value"][0] == pytest.approx(line.pvalue, rel=1e-10)
    assert found.r_squared == pytest.approx(line.rvalue**2, rel=1e-12)
    assert found.adjusted_r_squared == pytest.approx(1 - (1 - line.rvalue**2) * 39 / 38, rel=1e-12)
    interval = scipy.stats.t.interval(0.9, 38, loc=found["estimate"], scale=found["standard_error"])
    np.testing.assert_allclose([found["lower"], found["upper"]], interval, rtol=1e-12)
    np.testing.assert_allclose(found["statistic"], found["estimate"] / found["standard_error"])


def test_units_do_not_matter():
    scales = np.array([1e-300, 1e12, 2.0**40])
    before, after = (least_squares_statistics(fitted(A), NAMES) for A in (X, X * scales))
    np.testing.assert_allclose(after["standard_error"][:3] * scales, before["standard_error"][:3], rtol=1e-10)
    np.testing.assert_allclose(after["p_value"], before["p_value"], rtol=1e-7)
    assert after.condition == pytest.approx(before.condition, rel=1e-8)


@pytest.mark.fault(6)
def test_what_is_not_identified_has_no_error():
    found = least_squares_statistics(fitted(np.column_stack([X, X[:, 0]])), ["x0", "x1", "x2", "copy", "b"])
    assert found.identified.tolist() == [False, True, True, False, True]
    assert np.isnan(found["standard_error"]).tolist() == [True, False, False, True, False]
    alone = least_squares_statistics(fitted(), NAMES)
    np.testing.assert_allclose(found["standard_error"][[1, 2, 4]], alone["standard_error"][[1, 2, 3]], rtol=1e-9)
    assert found.degrees_of_freedom == 36 and "not identified: x0, copy" in found.notes[0]
    assert found.to_dict()["standard_error"][0] is None


def test_the_dummy_trap_takes_the_intercept_too():
    town = np.arange(40) % 3
    A = np.column_stack([town == 0, town == 1, town == 2, X[:, 0]]).astype(float)
    found = least_squares_statistics(fitted(A), ["a", "b", "c", "x", "intercept"])
    assert found.identified.tolist() == [False, False, False, True, False]


def test_a_constant_column_leaves_the_intercept():
    found = least_squares_statistics(fitted(np.column_stack([X, np.full(40, 7.0)])), ["x0", "x1", "x2", "seven", "b"])
    assert found.identified.tolist() == [True, True, True, False, True]


@pytest.mark.parametrize("count", [1, 3, 4])
def test_no_degrees_of_freedom(count):
    found = least_squares_statistics(fitted(X[:count], Y[:count]), NAMES)
    assert np.isnan(found["standard_error"]).all() and "no degrees of freedom" in found.notes[-1]
    assert found.to_dict()["adjusted_r_squared"] is None


def test_a_penalty_has_no_standard_errors():
    found = least_squares_statistics(fitted(penalty=np.ones(3)), NAMES)
    assert np.isnan(found["standard_error"]).all() and "penalty" in found.notes[-1]


def test_wrong_options():
    answer = fitted()
    for words, more in [("HC9", {"errors": "HC9"}), ("level", {"level": 95}), ("give rows", {"errors": "HC3"})]:
        with pytest.raises(OptionError, match=words):
            least_squares_statistics(answer, NAMES, **more)
    with pytest.raises(OptionError, match="4 parameters, but 1 names"):
        least_squares_statistics(answer, ["x"])
    with pytest.raises(OptionError, match="no column 'beta'"):
        least_squares_statistics(answer, NAMES)["beta"]


def test_the_inverse_hessian_of_a_normal_likelihood():
    """With known σ the second derivative of the sum is AᵀA / σ²: least squares, but with the normal distribution."""
    A = np.column_stack([X, np.ones(40)])
    found = likelihood_statistics(A.T @ A / 4.0, np.zeros(4), NAMES, rows=40)
    np.testing.assert_allclose(found["standard_error"], 2 * np.sqrt(np.diag(np.linalg.inv(A.T @ A))), rtol=1e-6)
    reach = found["upper"] / found["standard_error"]
    np.testing.assert_allclose(reach, scipy.stats.norm.ppf(0.975), rtol=1e-12)


def test_a_flat_direction_is_not_identified():
    found = likelihood_statistics(
        np.array([[2.0, 2, 0], [2, 2, 0], [0, 0, 1e-12]]), np.ones(3), ["a", "b", "c"], rows=9
    )
    assert found.identified.tolist() == [False, False, True]
    assert found["standard_error"][2] == pytest.approx(1e6)
    assert likelihood_statistics(np.diag([1.0, 0.0]), np.ones(2), ["a", "b"], rows=9).identified.tolist() == [
        True,
        False,
    ]
