"""Preparations: learned once, applied by name, saved as plain data, and never believed unchecked."""

import contextlib
import json
import random
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradloop.data.csv import read_csv
from gradloop.data.missing import Rules
from gradloop.data.preparation import Preparation, chosen_columns
from gradloop.data.table import Table
from gradloop.errors import DataError, ModelFileError, OptionError

SHARED = Path(__file__).parents[2] / "../shared/data"

COLUMNS = {
    "area": [50.0, 80.0, 110.0, 60.0],
    "town": ["Ulm", "Bonn", "Ulm", "Kiel"],
    "garden": [True, False, False, True],
    "floor": [1, 1, 1, 1],
    "price": [1, 2, 3, 4],
    "sold": ["yes", "no", "yes", "no"],
}


HOLES = Table.from_columns(
    {
        "size": [1.0, None, 3.0, 6.0, 2.0, 2.5],
        "town": ["a", "b", "", "b", "c", "d"],
        "built": np.array(["2020-01-01", "2020-01-05", "NaT", "2020-01-02", "2020-01-03", "2020-01-04"], "M8[D]"),
        "new": [True, False, None, True, False, True],
        "empty": [None] * 6,
        "y": [1.0, 2.0, 3.0, None, 5.0, 6.0],
    },
    "holes.csv",
)


def table(**changes):
    return Table.from_columns({**COLUMNS, **changes}, "houses")


@pytest.fixture
def learned():
    return Preparation.learn(table(), "price", leave_out=["sold"])


def refusal(act, *args, **options):
    with pytest.raises(DataError) as caught:
        act(*args, **options)
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")
    return str(caught.value)


def test_features_are_standardised_numbers_levels_and_booleans(learned):
    X = learned.features(table())
    area = np.array(COLUMNS["area"])
    expected = np.column_stack([(area - area.mean()) / area.std(), [0, 0, 0, 1], [1, 0, 1, 0], [1, 0, 0, 1]])
    assert learned.feature_names == ("area", "town=Kiel", "town=Ulm", "garden")
    np.testing.assert_allclose(X, expected, rtol=1e-15)
    assert X.dtype == np.float64
    assert learned.center.tolist() == [75, 0, 0, 0]
    assert learned.scale == pytest.approx([area.std(), 1, 1, 1], rel=1e-15)
    assert learned.target(table()).tolist() == [1, 2, 3, 4] and learned.classes is None


def test_the_user_is_told_what_was_done(learned):
    assert learned.notes == (
        "Column 'floor' is \"1\" in every row and was left out.",
        "Text became columns of 0 and 1, and coefficients are relative to one text: 'town' to \"Bonn\".",
    )
    counting = Preparation.learn(Table.from_columns({"id": range(3, 13), "y": [1.5] * 10}), "y")
    assert "'id' only counts the rows" in counting.notes[0]


def test_columns_are_matched_by_name(learned):
    mixed = Table.from_columns({"extra": ["?"] * 4, **dict(reversed(COLUMNS.items())), "floor": [9] * 4}, "new")
    assert np.array_equal(learned.features(mixed), learned.features(table()))
    assert learned.remarks(mixed) == ("new: the model does not use columns 'extra', 'sold' and 'floor'.",)
    assert learned.remarks(mixed)[0].count("price") == 0


def test_problems_in_columns_that_are_not_used_do_not_matter(learned):
    assert learned.features(table(sold=[None] * 4, price=[None] * 4)).shape == (4, 4)


def test_long_tables_are_prepared_like_short_ones():
    rows = np.arange(40_000) % 6
    some = ["size", "town", "built", "new"]
    preparation = Preparation.learn(HOLES, "y", some, rules=Rules("indicator"))
    assert np.array_equal(preparation.features(HOLES.select(rows)), preparation.features(HOLES)[rows])
    strange = {"town": np.where(rows == 4, "Mars", "a").astype(object), "size": rows * 1.0, "new": rows > 2}
    strict = Preparation.learn(HOLES, "y", ["size", "town", "new"], rules=Rules("mean"))
    assert f'holds "Mars" in {(rows == 4).sum()} rows (first in row 4)' in refusal(strict.features, Table(strange))


