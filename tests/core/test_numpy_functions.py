"""NumPy's functions, traced: the same numbers as NumPy's own, for vectors, matrices and single numbers."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from derivatives import check_derivatives
from gradloop.core.evaluate import evaluate
from gradloop.core.numpy_functions import FUNCTIONS, UFUNCS
from gradloop.core.ops import OPS
from gradloop.core.spec import spec_of
from gradloop.core.trace import trace

RANDOM = np.random.default_rng(3)
M, V, S = RANDOM.normal(size=(2, 3)), RANDOM.normal(size=3), np.array(0.6)
POSITIVE = np.abs(V) + 0.5


def check(function: Callable[..., Any], *arrays: Any) -> None:
    """The traced function gives the plain one's numbers."""
    values = {f"a{i}": np.asarray(array) for i, array in enumerate(arrays)}
    graph = trace(function, {name: spec_of(value) for name, value in values.items()})
    expected = np.asarray(function(*values.values()))
    (found,) = evaluate(graph, values)
    assert found.shape == expected.shape
    assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


ONE_INPUT = [
    np.negative, np.exp, np.expm1, np.abs, np.fabs, np.sign, np.floor, np.sin, np.cos, np.tan, np.tanh, np.sinh,
    np.cosh, np.square, np.reciprocal, np.positive, np.exp2,
]  # fmt: skip
POSITIVE_INPUT = [np.log, np.log1p, np.log2, np.log10, np.sqrt]
TWO_INPUTS = [
    np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.logaddexp, np.less, np.less_equal, np.equal,
    np.greater, np.greater_equal, np.not_equal, np.floor_divide, np.remainder, np.mod, np.true_divide,
]  # fmt: skip


@pytest.mark.parametrize("function", ONE_INPUT, ids=lambda f: f.__name__)
def test_functions_of_one_array(function: np.ufunc) -> None:
    for array in (M, V, S):
        check(function, array)
        check_derivatives(lambda a: function(a) * 1.0, [array], orders=1)


@pytest.mark.parametrize("function", POSITIVE_INPUT, ids=lambda f: f.__name__)
def test_functions_of_positive_arrays(function: np.ufunc) -> None:
    check(function, POSITIVE)
    check_derivatives(function, [POSITIVE])


@pytest.mark.parametrize("function", TWO_INPUTS, ids=lambda f: f.__name__)
def test_functions_of_two_arrays(function: np.ufunc) -> None:
    for a, b in product((M, V, S), repeat=2):
        check(function, a, b)
    check(lambda a: function(a, 0.3), V)
    check(lambda a: function(0.3, a), V)


def test_powers() -> None:
    for exponent in (2, 3, -1, 0, 1, 2.5, 0.5, -1.5):
        check(lambda a, e=exponent: np.power(a, e) + a**e, POSITIVE)
    check(np.power, POSITIVE, V)
    check(np.float_power, POSITIVE, V)
    check(lambda a: a**3 + np.power(a, 2), V)


def test_logic() -> None:
    check(lambda a, b: np.logical_and(a > 0, b > 0), M, V)
    check(lambda a, b: np.logical_or(a > 0, b > 0) & np.logical_not(a > 1), M, V)
    check(lambda a: np.bitwise_or(a > 0, a < -1) | np.bitwise_and(a > 0, a < 1) | np.invert(a > 0), M)


MATRICES = {
    "vector": RANDOM.normal(size=3),
    "matrix": RANDOM.normal(size=(3, 3)),
    "row": RANDOM.normal(size=(1, 3)),
    "column": RANDOM.normal(size=(3, 1)),
    "wide": RANDOM.normal(size=(2, 3)),
    "tall": RANDOM.normal(size=(3, 2)),
}
FITTING = [(a, b) for a, b in product(MATRICES, repeat=2) if MATRICES[a].shape[-1] == MATRICES[b].shape[0]]


@pytest.mark.parametrize(("left", "right"), FITTING)
def test_products_of_vectors_and_matrices(left: str, right: str) -> None:
    a, b = MATRICES[left], MATRICES[right]
    for function in (np.matmul, np.dot, lambda a, b: a @ b):
        check(function, a, b)
        check(lambda a, f=function: f(a, b), a)
        check(lambda b, f=function: f(a, b), b)
    check_derivatives(np.matmul, [a, b])


def test_inner_and_outer() -> None:
    for a, b in product((MATRICES["vector"], MATRICES["wide"], MATRICES["matrix"]), repeat=2):
        check(np.inner, a, b)
        check(np.outer, a, b)
    check(lambda a: np.outer([1.0, 2.0], a), V)
    check(lambda a: np.dot(a, 2.0) + np.dot(3.0, a), V)
    check(np.dot, S, V)


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "amax", "amin"])
def test_reductions(name: str) -> None:
    function = getattr(np, name)
    cube = RANDOM.normal(size=(2, 3, 2))
    for axis, keepdims in product((None, 0, -1, (0, 2), (-1, 1), (0, 1, 2), ()), (False, True)):
        check(lambda a, x=axis, k=keepdims: function(a, axis=x, keepdims=k), cube)
    check(function, S)
    check(lambda a: function(a > 0), cube)
    check(lambda a: function(a > 0, axis=1), cube)


def test_shapes() -> None:
    check(lambda a: np.reshape(a, (3, -1)) + np.reshape(a, (3, 2)), M)
    check(lambda a: np.transpose(a) + np.transpose(a, (1, 0)) + np.transpose(a, axes=(-1, 0)), M)
    check(lambda a: np.ravel(a) + np.reshape(a, 6), M)
    check(lambda a: np.squeeze(a[None]), M)
    check(lambda a: np.expand_dims(a, 0) + np.expand_dims(a, -3), M)
    check(lambda a: np.zeros_like(a) + np.ones_like(a) * np.size(a) + np.ndim(a) + np.shape(a)[0] + a, M)


def test_joining() -> None:
    check(lambda a, b: np.concatenate([a, b, [1.0, 2.0]]), V, V)
    check(lambda a, b: np.concatenate([a, b], axis=-1), M, M)
    check(lambda a, b: np.stack([a, b, np.ones(3)]), V, V)
    check(lambda a, b: np.stack([a, b], axis=-1) + np.stack((a, b), axis=1), V, V)
    check(lambda a, s: np.hstack([s, a, 1.0]), V, S)
    check(lambda a, b: np.hstack([a, b]), M, M)
    check(lambda a, s: np.stack([s, a[0], 2.0]), V, S)


def test_choosing() -> None:
    check(lambda a, b: np.where(a > b, a, b) + np.where(a > 0, 1, b) + np.where([True, False, True], a, 0.0), M, V)
    check(lambda a: np.clip(a, -0.5, 0.5) + np.clip(a, a_min=None, a_max=0) + np.clip(a, 0.1, None), V)
    check(lambda a, b: np.clip(0.5, a, b), V - 1, V + 1)


def test_every_function_followed_is_one_of_numpys() -> None:
    functions: list[Any] = [*UFUNCS, *FUNCTIONS]
    assert all(getattr(np, function.__name__) is function for function in functions)


def test_operations_named_as_numpys_mean_the_same() -> None:
    for op in OPS:
        function = getattr(np, op, None)
        if isinstance(function, np.ufunc):
            assert OPS[op].meaning is function
