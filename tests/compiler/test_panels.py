"""How rows are cut."""

import pytest

from gradloop.compiler.loops import Gram, Inputs
from gradloop.compiler.panels import FEWEST, MOST, NUMBERS, PANEL, padded, rows_in_block, sums
from gradloop.core.graph import Graph, input_node
from gradloop.core.spec import FLOAT64, Spec


def products(numbers: int, columns: int) -> Gram:
    nodes = input_node("s", Spec((numbers,), FLOAT64)), input_node("a", Spec((columns,), FLOAT64))
    return Gram(Graph("gram", nodes, nodes), Inputs(nodes, ()))


@pytest.mark.parametrize(("numbers", "columns"), [(1, 2), (1, 100), (15, 21), (1, 500)])
def test_few_results_lie_side_by_side_whatever_the_rows(numbers: int, columns: int) -> None:
    for count in (1, 4096, 100_000, 10**8):
        rows = rows_in_block(products(numbers, columns), count)
        blocks = -(-count // rows)
        assert rows % PANEL == 0 and blocks <= MOST
        assert blocks * numbers * padded(columns) ** 2 <= max(NUMBERS, FEWEST * numbers * padded(columns) ** 2)
        assert sums(products(numbers, columns), count) == rows // PANEL + blocks