def test_one_row_is_prepared_as_among_many(learned):
    one = table().select(np.array([2]))
    assert np.array_equal(learned.features(one), learned.features(table())[2:3])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"area": ["big"] * 4}, "column 'area' holds the text \"big\" in row 0, and the model learned it as numbers"),
        ({"area": [1, None, 2, 3]}, "column 'area' has no value in row 1"),
        ({"area": [1, 1e308, 2, 3]}, None),
        (
            {"town": ["Ulm", "Mars", "Mars", "Rom"]},
            "column 'town' holds \"Mars\" in 2 rows (first in row 1) (and other unseen values in 1 row), which "
            'the model has not seen; it knows "Bonn", "Kiel" and "Ulm":',
        ),
        ({"garden": [0, 1, 2, 1]}, "column 'garden' holds \"2\" in row 2, which the model has not seen"),
    ],
)
def test_values_that_do_not_fit(learned, changes, said):
    if said is None:
        assert np.isfinite(learned.features(table(**changes))).all()
    else:
        assert said in refusal(learned.features, table(**changes))


def test_a_value_too_large_for_the_learned_scale():
    tiny = Preparation.learn(Table.from_columns({"x": [1e-300, 2e-300], "y": [1, 2]}), "y")
    said = refusal(tiny.features, Table.from_columns({"x": [1e-300, 1e300]}))
    assert "'x' is too large in row 1 for the scale 5e-301 that the model learned" in said


def test_missing_columns_are_listed(learned):
    said = refusal(learned.features, Table.from_columns({"area": [1]}, "new.csv"))
    assert "new.csv lacks the columns 'town' and 'garden' that the model needs; it has column 'area'" in said
    assert "new.csv has no target 'price'" in refusal(learned.target, Table.from_columns({"area": [1]}, "new.csv"))


def test_numbers_and_booleans_stand_for_the_texts_they_were_in_training():
    learned = Preparation.learn(table(town=["1", "a", "b", "True"]), "price", ["town"])
    assert learned.features(table(town=[1, 1, 1, 1])).sum() == 0
    assert learned.features(table(town=[True] * 4))[:, 0].tolist() == [1] * 4


def test_booleans_may_be_given_as_numbers_and_the_other_way(learned):
    assert learned.features(table(garden=[1, 0, 0, 1]))[:, 3].tolist() == [1, 0, 0, 1]
    switch = Preparation.learn(table(area=[0, 1, 0, 1]), "price", ["area"])
    assert np.array_equal(switch.features(table(area=[False, True, False, True])), [[-1], [1], [-1], [1]])


@pytest.mark.parametrize(
    ("values", "classes", "labels"),
    [
        (["b", "a", "b", "c"], ("a", "b", "c"), [1, 0, 1, 2]),
        ([True, False, True, True], (False, True), [1, 0, 1, 1]),
        ([3, -1, 3, 3], (-1, 3), [1, 0, 1, 1]),
        ([1.0, 0.0, 1.0, 2.5], (0, 1, 2.5), [1, 0, 1, 2]),
    ],
)
def test_classes_are_in_sorted_order(values, classes, labels):
    learned = Preparation.learn(table(sold=values), "sold", classification=True)
    assert learned.classes == classes and list(map(type, learned.classes)) == list(map(type, classes))
    assert learned.target(table(sold=values)).tolist() == labels
    assert learned.target(table(sold=values)).dtype == np.int64
    assert "The classes of 'sold' are 0 = " in learned.notes[-1]


def test_the_kind_of_the_target_goes_by_its_type_unless_it_is_said():
    assert Preparation.learn(table(), "sold").classes == ("no", "yes")
    assert Preparation.learn(table(), "garden").classes == (False, True)
    assert Preparation.learn(table(), "price").classes is None
    assert Preparation.learn(table(), "garden", classification=False).target(table()).tolist() == [1, 0, 0, 1]
    assert "holds text" in refusal(Preparation.learn, table(), "sold", classification=False)


