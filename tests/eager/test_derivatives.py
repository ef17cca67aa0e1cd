"""Derivatives of functions of arrays, to any order, one inside another."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gradloop.core.evaluate import evaluate
from gradloop.core.grad import hessian as graph_hessian
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import trace
from gradloop.eager import Array, grad, hessian, no_grad
from gradloop.errors import TapeError


def test_orders() -> None:
    function: Any = np.sin
    for expected in (np.sin, np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin):
        assert_allclose(float(function(Array(0.7))), expected(0.7), rtol=1e-14)
        function = grad(function)


def test_argument_by_its_place() -> None:
    def f(x: Any, y: Any) -> Any:
        return x**2 * y

    assert (float(grad(f)(3.0, 2.0)), float(grad(f, 1)(3.0, 2.0)), float(grad(grad(f), 1)(3.0, 2.0))) == (12, 9, 6)


def test_inner_derivative_depends_on_the_outer_argument() -> None:
    """d/dx of x d/dy(x y²) at y = x: the inner derivative knows x twice, as y and by its closure."""

    def outer(x: Any) -> Any:
        return grad(lambda y: x * y**2)(x)  # 2 x y = 2 x²

    assert float(grad(outer)(3.0)) == 12
    assert float(grad(lambda x: grad(lambda y: x * y**2)(2.0))(3.0)) == 4
    assert float(grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0)) == 1


def test_parameters_outside_are_reached() -> None:
    w = Array(3.0).requires_grad_()
    slope = grad(lambda x: w * x * x)(Array(2.0))
    assert slope.requires_grad
    (slope * slope).backward()
    assert float(w.grad) == 2 * 12 * 4


def test_numbers_alone_where_nothing_else_is_reached() -> None:
    slope = grad(lambda x: (x * x).sum())(np.array([1.0, 2.0]))
    assert not slope.requires_grad and slope.value.flags.writeable
    assert_array_equal(np.asarray(slope), [2, 4])


def test_leaf_keeps_its_own_gradient() -> None:
    w = Array(3.0).requires_grad_()
    found = grad(lambda x: x * x)(w)
    assert float(found) == 6 and w.grad is None
    found.backward()
    assert float(w.grad) == 2


def test_under_no_grad() -> None:
    with no_grad():
        assert float(grad(lambda x: x**3)(2.0)) == 12


def test_zero_where_nothing_depends() -> None:
    assert_array_equal(grad(lambda x: Array(3.0))(np.ones(2)).value, [0, 0])
    assert_array_equal(grad(lambda x: np.sign(x).sum())(np.ones(2)).value, [0, 0])
    assert_array_equal(hessian(lambda x: x.sum())(np.ones(2)).value, np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (lambda x: x * x, r"returns an array of shape \(2,\)"),
        (lambda x: 3.0, "returns a float"),
        (lambda x: None, "returns a NoneType"),
    ],
)
def test_only_of_one_number(function: Any, sentence: str) -> None:
    for derivative in (grad, hessian):
        with pytest.raises(TapeError, match=sentence):
            derivative(function)(np.ones(2))


def test_hessian_as_the_graphs() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.exp(x) * x[::-1]) + np.log(1 + np.sum(x * x)) * x[0] - np.max(x)

    at = np.array([0.3, -0.8, 1.1])
    (expected,) = evaluate(graph_hessian(trace(f, {"x": Spec((3,), FLOAT64)}), ["x"]), {"x": at})
    assert_allclose(hessian(f)(at).value, expected, rtol=1e-12, atol=1e-14)


def test_hessian_of_a_matrix_and_of_nothing() -> None:
    found = hessian(lambda m: (m**3).sum())(np.ones((2, 3)))
    assert found.shape == (2, 3, 2, 3)
    assert_array_equal(found.value.reshape(6, 6), 6 * np.eye(6))
    assert hessian(lambda x: x.sum())(np.ones(0)).shape == (0, 0)
    assert hessian(lambda x: x**3)(2.0).value == 12


def test_hessian_keeps_kind_and_type() -> None:
    class Kind(Array):
        """A kind of one's own."""

        __slots__ = ()

    found = hessian(lambda x: (x**3).sum())(Kind(np.ones(2, np.float32)))
    assert type(found) is Kind and found.value.dtype == np.float32


def test_kinds_with_other_names_for_shape_and_type() -> None:
    """What a kind of array calls its shape is its own business."""

    class Odd(Array):
        """As PyTorch's: size() is a method, dtype is no type of NumPy's."""

        __slots__ = ()

        def size(self) -> Any:  # type: ignore[override]
            return tuple(self.value.shape)

        dtype = property(lambda self: "odd")  # type: ignore[assignment]

    x = Odd([1.0, 2.0]).requires_grad_()
    for _ in range(2):
        x.grad = None
        loss = (np.maximum(x, 1.5) * x[[0, 1]]).sum() + np.max(x) ** 2
        loss.backward(create_graph=True)
        assert type(x.grad) is Odd
        slope, x.grad = x.grad, None
        (slope * slope).sum().backward()
        assert type(x.grad) is Odd
    assert float(grad(lambda x: (x**2).sum())(Odd([3.0]))) == 6
