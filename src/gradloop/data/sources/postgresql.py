"""Queries to a PostgreSQL server, over ADBC: rows arrive as Arrow, never as text to be parsed."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from gradloop.data.sources.source import digest, said_by
from gradloop.data.sources.sql import QuerySource, public, without_secrets
from gradloop.extras import require

if TYPE_CHECKING:
    import pyarrow

_PATIENCE = 10  # seconds until a server that does not answer is given up


class PostgresSource(QuerySource):
    """The rows of a query to a PostgreSQL server, which is only read."""

    def __init__(self, query: str, address: str) -> None:
        self.query = query.strip().rstrip(";")
        self.name = f"the query to {public(address)}"
        self._address = address
        self._driver = require("adbc_driver_postgresql.dbapi", "Queries to PostgreSQL")
        with self._told(), self._cursor() as cursor:
            cursor.execute(f"select * from ({self.query}) as rows_asked_for limit 0")
            self._schema = _plain_schema(cursor.fetch_record_batch().schema)

    def schema(self) -> "pyarrow.Schema":
        return self._schema

    def fingerprint(self) -> str:
        """Of the rows themselves, in whichever order."""
        with self._told(), self._cursor() as cursor:
            cursor.execute(f"select count(*), sum(hashtext(t::text)::bigint)::text from ({self.query}) as t")
            return digest("postgresql", cursor.fetchall())

    def _run(self) -> "Iterator[pyarrow.RecordBatch]":
        with self._cursor() as cursor:
            cursor.execute(self.query)
            for batch in cursor.fetch_record_batch():
                yield batch.cast(self._schema)

    def _said(self, error: Exception) -> str:
        said = str(error).removeprefix("IO: ").replace("[libpq] ", "")
        return without_secrets(said_by(Exception(said)), self._address)

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        """A cursor that sees one state of the database and changes nothing."""
        with closing(self._driver.connect(_with_patience(self._address))) as connection:
            with connection.cursor() as cursor:
                cursor.execute("set transaction isolation level repeatable read, read only")
            with connection.cursor() as cursor:
                yield cursor


def _with_patience(address: str) -> str:
    if "connect_timeout" in address:
        return address
    return f"{address}{'&' if '?' in address else '?'}connect_timeout={_PATIENCE}"


def _plain_schema(schema: "pyarrow.Schema") -> "pyarrow.Schema":
    """The schema without the server's own type of decimal numbers, which Arrow does not know."""
    import pyarrow

    for place, field in enumerate(schema):
        is_numeric = isinstance(field.type, pyarrow.OpaqueType) and field.type.type_name == "numeric"
        schema = schema.set(place, pyarrow.field(field.name, "double" if is_numeric else field.type))
    return schema
