import numpy as np
import pytest

import fits
from gradloop.data.preparation import Preparation
from gradloop.data.table import Table
from gradloop.models import Model, polynomial
from gradloop.stop import Stop


def coefficients(fit):
    """The printed table as label -> numbers."""
    block = str(fit.summary()).split("\n\n")[1].splitlines()
    return {line[:20].split("  ")[0]: [float(cell) for cell in line.split()[-1:]] for line in block[1:]}


def test_coefficients_are_in_the_units_of_the_file():
    assert coefficients(fits.houses()) == {"area": [3.0], "town=Ulm": [-100.0], "(intercept)": [100.0]}


def test_the_page_says_what_stopped_and_how_far_to_trust_it():
    page = str(fits.houses(notes=("Town is relative to Bonn.",), holdout={"R2": 0.5, "log_loss": 2.0}).summary())
    assert page.startswith("linear model of price, squared loss: 10 rows, 2 features, 2 epochs, seed 7\n")
    for words in (
        "loss at the end: 1",
        "on the rows held out: R2 0.5, log loss 2",
        Stop.FINISHED.value,
        "The gradient's norm at the end is 0.25.",
        "note: Town is relative to Bonn.",
        "epoch  loss  gradient_norm",
    ):
        assert words in page


def test_the_class_that_the_coefficients_speak_for_is_named():
    assert str(fits.passing().summary()).startswith("logistic model of passed = yes (not no), logistic loss")


def test_powers_and_classes_have_their_own_rows_and_columns():
    assert coefficients(fits.cubic()) == {"x": [1.0], "x^2": [2.0], "x^3": [3.0], "(intercept)": [1.0]}
    page = str(fits.three_classes().summary())
    assert "             0  1   2\nx0           1  0  -1\n(intercept)  0  0   0\n" in page


def test_powers_of_each_feature_stand_under_their_names():
    fit = fits.make(polynomial(2), params={"w": [[1.0, 2.0], [3.0, 4.0]], "b": 0.5}, feature_names=("u", "v"))
    assert coefficients(fit) == {"u": [1.0], "v": [2.0], "u^2": [3.0], "v^2": [4.0], "(intercept)": [0.5]}


def test_parameters_of_a_law_keep_their_names():
    law = Model("law", None, None, "squared", None)
    fit = fits.make(law, params={"r": 3.3, "c": [1.0, 2.0], "m": [[5.0]]}, feature_names=("x",))
    assert coefficients(fit) == {"r": [3.3], "c[0]": [1.0], "c[1]": [2.0], "m[0, 0]": [5.0]}


def test_a_w_that_is_not_one_weight_per_feature_is_numbered():
    law = Model("law", None, None, "squared", None)
    fit = fits.make(law, params={"w": [1.0, 2.0, 3.0]}, feature_names=("x",))
    assert list(coefficients(fit)) == ["w[0]", "w[1]", "w[2]"]


@pytest.mark.parametrize("features", [39, 40, 784])
def test_a_long_table_loses_its_middle_and_says_so(features):
    lines = str(fits.make(params={"w": np.arange(features * 1.0), "b": 0.0}).summary()).split("\n\n")[1].splitlines()
    if features == 39:
        assert len(lines) == 1 + 40
    else:
        assert len(lines) == 1 + 41 and lines[21] == f"... {features + 1 - 40} more"
    assert lines[-1].split() == ["(intercept)", "0"]


def test_many_classes_are_cut():
    page = str(fits.make("softmax", params={"w": np.ones((1, 30)), "b": np.ones(30)}).summary())
    assert max(map(len, page.split("\n\n")[1].splitlines())) < 60 and "..." in page


def test_names_from_a_file_cannot_command_the_terminal():
    table = Table.from_columns({"\x1b[2J[red]area": [1.0, 2.0], "price\r\x07": [1.0, 3.0]})
    preparation = Preparation.learn(table, "price\r\x07")
    fit = fits.make(params={"w": [1.0], "b": 0.0}, preparation=preparation, notes=("about \x1b]0;x\x07",))
    page = str(fit.summary())
    assert all(character.isprintable() or character == "\n" for character in page)
    assert r"\x1b[2J[red]area" in page and r"price\r\x07" in page


def test_a_fit_without_epochs_has_a_page_too():
    history = fits.History.from_rows([])
    assert "loss at the end" not in str(fits.make(history=history).summary())
    assert repr(fits.make().summary()) == str(fits.make().summary())
