"""Single numbers that are kept as arrays."""

from typing import Any

import numpy as np
import pytest

from gradloop.eager import numbers
from gradloop.eager.numbers import always_array, number

FLOAT32, FLOAT64, INT64 = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int64)


@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64])
@pytest.mark.parametrize("x", [0.1, 2, -3.5, 1e-20, True])
def test_number_in_its_type(x: Any, dtype: Any) -> None:
    found = number(x, dtype)
    assert found.dtype is dtype and found == dtype.type(x) and not found.flags.writeable
    assert number(x, dtype) is found


@pytest.mark.parametrize("x", [0, 0.0, -0.0, float("nan"), float("inf"), 1e300, 10**400])
def test_numbers_that_are_left_as_they_are(x: Any) -> None:
    assert number(x, FLOAT32) is x
    assert x not in numbers._float32


def test_other_types_are_left_as_they_are() -> None:
    number(2, FLOAT64)
    assert number(2, INT64) == 2 and type(number(2, INT64)) is int
    assert type(number(2, np.dtype(np.float16))) is int


def test_few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "MOST_KEPT", 5)
    monkeypatch.setattr(numbers, "_float64", {})
    for i in range(1, 30):
        assert number(i, FLOAT64) == i
        assert len(numbers._float64) <= 5


def test_always_an_array() -> None:
    assert np.signbit(always_array(-0.0, FLOAT32)) and always_array(-0.0, FLOAT32).dtype == FLOAT32
    assert np.isnan(always_array(float("nan"), FLOAT64))
    assert always_array(0.1, FLOAT32) is number(0.1, FLOAT32)
