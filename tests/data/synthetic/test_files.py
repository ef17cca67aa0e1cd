"""What is written reads back bit for bit, and a file is there whole or not at all."""

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from pyarrow import csv, parquet

from gradloop.data import read_csv, synthetic
from gradloop.data.synthetic import KINDS, files
from gradloop.errors import DataError, OptionError

MANY = 70_000  # more than a chunk


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def bits(columns):
    return {name: (str(column.dtype), column.tobytes()) for name, column in columns.items()}


def arrow(table):
    return {name: table[name].to_numpy() for name in table.column_names}


@pytest.mark.parametrize("kind", KINDS)
def test_csv_and_parquet_read_back_bit_for_bit(kind):
    data = KINDS[kind](MANY, outliers=0.1, seed=2)
    data.write("rows.csv")
    data.write("rows.PARQUET")
    assert bits(arrow(csv.read_csv("rows.csv"))) == bits(data.columns)
    assert bits(arrow(parquet.read_table("rows.PARQUET"))) == bits(data.columns)
    table = read_csv("rows.csv")
    assert bits({name: table.column(name) for name in table.names}) == bits(data.columns)


def test_a_file_of_fewer_rows_begins_a_file_of_more():
    some, more = (b"".join(files.csv_bytes(synthetic.line(rows, seed=4))) for rows in (10, MANY))
    assert more.startswith(some) and more.count(b"\n") == MANY + 1 and more.endswith(b"\n")


def test_chunks_are_groups_of_rows():
    written = b"".join(files.parquet_bytes(synthetic.line(MANY)))
    metadata = parquet.ParquetFile(io.BytesIO(written)).metadata
    assert (metadata.num_rows, metadata.num_row_groups) == (MANY, 2)


@pytest.mark.parametrize("outliers", [0.0, 0.001, 0.2])
def test_the_truth_is_json_with_the_rows_of_the_outliers(outliers):
    data = synthetic.houses(2 * MANY, outliers=outliers, seed=np.int64(3))
    found = json.loads(b"".join(files.truth_bytes(data)))
    assert found.pop("outlier_rows") == data.outlier_rows.tolist()
    assert found == {
        "kind": "houses",
        "law": data.law,
        "features": ["area", "distance", "age"],
        "target": "price",
        "units": data.units,
        "truth": {"w": [4.0, -6.0, -1.0], "b": 160.0},
        "rows": 2 * MANY,
        "noise": 20.0,
        "outliers": outliers,
        "seed": 3,
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_truth_of_every_kind_can_be_told(kind):
    data = KINDS[kind](3)
    files.write_examples("rows.parquet", data, "truth.json")
    found = json.loads(Path("truth.json").read_text("utf-8"))
    assert found["truth"].keys() == data.truth.keys() and sorted(os.listdir()) == ["rows.parquet", "truth.json"]
    for name, value in data.truth.items():
        np.testing.assert_array_equal(found["truth"][name], value)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("fault", [KeyboardInterrupt, MemoryError, OSError(28, "No space left on device")])
def test_an_end_in_the_middle_leaves_the_old_file_and_nothing_else(monkeypatch, ending, fault):
    place = f"rows.{ending}"
    Path(place).write_text("old")
    data = synthetic.line(MANY)
    draw, calls = data.draw, []

    def failing(*args):
        calls.append(args)
        if len(calls) == 2:
            raise fault
        return draw(*args)

    object.__setattr__(data, "draw", failing)
    with pytest.raises(DataError if isinstance(fault, OSError) else fault):
        files.write_examples(place, data, "truth.json")
    assert Path(place).read_text() == "old" and os.listdir() == [place]


@pytest.mark.parametrize("place", ["rows", "rows.txt", "rows.csv.gz", ".csv", "csv"])
def test_the_ending_says_the_format(place):
    with pytest.raises(OptionError, match="ends in neither .csv nor .parquet"):
        synthetic.line().write(place)
    assert os.listdir() == []


def test_places_that_cannot_be_written_are_told_before_any_work():
    data = synthetic.line(10**15)
    for places in (["missing/rows.csv"], ["rows.csv", "missing/truth.json"], ["rows.csv", "."]):
        with pytest.raises(DataError, match="cannot be written: .*; choose another place"):
            files.write_examples(places[0], data, *places[1:])
    assert os.listdir() == []
