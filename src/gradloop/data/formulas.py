"""Texts that a spreadsheet would run: a cell that begins like a formula, on its way into a CSV file.

Texts are written as they are, because programs have to find them again; people are warned.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from gradloop.data import words

_FORMULA = re.compile(r"[=@\t\r]|[+-](?!(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$)")  # "-5" is a number, "-5+cmd" is none
Columns = Mapping[str, Any]


class Formulas:
    """Counts the cells that begin like a formula in batches of columns that pass by.

    >>> formulas = Formulas()
    >>> for batch in formulas.watch([{"id": np.array(["7", "-7", "=1+1"], dtype=object)}]):
    ...     pass
    >>> print(*formulas.sentences())
    column 'id' holds 1 text that a spreadsheet runs as a formula, such as "=1+1"; open the CSV as text there.
    """

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, str]] = {}

    def watch(self, batches: Iterable[Columns]) -> Iterator[Columns]:
        """The batches, unchanged."""
        for columns in batches:
            for name, column in columns.items():
                self._add(name, column)
            yield columns

    def sentences(self) -> tuple[str, ...]:
        """What is to be said of all that passed by."""
        return tuple(
            f"column {words.name(name)} holds {words.counted(count, 'text')} that a spreadsheet runs as a formula, "
            f"such as {words.value(first)}; open the CSV as text there."
            for name, (count, first) in self._found.items()
        )

    def _add(self, name: str, column: Any) -> None:
        for text, rows in _texts(column):
            if _FORMULA.match(text):
                count, first = self._found.get(name, (0, text))
                self._found[name] = count + rows, first


def _texts(column: Any) -> Iterator[tuple[str, int]]:
    """The different texts of a column, and in how many rows each is."""
    if hasattr(column, "value_counts"):
        if "string" not in str(column.type):
            return
        for pair in column.value_counts().to_pylist():
            yield pair["values"] or "", pair["counts"]
        return
    values = np.asarray(column)
    if values.dtype.kind in "OU":
        texts, counts = np.unique(values.astype(str), return_counts=True)
        yield from zip(texts.tolist(), counts.tolist(), strict=True)
