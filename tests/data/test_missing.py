"""Rows that are left out, and sentences about cells without a value."""

import numpy as np
import pytest

from gradloop.data.missing import LeftOut, Rules, complaint, missing_cells, refuse_missing
from gradloop.data.table import Table
from gradloop.errors import DataError, OptionError


def table(**columns):
    return Table.from_columns(columns, "houses.csv")


HOLES = {"x": [1, None, 3, None, 5], "town": ["a", "b", "", "b", "c"], "y": [None, 2, 3, 4, 5]}


def test_rows_without_target_or_features():
    left_out = LeftOut()
    assert left_out.choose(table(**HOLES), "y", []).tolist() == [1, 2, 3, 4]
    assert left_out.notes("y") == ("1 of 5 rows was left out because the target 'y' is missing.",)
    left_out = LeftOut()
    assert left_out.choose(table(**HOLES), "y", ["x", "town"]).tolist() == [4]
    assert left_out.notes("y") == (
        "1 of 5 rows was left out because the target 'y' is missing.",
        "3 of 5 rows were left out because of missing values: 2 in 'x' and 1 in 'town'.",
    )
    whole = LeftOut()
    assert whole.choose(table(x=[1, 2], y=[1, 2]), "y", ["x"]) is None and whole.notes("y") == ()


def test_counts_add_up_over_batches():
    left_out = LeftOut()
    for rows in ([0, 1], [2, 3, 4]):
        left_out.choose(table(**HOLES).select(np.array(rows)), "y", ["x", "town"])
    assert (left_out.rows, left_out.unlabelled, left_out.incomplete) == (5, 1, 3)
    assert left_out.lacking == {"x": 2, "town": 1}
    left_out.check("houses.csv", "y")


def test_no_row_left():
    nothing = LeftOut()
    nothing.choose(table(x=[1, 2], y=[None, None]), "y", ["x"])
    with pytest.raises(DataError, match=r"houses.csv: the target 'y' has no value in any of 2 rows; choose another"):
        nothing.check("houses.csv", "y")
    torn = LeftOut()
    torn.choose(table(x=[1, None], z=[None, 2], y=[None, 1]), "y", ["x", "z"])
    with pytest.raises(DataError, match=r"no row has a value in every column \(missing: 1 in 'x'; of 2 rows\)"):
        torn.check("houses.csv", "y")


def test_missing_cells_are_refused_with_counts_places_and_cures():
    found = missing_cells(table(**HOLES), ["x", "town", "z"])
    assert found == {"x": (2, "in row 1"), "town": (1, "in row 2")}
    cells = "column 'x' has no value in 2 rows (first in row 1) and column 'town' has no value in row 2; "
    cells += "fill in these cells, "
    assert (
        complaint(found, learned=False)
        == cells + 'leave such columns out, or choose missing="drop", "mean" or "indicator".'
    )
    assert "fill in this cell, leave" in complaint({"x": (1, "in row 7")}, learned=False)
    with pytest.raises(DataError) as told:
        refuse_missing("houses.csv", found)
    cure = 'give rows that have them, or train the model with missing="mean" or "indicator".'
    assert str(told.value) == f"houses.csv: {cells}{cure}"
    refuse_missing("houses.csv", {})


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"missing": "median"}, "missing is 'median', but it must be one of error, drop, mean, indicator."),
        ({"unseen": None}, "unseen is None, but it must be one of error, other."),
        ({"max_levels": 1}, "max_levels is 1, but it must be a whole number from 2."),
        ({"max_levels": True}, "max_levels is True"),
        ({"max_levels": 2.5}, "max_levels is 2.5"),
    ],
)
def test_rules_that_are_none(rules, said):
    with pytest.raises(OptionError, match=said.replace(".", r"\.")):
        Rules(**rules).check()


def test_rules_that_are():
    Rules().check()
    Rules("mean", 2, "other").check()
