from decimal import Decimal, getcontext

import numpy as np
import pytest

from gradloop.core import ops
from gradloop.core.evaluate import evaluate
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import trace
from gradloop.export.rewriting import REWRITES, without

POINTS = np.array([-745.0, -40.0, -1.0, -0.3, -1e-5, -1e-12, -1e-300, 0.0, 1e-300, 1e-9, 0.2, 1.0, 30.0, 700.0])
getcontext().prec = 400

EXACT = {
    "expm1": lambda x: x.exp() - 1,
    "log1p": lambda x: (1 + x).ln(),
    "logistic": lambda x: 1 / (1 + (-x).exp()),
}


@pytest.mark.parametrize("op", EXACT)
def test_no_digit_is_lost(op):
    points = POINTS[POINTS > -1] if op == "log1p" else POINTS
    found = [float(REWRITES[op](np.array(x))) for x in points]
    exact = [float(EXACT[op](Decimal(float(x)))) for x in points]
    np.testing.assert_allclose(found, exact, rtol=4e-16 * 8, atol=0)


def test_of_two_and_of_many_numbers():
    a, b = np.array([1000.0, -3.0, 0.0]), np.array([999.0, 5.0, 0.0])
    np.testing.assert_allclose(REWRITES["logaddexp"](a, b), np.logaddexp(a, b), rtol=1e-15)
    x = np.array([[1000.0, 1000.0], [-1000.0, 0.0]])
    for axis in [(0,), (1,), (0, 1)]:
        np.testing.assert_allclose(REWRITES["logsumexp"](x, axis), ops.logsumexp(x, axis), rtol=1e-15)


def test_a_graph_without_an_operation_means_the_same():
    def function(x):
        return np.log1p(np.exp(x)).sum() + np.expm1(x[0]) * 3 + np.logaddexp(x[1], 2.0)

    graph = trace(function, {"x": Spec((3,), FLOAT64)})
    plain = without(graph, REWRITES)
    assert not {node.op for node in plain.nodes} & REWRITES.keys()
    x = np.array([0.5, -2.0, 1.0])
    np.testing.assert_allclose(evaluate(plain, {"x": x}), evaluate(graph, {"x": x}), rtol=1e-14)


def test_what_is_used_twice_is_computed_once():
    def function(x):
        y = ops.apply("logistic", x)
        for _ in range(30):
            y = ops.apply("expm1", y * y)
        return y

    assert len(without(trace(function, {"x": Spec((), FLOAT64)}), REWRITES).nodes) < 400


def test_only_what_is_lacking_is_rewritten():
    graph = trace(np.expm1, {"x": Spec((), FLOAT64)})
    assert [node.op for node in without(graph, {"log1p"}).nodes] == ["input", "expm1"]
