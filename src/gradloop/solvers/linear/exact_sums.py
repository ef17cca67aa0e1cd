"""Sums and products whose rounding errors are kept: twice the digits of float64, on every processor.

A number is a pair (high, low) of arrays whose sum it is. The sum and the product of two float64 numbers are such pairs
exactly (Knuth, The Art of Computer Programming, volume 2, 4.2.2; Dekker, A floating-point technique for extending the
available precision, 1971). Only additions and multiplications in round-to-nearest are used: no long double, no fused
multiply-add. Products below 1e-290 or above 1e290 lose their errors, so scale by powers of two before.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

SPLITTER = 2.0**27 + 1  # cuts the 53 digits of a float64 into halves whose products are exact
Array = Any


class Pair(NamedTuple):
    """A number, or an array of them, with twice the digits: the sum of both parts."""

    high: Array
    low: Array

    @property
    def value(self) -> Array:
        return self.high + self.low


def two_sum(a: Array, b: Array) -> Pair:
    """The sum and its rounding error.

    >>> two_sum(1e16, 1.0)
    Pair(high=1e+16, low=1.0)
    """
    total = a + b
    part = total - a
    return Pair(total, (a - (total - part)) + (b - part))


def split(a: Array) -> Pair:
    """A number as two halves of 26 digits each."""
    big = SPLITTER * a
    high = big - (big - a)
    return Pair(high, a - high)


def two_product(a: Array, b: Array) -> Pair:
    """The product and its rounding error.

    >>> two_product(2.0**27 + 1, 2.0**27 + 1)
    Pair(high=1.801439877791744e+16, low=1.0)
    """
    product = a * b
    left, right = split(a), split(b)
    low = ((left.high * right.high - product) + left.high * right.low + left.low * right.high) + left.low * right.low
    return Pair(product, low)


def plus(a: Pair, b: Pair) -> Pair:
    """The sum of two pairs."""
    high, low = two_sum(a.high, b.high)
    return two_sum(high, low + (a.low + b.low))


def times(a: Pair, b: Array) -> Pair:
    """A pair times plain numbers."""
    high, low = two_product(a.high, b)
    return two_sum(high, low + a.low * b)


def minus(a: Pair, b: Pair) -> Pair:
    return plus(a, negative(b))


def negative(a: Pair) -> Pair:
    return Pair(-a.high, -a.low)


def pair(value: Array) -> Pair:
    """Plain numbers as pairs."""
    value = np.asarray(value, np.float64)
    return Pair(value, np.zeros_like(value))


def total(terms: Pair) -> Pair:
    """The sum along the last axis, halves added to halves; what rounding loses is added up beside it.

    Source: Ogita, Rump and Oishi, Accurate sum and dot product, 2005.

    >>> total(pair([1e16, 1.0, -1e16])).value.item()
    1.0
    """
    high, low = terms
    if high.shape[-1] == 0:
        return pair(np.zeros(high.shape[:-1]))
    while (size := high.shape[-1]) > 1:
        half, odd = size // 2, [high[..., size - 1 :], low[..., size - 1 :]]
        high, lost = two_sum(high[..., :half], high[..., half : 2 * half])
        low = low[..., :half] + low[..., half : 2 * half] + lost
        if size % 2:
            high, low = (np.concatenate(parts, axis=-1) for parts in zip((high, low), odd, strict=True))
    return two_sum(high[..., 0], low[..., 0])
