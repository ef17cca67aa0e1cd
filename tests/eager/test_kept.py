"""Walks that are kept: tapes share one only if they are of the same kind."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from gradloop.eager import Array, tape
from gradloop.eager import kept as kept_walks
from gradloop.eager.kept import FIXED, description
from gradloop.errors import TapeError

Draw = Callable[[Any], Any]
Line = tuple[str, int, Any]  # operation, place of the left input, place of the right one or a number


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_walks, "_kept", {})


def leaves(*values: Any) -> list[Any]:
    return [Array(value).requires_grad_() for value in values]


def test_a_walk_is_written_once_for_all_tapes_of_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the first tape: else the first run of a program would end in other last digits than the second."""
    calls = []
    write_out = kept_walks.write_out
    monkeypatch.setattr(kept_walks, "write_out", lambda *given: calls.append(given) or write_out(*given))
    for _ in range(4):
        (x,) = leaves([1.0, 2.0])
        (x * x).sum().backward()
        assert_array_equal(x.grad.value, [2, 4])
        assert len(calls) == len(kept_walks._kept) == 1


def test_long_tapes_are_not_kept() -> None:
    for _ in range(2):
        (x,) = leaves(1.0)
        y = x
        for _ in range(kept_walks.LONGEST_WRITTEN + 1):
            y = y + 1.0
        y.backward()
    assert not kept_walks._kept


def test_memory_for_walks_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_walks, "MOST_KEPT", 3)
    for size in range(1, 9):
        (x,) = leaves(np.ones(size))
        (x * x).sum().backward()
        assert len(kept_walks._kept) <= 3


PAIRS: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
    (lambda x, y: x * x, lambda x, y: x * y),
    (lambda x, y: (x * y) * (x * y), lambda x, y: (x * y) * 3),
    (lambda x, y: (z := x * y) * z, lambda x, y: (x * y) * 3),
    (lambda x, y: x * y + (z := x - y) * z, lambda x, y: x * y + (x - y) * 6),
    (lambda x, y: (x * y) + (x * y) * 3.0, lambda x, y: (x * y) + (x * y) * (x * y)),
    (lambda x, y: x * 2 + y, lambda x, y: x * 3 + y),
    (lambda x, y: x**2 * y, lambda x, y: x**3 * y),
    (lambda x, y: x * 0.5 + y, lambda x, y: x * 0.25 + y),
    (lambda x, y: x / -1 + y, lambda x, y: x / 1 + y),
    (lambda x, y: (x - y) * y, lambda x, y: (y - x) * y),
    (lambda x, y: x * y + y * x, lambda x, y: x * y + x * y * y),
    (lambda x, y: np.sin(x) * y, lambda x, y: np.cos(x) * y),
    (lambda x, y: x[:1] * y, lambda x, y: x[1:] * y),
    (lambda x, y: x[[0, 0]] * y, lambda x, y: x[[0, 1]] * y),
    (lambda x, y: x.reshape(2, 1) * y, lambda x, y: x.reshape(1, 2) * y),
    (lambda x, y: np.where([True, False], x, y), lambda x, y: np.where([False, True], x, y)),
    (lambda x, y: x * Array([2.0, 3.0]) + y, lambda x, y: x * Array([2.0]) + y),
    (lambda x, y: x * y.detach() + y, lambda x, y: x * y + y),
    (lambda x, y: x * y, lambda x, y: y * x),
    (lambda x, y: np.maximum(x, y), lambda x, y: np.maximum(y, 1.5) * x),
]


@pytest.mark.parametrize("pair", PAIRS)
def test_kinds_are_told_apart(pair: tuple[Any, Any]) -> None:
    """Both functions in turn, several times, so that either could meet the other's walk."""
    expected = []
    for function in pair:
        x, y = leaves([1.0, 2.0], [3.0, 5.0])
        function(x, y).sum().backward(create_graph=True)  # a walk that keeps nothing
        expected.append([0.0 if leaf.grad is None else leaf.grad.value for leaf in (x, y)])
    for _ in range(3):
        for function, wanted in zip(pair, expected, strict=True):
            x, y = leaves([1.0, 2.0], [3.0, 5.0])
            function(x, y).sum().backward()
            for leaf, slope in zip((x, y), wanted, strict=True):
                assert_allclose(0.0 if leaf.grad is None else leaf.grad.value, slope, rtol=1e-14)


@st.composite
def line_lists(draw: Draw) -> list[Line]:
    """Programs of a few lines over two leaves, from so few parts that many resemble each other."""
    lines: list[Line] = []
    for count in range(2, 2 + draw(st.integers(1, 4))):
        op = draw(st.sampled_from(["add", "multiply", "subtract", "power", "divide"]))
        right: Any = draw(st.sampled_from([*range(count)]))
        if draw(st.booleans()) or op == "power":
            right = draw(st.sampled_from([2.0, 3, 4, 1, 7, 0.5, 100, -1.0, 0, True]))
            right = ("number", right)
        lines.append((op, draw(st.sampled_from(range(count))), right))
    return lines


@st.composite
def programs_and_twins(draw: Draw) -> list[list[Line]]:
    """Programs, and each with one operand replaced by a small number, which might be taken for the operand's place."""
    lists = draw(st.lists(line_lists(), min_size=1, max_size=3))
    twins = []
    for lines in lists:
        place = draw(st.integers(0, len(lines) - 1))
        number = ("number", draw(st.integers(1, 8)))
        twins.append([*lines[:place], (*lines[place][:2], number), *lines[place + 1 :]])
    return [*lists, *twins]


