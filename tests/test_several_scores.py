"""The curvature of models with a score for each class, against Σ S ⊗ a aᵀ written with NumPy."""

import numpy as np
import pytest

from gradloop import several_scores as module
from gradloop.examples import as_model
from gradloop.hessian import hessian
from gradloop.losses import LOSSES
from gradloop.problem import make_problem
from gradloop.several_scores import several_scores
from problems import problem, three_classes, two_classes


def softmax_curvature(A, scores):
    """Of the mean cross-entropy: (features, classes, features, classes), flattened."""
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    S = np.einsum("nk,kl->nkl", p, np.eye(p.shape[1])) - np.einsum("nk,nl->nkl", p, p)
    size = A.shape[1] * p.shape[1]
    return np.einsum("nj,ni,nkl->jkil", A, A, S).reshape(size, size) / len(A)


def of_classes(rows=50, features=3, classes=4):
    random = np.random.default_rng(0)
    return (
        random.normal(size=(rows, features)),
        random.integers(classes, size=rows),
        random.normal(size=features * classes),
    )


def softmax(z):
    return np.exp(z) / np.sum(np.exp(z))


@pytest.mark.parametrize("rows", [2, 50, module.ROWS_IN_BLOCK + 5])
def test_softmax(rows, monkeypatch):
    monkeypatch.setattr(module, "ROWS_IN_CHUNK", 700)
    monkeypatch.setattr(module, "MOST_CHUNKS", 9)
    X, y, w = of_classes(rows)
    y[0] = 3
    given = problem("softmax", None, X, y, classes=4)
    at = np.concatenate([w, [0.1, -0.2, 0.3, 0.0]])
    A = np.column_stack([X, np.ones(rows)])
    assert np.allclose(hessian(given, at), softmax_curvature(A, A @ at.reshape(4, 4)), rtol=1e-11, atol=1e-14)


def without_intercepts(x, w):
    return softmax(x @ w)


def intercepts_first(x, b, w):
    return softmax(b + np.dot(x**2, w))


def shifted(x, w, b):
    return softmax(np.dot(x, w) + 2 * b)


@pytest.mark.parametrize(
    ("model", "start", "found"),
    [
        (without_intercepts, {"w": np.zeros((3, 4))}, True),
        (intercepts_first, {"b": np.zeros(4), "w": np.zeros((3, 4))}, True),
        (shifted, {"w": np.zeros((3, 4)), "b": np.zeros(4)}, False),
    ],
)
def test_models_of_users(model, start, found):
    X, y, _ = of_classes()
    given = make_problem(as_model(model, start), LOSSES["cross_entropy"], X, y, start, None, "native")
    assert (several_scores(given) is not None) == found
    at = np.random.default_rng(1).normal(size=given.start.size)
    expected = np.stack([given.curvature_times(at, unit) for unit in np.eye(at.size)])
    assert np.allclose(hessian(given, at), expected, rtol=1e-10, atol=1e-14)


def test_who_has_several_scores():
    assert several_scores(three_classes()).count == 3
    assert several_scores(two_classes()) is None
