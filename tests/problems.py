"""Problems that the tests of several solvers share."""

import numpy as np

import gradloop as gl
from gradloop.examples import as_loss, as_model
from gradloop.problem import make_problem


def problem(model, loss, X, y, classes=3, penalty=None, engine="native"):
    chosen = as_model(model, None)
    return make_problem(chosen, as_loss(loss, chosen), X, y, chosen.start(X.shape[1], classes), penalty, engine)


def columns(rows=300, seed=0):
    """Columns of very different size."""
    return np.random.default_rng(seed).normal(size=(rows, 4)) * [1, 100, 0.01, 1]


def numbers(loss="squared", penalty=None, rows=300):
    X = columns(rows)
    noise = np.random.default_rng(1).normal(size=rows)
    return problem("linear", loss, X, X @ [1, 0.01, 50, -1] + 0.5 + noise, penalty=penalty)


def two_classes(penalty=None, rows=300, certain=False):
    X = columns(rows)
    noise = 0 if certain else np.random.default_rng(1).logistic(size=rows)
    return problem("logistic", None, X, (noise < X @ [1, 0.01, 50, -1]).astype(float), penalty=penalty)


def three_classes(penalty=None, rows=300):
    X = columns(rows)
    random = np.random.default_rng(1)
    scores = (X / [1, 100, 0.01, 1]) @ random.normal(size=(4, 3)) + random.gumbel(size=(rows, 3))
    return problem("softmax", None, X, np.argmax(scores, axis=1), penalty=penalty)


SMOOTH = {
    "least squares": numbers,
    "ridge": lambda: numbers(penalty=gl.l2(0.1)),
    "huber": lambda: numbers("huber"),
    "logistic": two_classes,
    "logistic, penalised": lambda: two_classes(gl.l2(0.1)),
    "softmax": three_classes,
    "softmax, penalised": lambda: three_classes(gl.l2(0.1)),
}
