"""One emitter for each operation: how one entry of its result is computed from entries of its inputs.

An emitter gets the values of its inputs at the same (broadcast) index and writes the instructions for one entry. The
operations that move, pick or sum entries need more than that and stand in `gradloop.compiler.lower`.
"""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from gradloop.compiler.builder import I1, Code, Value

LARGEST_PRODUCT_POWER = 8  # x ** 8 and below are written as products


def absolute(code: Code, x: Value) -> Value:
    if isinstance(x.type, ir.IntType):
        return code.select(code.compare("<", x, x.type(0)), code.ir.neg(x), x)
    return code.intrinsic("fabs", x)


def sign(code: Code, x: Value) -> Value:
    zero, one, minus = (code_constant(x.type, value) for value in (0, 1, -1))
    negative_or_self = code.select(code.compare("<", x, zero), minus, x)  # keeps zero and NaN
    return code.select(code.compare(">", x, zero), one, negative_or_self)


def code_constant(kind: ir.Type, value: float) -> Value:
    return ir.Constant(kind, int(value) if isinstance(kind, ir.IntType) else float(value))


def logistic(code: Code, x: Value) -> Value:
    one = code.real(x.type, 1.0)
    return code.fdiv(one, code.fadd(one, code.intrinsic("exp", code.fneg(x))))


def logaddexp(code: Code, a: Value, b: Value) -> Value:
    """The larger one plus log1p(exp(-distance)); equal infinities have no distance."""
    larger = code.intrinsic("maximum", a, b)
    distance = code.intrinsic("fabs", code.fsub(a, b))
    distance = code.select(code.compare("==", a, b), code.real(a.type, 0.0), distance)
    return code.fadd(larger, code.library("log1p", code.intrinsic("exp", code.fneg(distance))))


def power(code: Code, base: Value, exponent: Value) -> Value:
    """Products for small whole exponents that are known, the library's pow otherwise."""
    known = exponent.constant if isinstance(exponent, ir.Constant) else None
    if known is None or known != int(known) or abs(known) > LARGEST_PRODUCT_POWER:
        return code.intrinsic("pow", base, exponent)
    result = code.real(base.type, 1.0)
    for bit in f"{abs(int(known)):b}":
        result = code.fmul(result, result)
        result = code.fmul(result, base) if bit == "1" else result
    return code.fdiv(code.real(base.type, 1.0), result) if known < 0 else result


def whole_or_real(whole: str, real: str) -> Callable[[Code, Value, Value], Value]:
    """Arithmetic in the type of its arguments."""

    def emit(code: Code, a: Value, b: Value) -> Value:
        if isinstance(a.type, ir.IntType):
            return getattr(code.ir, whole)(a, b)
        return getattr(code, real)(a, b)

    return emit


def extreme(relation: str, name: str) -> Callable[[Code, Value, Value], Value]:
    """The larger or the smaller; NaN if either is NaN, as in NumPy."""

    def emit(code: Code, a: Value, b: Value) -> Value:
        if isinstance(a.type, ir.IntType):
            return code.select(code.compare(relation, a, b), a, b)
        return code.intrinsic(name, a, b)

    return emit


def comparison(relation: str) -> Callable[[Code, Value, Value], Value]:
    return lambda code, a, b: code.compare(relation, a, b)


def negative(code: Code, x: Value) -> Value:
    return code.ir.neg(x) if isinstance(x.type, ir.IntType) else code.fneg(x)


ELEMENTS: dict[str, Callable[..., Value]] = {
    "negative": negative,
    "exp": lambda code, x: code.intrinsic("exp", x),
    "expm1": lambda code, x: code.library("expm1", x),
    "log": lambda code, x: code.intrinsic("log", x),
    "log1p": lambda code, x: code.library("log1p", x),
    "sqrt": lambda code, x: code.intrinsic("sqrt", x),
    "abs": absolute,
    "sign": sign,
    "floor": lambda code, x: code.intrinsic("floor", x),
    "sin": lambda code, x: code.intrinsic("sin", x),
    "cos": lambda code, x: code.intrinsic("cos", x),
    "tanh": lambda code, x: code.library("tanh", x),
    "logistic": logistic,
    "logical_not": lambda code, x: code.ir.xor(x, I1(1)),
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
