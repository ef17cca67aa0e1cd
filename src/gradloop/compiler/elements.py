"""One emitter for each operation: how one entry of its result is computed from entries of its inputs.

An emitter gets the values of its inputs at the same (broadcast) index and writes the instructions for one entry. The
operations that move, pick or sum entries need more than that and stand in `gradloop.compiler.lower`.
"""

from __future__ import annotations

from collections.abc import Callable

from gradloop.compiler.builder import Code
from gradloop.compiler.exponentials import exponential, exponential_minus_one, logarithm, logarithm_plus_one
from gradloop.compiler.kinds import Value, is_whole, known_number, number

LARGEST_PRODUCT_POWER = 8  # x ** 8 and below are written as products


def absolute(code: Code, x: Value) -> Value:
    if is_whole(x):
        return code.select(code.compare("<", x, number(x.type, 0)), code.ir.neg(x), x)
    return code.intrinsic("fabs", x)


def sign(code: Code, x: Value) -> Value:
    zero, one, minus = (number(x.type, value) for value in (0, 1, -1))
    negative_or_self = code.select(code.compare("<", x, zero), minus, x)  # keeps zero and NaN
    return code.select(code.compare(">", x, zero), one, negative_or_self)


def logistic(code: Code, x: Value) -> Value:
    """1 or exp(-|x|), over their sum: the same exponential as in the logaddexp beside it, so it is computed once."""
    one = number(x.type, 1.0)
    decay = exponential(code, code.fneg(code.intrinsic("fabs", x)))
    above = code.select(code.compare(">=", x, number(x.type, 0.0)), one, decay)
    return code.fdiv(above, code.fadd(one, decay))


def logaddexp(code: Code, a: Value, b: Value) -> Value:
    """The larger one plus log1p(exp(-distance)); equal infinities have no distance."""
    larger = code.intrinsic("maximum", a, b)
    distance = code.intrinsic("fabs", code.fsub(a, b))
    if known_number(a) is None:
        distance = code.select(code.compare("==", a, b), number(a.type, 0.0), distance)
    return code.fadd(larger, logarithm_plus_one(code, exponential(code, code.fneg(distance))))


def power(code: Code, base: Value, exponent: Value) -> Value:
    """Products for small whole exponents that are known, the library's pow otherwise."""
    known = known_number(exponent)
    if known is None or not is_product(known):
        return code.intrinsic("pow", base, exponent)
    result = number(base.type, 1.0)
    for bit in f"{abs(int(known)):b}":
        result = code.fmul(result, result)
        result = code.fmul(result, base) if bit == "1" else result
    return code.fdiv(number(base.type, 1.0), result) if known < 0 else result


def is_product(exponent: float) -> bool:
    """Whether a power is short enough to be written as a product."""
    return exponent == int(exponent) and abs(exponent) <= LARGEST_PRODUCT_POWER


def whole_or_real(whole: str, real: str) -> Callable[[Code, Value, Value], Value]:
    """Arithmetic in the type of its arguments."""

    def emit(code: Code, a: Value, b: Value) -> Value:
        if is_whole(a):
            return getattr(code.ir, whole)(a, b)
        return getattr(code, real)(a, b)

    return emit


def extreme(relation: str, name: str) -> Callable[[Code, Value, Value], Value]:
    """The larger or the smaller; NaN if either is NaN, as in NumPy."""

    def emit(code: Code, a: Value, b: Value) -> Value:
        if is_whole(a):
            return code.select(code.compare(relation, a, b), a, b)
        return code.intrinsic(name, a, b)

    return emit


def comparison(relation: str) -> Callable[[Code, Value, Value], Value]:
    return lambda code, a, b: code.compare(relation, a, b)


def negative(code: Code, x: Value) -> Value:
    return code.ir.neg(x) if is_whole(x) else code.fneg(x)


ELEMENTS: dict[str, Callable[..., Value]] = {
    "negative": negative,
    "exp": exponential,
    "expm1": exponential_minus_one,
    "log": logarithm,
    "log1p": logarithm_plus_one,
    "sqrt": lambda code, x: code.intrinsic("sqrt", x),
    "abs": absolute,
    "sign": sign,
    "floor": lambda code, x: code.intrinsic("floor", x),
    "sin": lambda code, x: code.intrinsic("sin", x),
    "cos": lambda code, x: code.intrinsic("cos", x),
    "arctan": lambda code, x: code.library("atan", x),
    "tanh": lambda code, x: code.library("tanh", x),
    "logistic": logistic,
    "logical_not": lambda code, x: code.ir.xor(x, number(x.type, 1)),
    "add": whole_or_real("add", "fadd"),
    "subtract": whole_or_real("sub", "fsub"),
    "multiply": whole_or_real("mul", "fmul"),
    "divide": lambda code, a, b: code.fdiv(a, b),
    "power": power,
    "maximum": extreme(">", "maximum"),
    "minimum": extreme("<", "minimum"),
    "logaddexp": logaddexp,
    "less": comparison("<"),
    "less_equal": comparison("<="),
    "equal": comparison("=="),
    "logical_and": lambda code, a, b: code.ir.and_(a, b),
    "logical_or": lambda code, a, b: code.ir.or_(a, b),
    "where": lambda code, c, a, b: code.select(c, a, b),
}

# computed by many instructions, so that a vector of them is worth packing
COSTLY = {"exp", "expm1", "log", "log1p", "logistic", "logaddexp"}

# computed one number at a time, by a call
CALLS = {"sin", "cos", "arctan", "tanh", "power"}
