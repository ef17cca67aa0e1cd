"""Exponentials and logarithms without a call, so that a loop with one in it can still become vectors.

Each reduces its argument by a power of two, sums a Taylor series on what is left, and puts the power back. Results are
within 2.5 ulp of the true value; infinities, NaN, zeros and subnormal numbers are as they should be. These sums must
not be reordered: that would lose digits.

Source: the reductions are those of Tang, Table-driven implementation of the exponential function, 1989, without tables;
the logarithm's form, f − (f²/2 − s (f²/2 + R)) with s = f / (2 + f), which keeps the digits, is that of Sun's fdlibm.
"""

from __future__ import annotations

from math import factorial
from typing import NamedTuple

import numpy as np
from llvmlite import ir

from gradloop.compiler.builder import Code
from gradloop.compiler.kinds import I32, I64, Value, element_type, like, number


class Form(NamedTuple):
    """How a float is laid out, and how many terms its series need."""

    whole: ir.Type
    mantissa: int  # bits
    bias: int  # of the exponent
    limit: float  # beyond it e**x is infinite, below its negative zero
    terms: int  # of the series of e**r, |r| ≤ log(2) / 2
    log_2: float  # log(2) in so few bits that n times it is exact
    rest: float  # what that leaves of log(2)
    near: float  # below its negative e**x - 1 is -1, above it e**x, to rounding
    log_terms: int  # of the series of the logarithm of 1 + f, √½ ≤ 1 + f < √2
    smallest: float  # normal number

    @property
    def magic(self) -> float:
        """Adding it to a number leaves its whole part in the last bits."""
        return float(1.5 * 2.0**self.mantissa)

    @property
    def root_half(self) -> int:
        """The bits of √½."""
        kind = np.float32 if self.mantissa == 23 else np.float64
        return int(kind(np.sqrt(0.5)).view(np.int32 if self.mantissa == 23 else np.int64))


FORMS = {
    ir.FloatType(): Form(I32, 23, 127, 110.0, 7, 0.693359375, -2.12194440e-4, 20.0, 5, 2.0**-126),
    ir.DoubleType(): Form(
        I64, 52, 1023, 750.0, 13, 6.93147180369123816490e-1, 1.90821492927058770002e-10, 44.0, 11, 2.0**-1022
    ),
}


class Parts(NamedTuple):
    """x = n log(2) + r."""

    n: Value  # whole, as an integer
    r: Value
    form: Form


def with_product(code: Code, total: Value, a: Value, b: Value | float) -> Value:
    """total + a * b, in this order."""
    factor = number(a.type, b) if isinstance(b, float) else b
    return code.ir.fadd(total, code.ir.fmul(a, factor, flags=("contract",)), flags=("contract",))


