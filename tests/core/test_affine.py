"""What is affine in the parameters is found by looking at the graph, and the graph beyond it gives the same loss."""

import numpy as np
import pytest

from gradloop.core.affine import beyond, is_affine, scores, upto
from gradloop.core.evaluate import evaluate
from gradloop.core.graph import Graph
from gradloop.core.simplify import simplify
from gradloop.core.spec import FLOAT64, INT64, Spec
from gradloop.core.trace import trace

VECTOR, MATRIX, NUMBER = Spec((3,), FLOAT64), Spec((3, 2), FLOAT64), Spec((), FLOAT64)


def graph(function, **specs):
    return simplify(trace(function, specs, "f"))


AFFINE = {
    "dot": lambda x, w: np.dot(x, w),
    "features of any kind": lambda x, w: np.sum(np.exp(x) * w) / np.sum(x**2) + 3,
    "chosen by the data": lambda x, w: np.sum(np.where(x > 0, w, -2 * w)),
    "pieces": lambda x, w: np.sum(np.concatenate([w[1:], w[:1]]) - np.stack([w[0], w[1], w[2]])),
    "matrix": lambda x, w: np.sum(np.outer(x, x) @ w),
}
CURVED = {
    "square": lambda x, w: np.dot(w, w),
    "power": lambda x, w: np.sum(x * w**2),
    "exp": lambda x, w: np.exp(np.dot(x, w)),
    "divided by": lambda x, w: x[0] / w[0],
    "kink": lambda x, w: np.abs(w[0]),
    "chosen by the parameters": lambda x, w: np.sum(np.where(w > 0, w, -w)),
}


@pytest.mark.parametrize("name", AFFINE)
def test_affine_functions_are_recognised(name):
    found = graph(AFFINE[name], x=VECTOR, w=VECTOR)
    assert is_affine(found, ["w"])
    random = np.random.default_rng(0)  # and they are affine: the middle is mapped to the middle
    x, a, b = random.normal(size=(3, 3))
    at = [evaluate(found, {"x": x, "w": w})[0] for w in (a, b, (a + b) / 2)]
    assert at[2] == pytest.approx((at[0] + at[1]) / 2, rel=1e-12)


@pytest.mark.parametrize("name", CURVED)
def test_other_functions_are_not(name):
    assert not is_affine(graph(CURVED[name], x=VECTOR, w=VECTOR), ["w"])


def test_what_does_not_depend_on_the_parameters_is_affine():
    assert is_affine(graph(lambda x, w: np.exp(x[0]), x=VECTOR, w=VECTOR), ["w"])


def logistic(x, y, w):
    p = 1 / (1 + np.exp(-(np.dot(x, w) + 1)))
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


def softmax(x, label, w):
    z = x @ w
    return -np.log((np.exp(z) / np.sum(np.exp(z)))[label])


def test_a_score_and_its_negative_are_one_score():
    found = scores(graph(logistic, x=VECTOR, y=NUMBER, w=VECTOR), ["w"])
    assert [node.spec.size for node in found] == [1]


def test_softmax_has_a_score_for_each_class():
    found = scores(graph(softmax, x=VECTOR, label=Spec((), INT64), w=MATRIX), ["w"])
    assert [node.spec.size for node in found] == [2]


def test_a_law_has_its_parameters_as_scores():
    law = graph(lambda t, a, k: a * np.exp(-k * t), t=NUMBER, a=NUMBER, k=NUMBER)
    assert len(scores(law, ["a", "k"])) == 2


@pytest.mark.parametrize(
    ("function", "values"),
    [
        (logistic, {"x": np.array([1.0, -2.0, 0.5]), "y": np.array(1.0), "w": np.array([0.3, 0.2, -1.0])}),
        (softmax, {"x": np.array([1.0, -2.0, 0.5]), "label": np.array(1), "w": np.arange(6.0).reshape(3, 2) / 5}),
    ],
)
def test_the_loss_of_the_scores_is_the_loss(function, values):
    whole = graph(function, **{name: Spec(v.shape, v.dtype) for name, v in values.items()})
    found = scores(whole, ["w"])
    at_scores = evaluate(upto(whole, found), values)
    named = {f"score{i}": value for i, value in enumerate(at_scores)}
    outer = beyond(whole, found)
    assert not any(node.op == "input" and node.attributes["name"] == "w" for node in outer.nodes)
    assert evaluate(outer, values | named)[0] == pytest.approx(evaluate(whole, values)[0], rel=1e-14)


def test_upto_keeps_the_inputs():
    whole = graph(logistic, x=VECTOR, y=NUMBER, w=VECTOR)
    part = upto(whole, scores(whole, ["w"]))
    assert isinstance(part, Graph) and part.inputs == whole.inputs
