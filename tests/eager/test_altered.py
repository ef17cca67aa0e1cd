"""Numbers altered after the tape noted them: noticed if the derivative needs them, and called by their name."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gradloop.eager import Array, no_grad, record
from gradloop.eager import kept as kept_walks
from gradloop.eager.altered import name_of, needed
from gradloop.eager.base import memory_of
from gradloop.errors import TapeError


def leaf(*values: float) -> Any:
    return Array(list(values)).requires_grad_()


@pytest.fixture(params=["written", "numbers", "recorded"])
def back(request: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """backward() by each of the roads."""
    monkeypatch.setattr(kept_walks, "_kept", {})
    if request.param == "numbers":
        monkeypatch.setattr(kept_walks, "LONGEST_WRITTEN", -1)
    return lambda loss: loss.sum().backward(create_graph=request.param == "recorded")


def test_parameter_altered_between_use_and_walk(back: Any) -> None:
    weight = leaf(1.0, 2.0)
    loss = weight * weight
    with no_grad():
        weight -= 0.1
    with pytest.raises(TapeError, match=r"^weight, input 1 of the recorded operation multiply, of shape \(2,\), was"):
        back(loss)


def test_what_the_derivative_does_not_need_may_change(back: Any) -> None:
    w, x = leaf(1.0, 2.0), Array([3.0, 4.0])
    loss = (w + 1) * x
    with no_grad():
        w -= 0.1
    back(loss)
    assert_array_equal(w.grad.value, [3, 4])


def test_other_factor_altered(back: Any) -> None:
    w, x = leaf(1.0, 2.0), Array([3.0, 4.0])
    loss = w * x
    x[0] = 9.0
    with pytest.raises(TapeError, match="^x, input 2 of the recorded operation multiply"):
        back(loss)


def test_result_altered(back: Any) -> None:
    w = leaf(1.0, 2.0)
    growth = np.exp(w)
    with no_grad():
        growth *= 2
    with pytest.raises(TapeError, match="^(growth|loss), the result of the recorded operation exp"):
        back(growth)


@pytest.mark.parametrize("view", [lambda w: w[1:], lambda w: w.reshape(2, 1), lambda w: w.T, lambda w: w.detach()])
@pytest.mark.parametrize("through_the_view", [True, False])
def test_views(view: Any, through_the_view: bool, back: Any) -> None:
    """Altering an array alters its views, and the other way round."""
    w, x = leaf(1.0, 2.0), Array([3.0, 4.0])
    part = view(x)
    loss = w * x if through_the_view else w[0] * part
    with no_grad():
        if through_the_view:
            part += 1.0
        else:
            x += 1.0
    with pytest.raises(TapeError, match="altered in place"):
        back(loss)


def test_alteration_before_the_use_is_no_matter(back: Any) -> None:
    w = leaf(1.0, 2.0)
    with no_grad():
        w += 1.0
    back(w * w)
    assert_array_equal(w.grad.value, [4, 6])


@pytest.mark.parametrize(
    "alter",
    [
        lambda x: x.__setitem__(0, 5.0),
        lambda x: x.zero_(),
        lambda x: np.add(x, 1.0, out=x),
        lambda x: np.add.at(x, [0, 0], 1.0),
        lambda x: np.copyto(x, np.zeros(2)),
        lambda x: np.fill_diagonal(x.reshape(1, 2), 3.0),
        lambda x: x.__itruediv__(2),
    ],
)
def test_every_way_to_alter_is_noticed(alter: Any) -> None:
    w, x = leaf(1.0, 2.0), Array([3.0, 4.0])
    loss = (w * x).sum()
    with no_grad():
        alter(x)
    with pytest.raises(TapeError, match="altered in place"):
        loss.backward()


def test_numbers_cannot_be_altered_behind_the_tape() -> None:
    x = Array([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(x)[0] = 3.0
    np.array(x)[0] = 3.0
    assert_array_equal(x.value, [1, 2])


def test_the_callers_own_array_may_change() -> None:
    w, data, labels = leaf(1.0, 2.0), np.array([3.0, 4.0]), np.array([1, 1])
    loss = (w * data).sum() + w[labels].sum()
    data[:], labels[:] = 0.0, 0
    loss.backward()
    assert_array_equal(w.grad.value, [3, 6])


def test_gradient_used_as_a_number_and_overwritten_by_the_next_walk() -> None:
    w = leaf(1.0, 2.0)
    (w * w).sum().backward()
    second = (w * w.grad).sum()
    (w * w).sum().backward()
    with pytest.raises(TapeError, match="altered in place"):
        second.backward()


def test_altered_under_a_recorded_walk() -> None:
    """The tape of first derivatives notices as well."""
    x = leaf(2.0)
    (x**3).sum().backward(create_graph=True)
    slope = x.grad
    with no_grad():
        x += 1.0
    with pytest.raises(TapeError, match="altered in place"):
        slope.sum().backward()


# ---- changes in place that are recorded -----------------------------------------------------------------------


def test_recorded_changes_are_followed(back: Any) -> None:
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    z = x * 1.0
    same = z
    z += y
    z *= y
    z -= x
    z /= 2
    assert same is z
    assert_array_equal(z.value, ((x.value + y.value) * y.value - x.value) / 2)
    back(z)
    assert_array_equal(x.grad.value, (y.value - 1) / 2)
    assert_array_equal(y.grad.value, (x.value + 2 * y.value) / 2)


def test_array_times_itself_in_place(back: Any) -> None:
    x = leaf(3.0)
    z = x * 1.0
    z *= z
    back(z)
    assert_array_equal(x.grad.value, [6])


def test_array_changed_by_a_view_of_itself(back: Any) -> None:
    x = leaf(3.0, 5.0)
    z = x * 1.0
    z *= z[:1]
    assert_array_equal(z.value, [9, 15])
    back(z)
    assert_array_equal(x.grad.value, [6 + 5, 3])


def test_constant_becomes_tracked() -> None:
    x, z = leaf(3.0), Array([1.0])
    z += x
    z.sum().backward()
    assert_array_equal(x.grad.value, [1])


def test_parameter_is_not_changed_while_recording() -> None:
    w = leaf(1.0, 2.0)
    views = [w, w[:1], w.reshape(2, 1), w.reshape(2, 1)[0]]
    for x in views:
        with pytest.raises(TapeError, match=r"A parameter is changed in place .* inside `with no_grad\(\):`"):
            x -= 0.1
        with pytest.raises(TapeError, match="A parameter is changed in place"):
            x.zero_()
    with no_grad():
        w -= 1.0
    assert_array_equal(w.value, [0, 1])


def test_old_view_of_what_was_rewritten() -> None:
    x = leaf(3.0, 5.0)
    z = x * 1.0
    part = z[:1]
    z *= x
    with pytest.raises(TapeError, match=r"index used|multiply used .* \((z|part)\) .* make the view again"):
        (part * 2).sum().backward()
    (z[:1] * 2).sum().backward()
    assert_array_equal(x.grad.value, [12, 0])


def test_view_of_a_constant_is_not_rewritten() -> None:
    x, z = leaf(3.0), Array([1.0, 2.0])
    part = z[:1]
    with pytest.raises(TapeError, match="shares its memory with another"):
        part += x
    with pytest.raises(TapeError, match="shares its memory with another"):
        z += x


def test_what_does_not_fit_in_place() -> None:
    x = leaf(3.0, 4.0)
    with pytest.raises(TapeError, match=r"shape \(2,\) do not fit in an array of shape \(1,\)"):
        y = x[:1] * 1.0
        y += x
    with pytest.raises(TapeError, match="float64 do not fit in an array of int64"):
        counts = Array([1, 2])
        counts += x
    half = Array(np.ones(2, np.float32))
    half += x
    half.sum().backward()
    assert half.value.dtype == np.float32 and x.grad.value.dtype == np.float64


def test_zeroing_what_was_computed_forgets_its_past() -> None:
    x = leaf(3.0)
    (x**3).sum().backward(create_graph=True)
    x.grad.zero_()
    assert x.grad.node is None and x.grad.value == 0


# ---- the pieces -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda w: w * 2.0, set()),
        (lambda w: w * w, {0, 1}),
        (lambda w: w * Array([2.0]), {1}),
        (lambda w: np.exp(w), {-1}),
        (lambda w: np.sin(w), {0}),
        (lambda w: w / Array([2.0]), {1}),
        (lambda w: 1.0 / w, {-1, 1}),
        (lambda w: w + w, set()),
        (lambda w: w[[0, 0]], {1}),
        (lambda w: w.sum(), set()),
    ],
)
def test_what_a_derivative_needs(function: Any, expected: set[int]) -> None:
    step = function(leaf(1.5)).node
    assert {place for place in needed(step) if place < 0 or not isinstance(step.inputs[place], float)} == expected


def test_names_are_those_of_the_program() -> None:
    nobody, somebody = memory_of(Array([1.0])), Array([2.0])
    assert name_of(nobody) is None
    assert name_of(memory_of(somebody)) == "somebody"


def test_retained_tape_is_checked_at_each_walk() -> None:
    w = leaf(1.0)
    with record():
        loss = (w * w).sum()
    loss.backward(retain_graph=True)
    loss.backward(retain_graph=True)
    assert_array_equal(w.grad.value, [4])
    with no_grad():
        w += 1
    with pytest.raises(TapeError, match="altered"):
        loss.backward()
