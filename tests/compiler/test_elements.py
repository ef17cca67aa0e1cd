"""Entries as NumPy computes them, also of NaN, infinities and far arguments."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from formulas import FORMULAS, Formula
from gradloop.compiler.elements import LARGEST_PRODUCT_POWER
from gradloop.compiler.loops import Inputs, Map
from gradloop.compiler.program import Program
from gradloop.compiler.reference import ReferenceProgram
from gradloop.core.grad import gradient
from gradloop.core.graph import Graph
from gradloop.core.ops import apply
from gradloop.core.simplify import simplify
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import trace

TOLERANCE = {np.float64: 1e-13, np.float32: 1e-5}
SPECIAL = [np.nan, np.inf, -np.inf, 0.0, 1.0, -1.0, 2.5, -3.25, 1e30, -1e30, 1e-30, 88.0, -104.0]
ALONE = ("negative", "exp", "expm1", "log", "log1p", "sqrt", "abs", "sign", "floor", "arctan", "tanh", "logistic")
TOGETHER = ("add", "subtract", "multiply", "divide", "maximum", "minimum", "logaddexp", "less", "less_equal", "equal")


def both(graph: Graph, rows: list[np.ndarray], flat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    loop = Map(graph, Inputs(graph.inputs[: len(rows)], graph.inputs[len(rows) :]))
    return Program(loop).map(rows, flat), ReferenceProgram(loop).map(rows, flat)


def pairs(dtype: Any) -> list[np.ndarray]:
    a, b = np.meshgrid(SPECIAL, SPECIAL)
    return [a.ravel().astype(dtype), b.ravel().astype(dtype)]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_nan_infinity_and_far_numbers(dtype: Any) -> None:
    def everything(a: Any, b: Any, one: Any) -> Any:
        single = [apply(op, a) for op in ALONE]
        double = [apply(op, a, b) * one for op in TOGETHER]
        chosen = [np.where(a < b, a, b), np.where(a != b, b, a), np.clip(a, -2.0, b), np.where(~(a < b), one, 0.0)]
        return np.stack(single + double + chosen)

    specs = {name: Spec((), np.dtype(dtype)) for name in ("a", "b", "one")}
    found, expected = both(trace(everything, specs), pairs(dtype), np.ones(1, dtype))
    names = [*ALONE, *TOGETHER, "where <", "where !=", "clip", "where not"]
    for place, name in enumerate(names):
        assert_allclose(found[:, place], expected[:, place], rtol=TOLERANCE[dtype], atol=1e-300, err_msg=name)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_folds_of_nan_and_infinity(dtype: Any) -> None:
    def folds(x: Any, one: Any) -> Any:
        return np.stack([np.max(x), np.min(x), np.sum(x), apply("logsumexp", x, axis=(0,))]) * one

    rows = [np.array([[1, 2, 3, -1, 0, 5], [1, np.nan, 3, 9, 9, 9], [np.inf, 1, 2, 3, 4, 5], [-np.inf, 1, 2, 3, 4, 5],
                      [-np.inf] * 6, [np.inf] * 6, [np.nan] * 6, [np.inf, -np.inf, 0, 0, 0, 0], [80] * 6, [-1e4] * 6],
                     dtype)]  # fmt: skip
    specs = {"x": Spec((6,), np.dtype(dtype)), "one": Spec((), np.dtype(dtype))}
    found, expected = both(trace(folds, specs), rows, np.ones(1, dtype))
    assert_allclose(found, expected, rtol=TOLERANCE[dtype])


def test_powers_by_products_and_by_the_library() -> None:
    exponents = [*range(-LARGEST_PRODUCT_POWER - 2, LARGEST_PRODUCT_POWER + 3), 0.5, -0.5, 2.5]
    specs = {"a": Spec((), FLOAT64), "p": Spec((), FLOAT64)}

    def powers(a: Any, p: Any) -> Any:
        return np.stack([*(apply("power", a, float(e)) for e in exponents), a**p, 2.0**a])

    points = np.array([0.0, 1.0, -1.0, 0.3, -2.5, 7.0, 1e-3, np.inf, np.nan])
    found, expected = both(trace(powers, specs), [points], np.array([3.0]))
    assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: formula.name)
def test_textbook_formulas_stay_finite_in_machine_code(formula: Formula) -> None:
    graph = simplify(trace(formula.naive, {"z": Spec((), FLOAT64)}))
    parts = [graph.outputs[0]]
    for _ in range(2):
        graph = gradient(graph, ["z"])
        parts += graph.outputs
    points = np.array(formula.points)
    for order, part in enumerate(parts):
        loop = Map(Graph(formula.name, graph.inputs, (part,)), Inputs(graph.inputs, ()))
        found = Program(loop).map([points], np.zeros(0))
        rounding = 1e-15 if order == 2 else 1e-300
        assert_allclose(found, formula.expected(order), rtol=1e-11, atol=rounding)


def test_sines_of_ordinary_numbers() -> None:
    points = np.linspace(-20, 20, 101)
    graph = trace(lambda x: np.stack([np.sin(x), np.cos(x), np.tan(x)]), {"x": Spec((), FLOAT64)})
    found, _ = both(graph, [points], np.zeros(0))
    assert_allclose(found, np.stack([np.sin(points), np.cos(points), np.tan(points)], axis=1), rtol=1e-13)
