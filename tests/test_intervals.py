from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize, stats

import fits
import gradloop as gl
import old_laws
from gradloop.errors import OptionError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(80, 2)) * [1.0, 100.0] + [0.0, 2000.0]
Y = X @ [2.0, -0.01] + 5 + RANDOM.normal(size=80)
NEW = X[:5] + 1


def by_hand(X, y, new, level, weights=None):
    """The textbook's formulas, on centred columns."""
    weights = np.ones(len(X)) if weights is None else weights / weights.mean()
    A, B = (np.column_stack([np.ones(len(rows)), (rows - X.mean(axis=0)) / X.std(axis=0)]) for rows in (X, new))
    inverse = np.linalg.inv(A.T * weights @ A)
    beta = inverse @ (A.T * weights @ y)
    freedom = len(X) - A.shape[1]
    variance = weights @ (y - A @ beta) ** 2 / freedom
    mean, wide = B @ beta, stats.t.ppf((1 + level) / 2, freedom)
    spread = np.sqrt(variance * np.einsum("ij,jk,ik->i", B, inverse, B))
    new = np.sqrt(variance + spread**2)
    return {"lower": mean - wide * new, "upper": mean + wide * new} | {
        "mean lower": mean - wide * spread, "mean upper": mean + wide * spread
    }  # fmt: skip


def same(found, expected, rtol=1e-9):
    assert list(found) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=rtol)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
@pytest.mark.parametrize("solver", ["closed_form", "newton"])
def test_least_squares_has_the_textbooks_intervals(level, solver):
    same(gl.fit(X, Y, solver=solver).predict_interval(NEW, level), by_hand(X, Y, NEW, level))


def test_a_tables_are_those_of_its_numbers():
    columns = {"a": X[:, 0], "b": X[:, 1]}
    found = gl.fit(columns | {"y": Y}, target="y").predict_interval({"b": NEW[:, 1], "a": NEW[:, 0]}, 0.9)
    same(found, by_hand(X, Y, NEW, 0.9))


def test_of_weighted_rows_they_are_for_a_row_of_weight_one():
    weights = RANDOM.uniform(0.1, 3, size=80)
    same(gl.fit(X, Y, weights=weights).predict_interval(NEW, 0.9), by_hand(X, Y, NEW, 0.9, weights))


def test_a_polynomial_is_least_squares_on_powers():
    x = RANDOM.uniform(-1, 1, size=60)
    y = 1 + x - x**2 + 0.1 * RANDOM.normal(size=60)
    powers = np.column_stack([x, x**2])
    found = gl.fit({"x": x, "y": y}, target="y", model=gl.polynomial(2)).predict_interval({"x": x[:4]})
    same(found, by_hand(powers, y, powers[:4], 0.95))


def test_a_law_that_is_a_line_has_the_intervals_of_a_line():
    def line(x, slope, offset):
        return slope * x[0] + offset

    x = X[:, :1]
    fit = gl.fit(x, Y, model=line, start={"slope": 1.0, "offset": 0.0}, solver="gauss_newton")
    same(fit.predict_interval(x[:5]), by_hand(x, Y, x[:5], 0.95), rtol=1e-6)


def test_a_law_that_is_no_line_has_the_intervals_of_its_tangent():
    """With the covariance that SciPy finds for the same law."""
    t = np.linspace(0, 4, 30)
    y = 3 * np.exp(-0.5 * t) + 0.05 * RANDOM.normal(size=30)
    fit = gl.fit({"t": t, "y": y}, target="y", model=old_laws.decay, start={"a": 1.0, "k": 1.0})
    (a, k), C = optimize.curve_fit(old_laws.decay, t, y, [1.0, 1.0], ftol=1e-12, xtol=1e-12)
    new = np.array([0.0, 1.5, 6.0])
    slopes = np.column_stack([np.exp(-k * new), -a * new * np.exp(-k * new)])
    spread, wide = np.sqrt(np.einsum("ij,jk,ik->i", slopes, C, slopes)), stats.t.ppf(0.95, 28)
    middle, sigma = old_laws.decay(new, a, k), np.sqrt(np.sum((y - old_laws.decay(t, a, k)) ** 2) / 28)
    ends = {"lower": middle - wide * np.hypot(spread, sigma), "upper": middle + wide * np.hypot(spread, sigma)}
    ends |= {"mean lower": middle - wide * spread, "mean upper": middle + wide * spread}
    same(fit.predict_interval({"t": new}, 0.9), ends, rtol=1e-5)