def run(lines: list[Line], x: Any, y: Any) -> Any:
    meaning: dict[str, Any] = {
        "add": lambda a, b: a + b, "multiply": lambda a, b: a * b, "subtract": lambda a, b: a - b,
        "power": lambda a, b: a**b, "divide": lambda a, b: a / (b if not isinstance(b, int | float) else b + 20),
    }  # fmt: skip
    values = [x, y]
    for op, left, right in lines:
        values.append(meaning[op](values[left], right[1] if isinstance(right, tuple) else values[right]))
    return values[-1]


@settings(max_examples=400, derandomize=True, deadline=None, database=None)
@given(lists=programs_and_twins(), shapes=st.lists(st.sampled_from([(), (1,), (2,)])))
def test_programs_that_resemble_each_other(lists: list[list[Line]], shapes: list[tuple[int, ...]]) -> None:
    """Each program twice among the others: what is kept gives what a walk of its own gives."""
    kept_walks._kept.clear()
    for place, lines in enumerate([*lists, *lists, *lists]):
        shape = shapes[place % len(shapes)] if shapes else (2,)
        found = []
        for again in (False, True):
            x, y = leaves(np.full(shape, 1.1), np.array([1.3, 0.7]))
            with np.errstate(all="ignore"):
                tape.backward([run(lines, x, y).sum()], [None], again=again)
            found.append([None if leaf.grad is None else leaf.grad.value for leaf in (x, y)])
        for slope, wanted in zip(*found, strict=True):
            assert (slope is None) == (wanted is None)
            if slope is not None and np.all(np.isfinite(wanted)) and np.max(np.abs(wanted)) < 1e100:
                assert_allclose(slope, wanted, rtol=1e-10, atol=1e-300)


def test_leaves_as_heads_are_told_apart() -> None:
    x, y = leaves([1.0, 2.0], [[3.0]])
    for _ in range(3):
        assert tape.gradients([x], [x], [None])[0].shape == (2,)
        assert tape.gradients([x], [y], [None]) == [None]
        assert tape.gradients([y], [y], [None])[0].shape == (1, 1)


def test_wanted_are_told_apart() -> None:
    for _ in range(3):
        x, y = leaves(2.0, 3.0)
        z = x * y
        out = z * x
        assert [float(g) for g in tape.gradients([out], [x, y, z], [None], retain=True)] == [12, 4, 2]
        assert [float(g) for g in tape.gradients([out], [z], [None], retain=True)] == [2]
        assert [float(g) for g in tape.gradients([out], [y, x], [np.array(10.0)], retain=True)] == [40, 120]
        assert tape.gradients([z], [out, x], [None], retain=True)[0] is None


def test_signed_zeros_are_told_apart() -> None:
    with np.errstate(all="ignore"):
        for _ in range(3):
            for zero in (0.0, -0.0):
                (x,) = leaves(2.0)
                (x / zero).backward()
                assert float(x.grad) == np.copysign(np.inf, zero)


def test_types_are_told_apart() -> None:
    for _ in range(3):
        for dtype in (np.float32, np.float64):
            x = Array(np.array([1.0, 2.0], dtype)).requires_grad_()
            (x * 1.5 / 10).sum().backward()
            assert x.grad.value.dtype == dtype


def test_description_tells_shapes_and_types() -> None:
    keys = set()
    for value in (np.ones(2), np.ones(2, np.float32), np.ones((2, 1)), np.ones(1)):
        out = (Array(value).requires_grad_() * 2.5).sum()
        steps, wanted = tape.steps_behind([out])
        keys.add(description([out], [None], steps, wanted)[0])
    assert len(keys) == 4


@pytest.mark.parametrize(
    ("number", "fixed"),
    [(2, True), (-8, True), (1.0, True), (True, True), (0, False), (0.0, False), (9, False), (0.5, False),
     (float("nan"), False), (float("inf"), False), (10**400, False)],
)  # fmt: skip
def test_fixed_numbers(number: float, fixed: bool) -> None:
    assert (number in FIXED) is fixed


def test_description_has_a_value_for_every_place() -> None:
    x, y = leaves([1.0], [2.0])
    out = (x * y + 0.3).sum()
    steps, _ = tape.steps_behind([out])
    key, values = description([out], [None], steps, [x.node])
    assert [float(np.sum(value)) for value in values] == [2, 1, 2, 2.3, 2, 0.3, 2.3, 2.3]
    assert hash(key) is not None


def test_large_heads_leave_no_large_constants() -> None:
    for _ in range(2):
        x = Array(np.ones(5000))
        x.attach_grad()
        (x * x).backward()
    (kept,) = [kept for kept in kept_walks._kept.values() if kept]
    constants = [value for value in kept.function.__globals__.values() if isinstance(value, np.ndarray)]
    assert all(value.size == 1 for value in constants)
    assert_array_equal(x.grad.value, np.full(5000, 2.0))


def test_wrong_seed_is_refused_on_the_second_tape_too() -> None:
    for _ in range(3):
        (x,) = leaves([1.0, 2.0])
        with pytest.raises(TapeError, match="gradient to begin with"):
            (x * x).backward(np.ones(3))
