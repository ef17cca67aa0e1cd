"""The rows that a problem's prediction means, against the prediction itself."""

import numpy as np
import pytest

from gradloop.errors import DataError
from gradloop.losses import LOSSES
from gradloop.models import MODELS, Model, polynomial
from gradloop.penalties import l2
from gradloop.problem import make_problem
from gradloop.solvers.linear import design as module
from gradloop.solvers.linear.design import Design, in_order, piece_size

random = np.random.default_rng(0)
X = random.normal(size=(40, 2))
Y = random.normal(size=40)


def law(function, **start):
    params = {name: np.array(value, float) for name, value in start.items()}
    return Model("law", function, lambda d, k: params, "squared", None), params


def problem(model, start, X=X, **more):
    return make_problem(model, LOSSES["squared"], X, Y[: len(X)], start, **more)


LAWS = [
    (MODELS["linear"], {"w": np.zeros(2), "b": 0.0}, 2, True),
    (MODELS["linear"], {"b": 0.0, "w": np.zeros(2)}, 0, True),
    (polynomial(3), {"w": np.zeros((3, 2)), "b": 0.0}, 6, False),
    (*law(lambda x, a: a[0] + a[1] * np.exp(x[0]) + x[1], a=[0, 0]), 0, False),
    (*law(lambda x, k, c: 3 * c + k * np.sin(x[1]), k=0.0, c=0.0), 1, False),
    (*law(lambda x, w: np.dot(x, w), w=[0, 0]), None, True),
    (*law(lambda x, w: np.dot(x, w) - 5, w=[0, 0]), None, False),
    (*law(lambda x, w: np.dot(x, w) + x[0], w=[0, 0]), None, False),
    (*law(lambda x, b: b + 0 * x[0], b=0.0), 0, False),
]


@pytest.mark.parametrize("engine", ["native", "numpy"])
@pytest.mark.parametrize(("model", "start", "place", "is_x"), LAWS)
def test_columns_and_offset_make_the_prediction(model, start, place, is_x, engine):
    found = problem(model, start, engine=engine)
    design = Design(found)
    assert (design.place, design.is_x) == (place, is_x)
    columns, left, weights = design.block(3, 20)
    slopes = random.normal(size=columns.shape[1])
    flat = design.flat(slopes, 4.0)
    expected = found.predict(flat, found.X[3:20])
    np.testing.assert_allclose(columns @ slopes + (4.0 if place is not None else 0.0) - left + Y[3:20], expected)
    assert weights is None


@pytest.mark.parametrize("penalty", [None, l2(0.3)], ids=["free", "penalised"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("model", "start"), [law[:2] for law in LAWS])
def test_products_give_the_objective_of_the_compiled_pass(model, start, weighted, penalty, monkeypatch):
    monkeypatch.setattr(module, "ROWS_IN_PIECE", 16)
    weights = random.integers(0, 3, size=40).astype(float) if weighted else None
    found = problem(model, start, penalty=penalty, weights=weights)
    flat = random.normal(size=found.start.size)
    value, slope = Design(found).objective(flat)
    expected, steep = found.objective(flat)
    np.testing.assert_allclose(value, expected, rtol=1e-13)
    np.testing.assert_allclose(slope, steep, rtol=1e-12, atol=1e-13)


def test_the_shipped_linear_model_copies_nothing():
    columns, _, _ = Design(problem(MODELS["linear"], {"w": np.zeros(2), "b": 0.0})).block(0, 10)
    assert columns.base is not None and np.shares_memory(columns, X)


def test_a_column_of_ones_is_the_intercept():
    with_ones = np.column_stack([X[:, 0], np.ones(40)])
    model, start = law(lambda x, w: np.dot(x, w), w=[0, 0])
    assert Design(problem(model, start, with_ones)).place == 1
    with_ones[-1, 1] = 2
    assert Design(problem(model, start, with_ones)).place is None


def test_a_penalised_constant_is_no_intercept():
    model, start = law(lambda x, k, c: c + k * x[0], k=0.0, c=0.0)
    assert Design(problem(model, start)).place == 1
    assert Design(problem(model, start, penalty=l2(1.0))).place is None


def test_names():
    design = Design(problem(polynomial(3), {"w": np.zeros((3, 2)), "b": 0.0}))
    assert [design.label(0), design.label(5), design.name(6)] == ["w[0, 0]", "w[2, 1]", "b"]


def test_float32_that_cannot_hold_the_answer():
    design = Design(problem(MODELS["linear"], {"w": np.zeros(2), "b": 0.0}, X.astype(np.float32)))
    with pytest.raises(DataError, match=r"w\[1\] is 1e\+39"):
        design.flat(np.array([0.0, 1e39]), 0.0)


def test_pieces_do_not_depend_on_threads():
    assert [piece_size(width) for width in (1, 100, 1000, 10**6)] == [16384, 16384, 2048, 64]


def test_results_come_in_order(monkeypatch):
    monkeypatch.setattr(module, "processors", lambda: 4)
    assert list(in_order(lambda i: i * i, range(50))) == [i * i for i in range(50)]