@pytest.mark.parametrize(
    ("changes", "target", "options", "said"),
    [
        ({}, "prices", {}, "houses has no target 'prices'; the most similar is column 'price'"),
        ({}, "price", {"columns": ["aera"]}, "houses has no column 'aera'; the most similar is column 'area'"),
        ({}, "price", {"leave_out": "aera"}, "houses has no column 'aera'"),
        ({}, "price", {"columns": ["price"]}, "column 'price' is the target and cannot be a feature"),
        ({}, "price", {"columns": ["area"], "leave_out": ["area"]}, "no column is left to predict 'price' from"),
        ({}, "price", {"columns": "floor"}, "no column besides 'price' takes two values in 4 rows,"),
        ({"sold": ["no"] * 4}, "sold", {}, "the target 'sold' is \"no\" in all 4 rows, and classes"),
        ({"price": [None] * 4}, "price", {}, "the target 'price' has no value in any of 4 rows; choose another target"),
        ({"price": np.array([1, 2, 3, 4], "M8[D]")}, "price", {}, "the target 'price' holds dates, and numbers"),
        ({"area": ["$74.69", "$5", "$6", "n/a"]}, "price", {}, "'area' is text because 3 of 4 rows are written like"),
        (
            {"area": ["12,5", "1,5", "3", "4"]},
            "price",
            {},
            '2 of 4 rows are written like "12,5" (in row 0); write plain',
        ),
        (
            {"area": ["1.2.2020", "3.4.2021"] * 2},
            "price",
            {},
            'written as text ("1.2.2020" in row 0); write dates like',
        ),
        ({"town": ["1", "2", "x", "4"]}, "price", {}, "'town' holds \"x\" in row 2, while 3 of 4 rows hold numbers"),
        ({"area": [1, None, 2, 3], "town": [None] * 4}, "price", {}, "and column 'town' has no value in 4 rows"),
    ],
)
def test_what_cannot_be_learned(changes, target, options, said):
    assert said in refusal(Preparation.learn, table(**changes), target, **options)


def test_names_of_rows_are_not_categories():
    rows = 200
    names = [f"house {row}" for row in range(rows)]
    columns = {"name": names, "street": names, "half": [f"s{row % 90}" for row in range(rows)], "y": range(rows)}
    data = Table.from_columns({**columns, "x": range(rows)})
    said = refusal(Preparation.learn, data, "y")
    assert "'name' has 200 different texts and column 'street' has 200 different texts in 200 rows" in said
    assert len(Preparation.learn(data, "y", ["half"]).feature_names) == 49
    assert len(Preparation.learn(data, "y", ["half"], rules=Rules(max_levels=90)).feature_names) == 89
    assert "200 different values in 200 rows" in refusal(Preparation.learn, data, "y", ["x"], classification=True)
    assert "too many for classes" in refusal(Preparation.learn, data, "name", ["x"])


def test_a_column_never_becomes_thousands():
    data = Table.from_columns({"a": [f"v{row % 1500}" for row in range(6000)], "y": range(6000)})
    assert "1500 different texts" in refusal(Preparation.learn, data, "y")
    few = Preparation.learn(data, "y", rules=Rules(max_levels=3))
    assert few.feature_names == ("a=v1", "a=other")
    assert few.features(data).sum(axis=0).tolist() == [4, 5992]


def test_plain_data_and_back(learned):
    full = Preparation.learn(HOLES, "y", rules=Rules("indicator", 3, "other"))
    for preparation in (learned, full, Preparation.learn(table(), "sold"), Preparation.learn(table(), "garden")):
        assert Preparation.from_dict(json.loads(json.dumps(preparation.to_dict()))) == preparation


