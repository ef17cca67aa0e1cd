"""The textbook's formulas stay finite and right where they overflow as written."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from formulas import FORMULAS, Formula
from gradloop.core.evaluate import evaluate
from gradloop.core.grad import backward, gradient
from gradloop.core.graph import Graph, constant_node
from gradloop.core.simplify import simplify
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import trace

ORDERS = ("value", "slope", "curvature")


def derived(formula: Formula, order: int) -> Graph:
    graph = simplify(trace(formula.naive, {"z": Spec((), FLOAT64)}, formula.name))
    for _ in range(order):
        graph = gradient(graph, ["z"])
    return graph


@pytest.mark.parametrize("order", range(3), ids=ORDERS)
@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: formula.name)
def test_naive_formulas_at_every_argument(formula: Formula, order: int) -> None:
    graph = derived(formula, order)
    with np.errstate(over="ignore", under="ignore"):
        found = [float(evaluate(graph, {"z": np.array(z)})[0]) for z in formula.points]
    rounding = 1e-15 if order == 2 else 1e-300  # curvatures are differences of slopes
    assert_allclose(found, formula.expected(order), rtol=1e-11, atol=rounding)


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: formula.name)
def test_the_formulas_need_it(formula: Formula) -> None:
    """As written, each is wrong somewhere in value, slope or curvature: the test above tests something."""
    graph = trace(formula.naive, {"z": Spec((), FLOAT64)})
    right = True
    with np.errstate(all="ignore"):
        for order in range(3):
            found = [float(evaluate(graph, {"z": np.array(z)})[0]) for z in formula.points]
            right = right and np.allclose(found, formula.expected(order), rtol=1e-11, atol=1e-15)
            graph = unsafe_slope(graph)
    assert not right


def unsafe_slope(graph: Graph) -> Graph:
    """A gradient without the safe forms."""
    (output,), (z,) = graph.outputs, graph.inputs
    return Graph("slope", graph.inputs, tuple(backward(output, [z], constant_node(1.0, FLOAT64))))


def test_softmax_of_far_scores() -> None:
    graph = simplify(trace(lambda z: np.exp(z) / np.sum(np.exp(z)), {"z": Spec((3,), FLOAT64)}))
    scores = np.array([1000.0, 999.0, -1000.0])
    expected = np.array([1, np.exp(-1), 0]) / (1 + np.exp(-1))
    assert_allclose(evaluate(graph, {"z": scores})[0], expected, rtol=1e-13)


@pytest.mark.parametrize("label", [0, 1, 2])
def test_cross_entropy_of_a_softmax(label: int) -> None:
    """loss = log(sum(exp(z))) - z[y]; slope = softmax - one at y; curvature = diag(p) - p pᵀ"""
    specs = {"z": Spec((3,), FLOAT64), "y": Spec((), np.dtype(np.int64))}
    graph = trace(lambda z, y: -np.log((np.exp(z) / np.sum(np.exp(z)))[y]), specs)
    for scores in (np.array([1000.0, 999.0, -1000.0]), np.array([-800.0, 0.5, 0.25])):
        p = np.exp(scores - scores.max()) / np.sum(np.exp(scores - scores.max()))
        values = {"z": scores, "y": np.array(label)}
        loss, slope = evaluate(gradient(graph, ["z"], with_value=True), values)
        total = scores.max() + np.log(np.sum(np.exp(scores - scores.max())))
        assert_allclose(loss, total - scores[label], rtol=1e-13)
        assert_allclose(slope, p - np.eye(3)[label], rtol=1e-12, atol=1e-15)


def test_planck_with_its_parameters() -> None:
    """Radiance a x³ / (exp(x / T) - 1): slopes by T from microwaves to gamma rays."""
    graph = trace(lambda x, a, t: a * x**3 / np.expm1(x / t), {name: Spec((), FLOAT64) for name in "xat"})
    for x in (1e-9, 1.0, 900.0):
        values = {"x": np.array(x), "a": np.array(2.0), "t": np.array(1.5)}
        by_a, by_t = evaluate(gradient(graph, ["a", "t"]), values)
        u = x / 1.5
        assert_allclose(by_a, x**3 * np.exp(-u) / -np.expm1(-u), rtol=1e-13)
        assert_allclose(by_t, 2 * x**3 * (u / 1.5) * np.exp(-u) / np.expm1(-u) ** 2, rtol=1e-12)


def test_what_only_looks_alike_is_left_alone() -> None:
    for function in (
        lambda z: 1 / (2 + np.exp(-z)),
        lambda z: np.log(2 + np.exp(z)),
        lambda z: np.exp(z) / (1 + np.exp(-z)),
        lambda z: np.exp(z) / np.sum(np.exp(2 * z)),
        lambda z: np.exp(z) - 2,
        lambda z: np.exp(z) / np.expm1(2 * z),
    ):
        graph = trace(function, {"z": Spec((), FLOAT64)})
        at = {"z": np.array(0.7)}
        assert_allclose(evaluate(simplify(graph), at)[0], function(0.7), rtol=1e-14)
