"""Records, fields and lines, against Python's own reader of CSV."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradloop.data.lines import check_text, count_fields, detect_delimiter, records, row_lines
from gradloop.errors import DataError

fields = st.sampled_from(["", "a", "1,5", "x;y", 'q"', '"q', "two\nlines", "two\r\nlines", "\r", "é"])


@given(st.lists(st.lists(fields, min_size=2, max_size=4), min_size=1), st.sampled_from([",", ";", "|"]))
def test_records_are_those_of_pythons_reader(rows, delimiter):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    reader = csv.reader(io.StringIO(text.getvalue(), newline=""), delimiter=delimiter)
    starts = [1]
    for _ in reader:
        starts.append(reader.line_num + 1)
    found = list(records(text.getvalue().encode(), delimiter))
    assert [record.line for record in found] == starts[:-1]
    assert [count_fields(record.content, delimiter) for record in found] == [len(row) for row in rows]
    assert all(record.closed for record in found)
    assert list(row_lines(text.getvalue().encode(), delimiter, len(rows) - 1)) == starts[1:-1]


def test_blank_lines_and_open_quotes():
    found = list(records(b'\n\na,b\n\n1,"2\n3\n', ","))
    assert [(record.line, record.closed) for record in found] == [(3, True), (5, False)]


def test_regular_files_are_not_scanned_and_strange_ones_have_no_lines():
    assert row_lines(b"a\n1\n2\n", ",", 2) == range(2, 4)
    assert row_lines(b"a\n1\n2\n", ",", 7) is None


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2", ","),
        ("a;b,c\n1;2,5\n3;4", ";"),
        ("a\tb\n1,5\t2", "\t"),
        ("a|b\n1|2", "|"),
        ("a\n1,5\n2,5", ","),
        ("a\n", ","),
        ('"x;y;z",b\n"1;2;3",4', ","),
        ("a,b\n1,2,3\n4,5,6\n", ","),
        ("a,b\n" + "1," + "x;" * 70_000 + "\n", ","),
    ],
)
def test_delimiters(text, delimiter):
    assert detect_delimiter(text.encode()) == delimiter


def test_bytes_that_are_not_text_are_found_wherever_they_are(monkeypatch):
    monkeypatch.setattr("gradloop.data.lines._PIECE", 4)
    check_text("zwölf\nBoxkämpfer\njagen".encode() * 3, "x")
    with pytest.raises(DataError, match=r"x is not UTF-8 text: byte 13 \(line 3\) is 0xff"):
        check_text(b"abcdef\nghijk\n\xff", "x")
