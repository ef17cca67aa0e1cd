"""The front door of queries: which database is meant, what is missing, and no password anywhere."""

import sys

import pytest

from gradloop.data.sources.sql import public, sql, without_secrets
from gradloop.errors import OptionError
from tables import refusal


def test_which_database_is_meant(tmp_path):
    (tmp_path / "houses.csv").write_text("a\n1\n")
    assert "there is no such file" in refusal(sql, "select 1", tmp_path / "none.db")
    assert "is neither a DuckDB nor a SQLite database; to query a file of rows" in refusal(
        sql, "select 1", tmp_path / "houses.csv"
    )
    said = refusal(sql, "select 1", "mysql://me:secret@host/houses")
    assert "There is no way here to a mysql database" in said and "secret" not in said
    assert "The query is empty" in refusal(sql, " \n")


@pytest.mark.parametrize(
    ("address", "package", "name"),
    [
        (None, "duckdb", "Queries to DuckDB need duckdb"),
        (
            "postgresql://me@127.0.0.1/houses",
            "adbc_driver_postgresql",
            "Queries to PostgreSQL need adbc-driver-postgresql",
        ),
    ],
)
def test_a_package_that_is_not_installed_is_named_with_its_cure(monkeypatch, address, package, name):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(OptionError, match=rf'^{name}, which is not installed: pip install "gradloop\[sql\]"\.'):
        sql("select 1", address)


@pytest.mark.parametrize(
    ("address", "secret"),
    [
        ("postgresql://me:s3cret@host/houses", "s3cret"),
        ("postgresql://me:s3%20cr%40t@host:5432/houses", "s3 cr@t"),
        ("postgres://host/houses?user=me&password=s3cret", "s3cret"),
        ("postgresql:///houses?password=s3cret&host=/run", "s3cret"),
        ("postgresql://me:s3c?ret@host/houses", "s3c?ret"),
        ("postgresql://host/houses?password=s3c@s3ret", "s3c@s3ret"),
    ],
)
def test_passwords_are_never_said(address, secret):
    assert secret not in public(address) and "s3" not in public(address) and "me" not in public(address)
    said = f"cannot connect to {address}: password \"{secret}\" is wrong; password='{secret}' or password={secret}"
    assert secret not in without_secrets(said, address) and "s3" not in without_secrets(said, address)
    assert "cannot connect to" in without_secrets(said, address)


def test_addresses_keep_host_and_name():
    assert public("postgres://me:p@host:5432/houses?sslmode=require") == "postgresql://host:5432/houses"
