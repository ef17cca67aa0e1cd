"""Pairs against rational arithmetic: nothing may be lost."""

from fractions import Fraction

import numpy as np
import pytest

from gradloop.solvers.linear import exact_sums

random = np.random.default_rng(0)
NUMBERS = np.concatenate(
    [random.normal(size=200) * 10.0 ** random.integers(-20, 20, 200), [0.0, 1.0, -1.0, 1e-100, 1e100]]
)
OTHERS = np.roll(NUMBERS, 1)


def value(pair, i):
    return Fraction(float(pair.high[i])) + Fraction(float(pair.low[i]))


@pytest.mark.parametrize(
    ("function", "exact"), [(exact_sums.two_sum, lambda a, b: a + b), (exact_sums.two_product, lambda a, b: a * b)]
)
def test_nothing_is_lost(function, exact):
    found = function(NUMBERS, OTHERS)
    for i, (a, b) in enumerate(zip(NUMBERS, OTHERS, strict=True)):
        assert value(found, i) == exact(Fraction(float(a)), Fraction(float(b)))


def test_arithmetic_of_pairs_has_twice_the_digits():
    a, b = exact_sums.two_product(NUMBERS, OTHERS), exact_sums.two_sum(NUMBERS, OTHERS)
    for found, exact in [
        (exact_sums.plus(a, b), lambda i: value(a, i) + value(b, i)),
        (exact_sums.minus(a, b), lambda i: value(a, i) - value(b, i)),
        (exact_sums.times(a, OTHERS), lambda i: value(a, i) * Fraction(float(OTHERS[i]))),
    ]:
        for i in range(len(NUMBERS)):
            size = abs(exact(i)) or 1
            assert abs(value(found, i) - exact(i)) <= size * Fraction(2) ** -98


@pytest.mark.parametrize("size", [0, 1, 2, 7, 64, 205])
def test_total(size):
    terms = exact_sums.pair(np.stack([NUMBERS[:size], -2 * NUMBERS[:size]]))
    found = exact_sums.total(terms)
    exact = sum((Fraction(float(v)) for v in NUMBERS[:size]), Fraction(0))
    scale = sum((abs(Fraction(float(v))) for v in NUMBERS[:size]), Fraction(0))
    for i, factor in enumerate((1, -2)):
        assert abs(value(found, i) - factor * exact) <= 2 * scale * Fraction(2) ** -95
