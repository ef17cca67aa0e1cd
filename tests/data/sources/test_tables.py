"""Batches as tables: all rows once, in tables of some size, which know where their rows are."""

import pyarrow
import pytest

from gradloop.data.sources import open_source
from gradloop.data.sources import tables as module
from gradloop.data.sources.tables import pieces, tables
from gradloop.errors import DataError


def test_all_rows_once_and_in_order(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("x,town\n" + "".join(f"{i},{'a' if i % 2 else 'b'}\n" for i in range(100)))
    monkeypatch.setattr(module, "ROWS", 10)
    source = open_source(path)
    source._size = 64
    found = list(tables(source, ["x", "town"]))
    assert [x for table in found for x in table.columns["x"].tolist()] == list(range(100))
    assert all(table.rows >= 10 for table in found[:-1]) and len(found) > 3
    assert found[1].place(0) == f"in line {2 + found[0].rows}"


def test_types_that_widen_begin_another_table():
    batches = [pyarrow.record_batch({"x": [1, 2]}), pyarrow.record_batch({"x": [0.5]})]

    class Widening(type(open_source({"x": [1]}))):  # type: ignore[misc]
        def batches(self, columns=None):
            return iter(batches)

    found = list(tables(Widening(open_source({"x": [1]}).read()), ["x"]))
    assert [table.columns["x"].tolist() for table in found] == [[1, 2], [0.5]]


def test_unknown_columns_are_told(tmp_path):
    (tmp_path / "t.csv").write_text("x\n1\n")
    with pytest.raises(DataError, match="has no column 'y'"):
        list(tables(open_source(tmp_path / "t.csv"), ["y"]))


def test_cells_stand_beside_the_tables(tmp_path):
    (tmp_path / "t.csv").write_text("id,x\n07,1\n08,2\n")
    source = open_source(tmp_path / "t.csv")
    text = source.as_written(["id"])["id"]
    (piece,) = pieces(source, ["x", text, "x"])
    assert piece.table(["x"]).names == ("x",) and piece.table(["x"]).rows == 2
    assert piece.cells.to_pydict() == {text: ["07", "08"], "x": [1, 2]}


def test_long_text_makes_shorter_tables(tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text("x,note\n" + f"1,{'long ' * 20}\n" * 100)
    monkeypatch.setattr(module, "BYTES", 1000)
    source = open_source(tmp_path / "t.csv")
    source._size = 64
    found = list(tables(source, ["x", "note"]))
    assert sum(table.rows for table in found) == 100 and max(table.rows for table in found) < 20
