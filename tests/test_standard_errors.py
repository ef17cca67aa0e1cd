"""How sure parameters are, through the front door, against NIST's certified values, algebra and SciPy."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import curve_fit

import gradloop as gl

REFERENCE = Path(__file__).parents[2] / "shared" / "data"
needs_reference = pytest.mark.skipif(not REFERENCE.exists(), reason="the reference data are not here")
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(200, 3)) * [1, 100, 0.01] + [0, 500, 0]
Y = X @ [1.0, 0.02, 30.0] + 3 + RANDOM.normal(size=200)
TABLE = {"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "y": Y}


def textbook(A, y, kind="classical", weights=None):
    """Standard errors by the formulas of the textbook, in plain algebra."""
    w = np.ones(len(y)) if weights is None else weights
    inverse = np.linalg.inv(A.T @ (w[:, None] * A))
    residual = y - A @ (inverse @ A.T @ (w * y))
    spare = len(y) - A.shape[1]
    if kind == "classical":
        return np.sqrt(np.diag(inverse) * (w * residual**2).sum() / spare)
    leverage = w * np.einsum("ij,jk,ik->i", A, inverse, A)
    factor = {"HC0": 1, "HC1": len(y) / spare, "HC2": 1 / (1 - leverage), "HC3": 1 / (1 - leverage) ** 2}[kind]
    middle = (A * ((w * residual) ** 2 * factor)[:, None]).T @ A
    return np.sqrt(np.diag(inverse @ middle @ inverse))


WITH_INTERCEPT = np.column_stack([X, np.ones(200)])


@pytest.mark.parametrize("kind", ["classical", "HC0", "HC1", "HC2", "HC3"])
def test_least_squares_on_arrays_and_on_a_table(kind):
    expected = textbook(WITH_INTERCEPT, Y, kind)
    arrays = gl.fit(X, Y, errors=kind).statistics
    table = gl.fit(TABLE, target="y", errors=kind).statistics
    np.testing.assert_allclose(arrays["standard_error"], expected, rtol=1e-7)
    np.testing.assert_allclose(table["standard_error"], expected, rtol=1e-7)
    assert arrays.name == ("x[0]", "x[1]", "x[2]", "(intercept)") and table.name == ("a", "b", "c", "(intercept)")
    assert arrays.kind == kind and arrays.degrees_of_freedom == 196


def test_the_closed_form_is_not_solved_again_for_its_errors(monkeypatch):
    expected = gl.fit(X, Y, solver="lbfgs").statistics
    monkeypatch.setattr("gradloop.standard_errors.best", None)
    for found in (gl.fit(X, Y, solver="closed_form").statistics, gl.fit(TABLE, target="y").statistics):
        np.testing.assert_allclose(found["standard_error"], expected["standard_error"], rtol=1e-10)
        np.testing.assert_allclose(found["standard_error"], textbook(WITH_INTERCEPT, Y), rtol=1e-7)
        np.testing.assert_allclose(found["estimate"], expected["estimate"], rtol=1e-10)
        np.testing.assert_allclose(found.root @ found.root.T, expected.root @ expected.root.T, rtol=1e-9)
        assert found.condition == pytest.approx(expected.condition)


@pytest.mark.parametrize("offset", [0.0, 500.0])
def test_whether_an_intercept_is_identified_is_judged_in_the_tables_units(offset):
    """Beside b = 3 a + offset it is where the offset is zero; of columns about their means it would always be."""
    table = {"a": X[:, 1], "b": 3 * X[:, 1] + offset, "y": Y}
    found = gl.fit(table, target="y").statistics
    arrays = gl.fit(np.column_stack([table["a"], table["b"]]), Y).statistics
    assert found.identified.tolist() == arrays.identified.tolist() == [False, False, not offset]
    np.testing.assert_allclose(found["estimate"], arrays["estimate"], rtol=1e-9)
    np.testing.assert_allclose(found["standard_error"], arrays["standard_error"], rtol=1e-9)


def test_the_estimates_are_the_parameters():
    fit = gl.fit(TABLE, target="y")
    np.testing.assert_allclose(fit.statistics["estimate"], [*fit.params["w"], fit.params["b"]], rtol=1e-10)


def test_weights_and_polynomials():
    weights = RANDOM.uniform(0.5, 2, size=200)
    found = gl.fit(X, Y, weights=weights).statistics
    np.testing.assert_allclose(found["standard_error"], textbook(WITH_INTERCEPT, Y, weights=weights), rtol=1e-7)
    x = RANDOM.uniform(1, 3, size=(60, 1))
    y = 1 + x[:, 0] - 2 * x[:, 0] ** 2 + 0.1 * RANDOM.normal(size=60)
    found = gl.fit({"x": x[:, 0], "y": y}, target="y", model=gl.polynomial(2)).statistics
    assert found.name == ("x", "x^2", "(intercept)")
    np.testing.assert_allclose(found["standard_error"], textbook(np.column_stack([x, x**2, np.ones(60)]), y), rtol=1e-8)


@pytest.mark.parametrize("as_table", [False, True])
def test_logistic_regression_has_the_inverse_of_fishers_information(as_table):
    labels = (Y - Y.mean() > RANDOM.logistic(size=200)).astype(int)
    columns = TABLE | {"y": np.where(labels, "yes", "no")}
    fit = gl.fit(columns, target="y", model="logistic") if as_table else gl.fit(X, labels, model="logistic")
    p = 1 / (1 + np.exp(-(X @ fit.params["w"] + fit.params["b"])))
    information = WITH_INTERCEPT.T @ ((p * (1 - p))[:, None] * WITH_INTERCEPT)
    expected = np.sqrt(np.diag(np.linalg.inv(information)))
    np.testing.assert_allclose(fit.statistics["standard_error"], expected, rtol=1e-5)
    assert fit.statistics.degrees_of_freedom == np.inf


def test_softmax_is_told_only_up_to_a_shift_of_all_classes():
    found = gl.fit(X[:, :1], RANDOM.integers(0, 3, size=200), model="softmax").statistics
    assert np.isnan(found["standard_error"]).all() and not found.identified.any()
    assert "not identified" in found.notes[0]


def test_a_law_has_the_errors_of_its_tangent():
    def law(t, a, k):
        return a * np.exp(-k * t)

    t = np.linspace(0, 3, 80)
    y = law(t, 2.5, 1.3) + 0.01 * RANDOM.normal(size=80)
    found = gl.fit({"t": t, "v": y}, target="v", model=law, start={"a": 1.0, "k": 1.0}).statistics
    _, covariance = curve_fit(law, t, y, p0=[1, 1], ftol=1e-15, xtol=1e-15)
    np.testing.assert_allclose(found["standard_error"], np.sqrt(np.diag(covariance)), rtol=1e-5)
    assert found.name == ("a", "k")


def test_a_law_leaves_a_share_of_the_weighted_spread_of_the_target():
    t, w = np.linspace(0, 3, 80), RANDOM.uniform(0.5, 2, 80)
    y = 2.5 * np.exp(-1.3 * t) + 0.1 * RANDOM.normal(size=80)
    table = {"t": t, "v": y, "w": w}
    asked = {"target": "v", "model": lambda t, a, k: a * np.exp(-k * t), "start": {"a": 1.0, "k": 1.0}}
    for weights, given in ((np.ones(80), {"leave_out": ["w"]}), (w, {"weights": "w"})):
        fit = gl.fit(table, **asked, **given)
        left = fit.predict(table) - y
        spread = y - np.average(y, weights=weights)
        expected = 1 - (weights @ left**2) / (weights @ spread**2)
        assert fit.statistics.r_squared == pytest.approx(expected, rel=1e-10)


@needs_reference
@pytest.mark.parametrize("name", ["Norris", "Pontius", "NoInt1", "Longley"])
def test_certified_standard_errors_of_linear_sets(name):
    folder = REFERENCE / "nist_linear"
    certified = json.loads((folder / f"{name}.json").read_text())
    with open(folder / f"{name}.csv") as file:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    columns = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    y = columns.pop("y")
    if certified["kind"] == "columns" or certified["intercept"] is False:
        design = np.column_stack(list(columns.values()))
    else:
        design = next(iter(columns.values()))[:, None] ** np.arange(1, len(certified["parameters"]))
    if certified["intercept"]:
        found = gl.fit(design, y).statistics
        order = [len(found.name) - 1, *range(len(found.name) - 1)]
    else:
        found = gl.fit(design, y, model=lambda x, w: np.dot(x, w), loss="squared", start={"w": [0.0]}).statistics
        order = [0]
    known = [float(parameter["std_error"]) for parameter in certified["parameters"]]
    np.testing.assert_allclose(found["standard_error"][order], known, rtol=1e-9)
    if certified["intercept"]:
        assert found.r_squared == pytest.approx(float(certified["r_squared"]), rel=1e-10)
    assert found.residual_standard_deviation == pytest.approx(float(certified["residual_sd"]), rel=1e-9)


@needs_reference
def test_certified_standard_errors_of_a_law():
    folder = REFERENCE / "nist_nonlinear"
    certified = json.loads((folder / "Misra1a.json").read_text())
    found = gl.fit(
        folder / "Misra1a.csv", target="y", model=lambda x, b1, b2: b1 * (1 - np.exp(-b2 * x)),
        start={"b1": 500.0, "b2": 0.0001},
    ).statistics  # fmt: skip
    known = [float(parameter["std_error"]) for parameter in certified["parameters"]]
    np.testing.assert_allclose(found["standard_error"], known, rtol=1e-8)


def test_where_there_is_no_theory_nothing_is_claimed():
    assert gl.fit(X, Y, penalty=gl.l2(0.1)).statistics is None
    assert gl.fit(X, Y, loss="huber").statistics is None
    assert gl.fit(X, Y, solver=gl.Minibatch(epochs=2)).statistics is None
    few = gl.fit(X[:3], Y[:3]).statistics
    assert np.isnan(few["standard_error"]).all() and "no degrees of freedom" in " ".join(few.notes)
    twice = gl.fit(np.column_stack([X, X[:, 0]]), Y).statistics
    assert np.isnan(twice["standard_error"][[0, 3]]).all() and np.isfinite(twice["standard_error"][[1, 2, 4]]).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"errors": "HC9"}, "no 'HC9' errors; choose one of classical"),
        ({"errors": "HC3", "penalty": gl.l2(0.1)}, "HC3 errors are for least squares"),
        ({"errors": "HC3", "loss": "huber"}, "HC3 errors are for least squares"),
    ],
)
def test_errors_that_cannot_be_given(options, words):
    with pytest.raises(gl.OptionError, match=words):
        gl.fit(X, Y, **options)


def test_they_are_printed_saved_and_read_again(tmp_path):
    fit = gl.fit(TABLE, target="y", errors="HC1")
    fit.save(tmp_path / "model")
    again = gl.load(tmp_path / "model").statistics
    for column in ("name", "estimate", "standard_error", "lower", "upper", "statistic", "p_value"):
        np.testing.assert_array_equal(again[column], fit.statistics[column])
    assert again.to_dict() == fit.statistics.to_dict()
    page = str(fit.summary())
    assert "standard error" in page and "HC1 standard errors" in page and "R² 0." in page


@pytest.mark.parametrize("damage", ["kind", "estimate", "identified", "rows"])
def test_altered_statistics_are_refused(damage):
    document = gl.fit(X, Y).statistics.to_dict()
    wrong = {"kind": 3, "estimate": ["1", 2.0, 3.0, 4.0], "identified": [1, 1, 1, 1], "rows": True}
    with pytest.raises(ValueError):
        type(gl.fit(X, Y).statistics).from_dict(document | {damage: wrong[damage]})
