"""Exponentials and logarithms against NumPy's in extended precision, and at the edges against NumPy's own."""

from typing import Any

import numpy as np
import pytest

from gradloop.compiler.loops import Inputs, Map
from gradloop.compiler.program import Program
from gradloop.core.ops import apply
from gradloop.core.spec import Spec
from gradloop.core.trace import trace

FUNCTIONS = {"exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p}
MOST_ULP = 2.5
MANY = 40_000
EDGES = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    np.inf,
    -np.inf,
    np.nan,
    5e-324,
    -5e-324,
    1e-310,
    1e-40,
    709.7,
    710.0,
    88.7,
    89.0,
    -745.0,
]
EDGES += [
    -746.0,
    1.7e308,
    -1.7e308,
    3.4e38,
    -3.4e38,
    -2.0,
    44.0,
    -44.0,
    1e-300,
    np.nextafter(-1.0, 0),
    np.nextafter(1.0, 0),
]


def computed(op: str, x: np.ndarray, width: int) -> np.ndarray:
    """The operation on each number, as it is or as an entry of a vector."""
    shape = (width,) if width else ()
    specs = {"x": Spec(shape, x.dtype), "zero": Spec((), x.dtype)}
    graph = trace(lambda x, zero: apply(op, x) + zero * 0, specs)
    loop = Map(graph, Inputs(graph.inputs[:1], graph.inputs[1:]))
    return Program(loop).map((x.reshape(-1, *shape),), -np.zeros(1, x.dtype)).ravel()


def numbers(op: str, dtype: Any) -> np.ndarray:
    """Near the place where digits cancel, and as far as results are finite and normal."""
    random = np.random.default_rng(0)
    low, high = (-1022, 1023) if dtype == np.float64 else (-126, 127)
    sign = np.where(random.random(MANY) < 0.5, -1, 1)
    near = sign * 2.0 ** random.uniform(-20, -1, MANY)
    far = {
        "exp": random.uniform(low, high, MANY) * np.log(2) * 0.999,
        "expm1": random.uniform(-50, 80, MANY),
        "log": 2.0 ** random.uniform(low, high, MANY),
        "log1p": 2.0 ** random.uniform(-1, high, MANY),
    }[op]
    return np.concatenate([1 + near if op == "log" else near, far]).astype(dtype)


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 60, reason="no extended precision here")
@pytest.mark.parametrize("width", [0, 8])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("op", FUNCTIONS)
def test_digits(op: str, dtype: Any, width: int) -> None:
    x = numbers(op, dtype)
    exact = FUNCTIONS[op](x.astype(np.longdouble))
    error = np.abs(computed(op, x, width) - exact) / np.spacing(np.abs(exact).astype(dtype))
    worst = int(np.argmax(error))
    assert error[worst] < MOST_ULP, f"{op}({x[worst]!r}) is {float(error[worst]):.2f} ulp off"


@pytest.mark.parametrize("width", [0, 4])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("op", FUNCTIONS)
def test_edges(op: str, dtype: Any, width: int) -> None:
    with np.errstate(all="ignore"):
        x = np.array(EDGES).astype(dtype)
        expected = FUNCTIONS[op](x)
    found = computed(op, x, width)
    np.testing.assert_allclose(found, expected, rtol=1e-6 if dtype == np.float32 else 1e-14, atol=0)
    if op in ("expm1", "log1p"):
        assert np.signbit(found[EDGES.index(0.0) + 1])


def test_no_call_is_left() -> None:
    from gradloop.compiler.jit import assembly
    from gradloop.compiler.schedule import map_module

    for op in FUNCTIONS:
        graph = trace(lambda x, op=op: apply(op, x), {"x": Spec((), np.dtype(float))})
        assert "call" not in assembly(str(map_module(Map(graph, Inputs(graph.inputs, ())))))
