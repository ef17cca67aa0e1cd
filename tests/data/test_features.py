"""One column as numbers: learned and applied."""

import numpy as np
import pytest

from gradloop.data.features import Feature, labels, learn_feature, spelled
from gradloop.data.table import Table
from gradloop.errors import DataError


def table(*values):
    return Table.from_columns({"x": list(values)})


@pytest.mark.parametrize(
    ("values", "feature", "numbers"),
    [
        ([1, 3], Feature("x", "number", 2.0, 1.0), [[-1], [1]]),
        ([False, True], Feature("x", "bool"), [[0], [1]]),
        (["b", "a"], Feature("x", "text", levels=("a", "b")), [[1], [0]]),
        (["b", "c", "a"], Feature("x", "text", levels=("a", "b", "c")), [[1, 0], [0, 1], [0, 0]]),
    ],
)
def test_each_kind(values, feature, numbers):
    learned, _ = learn_feature(table(*values), "x")
    assert learned == feature
    assert learned.encode(table(*values)).tolist() == numbers
    assert len(learned.names) == len(numbers[0])


@pytest.mark.parametrize("value", [5.5, True, "a"])
def test_a_constant_is_left_out_with_a_note(value):
    assert learn_feature(table(value, value), "x") == (
        None,
        f"Column 'x' is \"{value}\" in every row and was left out.",
    )


def test_labels_and_spellings():
    assert labels(["b", "a"], ("a", "b"), table("b", "a"), "x").tolist() == [1, 0]
    with pytest.raises(DataError, match="column 'x' holds \"c\" in row 1, which the model has not seen"):
        labels(["a", "c"], ("a", "b"), table("a", "c"), "x")
    assert spelled(np.array([True, False]), ("TRUE", "maybe")) == ["TRUE", "False"]
    assert spelled(np.array([1, 2]), ("1", "a")) == ["1", "2"]
