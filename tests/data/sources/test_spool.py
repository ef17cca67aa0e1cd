"""Rows kept on disk: the same at every pass, though their source is read once; nothing is left behind."""

import os
import tempfile

import pyarrow
import pytest

from gradloop.data.sources import open_source
from gradloop.data.sources.spool import Spool
from gradloop.errors import DataError

TABLE = pyarrow.table({"x": [1.5, None, 3.0], "town": ["a", "b", None], "unused": [1, 2, 3]})


def rows_of(source, columns=None):
    return pyarrow.Table.from_batches(list(source.batches(columns))).to_pydict()


def test_what_can_be_read_once_is_read_again():
    reader = TABLE.to_reader(max_chunksize=2)
    spool = Spool(open_source(reader), ["x", "town"])
    expected = TABLE.select(["x", "town"]).to_pydict()
    assert [rows_of(spool) for _ in range(3)] == [expected] * 3
    assert rows_of(spool, ["town"]) == {"town": expected["town"]}
    spool.close()


def test_a_pass_that_was_broken_off_begins_again(tmp_path):
    (tmp_path / "t.csv").write_text("x\n1\n2\n3.5\n")
    spool = Spool(open_source(tmp_path / "t.csv"), ["x"])
    next(iter(spool.batches()))
    assert rows_of(spool) == rows_of(spool) == {"x": [1.0, 2.0, 3.5]}


def test_columns_whose_type_widens(tmp_path):
    (tmp_path / "t.csv").write_text("x\n" + "1\n" * 40 + "2.5\n" * 40)
    source = open_source(tmp_path / "t.csv")
    source._size = 32
    spool = Spool(source, ["x"])
    before = [value for batch in spool.batches() for value in batch.column(0).to_pylist()]
    assert (
        before == [value for batch in spool.batches() for value in batch.column(0).to_pylist()] == [1] * 40 + [2.5] * 40
    )


def test_the_file_has_no_name(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    spool = Spool(open_source(TABLE.to_reader()), ["x"])
    rows_of(spool)
    assert os.listdir(tmp_path) == []
    spool.close()


def test_a_disk_that_cannot_be_written_is_a_sentence(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
    with pytest.raises(DataError, match="cannot be kept in /nowhere/at/all.*TMPDIR"):
        Spool(open_source(TABLE.to_reader()), ["x"])
