import sqlite3

import duckdb
import numpy as np
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

import exported
import fits
import gradloop as gl
from gradloop.errors import OptionError
from gradloop.export.sql import identifier, literal, to_sql

DATABASE = duckdb.connect(config={"threads": "1"})


def answers(query, data, name="data"):
    """What DuckDB makes of the rows of a table: a list for each column of the result."""
    DATABASE.register(name, data)
    found = DATABASE.execute(query)
    columns = [column for column, *_ in found.description]
    rows = found.fetchall()
    return {column: [row[place] for row in rows] for place, column in enumerate(columns)}


@pytest.mark.parametrize(("model", "rules"), exported.KINDS)
def test_a_table_of_every_kind_of_column(model, rules):
    fit, rows = exported.fitted(model, rules)
    found = answers(to_sql(fit), rows)
    wanted = exported.expected(fit, rows)
    assert sum(each is not None for each in wanted) > 10
    exported.agree(found["prediction"], wanted)
    if model in ("logistic", "softmax"):
        shares = exported.expected(fit, rows, "predict_probability")
        for place, name in enumerate(fit.classes):
            one = [None if each is None else each[place] for each in shares]
            exported.agree(found[f"probability of {name}"], one)
    else:
        assert list(found) == ["prediction"]


@pytest.mark.parametrize("law", exported.LAWS)
def test_a_law_of_the_users(law):
    fit, data = exported.of_law(law)
    exported.agree(answers(to_sql(fit), pyarrow.table(data))["prediction"], fit.predict(data))


QUERIES = {fit: to_sql(fit) for fit in exported.OF_TWO}


@given(st.lists(exported.PAIR, min_size=1, max_size=20))
def test_any_finite_numbers(pairs):
    x0, x1 = zip(*pairs, strict=True)
    for fit, query in QUERIES.items():
        found = answers(query, pyarrow.table({"x0": x0, "x1": x1}))["prediction"]
        exported.agree(found, [exported.of_pair(fit, pair) for pair in pairs])


def test_what_is_no_number_has_no_prediction():
    rows = pyarrow.table({"x0": [np.inf, -np.inf, np.nan, None, 1.0], "x1": [1.0] * 5})
    for query in QUERIES.values():
        assert [each is None for each in answers(query, rows)["prediction"]] == [True] * 4 + [False]


# ---- names -----------------------------------------------------------------------------------------------------

HOSTILE = [
    'x"; DROP TABLE data; --', "'; DROP TABLE data; --", '"', "''", "\\", "\\'", "--", "/*", "*/", "=1+1", "{0}", "%s",
    "$1", "?", ":x", "\n;\n", "\x1b[2J", "\u202e", "\u2028", "🙂", "v1", "step1", "prediction", "data", "select", " ",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_never_sql(name):
    draw = np.random.default_rng(0)
    town = draw.choice(["Ulm", f"{name}!"], 40).tolist()
    x = draw.normal(size=40)
    y = np.where(x + (np.array(town) == "Ulm") > 0.3, "yes", f"{name}!")
    columns = {name: x, f"{name} town": town}
    fit = gl.fit(columns | {f"{name} y": y}, target=f"{name} y", model="logistic", penalty=gl.l2(0.1))
    fit = fits.replace(fit, origin=fit.origin._replace(source=f"{name}\n; DROP TABLE data"))
    table = f"{name} rows"
    query = to_sql(fit, table, keep=["key"])
    with duckdb.connect() as database:
        database.execute(f"CREATE TABLE data AS SELECT 1 AS one; CREATE TABLE {identifier(table)} "
                         f"({identifier(name)} DOUBLE, {identifier(f'{name} town')} VARCHAR, key INTEGER)")  # fmt: skip
        database.executemany(
            f"INSERT INTO {identifier(table)} VALUES (?, ?, ?)", list(zip(x.tolist(), town, range(40), strict=True))
        )
        assert len(duckdb.extract_statements(query)) == 1
        found = sorted(database.execute(query).fetchall())
        assert database.execute("SELECT * FROM data").fetchall() == [(1,)]
    assert [row[1] for row in found] == fit.predict(columns).tolist()
    exported.agree([row[2:] for row in found], fit.predict_probability(columns))


@pytest.mark.parametrize(
    ("name", "sentence"), [("", "is empty"), ("a\0b", "holds the character NUL"), ("\udc80", "is no Unicode")]
)
def test_what_sql_cannot_write_is_refused(name, sentence):
    fit = fits.make(feature_names=(name, "b"))
    with pytest.raises(OptionError, match=sentence):
        to_sql(fit)
    for words in ({"table": name}, {"keep": [name]}):
        with pytest.raises(OptionError, match=sentence):
            to_sql(fits.make(), **words)


def test_names_that_differ_in_capitals_are_refused():
    with pytest.raises(OptionError, match="columns 'Area' and 'area' apart"):
        to_sql(fits.make(feature_names=("Area", "area")))
    with pytest.raises(OptionError, match="A result is called 'Prediction' too"):
        to_sql(fits.make(), keep=["Prediction"])


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**62), 2**62) | st.booleans())
def test_a_number_keeps_all_digits(value):
    ((found,),) = DATABASE.execute(f"SELECT {literal(value)}").fetchall()
    assert found == value and type(found) is type(value)


