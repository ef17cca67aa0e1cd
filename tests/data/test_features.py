"""One column as numbers: learned and applied."""

import re
from datetime import datetime, timedelta

import numpy as np
import pytest

from gradloop.data.columns import ColumnStatistics
from gradloop.data.features import (
    Feature,
    counting_note,
    labels,
    learn_feature,
    no_categories,
    spelled,
    text_notes,
    told_apart,
    too_many,
)
from gradloop.data.missing import Rules
from gradloop.data.table import Table
from gradloop.errors import DataError

DAY = datetime(2020, 3, 1, 12)


def table(*values):
    return Table.from_columns({"x": list(values)})


def seen(*values):
    whole = table(*values)
    found = ColumnStatistics()
    found.add(whole.columns["x"], whole.missing.get("x"), whole.place)
    return found


def learn(*values, **rules):
    return learn_feature("x", seen(*values), Rules(**rules))


@pytest.mark.parametrize(
    ("values", "feature", "numbers"),
    [
        ([1, 3], Feature("x", "number", 2.0, 1.0, fill=(2.0,)), [[-1], [1]]),
        ([False, True], Feature("x", "bool", fill=(0.5,)), [[0], [1]]),
        (["b", "a"], Feature("x", "text", levels=("a", "b"), fill=(0.5,)), [[1], [0]]),
        (["b", "c", "a"], Feature("x", "text", levels=("a", "b", "c"), fill=(1 / 3, 1 / 3)), [[1, 0], [0, 1], [0, 0]]),
        (
            [DAY, DAY + timedelta(days=2)],
            Feature("x", "date", 1.5, 1.0, origin="2020-03-01", fill=(1.5,)),
            [[-1], [1]],
        ),
    ],
)
def test_each_kind(values, feature, numbers):
    learned, _ = learn(*values)
    assert learned == feature
    assert learned.encode(table(*values)).tolist() == numbers
    assert len(learned.names) == len(numbers[0])


@pytest.mark.parametrize("value", [5.5, True, "a"])
def test_a_constant_is_left_out_with_a_note(value):
    assert learn(value, value) == (None, (f"Column 'x' is \"{value}\" in every row and was left out.",))
    alone = f"Column 'x' is \"{value}\" in every row that has a value: only that is used."
    learned, notes = learn(value, value, None, missing="indicator")
    assert learned.names == ("x is missing",) and notes == (alone,)
    assert learned.encode(table(value, None, value)).tolist() == [[0], [1], [0]]


def test_a_column_without_values_is_left_out_with_a_note():
    for method in ("mean", "indicator"):
        assert learn(None, None, missing=method) == (None, ("Column 'x' has no value in any row and was left out.",))


def test_days_are_counted_from_the_first():
    learned, notes = learn(DAY, DAY + timedelta(days=2))
    assert learned.names == ("x (days since 2020-03-01)",)
    assert notes == ("Column 'x' is dates: the number of days since 2020-03-01, the first of the training rows.",)
    earlier = learned._replace(center=0.0).encode(table(datetime(2020, 2, 28)))
    assert earlier.tolist() == [[-2]]
    for wrong, said in ((5, 'holds the number "5" in row 0, and the model learned it as dates'), ("x", "the text")):
        with pytest.raises(DataError, match=said):
            learned.encode(table(wrong))
    with pytest.raises(DataError, match='holds the date "2020-03-01.*learned it as numbers; give numbers'):
        learn(1, 2)[0].encode(table(DAY))


@pytest.mark.parametrize(
    ("values", "present", "mean"),
    [
        ([1, None, 3], [[-1], [1]], [0]),
        ([True, None, True, False], [[1], [1], [0]], [2 / 3]),
        (["b", "", "b", "a", "c"], [[1, 0], [1, 0], [0, 0], [0, 1]], [0.5, 0.25]),
        ([DAY, None, DAY + timedelta(days=2)], [[-1], [1]], [0]),
    ],
)
def test_the_mean_stands_for_a_missing_value_and_an_indicator_beside_it(values, present, mean):
    learned, _ = learn(*values, missing="mean")
    rows = learned.encode(table(*values))
    np.testing.assert_allclose(np.delete(rows, 1, axis=0), present, rtol=1e-15)
    np.testing.assert_allclose(rows[1], mean, rtol=1e-15, atol=1e-15)
    flagged, _ = learn(*values, missing="indicator")
    assert flagged.names == (*learned.names, "x is missing")
    assert len(flagged.names) == len(flagged.centers) == len(flagged.scales)
    own = np.zeros(2) if learned.kind == "text" else mean
    np.testing.assert_allclose(flagged.encode(table(*values))[1], [*own, 1], rtol=1e-15, atol=1e-15)
    assert not flagged.encode(table(*values))[[0, 2], -1].any()
    np.testing.assert_allclose(learned.encode(table(None, None)), [mean, mean], rtol=1e-15, atol=1e-15)
    assert (
        "is missing"
        not in learn(*(value for value in values if value not in (None, "")), missing="indicator")[0].names[-1]
    )


