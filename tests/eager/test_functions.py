"""NumPy's functions of arrays with a tape: NumPy's numbers, the right types, and a derivative or a sentence."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gradloop.eager import Array
from gradloop.eager.functions import LOOKS, widest
from gradloop.errors import TapeError
from taped import ROADS, differences, number_of, slopes

A = np.array([[0.3, 1.7, 0.9], [2.1, 0.6, 1.3]])
B = np.array([[1.1, 0.4, 2.2], [0.8, 1.9, 0.5]])

FOLLOWED = [
    lambda x, y: np.sum(x * y), lambda x, y: np.sum(x, axis=1), lambda x, y: np.sum(x, axis=-1, keepdims=True),
    lambda x, y: np.mean(x), lambda x, y: np.mean(x, axis=(0, 1)), lambda x, y: np.mean(x, axis=0, keepdims=True) * y,
    lambda x, y: np.max(x, axis=1), lambda x, y: np.min(x * y), lambda x, y: np.min(y, axis=0, keepdims=True),
    lambda x, y: np.amax(x), lambda x, y: x.max(axis=0), lambda x, y: x.min() * y, lambda x, y: x.mean(axis=1),
    lambda x, y: x.sum(axis=0, keepdims=True) / y, lambda x, y: np.where(x > y, x, y * y),
    lambda x, y: np.clip(x, 0.5, 1.5) * y, lambda x, y: np.clip(x, None, 1.5), lambda x, y: x.clip(0.5),
    lambda x, y: np.stack([x, y, x]), lambda x, y: np.stack([x, y], axis=-1), lambda x, y: np.hstack([x, y]),
    lambda x, y: np.concatenate([x, y, x], axis=1), lambda x, y: np.concatenate([x[0], y[1]]),
    lambda x, y: np.dot(x, y.T), lambda x, y: np.dot(x, y[0]), lambda x, y: np.dot(x[0], y[1]), lambda x, y: x.dot(2.0),
    lambda x, y: x @ y.T, lambda x, y: x @ y[0], lambda x, y: y[:, 0] @ x, lambda x, y: x[0] @ y[0],
    lambda x, y: np.matmul(x.T, y), lambda x, y: np.outer(x[0], y[1]), lambda x, y: np.inner(x, y),
    lambda x, y: np.maximum(x, y), lambda x, y: np.minimum(x, 1.0), lambda x, y: np.exp(x) / y,
    lambda x, y: np.log(x * y), lambda x, y: np.square(x) + np.sqrt(y), lambda x, y: np.abs(x - y),
    lambda x, y: np.absolute(-x), lambda x, y: np.power(x, y), lambda x, y: x**y, lambda x, y: 2.0**x,
    lambda x, y: np.reciprocal(x), lambda x, y: np.log2(x) + np.log10(y), lambda x, y: np.exp2(x), lambda x, y: -x,
    lambda x, y: np.tan(x / 2), lambda x, y: np.sinh(x) * np.cosh(y), lambda x, y: np.positive(x), lambda x, y: +y,
    lambda x, y: np.logaddexp(x, y), lambda x, y: x % 0.37, lambda x, y: 5.01 % x, lambda x, y: (x // 0.37) * y,
    lambda x, y: np.reshape(x, (3, 2)), lambda x, y: np.ravel(x), lambda x, y: np.transpose(x), lambda x, y: x.T @ y,
    lambda x, y: np.expand_dims(x, 1), lambda x, y: np.squeeze(x[:1]), lambda x, y: x.ravel() * y.flatten(),
    lambda x, y: x[:1].squeeze(), lambda x, y: np.subtract(2.0, x), lambda x, y: np.divide(x, y), lambda x, y: abs(x),
    lambda x, y: sum(x), lambda x, y: np.multiply(A, x), lambda x, y: np.concatenate([x, B]), lambda x, y: A @ y.T,
]  # fmt: skip


@pytest.mark.parametrize("function", FOLLOWED, ids=range(len(FOLLOWED)))
def test_numbers_and_derivatives(function: Any) -> None:
    expected = function(A, B)
    untracked, tracked = function(Array(A), Array(B)), function(Array(A).requires_grad_(), Array(B).requires_grad_())
    for found in (untracked, tracked):
        assert_allclose(found.value, expected, rtol=1e-14)
        assert found.value.dtype == np.float64 and type(found) is Array
    assert tracked.requires_grad and not untracked.requires_grad
    single = function(Array(A.astype("f4")), Array(B.astype("f4")).requires_grad_())
    assert single.value.dtype == np.float32 or single.value.dtype == function(A.astype("f4"), B.astype("f4")).dtype

    def plain(x: Any, y: Any) -> float:
        return float(number_of(Array(function(x, y))).value)

    wanted = differences(plain, [A, B])
    for road in ROADS:
        for slope, difference in zip(slopes(lambda x, y: function(x, y), [A, B], road), wanted, strict=True):
            assert_allclose(0 * difference if slope is None else slope.value, difference, rtol=1e-6, atol=1e-8)


def test_what_has_no_derivative_needs_none() -> None:
    """Places, truths, shapes, text: also of arrays that are tracked."""
    x = Array(A).requires_grad_()
    assert_array_equal(np.argmax(x, axis=1).value, [1, 0])
    assert_array_equal(x.argmax(axis=1).value, [1, 0])
    assert_array_equal(np.argsort(x[0]).value, [0, 2, 1])
    assert np.isfinite(x).value.all() and bool(np.all(x > 0)) and bool(np.any(x > 2))
    assert np.allclose(x, A) is True and np.array_equal(x, A) is True
    assert (np.shape(x), np.ndim(x), np.size(x)) == ((2, 3), 2, 6)
    assert "0.3" in np.array2string(x)
    assert_array_equal((x == A).value, np.ones((2, 3), bool))


@pytest.mark.parametrize("function", [np.zeros_like, np.ones_like, np.empty_like])
def test_arrays_like_another_keep_its_type(function: Any) -> None:
    x = Array(A.astype("f4")).requires_grad_()
    found = function(x)
    assert type(found) is Array and found.value.dtype == np.float32 and found.value.shape == (2, 3)
    assert not found.requires_grad and function in LOOKS
    assert np.full_like(x, 3).value[0, 0] == 3


@pytest.mark.parametrize(
    "call",
    [lambda x: np.cumsum(x), lambda x: np.linalg.norm(x), lambda x: np.sort(x), lambda x: np.add.reduce(x),
     lambda x: np.hypot(x, x), lambda x: np.sum(x, dtype=float), lambda x: np.median(x)],
)  # fmt: skip
def test_unknown_functions_are_refused_where_they_would_lose_a_derivative(call: Any) -> None:
    assert np.all(np.isfinite(np.asarray(call(Array(A)))))
    with pytest.raises(TapeError, match=r"derivative of np\.\w+ with these arguments is not known; .* x.detach\(\)"):
        call(Array(A).requires_grad_())


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.add(x, x, out=x),
        lambda x: np.add.at(x, 0, 1.0),
        lambda x: np.copyto(x, 0.0),
        lambda x: np.fill_diagonal(x, 0.0),
        lambda x: np.clip(x, 0, 1, out=x),
    ],
)
def test_writing_is_refused_while_recording_and_writes_nothing(call: Any) -> None:
    x = Array(A).requires_grad_()
    with pytest.raises(TapeError, match="that writes into an array is not recorded"):
        call(x)
    assert_array_equal(x.value, A)


def test_numpys_own_complaint_is_the_better_one() -> None:
    for x in (Array(A), Array(A).requires_grad_()):
        with pytest.raises(TapeError, match=r"np\.(sum|reduce|mean).*axis 5 is out of bounds"):
            np.mean(x, axis=5)
        with pytest.raises(TapeError, match=r"matmul|mismatch"):
            np.matmul(x, x)


def test_tracked_arrays_do_not_lose_their_past_silently() -> None:
    x = Array(A).requires_grad_()
    for call in (np.asarray, np.array, lambda x: np.array([x, x]), lambda x: np.asarray(x * 2)):
        with pytest.raises(TapeError, match=r"cannot carry on the record .* x.detach\(\)"):
            call(x)
    assert_array_equal(np.asarray(x.detach()), A)


def test_results_of_several_arrays() -> None:
    parts = np.split(Array(A), 3, axis=1)
    assert [type(part) for part in parts] == [Array] * 3
    values, counts = np.unique(Array([1, 1, 2]), return_counts=True)
    assert counts.value.tolist() == [2, 1] and values.value.tolist() == [1, 2]
    fraction, whole = np.modf(Array([1.5]))
    assert (float(fraction), float(whole)) == (0.5, 1.0)
    q, r = np.linalg.qr(Array(A.T))
    assert_allclose((q @ r).value, A.T)


def test_out_is_what_comes_back() -> None:
    x, out = Array(A), Array(np.zeros((2, 3)))
    assert np.exp(x, out=out) is out
    assert_allclose(out.value, np.exp(A))


def test_widest() -> None:
    single, double = Array(A.astype("f4")), A
    assert widest((single, 3, [np.arange(3)])) == np.float32
    assert widest(((single,), {"out": double})) == np.float64
    assert widest((1.0, np.arange(2))) is None
