import numpy as np
import pytest

import exported
import fits
from gradloop.core.evaluate import evaluate
from gradloop.export.cells import cells_of, graph_of_cells
from gradloop.export.formula import formula_of


def test_what_is_read_of_each_column():
    cells = cells_of(formula_of(fits.incomplete()))
    assert [(cell.feature.name, cell.what) for cell in cells] == [
        ("area", "number"), ("area", "missing"), ("town", "level"), ("town", "missing"), ("sold", "number"),
        ("sold", "missing"),
    ]  # fmt: skip


@pytest.mark.parametrize("rules", ["strict", "lenient", "pooled"])
def test_a_place_among_the_levels_becomes_the_features(rules):
    fit, _ = exported.fitted("linear", rules)
    formula = formula_of(fit)
    cells = cells_of(formula)
    town = next(cell.feature for cell in cells if cell.feature.name == "town")
    graph = graph_of_cells(formula, cells)
    others = {cell.node.attributes["name"]: np.array(0) for cell in cells}
    name = next(cell.node.attributes["name"] for cell in cells if cell.feature is town)
    base = evaluate(graph, others)[0]
    start = fit.feature_names.index(town.names[0])
    slopes = fit.trained_params["w"][start : start + len(town.names)]
    for place in range(1, len(town.levels)):
        assert np.isclose(evaluate(graph, others | {name: np.array(place)})[0] - base, slopes[place - 1])
    shares = slopes @ np.array(town.fill) if rules == "lenient" else 0.0
    assert np.isclose(evaluate(graph, others | {name: np.array(-1)})[0] - base, shares)


def test_arrays_are_columns_of_numbers():
    assert [(cell.feature.name, cell.what) for cell in cells_of(formula_of(fits.make()))] == [
        ("x0", "number"),
        ("x1", "number"),
    ]
