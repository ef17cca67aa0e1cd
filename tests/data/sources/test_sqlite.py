"""Queries to SQLite: every cell has a type of its own, and nothing is ever written."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pyarrow
import pytest

from gradloop.data.sources import open_source, read_table, sql
from gradloop.data.sources.sqlite import alike
from tables import HOLES, HOUSES, cells, refusal, rows_of


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "houses & more?.db"
    with closing(sqlite3.connect(path)) as connection:
        for name, table in (("houses", HOUSES), ("holes", HOLES)):
            marks = ", ".join("?" * table.num_columns)
            connection.execute(f"create table {name} ({', '.join(table.column_names)})")
            connection.executemany(
                f"insert into {name} values ({marks})", zip(*table.to_pydict().values(), strict=True)
            )
        connection.commit()
    return path


@pytest.mark.parametrize("scheme", ["", "sqlite:///"])
def test_a_database_is_queried(database, scheme, monkeypatch):
    monkeypatch.setattr("gradloop.data.sources.sqlite.ROWS", 7)
    source = sql("select area, town, price from houses", f"{scheme}{database}")
    expected = HOUSES.select(["area", "town", "price"]).to_pydict()
    assert cells(read_table(source)) == rows_of(source) == rows_of(source) == expected
    assert list(rows_of(source, ["price", "area"])) == ["price", "area"] and source.files == (str(database),)


@pytest.mark.fault(29)
def test_nulls_are_missing_values(database):
    assert cells(read_table(sql("select a, b, c, d from holes", database))) == {
        **HOLES.to_pydict(),
        "d": [1, None, 0],  # SQLite has no booleans
    }


@pytest.mark.fault(29)
def test_types_may_change_from_row_to_row(database, monkeypatch):
    monkeypatch.setattr("gradloop.data.sources.sqlite.ROWS", 2)
    values = "(1, 1, null), (2, 2.5, null), (3, 4, 'x'), (4, 'n/a', 'y')"
    source = sql(f"with t(a, b, c) as (values {values}) select * from t", database)
    table = read_table(source)
    assert table.column("a").tolist() == [1, 2, 3, 4] and cells(table)["c"] == [None, None, "x", "y"]
    assert table.columns["b"].tolist() == ["1", "2.5", "4", "n/a"]  # judged as text when it is used
    assert "column 'b' holds values of type double in the first 2 rows and string" in refusal(rows_of, source).replace(
        "int64", "double"
    )


def test_whole_numbers_may_become_fractions(database, monkeypatch):
    monkeypatch.setattr("gradloop.data.sources.sqlite.ROWS", 1)
    source = sql("values (1), (2.5), (null), (3)", database)
    assert cells(read_table(source)) == rows_of(source) == {"column1": [1, 2.5, None, 3]}


def test_parts_of_one_column_are_made_alike():
    parts = [pyarrow.nulls(1), pyarrow.array([1]), pyarrow.array(["x"]), pyarrow.array([2.5])]
    assert alike(parts[:2]).to_pylist() == [None, 1] and alike([parts[1], parts[3]]).to_pylist() == [1.0, 2.5]
    assert alike(parts).to_pylist() == [None, "1", "x", "2.5"]


@pytest.mark.fault(29)
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select prize from houses", "failed: no such column: prize; check the query"),
        ("selec", "syntax error"),
        ("from houses", "failed"),
        ("delete from houses", "it does more than read"),
        ("drop table houses", "it does more than read"),
        ("pragma journal_mode = wal", "it does more than read"),
        ("attach 'other.db' as other", "it does more than read"),
        ("select load_extension('x')", "failed"),
        ("select 1; select 2", "one statement at a time"),
        ("select * from houses where 0", "has no rows"),
        ("select area, area from houses", "has more than one column 'area'"),
        ("select 99999999999999999999999999 as a, x'ff' as b from houses where 0", "has no rows"),
    ],
)
def test_what_is_refused(database, query, said):
    before = database.read_bytes()
    assert said in refusal(lambda: read_table(sql(query, database)))
    assert database.read_bytes() == before and [path.name for path in database.parent.iterdir()] == [database.name]


@pytest.mark.fault(29)
def test_rows_without_end_are_refused(database, monkeypatch):
    monkeypatch.setattr("gradloop.data.sources.source.memory", lambda: 1 << 22)
    query = "with recursive t(i) as (select 1 union all select i + 1 from t) select i from t"
    assert "gives more than" in refusal(lambda: read_table(sql(query, database)))


@pytest.mark.fault(29)
def test_a_locked_database_is_told(database, monkeypatch):
    monkeypatch.setattr("gradloop.data.sources.sqlite._PATIENCE", 0.1)
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("begin exclusive")
        assert "failed: database is locked" in refusal(lambda: read_table(sql("select * from houses", database)))


@pytest.mark.fault(29, 46)
def test_a_damaged_database_is_told(database):
    content = bytearray(database.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    database.write_bytes(content)
    assert "failed: database disk image is malformed" in refusal(
        lambda: read_table(sql("select * from houses", database))
    )


def test_text_that_is_not_utf8_is_told(database):
    query = "select cast(x'ff' as text) as a"
    assert "Could not decode to UTF-8" in refusal(lambda: read_table(sql(query, database)))


def test_fingerprints_change_with_the_file_and_its_journal(database):
    source = sql("select * from houses", database)
    assert source.fingerprint() == sql("select * from houses", database).fingerprint()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.commit()
        first = sql("select * from houses", database).fingerprint()
        connection.execute("insert into houses (area) values (1)")
        connection.commit()
        assert sql("select * from houses", database).fingerprint() != first


def test_a_database_alone_is_no_table(database):
    assert 'is a SQLite database; say which rows are meant with --sql "select …" --db FILE' in refusal(
        open_source, database
    )


def test_another_thread_may_drop_what_was_not_read(database, monkeypatch):
    """Batches that an error left unread are dropped by whichever thread collects garbage."""
    monkeypatch.setattr("gradloop.data.sources.sqlite.ROWS", 7)
    batches = sql("select area from houses", database).batches(["area"])
    first = next(batches)
    with ThreadPoolExecutor(1) as pool:
        assert len(pool.submit(next, batches).result()) == len(first) == 7
        pool.submit(batches.close).result()
    assert next(batches, None) is None
