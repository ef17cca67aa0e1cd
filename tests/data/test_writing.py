import csv
import io

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from gradloop.data.writing import check_ending, csv_stream, parquet_stream, write_columns
from gradloop.errors import DataError, OptionError

BATCHES = [
    {"x": np.array([0.1, 1e300]), "name": np.array(["a", 'b,"\n'])},
    {"x": np.array([-0.0]), "name": np.array(["c"])},
]
WHOLE = {"x": [0.1, 1e300, -0.0], "name": ["a", 'b,"\n', "c"]}


def test_batches_become_one_csv_file_with_one_header():
    rows = list(csv.reader(io.StringIO(b"".join(csv_stream(BATCHES)).decode(), newline="")))
    assert rows[0] == ["x", "name"]
    assert [(float(x), name) for x, name in rows[1:]] == list(zip(*WHOLE.values(), strict=True))


def test_batches_become_one_parquet_file(tmp_path):
    write_columns(tmp_path / "out.PARQUET", BATCHES)
    assert parquet.read_table(tmp_path / "out.PARQUET").to_pydict() == WHOLE
    assert parquet.ParquetFile(tmp_path / "out.PARQUET").metadata.num_row_groups == 2


@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out"])
def test_batches_that_fail_leave_what_was_there(tmp_path, name):
    (tmp_path / name).write_text("before")

    def failing():
        yield BATCHES[0]
        raise DataError("the second batch is broken")

    with pytest.raises(DataError, match="broken"):
        write_columns(tmp_path / name, failing())
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "before")]


@pytest.mark.parametrize("name", ["no/out.csv", "no/out.parquet"])
def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path, name):
    with pytest.raises(DataError, match="cannot be written: no such file or directory"):
        write_columns(tmp_path / name, BATCHES)


def test_a_dictionary_is_made_of_what_may_repeat(tmp_path):
    columns = {"y": np.array([0.5, 2.0]), "class": np.array(["a", "b"]), "kept": pyarrow.array([9.5, 9.5])}
    write_columns(tmp_path / "out.parquet", [columns])
    group = parquet.ParquetFile(tmp_path / "out.parquet").metadata.row_group(0)
    assert [group.column(place).has_dictionary_page for place in range(3)] == [False, True, True]


def test_nothing_is_kept_between_batches():
    def many():
        for _ in range(50):
            yield {"x": np.random.default_rng(0).normal(size=10_000)}

    sizes = [len(chunk) for chunk in parquet_stream(many())]
    assert max(sizes) < 3 * sizes[1]


def test_types_that_change_are_those_that_the_file_began_with_or_told(tmp_path):
    write_columns(tmp_path / "out.parquet", [{"id": pyarrow.array(["a"])}, {"id": pyarrow.array([7])}])
    assert parquet.read_table(tmp_path / "out.parquet")["id"].to_pylist() == ["a", "7"]
    with pytest.raises(DataError, match="A column changes its type .*; write CSV"):
        write_columns(tmp_path / "out.parquet", [{"id": pyarrow.array([7])}, {"id": pyarrow.array(["a"])}])


@pytest.mark.parametrize("name", ["out.csv", "out", "out.txt", "out.PARQUET", "2024.01"])
def test_names_of_what_is_written_are_fine(name):
    check_ending(name)


@pytest.mark.parametrize("name", ["out.csv.GZ", "out.xlsx", "out.json"])
def test_names_that_promise_another_format_are_refused(name):
    with pytest.raises(OptionError, match=r"would not hold what \.(gz|xlsx|json) promises"):
        check_ending(name)


def test_columns_of_arrow_are_written_with_nothing_where_nothing_is(tmp_path):
    columns = {
        "id": pyarrow.chunked_array([[1], [None]]),
        "note": pyarrow.array(["a", None]),
        "x": np.array([1.5, 2.0]),
    }
    assert b"".join(csv_stream([columns])) == b"id,note,x\n1,a,1.5\n,,2.0\n"
    write_columns(tmp_path / "out.parquet", [columns, columns])
    assert parquet.read_table(tmp_path / "out.parquet")["id"].to_pylist() == [1, None] * 2