def hostile(document, rng):
    """The document with one entry, at any depth, removed, added or replaced."""
    nodes = [document]
    for node in nodes:
        children = node.values() if isinstance(node, dict) else node
        nodes.extend(child for child in children if isinstance(child, (dict, list)))
    node = rng.choice([node for node in nodes if node])
    key = rng.choice(list(node) if isinstance(node, dict) else range(len(node)))
    strange = rng.choice([None, True, -1, 0, 10**400, float("nan"), float("inf"), "", [], {}, [[]], "x", 0.5])
    if isinstance(node, dict) and rng.random() < 0.2:
        node["more"] = strange
    elif rng.random() < 0.3:
        del node[key]
    else:
        node[key] = strange


def test_hostile_data_is_refused_or_harmless(learned):
    rng = random.Random(1)
    full = Preparation.learn(HOLES, "y", rules=Rules("indicator", 3, "other"))
    refused = 0
    for turn in range(2000):
        document = (learned, Preparation.learn(table(), "sold"), full)[turn % 3].to_dict()
        hostile(document, rng)
        try:
            preparation = Preparation.from_dict(document)
            assert np.isfinite(preparation.center).all() and (preparation.scale > 0).all()
            json.dumps(preparation.to_dict(), allow_nan=False)
            with contextlib.suppress(DataError):
                assert np.isfinite(preparation.features(HOLES)).all()
        except ModelFileError:
            refused += 1
    assert refused > 1000


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(target=5),
        lambda d: d.update(target="area"),
        lambda d: d.update(columns=[]),
        lambda d: d.update(columns=d["columns"] * 2),
        lambda d: d.update(classes=["a"]),
        lambda d: d.update(classes=["b", "a"]),
        lambda d: d.update(classes=["a", 1]),
        lambda d: d.update(classes=[0, float("nan")]),
        lambda d: d.update(notes=[1]),
        lambda d: d.pop("notes"),
        lambda d: d["columns"][0].update(scale=0.0),
        lambda d: d["columns"][0].update(scale=float("inf")),
        lambda d: d["columns"][0].update(center=True),
        lambda d: d["columns"][0].update(center=10**400),
        lambda d: d["columns"][0].update(kind="other"),
        lambda d: d["columns"][0].update(levels=["a", "b"]),
        lambda d: d["columns"][1].update(levels=["a"]),
        lambda d: d["columns"][1].update(levels=["b", "a"]),
        lambda d: d["columns"][1].update(scale=2.0),
        lambda d: d["columns"][1].update(pooled=True),
        lambda d: d["columns"][1].update(levels=["Bonn", "other", "other"], pooled=True),
        lambda d: d["columns"][1].update(origin="2020-01-01"),
        lambda d: d["columns"][0].update(kind="date"),
        lambda d: d["columns"][0].update(kind="date", origin="2020-02-30"),
        lambda d: d["columns"][0].update(kind="presence", center=0.0, scale=1.0, fill=[]),
        lambda d: d["columns"][0].update(fill=[float("nan")]),
        lambda d: d["columns"][0].update(fill=[1.0, 2.0]),
        lambda d: d["columns"][0].update(fill=["1"]),
        lambda d: d["columns"][0].update(indicator=1),
        lambda d: (d.update(missing="mean"), d["columns"][0].update(fill=[])),
        lambda d: (d.update(unseen="other"), d["columns"][1].pop("fill")),
        lambda d: d.update(missing="median"),
        lambda d: d.update(unseen=True),
    ],
)
def test_what_was_never_written_is_refused(learned, change):
    document = learned.to_dict()
    change(document)
    with pytest.raises(ModelFileError, match="damaged or forged"):
        Preparation.from_dict(document)


def test_documents_of_the_first_format_are_read(learned):
    document = learned.to_dict()
    for name in ("missing", "unseen"):
        del document[name]
    for column in document["columns"]:
        for name in ("origin", "pooled", "fill", "indicator"):
            del column[name]
    old = Preparation.from_dict(document)
    assert (old.missing, old.unseen) == ("error", "error") and old.feature_names == learned.feature_names
    assert np.array_equal(old.features(table()), learned.features(table()))


