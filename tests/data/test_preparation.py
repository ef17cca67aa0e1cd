"""Preparations: learned once, applied by name, saved as plain data, and never believed unchecked."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

from gradloop.data.csv import read_csv
from gradloop.data.preparation import Preparation
from gradloop.data.table import Table
from gradloop.errors import DataError, ModelFileError

SHARED = Path(__file__).parents[2] / "../shared/data"

COLUMNS = {
    "area": [50.0, 80.0, 110.0, 60.0],
    "town": ["Ulm", "Bonn", "Ulm", "Kiel"],
    "garden": [True, False, False, True],
    "floor": [1, 1, 1, 1],
    "price": [1, 2, 3, 4],
    "sold": ["yes", "no", "yes", "no"],
}


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
        "Column 'town' is text as 2 columns of 0 and 1: coefficients are relative to \"Bonn\".",
        "Column 'floor' is \"1\" in every row and was left out.",
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
        ({}, "price", {"columns": "floor"}, "no column besides 'price' takes two values"),
        ({"sold": ["no"] * 4}, "sold", {}, "the target 'sold' is \"no\" in all 4 rows, and classes"),
        ({"price": [1, None, 2, 3]}, "price", {}, "column 'price' has no value in row 1"),
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
    assert len(Preparation.learn(data, "y", ["half"]).feature_names) == 89
    assert "200 different values in 200 rows" in refusal(Preparation.learn, data, "y", ["x"], classification=True)
    assert "too many for classes" in refusal(Preparation.learn, data, "name", ["x"])


def test_a_column_never_becomes_thousands():
    data = Table.from_columns({"a": [f"v{row % 1500}" for row in range(6000)], "y": range(6000)})
    assert "1500 different texts" in refusal(Preparation.learn, data, "y")


def test_plain_data_and_back(learned):
    for preparation in (learned, Preparation.learn(table(), "sold"), Preparation.learn(table(), "garden")):
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
    refused = 0
    for turn in range(2000):
        document = (learned if turn % 2 else Preparation.learn(table(), "sold")).to_dict()
        hostile(document, rng)
        try:
            preparation = Preparation.from_dict(document)
            assert np.isfinite(preparation.center).all() and (preparation.scale > 0).all()
            json.dumps(preparation.to_dict(), allow_nan=False)
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
    ],
)
def test_what_was_never_written_is_refused(learned, change):
    document = learned.to_dict()
    change(document)
    with pytest.raises(ModelFileError, match="damaged or forged"):
        Preparation.from_dict(document)


@pytest.mark.parametrize("document", [None, [], "x", 5, {}])
def test_no_document_at_all(document):
    with pytest.raises(ModelFileError):
        Preparation.from_dict(document)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
def test_real_tables_end_to_end():
    iris = read_csv(SHARED / "tables/iris.csv")
    learned = Preparation.learn(iris, "species")
    X = learned.features(iris)
    assert X.shape == (150, 4) and abs(X.mean(axis=0)).max() < 1e-14 and X.std(axis=0) == pytest.approx(1)
    assert np.bincount(learned.target(iris)).tolist() == [50, 50, 50]
    titanic = read_csv(SHARED / "tables/titanic_train.csv")
    assert "'Age' has no value in 177 rows (first in line 7)" in refusal(Preparation.learn, titanic, "Survived")
    kept = Preparation.learn(titanic, "Survived", ["Pclass", "Sex", "Fare"], classification=True)
    assert kept.feature_names == ("Pclass", "Sex=male", "Fare") and kept.classes == (0, 1)
