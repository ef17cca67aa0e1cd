"""Folds of an axis: any axes, any lengths, also where an entry does not change along the folded axis."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gradloop.compiler.loops import Inputs, Map
from gradloop.compiler.program import Program
from gradloop.compiler.reductions import REDUCTIONS, is_sum
from gradloop.core.ops import apply
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import trace

FOLDS: dict[str, Callable[[Any, Any], Any]] = {
    "sum": lambda x, axis: np.sum(x, axis=axis),
    "max": lambda x, axis: np.max(x, axis=axis),
    "min": lambda x, axis: np.min(x, axis=axis),
    "logsumexp": lambda x, axis: apply("logsumexp", x, axis=axis if isinstance(axis, tuple) else (axis,)),
}


def mapped(function: Callable[..., Any], *rows: np.ndarray) -> np.ndarray:
    specs = {f"a{i}": Spec(array.shape[1:], array.dtype) for i, array in enumerate(rows)}
    graph = trace(function, specs)
    return Program(Map(graph, Inputs(graph.inputs, ()))).map(rows, np.zeros(0))


@pytest.mark.parametrize("fold", FOLDS)
@pytest.mark.parametrize("shape", [(1,), (2,), (7,), (8,), (9,), (33,), (130,)])
def test_all_lengths(fold: str, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=(3, *shape))
    expected = [FOLDS[fold](row, (0,)) for row in x]
    assert_allclose(mapped(lambda row: FOLDS[fold](row, (0,)), x), expected, rtol=1e-13)


@pytest.mark.parametrize("fold", FOLDS)
@pytest.mark.parametrize("axis", [0, 1, 2, (0, 1), (1, 2), (0, 2), (0, 1, 2)])
def test_all_axes(fold: str, axis: Any) -> None:
    x = np.random.default_rng(1).normal(size=(2, 5, 3, 20))
    expected = [FOLDS[fold](row, axis) for row in x]
    assert_allclose(mapped(lambda row: FOLDS[fold](row, axis), x), expected, rtol=1e-12)


@pytest.mark.parametrize("length", [5, 8, 19, 40])
def test_what_does_not_change_along_the_axis_counts_every_time(length: int) -> None:
    s = np.array([1.5, -2.0])
    wide = {"shape": (length,)}
    assert_allclose(mapped(lambda s: np.sum(apply("broadcast", s, **wide)), s), length * s, rtol=1e-14)
    assert_allclose(mapped(lambda s: apply("broadcast", s, **wide) @ np.ones(length), s), length * s, rtol=1e-14)
    both = mapped(lambda s: np.sum(np.where(s > 0, apply("broadcast", s, **wide), 1.0)), s)
    assert_allclose(both, [length * 1.5, length], rtol=1e-14)


@pytest.mark.parametrize("inner", [1, 2, 5, 16, 17, 70])
@pytest.mark.parametrize("columns", [1, 3, 16, 33])
def test_products(inner: int, columns: int) -> None:
    random = np.random.default_rng(2)
    a, b = random.normal(size=(3, 4, inner)), random.normal(size=(3, inner, columns))
    assert_allclose(mapped(lambda a, b: a @ b, a, b), a @ b, rtol=1e-12, atol=1e-13)
    assert_allclose(
        mapped(lambda a, b: a @ b.T, a, np.ascontiguousarray(b.swapaxes(1, 2))), a @ b, rtol=1e-12, atol=1e-13
    )


def test_what_needs_a_loop() -> None:
    specs = {"a": Spec((3, 1), FLOAT64), "b": Spec((1, 4), FLOAT64), "c": Spec((4, 2), FLOAT64)}
    outer, product = trace(lambda a, b, c: (a @ b, b @ c), specs).outputs[:2]
    assert not is_sum(outer)
    assert is_sum(product.inputs[0] if product.op == "reshape" else product)
    assert set(REDUCTIONS) == {"sum", "max", "logsumexp", "matmul"}