@pytest.mark.parametrize("document", [None, [], "x", 5, {}])
def test_no_document_at_all(document):
    with pytest.raises(ModelFileError):
        Preparation.from_dict(document)


# --- Cells without a value


def test_missing_values_are_refused_unless_it_is_said_what_to_do():
    said = refusal(Preparation.learn, HOLES, "y")
    assert "holes.csv: column 'size' has no value in row 1, column 'town' has no value in row 2" in said
    assert "'empty' has no value in 5 rows (first in row 0)" in said  # of the five that have a target
    assert said.endswith('choose missing="drop", "mean" or "indicator".')


def test_means_and_indicators():
    mean = Preparation.learn(HOLES, "y", rules=Rules("mean"))
    names = ("size", "town=b", "town=c", "town=d", "built (days since 2020-01-01)", "new")
    assert mean.feature_names == names
    X = mean.features(HOLES)
    np.testing.assert_allclose(X[1, 0], 0, atol=1e-15)  # standardised, the mean is zero
    np.testing.assert_allclose(X[2], [(3 - 2.125) / mean.scale[0], 0.25, 0.25, 0.25, 0, 0.5], rtol=1e-14, atol=1e-15)
    assert mean.center[4] == 2.25  # days: 0, 4, 2 and 3, without the row that has no target
    flagged = Preparation.learn(HOLES, "y", rules=Rules("indicator"))
    assert [name for name in flagged.feature_names if name not in names] == [
        f"{name} is missing" for name in ("size", "town", "built", "new")
    ]
    places = [flagged.feature_names.index(name) for name in names]
    missing = [place for place in range(10) if place not in places]
    Z = flagged.features(HOLES)
    assert Z[:, missing].tolist() == [[0] * 4, [1, 0, 0, 0], [0, 1, 1, 1], *[[0] * 4] * 3]
    assert Z[2, places[1:4]].tolist() == [0, 0, 0]
    assert np.array_equal(np.delete(Z[:, places], 2, axis=0), np.delete(X, 2, axis=0))
    assert flagged.center.shape == flagged.scale.shape == (10,)


def test_notes_about_missing_values():
    notes = Preparation.learn(HOLES, "y", rules=Rules("mean")).notes
    assert notes[0] == "1 of 6 rows was left out because the target 'y' is missing."
    assert "Column 'empty' has no value in any row and was left out." in notes
    assert (
        "4 cells without a value (1 in 'size', 1 in 'town', 1 in 'built' and 1 in 'new'): the mean was taken, for text "
        "the share of each level."
    ) in notes
    notes = Preparation.learn(HOLES, "y", rules=Rules("indicator")).notes
    flagged = ': the mean was taken and a column "... is missing" is 1 there, for text in place of a level.'
    assert any(note.endswith(flagged) for note in notes)
    (note,) = Preparation.learn(HOLES, "y", ["size"], rules=Rules("mean")).notes[1:]
    assert note == "1 cell of column 'size' without a value: the mean was taken."


def test_all_that_is_wrong_is_said_at_once():
    rows = 120
    columns = {"name": [f"n{row}" for row in range(rows)], "price": ["$5", "$6"] * 60, "day": ["1.2.2020"] * rows}
    columns |= {"size": [None, 1.0, 2.0] * 40, "y": range(rows)}
    said = refusal(Preparation.learn, Table.from_columns(columns, "shop.csv"), "y")
    parts = ["shop.csv: column 'size' has no value in 40 rows", "'price' is text because 120 of 120 rows"]
    parts += ["'day' holds dates or times written as text", "'name' has 120 different texts in 120 rows"]
    assert all(part in said for part in parts) and said.count(" And column ") == 3


def test_rows_are_dropped_with_a_note():
    some = [name for name in HOLES.names if name not in ("empty", "y")]
    dropped = Preparation.learn(HOLES, "y", some, rules=Rules("drop"))
    whole = Preparation.learn(HOLES.select(np.array([0, 4, 5])), "y", some)
    assert dropped.used == whole.used
    assert "2 of 6 rows were left out because of missing values: 1 in 'size', 1 in 'town'" in dropped.notes[1]
    said = refusal(Preparation.learn, HOLES, "y", rules=Rules("drop"))
    assert "no row has a value in every column (missing: 5 in 'empty', 1 in 'size'" in said


