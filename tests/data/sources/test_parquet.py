"""Parquet: every row, or a sentence that names file and row group; never a crash."""

import os
import subprocess
import sys

import pyarrow
import pytest
from pyarrow import parquet

from gradloop.data.content import Content
from gradloop.data.sources import read_table
from gradloop.data.sources.parquet import ParquetSource
from tables import HOLES, HOUSES, SHARED, cells, needs_shared, refusal, rows_of, write_as


@pytest.fixture
def source(tmp_path):
    return ParquetSource(Content(write_as("parquet", HOUSES, tmp_path / "houses.parquet")))


def test_rows_columns_and_places(source):
    assert source.rows == 40 and source.schema().names == HOUSES.column_names
    assert rows_of(source) == HOUSES.to_pydict()
    assert list(rows_of(source, ["price", "area"])) == ["price", "area"]
    assert source.place(0) == "in row group 0, row 0" and source.place(35) == "in row group 2, row 3"
    assert "has no column 'prize'; the most similar is column 'price'" in refusal(rows_of, source, ["prize"])


def test_a_table_knows_its_row_groups(tmp_path, source):
    wrong = HOUSES.set_column(0, "area", pyarrow.array([1.0] * 20 + [float("inf")] + [2.0] * 19))
    table = read_table(ParquetSource(Content(write_as("parquet", wrong, tmp_path / "wrong.parquet"))))
    assert "column 'area' holds no finite number in row group 1, row 4" in refusal(table.column, "area")
    assert cells(read_table(source)) == HOUSES.to_pydict()


@pytest.mark.fault(27)
def test_missing_values_and_row_groups_without_rows(tmp_path):
    with parquet.ParquetWriter(tmp_path / "holes.parquet", HOLES.schema) as writer:
        for part in (HOLES.slice(0, 0), HOLES, HOLES.slice(0, 0), HOLES.slice(1)):
            writer.write_table(part)
    source = ParquetSource(Content(tmp_path / "holes.parquet"))
    expected = {name: [*values, *values[1:]] for name, values in HOLES.to_pydict().items()}
    assert cells(read_table(source)) == expected and source.place(3) == "in row group 3, row 0"


@pytest.mark.fault(27)
def test_nested_columns_are_refused_when_they_are_used(tmp_path):
    table = pyarrow.table({"a": [1, 2], "b": [[1], [2, 3]], "c": [{"u": 1}, None]})
    read = read_table(ParquetSource(Content(write_as("parquet", table, tmp_path / "nested.parquet"))))
    assert read.column("a").tolist() == [1, 2]
    assert "nested.parquet: column 'b' holds values of type list<" in refusal(read.column, "b")


@pytest.mark.parametrize(
    ("columns", "said"),
    [({}, "none.parquet has no columns"), ({"a": []}, "none.parquet has no rows"), ({" ": [1]}, "without a name")],
)
def test_what_is_no_table(tmp_path, columns, said):
    path = write_as("parquet", pyarrow.table(columns), tmp_path / "none.parquet")
    assert said in refusal(read_table, ParquetSource(Content(path)))


@pytest.mark.fault(27)
def test_a_flipped_bit_is_told_by_its_row_group(tmp_path, source):
    path = tmp_path / "houses.parquet"
    content = bytearray(path.read_bytes())
    column = parquet.read_metadata(path).row_group(1).column(0)
    content[column.dictionary_page_offset + column.total_compressed_size - 1] ^= 1
    path.write_bytes(content)
    assert "houses.parquet, row group 1: it cannot be read (" in refusal(rows_of, ParquetSource(Content(path)))


@pytest.mark.fault(27)
def test_every_truncation_is_told(tmp_path, source):
    whole = (tmp_path / "houses.parquet").read_bytes()
    for length in range(4, len(whole), 37):
        (tmp_path / "cut.parquet").write_bytes(whole[:length])
        assert "cut.parquet: it cannot be read (" in refusal(lambda: ParquetSource(Content(tmp_path / "cut.parquet")))


@pytest.mark.fault(46)
def test_more_rows_than_memory_are_refused_before_they_are_read(source, monkeypatch):
    monkeypatch.setattr("gradloop.data.sources.source.memory", lambda: 1000)
    assert "announces 40 rows, for which" in refusal(read_table, source)


@pytest.mark.fault(28)
def test_a_change_between_two_passes_is_told(tmp_path, source):
    before = source.fingerprint()
    assert before == source.fingerprint()
    path = write_as("parquet", HOUSES.slice(1), tmp_path / "houses.parquet")
    assert "changed while it was in use" in refusal(rows_of, source)
    assert ParquetSource(Content(path)).fingerprint() != before


USE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
from gradloop.data.sources import open_source, read_table
from gradloop.errors import DataError
for path in sys.argv[1:]:
    try:
        print("read", read_table(open_source(path)).rows)
    except DataError as error:
        assert str(error).isprintable() and str(error).endswith(".") and path.split("/")[-1] in str(error)
        print("refused", error)
"""


@pytest.mark.fault(27)
@needs_shared
@pytest.mark.parametrize(("folder", "most"), [("parquet_bad", 2), ("parquet_fuzz", 8)])
def test_the_corpora_of_bad_files(folder, most):
    """In a process of their own, so that a crash is a failure of this test; few of them can be read at all."""
    paths = sorted(str(path) for path in (SHARED / "bad" / folder).iterdir() if path.name != "README.md")
    done = subprocess.run(
        [sys.executable, "-c", USE, *paths], capture_output=True, text=True, timeout=60, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert len(said) == len(paths) and sum(line.startswith("read ") for line in said) <= most
