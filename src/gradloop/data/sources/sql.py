"""The rows that a query selects: from DuckDB unless said otherwise, from SQLite, from PostgreSQL."""

import os
import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from gradloop.data.content import Content
from gradloop.data.sources.source import Source, check_columns, check_known, digest, said_by
from gradloop.errors import DataError, OptionError
from gradloop.text import printable
from gradloop.whole_file import PathLike

if TYPE_CHECKING:
    import pyarrow

ROWS = 1 << 16  # of a batch
_POSTGRESQL = ("postgresql://", "postgres://")
_FILES = ("sqlite:///", "duckdb:///")
_PASSWORD = re.compile(r"(password\s*=\s*)('[^']*'|[^\s&]+)", re.IGNORECASE)


def sql(query: str, database: PathLike | None = None) -> "QuerySource":
    """The rows that a query selects, to be given to ``fit``, ``predict`` and ``evaluate`` like any table.

    query: one SELECT; it runs again whenever the rows are needed again, and may return them in another order
    database: None for DuckDB, whose queries may name files ("from 'sales/*.parquet'"); the path of a DuckDB or
    SQLite database, which is only read; or the address of a PostgreSQL server, "postgresql://user@host/name"

    Raises: DataError for a database that cannot be reached and a query that it refuses; OptionError for a kind
    of database that is not known, or a package that is not installed.

    >>> from gradloop.data import read_table
    >>> read_table(sql("select 2 * i as even from range(3) as numbers(i)")).column("even")
    array([0, 2, 4])
    """
    from gradloop.data.sources.duckdb import DuckSource
    from gradloop.data.sources.postgresql import PostgresSource
    from gradloop.data.sources.sqlite import SqliteSource

    if not query.strip():
        raise OptionError("The query is empty; give one such as select * from houses.")
    if database is None:
        return DuckSource(query)
    place = os.fspath(database)
    if place.startswith(_POSTGRESQL):
        return PostgresSource(query, place)
    content = Content(_path(place))
    if content.start.startswith(b"SQLite format 3\0"):
        return SqliteSource(query, content)
    if content.start[8:12] == b"DUCK":
        return DuckSource(query, content)
    raise DataError(
        f"{content.name} is neither a DuckDB nor a SQLite database; to query a file of rows leave the database out and "
        "name the file in the query: select * from 'FILE'."
    )


class QuerySource(Source):
    """The rows of a query; each pass runs it again."""

    query: str

    @abstractmethod
    def _run(self) -> "Iterator[pyarrow.RecordBatch]":
        """The batches of one run of the query, all of the schema."""

    def batches(self, columns: Sequence[str] | None = None) -> "Iterator[pyarrow.RecordBatch]":
        schema = self.schema()
        check_columns(self.name, schema)
        wanted = schema.names if columns is None else list(columns)
        check_known(self.name, schema.names, wanted)
        with self._told():
            for batch in self._run():
                yield batch.select(wanted)

    def length(self, most: int) -> None:
        """What a database holds says nothing of what a query returns."""

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what a database says into one sentence, without the password."""
        try:
            yield
        except (DataError, OptionError, GeneratorExit):
            raise
        except Exception as error:  # each database has its own
            raise DataError(f"{self.name} failed: {self._said(error)}; check the query and the database.") from None

    def _said(self, error: Exception) -> str:
        return said_by(error)


def without_secrets(text: str, address: str) -> str:
    r"""The text without the password of an address, however it is spelled in it.

    >>> without_secrets('role "me" at postgresql://me:s%2Bt@host: s+t is wrong', "postgresql://me:s%2Bt@host")
    'role "me" at postgresql://me:***@host: *** is wrong'
    """
    for secret in sorted(_secrets(address), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def public(address: str) -> str:
    """The address of a server as messages may show it: without user, password and settings."""
    place, _, settings = address.partition("://")[2].partition("?")
    if "@" in settings:  # perhaps the end of a password with a question mark in it
        return "postgresql://…"
    return printable(f"postgresql://{place.rpartition('@')[2]}")


def file_print(content: Content) -> str:
    """A fingerprint of a database in a file, with the changes that wait beside it."""
    beside = f"{content.path}-wal"
    return digest(content.fingerprint(), Content(beside).fingerprint() if os.path.exists(beside) else "")


def _secrets(address: str) -> set[str]:
    rest = address.partition("://")[2]
    before = rest.rpartition("@")[0] if "@" in rest else ""
    found = {before.partition(":")[2], *_settings(address)}
    return {secret for each in found if each for secret in (each, unquote(each))}


def _settings(address: str) -> list[str]:
    return [match[2].strip("'") for match in _PASSWORD.finditer(address)]


def _path(place: str) -> str:
    for scheme in _FILES:
        if place.startswith(scheme):
            return place.removeprefix(scheme)
    scheme = urlsplit(place).scheme if "://" in place else ""
    if scheme:
        raise OptionError(
            f"There is no way here to a {printable(scheme)} database; give postgresql://…, or the path of a DuckDB or "
            "SQLite file."
        )
    return place
