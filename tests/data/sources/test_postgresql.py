"""Queries to a real PostgreSQL server."""

import time

import pytest

import postgresql
from gradloop.data.sources import read_table, sql
from tables import HOLES, HOUSES, cells, refusal, rows_of

pytestmark = postgresql.needed


@pytest.fixture(scope="module")
def server():
    with postgresql.running() as (server, connection):
        with connection.cursor() as cursor:
            cursor.adbc_ingest("houses", HOUSES.to_reader())
            cursor.adbc_ingest("holes", HOLES.to_reader())
            cursor.execute("create sequence tickets")
        connection.commit()
        connection.close()
        yield server


def test_rows_are_those_of_the_server(server):
    source = sql("select * from houses order by price;", server.address())
    assert source.name == f"the query to postgresql://127.0.0.1:{server.port}/postgres"
    assert cells(read_table(source)) == rows_of(source) == HOUSES.sort_by("price").to_pydict()
    assert list(rows_of(source, ["price", "area"])) == ["price", "area"]


def test_nulls_are_missing_values(server):
    assert cells(read_table(sql("select * from holes order by a nulls last", server.address())))["c"] == [
        0.5,
        None,
        1.5,
    ]


def test_types_of_postgresql(server):
    query = """select 1.25::numeric as a, 'u'::varchar as b, date '2024-01-31' as c, true as d, 2::float4 as e,
               timestamptz '2024-01-31 12:00:00+01' as f, array[1, 2] as g, null as h, 3::smallint as i"""
    table = read_table(sql(query, server.address()))
    assert [str(table.columns[name].dtype) for name in "abcdefi"] == [
        "float64",
        "object",
        "datetime64[us]",
        "bool",
        "float64",
        "datetime64[us]",
        "int64",
    ]
    assert table.column("a")[0] == 1.25 and str(table.column("f")[0])[:13] == "2024-01-31T11"
    assert "holds values of type list<" in refusal(table.column, "g") and table.missing["h"].all()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select prize from houses", 'column "prize" does not exist'),
        ("selec", "syntax error"),
        ("select 1 / 0 as a", "division by zero"),
        ("select 1 as a; select 2", "failed"),
        ("delete from houses", "failed"),
        ("with gone as (delete from houses returning area) select * from gone", "failed"),
        ("select set_config('a.b', 'c', false), pg_terminate_backend(pg_backend_pid())", "failed"),
        ("select nextval('tickets') as a", "read-only transaction"),
        ("select area from houses where false", "has no rows"),
        ("select 1 as a, 2 as a", "has more than one column 'a'"),
    ],
)
def test_what_is_refused(server, query, said):
    assert said in refusal(lambda: read_table(sql(query, server.address())))
    assert read_table(sql("select count(*) as n from houses", server.address())).column("n")[0] == 40


@pytest.mark.fault(29)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": "s3cret"}, "password authentication failed"),
        ({"name": "nowhere"}, 'database "nowhere" does not exist'),
        ({"password": "s3cr%zzet"}, "failed"),
    ],
)
def test_servers_that_refuse_and_no_password_is_said(server, change, said):
    words = refusal(sql, "select 1 as a", server.address(**change))
    assert said in words and "s3cr" not in words and "me:" not in words


def test_a_server_that_is_not_there():
    assert "Connection refused" in refusal(sql, "select 1 as a", "postgresql://127.0.0.1:1/x")


def test_fingerprints_are_of_the_rows_in_any_order(server):
    ordered = sql("select * from houses order by price", server.address()).fingerprint()
    assert ordered == sql("select * from houses order by area;", server.address()).fingerprint()
    assert ordered != sql("select * from houses where rooms > 1", server.address()).fingerprint()


def test_a_pass_that_is_given_up_leaves_no_connection(server):
    source = sql("select i from generate_series(1, 1000000) as i", server.address())
    assert next(source.batches()).num_rows > 0
    others = "backend_type = 'client backend' and pid <> pg_backend_pid()"
    count = f"select count(*)::int as n from pg_stat_activity where {others}"
    for _ in range(100):
        if not read_table(sql(count, server.address())).column("n")[0]:
            return
        time.sleep(0.05)
    raise AssertionError("connections are left open")


@pytest.mark.fault(29)
def test_a_server_that_dies_midway_is_told(server):
    """The last test: the server does not come back."""
    batches = sql("select i, random() as r from generate_series(1, 3000000) as i", server.address()).batches()
    next(batches)
    server.stop()
    said = refusal(lambda: list(batches))
    assert "failed: " in said and "s3cr" not in said
