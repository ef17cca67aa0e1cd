"""Folders and patterns: one table, in the order of names, or a sentence naming the file that is unlike the others."""

import os

import pyarrow
import pytest

from gradloop.data.content import Content
from gradloop.data.sources import files, open_source, read_table
from gradloop.data.sources.files import files_in, files_like
from gradloop.data.sources.opening import open_content
from gradloop.errors import DataError
from tables import HOLES, HOUSES, cells, refusal, rows_of, write_as


@pytest.fixture
def folder(tmp_path):
    """The houses in three files of three formats, the columns of one in another order."""
    (tmp_path / "houses" / "later").mkdir(parents=True)
    write_as("csv", HOUSES.slice(0, 10), tmp_path / "houses" / "a.csv")
    write_as("parquet", HOUSES.slice(10, 20).select(HOUSES.column_names[::-1]), tmp_path / "houses" / "b")
    write_as("arrow", HOUSES.slice(30), tmp_path / "houses" / "later" / "a.arrow")
    for name in ("_SUCCESS", ".hidden", "later/.crc"):
        (tmp_path / "houses" / name).write_text("no table")
    os.mkfifo(tmp_path / "houses" / "pipe")
    return tmp_path / "houses"


def test_a_folder_is_one_table(folder):
    source = open_source(folder)
    assert cells(read_table(source)) == rows_of(source) == HOUSES.to_pydict()
    assert rows_of(source, ["price"]) == {"price": HOUSES["price"].to_pylist()}
    assert source.files == tuple(str(folder / name) for name in ("a.csv", "b", "later/a.arrow"))
    assert source.place(2) == f"in line 4 of {folder}/a.csv"
    assert source.place(27) == f"in row group 1, row 1 of {folder}/b"


def test_rows_are_told_by_their_file(folder):
    wrong = HOUSES.slice(30).set_column(0, "area", pyarrow.array([1.0, float("inf")] + [2.0] * 8))
    write_as("arrow", wrong, folder / "later" / "a.arrow")
    table = read_table(open_source(folder))
    assert f'holds no finite number in row 1 ("inf") (of {folder}/later/a.arrow)' in refusal(table.column, "area")
    assert table.place(12) == f"in row group 0, row 2 of {folder}/b"


def test_patterns(folder):
    pattern = f"{folder}/**/a*"
    assert read_table(open_source(pattern)).rows == 20 and files_like(pattern) == [
        f"{folder}/a.csv",
        f"{folder}/later/a.arrow",
    ]
    assert "No file is named like" in refusal(open_source, f"{folder}/*.orc")
    odd = folder / "odd[1].csv"
    odd.write_text("a\n1\n")
    assert read_table(open_source(odd)).rows == 1  # a file that is there is meant, whatever its name


@pytest.mark.fault(30)
def test_folders_without_files_and_circles(tmp_path):
    assert "is a folder without files" in refusal(open_source, tmp_path)
    (tmp_path / "circle").symlink_to(tmp_path)
    (tmp_path / "a.csv").write_text("a\n1\n")
    assert files_in(str(tmp_path)) == [os.path.join(tmp_path, "a.csv")]


def test_missing_values_take_the_kind_of_the_others(tmp_path):
    (tmp_path / "0.csv").write_text("a,b,c,d\n,,,\nNA,NA,,\n")
    write_as("csv", HOLES, tmp_path / "1.csv")
    write_as("parquet", HOLES, tmp_path / "2.parquet")
    table = read_table(open_source(tmp_path))
    found = cells(table)
    twice = {name: values * 2 for name, values in HOLES.to_pydict().items()}
    assert {name: values[2:] for name, values in found.items()} == twice
    assert found["a"][:2] == found["c"][:2] == found["d"][:2] == [None, None]
    assert table.columns["a"].dtype == float and table.columns["d"].dtype == bool


def test_whole_numbers_and_fractions_go_together(tmp_path):
    (tmp_path / "0.csv").write_text("a\n1\n2\n")
    (tmp_path / "1.csv").write_text("a\n2.5\n")
    source = open_source(tmp_path)
    assert cells(read_table(source)) == rows_of(source) == {"a": [1, 2, 2.5]}
    assert {batch.schema for batch in source.batches()} == {source.schema()}


@pytest.mark.fault(27)
@pytest.mark.parametrize(
    ("other", "said"),
    [
        ("a,b\n1,x\n", "1.csv has the column 'b' too, unlike"),
        ("b\n1\n", "1.csv lacks the column 'a', unlike"),
        ("a\n3\nx\n", "column 'a' holds text (\"x\" in line 3), while the files before it hold numbers"),
        ("a\ntrue\n", "column 'a' holds booleans"),
        ("a\n2024-01-01\n", "column 'a' holds dates"),
    ],
)
def test_a_file_unlike_the_others_is_told(tmp_path, other, said):
    (tmp_path / "0.csv").write_text("a\n1\n2\n")
    (tmp_path / "1.csv").write_text(other)
    assert said in refusal(read_table, open_source(tmp_path))
    assert "1.csv" in refusal(rows_of, open_source(tmp_path))


def test_fingerprints_are_of_all_files(folder):
    before = open_source(folder).fingerprint()
    assert before == open_source(folder).fingerprint()
    write_as("arrow", HOUSES.slice(31), folder / "later" / "a.arrow")
    assert open_source(folder).fingerprint() != before
    assert isinstance(open_content(Content(folder / "b")).fingerprint(), str)


@pytest.mark.fault(30)
def test_a_folder_of_everything_is_not_walked_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MOST_FILES", 20)
    deep = tmp_path
    for level in range(30):
        deep = deep / f"folder {level}"
        deep.mkdir()
        (deep / "rows.csv").write_text("x\n1\n")
    walked = []
    walk = files.os.walk
    monkeypatch.setattr(files.os, "walk", lambda folder: (walked.append(each) or each for each in walk(folder)))
    with pytest.raises(DataError, match=r"holds more than 20 files and folders; give the folder .* or a pattern"):
        open_source(tmp_path)
    assert len(walked) < 15
