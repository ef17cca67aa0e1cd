"""Plain numbers of a source: what is plain, what is known of it, and what is left to others."""

import numpy as np
import pyarrow
import pytest

from gradloop.data.columns import ColumnStatistics
from gradloop.data.numbers import NotPlainError, PlainNumbers, is_plain, plain_values
from gradloop.data.sources import open_source


def of(**columns):
    return PlainNumbers(open_source(pyarrow.table(columns)), list(columns))


def test_columns_of_all_types_of_numbers():
    found = of(a=[1.5, 2.5], b=[1, 2], c=[True, False], d=pyarrow.array([1, 2], "uint8"))
    (batch,) = found.batches()
    assert [column.tolist() for column in batch] == [[1.5, 2.5], [1, 2], [True, False], [1, 2]] and found.rows == 2


def test_a_slice_of_a_column_begins_where_it_does():
    assert plain_values(pyarrow.array([1, 2, 3, 4]).slice(1, 2)).tolist() == [2, 3]
    assert plain_values(pyarrow.array([True, False, True]).slice(1, 2)).tolist() == [False, True]


@pytest.mark.parametrize(
    "column",
    [
        ["a", "b"],
        [1.0, None],
        [2**53 + 1, 1],
        pyarrow.array([2**64 - 1], "uint64"),
        [None, None],
        pyarrow.array([], "int8"),
    ],
)
def test_what_is_not_plain(column):
    with pytest.raises(NotPlainError):
        list(of(x=column).batches())


def test_what_is_known_is_what_columns_say():
    values = {"x": np.arange(12), "y": np.arange(12) % 3 == 0, "z": np.linspace(0, 1, 12)}
    found = of(**values)
    list(found.batches())
    centers = np.array([column.mean() for column in values.values()])
    squares = np.array([((column - column.mean()) ** 2).sum() for column in values.values()])
    known = found.statistics(centers, squares)
    for name, column in values.items():
        expected = ColumnStatistics()
        expected.add(column)
        assert (known[name].kind, known[name].rows) == (expected.kind, 12)
        if expected.kind == "number":
            assert (known[name].whole, known[name].counting) == (expected.whole, expected.counting)
        assert known[name].moments.center == pytest.approx(expected.moments.center)
        assert {level: (count, weight) for level, (count, _, weight) in known[name].levels.items()} == {
            level: (count, weight) for level, (count, _, weight) in expected.levels.items()
        }
    assert is_plain(pyarrow.float32()) and not is_plain(pyarrow.string())
