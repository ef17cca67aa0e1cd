import ast
import math

import numpy as np
import pytest

from gradloop.core.ops import OPS
from gradloop.export.python_helpers import HELPERS

NUMBERS = [0.0, 5e-324, 1e-310, 0.3, 1.0, 1.5, 2.0, 710.0, 1e300, math.inf]
EDGES = [*NUMBERS, *(-x for x in NUMBERS), math.nan]
ONE = ["exp", "expm1", "log", "log1p", "sqrt", "sign", "floor", "sin", "cos", "logistic"]
TWO = ["divide", "power", "maximum", "minimum", "logaddexp"]


@pytest.fixture(scope="module")
def functions():
    names = {"math": math}
    for text in HELPERS.values():
        exec(text, names)
    return names


def compare(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=4e-16, atol=5e-324)
    if found == 0 or math.isinf(found):
        assert math.copysign(1, found) == math.copysign(1, wanted)


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize("x", EDGES)
def test_of_one_number_as_numpy_says(functions, name, x):
    if name in ("sin", "cos") and abs(x) > 1e15:
        assert math.isfinite(x) or math.isnan(functions[name](x))
        return
    with np.errstate(all="ignore"):
        compare(functions[name](x), float(OPS[name].meaning(np.float64(x))))


@pytest.mark.parametrize("name", TWO)
@pytest.mark.parametrize("a", EDGES)
def test_of_two_numbers_as_numpy_says(functions, name, a):
    for b in EDGES:
        with np.errstate(all="ignore"):
            wanted = float(OPS[name].meaning(np.float64(a), np.float64(b)))
        if name in ("maximum", "minimum") and a == b == 0:
            continue  # which of two zeros it is, NumPy leaves open
        compare(functions[name](a, b), wanted)


def test_each_calls_only_those_before_it():
    places = list(HELPERS)
    for place, text in enumerate(HELPERS.values()):
        calls = [node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
        called = {function.id for function in calls if isinstance(function, ast.Name)}
        assert called & set(HELPERS) <= set(places[:place])
