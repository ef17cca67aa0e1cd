"""Statistics of columns: the same however the rows are cut, bounded in memory, right about every kind of column."""

from dataclasses import asdict, replace
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradloop.data import columns as module
from gradloop.data.columns import ColumnStatistics, gather
from gradloop.data.table import Table
from gradloop.errors import DataError

PRESENT = {
    "number": st.floats(-1e6, 1e6),
    "whole": st.integers(-9, 9),
    "bool": st.booleans(),
    "text": st.sampled_from(["a", "b", "NA", "", "$5"]),
    "date": st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
}
COLUMN = st.sampled_from(sorted(PRESENT)).flatmap(lambda kind: st.lists(st.none() | PRESENT[kind], min_size=1))


def seen(table, name="x", distinct=False):
    found = ColumnStatistics(distinct)
    found.add(table.columns[name], table.missing.get(name), table.place)
    return found


def comparable(found):
    """What must be the same to the bit, and what only to rounding."""
    exact = asdict(replace(found, moments=None, characters=0)) | {"range": found.moments[:3]}
    if not found.counting:
        exact["ends"] = None
    return exact, [found.moments.center, found.moments.scale]


@given(COLUMN, st.lists(st.integers(0, 50), max_size=3))
def test_the_same_however_the_rows_are_cut(values, cuts):
    table = Table.from_columns({"x": values})
    whole = seen(table)
    parts = [table.select(rows) for rows in np.split(np.arange(table.rows), sorted(cuts)) if len(rows)]
    added, combined = ColumnStatistics(), ColumnStatistics()
    for part in parts:
        added.add(part.columns["x"], part.missing.get("x"), part.place)
        combined.combine(seen(part))
    expected, numbers = comparable(whole)
    for found in (added, combined):
        same, near = comparable(found)
        assert same == expected
        np.testing.assert_allclose(near, numbers, rtol=1e-14, atol=1e-14 * numbers[1])


def test_what_is_known():
    found = seen(Table.from_columns({"x": [3, None, 5, 3]}), distinct=True)
    assert (found.kind, found.rows, found.missing, found.present, found.missing_place) == (
        "number",
        4,
        1,
        3,
        "in row 1",
    )
    assert found.levels == {3.0: (2, "in row 0", 2), 5.0: (1, "in row 2", 1)} and not found.constant
    words = seen(Table.from_columns({"x": ["b", "a", None, "b"]}))
    assert words.levels == {"b": (2, "in row 0", 2), "a": (1, "in row 1", 1)} and words.characters == 2
    assert seen(Table.from_columns({"x": [True, False, True]})).levels[True].rows == 2


@pytest.mark.parametrize(
    ("values", "value"),
    [
        ([7, 7], 7),
        ([0.5, None, 0.5], 0.5),
        (["u", "u"], "u"),
        ([False], False),
        ([datetime(2020, 1, 2)] * 2, datetime(2020, 1, 2)),
    ],
)
def test_constant_columns(values, value):
    found = seen(Table.from_columns({"x": values}))
    assert found.constant and found.value == value and type(found.value) is type(value)


def test_columns_that_count_the_rows():
    assert seen(Table.from_columns({"x": range(3, 9)})).counting
    for values in ([1, 2, 4], [1.0, 2.0, 3.0], [1, 1, 3]):
        assert not seen(Table.from_columns({"x": values})).counting
    found = ColumnStatistics()
    for part in ([1, 2], [3, 4, 5], [7, 8]):
        found.add(np.array(part))
        assert found.counting == (part[0] < 7)


@pytest.mark.fault(46)
@pytest.mark.parametrize("size", [40, 20_000])
def test_levels_are_bounded(monkeypatch, size):
    monkeypatch.setattr(module, "MOST_LEVELS", 10)
    texts = np.array([f"${row}" for row in range(size)], object)
    for parts in ([texts], np.split(texts, 4), np.split(texts, [3, 9, 11, 12])):
        found = ColumnStatistics()
        for part in parts:
            found.add(part)
        assert found.crowded and list(found.levels) == texts[:10].tolist()
        assert "is text because 10 of 10" in found.misspelled().what
    few = ColumnStatistics()
    few.add(np.resize(texts[:10], size))
    assert not few.crowded and sum(level.rows for level in few.levels.values()) == size


@pytest.mark.fault(46)
def test_long_texts_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "MOST_CHARACTERS", 100)
    found = ColumnStatistics()
    found.add(np.array(["x" * 60, "y" * 60, "x" * 60], object))
    assert found.crowded and list(found.levels) == ["x" * 60]


def batches(*columns):
    tables = [Table.from_columns(one, "data.csv") for one in columns]
    starts = np.cumsum([0, *(table.rows for table in tables)])
    return [
        replace(t, where=lambda row, start=start: f"in row {start + row}")
        for t, start in zip(tables, starts, strict=False)
    ]


def test_kinds_that_change_are_named():
    with pytest.raises(DataError, match="'x' holds numbers in its first rows, and later text .\"three\" in row 2.;"):
        gather(batches({"x": [1, 2], "y": [1, 2]}, {"x": ["three"], "y": [1]}), "y", ["x"])
    one, two = ColumnStatistics(), ColumnStatistics()
    one.add(np.array([True]))
    two.add(np.array([2.0]))
    one.combine(two)
    assert "holds booleans in its first rows, and later numbers" in one.problem.what


def test_gathering_leaves_rows_out():
    parts = batches({"x": [1, None], "y": [1, 2]}, {"x": [3, 4], "y": [None, 4]}, {"x": [None], "y": [None]})
    kept = gather(parts, "y", ["x"], drop=True)
    assert kept.rows == 2 and kept.columns["x"].moments.center == 2.5 and kept.columns["x"].missing == 0
    assert (kept.left_out.rows, kept.left_out.unlabelled, kept.left_out.incomplete) == (5, 2, 1)
    filled = gather(parts, "y", ["x"])
    assert filled.rows == 3 and filled.columns["x"].missing == 1 and filled.columns["x"].missing_place == "in row 1"


def test_problems_and_strange_columns_are_errors():
    with pytest.raises(DataError, match="'x' holds no finite number"):
        gather(batches({"x": [1.0, np.inf], "y": [1, 2]}), "y", ["x"])
    with pytest.raises(DataError, match="has no column 'x'"):
        gather(batches({"x": [1], "y": [1]}, {"z": [1], "y": [1]}), "y", ["x"])
