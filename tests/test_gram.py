"""The curvature of whole models against the derivative of the slope."""

import numpy as np
import pytest

from gradloop import gram as module
from gradloop.examples import as_model
from gradloop.gram import pays
from gradloop.hessian import few_scores, hessian
from gradloop.losses import LOSSES
from gradloop.problem import make_problem
from problems import SMOOTH


@pytest.mark.parametrize("name", SMOOTH)
def test_columns_are_the_curvature_along_each_parameter(name, monkeypatch):
    monkeypatch.setattr(module, "WORK_WORTH_COMPILING", 1)
    given = SMOOTH[name]()
    at = np.random.default_rng(2).normal(size=given.start.size) / 100
    expected = np.stack([given.curvature_times(at, unit) for unit in np.eye(at.size)])
    found = hessian(given, at)
    size = np.sqrt(np.outer(np.abs(expected.diagonal()), np.abs(expected.diagonal()))) + 1e-300
    assert np.abs((found - expected) / size).max() < 1e-12
    assert (found == found.T).all()


def softmax(z):
    return np.exp(z) / np.sum(np.exp(z))


@pytest.mark.parametrize(
    ("model", "shapes"),
    [
        (lambda x, w: softmax(x @ w), [(3, 4)]),
        (lambda x, b, w: softmax(b + np.dot(x**2, w)), [(4,), (3, 4)]),
        (lambda x, w, b: softmax(np.dot(x, w) + b), [(3, 4), (4,)]),
    ],
)
def test_classes_in_one_pass_are_those_of_blas(model, shapes, monkeypatch):
    random = np.random.default_rng(0)
    X, y = random.normal(size=(60, 3)), random.integers(4, size=60)
    names = model.__code__.co_varnames[1:]
    start = dict(zip(names, map(np.zeros, shapes), strict=True))
    given = make_problem(as_model(model, start), LOSSES["cross_entropy"], X, y, start)
    score, at = few_scores(given), random.normal(size=given.start.size)
    by_blas = score.products(given, at)
    monkeypatch.setattr(module, "WORK_WORTH_COMPILING", 1)
    assert np.allclose(score.products(given, at), by_blas, rtol=1e-11, atol=1e-13)


def test_it_pays_for_many_rows_that_stay_near_the_processor():
    rows = module.WORK_WORTH_COMPILING // (1250 + module.COPIES)
    asked_again = module.WORK_WORTH_COMPILING // (4 * 1250 + module.COPIES)
    assert pays(rows + 1, 1, 50, 1) and pays(asked_again + 1, 1, 50, 4)
    assert not pays(rows // 4, 1, 50, 1)
    assert not pays(rows * 100, 1, module.MOST_COLUMNS + 1, 1)
    assert not pays(rows * 100, module.MOST_TOTALS // 2500 + 1, 50, 1)