def test_infinity_and_what_is_no_number():
    query = f"SELECT {literal(np.inf)}, {literal(-np.inf)}, {literal(np.nan)}"
    np.testing.assert_equal(DATABASE.execute(query).fetchall()[0], (np.inf, -np.inf, np.nan))
    assert sqlite3.connect(":memory:").execute(query).fetchone() == (np.inf, -np.inf, None)


# ---- other databases and types -----------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["linear", "polynomial", "logistic", "hinge", "softmax"])
@pytest.mark.parametrize("rules", ["strict", "indicator", "lenient", "pooled"])
def test_sqlite_says_the_same_of_columns_without_dates(model, rules):
    target = exported.TARGETS[model]
    others = [name for name in set(exported.TARGETS.values()) if name != target]
    gaps = 0.1 if "missing" in exported.RULES[rules] else 0.0
    data = exported.table(300, 1, gaps).drop_columns([*others, "sold"])
    loss = exported.LOSSES.get(model)
    fit = gl.fit(data, target=target, model=exported.MODELS.get(model, "linear"), loss=loss, **exported.RULES[rules])
    rows = exported.table(60, 2, 0.1, unseen=True).select(data.column_names[:-1])
    cells = [tuple(row.values()) for row in rows.to_pylist()]
    database = sqlite3.connect(":memory:")
    database.execute(f"CREATE TABLE data ({', '.join(map(identifier, rows.column_names))})")
    database.executemany(f"INSERT INTO data VALUES ({', '.join('?' * rows.num_columns)})", cells)
    found = [row[0] for row in database.execute(to_sql(fit)).fetchall()]
    exported.agree(found, exported.expected(fit, rows))
    database.close()


@pytest.fixture(scope="module")
def served():
    """A connection to PostgreSQL."""
    postgresql = pytest.importorskip("postgresql", reason="needs adbc-driver-postgresql")
    if postgresql.programs() is None:
        pytest.skip("needs a PostgreSQL server: Debian's package postgresql")
    with postgresql.running() as (_, connection):
        yield connection


@pytest.mark.parametrize(("model", "rules"), exported.KINDS)
def test_postgresql_says_the_same(served, model, rules):
    fit, rows = exported.fitted(model, rules)
    with served.cursor() as cursor:
        cursor.adbc_ingest("data", rows.to_reader(), mode="replace")
        cursor.execute(to_sql(fit))
        found = [row[0] for row in cursor.fetchall()]
    exported.agree(found, exported.expected(fit, rows), rtol=1e-10)


@pytest.mark.parametrize("law", exported.LAWS)
def test_postgresql_knows_the_functions_of_a_law(served, law):
    fit, data = exported.of_law(law)
    with served.cursor() as cursor:
        cursor.adbc_ingest("data", pyarrow.table(data).to_reader(), mode="replace")
        cursor.execute(to_sql(fit))
        exported.agree([row[0] for row in cursor.fetchall()], fit.predict(data), rtol=1e-10)


def test_truths_and_moments_of_any_type():
    fit, rows = exported.fitted("linear", "strict")
    row = next(row for row in rows.to_pylist() if None not in row.values() and row["town"] != "Atlantis")
    wanted = {
        truth: fit.predict({name: [value] for name, value in (row | {"new": truth}).items()})[0]
        for truth in (True, False)
    }
    for truth in ("TRUE", "1", "1.0", "'true'", "'1'", "FALSE", "0", "0.0", "0.4", "'maybe'", "NULL"):
        query = f"SELECT * REPLACE ({truth} AS new) FROM one"
        with duckdb.connect() as database:
            database.register("one", rows.from_pylist([row], rows.schema))
            database.execute(f"CREATE VIEW data AS {query}")
            (found,) = database.execute(to_sql(fit)).fetchone()
        answer = None if truth in ("0.4", "'maybe'", "NULL") else wanted[truth in ("TRUE", "1", "1.0", "'true'", "'1'")]
        exported.agree([found], [answer])


def test_a_moment_with_a_zone_is_that_of_greenwich():
    fit, rows = exported.fitted("linear", "strict")
    row = next(row for row in rows.to_pylist() if None not in row.values() and row["town"] != "Atlantis")
    told = {name: [value] for name, value in row.items()} | {"sold": np.array(["2021-03-04T12:00:00.5"], "M8[us]")}
    with duckdb.connect() as database:
        database.register("one", rows.from_pylist([row], rows.schema))
        for moment in ("TIMESTAMP '2021-03-04 12:00:00.5'", "TIMESTAMPTZ '2021-03-04 13:00:00.5+01'"):
            database.execute(f"CREATE OR REPLACE VIEW data AS SELECT * REPLACE ({moment} AS sold) FROM one")
            exported.agree(database.execute(to_sql(fit)).fetchone(), fit.predict(told))


def test_many_columns_and_classes():
    draw = np.random.default_rng(3)
    X = draw.normal(size=(7, 400))
    fit = fits.make("softmax", params={"w": draw.normal(size=(400, 12)) / 20, "b": draw.normal(size=12)})
    found = answers(to_sql(fit), pyarrow.table({f"x{place}": X[:, place] for place in range(400)}))
    assert found["prediction"] == fit.predict(X).tolist()
    exported.agree(np.transpose([found[f"probability of {k}"] for k in range(12)]), fit.predict_probability(X))


def test_where_it_came_from_stands_above():
    lines = to_sql(fits.houses()).splitlines()
    assert lines[0].startswith("-- A linear model of 'price', squared loss, written by gradloop")
    assert lines[2] == "-- The gradient's norm at the end is 0.25."
