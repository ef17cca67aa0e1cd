"""Gram: sums of s a aᵀ against NumPy, whatever the rows, columns and numbers; exact where whole numbers are added."""

import os
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gradloop.compiler import gram
from gradloop.compiler.jit import assembly
from gradloop.compiler.loops import Gram, Inputs
from gradloop.compiler.panels import PANEL
from gradloop.compiler.program import Program, module_text
from gradloop.compiler.reference import ReferenceProgram
from gradloop.compiler.schedule import rows_are_vectors
from gradloop.core.graph import Graph, constant_node, input_node
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import Tracer


def products(numbers: int, columns: int, dtype: type = np.float64) -> Gram:
    nodes = input_node("s", Spec((numbers,), np.dtype(dtype))), input_node("a", Spec((columns,), np.dtype(dtype)))
    return Gram(Graph("gram", nodes, nodes), Inputs(nodes, ()))


def whole_numbers(rows: int, *shape: int, dtype: type = np.float64) -> np.ndarray:
    return np.random.default_rng(0).integers(-9, 10, (rows, *shape)).astype(dtype)


@pytest.mark.parametrize("rows", [0, 1, PANEL - 1, PANEL, PANEL + 1, 4096, 4097, 3 * 4096 + 5])
@pytest.mark.parametrize("columns", [1, 3, 8, 21])
def test_every_row_is_added_once(rows: int, columns: int) -> None:
    s, a = whole_numbers(rows, 2), whole_numbers(rows, columns)
    found = Program(products(2, columns)).gram((s, a), np.empty(0))
    assert_array_equal(found, np.einsum("nc,ni,nj->cij", s, a, a))


@pytest.mark.parametrize("columns", [*range(1, 7), *range(7, 50, 3), 64, 100])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_column_meets_every_other(columns: int, dtype: type) -> None:
    s, a = whole_numbers(100, 1, dtype=dtype), whole_numbers(100, columns, dtype=dtype)
    found = Program(products(1, columns, dtype)).gram((s, a), np.empty(0, dtype))
    assert found.dtype == np.float64
    assert_array_equal(found, np.einsum("nc,ni,nj->cij", s, a, a, dtype=np.float64))


@pytest.mark.parametrize("shape", [(4, 1), (8, 1), (8, 2), (8, 3)])
def test_tiles_of_other_processors_change_no_bit(shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    s, a = random.normal(size=(300, 3)), random.normal(size=(300, 43))
    expected = Program(products(3, 43)).gram((s, a), np.empty(0))
    monkeypatch.setattr(gram, "tile", lambda: shape)
    assert_array_equal(Program(products(3, 43)).gram((s, a), np.empty(0)), expected)
    assert_allclose(expected, np.einsum("nc,ni,nj->cij", s, a, a), rtol=1e-11, atol=1e-11)


def test_it_is_what_numpy_says_of_columns_that_are_computed() -> None:
    row, w = input_node("x", Spec((5,), FLOAT64)), input_node("w", Spec((5,), FLOAT64))
    score = np.dot(Tracer(row), Tracer(w))
    columns = np.concatenate([Tracer(row), np.exp(Tracer(row)), np.reshape(score, 1)])
    graph = Graph("gram", (row, w), (np.reshape(np.tanh(score) ** 2, 1).node, columns.node))
    loop = Gram(graph, Inputs((row,), (w,)))
    x, w_ = np.random.default_rng(0).normal(size=(500, 5)), np.arange(5.0) / 5
    found = Program(loop).gram((x,), w_)
    assert_allclose(found, ReferenceProgram(loop).gram((x,), w_), rtol=1e-12)
    a = np.column_stack([x, np.exp(x), x @ w_])
    assert_allclose(found[0], (a * np.tanh(x @ w_)[:, None] ** 2).T @ a, rtol=1e-12)


def test_a_number_that_is_one_is_not_multiplied() -> None:
    a = input_node("a", Spec((9,), FLOAT64))
    loop = Gram(Graph("gram", (a,), (constant_node(np.ones(1), FLOAT64), a)), Inputs((a,), ()))
    rows = whole_numbers(70, 9)
    assert_array_equal(Program(loop).gram((rows,), np.empty(0))[0], rows.T @ rows)


def test_what_is_not_finite_shows() -> None:
    a = np.ones((10, 3))
    a[4, 1] = np.nan
    found = Program(products(1, 3)).gram((np.ones((10, 1)), a), np.empty(0))[0]
    assert np.isnan(found[1]).all() and np.isnan(found[:, 1]).all()
    assert found[0, 2] == 10


def test_it_multiplies_in_vectors_and_calls_nothing_for_a_row() -> None:
    s, a = products(1, 40).inputs.rows
    graph = Graph("gram", (s, a), ((Tracer(s) * Tracer(s)).node, (Tracer(a) * Tracer(a)).node))
    text = assembly(module_text(Gram(graph, Inputs((s, a), ()))))
    assert set(re.findall(r"movabsq\s+\$(\w+)", text)) <= {"memset"}  # of a block's sums
    if os.uname().machine == "x86_64":
        assert len(re.findall(r"\bvfmadd\w*pd\b.*[zy]mm", text)) >= 4


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="names of registers")
def test_few_products_are_added_for_rows_side_by_side() -> None:
    """Numbers in vectors, of several rows, which are multiplied in their places; nothing is written for a row."""
    a = input_node("a", Spec((3,), FLOAT64))
    loop = Gram(Graph("gram", (a,), (constant_node(np.ones(1), FLOAT64), a)), Inputs((a,), ()))
    vectors = rows_are_vectors(loop)
    assert vectors and not rows_are_vectors(products(5, 3))
    assert len(re.findall(r"\bvfmadd\w*pd\b.*[zy]mm", assembly(module_text(loop), vectors))) >= 6
    assert Program(loop).gram((np.ones((9000, 3)),), np.empty(0)).tolist() == [[[9000.0] * 3] * 3]