TOWNS = ["Ulm"] * 5 + ["Bonn"] * 4 + ["Kiel"] * 3 + ["Aue", "Aue", "Hof"]


def test_rare_levels_are_pooled():
    learned, _ = learn(*TOWNS, max_levels=3)
    assert learned.levels == ("Bonn", "Ulm", "other") and learned.pooled
    assert learned.fill == (5 / 15, 6 / 15)
    assert learned.encode(table("Ulm", "Bonn", "Hof", "Mars")).tolist() == [[1, 0], [0, 0], [0, 1], [0, 1]]
    relative, rare = text_notes([learned], {learned.name: seen(*TOWNS)})
    assert relative.endswith(f"one text: '{learned.name}' to \"Bonn\".")
    assert rare == f"Rare texts, and those not seen in training, are \"other\": 3 of '{learned.name}' (in 6 rows)."
    assert learn(*TOWNS, max_levels=5)[0].levels == ("Aue", "Bonn", "Hof", "Kiel", "Ulm")
    assert learn(*TOWNS)[0].pooled is False


def test_many_columns_of_text_are_two_sentences():
    columns = {f"column {place}": [*TOWNS, "x", f"town {place}"] for place in range(30)}
    used = [learn(*texts, max_levels=3)[0]._replace(name=name) for name, texts in columns.items()]
    notes = text_notes(used, {name: seen(*texts) for name, texts in columns.items()})
    assert len(notes) == 2 and all(f"'{name}'" in note for note in notes for name in columns)
    assert text_notes([learn(1.0, 2.0)[0]], {}) == []


def test_a_level_that_is_called_other_takes_the_rare_ones_in():
    learned, _ = learn(*TOWNS, "other", max_levels=3)
    assert learned.levels == ("Bonn", "Ulm", "other") and learned.fill == (5 / 16, 7 / 16)


def test_levels_of_equal_frequency_are_pooled_by_their_names():
    assert told_apart(seen("d", "c", "b", "a"), Rules(max_levels=3)) == ("a", "b", "other")


@pytest.mark.fault(17)
def test_unseen_levels():
    learned, _ = learn("a", "b", "b", "c")
    with pytest.raises(DataError, match='holds "d" in row 1, which the model has not seen.*unseen="other" takes'):
        learned.encode(table("a", "d"))
    assert learned.encode(table("a", "d"), "other").tolist() == [[0, 0], [0.5, 0.25]]
    assert learned.unseen(table("a", "d", None, "d")) == {"d": 2}
    assert learned.unseen(Table.from_columns({"y": [1]})) == {} and learn(1, 2)[0].unseen(table(5)) == {}


def test_what_is_no_category():
    names = [f"n{row}" for row in range(200)]
    scattered = [f"s{row % 150}" for row in range(600)]
    for columns, rules, said in [
        ({"x": ["a", "b" * 501]}, Rules(), "x. has 2 different texts of up to 501 characters in 2 rows, which is"),
        (
            {"x": names},
            Rules(max_levels=500),
            "'x' has 200 different texts in 200 rows, which is too many for categories",
        ),
        (
            {"x": scattered},
            Rules(),
            "leave it out, or say with max_levels how many to tell apart, the rarer ones being",
        ),
        (
            {"x": scattered, "z": scattered},
            Rules(),
            "and column 'z' has 150 different texts in 600 rows.*leave them out",
        ),
    ]:
        assert re.search(said, no_categories({name: seen(*values) for name, values in columns.items()}, rules))
    assert no_categories({"x": seen(*scattered), "y": seen(*range(200))}, Rules(max_levels=20)) is None
    assert too_many(51, 100) and not too_many(50, 60) and not too_many(51, 102)


def test_labels_and_spellings():
    assert labels(np.array(["b", "a"], object), ("a", "b"), table("b", "a"), "x").tolist() == [1, 0]
    with pytest.raises(DataError, match="column 'x' holds \"c\" in row 1, which the model has not seen"):
        labels(np.array(["a", "c"], object), ("a", "b"), table("a", "c"), "x")
    assert labels(np.array([1.0, 0.0]), (False, True), table(1.0, 0.0), "x").tolist() == [1, 0]
    assert labels(np.array([7, 2]), (2,), table(7, 2), "x", strict=False).tolist() == [-1, 0]
    assert spelled([True, False], ("TRUE", "maybe")) == ["TRUE", "False"]
    assert spelled([1, 2], ("1", "a")) == ["1", "2"]


def test_columns_that_count_rows_are_mentioned():
    assert counting_note("x", seen(*range(5, 15))) == (
        "Column 'x' only counts the rows; leave it out unless their order matters.",
    )
    for values in (range(9), [*range(10), 11], [*range(10), None], [0.5, *range(10)], [DAY] * 10):
        assert counting_note("x", seen(*values)) == ()


def test_text_for_numbers_is_explained():
    learned, _ = learn(1.0, 2.0)
    for text, said in (("big", 'holds the text "big" in row 0, and the model'), ("$5", 'are written like "$5"')):
        with pytest.raises(DataError, match=said.replace("$", r"\$")):
            learned.encode(table(text, text))
