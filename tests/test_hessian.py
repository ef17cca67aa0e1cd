"""The matrix of second derivatives against the derivative of the gradient, direction by direction."""

import numpy as np
import pytest

from gradloop.hessian import ROWS_IN_BLOCK, hessian, single_score
from problems import SMOOTH, numbers, problem, three_classes, two_classes


@pytest.mark.parametrize("name", SMOOTH)
def test_columns_are_the_curvature_along_each_parameter(name):
    given = SMOOTH[name]()
    at = np.random.default_rng(2).normal(size=given.start.size) / 100
    expected = np.stack([given.curvature_times(at, unit) for unit in np.eye(at.size)])
    found = hessian(given, at)
    size = np.sqrt(np.outer(np.abs(expected.diagonal()), np.abs(expected.diagonal()))) + 1e-300
    assert np.abs((found - expected) / size).max() < 1e-12
    assert (found == found.T).all()


def test_generalised_linear_models_have_one_score():
    assert single_score(numbers()) and single_score(two_classes()) and single_score(numbers("huber"))
    assert single_score(three_classes()) is None


def test_least_squares_is_the_gram_matrix_over_several_blocks():
    random = np.random.default_rng(0)
    X = random.normal(size=(ROWS_IN_BLOCK + 77, 2))
    given = problem("linear", None, X, X[:, 0])
    A = np.column_stack([X, np.ones(len(X))])
    assert np.allclose(hessian(given, given.start), A.T @ A / len(X), rtol=1e-13, atol=0)


def test_a_saddle_keeps_its_signs():
    def saddle(y_hat, y):
        return np.cos(y_hat - y)

    X = np.linspace(-2, 2, 50).reshape(-1, 1)
    given = problem("linear", saddle, X, X[:, 0] ** 2)
    A = np.column_stack([X, np.ones(50)])
    at = np.array([0.3, 0.1])
    bend = -np.cos(A @ at - X[:, 0] ** 2)
    assert bend.min() < 0 < bend.max()
    assert np.allclose(hessian(given, at), A.T @ (bend[:, None] * A) / 50, rtol=1e-12, atol=1e-15)
