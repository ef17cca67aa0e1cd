"""The parts of a stored preparation; whole ones are tested in tests/data/test_preparation.py."""

import pytest

from gradloop.data.features import Feature
from gradloop.data.stored import classes_of, demand, feature_of, fields_of
from gradloop.errors import ModelFileError

FEATURES = [
    Feature("x", "number", 2.0, 0.5, fill=(2.0,), indicator=True),
    Feature("x", "bool", fill=(0.5,)),
    Feature("x", "text", levels=("a", "b", "other"), pooled=True, fill=(0.25, 0.5)),
    Feature("x", "date", 1.5, 1.0, origin="2020-03-01", fill=(1.5,)),
    Feature("x", "presence", indicator=True),
]


def plain(feature):
    return {**feature._asdict(), "levels": list(feature.levels), "fill": list(feature.fill)}


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.kind)
def test_features_come_back(feature):
    assert feature_of(plain(feature)) == feature
    with pytest.raises(ModelFileError, match="wrongly"):
        feature_of({**plain(feature), "fill": [*feature.fill, 1.0]})
    with pytest.raises(ModelFileError, match="wrongly"):
        feature_of({**plain(feature), "more": 1})


def test_fields_and_defaults():
    assert fields_of({"a": 1}, {"a": int, "b": str}, {"b": "x"}) == {"a": 1, "b": "x"}
    for wrong in ({}, {"a": True}, {"a": 1, "c": 2}, [], None):
        with pytest.raises(ModelFileError, match="damaged or forged"):
            fields_of(wrong, {"a": int, "b": str}, {"b": "x"})


def test_classes():
    assert classes_of(None) is None and classes_of(["a", "b"]) == ("a", "b") and classes_of([0, 2.5]) == (0, 2.5)
    for wrong in (["a"], ["b", "a"], [1, "a"], [0, float("inf")]):
        with pytest.raises(ModelFileError):
            classes_of(wrong)


def test_demands():
    demand([1], "nothing")
    with pytest.raises(ModelFileError, match=r"wrongly \(its name\)"):
        demand([], "its name")
