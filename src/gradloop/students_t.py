"""Student's t distribution; for few degrees of freedom without SciPy, whose import takes longer than a small fit.

    P(T > t) = ½ I(ν / (ν + t²); ν/2, ½)    with I the regularised incomplete beta function

Sources: Press, Teukolsky, Vetterling and Flannery, Numerical recipes, 3rd edition, section 6.4, for the continued
fraction; Tricomi and Erdélyi, The asymptotic expansion of a ratio of gamma functions, 1951.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

FEW = 10_000.0  # degrees of freedom; the fraction needs about the root of as many terms
MANY = 1e15  # beyond, SciPy sees no difference to infinitely many
LARGE = 128.0  # an argument for which a few terms of the ratio's expansion are exact
TINY = 1e-300
MOST_TERMS = 10_000
Array = Any


def tail(freedom: float, t: Array) -> Array:
    """The probability of more than t ≥ 0, for each of an array; NaN for NaN.

    >>> print(tail(1.0, np.array([0.0, 1.0])).round(12))  # 1 freedom: ½ − arctan(t) / π
    [0.5  0.25]
    """
    t = np.asarray(t, np.float64)
    if freedom > FEW:
        from scipy.special import stdtr

        return np.asarray(stdtr(min(freedom, MANY), -t))
    return np.array([one_tail(freedom, one) for one in t.ravel().tolist()]).reshape(t.shape)


@lru_cache(maxsize=256)
def quantile(freedom: float, share: float) -> float:
    """The t beyond which lies a share, at most a half, of the probability; infinite beyond float64.

    From zero on, each tangent comes nearer and never too far.

    >>> round(quantile(1.0, 0.25), 12)
    1.0
    """
    if freedom > FEW:
        from scipy.special import stdtrit

        return float(stdtrit(min(freedom, MANY), 1 - share))
    t = 0.0 if share > 0 else math.inf
    scale = gamma_ratio(freedom / 2) / math.sqrt(freedom * math.pi)
    while t < math.inf:
        density = scale * math.exp(-(freedom + 1) / 2 * math.log1p(t * t / freedom))
        step = (float(tail(freedom, t)) - share) / density
        if not step > 1e-15 * t:
            break
        t += step
    return t


def one_tail(freedom: float, t: float) -> float:
    """By the fraction for the smaller of the two parts: the tail, or what lies between −t and t."""
    if math.isnan(t):
        return t
    a, b = freedom / 2, 0.5
    squared = t * t / freedom
    outer = 1 / (1 + squared)
    inner = 1 - outer if squared > 1 else squared * outer  # they add up to one
    common = gamma_ratio(a) / math.sqrt(math.pi) * math.exp(-a * math.log1p(squared)) * math.sqrt(inner)
    if outer < (a + 1) / (a + b + 2):
        return common * fraction(a, b, outer) / a / 2
    return (1 - common * fraction(b, a, inner) / b) / 2


def fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    c, d = 1.0, 1 / not_zero(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d, c = 1 / not_zero(1 + term * d), not_zero(1 + term / c)
            found *= c * d
        if abs(c * d - 1) < 2e-16:
            break
    return found


def not_zero(x: float) -> float:
    return TINY if abs(x) < TINY else x


@lru_cache(maxsize=256)
def gamma_ratio(a: float) -> float:
    """Γ(a + ½) / Γ(a)."""
    found = 1.0
    while a < LARGE:
        found *= a / (a + 0.5)
        a += 1
    terms = 1 - 1 / (8 * a) + 1 / (128 * a**2) + 5 / (1024 * a**3) - 21 / (32768 * a**4) - 399 / (262144 * a**5)
    return found * math.sqrt(a) * terms