@pytest.mark.parametrize("method", ["error", "drop"])
def test_a_model_without_an_answer_refuses_missing_values(method):
    learned = Preparation.learn(table(), "price", ["area", "town"], rules=Rules(method))
    said = refusal(learned.features, table(area=[1, None, 2, None]))
    assert "'area' has no value in 2 rows (first in row 1); fill in these cells, give rows that have them, or" in said


def test_values_that_were_never_missing_in_training_are_taken_as_the_mean():
    learned = Preparation.learn(table(), "price", ["area", "town"], rules=Rules("indicator"))
    assert learned.feature_names == ("area", "town=Kiel", "town=Ulm")
    X = learned.features(table(area=[None] * 4))
    assert not X[:, 0].any()
    told = learned.remarks(table(area=[None, 1, None, 2]))
    assert told[-1] == "houses: 2 cells of column 'area' without a value, and the mean of the training rows was taken."


def test_a_column_that_had_no_values_may_hold_anything_later():
    learned = Preparation.learn(HOLES, "y", rules=Rules("mean"))
    later = Table.from_columns({name: HOLES.columns[name] for name in HOLES.names} | {"empty": ["$5"] * 6})
    later = replace(later, missing=HOLES.missing)
    assert np.array_equal(learned.features(later), learned.features(HOLES))


def test_rows_without_a_target_cannot_judge():
    learned = Preparation.learn(HOLES, "y", ["new", "size"], rules=Rules("drop"))
    rows, told = learned.judged(HOLES)
    assert rows.rows == 3 and rows.columns["y"].tolist() == [1, 5, 6] and len(told) == 2
    assert learned.features(rows).shape == (3, 2) and learned.target(rows).tolist() == [1, 5, 6]
    whole, told = learned.judged(rows)
    assert whole is rows and told == ()
    filled, told = Preparation.learn(HOLES, "y", ["new", "size"], rules=Rules("mean")).judged(HOLES)
    assert filled.rows == 5 and told == ("1 of 6 rows was left out because the target 'y' is missing.",)
    assert "column 'y' has no value in row 3" in refusal(learned.target, HOLES)
    assert "has no value in any of 1 row;" in refusal(learned.judged, HOLES.select(np.array([3])))


def test_unseen_levels_are_refused_or_counted():
    strict = Preparation.learn(table(), "price", ["town"])
    assert 'unseen="other"' in refusal(strict.features, table(town=["Ulm", "Mars", "Rom", "Mars"]))
    lenient = Preparation.learn(table(), "price", ["town"], rules=Rules(unseen="other"))
    new = table(town=["Ulm", "Mars", "Rom", "Mars"])
    assert lenient.features(new).tolist() == [[0, 1], [0.25, 0.5], [0.25, 0.5], [0.25, 0.5]]
    assert (
        lenient.remarks(new)[-1]
        == "houses: column 'town' holds texts not seen in training in 3 rows, such as \"Mars\"."
    )
    assert len(lenient.remarks(table())) == 1 + 0  # the columns that are not used


def test_rules_are_checked():
    with pytest.raises(OptionError, match="missing is 'zero'"):
        Preparation.learn(table(), "price", rules=Rules("zero"))


def test_columns_that_are_used():
    assert chosen_columns(table(), "price", None, "sold") == ["area", "town", "garden", "floor"]


# --- Batches


CUTS = st.lists(st.integers(1, 59), max_size=5)
RANDOM = np.random.default_rng(0)
MANY = Table.from_columns(
    {
        "number": [None if row % 7 == 3 else 1e9 + value for row, value in enumerate(RANDOM.normal(size=60))],
        "whole": RANDOM.integers(-5, 5, 60),
        "town": RANDOM.choice(["a", "b", "c", "d", "e", "f", ""], 60).tolist(),
        "flag": RANDOM.choice([True, False], 60),
        "day": np.datetime64("2020-01-01T12:30") + RANDOM.integers(0, 10**6, 60).astype("m8[s]"),
        "class": RANDOM.choice([1, 2, 3], 60),
        "y": [None if row % 11 == 5 else float(row) for row in range(60)],
    }
)


