"""Sizes of memory: as people write them, and what fits into it."""

import gzip

import pyarrow
import pytest
from pyarrow import parquet

import gradloop as gl
from gradloop.data.sources import open_source
from gradloop.data.sources.source import memory
from gradloop.errors import OptionError
from gradloop.larger.memory import as_bytes, fits, peak, told


@pytest.mark.parametrize(
    ("given", "bytes_"),
    [
        ("2GB", 2 * 10**9),
        ("2 gib", 2**31),
        ("500MB", 5 * 10**8),
        (2**30, 2**30),
        ("1.5 GB", 15 * 10**8),
        ("0.1TB", 10**11),
    ],
)
def test_sizes(given, bytes_):
    assert as_bytes(given) == bytes_


def test_without_a_size_it_is_half_of_the_machine():
    assert as_bytes(None) == memory() // 2


@pytest.mark.parametrize("given", ["", "much", "-1GB", "2 GBB", True, 1.5e9, "1,5GB", "15MB", 3])
def test_what_is_no_size(given):
    with pytest.raises(OptionError, match="memory is"):
        as_bytes(given)


def test_what_fits(tmp_path):
    table = pyarrow.table({"x": range(1000), "y": range(1000)})
    parquet.write_table(table, tmp_path / "t.parquet")
    (tmp_path / "t.csv").write_text("x,y\n" + "1,2\n" * 1000)
    for name in ("t.parquet", "t.csv"):
        source = open_source(tmp_path / name)
        assert fits(source, 10**6) is True and fits(source, 10**4) is False
    assert fits(open_source(table), 1) is True and fits(open_source({"x": [1]}), 1) is True
    assert fits(open_source(table.to_reader()), 10**9) is None


def test_what_the_process_took():
    most = peak()
    assert most is None or 10**7 < most < 10**12
    assert told(1234) == "1.23 kB" and told(25 * 10**6) == "25 MB"


def test_what_is_packed_is_as_large_as_what_it_holds(tmp_path):
    (tmp_path / "t").mkdir()
    for part in range(3):
        (tmp_path / "t" / f"{part}.csv.gz").write_bytes(gzip.compress(b"x,y\n" + b"1,2\n" * 100_000))
    for name in ("t", "t/1.csv.gz"):
        source = open_source(tmp_path / name)
        assert fits(source, 10**8) is True and fits(source, 10**6) is False
    assert fits(open_source(tmp_path / "t"), 4 * 10**6) is False
    assert fits(gl.sql("select 1 as x"), 10**9) is None
