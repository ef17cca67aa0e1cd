"""Columns of Arrow, which most readers and data frames speak, as columns of a table."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gradloop.data.cells import Column, Place, date_column, is_plain, number_column, text_column, unusable_column

if TYPE_CHECKING:
    import pyarrow


def arrow_column(cells: "pyarrow.ChunkedArray", place: Place, said: "pyarrow.ChunkedArray | None" = None) -> Column:
    """A column of Arrow, judged; ``said`` is the same column as the file writes it, for messages to quote.

    Numbers of any width, decimals, booleans, text, categories, dates and timestamps can be used; nulls are
    missing values.
    """
    from pyarrow import types

    cells = plain_values(cells)
    said = cells if said is None else said
    kind = cells.type
    if types.is_date(kind) or types.is_timestamp(kind):
        return _dates(cells)
    if types.is_null(kind) and types.is_string(said.type):
        cells, kind = said, said.type
    if types.is_dictionary(kind) or types.is_string(kind) or types.is_large_string(kind):
        return _text(cells)
    if types.is_null(kind) or types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind):
        return _numbers(cells, said, place)
    if types.is_decimal(kind):
        return _numbers(cells.cast("double"), said, place)
    return _unusable(cells, f"values of type {kind}, which are neither numbers, text nor dates")


def plain_values(cells: "pyarrow.ChunkedArray") -> "pyarrow.ChunkedArray":
    """The column without the wrappings that Arrow knows: extensions, runs, views, dictionaries of other than text."""
    import pyarrow
    from pyarrow import types

    if isinstance(cells.type, pyarrow.BaseExtensionType):
        return plain_values(cells.cast(cells.type.storage_type))
    if types.is_run_end_encoded(cells.type):
        from pyarrow import compute

        chunks = [compute.run_end_decode(chunk) for chunk in cells.chunks]
        return plain_values(pyarrow.chunked_array(chunks, cells.type.value_type))
    if types.is_dictionary(cells.type) and not types.is_string(cells.type.value_type):
        return _decoded(cells)
    if types.is_large_string(cells.type) or types.is_string_view(cells.type):
        return cells.cast(pyarrow.large_string())
    if types.is_binary(cells.type) or types.is_large_binary(cells.type):
        return _as_text(cells)
    return cells


def _decoded(cells: "pyarrow.ChunkedArray") -> "pyarrow.ChunkedArray":
    """A column of categories as its values; text stays categories, in a form that can be worked with."""
    import pyarrow

    kind = plain_values(pyarrow.chunked_array([], cells.type.value_type)).type
    levels = [plain_values(pyarrow.chunked_array([chunk.dictionary])).combine_chunks() for chunk in cells.chunks]
    if kind != pyarrow.large_string():
        return pyarrow.chunked_array(
            [level.take(chunk.indices) for level, chunk in zip(levels, cells.chunks, strict=True)], kind
        )
    chunks = [
        pyarrow.DictionaryArray.from_arrays(chunk.indices, level.cast("string"))
        for level, chunk in zip(levels, cells.chunks, strict=True)
    ]
    return pyarrow.chunked_array(chunks, pyarrow.dictionary(cells.type.index_type, "string"))


def _as_text(cells: "pyarrow.ChunkedArray") -> "pyarrow.ChunkedArray":
    """Bytes as the text that they are, in files whose writers did not say so; or as they are."""
    import pyarrow

    try:
        return cells.cast(pyarrow.large_string())
    except pyarrow.ArrowInvalid:
        return cells


def wider(before: "pyarrow.DataType", now: "pyarrow.DataType") -> "pyarrow.DataType | None":
    """The type that holds both; None if there is none."""
    from pyarrow import types

    if before == now or types.is_null(now):
        return before
    if types.is_null(before) or (types.is_integer(before) and types.is_floating(now)):
        return now
    if types.is_temporal(before) and types.is_timestamp(now):
        return now
    return before if types.is_string(before) or (types.is_floating(before) and types.is_integer(now)) else None


def _numbers(cells: "pyarrow.ChunkedArray", said: "pyarrow.ChunkedArray", place: Place) -> Column:
    from pyarrow import types

    if types.is_null(cells.type):
        values: NDArray[Any] = np.full(len(cells), np.nan)
    elif types.is_boolean(cells.type):
        values = as_numpy(cells.fill_null(False) if cells.null_count else cells)
    else:
        values = _usual(as_numpy(cells))
    if not cells.null_count and is_plain(values):
        return Column(values)
    missing = as_numpy(cells.is_null()) if cells.null_count else np.zeros(len(cells), np.bool_)
    return number_column(values, missing | _not_a_number(values), _text_of(said), place)


def as_numpy(cells: "pyarrow.ChunkedArray") -> NDArray[Any]:
    """Numbers or booleans as an array, missing numbers as NaN.

    Arrow's own `to_numpy` loads pandas where that is installed, for a third of a second; and its functions take a
    thirtieth to load, so that they are asked only where something is missing.
    """
    from pyarrow import types

    if types.is_boolean(cells.type):
        return as_numpy(cells.cast("uint8")).view(np.bool_)
    if cells.null_count:
        cells = cells.cast("float64", safe=False).fill_null(np.nan)
    is_known = types.is_integer(cells.type) or types.is_floating(cells.type)  # to DLPack, unlike decimals
    parts = [np.from_dlpack(chunk) for chunk in cells.chunks if len(chunk)] if is_known else []
    if not parts:
        return np.asarray(cells.to_numpy())
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def as_arrow(values: NDArray[Any], missing: NDArray[np.bool_] | None = None) -> "pyarrow.Array":
    """An array as a column of Arrow, without a value where ``missing`` marks it; numbers are not copied.

    Arrow's own way loads pandas, as `to_numpy` does, and is taken for what is no number.

    >>> as_arrow(np.array([1.5, 0.0]), np.array([False, True])).to_pylist()
    [1.5, None]
    """
    import pyarrow

    if values.dtype.kind not in "iuf":
        return pyarrow.array(values, mask=missing)
    known = None if missing is None else pyarrow.py_buffer(np.packbits(~missing, bitorder="little"))
    numbers = pyarrow.py_buffer(np.ascontiguousarray(values))
    return pyarrow.Array.from_buffers(pyarrow.from_numpy_dtype(values.dtype), len(values), [known, numbers])


def _usual(values: NDArray[Any]) -> NDArray[Any]:
    """Floats as float64; integers as int64, as far as they fit."""
    if values.dtype.kind == "f":
        return values.astype(np.float64, copy=False)
    fits = values.dtype != np.uint64 or not len(values) or values.max() < 2**63
    return values.astype(np.int64, copy=False) if values.dtype.kind in "iu" and fits else values


def _not_a_number(values: NDArray[Any]) -> NDArray[np.bool_] | np.bool_:
    return np.isnan(values) if values.dtype.kind == "f" else np.False_


def _text(cells: "pyarrow.ChunkedArray") -> Column:
    try:
        return text_column(*_levels(cells))
    except UnicodeDecodeError:
        return _unusable(cells, "text that is not UTF-8")


def _dates(cells: "pyarrow.ChunkedArray") -> Column:
    """Dates and times in microseconds of UTC."""
    import pyarrow

    try:
        rounded = getattr(cells.type, "unit", None) == "ns"
        whole = cells.cast(pyarrow.timestamp("us", getattr(cells.type, "tz", None)), safe=not rounded)
        return date_column(whole.to_numpy())
    except pyarrow.ArrowInvalid:
        return _unusable(cells, "dates beyond the year 290 000")


def _unusable(cells: "pyarrow.ChunkedArray", what: str) -> Column:
    return unusable_column(np.full(len(cells), None, dtype=object), what)


def _levels(cells: "pyarrow.ChunkedArray") -> tuple[list[str], NDArray[Any]]:
    """The different texts, and for each row the place of its own; a missing one is the empty text."""
    chunks = cells.dictionary_encode().unify_dictionaries().chunks
    if not chunks:
        return [], np.zeros(0, dtype=np.int64)
    levels = ["" if level is None else level for level in chunks[0].dictionary.to_pylist()]
    codes = [chunk.indices.cast("int64").fill_null(len(levels)).to_numpy() for chunk in chunks]
    return [*levels, ""], np.concatenate(codes)


def _text_of(said: "pyarrow.ChunkedArray") -> Callable[[int], str]:
    def text(row: int) -> str:
        value = said[row].as_py()
        return "" if value is None else str(value)

    return text