@pytest.mark.parametrize("rules", [Rules("drop"), Rules("mean", 4), Rules("indicator", unseen="other")])
@pytest.mark.parametrize("target", ["y", "class"])
@settings(max_examples=25)
@given(cuts=CUTS)
def test_what_is_learned_does_not_depend_on_the_cuts(target, rules, cuts):
    learn = partial(Preparation.learn, target=target, classification=target == "class", rules=rules)
    whole = learn(MANY)
    parts = learn(MANY.select(rows) for rows in np.split(np.arange(60), sorted(set(cuts))))
    for found, expected in zip(parts.used, whole.used, strict=True):
        np.testing.assert_allclose(found.scale, expected.scale, rtol=1e-14)
        np.testing.assert_allclose(found.center, expected.center, rtol=1e-14, atol=1e-14 * expected.scale)
        np.testing.assert_allclose(found.fill, expected.fill, rtol=1e-14, atol=1e-14 * expected.scale)
        same = {"center": 0.0, "scale": 1.0, "fill": ()}
        assert found._replace(**same) == expected._replace(**same)
    assert (parts.notes, parts.classes) == (whole.notes, whole.classes)
    X, Z = (preparation.features(preparation.judged(MANY)[0]) for preparation in (parts, whole))
    np.testing.assert_allclose(X, Z, rtol=1e-6, atol=1e-6)  # an offset of a billion leaves seven digits


@pytest.mark.parametrize("kind", ["i1", ">i4", "u8", "f2", ">f8", "f4"])
def test_other_types_of_numbers_are_converted_before_any_arithmetic(kind):
    numbers = (100 * RANDOM.random(60)).astype(kind)[::-2]
    plain = numbers.astype(np.float64)
    learned = Preparation.learn(Table.from_columns({"x": numbers, "y": np.arange(30)}), "y")
    np.testing.assert_allclose([learned.center[0], learned.scale[0]], [plain.mean(), plain.std()], rtol=1e-14)
    X = learned.features(Table.from_columns({"x": numbers}))
    np.testing.assert_allclose(X[:, 0], (plain - plain.mean()) / plain.std(), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("unit", [1e-300, 1e300])
def test_numbers_at_the_ends_of_the_range_are_standardised(unit):
    learned = Preparation.learn(
        Table.from_columns({"x": [1 * unit, 2 * unit, None], "y": [1, 2, 3]}), "y", rules=Rules("mean")
    )
    X = learned.features(Table.from_columns({"x": [1 * unit, 2 * unit, None]}))
    np.testing.assert_allclose(X, [[-1], [1], [0]], rtol=1e-14, atol=1e-14)


def test_no_batches_at_all():
    assert "no rows to learn from" in refusal(Preparation.learn, iter([]), "y")


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
def test_real_tables_end_to_end():
    iris = read_csv(SHARED / "tables/iris.csv")
    learned = Preparation.learn(iris, "species")
    X = learned.features(iris)
    assert X.shape == (150, 4) and abs(X.mean(axis=0)).max() < 1e-14 and X.std(axis=0) == pytest.approx(1)
    assert np.bincount(learned.target(iris)).tolist() == [50, 50, 50]
    titanic = read_csv(SHARED / "tables/titanic_train.csv")
    said = refusal(Preparation.learn, titanic, "Survived")
    assert "'Age' has no value in 177 rows (first in line 7)" in said and "'Embarked' has no value in 2 rows" in said
    kept = Preparation.learn(titanic, "Survived", ["Pclass", "Sex", "Fare"], classification=True)
    assert kept.feature_names == ("Pclass", "Sex=male", "Fare") and kept.classes == (0, 1)
