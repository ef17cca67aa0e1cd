"""Tables of arrays and data frames: known by their columns' names, with no package of frames imported."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pyarrow
import pytest

from gradloop.data.table import Table, as_table
from gradloop.errors import DataError


class Frame:
    """A data frame as pandas and polars have it: names in .columns, a series for a name."""

    def __init__(self, names, *values):
        self.columns = names
        self.values = dict(zip(names, values, strict=True))

    def __getitem__(self, name):
        return pyarrow.chunked_array([self.values[name]])  # has to_numpy, as a series has


def test_columns_lines_and_rows():
    table = Table({"a": np.arange(3)}, "a.csv", np.array([2, 4, 5]))
    assert (table.rows, table.line(1), table.place(1)) == (3, 4, "in line 4")
    chosen = table.select(np.array([2, 0]))
    assert chosen.column("a").tolist() == [2, 0] and chosen.line(0) == 5 and chosen.source == "a.csv"
    assert Table.from_columns({"a": [1]}).line(0) is None


def test_dicts_and_frames_become_tables():
    table = Table.from_columns({"a": [1, 2]})
    assert as_table(table) is table
    for data in ({"a": [1, 2], "b": ["x", "y"]}, Frame(["a", "b"], [1, 2], ["x", "y"])):
        assert as_table(data).column("a").tolist() == [1, 2]
        assert as_table(data).column("b").tolist() == ["x", "y"]
    arrow = as_table(pyarrow.table({"a": [1, 2], "b": ["x", None]}))
    assert arrow.column("a").tolist() == [1, 2]
    assert arrow.column("b").tolist() == ["x", ""] and arrow.missing["b"].tolist() == [False, True]
    assert as_table(np.zeros((2, 2))) is None and as_table([[1, 2]]) is None and as_table("a.csv") is None


@pytest.mark.fault(19)
def test_numbered_columns_get_names_and_repeated_ones_are_refused():
    assert as_table({0: [1], 1: [2]}).names == ("0", "1")
    for data in (Frame(["a", "a"], [1], [2]), {1: [1], "1": [2]}):
        with pytest.raises(DataError, match=r"the table has more than one column .[a1]."):
            as_table(data)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (np.array([1, 2], np.uint8), np.uint8),
        (np.array([1, 2], np.float32), np.float64),
        ([Decimal("1.5"), 2], np.float64),
        (np.array([1, 2], object), np.int64),
        (np.array([True, False], object), np.bool_),
        (np.array(["a", "b"]), object),
        (np.array(["a", "b"], np.dtypes.StringDType()), object),
    ],
)
def test_types_of_columns(values, dtype):
    assert Table.from_columns({"a": values}).column("a").dtype == dtype


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1.0, np.inf], "'a' holds no finite number in row 1 (\"inf\")"),
        ([10**400, 1], "'a' holds no finite number in row 0"),
        (np.array([5, 7], "m8[s]"), "'a' holds lengths of time (\"5 seconds\" in row 0)"),
        ([1j, 2], "'a' holds values of type complex128, which are neither numbers nor text"),
        ([2**53 + 1, 1], "'a' holds integers too long for a 64-bit float in row 0 (9007199254740993)"),
    ],
)
def test_problems_of_columns(values, said):  # what text is meant as is judged in tests/data/test_cells.py
    table = Table.from_columns({"a": values, "fine": range(len(values))})
    table.column("fine")
    with pytest.raises(DataError) as caught:
        table.column("a")
    assert f"the table: column {said}" in str(caught.value)


@pytest.mark.parametrize(
    ("values", "kept", "missing"),
    [
        ([1.0, np.nan, None], [1.0, None, None], [0, 1, 1]),
        (np.array([1.0, np.nan]), [1.0, None], [0, 1]),
        (np.ma.masked_array([1, 2], [False, True]), [1.0, None], [0, 1]),
        ([True, None], [True, False], [0, 1]),
        (["a", None, "", " ", "NA", "None", "nan"], ["a", "", "", "", "NA", "None", "nan"], [0, 1, 1, 1, 0, 0, 0]),
        ([None, None], ["", ""], [1, 1]),
        ([date(2020, 1, 2), None], [datetime(2020, 1, 2), None], [0, 1]),
        (np.array(["2020-01-02", "NaT"], "M8[D]"), [datetime(2020, 1, 2), None], [0, 1]),
        ([datetime(2020, 1, 2, 1, tzinfo=timezone(timedelta(hours=1)))], [datetime(2020, 1, 2)], None),
        ([1, 2], [1, 2], None),
    ],
)
def test_cells_without_a_value_are_marked(values, kept, missing):
    table = Table.from_columns({"a": values})
    found = [None if value != value else value for value in table.column("a").tolist()]
    assert found == kept and list(map(type, found)) == list(map(type, kept))
    assert ("a" in table.missing) == (missing is not None)
    assert missing is None or table.missing["a"].tolist() == list(map(bool, missing))


def test_the_rows_that_are_chosen_know_what_they_lack_and_where_they_were():
    table = Table.from_columns({"a": [1.0, None, 3.0, 4.0], "b": ["u", "v", "", "w"]})
    chosen = table.select(np.array([1, 3]))
    assert list(chosen.missing) == ["a"] and chosen.missing["a"].tolist() == [True, False]
    assert chosen.place(1) == "in row 3" and chosen.select(np.array([1])).place(0) == "in row 3"
    alone = table.only("b")
    assert alone.columns["b"].tolist() == ["u", "v", "w"] and alone.place(2) == "in row 3" and not alone.missing
    assert chosen.only("b").names == ("b",) and chosen.only("a").columns["a"].tolist() == [4.0]
    whole = Table({"a": np.arange(3)}, "a.csv", np.array([2, 4, 5]))
    assert whole.select(np.array([2])).place(0) == whole.part(2, 3).place(0) == "in line 5"
    part = chosen.part(1, 9)
    assert part.columns["a"].tolist() == [4.0] and part.place(0) == "in row 3" and not part.missing
    assert chosen.part(0, 1).missing["a"].tolist() == [True] and np.shares_memory(
        whole.part(0, 2).columns["a"], whole.columns["a"]
    )


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "the table has no columns"),
        ({"a": []}, "the table has no rows"),
        ({"a": [1, 2], "b": [1]}, "column 'a' has 2 rows and column 'b' has 1;"),
        ({"a": [[1], [2]]}, r"column 'a' has shape (2, 1), and one value per row is needed; write .ravel()"),
        ({"a": [[1, 2], [2, 3]]}, "column 'a' has shape (2, 2), and one value per row is needed."),
        ({"a": [[1], [2, 3]]}, "column 'a' is not a column of single values"),
        ({"a": 5}, "column 'a' has shape ()"),
    ],
)
def test_what_is_no_table(columns, said):
    with pytest.raises(DataError) as caught:
        Table.from_columns(columns)
    assert said in str(caught.value)


def test_unknown_columns_are_named_with_what_is_like_them():
    table = Table.from_columns({"price": [1], "area": [2]}, "houses.csv")
    with pytest.raises(DataError, match=r"houses.csv has no column 'prize'; the most similar is column 'price'"):
        table.column("prize")
    with pytest.raises(DataError, match="has no columns 'x' and 'y'; it has columns 'price' and 'area'"):
        table.check(["x", "area", "y"])
