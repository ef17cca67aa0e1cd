import numpy as np
import pytest

import fits
import gradloop as gl
from gradloop.core.evaluate import evaluate
from gradloop.data.features import Feature
from gradloop.errors import OptionError
from gradloop.export.formula import formula_of


def value(formula, row):
    return evaluate(formula.graph, {"row": np.array(row)})[0]


def test_the_graph_takes_raw_features_and_no_parameters():
    formula = formula_of(fits.houses())
    assert [node.attributes["name"] for node in formula.graph.inputs] == ["row"]
    assert np.isclose(value(formula, [90.0, 0.0]), 370) and np.isclose(value(formula, [90.0, 1.0]), 270)
    assert (formula.answer, formula.target, formula.classes) == ("number", "price", ())


def test_classes_have_names_or_numbers():
    assert formula_of(fits.passing()).classes == ("no", "yes")
    assert formula_of(fits.three_classes()).classes == (0, 1, 2)
    assert formula_of(fits.make(loss="hinge")).threshold == 0.0
    assert formula_of(fits.passing()).threshold == 0.5


def test_the_rules_say_what_may_be_filled_in():
    strict, filled = formula_of(fits.houses()), formula_of(fits.incomplete())
    town = Feature("town", "text", levels=("Bonn", "Ulm"))
    assert not strict.fills(town) and strict.refuses_new(town)
    assert filled.fills(town) and not filled.refuses_new(town)
    assert not strict._replace(lenient=True).refuses_new(town) and strict._replace(lenient=True).fills(town)
    assert not strict.refuses_new(town._replace(pooled=True))


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_columns_of_extreme_size_do_not_overflow(size):
    data = {"x": np.array([1.0, 2.0, 3.0, 4.0]) * size, "y": [1.0, 2.0, 3.0, 4.0]}
    fit = gl.fit(data, target="y")
    assert np.isclose(value(formula_of(fit), [2.5 * size]), 2.5)


def test_several_numbers_for_a_row_are_refused():
    two = fits.make(lambda_of_two(), params={"w": [1.0, 2.0]}, loss=lambda y_hat, y: 0.0)
    with pytest.raises(OptionError, match="predicts 2 numbers for a row"):
        formula_of(two)


def lambda_of_two():
    def two(x, w):
        return x * w

    return fits.MODELS["linear"]._replace(name="two", predict=two)
