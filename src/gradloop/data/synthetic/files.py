"""Synthetic examples on their way to a file or a pipe, chunk by chunk: CSV, Parquet, and their truth as JSON."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gradloop.data.csv import csv_chunks
from gradloop.data.writing import parquet_stream
from gradloop.errors import DataError, OptionError
from gradloop.text import printable
from gradloop.whole_file import PathLike, check_place, reason, write_whole

if TYPE_CHECKING:
    from gradloop.data.synthetic.examples import Synthetic


def csv_bytes(data: Synthetic) -> Iterator[bytes]:
    """The examples as a CSV file with a header line; floats read back the same.

    >>> from gradloop.data import synthetic
    >>> print(b"".join(csv_bytes(synthetic.ohm(rows=2, resistance=2.0, offset=0.0))).decode().splitlines()[0])
    current,voltage
    """
    import pyarrow
    from pyarrow import csv as arrow_csv

    yield b"".join(csv_chunks({name: [] for name in (*data.features, data.target)}))
    for columns in data.chunks():
        lines = io.BytesIO()
        arrow_csv.write_csv(pyarrow.table(columns), lines, arrow_csv.WriteOptions(include_header=False))
        yield lines.getvalue()


def parquet_bytes(data: Synthetic) -> Iterator[bytes]:
    """The examples as a Parquet file with a group of rows for each chunk."""
    return parquet_stream(data.chunks())


def truth_bytes(data: Synthetic) -> Iterator[bytes]:
    """The truth as one JSON object, at its end the rows that are outliers, counted from 0.

    >>> from gradloop.data import synthetic
    >>> truth = json.loads(b"".join(truth_bytes(synthetic.ohm(rows=20, resistance=47.0, noise=0.0))))
    >>> truth["truth"], truth["units"]["resistance"], truth["outlier_rows"]
    ({'resistance': 47.0, 'offset': 2.2}, 'Ω', [])
    """
    known = {name: getattr(data, name) for name in ("kind", "law", "features", "target", "units")}
    known["truth"] = {name: np.asarray(value).tolist() for name, value in data.truth.items()}
    known |= {name: np.asarray(getattr(data, name)).item() for name in ("rows", "noise", "outliers", "seed")}
    yield json.dumps(known, ensure_ascii=False).removesuffix("}").encode() + b', "outlier_rows": ['
    separator = ""
    for rows in data.outlier_chunks():
        if len(rows):
            yield (separator + ", ".join(map(str, rows.tolist()))).encode()
            separator = ", "
    yield b"]}\n"


FORMATS: dict[str, Callable[[Synthetic], Iterator[bytes]]] = {".csv": csv_bytes, ".parquet": parquet_bytes}


def format_of(path: PathLike) -> Callable[[Synthetic], Iterator[bytes]]:
    """How the file's ending says that examples are written.

    Raises: OptionError for an ending that says nothing.
    """
    found = FORMATS.get(Path(path).suffix.lower())
    if found is None:
        raise OptionError(f"{printable(os.fspath(path))} ends in neither .csv nor .parquet; choose one of the two.")
    return found


def write_examples(path: PathLike, data: Synthetic, truth: PathLike | None = None) -> None:
    """Write the examples to a ``.csv`` or ``.parquet`` file and their truth to a JSON file, each whole or not at all.

    Raises: OptionError for another ending; DataError if a file cannot be written, before any work where it shows.
    """
    chunks = format_of(path)(data)
    if truth is not None:
        _told(truth, check_place)
    _told(path, write_whole, chunks)
    if truth is not None:
        write_truth(truth, data)


def write_truth(path: PathLike, data: Synthetic) -> None:
    """Write the truth to a JSON file.

    Raises: DataError if it cannot be written.
    """
    _told(path, write_whole, truth_bytes(data))


def _told(path: PathLike, write: Callable[..., None], *chunks: Iterable[bytes]) -> None:
    try:
        write(path, *chunks)
    except OSError as error:
        raise DataError(
            f"{printable(os.fspath(path))} cannot be written: {reason(error)}; choose another place."
        ) from error
