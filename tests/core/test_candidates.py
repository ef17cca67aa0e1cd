"""A graph with an axis of candidates gives, at each of them, what the graph gives alone."""

import numpy as np
import pytest

from gradloop.core.candidates import with_candidates
from gradloop.core.evaluate import evaluate
from gradloop.core.ops import OPS
from gradloop.core.simplify import simplify
from gradloop.core.spec import FLOAT64, INT64, Spec
from gradloop.core.trace import trace

NUMBER, VECTOR, MATRIX = Spec((), FLOAT64), Spec((3,), FLOAT64), Spec((3, 2), FLOAT64)
FUNCTIONS = {
    "a number": (lambda x, w: w * 2 + x[0], NUMBER),
    "a dot product": (lambda x, w: np.dot(x, w) + 1, VECTOR),
    "a product with a matrix": (lambda x, w: np.sum((x @ w) ** 2), MATRIX),
    "a matrix times the data": (lambda x, w: np.sum(w.T @ x), MATRIX),
    "two parameters multiplied": (lambda x, w: np.dot(w, w) + np.sum(np.outer(w, w) @ x), VECTOR),
    "softmax": (lambda x, w: np.log(np.sum(np.exp(x @ w))) + np.max(x @ w), MATRIX),
    "pieces": (lambda x, w: np.sum(np.concatenate([w[1:], x, w[:1]]) * np.stack([w[0]] * 6)), VECTOR),
    "indices": (lambda x, w: w[..., 0][1] + np.sum(w[::2, None, 1]) + w[-1, -1], MATRIX),
    "shapes": (lambda x, w: np.sum(np.reshape(w, (2, 3)) * x + np.transpose(w)[0]), MATRIX),
    "choices": (lambda x, w: np.sum(np.where(w > x, w, -x)) + np.clip(w[0], 0, 1), VECTOR),
    "functions": (lambda x, w: np.sum(np.tanh(w) + np.expm1(-np.abs(w)) + np.logaddexp(w, x)), VECTOR),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_candidate_gets_its_own_answer(name):
    function, spec = FUNCTIONS[name]
    random = np.random.default_rng(0)
    x, candidates = random.normal(size=3), random.normal(size=(*spec.shape, 5))
    graph = simplify(trace(function, {"x": VECTOR, "w": spec}, "f"))
    found = evaluate(with_candidates(graph, ["w"], 5), {"x": x, "w": candidates})[0]
    alone = [evaluate(graph, {"x": x, "w": candidates[..., i]})[0] for i in range(5)]
    assert found.shape == (5,)
    assert np.allclose(found, alone, rtol=1e-13, atol=1e-15)


def test_labels_pick_for_every_candidate():
    graph = trace(lambda x, label, w: (x @ w)[label], {"x": VECTOR, "label": Spec((), INT64), "w": MATRIX})
    random = np.random.default_rng(0)
    x, w = random.normal(size=3), random.normal(size=(3, 2, 4))
    found = evaluate(with_candidates(graph, ["w"], 4), {"x": x, "label": np.array(1), "w": w})[0]
    assert np.allclose(found, np.einsum("i,ik->k", x, w[:, 1]))


def test_gradients_carry_the_axis_too():
    from gradloop.core.grad import gradient

    graph = gradient(trace(lambda x, label, w: -np.log(np.exp(x @ w)[label] / np.sum(np.exp(x @ w))),
                           {"x": VECTOR, "label": Spec((), INT64), "w": MATRIX}), ["w"])  # fmt: skip
    random = np.random.default_rng(0)
    values = {"x": random.normal(size=3), "label": np.array(1)}
    w = random.normal(size=(3, 2, 4))
    found = evaluate(with_candidates(graph, ["w"], 4), values | {"w": w})[0]
    for i in range(4):
        assert np.allclose(found[..., i], evaluate(graph, values | {"w": w[..., i]})[0], rtol=1e-12, atol=1e-15)


def test_what_does_not_depend_on_the_candidates_keeps_its_shape():
    graph = trace(lambda x, w: (np.sum(x), w[0]), {"x": VECTOR, "w": VECTOR})
    assert [str(out.spec) for out in with_candidates(graph, ["w"], 7).outputs] == ["float64[]", "float64[7]"]


def test_every_operation_is_carried():
    """Each is elementwise, works along its own axes, or has a rule."""
    from gradloop.core.candidates import RULES

    along_axes = {"sum", "max", "logsumexp", "convert"}
    elementwise = {
        name for name, op in OPS.items() if op.spec.__name__.startswith(("elementwise", "comparison", "choice"))
    }
    assert set(OPS) == elementwise | along_axes | set(RULES)
