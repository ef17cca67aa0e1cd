"""What operations need to know of an array."""

from typing import Any

import numpy as np
import pytest

from gradloop.eager import Array, no_grad
from gradloop.eager.base import arrays_in, changed, is_recorded, memory_of, raw, viewed, wrapped
from gradloop.eager.steps import last_change


def test_raw_looks_inside() -> None:
    x = Array([1.0])
    found: Any = raw(((x, [x, 3]), {"a": x}, np.float32(2), "text", range(2)))
    assert found[0][0] is x.value and found[0][1] == [x.value, 3] and found[1]["a"] is x.value
    assert type(found[2]) is float and found[3:] == ("text", range(2))


def test_arrays_in_the_order_in_which_they_stand() -> None:
    a, b, c = Array(1.0), Array(2.0), Array(3.0)
    assert arrays_in((a, [b, 1], {"x": (c,)})) == [a, b, c]
    assert arrays_in("abc") == arrays_in(None) == arrays_in(np.ones(2)) == []


def test_recorded_if_one_is_tracked_and_recording_is_on() -> None:
    x, y = Array(1.0).requires_grad_(), Array(2.0)
    assert is_recorded(y, 3, x) and not is_recorded(y, 3)
    with no_grad():
        assert not is_recorded(x)


def test_single_results_become_arrays() -> None:
    assert type(wrapped(Array, np.float32(3)).value) is np.ndarray
    assert wrapped(Array, np.float32(3)).value.dtype == np.float32


def test_change_is_dated() -> None:
    x, y = Array([1.0, 2.0]), Array([1.0])
    changed(x)
    assert memory_of(x).changed == last_change[0] > memory_of(y).changed == 0


@pytest.mark.parametrize(
    "view", [lambda x: x[1:], lambda x: x.reshape(3, 1), lambda x: x.detach(), lambda x: x[1:][:1]]
)
def test_views_share_their_memory(view: Any) -> None:
    x = Array([1.0, 2.0, 3.0])
    y = view(x)
    assert memory_of(x) is memory_of(y) and memory_of(x).shared
    assert np.shares_memory(x.value, y.value)


@pytest.mark.parametrize("copy", [lambda x: x + 0.0, lambda x: x[[0, 1]], lambda x: x.copy()])
def test_copies_do_not(copy: Any) -> None:
    x = Array([1.0, 2.0, 3.0])
    assert memory_of(x) is not memory_of(copy(x)) and not memory_of(x).shared


def test_view_of_memory_that_is_not_numpys() -> None:
    x = wrapped(Array, np.frombuffer(bytearray(8), np.float64))
    y = viewed(wrapped(Array, x.value[:]), x)
    assert memory_of(x) is memory_of(y)
