"""How rows are cut, and where sums lie."""

import numpy as np
import pytest

from gradloop.compiler.loops import Gram, Inputs
from gradloop.compiler.panels import FEWEST, MOST, NUMBERS, PANEL, is_narrow, room, rows_in_block, squares, sums
from gradloop.core.graph import Graph, input_node
from gradloop.core.spec import FLOAT64, Spec


def products(numbers: int, columns: int) -> Gram:
    nodes = input_node("s", Spec((numbers,), FLOAT64)), input_node("a", Spec((columns,), FLOAT64))
    return Gram(Graph("gram", nodes, nodes), Inputs(nodes, ()))


@pytest.mark.parametrize(("numbers", "columns"), [(1, 6), (1, 100), (15, 21), (1, 500)])
def test_few_results_lie_side_by_side_whatever_the_rows(numbers: int, columns: int) -> None:
    loop = products(numbers, columns)
    for count in (1, 4096, 100_000, 10**8):
        rows = rows_in_block(loop, count)
        blocks = -(-count // rows)
        assert rows % PANEL == 0 and blocks <= MOST
        assert blocks * room(loop) <= max(NUMBERS, FEWEST * room(loop))
        assert sums(loop, count) == rows // PANEL + blocks


@pytest.mark.parametrize(("numbers", "columns"), [(1, 1), (5, 2), (1, 5)])
def test_few_products_are_added_row_by_row(numbers: int, columns: int) -> None:
    loop = products(numbers, columns)
    assert is_narrow(loop) and not is_narrow(products(numbers + 10, columns + 1))
    for count in (1, 100_000, 10**8):
        assert sums(loop, count) == rows_in_block(loop, count) + -(-count // rows_in_block(loop, count))


@pytest.mark.parametrize(("numbers", "columns"), [(1, 1), (5, 2), (2, 3), (2, 9)])
def test_sums_become_squares(numbers: int, columns: int) -> None:
    loop = products(numbers, columns)
    found = squares(loop, np.arange(1.0, room(loop) + 1))
    assert found.shape == (numbers, columns, columns) and (found == found.transpose(0, 2, 1)).all()
    assert len(np.unique(found)) == numbers * columns * (columns + 1) // 2
