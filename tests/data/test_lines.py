"""Records, fields and lines, against Python's own reader of CSV."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradloop.data.lines import (
    check_text,
    count_fields,
    count_line_ends,
    detect_delimiter,
    last_record_end,
    records,
    row_lines,
)
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


@given(st.lists(st.lists(fields, min_size=2, max_size=3), min_size=1), st.data())
def test_the_last_record_that_is_whole(rows, data):
    """Wherever the bytes are cut, no record is cut in two."""
    text = io.StringIO()
    csv.writer(text, lineterminator=data.draw(st.sampled_from(["\n", "\r\n", "\r"]))).writerows(rows)
    content = text.getvalue().encode()
    piece = content[: data.draw(st.integers(0, len(content)))]
    end = last_record_end(piece, ",")
    starts = {0, len(content)}
    place = 0
    for record in records(content, ","):
        place = content.index(record.content, place)
        starts.add(place)
        place += len(record.content)
    after = {place + skip for place in starts for skip in (0, -1)}  # \r\n may be cut between
    assert end <= len(piece) and (end in after or content[end : end + 1] in (b"\n", b"\r"))


@pytest.mark.parametrize(
    ("content", "whole"),
    [
        (b"1,2\n3,4", b"1,2\n"),
        (b'1,"a\nb', b""),
        (b'1,"a\nb"\n2', b'1,"a\nb"\n'),
        (b'1,"a""\nb"\n2,"c\n', b'1,"a""\nb"\n'),
        (b'5" pipe,"a\nb"\n6" pipe,c\n7', b'5" pipe,"a\nb"\n6" pipe,c\n'),
        (b'5" pipe,"a\nb', b""),
        (b'"x"y,1\n"a\n', b'"x"y,1\n'),
        (b"1,2\r3", b"1,2\r"),
        (b"1,2\r", b""),
        (b"", b""),
    ],
)
def test_quotes_are_never_cut(content, whole):
    assert content[: last_record_end(content, ",")] == whole


def test_ends_of_lines_are_counted():
    assert [count_line_ends(text) for text in (b"", b"a\nb", b"a\r\nb\r\n", b"\r\r\n\n")] == [0, 1, 2, 3]
