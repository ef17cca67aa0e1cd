"""Queries to DuckDB, which runs within this process and reads its own files, Parquet, CSV and JSON."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gradloop.data.content import Content
from gradloop.data.sources.source import digest
from gradloop.data.sources.sql import ROWS, QuerySource
from gradloop.data.table import check_unique
from gradloop.errors import DataError
from gradloop.extras import require

if TYPE_CHECKING:
    import pyarrow

_SETTINGS = {"autoinstall_known_extensions": "false"}  # reading never brings in new code


class DuckSource(QuerySource):
    """The rows of a query to DuckDB: to a database in a file, or to the files that the query names."""

    def __init__(self, query: str, content: Content | None = None) -> None:
        self.query = query
        self.name = "the query" if content is None else f"the query to {content.name}"
        self.files = (content.path,) if content and content.path else ()
        self._duckdb = require("duckdb", "Queries to DuckDB")
        self._content = content
        with self._told():
            self._check_query()
            relation = self._relation(self.query)
            check_unique(relation.columns, self.name)
            self._schema = relation.limit(0).to_arrow_table().schema

    def schema(self) -> "pyarrow.Schema":
        return self._schema

    def fingerprint(self) -> str:
        """Of the rows themselves, in whichever order."""
        with self._told():
            seen = self._relation(f"select count(*), bit_xor(hash(t)), sum(hash(t)) from ({self._bare()}) t").fetchall()
        return digest("duckdb", seen)

    def _run(self) -> "Iterator[pyarrow.RecordBatch]":
        yield from self._relation(self.query).to_arrow_reader(ROWS)

    def _relation(self, query: str) -> Any:
        if self._content is not None:
            self._content.check_unchanged()
        path = ":memory:" if self._content is None else self._content.path
        connection = self._duckdb.connect(path, read_only=self._content is not None, config=_SETTINGS)
        return connection.sql(query)

    def _check_query(self) -> None:
        statements = self._duckdb.connect(config=_SETTINGS).extract_statements(self.query)
        if [statement.type.name for statement in statements] not in (["SELECT"], ["MULTI"]):
            raise DataError(f"{self.name} must be one that selects rows; write a single select, from or with.")

    def _bare(self) -> str:
        return self.query.strip().rstrip(";")