def test_robust_errors_know_only_the_mean():
    found = gl.fit(X, Y, errors="HC1").predict_interval(NEW)
    A, B = (np.column_stack([(rows - X.mean(axis=0)) / X.std(axis=0), np.ones(len(rows))]) for rows in (X, NEW))
    inverse = np.linalg.inv(A.T @ A)
    residual = Y - A @ (inverse @ A.T @ Y)
    C = inverse @ (A.T * residual**2 @ A) @ inverse * 80 / 77
    wide = stats.t.ppf(0.975, 77) * np.sqrt(np.einsum("ij,jk,ik->i", B, C, B))
    mean = B @ (inverse @ A.T @ Y)
    same(found, {"mean lower": mean - wide, "mean upper": mean + wide})


@pytest.mark.parametrize("as_table", [True, False])
def test_a_probability_has_the_interval_of_its_score(as_table):
    y = (RANDOM.logistic(size=80) < X[:, 0]).astype(int)
    columns = {"a": X[:, 0], "b": X[:, 1]}
    fit = gl.fit(columns | {"y": y}, target="y", model="logistic") if as_table else gl.fit(X, y, model="logistic")
    new = {"a": NEW[:, 0], "b": NEW[:, 1]} if as_table else NEW
    A, B = (np.column_stack([(rows - X.mean(axis=0)) / X.std(axis=0), np.ones(len(rows))]) for rows in (X, NEW))
    score = np.linalg.lstsq(A, X @ fit.params["w"] + fit.params["b"], rcond=None)[0]
    p = 1 / (1 + np.exp(-A @ score))
    C = np.linalg.inv(A.T * (p * (1 - p)) @ A)
    middle, wide = B @ score, stats.norm.ppf(0.95) * np.sqrt(np.einsum("ij,jk,ik->i", B, C, B))
    ends = {"lower": middle - wide, "upper": middle + wide}
    found = fit.predict_interval(new, 0.9)
    same(found, {name: 1 / (1 + np.exp(-end)) for name, end in ends.items()}, rtol=1e-6)
    far = fit.predict_interval({"a": [1e4], "b": [2000.0]} if as_table else [[1e4, 2000.0]])
    assert 0 <= far["lower"] <= far["upper"] <= 1


def test_they_hold_what_they_promise():
    """Of new values, 90 % lie within intervals of 90 %."""
    hits = []
    for _ in range(200):
        x = RANDOM.normal(size=(12, 1))
        y = 3 * x[:, 0] + RANDOM.normal(size=12)
        ends = gl.fit(x[:11], y[:11]).predict_interval(x[11:], 0.9)
        hits.append(bool(ends["lower"][0] <= y[11] <= ends["upper"][0]))
    assert 0.83 <= np.mean(hits) <= 0.97


def test_more_rows_than_are_worked_on_at_a_time():
    fit = gl.fit(X, Y)
    many = np.repeat(NEW, 2000, axis=0)
    found, few = fit.predict_interval(many), fit.predict_interval(NEW)
    np.testing.assert_allclose(found["lower"], np.repeat(few["lower"], 2000), rtol=1e-12)


def test_a_saved_model_has_the_same(tmp_path):
    fit = gl.fit(X, Y)
    fit.save(tmp_path / "model")
    same(gl.load(tmp_path / "model").predict_interval(NEW), fit.predict_interval(NEW), rtol=0)


@pytest.mark.parametrize("level", [0, 1, 95, -0.1, float("nan")])
def test_a_level_that_is_none(level):
    with pytest.raises(OptionError, match="lies between 0 and 1"):
        gl.fit(X, Y).predict_interval(NEW, level)


@pytest.mark.parametrize(
    ("fit", "said"),
    [
        (lambda: gl.fit(X, Y, penalty=gl.l2(0.1)), "penalty|not known"),
        (lambda: gl.fit(X, Y, loss="absolute"), "for least squares, and for likelihoods"),
        (lambda: gl.fit(X[:3], Y[:3]), "no degrees of freedom"),
        (lambda: gl.fit(np.column_stack([X, X[:, 0]]), Y), "not identified"),
        (lambda: gl.fit(X, RANDOM.integers(0, 3, 80), model="softmax"), "each of several classes"),
        (lambda: replace(gl.fit(X, Y), statistics=None), "are not known"),
    ],
)
def test_where_no_theory_holds_none_are_given(fit, said):
    found = fit()
    with pytest.raises(
        OptionError, match=f"^There are no intervals for the predictions of this model, because .*{said}"
    ):
        found.predict_interval(np.zeros((2, len(found.feature_names))))


def test_a_fit_made_without_statistics():
    with pytest.raises(OptionError, match="are not known"):
        fits.houses().predict_interval(fits.HOUSES)
