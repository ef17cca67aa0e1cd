"""Queries to DuckDB: over files, over its own databases, and what it refuses."""

import pytest

from gradloop.data.sources import open_source, read_table, sql
from tables import HOLES, HOUSES, cells, refusal, rows_of, write_as

duckdb = pytest.importorskip("duckdb")


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "houses.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.register("houses_in_memory", HOUSES)
        connection.execute("create table houses as select * from houses_in_memory")
        connection.register("holes_in_memory", HOLES)
        connection.execute("create table holes as select * from holes_in_memory")
    return path


def test_files_are_queried_without_a_database(tmp_path):
    write_as("parquet", HOUSES, tmp_path / "houses.parquet")
    source = sql(f"select price, area from '{tmp_path}/*.parquet' where rooms > 2;")
    assert source.name == "the query" and source.schema().names == ["price", "area"]
    expected = HOUSES.filter(HOUSES["rooms"].to_numpy() > 2)["price"].to_pylist()
    assert sorted(cells(read_table(source))["price"]) == sorted(expected) == sorted(rows_of(source, ["price"])["price"])


@pytest.mark.parametrize("scheme", ["", "duckdb:///"])
def test_a_database_is_queried(database, scheme):
    source = sql("select * from houses order by price", f"{scheme}{database}")
    assert source.files == (str(database),) and source.name == f"the query to {database}"
    assert cells(read_table(source)) == rows_of(source) == HOUSES.sort_by("price").to_pydict()


def test_nulls_are_missing_values(database):
    assert cells(read_table(sql("from holes", database))) == HOLES.to_pydict()
    assert read_table(sql("select null as a, 1 as b")).missing["a"].tolist() == [True]


def test_types_of_duckdb():
    query = """select 1.5::decimal(10, 2) a, 'u'::enum('u', 'v') b, date '2024-01-31' c, 7::hugeint d,
               timestamptz '2024-01-31 12:00:00+01' e, true f, 3::utinyint g"""
    table = read_table(sql(query))
    assert [str(table.columns[name].dtype) for name in "abcefg"] == [
        "float64",
        "object",
        "datetime64[us]",
        "datetime64[us]",
        "bool",
        "int64",
    ]
    assert (
        table.column("a")[0] == 1.5 and table.column("d")[0] == 7 and str(table.column("e")[0])[:13] == "2024-01-31T11"
    )


@pytest.mark.fault(29)
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select prize from houses", 'Referenced column "prize" not found'),
        ("selec", "syntax error"),
        ("from nowhere", "nowhere does not exist"),
        ("insert into houses values (1)", "must be one that selects rows"),
        ("select 1; select 2", "must be one that selects rows"),
        ("copy houses to 'stolen.csv'", "must be one that selects rows"),
        ("attach 'other.db'", "must be one that selects rows"),
        ("select error('broken ' || area) from houses", "broken"),
        ("select area from houses where false", "has no rows"),
        ("select 1 as a, 2 as a", "has more than one column 'a'"),
        ("from 'https://host.invalid/x.parquet'", "failed"),
    ],
)
def test_what_is_refused(database, query, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert said in refusal(lambda: read_table(sql(query, database)))
    assert [path.name for path in tmp_path.iterdir()] == ["houses.duckdb"]


def test_rows_without_end_are_refused(monkeypatch):
    monkeypatch.setattr("gradloop.data.sources.source.memory", lambda: 1 << 24)
    query = "select * from range(1000000000000000000)"
    assert "the query gives more than" in refusal(lambda: read_table(sql(query)))


@pytest.mark.fault(29)
def test_fingerprints_are_of_the_rows_in_any_order(database):
    ordered = sql("select * from houses order by price;", database).fingerprint()
    assert ordered == sql("select * from houses order by area", database).fingerprint()
    with duckdb.connect(str(database)) as connection:
        connection.execute("update houses set rooms = 9 where price = (select min(price) from houses)")
    assert ordered != sql("select * from houses", database).fingerprint()


@pytest.mark.fault(29)
def test_a_database_that_changed_is_told(database):
    source = sql("select * from houses", database)
    with duckdb.connect(str(database)) as connection:
        connection.execute("create table more as select * from range(100000)")
    assert "changed while it was in use" in refusal(rows_of, source)


def test_a_database_alone_is_no_table(database):
    assert 'is a DuckDB database; say which rows are meant with --sql "select …" --db FILE' in refusal(
        open_source, database
    )
