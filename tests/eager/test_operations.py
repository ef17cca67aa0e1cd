"""Operators on arrays: the same numbers and types as NumPy's, and sentences where there are none."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from gradloop.core.ops import apply
from gradloop.eager import Array, no_grad
from gradloop.eager.operations import perform
from gradloop.errors import TapeError

FEW = settings(max_examples=60, derandomize=True, deadline=None, database=None)
BINARY = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.floordiv, operator.mod]
COMPARED = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
SHAPES = st.sampled_from([(), (1,), (3,), (2, 3), (2, 1), (0, 3), (1, 0)])


class Single(Array):
    """Arrays whose numbers have 32 bits unless something else is asked for."""

    __slots__ = ()
    real = np.dtype(np.float32)


def positive(shape: tuple[int, ...], dtype: Any, seed: int) -> Any:
    return np.random.default_rng(seed).uniform(1, 4, shape).astype(dtype)


@pytest.mark.parametrize("tracked", [False, True])
@pytest.mark.parametrize("meaning", BINARY + COMPARED)
@FEW
@given(a=SHAPES, b=SHAPES, seed=st.integers(0, 99), dtype=st.sampled_from(["f4", "f8"]), mixed=st.booleans())
def test_operators_as_numpys(meaning: Any, tracked: bool, a: Any, b: Any, seed: int, dtype: str, mixed: bool) -> None:
    left, right = positive(a, dtype, seed), positive(b, "f8" if mixed else dtype, seed + 1)
    ours = Array(left), Array(right)
    if tracked:
        for x in ours:
            x.requires_grad_()
    try:
        expected = meaning(left, right)
    except ValueError:
        with pytest.raises(TapeError, match="cannot be computed"):
            meaning(*ours)
        return
    for found in (meaning(*ours), meaning(ours[0], right), meaning(left, ours[1])):
        assert type(found) is Array and type(found.value) is np.ndarray
        np.testing.assert_allclose(found.value, expected, rtol=1e-6 if "f4" in dtype else 1e-14)
        assert found.value.dtype == expected.dtype and found.value.shape == expected.shape
        assert found.requires_grad is (tracked and expected.dtype.kind == "f")


NUMBERS = [2, 0.5, True, -3, 0, np.float64(0.3), np.float32(2.5), np.int64(3), np.int8(2), np.bool_(True)]


@pytest.mark.parametrize("tracked", [False, True])
@pytest.mark.parametrize("meaning", [operator.add, operator.sub, operator.mul, operator.truediv, operator.mod])
@pytest.mark.parametrize("number", NUMBERS, ids=lambda x: f"{type(x).__name__}({x})")
def test_single_numbers_never_widen(number: Any, meaning: Callable[..., Any], tracked: bool) -> None:
    values = np.array([[1.4, -2.2]], np.float32)
    for shape in [(1, 2), (2,)]:
        x = Array(values.reshape(shape))
        x.requires_grad = tracked
        with np.errstate(all="ignore"):
            plain = number.item() if isinstance(number, np.generic) else number
            pairs = [(meaning(x, number), meaning(x.value, plain)), (meaning(number, x), meaning(plain, x.value))]
        for found, expected in pairs:
            assert found.value.dtype == np.float32
            np.testing.assert_allclose(found.value, expected, rtol=1e-6)


def test_whole_numbers_and_truths_take_the_width_they_meet() -> None:
    x, counts, truths = Single([1.0, 2.0]).requires_grad_(), Single([1, 2]), Single([True, False])
    for other in (counts, truths, np.array([1, 2]), np.array([True, False]), [1, 2]):
        for found in (x + other, other * x, np.maximum(x, other), np.where(truths, x, other), other / x):
            assert found.value.dtype == np.float32 and found.requires_grad
    assert (counts + counts).value.dtype == np.int64
    assert (counts + truths).value.dtype == np.int64
    assert (counts / counts).value.dtype == np.float32 == np.exp(counts).value.dtype
    assert (counts * 0.5).value.dtype == np.float32
    assert (counts**2).value.dtype == np.int64
    assert Array([1, 2]).requires_grad is False
    (x * counts).sum().backward()
    assert_array_equal(x.grad.value, [1, 2])


def test_wide_beside_narrow() -> None:
    narrow, wide = Single([1.0, 2.0]).requires_grad_(), Array([3.0, 4.0])
    for found in (narrow * np.array([3.0, 4.0]), np.multiply(narrow, np.array([3.0, 4.0]))):
        assert found.value.dtype == np.float64
        found.sum().backward()
    assert_array_equal(narrow.grad.value, [6, 8])
    assert narrow.grad.value.dtype == np.float32
    assert np.add(Single([1.0]), np.array([1.0])).value.dtype == np.float64 == (Single([1.0]) + wide[:1]).value.dtype


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda x: x + Array([1.0, 2.0, 3.0]), r"add of arrays of shape \(2,\) and \(3,\) cannot be computed"),
        (lambda x: x @ Array([[1.0, 2.0]]), r"matmul of arrays of shape .* and \(1, 2\) cannot be computed"),
        (lambda x: x[5], r"index of arrays of shape \(2,\) cannot be computed: index 5 is out of bounds"),
        (lambda x: x[[0, 7]], r"take of arrays of shape \(2,\).* index 7 is out of bounds"),
        (lambda x: x.detach()[[0, 7]], r"indexing of arrays of shape \(2,\).* index 7 is out of bounds"),
        (lambda x: x["a"], "only integers, slices"),
        (lambda x: x[[0.5]], "integer"),
        (lambda x: x.reshape(3), r"reshape to 3 of arrays of shape \(2,\)"),
        (lambda x: x < Array([1.0, 2.0, 3.0]), "comparison of arrays"),
        (lambda x: x + np.array([1j, 2]), "complex128 cannot be computed with"),
        (lambda x: x + np.array(["a", "b"]), "cannot be computed"),
        (lambda x: x.sum(axis=3), "axis 3 is out of bounds"),
        (lambda x: np.concatenate([x, x.reshape(2, 1)]), "concatenate"),
    ],
)
def test_sentences(call: Any, sentence: str) -> None:
    with pytest.raises(TapeError, match=sentence):
        call(Array([1.0, 2.0]).requires_grad_())


@pytest.mark.parametrize("call", [lambda x: x + None, lambda x: x * "a", lambda x: 1j + x, lambda x: x @ {}])
def test_what_is_no_number_is_pythons_business(call: Any) -> None:
    with pytest.raises(TypeError):
        call(Array([1.0, 2.0]))


@pytest.mark.parametrize("call", [lambda x: x @ 2, lambda x: x @ 0, lambda x: 2 @ x, lambda x: x @ Array(1.0)])
@pytest.mark.parametrize("tracked", [False, True])
def test_matrices_times_numbers_are_refused(call: Any, tracked: bool) -> None:
    with pytest.raises(TapeError, match="matmul"):
        call(Array([[1.0, 2.0]]).requires_grad_(tracked))


KEYS = [
    0, -1, slice(1, None), slice(None, None, -1), None, ..., (0, 1), (slice(None), 1), (..., None, 0), [0, 0, 2],
    np.array([[2, 1], [0, 0]]), np.array([True, False, True]), ([0, 2], [1, 1]), (slice(None), [1, 0, 1]), [], range(2),
    (np.array([[0], [2]]), np.array([0, 1])), np.ones((3, 2), bool), np.int64(1), [True, False, True], True,
    np.array(1), slice(2, 2), (None, [0, 1]),
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_indices_as_numpys(key: Any) -> None:
    values = np.arange(6.0).reshape(3, 2) + 1
    expected = values[list(key) if isinstance(key, range) else key]
    x = Array(values)
    assert_array_equal(x[key].value, expected)
    x.requires_grad_()
    with no_grad():
        assert not x[key].requires_grad
    weights = np.arange(expected.size).reshape(expected.shape) + 1.0
    for _ in range(2):
        x.grad = None
        found = x[key]
        assert_array_equal(found.value, expected)
        (found * weights).sum().backward()
        slope = np.zeros((3, 2))
        np.add.at(slope, list(key) if isinstance(key, range) else key, weights)
        assert_array_equal(x.grad.value, slope)


def test_index_that_is_an_array_of_ours() -> None:
    x, mask = Array([1.0, 2.0, 3.0]).requires_grad_(), Array([True, False, True])
    assert_array_equal(x[mask].value, [1, 3])
    assert_array_equal(x[Array([2, 0])].value, [3, 1])
    assert_array_equal(x[x > 1.5].value, [2, 3])
    (x[Array([2, 2])] * x[mask]).sum().backward()
    assert_array_equal(x.grad.value, [3, 0, 1 + 2 * 3])


def test_assignment_where_nothing_is_recorded() -> None:
    x = Array([1.0, 2.0, 3.0])
    x[x > 1.5] = 0
    x[Array([0])] = Array([7.0])
    assert_array_equal(x.value, [7, 0, 0])
    with pytest.raises(TapeError, match=r"assignment of arrays of shape \(3,\)"):
        x[:2] = [1.0, 2.0, 3.0]
    w = Array([1.0]).requires_grad_()
    with pytest.raises(TapeError, match="Assigning into an array is not recorded"):
        x[:1] = w
    with pytest.raises(TapeError, match="Assigning into an array is not recorded"):
        w[0] = 2.0
    with no_grad():
        w[0] = 2.0
    assert w.value == 2


def test_in_place_keeps_the_type() -> None:
    x = Single([1.0, 2.0])
    before = x.value
    x += 0.5
    x -= np.array([1.0, 1.0])
    x *= Array([2.0, 2.0])
    x /= 2
    assert x.value is before and before.dtype == np.float32
    assert_array_equal(before, [0.5, 1.5])
    counts = Array([1, 2])
    counts += 1
    for wrong in (0.5, Array([0.5, 0.5]), Array([[1], [2]])):
        with pytest.raises(TapeError, match="add in place of arrays"):
            counts += wrong
    assert counts.value.tolist() == [2, 3]


def test_perform_takes_what_apply_takes() -> None:
    x = Array([[1.0, 2.0]]).requires_grad_()
    assert_array_equal(perform("sum", (x,), {"axis": (1,)}).value, [3])
    assert_array_equal(apply("maximum", 1.5, x).value, [[1.5, 2]])
    assert apply("logsumexp", x, axis=(0, 1)).requires_grad


def test_empty_and_single() -> None:
    empty, single = Array(np.zeros((0, 3))).requires_grad_(), Array(2.0).requires_grad_()
    ((empty * single).sum() + (empty @ Array(np.ones((3, 2)))).sum() + single**3).backward()
    assert empty.grad.value.shape == (0, 3) and single.grad.value == 12
    assert type((single * single).value) is np.ndarray
