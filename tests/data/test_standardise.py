"""Centre and scale against exact rational arithmetic, at any magnitude."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradloop.data.standardise import Moments, center_and_scale, standardise


def exact(values):
    fractions = [Fraction(value) for value in values]
    mean = sum(fractions) / len(fractions)
    return mean, sum((value - mean) ** 2 for value in fractions) / len(fractions)


@given(
    st.lists(st.integers(-1000, 1000), min_size=2, max_size=20).filter(lambda v: len(set(v)) > 1),
    st.sampled_from([1.0, 1e-300, 1e300, 3e-150]),
    st.sampled_from([0.0, 1e9, -1e12]),
)
def test_mean_and_deviation_are_exact_to_rounding(integers, unit, offset):
    values = np.array([(offset / 1e3 + integer) * unit for integer in integers])
    if len(set(values)) < 2:
        return
    mean, variance = exact(values)
    center, scale = center_and_scale(values)
    spread = float(max(map(abs, values)))
    assert abs(Fraction(center) - mean) <= 4 * math.ulp(spread)
    assert abs(Fraction(scale) ** 2 / variance - 1) < 1e-6
    standard = standardise(values, center, scale)
    assert np.isfinite(standard).all() and abs(standard.std() - 1) < 1e-3


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=40),
    st.lists(st.integers(0, 40), max_size=4),
    st.sampled_from([1.0, 1e-300, 1e300]),
    st.sampled_from([0.0, 1e9, -1e12]),
)
def test_moments_do_not_depend_on_how_the_rows_are_cut(numbers, cuts, unit, offset):
    unit /= 1e13 if offset and unit > 1 else 1
    values = (np.array(numbers) + offset) * unit
    if np.ptp(values) < 1e-3 * unit:
        return
    whole = Moments.of(values)
    parts = Moments.sum([Moments.of(part) for part in np.split(values, sorted(cuts))])
    assert parts[:3] == whole[:3] == (len(values), values.min(), values.max())
    assert parts.scale == pytest.approx(whole.scale, rel=1e-14)
    assert parts.center == pytest.approx(whole.center, rel=1e-14, abs=1e-14 * whole.scale)
    mean, variance = exact(values)
    assert abs(Fraction(parts.scale) ** 2 / variance - 1) < 1e-13
    assert abs(Fraction(parts.center) - mean) <= 2 * math.ulp(float(mean)) + 1e-14 * parts.scale


def test_long_columns_are_added_up_in_blocks():
    values = 1e9 + np.random.default_rng(0).normal(size=200_000)
    mean, variance = exact(values)
    moments = Moments.of(values)
    assert moments.center == float(mean) and moments.scale == pytest.approx(float(variance) ** 0.5, rel=1e-13)


def test_nothing_and_something_are_something():
    some = Moments.of(np.array([1.0, 2.0]))
    assert Moments().combine(some) == some.combine(Moments()) == Moments.sum([Moments(), some]) == some
    assert Moments.of(np.zeros(3)).combine(Moments.of(np.array([1e-300, 3e-300]))).center == pytest.approx(8e-301)


@pytest.mark.fault(11)
def test_offset_of_a_billion_costs_no_digits():
    values = 1e9 + np.array([0.0, 0.25, 0.5, 0.75])
    center, scale = center_and_scale(values)
    assert center == 1e9 + 0.375 and scale == pytest.approx(np.sqrt(5) / 8, rel=1e-15)


@pytest.mark.parametrize("values", [[1.7e308, -1.7e308], [1e308] * 9 + [1e307], [5e-324, 0.0], [1e300, 1e-300]])
def test_the_ends_of_the_range(values):
    center, scale = center_and_scale(np.array(values))
    assert np.isfinite([center, scale]).all() and scale > 0
    assert np.isfinite(standardise(np.array(values), center, scale)).all()


def test_powers_of_two_change_no_digit():
    values = np.array([1.1, 2.7, 3.14])
    center, scale = center_and_scale(values)
    assert np.array_equal(standardise(values, center, scale), (values - center) / scale)


@pytest.mark.fault(12)
def test_small_integer_types_do_not_overflow():
    assert center_and_scale(np.array([100, -100], np.int8)) == (0.0, 100.0)