def polynomial(code: Code, x: Value, coefficients: list[float]) -> Value:
    """c₀ + c₁ x + c₂ x² + …, the last first."""
    total = number(x.type, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total = with_product(code, number(x.type, coefficient), total, x)
    return total


def reduced(code: Code, x: Value) -> Parts:
    """The nearest multiple of log(2), and what is left; far away the argument is clamped, and NaN stays."""
    form = FORMS[element_type(x.type)]
    whole, limit = like(form.whole, x), number(x.type, form.limit)
    x = code.select(code.compare(">", x, limit), limit, x)
    x = code.select(code.compare("<", x, code.fneg(limit)), code.fneg(limit), x)
    magic = number(x.type, form.magic)
    shifted = code.ir.fadd(code.ir.fmul(x, number(x.type, 1 / np.log(2))), magic)
    n = code.ir.fsub(shifted, magic)
    r = with_product(code, with_product(code, x, n, -form.log_2), n, -form.rest)
    return Parts(code.ir.sub(code.ir.bitcast(shifted, whole), code.ir.bitcast(magic, whole)), r, form)


def power_of_two(code: Code, n: Value, kind: ir.Type, form: Form) -> Value:
    """2**n as a float, for exponents that have one."""
    bits = code.ir.shl(code.ir.add(n, number(n.type, form.bias)), number(n.type, form.mantissa))
    return code.ir.bitcast(bits, kind)


def scaled(code: Code, value: Value, n: Value, form: Form) -> Value:
    """value · 2**n, where 2**n alone may be too large or too small."""
    half = code.ir.ashr(n, number(n.type, 1))
    for part in (half, code.ir.sub(n, half)):
        value = code.ir.fmul(value, power_of_two(code, part, value.type, form))
    return value


def exponential(code: Code, x: Value) -> Value:
    """e**x = 2**n · e**r."""
    n, r, form = reduced(code, x)
    series = polynomial(code, r, [1 / factorial(power) for power in range(form.terms + 1)])
    return scaled(code, series, n, form)


def exponential_minus_one(code: Code, x: Value) -> Value:
    """e**x - 1 = 2**n (e**r - 1) + (2**n - 1), where the series of e**r - 1 has no 1 that would swallow its digits."""
    n, r, form = reduced(code, x)
    series = polynomial(code, r, [1 / factorial(power) for power in range(1, form.terms + 2)])
    less_one = code.ir.fmul(r, series)
    least, most = (number(n.type, sign * int(form.near / np.log(2) + 1)) for sign in (-1, 1))
    n_near = code.select(code.compare("<", n, least), least, code.select(code.compare(">", n, most), most, n))
    one, power = number(x.type, 1.0), power_of_two(code, n_near, x.type, form)
    near = with_product(code, code.ir.fsub(power, one), power, less_one)
    near = code.select(code.compare("==", n, number(n.type, 0)), less_one, near)
    far = scaled(code, code.ir.fadd(less_one, one), n, form)
    found = code.select(code.compare(">", x, number(x.type, form.near)), far, near)
    return code.select(code.compare("==", x, number(x.type, 0.0)), x, found)  # -0 stays -0


def logarithm(code: Code, x: Value) -> Value:
    """log(x) = n log(2) + log(1 + f)."""
    form = FORMS[element_type(x.type)]
    whole = like(form.whole, x)
    lift = form.mantissa + 2
    is_small = code.compare("<", x, number(x.type, form.smallest))
    lifted = code.select(is_small, code.ir.fmul(x, number(x.type, 2.0**lift)), x)
    bits = code.ir.bitcast(lifted, whole)
    n = code.ir.ashr(code.ir.sub(bits, number(whole, form.root_half)), number(whole, form.mantissa))
    f = code.ir.fsub(
        code.ir.bitcast(code.ir.sub(bits, code.ir.shl(n, number(whole, form.mantissa))), x.type), number(x.type, 1.0)
    )
    n = code.select(is_small, code.ir.sub(n, number(whole, lift)), n)
    magic = number(x.type, form.magic)
    times = code.ir.fsub(code.ir.bitcast(code.ir.add(n, code.ir.bitcast(magic, whole)), x.type), magic)
    found = near_one(code, f, times, form)
    zero, infinity = number(x.type, 0.0), number(x.type, float("inf"))
    found = code.select(code.compare("==", x, infinity), infinity, found)
    found = code.select(code.compare("==", x, zero), number(x.type, float("-inf")), found)
    return code.select(code.compare(">=", x, zero), found, number(x.type, float("nan")))


def near_one(code: Code, f: Value, n: Value, form: Form) -> Value:
    """n log(2) + log(1 + f), the small parts added first."""
    s = code.ir.fdiv(f, code.ir.fadd(f, number(f.type, 2.0)))
    z = code.ir.fmul(s, s)
    series = code.ir.fmul(z, polynomial(code, z, [2 / (2 * k + 1) for k in range(1, form.log_terms)]))
    half = code.ir.fmul(code.ir.fmul(f, f), number(f.type, 0.5))
    small = with_product(code, code.ir.fmul(s, code.ir.fadd(half, series)), n, form.rest)
    return with_product(code, code.ir.fsub(f, code.ir.fsub(half, small)), n, form.log_2)


def logarithm_plus_one(code: Code, x: Value) -> Value:
    """log(1 + x) = log(u) + e / u, u being 1 + x as rounded, and e what the rounding lost."""
    one, zero = number(x.type, 1.0), number(x.type, 0.0)
    u = code.ir.fadd(x, one)
    back = code.ir.fsub(u, one)
    lost = code.ir.fadd(code.ir.fsub(one, code.ir.fsub(u, back)), code.ir.fsub(x, back))
    is_plain = code.ir.and_(code.compare(">", u, zero), code.compare("<", u, number(x.type, float("inf"))))
    found = code.ir.fadd(logarithm(code, u), code.select(is_plain, code.ir.fdiv(lost, u), zero))
    return code.select(code.compare("==", u, one), x, found)
