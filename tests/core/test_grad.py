"""Gradients as programs: the checker itself, algebra, random programs, and what is refused."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.testing import assert_allclose, assert_array_equal

from derivatives import check_derivatives, check_graph
from gradloop.core import ops
from gradloop.core.evaluate import evaluate
from gradloop.core.grad import gradient, hessian, hessian_vector
from gradloop.core.ops import OPS
from gradloop.core.spec import FLOAT64, INT64, Spec
from gradloop.core.trace import trace
from gradloop.errors import ModelError
from programs import Program, programs

RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=4)


# ---- the checker is shown wrong derivatives ----


@pytest.mark.parametrize("factor", [2.001, -2.0, 0.0])
def test_checker_sees_a_wrong_first_derivative(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    wrong = OPS["sin"]._replace(derivative=lambda g, y, x: (factor * g * np.cos(x),))
    monkeypatch.setitem(OPS, "sin", wrong)
    with pytest.raises(AssertionError, match="derivative of order 1"):
        check_derivatives(np.sin, [X])


def test_checker_sees_a_wrong_second_derivative(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = OPS["cos"]._replace(derivative=lambda g, y, x: (g * np.sin(x),))
    monkeypatch.setitem(OPS, "cos", wrong)
    check_derivatives(np.sin, [X], orders=1)
    with pytest.raises(AssertionError, match="derivative of order 2"):
        check_derivatives(np.sin, [X], orders=2)


def test_checker_sees_a_derivative_that_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPS, "multiply", OPS["multiply"]._replace(derivative=lambda g, y, a, b: (g * b, None)))
    with pytest.raises(AssertionError, match="derivative of order 1"):
        check_derivatives(lambda a, b: a * b, [X, X + 1])


def test_checker_sees_a_sum_that_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The derivative with respect to an input that was broadcast is a sum."""
    monkeypatch.setattr(
        "gradloop.core.grad.unbroadcast", lambda share, spec: share[..., 0] if spec.shape == () else share
    )
    with pytest.raises(AssertionError, match="derivative of order 1"):
        check_derivatives(lambda a, b: a * b, [X, np.array(2.0)])


# ---- random programs ----


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(programs(most_lines=6))
def test_gradients_of_random_programs(program: Program) -> None:
    check_graph(program.graph(program.number), program.at_row(2), orders=1)


@settings(max_examples=30, derandomize=True, deadline=None, database=None)
@given(programs(most_lines=3))
def test_second_derivatives_of_random_programs(program: Program) -> None:
    check_graph(program.graph(program.number), program.at_row(2), orders=2)


# ---- algebra ----

QUADRATIC = RANDOM.normal(size=(4, 4))
AT = {"w": RANDOM.normal(size=4), "b": np.array(0.5)}
SPECS = {"w": Spec((4,), FLOAT64), "b": Spec((), FLOAT64)}


def quadratic(w: Any, b: Any) -> Any:
    return 0.5 * w @ QUADRATIC @ w + b * np.sum(w) + b**3


def test_gradient_of_a_quadratic_form() -> None:
    graph = gradient(trace(quadratic, SPECS), ["w", "b"], with_value=True)
    value, by_w, by_b = evaluate(graph, AT)
    w, b = AT["w"], AT["b"]
    assert_allclose(value, quadratic(w, b), rtol=1e-14)
    assert_allclose(by_w, 0.5 * (QUADRATIC + QUADRATIC.T) @ w + b, rtol=1e-13)
    assert_allclose(by_b, np.sum(w) + 3 * b**2, rtol=1e-13)


def test_hessian_of_a_quadratic_form() -> None:
    ww, wb, bw, bb = evaluate(hessian(trace(quadratic, SPECS), ["w", "b"]), AT)
    assert_allclose(ww, 0.5 * (QUADRATIC + QUADRATIC.T), rtol=1e-14)
    assert_array_equal(wb, np.ones(4))
    assert_array_equal(bw, np.ones(4))
    assert_allclose(bb, 6 * AT["b"])


def test_hessian_times_direction_is_the_hessian_times_the_direction() -> None:
    graph = hessian_vector(trace(quadratic, SPECS), ["w", "b"])
    direction = {"w'": RANDOM.normal(size=4), "b'": np.array(-1.5)}
    by_w, by_b = evaluate(graph, AT | direction)
    assert_allclose(by_w, 0.5 * (QUADRATIC + QUADRATIC.T) @ direction["w'"] + direction["b'"], rtol=1e-13)
    assert_allclose(by_b, np.sum(direction["w'"]) + 6 * AT["b"] * direction["b'"], rtol=1e-13)


def test_hessian_of_a_matrix_parameter_has_the_shape_of_pairs() -> None:
    (block,) = evaluate(
        hessian(trace(lambda m: np.sum(m**3), {"m": Spec((2, 3), FLOAT64)}), ["m"]), {"m": np.ones((2, 3))}
    )
    assert block.shape == (2, 3, 2, 3)
    assert_array_equal(block.reshape(6, 6), 6 * np.eye(6))


def test_a_parameter_that_is_not_used_has_derivative_zero() -> None:
    graph = gradient(trace(lambda w, b: b * 2.0, SPECS), ["w", "b"])
    assert_array_equal(evaluate(graph, AT)[0], np.zeros(4))
    assert evaluate(hessian_vector(trace(lambda w, b: b * 2.0, SPECS), ["w"]), AT | {"w'": X})[0].shape == (4,)


def test_a_branch_not_taken_leaves_no_nan() -> None:
    def guarded(w: Any) -> Any:
        logarithm = np.where(w > 0, np.log(np.where(w > 0, w, 1.0)), 0.0)
        return np.sum(logarithm + np.where(w > 0, np.sqrt(w), 0.0))

    graph = trace(guarded, {"w": Spec((2,), FLOAT64)})
    with np.errstate(divide="ignore"):
        (slope,) = evaluate(gradient(graph, ["w"]), {"w": np.array([0.0, 4.0])})
    assert_allclose(slope, [0, 0.25 + 0.25])


def test_an_array_of_one_entry_counts_as_a_number() -> None:
    (slope,) = evaluate(
        gradient(trace(lambda w: w * w, {"w": Spec((1, 1), FLOAT64)}), ["w"]), {"w": np.full((1, 1), 3.0)}
    )
    assert_array_equal(slope, [[6.0]])


def test_many_operations_deep_without_recursion() -> None:
    def deep(w: Any) -> Any:
        for _ in range(3000):
            w = np.sin(w)
        return w

    check_derivatives(deep, [np.array(0.5)], orders=1)


# ---- refusals ----


def test_an_array_has_no_gradient() -> None:
    with pytest.raises(ModelError, match=r"f must return one number for an example, but returns .* shape \(4,\)"):
        gradient(trace(lambda w: w * 2, {"w": SPECS["w"]}, "f"), ["w"])


def test_an_integer_has_no_gradient() -> None:
    with pytest.raises(ModelError, match=r"f returns int64\[\], which has no derivative"):
        gradient(trace(lambda y: y + 1, {"y": Spec((), INT64)}, "f"), ["y"])


def test_derivatives_use_only_the_table() -> None:
    graph = gradient(trace(quadratic, SPECS), ["w"])
    assert {node.op for node in graph.nodes if node.inputs} <= set(ops.OPS)
