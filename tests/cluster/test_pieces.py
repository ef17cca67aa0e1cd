"""The parts of rows: files, stretches of large ones, partitions; every row is in one part."""

from pathlib import Path

import numpy as np
import pytest

import gradloop as gl
from clusters import cluster_of, columns, write_files
from gradloop.cluster import pieces

ASKED = {"target": "y", "leave_out": ["yes", "holed"]}
CELLS = ("plain", '"""\n"', '"\n\n, "', '"""x"""')
AWKWARD = 'kind,text,x\r\na,"two\nlines, ""quoted""",1\n' + "".join(f"b,{CELLS[i % 4]},{i}\n" for i in range(200))


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_large_file_is_many_parts(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow
    from pyarrow import parquet

    client, folder = cluster_of(2), write_files(tmp_path, form, 1)
    if form == "parquet":
        table = pyarrow.table({name: pyarrow.array(values, from_pandas=True) for name, values in columns().items()})
        parquet.write_table(table, tmp_path / "00.parquet", row_group_size=150)
    here, whole = gl.fit(folder, **ASKED), gl.fit(folder, cluster=client, **ASKED)
    monkeypatch.setattr(pieces, "SIZE", 20_000)
    found = gl.fit(folder, cluster=client, **ASKED)
    assert " in 1 parts" in whole.notes[-1] and " in 1 parts" not in found.notes[-1]
    for one in (whole, found):
        np.testing.assert_allclose(one.params["w"], here.params["w"], rtol=1e-12)


@pytest.mark.parametrize("size", [7, 64, 333, 5000])
def test_csv_is_cut_where_records_end(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(AWKWARD, newline="")
    monkeypatch.setattr(pieces, "SIZE", size)
    monkeypatch.setattr(pieces, "kept", lambda client, tasks: tasks)
    monkeypatch.setattr(pieces, "gathered", lambda client, tasks: [task.compute(scheduler="sync") for task in tasks])
    parts = pieces.records_together(None, str(path))
    cut = [part for part in parts if isinstance(part, pieces.Cut)]
    assert len(cut) == len(parts) or size == 5000
    found = [table.column("x").tolist() for part in parts for table in pieces.tables_of(part, ["kind", "text", "x"])]
    assert [x for some in found for x in some] == [1, *range(200)]


def test_groups_of_rows_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "SIZE", 10)
    assert [part[1:3] for part in pieces.groups_together("file", [4, 4, 4, 20, 3])] == [(0, 2), (2, 3), (3, 4), (4, 5)]


def test_a_cell_of_a_stretch_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("x,y\n1,2\n3,4\n5,\n7,8\n")
    source = pieces.source_of(pieces.Cut(str(path), 8, 15, b"x,y\n"))
    (table,) = pieces.tables_of(pieces.Cut(str(path), 8, 15, b"x,y\n"), ["x", "y"])
    assert table.column("x").tolist() == [3, 5] and source.name.endswith("rows.csv, bytes 8 to 15")
    assert table.missing["y"].tolist() == [False, True]


def test_packed_files_and_addresses_stay_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gzip

    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(AWKWARD.encode()))
    monkeypatch.setattr(pieces, "SIZE", 10)
    assert pieces.cuts_of(None, str(path)) == [str(path)]
    assert pieces.cuts_of(None, "memory://rows.csv") == ["memory://rows.csv"]
