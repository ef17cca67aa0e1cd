"""The closed form for every model that is affine in its parameters, and a sentence for every other."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gradloop as gl
from gradloop import gram
from gradloop.certificate import certify
from gradloop.errors import DataError, OptionError
from gradloop.losses import LOSSES
from gradloop.models import MODELS, Model, polynomial
from gradloop.penalties import Penalty, elastic_net, l1, l2
from gradloop.problem import make_problem
from gradloop.solvers import closed_form
from gradloop.solvers.closed_form import ClosedForm
from gradloop.stop import Stop

ROOT = Path(__file__).parents[2]
random = np.random.default_rng(0)
X = random.normal(size=(200, 3)) * [1.0, 100.0, 0.01] + [0.0, 1000.0, 5.0]
Y = X @ [1.0, 0.02, -300.0] + 4 + random.normal(size=200)


def problem(predict, X=X, Y=Y, loss="squared", penalty=None, engine="native", weights=None, **start):
    params = {name: np.array(value, float) for name, value in start.items()}
    model = predict if isinstance(predict, Model) else Model("law", predict, lambda d, k: params, "squared", None)
    return make_problem(model, LOSSES[loss], X, Y, params, penalty, engine, weights)


def linear(X=X, Y=Y, **more):
    return problem(MODELS["linear"], X, Y, w=np.zeros(X.shape[1]), b=0.0, **more)


AFFINE = [
    linear(),
    linear(engine="numpy"),
    linear(penalty=l2(0.7)),
    linear(X.astype(np.float32), Y.astype(np.float32)),
    problem(polynomial(3), w=np.zeros((3, 3)), b=0.0),
    problem(polynomial(2), penalty=l2(1e-3), w=np.zeros((2, 3)), b=0.0),
    problem(lambda x, a: a[0] + a[1] * np.log(x[1]) + x[0], a=[0, 0]),
    problem(lambda x, a: a[0] + a[1] * np.log(x[1]) + x[0], penalty=l2(0.1), a=[3, 3]),
    problem(lambda x, w: np.dot(x, w), w=[0, 0, 0]),
    problem(lambda x, k, c: np.maximum(x[0], 0) * k + 2 * c, k=1.0, c=1.0),
]


@pytest.mark.parametrize("case", AFFINE, ids=lambda case: f"{case.model.name}-{case.X.dtype}-{case.engine}")
def test_the_minimum(case):
    solution = ClosedForm().solve(case)
    value, slope = case.objective(solution.params)
    precision = np.finfo(case.X.dtype).eps
    assert solution.certificate.kind == "exact gap" and 0 <= solution.certificate.value <= 100 * precision * value
    for step in random.normal(size=(20, solution.params.size)):  # no way leads down
        away = solution.params + 0.01 * np.abs(solution.params) * step.astype(solution.params.dtype)
        assert case.objective(away)[0] > value * (1 - precision)
    assert solution.stop is Stop.CONVERGED and solution.notes == ()
    assert len(solution.history) == 1 and solution.history["loss"][0] == pytest.approx(
        value, rel=max(1e-10, 100 * float(precision))
    )
    steep = np.linalg.norm(case.objective(case.start)[1])  # the slope at the minimum is rounding and nothing else
    nothing = 100 * float(precision) * steep
    assert solution.history["gradient_norm"][0] == pytest.approx(np.linalg.norm(slope), abs=nothing)
    assert solution.params.dtype == case.start.dtype


def test_the_gap_is_the_distance_to_the_minimum():
    for case in (AFFINE[0], AFFINE[2], AFFINE[6]):
        solution = ClosedForm().solve(case)
        away = solution.params + 0.1
        value, slope = case.objective(away)
        left = closed_form.gap(solution.design, solution.answer, slope)
        assert left == pytest.approx(value - case.objective(solution.params)[0], rel=1e-9)
        assert left == pytest.approx(certify(case, away).value, rel=1e-6)


def test_ridge_against_its_formula():
    centred, strength = X - X.mean(axis=0), 0.7
    G = centred.T @ centred / len(Y) + strength * np.eye(3)
    w = np.linalg.solve(G, centred.T @ (Y - Y.mean()) / len(Y))
    found = ClosedForm().solve(linear(penalty=l2(strength))).params
    np.testing.assert_allclose(found, [*w, Y.mean() - X.mean(axis=0) @ w], rtol=1e-10)


REFUSED = [
    (problem(lambda x, a: np.exp(a * x[0]), a=0.0), "not affine in its parameters a"),
    (problem(lambda x, a, b: a * b * x[0], a=0.0, b=0.0), "not affine"),
    (problem(lambda x, a: np.floor(a) * x[0], a=0.0), "not affine"),
    (problem(lambda x, a: np.abs(a) * x[0], a=0.0), "not affine"),
    (linear(loss="absolute"), "squared loss, not absolute"),
    (linear(penalty=l1(0.1)), "not l1"),
    (linear(penalty=elastic_net(0.1, 0.1)), "not elastic_net"),
    (
        linear(penalty=Penalty("quartic", lambda w: np.sum(w**4), lambda w: np.sum(w**4), None)),
        "weighted sum of squares",
    ),
    (
        linear(penalty=Penalty("shifted", lambda w: np.sum((w - 1) ** 2), lambda w: 0.0, None)),
        "weighted sum of squares",
    ),
]


@pytest.mark.parametrize(("case", "words"), REFUSED)
def test_what_it_cannot_do_is_refused(case, words):
    with pytest.raises(OptionError, match=words):
        ClosedForm().solve(case)


def test_many_rows_take_the_fast_road_to_the_same_answer(monkeypatch):
    A = random.normal(size=(40_000, 5)) + np.array([0, 0, 1, 10, 1000])
    case = linear(A, A @ np.arange(5.0) + random.normal(size=40_000))
    fast = ClosedForm().solve(case)
    monkeypatch.setattr(closed_form, "WORTH_PRODUCTS", 2**60)
    exact = ClosedForm().solve(case)
    assert (fast.answer.route, exact.answer.route) == ("Gram", "QR")
    np.testing.assert_allclose(fast.params, exact.params, rtol=0, atol=1e-12 * np.abs(exact.params).max())
    plain = linear(A[:, :3].copy(), case.y)  # about zero, where the compiled slope is used
    monkeypatch.setattr(closed_form, "WORTH_PRODUCTS", 0)
    fast = ClosedForm().solve(plain)
    monkeypatch.setattr(closed_form, "WORTH_PRODUCTS", 2**60)
    np.testing.assert_allclose(fast.params, ClosedForm().solve(plain).params, rtol=1e-12)


@pytest.mark.parametrize("factor", [1e-12, 1e-6, 1e12])
def test_units_change_no_prediction(factor):
    scales = np.array([factor, 1.0, 1 / factor])
    before, after = linear(), linear(X * scales)
    found = [case.predict(ClosedForm().solve(case).params, case.X) for case in (before, after)]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-10)


def test_notes_name_what_cannot_be_told_apart():
    A = np.column_stack([X, X[:, 0], np.full(200, 3.0)])
    solution = ClosedForm().solve(linear(A))
    constant, group = solution.notes
    assert "w[4]" in constant and "one value" in constant
    assert "cannot tell w[3] from w[0]" in group
    np.testing.assert_allclose(
        linear(A).predict(solution.params, A), linear().predict(ClosedForm().solve(linear()).params, X)
    )


def test_more_parameters_than_rows():
    solution = ClosedForm().solve(linear(X[:3], Y[:3]))
    assert any("3 rows" in note for note in solution.notes)
    np.testing.assert_allclose(linear().predict(solution.params, X[:3]), Y[:3], rtol=1e-12)


def test_one_row():
    solution = ClosedForm().solve(linear(X[:1], Y[:1]))
    assert solution.params.tolist() == [0, 0, 0, Y[0]]


def test_a_coefficient_beyond_float64():
    with pytest.raises(DataError, match="too large"):
        ClosedForm().solve(linear(np.array([[0.0], [1e-300]]), np.array([0.0, 1e300])))


BITS = """
import hashlib, os, sys
import numpy as np
os.sched_setaffinity(0, list(os.sched_getaffinity(0))[: int(sys.argv[1])])
from gradloop.losses import LOSSES
from gradloop.models import MODELS
from gradloop.problem import make_problem
from gradloop.solvers import closed_form
random = np.random.default_rng(0)
for worth in (0, 2**60):
    closed_form.WORTH_PRODUCTS = worth
    for shift, copies in ((0, 0), (4, 0), (0, 1)):
        X = random.normal(size=(6_000, 100)) + shift
        X[:, :copies] = X[:, 99 : 99 + copies]
        y = X.sum(axis=1) + random.normal(size=len(X))
        problem = make_problem(MODELS["linear"], LOSSES["squared"], X, y, {"w": np.zeros(100), "b": 0.0})
        solution = closed_form.ClosedForm().solve(problem)
        assert solution.answer.route == ("QR" if worth or copies else "Gram")
        print(hashlib.sha256(solution.params.tobytes()).hexdigest())
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processors cannot be chosen here")
def test_threads_change_no_bit():
    found = []
    for processors, library in ((1, 1), (2, 2), (2, 4)):
        environment = os.environ | {"OPENBLAS_NUM_THREADS": str(library), "PYTHONPATH": str(ROOT / "src")}
        command = [sys.executable, "-c", BITS, str(processors)]
        found.append(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert found[0].count("\n") == 6 and len(set(found)) == 1


@pytest.mark.parametrize("intercept", [True, False])
def test_products_in_one_compiled_pass(intercept, monkeypatch):
    """The pass gives the sums of products, and a fit that takes it has the digits of reflections."""
    monkeypatch.setattr(gram, "WORK_WORTH_COMPILING", 1)
    monkeypatch.setattr(closed_form, "WORTH_PRODUCTS", 1)
    random = np.random.default_rng(0)
    X = random.normal(size=(9000, 7)) * [1, 1, 2, 1, 0.5, 1, 1]
    y = X @ np.arange(7.0) + 100 + random.normal(size=9000)
    given = linear(X, y) if intercept else problem(lambda x, w: np.dot(x, w), X, y, w=np.zeros(7))
    A = np.column_stack([np.ones(9000), X, y - 90])
    products = closed_form.product_sum(closed_form.Design(given))
    assert np.allclose(products(np.append(np.zeros(7), 90.0)).whole, A.T @ A, rtol=1e-12, atol=1e-9)
    solution = ClosedForm().solve(given)
    assert solution.answer.route == "Gram"
    found = solution.params[[7, *range(7)]] if intercept else solution.params
    assert np.allclose(found, np.linalg.lstsq(A[:, :8] if intercept else X, y)[0], rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_products_are_those_of_columns_in_their_units(dtype, monkeypatch):
    """Also of columns far from zero, and of short numbers, which are widened before anything is subtracted."""
    monkeypatch.setattr(gram, "WORK_WORTH_COMPILING", 1)
    monkeypatch.setattr(closed_form, "WORTH_PRODUCTS", 1)
    random = np.random.default_rng(0)
    X = (random.normal(size=(9000, 7)) + np.array([0, 3, 100, 0, 5, 0, -20])).astype(dtype)
    y = (X @ np.arange(7.0) + 100 + random.normal(size=9000)).astype(dtype)
    given = linear(X, y)
    shift = np.append(X[:50].mean(axis=0), y[:50].mean()).astype(np.float64)
    Z = np.column_stack([np.ones(9000), np.column_stack([X, y]).astype(np.float64) - shift])
    products = closed_form.product_sum(closed_form.Design(given))
    assert np.allclose(products(shift).whole, Z.T @ Z, rtol=1e-12, atol=1e-9)
    fast = ClosedForm().solve(given)
    monkeypatch.setattr(closed_form, "WORTH_PRODUCTS", 10**9)
    exact = ClosedForm().solve(given)
    assert (fast.answer.route, exact.answer.route != "Gram") == ("Gram", True)
    assert np.allclose(fast.answer.slopes, exact.answer.slopes, rtol=1e-13, atol=1e-14)
    assert np.isclose(fast.answer.intercept, exact.answer.intercept, rtol=1e-13)


def test_products_of_other_columns_are_left_to_blas(monkeypatch):
    monkeypatch.setattr(gram, "WORK_WORTH_COMPILING", 1)
    assert closed_form.product_sum(closed_form.Design(linear())) is not None
    for case in (AFFINE[1], AFFINE[4], AFFINE[6], linear(weights=np.ones(200))):
        assert closed_form.product_sum(closed_form.Design(case)) is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("intercept", [True, False])
def test_the_slope_in_one_compiled_pass(dtype, intercept):
    """Residuals of short numbers are formed in long ones: parameters have more digits than the data."""
    random = np.random.default_rng(0)
    X = random.normal(size=(9000, 7)).astype(dtype)
    y = (X @ np.arange(7.0) + random.normal(size=9000)).astype(dtype)
    given = linear(X, y) if intercept else problem(lambda x, w: np.dot(x, w), X, y, w=np.zeros(7))
    slopes, middle = np.arange(7.0) + 1 / 3, 0.1 if intercept else 0.0
    pulled, pulls, squares = closed_form.slope_sum(closed_form.Design(given))(slopes, middle)
    residual = y.astype(float) - X.astype(float) @ slopes - middle
    assert np.allclose(pulls, residual @ X.astype(float), rtol=1e-12, atol=1e-9)
    assert np.isclose(squares, residual @ residual, rtol=1e-12)
    assert not intercept or np.isclose(pulled, residual.sum(), rtol=1e-10)


def test_parameters_that_float32_cannot_hold_are_not_called_converged():
    """A sum of columns, rounded to float32, differs from them by rounding alone: its parameters are in the 100,000s."""
    random = np.random.default_rng(5)
    X = random.standard_normal((17, 7))
    X[:, 6] = X[:, 0] + X[:, 1]
    y = X @ random.standard_normal(7) + 2 + 0.1 * random.standard_normal(17)
    short = X.astype(np.float32)
    fit = gl.fit(short, y, solver="closed_form")
    loss = np.mean(np.square(fit.predict(short.astype(np.float64)) - y)) / 2
    best = np.linalg.lstsq(np.column_stack([np.ones(17), short]), y, rcond=None)[1][0] / 34
    assert loss > best * (1 + 1e-4)
    assert fit.stop is Stop.STALLED and any("give the data as float64" in note for note in fit.notes)
    assert fit.statistics is not None  # which are those of the answer before it was rounded
    assert gl.fit(short.astype(np.float64), y, solver="closed_form").stop is Stop.CONVERGED
    assert gl.fit(short[:, :6], y, solver="closed_form").stop is Stop.CONVERGED
