"""Arrays as a person meets them: made, printed, asked, copied."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gradloop.eager
from gradloop.eager import Array, no_grad
from gradloop.errors import TapeError


class Single(Array):
    """Arrays whose numbers have 32 bits unless something else is asked for."""

    __slots__ = ()
    real = np.dtype(np.float32)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [(1.5, "f4"), ([1, 2], "i8"), ([1, 2.5], "f4"), ([True], "?"), (np.ones(2), "f8"), (np.float64(2), "f8"),
     (np.ones(2, np.float16), "f2"), (range(3), "i8"), ([], "f4"), (np.ones(2, np.uint8), "u1")],
)  # fmt: skip
def test_numbers_without_a_width_take_the_kinds(values: Any, dtype: str) -> None:
    assert Single(values).value.dtype == np.dtype(dtype)
    assert Single(values, np.float64).value.dtype == np.float64


def test_made_of_a_copy() -> None:
    values = np.ones(2)
    x, y = Array(values), Array(Array(values))
    values[0] = 5
    assert_array_equal(x.value, [1, 1])
    assert_array_equal(Array([Array(1.0), Array(2.0)]).value, [1, 2])
    assert y.value.dtype == np.float64


@pytest.mark.parametrize("values", ["text", [1j], [None], [[1.0], [1.0, 2.0]], {"a": 1}, np.array(["2020"], "M8[D]")])
def test_what_is_no_array_of_numbers(values: Any) -> None:
    with pytest.raises(TapeError, match="cannot be computed with|cannot be made an array"):
        Array(values)


def test_what_is_known_of_it() -> None:
    x = Array([[1.0, 2.0, 3.0]])
    assert (x.shape, x.ndim, x.size, len(x), x.dtype) == ((1, 3), 2, 3, 1, np.float64)
    assert (repr(x), str(x), f"{x}", f"{Array(2.5):.2f}") == (
        "array([[1., 2., 3.]])", "[[1. 2. 3.]]", "[[1. 2. 3.]]", "2.50",
    )  # fmt: skip
    assert [row.value.tolist() for row in x] == x.tolist() == [[1, 2, 3]]
    assert x.T.value.shape == (3, 1) and x.T.transpose(1, 0).value.shape == (1, 3)


def test_single_number() -> None:
    x = Array([[2.5]])
    assert (x.item(), float(x), int(x), bool(x)) == (2.5, 2.5, 2, True)
    assert [10, 20][Array(1)] == 20
    with pytest.raises(TapeError, match=r"item\(\) is for one number, and this array has the shape \(2,\)"):
        float(Array([1.0, 2.0]))
    with pytest.raises(ValueError, match="ambiguous"):
        bool(Array([1.0, 2.0]))
    with pytest.raises(TypeError):
        len(Array(1.0))


def test_array_is_itself_as_a_key() -> None:
    x, y = Array([1.0]), Array([1.0])
    assert {x: 1, y: 2}[x] == 1


def test_logic() -> None:
    x = Array([1, 2, 3])
    assert_array_equal(((x > 1) & (x < 3)).value, [False, True, False])
    assert_array_equal(((x > 2) | [True, False, False]).value, [True, False, True])
    assert_array_equal((~(x > 1)).value, [True, False, False])
    assert_array_equal((True & (x > 1)).value, [False, True, True])
    assert 2 in x and 5 not in x


def test_marks() -> None:
    x = Array([1.0])
    assert not x.requires_grad and x.is_leaf and x.grad is None
    x.requires_grad = True
    assert x.requires_grad and x.is_leaf
    y = x * 2
    assert y.requires_grad and not y.is_leaf
    with pytest.raises(TapeError, match="computed from others that need gradients"):
        y.requires_grad_(False)
    assert y.requires_grad_() is y and not y.is_leaf
    assert not y.detach().requires_grad
    x.requires_grad_(False)
    assert not x.requires_grad
    with pytest.raises(TapeError, match="holds int64"):
        Array([1]).requires_grad_()


def test_copies_and_conversions_are_recorded() -> None:
    x = Array([1.0, 2.0]).requires_grad_()
    copied, single = x.copy(), x.astype(np.float32)
    assert single.value.dtype == np.float32 and not np.shares_memory(copied.value, x.value)
    (copied.sum() + (single * 2).sum()).backward()
    assert_array_equal(x.grad.value, [3, 3])
    assert not x.astype(int).requires_grad


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
@pytest.mark.parametrize("kind", [Array, Single])
def test_copied_and_pickled(again: Any, kind: Any) -> None:
    w, v, plain = kind([1.0, 2.0]).requires_grad_(), kind([1.0, 2.0]), kind([3, 4])
    v.attach_grad()
    ((w * w).sum() + (v * v).sum()).backward()
    for x in (w, v, plain):
        y = again(x)
        assert type(y) is kind and y.value.dtype == x.value.dtype and y.requires_grad == x.requires_grad
        assert_array_equal(y.value, x.value)
        assert not np.shares_memory(x.value, y.value)
        if x.grad is not None:
            assert_array_equal(y.grad.value, x.grad.value)
            (y * y).sum().backward()
            assert_array_equal(y.grad.value, [4, 8] if x is w else [2, 4])
            assert_array_equal(x.grad.value, [2, 4])
    with pytest.raises(TapeError, match=r"cannot be copied or pickled with its past: write x.detach\(\)"):
        again(w * 2)
    assert_array_equal(again((w * 2).detach()).value, [2, 4])


def test_two_names_for_one_array_stay_one_in_a_copy() -> None:
    w = Array([1.0]).requires_grad_()
    both = copy.deepcopy([w, w])
    assert both[0] is both[1] is not w


def test_zero_in_place() -> None:
    x = Array([1.0, 2.0])
    before = x.value
    assert x.zero_() is x and x.value is before and not before.any()
    w = Array([1.0]).requires_grad_()
    with no_grad():
        w.zero_()
    assert w.value == 0 and w.requires_grad


def test_public_names() -> None:
    assert gradloop.eager.__all__ == ["Array", "grad", "hessian", "no_grad", "record"]
