"""Every way in which a CSV file can be wrong is one sentence with file, line, column and remedy."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradloop.data.csv import csv_chunks, read_csv, write_csv
from gradloop.data.preparation import Preparation
from gradloop.errors import DataError, GradloopError, OptionError

SHARED = Path(__file__).parents[2] / "../shared/data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "houses.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refusal(act, *args, **options):
    with pytest.raises(DataError) as caught:
        act(*args, **options)
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith(".")
    return sentence


def use(table, *names):
    """Columns are judged when they are used, here to predict the number of the row."""
    rows = {**table.columns, "row": np.arange(table.rows)}
    Preparation.learn(replace(table, columns=rows), "row", names)


def test_the_types_of_columns(write):
    table = read_csv(write("a,b,c,d\n1,1.5,yes,true\n-2,2e3,no,false\n"))
    assert table.names == ("a", "b", "c", "d") and table.rows == 2
    assert [table.column(name).dtype for name in table.names] == [np.int64, np.float64, object, np.bool_]
    assert table.column("b").tolist() == [1.5, 2000.0] and table.column("c").tolist() == ["yes", "no"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(write, delimiter):
    content = 'a,b\n1,"x, y; z|\tw"\n2,v\n'.replace(",", delimiter, 2).replace("2,v", f"2{delimiter}v")
    for given_delimiter in (None, delimiter):
        table = read_csv(write(content), given_delimiter)
        assert table.column("a").tolist() == [1, 2] and table.column("b")[1] == "v"


@pytest.mark.fault(22)
def test_a_decimal_comma_is_not_taken_for_the_delimiter(write):
    table = read_csv(write("a;b\n1,5;2\n2,5;3\n"))
    assert table.column("b").tolist() == [2, 3]
    assert """houses.csv: column 'a' is text because 2 of 2 rows are written like "1,5" (in line 2);""" in refusal(
        use, table, "a"
    )


@pytest.mark.parametrize("delimiter", ["", ",,", "\n", '"', "1", "é"])
def test_an_impossible_delimiter(write, delimiter):
    with pytest.raises(OptionError, match="cannot separate fields"):
        read_csv(write("a,b\n1,2\n"), delimiter)


@pytest.mark.fault(21)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n", "\r\r\n"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"\n\n"])
def test_ends_of_lines_and_byte_order_mark(write, start, end):
    table = read_csv(write(start + end.join(["a,b", "1,x", "2,ü"]).encode()))
    assert table.column("a").tolist() == [1, 2] and table.column("b").tolist() == ["x", "ü"]


@pytest.mark.fault(21)
def test_quotes_and_newlines_within_them(write):
    table = read_csv(write('a,b\n1,"ha ""ha""\nha, ha"\n2,5" pipe\n'))
    assert table.column("b").tolist() == ['ha "ha"\nha, ha', '5" pipe']
    assert [table.line(row) for row in range(2)] == [2, 4]


def test_a_byte_order_mark_before_a_quoted_name(write):
    table = read_csv(write('\ufeff"a\nb",c\n1,2\n'))
    assert table.names == ("a\nb", "c") and table.line(0) == 3


def test_spaces_around_names_do_not_count(write):
    assert read_csv(write("a , b\n1,2\n")).names == ("a", "b")


def test_a_record_longer_than_a_block(write):
    table = read_csv(write('a,b\n1,"' + "x" * 3_000_000 + '"\n2,y\n'))
    assert len(table.column("b")[0]) == 3_000_000


@pytest.mark.fault(19, 20, 24)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "houses.csv is empty; it needs a header line and rows"),
        (" \n\t\n\r\n", "houses.csv holds only blanks;"),
        ("a,b\n", "houses.csv has a header and no rows of data"),
        ("a,b", "houses.csv has a header and no rows of data"),
        ("a,b\n\n\n", "houses.csv has a header and no rows of data"),
        ("a,b\n1,2\n3\n", "houses.csv, line 3: found 1 field, expected 2 as in the header; correct the line"),
        ("a,b\n1,2,3\n4,5\n6\n", "line 2: found 3 fields, expected 2 as in the header (and 1 other row like it);"),
        ("a,b\n1,2,3\n1,2,3\n", "line 2: found 3 fields, expected 2"),
        ('a,b\n1,"x\ny"\n\n3,4,5\n', "houses.csv, line 5: found 3 fields, expected 2"),
        ("a,b,a\n1,2,3\n", "houses.csv, line 1, has more than one column 'a';"),
        ("\na, a\n1,2\n", "houses.csv, line 2, has more than one column 'a';"),
        ("a,,\n1,2,3\n", "houses.csv, line 1: 2 columns of 3 (2 and 3, counted from 1) without a name;"),
        ("5.1,3.5,1\n4.9,3.0,1\n", "houses.csv, line 1 holds numbers (5.1, 3.5 and 1) where the names"),
        (b"a\n1\0\n", "houses.csv holds a NUL byte at byte 3 (line 2),"),
        (b"a\nM\xfcller\n", "houses.csv is not UTF-8 text: byte 3 (line 2) is 0xfc; save it as UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "houses.csv is UTF-16 text, not a CSV file in UTF-8;"),
        (b"PK\x03\x04rest", "houses.csv, compressed with zip, is damaged or is not what it seems"),
        ('a,b\n1,"x\n2,3\n', "houses.csv, line 2: a quote is opened and never closed;"),
    ],
)
def test_what_is_no_table_is_explained(write, content, said):
    assert said in refusal(read_csv, write(content))


@pytest.mark.fault(22, 23)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n,\n3,\n", "houses.csv: column 'b' has no value in 2 rows (first in line 3); fill in these cells"),
        ("a,b\n1,2\n1,NA\n", ": column 'b' has no value in line 3;"),
        ("a,b\n1,2\n1,nan\n2,NaN\n", ": column 'b' has no value in 2 rows (first in line 3);"),
        ("a,b\n1,x\n2,\n", ": column 'b' has no value in line 3;"),
        ("a,b\n1,\n2,\n", ": column 'b' has no value in 2 rows (first in line 2);"),
        ("a,b\n1,true\n2,\n", ": column 'b' has no value in line 3;"),
        (
            "a,b\n1,2\n2,1e400\n3,-inf\n",
            """: column 'b' holds no finite number in 2 rows (first in line 3: "1e400");""",
        ),
        ("a,b\n1,2\n2,n/a\n3,4\n", """: column 'b' holds "n/a" in line 3, while 2 of 3 rows hold numbers; correct"""),
        ('a,b\n"x\ny",2\n2,?\n3,4\n', """: column 'b' holds "?" in line 4, while 2 of 3 rows"""),
        (
            "a,b\n1,$74.69\n2,$1\n",
            """: column 'b' is text because 2 of 2 rows are written like "$74.69" (in line 2);""",
        ),
        ("a;b\n1;1.234,5\n2;7\n3;2.000,5\n", """: column 'b' is text because 2 of 3 rows are written like"""),
        ("a,b\n1,5%\n2,6 %\n", "written like"),
        (
            "a,b\n1,12:30:00\n2,13:00:00\n",
            ": column 'b' holds values of type time32[s], which are neither numbers, text nor dates;",
        ),
        (
            "a,b\n1,31.1.2024\n2,1.2.2024\n",
            """: column 'b' holds dates or times written as text ("31.1.2024" in line 2); write""",
        ),
        ("a,b\n1,9007199254740993\n", "holds integers too long for a 64-bit float in line 2 (9007199254740993);"),
        ("a,b\n1,123456789012345678901\n", "too long for a 64-bit float in line 2 (123456789012345678901);"),
    ],
)
def test_a_column_that_cannot_be_used_is_explained_when_it_is_used(write, content, said):
    table = read_csv(write(content))
    assert table.rows
    assert said in refusal(use, table, "b")


def test_dates_are_instants(write):
    table = read_csv(write("day,time\n2024-01-31,2024-01-31 12:00\n,2024-02-01 00:00:01.5\n"))
    assert table.column("day").dtype == table.column("time").dtype == "M8[us]"
    assert table.column("day")[0] == np.datetime64("2024-01-31") and table.missing["day"].tolist() == [False, True]
    assert table.column("time")[1] == np.datetime64("2024-02-01T00:00:01.5")


def test_cells_without_a_value_are_marked(write):
    table = read_csv(write("number,flag,text,fine\n1,true,x,NA\nNA,,,y\n,false,NA,z\n"))
    assert {name: mask.tolist() for name, mask in table.missing.items()} == {
        "number": [False, True, True],
        "flag": [False, True, False],
        "text": [False, True, False],
    }
    assert table.column("flag").tolist() == [True, False, False] and table.column("text").tolist() == ["x", "", "NA"]


def test_large_numbers_that_are_exact_or_floats_are_no_problem(write):
    table = read_csv(write("a,b\n9007199254740992,1e300\n10000000000000000,-1.5e17\n"))
    assert table.column("a").tolist() == [2**53, 10**16] and table.column("b").tolist() == [1e300, -1.5e17]


@pytest.mark.fault(25)
def test_words_for_missing_values_are_categories_in_text(write):
    table = read_csv(write("country,only\nNA,NA\nDE,NA\nnan,NA\nNone,NA\n"))
    assert table.column("country").tolist() == ["NA", "DE", "nan", "None"]
    assert table.column("only").tolist() == ["NA"] * 4


def test_problems_of_several_columns_come_in_one_sentence(write):
    table = read_csv(write("a,b,c\n1,,\n,,3\n"))
    said = refusal(use, table, "a", "b", "c")
    assert "'a' has no value in line 3, column 'b' has no value in 2 rows (first in line 2) and column 'c'" in said


def test_paths_that_cannot_be_read(tmp_path, write):
    path = write("a\n1\n")
    assert f"{tmp_path}/house.csv: there is no such file; did you mean {path}" in refusal(
        read_csv, tmp_path / "house.csv"
    )
    assert "nor a folder" in refusal(read_csv, tmp_path / "none" / "house.csv")
    assert "is a folder" in refusal(read_csv, tmp_path)
    assert "is a device" in refusal(read_csv, "/dev/zero")
    assert "cannot be read" in refusal(read_csv, "a\0b")
    assert "cannot be read" in refusal(read_csv, tmp_path / ("x" * 300))


@pytest.mark.fault(30)
@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_without_permission(write):
    path = write("a\n1\n")
    path.chmod(0)
    assert "may not be read by you" in refusal(read_csv, path)


@pytest.mark.fault(19)
def test_names_and_cells_cannot_harm_a_terminal(write):
    said = refusal(use, read_csv(write(b"a\x1b[2J,b\n\x07,1\n5,2\n6,3\n")), "a\x1b[2J")
    assert said.isprintable() and r"'a\x1b[2J' holds" in said


def test_what_is_written_reads_back_the_same(tmp_path):
    numbers = np.array([0.1, 1e-300, -1 / 3, 1e22, 5.0])
    columns = {"x": numbers, "text": ["a", 'q"q', "c,d", "e\nf", "ü"], "n": [1, 2, 3, 4, 5]}
    write_csv(tmp_path / "out.csv", columns)
    table = read_csv(tmp_path / "out.csv")
    assert np.array_equal(table.column("x"), numbers)
    assert table.column("text").tolist() == columns["text"] and table.column("n").tolist() == columns["n"]


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("old")
    assert "these are 'a' (2,) and 'b' (3,);" in refusal(write_csv, path, {"a": [1, 2], "b": [1, 2, 3]})
    assert "these are none" in refusal(write_csv, path, {})
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["out.csv"]
    assert "cannot be written" in refusal(write_csv, tmp_path / "none" / "out.csv", {"a": [1]})
    assert "cannot be written" in refusal(write_csv, tmp_path, {"a": [1]})
    assert b"".join(csv_chunks({"a": np.arange(25_000)})).count(b"\n") == 25_001


def test_pyarrow_is_not_loaded_before_a_file_is_read():
    code = "import gradloop.data.csv, sys; sys.exit('pyarrow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


cells = st.sampled_from(["", "1", "2.5", "x", "NA", '"q""q"', '"a\nb"', '"a,b"', "1e400", "$5", "  ", '"', "é", "\r"])


@pytest.mark.fault(21)
@given(st.lists(st.lists(cells, min_size=1, max_size=3), max_size=6), st.binary(max_size=4), st.integers(0, 40))
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_a_table_or_a_sentence(tmp_path_factory, rows, noise, place):
    content = "\n".join(",".join(row) for row in rows).encode()
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content[:place] + noise + content[place:])
    try_to_use(path)


@given(st.lists(st.sampled_from(["x", "a\nb", "a\r\nb", 'q"q', ""]), min_size=1, max_size=9))
@settings(deadline=None)
def test_lines_are_those_of_the_file(tmp_path_factory, texts):
    path = tmp_path_factory.getbasetemp() / "lines.csv"
    quoted = ['"' + text.replace('"', '""') + '"' for text in texts]
    path.write_bytes("\n".join(["a,b", *(f"{row}=,{text}" for row, text in enumerate(quoted))]).encode())
    lines = path.read_bytes().decode().replace("\r\n", "\n").split("\n")
    table = read_csv(path)
    assert [lines[table.line(row) - 1].partition("=")[0] for row in range(table.rows)] == [
        str(row) for row in range(len(texts))
    ]


def try_to_use(path):
    try:
        table = read_csv(path)
    except DataError as error:
        assert str(error).isprintable()
        return "refused"
    for name in table.names:
        try:
            assert len(table.column(name)) == table.rows
        except GradloopError as error:
            assert str(error).isprintable()
    return "read"


@needs_shared
@pytest.mark.parametrize("folder", ["csv_spectrum", "csv_fuzz", "csv_pollock/csv", "csv_pollock/clean"])
def test_the_corpora_of_bad_files(folder):
    results = {path.name: try_to_use(path) for path in sorted((SHARED / "bad" / folder).iterdir())}
    assert results
    if folder == "csv_spectrum":
        assert set(results.values()) == {"read"}
    if folder == "csv_pollock/csv":
        assert all(results[name] == "refused" for name in results if name.startswith(("row_more", "row_less")))


@needs_shared
def test_real_tables():
    rows = {path.name: read_csv(path).rows for path in sorted((SHARED / "tables").glob("*.csv"))}
    assert rows["diamonds.csv"] == 53940 and rows["titanic_train.csv"] == 891 and rows["iris.csv"] == 150
