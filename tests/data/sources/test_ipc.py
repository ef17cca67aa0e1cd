"""Arrow's files and streams: every row, or a sentence."""

import random

import pyarrow
import pytest

from gradloop.data.content import Content
from gradloop.data.sources import read_table
from gradloop.data.sources.ipc import ArrowSource
from gradloop.errors import DataError
from tables import HOLES, HOUSES, cells, refusal, rows_of, write_as


@pytest.fixture(params=["arrow", "stream"])
def path(request, tmp_path):
    return write_as(request.param, HOUSES, tmp_path / request.param)


def test_rows_and_columns(path):
    source = ArrowSource(Content(path))
    assert source.rows == (40 if path.name == "arrow" else None) and source.files == (str(path),)
    assert rows_of(source) == rows_of(source) == HOUSES.to_pydict()
    assert list(rows_of(source, ["price", "area"])) == ["price", "area"]
    assert cells(read_table(source)) == HOUSES.to_pydict() and source.place(7) == "in row 7"


def test_missing_values(path):
    write_as(path.name, HOLES, path)
    assert cells(read_table(ArrowSource(Content(path)))) == HOLES.to_pydict()


def test_damaged_files_are_told(path):
    whole = path.read_bytes()
    chance = random.Random(3)
    told = 0
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(3):
            content[chance.randrange(8, len(content))] = chance.randrange(256)
        path.write_bytes(content[: chance.choice([len(content), chance.randrange(8, len(content))])])
        try:
            read_table(ArrowSource(Content(path)))
        except DataError as error:
            assert str(error).endswith(".") and str(path) in str(error)
            told += 1
    assert told > 150


def test_an_empty_stream_and_columns_of_one_name(path):
    write_as(path.name, HOUSES.slice(0, 0), path)
    assert "has no rows" in refusal(read_table, ArrowSource(Content(path)))
    twice = pyarrow.table([[1], [2]], names=["a", "a"])
    write_as("stream", twice, path)
    assert "has more than one column 'a'" in refusal(read_table, ArrowSource(Content(path)))


def test_a_change_is_told(path):
    source = ArrowSource(Content(path))
    before = source.fingerprint()
    write_as(path.name, HOUSES.slice(3), path)
    assert "changed while it was in use" in refusal(rows_of, source)
    assert ArrowSource(Content(path)).fingerprint() != before
