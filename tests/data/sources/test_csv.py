"""CSV by pieces is what it is as a whole, wherever it is cut."""

import gzip

import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradloop.data import read_csv
from gradloop.data.content import Content
from gradloop.data.sources.csv import CsvSource
from tables import HOUSES, cells, refusal, rows_of, write_as

HARD = 'a,b,c\n1,"x, ""y""\nz",2.5\n\n2,NA,\r\n3,5" pipe,-1\n4,"",7\n'


@pytest.fixture
def write(tmp_path):
    def write(content, name="houses.csv"):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return Content(tmp_path / name)

    return write


@pytest.mark.fault(21)
@pytest.mark.parametrize("piece", [1, 2, 3, 7, 16, 1 << 20])
@pytest.mark.parametrize("start", ["", "\ufeff", "\n\n"])
@pytest.mark.parametrize("end", ["", "\n\n\n", "\r\n"])
def test_any_piece_gives_the_same_rows(write, piece, start, end):
    content = write(start + HARD + end)
    assert rows_of(CsvSource(content, piece)) == {
        "a": [1, 2, 3, 4],
        "b": ['x, "y"\nz', "NA", '5" pipe', ""],
        "c": [2.5, None, -1, 7],
    }


@pytest.mark.fault(21)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r", "\n\r\n", "\r\r\n"])
@pytest.mark.parametrize("piece", [1, 2, 3, 5])
def test_any_end_of_line(write, ends, piece):
    content = write(ends.join(["a,b", "1,x", '2,"y\r\n"', "3,z"]))
    assert rows_of(CsvSource(content, piece)) == {"a": [1, 2, 3], "b": ["x", "y\r\n", "z"]}


fields = st.sampled_from(["1", "2.5", "", "x", '"a,b"', '"q""q"', '"l\nm"', 'st"ray', '""', "é"])


@pytest.mark.fault(21)
@given(st.lists(st.tuples(fields, fields), min_size=1, max_size=8), st.integers(1, 30))
@settings(max_examples=150, deadline=None)
def test_pieces_are_the_whole(tmp_path_factory, rows, piece):
    path = tmp_path_factory.getbasetemp() / "pieces.csv"
    path.write_bytes("\n".join(["text,a,b", *(f"t,{a},{b}" for a, b in rows)]).encode())
    whole = cells(read_csv(path))
    try:
        found = rows_of(CsvSource(Content(path), piece))
    except ValueError as error:
        assert "while the lines before hold" in str(error)
        return
    assert found["text"] == whole["text"] and len(found["a"]) == len(whole["a"])
    for name in "ab":
        for one, other in zip(found[name], whole[name], strict=True):
            assert one == other or str(one or "") == str(other or "") or float(one) == float(other)


def test_columns_are_chosen_and_types_kept(write):
    source = CsvSource(write(HARD), 8)
    assert source.schema().names == ["a", "b", "c"] and rows_of(source, ["c", "a"])["a"] == [1, 2, 3, 4]
    assert list(rows_of(source, ["c", "a"])) == ["c", "a"]
    assert "houses.csv has no column 'd'" in refusal(rows_of, source, ["d"])


def test_whole_numbers_may_become_fractions_and_nothing_anything(write):
    content = write("a,b\n1,\n2,\n" + "3,\n" * 30 + "2.5,x\n4,y\n")
    found = rows_of(CsvSource(content, 8))
    assert found["a"][:3] == [1, 2, 3] and found["a"][-2:] == [2.5, 4] and found["b"][-2:] == ["x", "y"]


@pytest.mark.fault(23)
def test_what_does_not_go_on_as_it_began_is_told_by_its_line(write):
    rows = "".join(f"{row},true,2020-01-01\n" for row in range(50))
    for place, cell in enumerate(["n/a", "maybe", "soon"]):
        wrong = ["7", "false", "2020-01-02"]
        wrong[place] = cell
        content = write(f'a,b,c\n{rows}"7"\n'.replace('"7"\n', "") + rows + ",".join(wrong) + "\n")
        said = refusal(rows_of, CsvSource(content, 64))
        assert f"houses.csv, line 102: column '{'abc'[place]}' holds \"{cell}\", while the lines before hold" in said


def test_lines_are_told_across_pieces(write):
    source = CsvSource(write(HARD), 4)
    assert [source.place(row) for row in range(4)] == ["in line 2", "in line 5", "in line 6", "in line 7"]


