"""Frames of every package are the table they hold, with their missing values, and are never copied to be named."""

from decimal import Decimal

import numpy as np
import pyarrow
import pytest

from gradloop.data import Table
from gradloop.data.sources import open_source, read_table
from gradloop.data.sources.frames import FrameSource, TableSource, has_stream
from tables import HOLES, HOUSES, cells, refusal, rows_of


class Stream:
    """Nothing but an Arrow stream."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


def frames(table):
    yield "pyarrow", table
    yield "stream", Stream(table)
    yield "reader", table.to_reader(max_chunksize=7)
    for name in ("pandas", "polars", "duckdb"):
        package = pytest.importorskip(name)
        if name == "pandas":
            yield name, table.to_pandas()
        elif name == "polars":
            yield name, package.from_arrow(table)
        else:
            yield name, package.connect().from_arrow(table)


@pytest.mark.parametrize("table", [HOUSES, HOLES], ids=["houses", "holes"])
def test_every_frame_is_the_table_it_holds(table):
    expected = table.to_pydict()
    for name, frame in frames(table):
        source = open_source(frame)
        assert isinstance(source, FrameSource) and source.schema().names == table.column_names, name
        assert cells(read_table(source)) == expected, name
        if name == "reader":
            assert source.one_pass and "read only once" in refusal(rows_of, source)
        else:
            assert len(rows_of(source, ["c" if "c" in expected else "area"])) == 1, name


def test_fingerprints_change_with_the_rows():
    prints = {FrameSource(HOUSES).fingerprint(), FrameSource(HOUSES).fingerprint(), FrameSource(HOLES).fingerprint()}
    other = HOUSES.set_column(0, "area", pyarrow.array([1.0] * 40))
    assert len(prints) == 2 and FrameSource(other).fingerprint() not in prints


def test_frames_of_pandas():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1.0, np.nan, 3.0], "n": pandas.array([1, None, 3], dtype="Int64")}, index=[7, 8, 9])
    frame["kind"] = pandas.Categorical(["u", None, "v"])
    frame["when"] = pandas.to_datetime(["2024-01-01", None, "2024-01-03"])
    table = read_table(open_source(frame))
    assert (
        table.names == ("a", "n", "kind", "when")
        and [table.missing[name].tolist() for name in table.names] == [[False, True, False]] * 4
    )
    assert table.column("when").dtype == "datetime64[us]" and table.column("kind").tolist() == ["u", "", "v"]
    mixed = pandas.DataFrame({"a": [1, "x"], "b": [Decimal("1.5"), 2]})
    assert read_table(open_source(mixed)).column("b").tolist() == [1.5, 2.0]
    twice = pandas.DataFrame([[1, 2]], columns=["a", "a"])
    assert "the table has more than one column 'a'" in refusal(open_source, twice)
    assert read_table(open_source(pandas.DataFrame({0: [1], 1: [2]}))).names == ("0", "1")


def test_frames_of_polars():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(
        {
            "kind": polars.Series(["u", None, "v"], dtype=polars.Categorical),
            "size": polars.Series(["s", "l", "s"], dtype=polars.Enum(["s", "l"])),
            "cost": polars.Series(["1.5", None, "2"]).cast(polars.Decimal(10, 2)),
            "nan": [1.0, float("nan"), None],
        }
    )
    assert cells(read_table(open_source(frame))) == {
        "kind": ["u", None, "v"],
        "size": ["s", "l", "s"],
        "cost": [1.5, None, 2.0],
        "nan": [1.0, None, None],
    }


def test_single_series_are_no_tables():
    for name in ("pandas", "polars"):
        package = pytest.importorskip(name)
        assert not has_stream(package.Series([1.0, 2.0])) and open_source(package.Series([1.0, 2.0])) is None
    assert not has_stream(pyarrow.chunked_array([[1.0]])) and not has_stream(np.zeros(3))


def test_what_a_frame_cannot_give_is_told():
    duckdb = pytest.importorskip("duckdb")
    broken = duckdb.sql("select error('no such thing') as a from range(3)")
    assert "no such thing" in refusal(lambda: read_table(open_source(broken)))


def test_tables_are_sources_too(monkeypatch):
    monkeypatch.setattr("gradloop.data.sources.frames._ROWS", 2)
    table = Table.from_columns({"a": [1, 2, None], "s": ["x", None, "y"], "d": np.array(["2024-01-01"] * 3, "M8[D]")})
    source = TableSource(table)
    assert source.rows == 3 and read_table(source) is table and source.place(2) == "in row 2"
    assert source.schema().names == ["a", "s", "d"] and source.fingerprint() == TableSource(table).fingerprint()
    assert rows_of(source, ["s", "a"]) == {"s": ["x", None, "y"], "a": [1, 2, None]}
    infinite = TableSource(Table.from_columns({"a": [float("inf")]}))
    assert "holds no finite number" in refusal(rows_of, infinite)