@pytest.mark.parametrize("piece", [1, 8, 1 << 20])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "houses.csv is empty; it needs a header line and rows"),
        (" \n\n", "houses.csv holds only blanks"),
        ("a,b\n", "houses.csv has a header and no rows of data"),
        ("a,b\n1,2\n3,4\n5\n6,7\n", "houses.csv, line 4: found 1 field, expected 2 as in the header"),
        ('a,b\n1,2\n3,"4\n5,6\n', "houses.csv, line 3: a quote is opened and never closed"),
        (b"a,b\n1,2\n3,\xff\n", "houses.csv is not UTF-8 text: byte 10 (line 3) is 0xff"),
        (b"a,b\n1,2\n3,\x00\n", "houses.csv holds a NUL byte at byte 10 (line 3)"),
        ("a,a\n1,2\n", "houses.csv, line 1, has more than one column 'a'"),
    ],
)
def test_faults_are_told_by_the_lines_of_the_file(write, content, said, piece):
    assert said in refusal(rows_of, CsvSource(write(content), piece))


@pytest.mark.fault(31)
def test_a_row_without_end_is_told(write, monkeypatch):
    monkeypatch.setattr("gradloop.data.csv.LONGEST", 100)
    content = write('a,b\n1,2\n3,"' + "x" * 1000)
    assert "houses.csv, line 3: a row of more than" in refusal(rows_of, CsvSource(content, 16))


def test_packed_files_are_read_by_pieces_too(tmp_path, write):
    write_as("csv", HOUSES, tmp_path / "plain.csv")
    content = write(gzip.compress((tmp_path / "plain.csv").read_bytes()))
    assert rows_of(CsvSource(content, 100)) == HOUSES.to_pydict()


@pytest.mark.fault(28)
def test_a_change_between_two_passes_is_told(tmp_path, write):
    content = write("a,b\n1,2\n")
    source = CsvSource(content)
    rows_of(source)
    (tmp_path / "houses.csv").write_text("a,b\n1,2\n3,4\n")
    assert "changed while it was in use" in refusal(rows_of, source)
    assert source.fingerprint() != CsvSource(write("a,b\n1,2\n")).fingerprint()


def test_a_type_per_column_is_announced(write):
    assert CsvSource(write(HARD)).schema().types == [pyarrow.int64(), pyarrow.string(), pyarrow.float64()]


@pytest.mark.parametrize("piece", [16, 1 << 22])
def test_columns_come_as_they_are_written_on_request(write, piece):
    """However they go on: numbers with zeros before them, then text."""
    source = CsvSource(write("id,x\n007,1\n8,2\n,3\nabc,4\n"), piece)
    text = source.as_written(["id"])["id"]
    cells = pyarrow.Table.from_batches(source.batches(["x", text]))
    assert cells.to_pydict() == {"x": [1, 2, 3, 4], text: ["007", "8", "", "abc"]}
    assert pyarrow.Table.from_batches(source.batches([text])).to_pydict() == {text: ["007", "8", "", "abc"]}
    assert "has no column 'y'" in refusal(source.as_written, ["y"])


@pytest.mark.parametrize("piece", [16, 1 << 22])
def test_columns_come_as_numbers_and_as_they_are_written(write, piece):
    source = CsvSource(write("id,x\n007,1.50\n8,2\nNA,3.\n9,1e3\n"), piece)
    text = source.as_written(["x", "id"])
    found = pyarrow.Table.from_batches(source.batches([text["x"], "x", "id", text["id"]])).to_pydict()
    assert found["x"] == [1.5, 2, 3, 1000] and found[text["x"]] == ["1.50", "2", "3.", "1e3"]
    assert found["id"] == [7, 8, None, 9] and found[text["id"]] == ["007", "8", "NA", "9"]


@pytest.mark.fault(25)
def test_a_category_na_that_fills_the_first_piece_is_a_category(write):
    text = "k,e,n,x\n" + "NA,,NA,1\n" * 20 + "A,,7,2\nNA,,NA,3\n"
    found = rows_of(CsvSource(write(text), 16))
    assert found["k"] == ["NA"] * 20 + ["A", "NA"] and found["x"] == [1] * 20 + [2, 3]
    assert found["n"] == [None] * 20 + [7, None] and found["e"] == [None] * 22
    assert CsvSource(write(text), 16).read().column("k").tolist() == found["k"]
