"""fit.export(path): a model in another language, as a file whose name says which."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from gradloop.data import words
from gradloop.errors import OptionError
from gradloop.export.coefficients import to_json
from gradloop.export.onnx import to_onnx
from gradloop.export.python import to_python
from gradloop.export.sql import to_sql
from gradloop.inference import Fit
from gradloop.text import printable
from gradloop.whole_file import PathLike, reason, write_whole

WRITERS: dict[str, Callable[..., bytes]] = {
    ".json": lambda fit: f"{to_json(fit)}\n".encode(),
    ".onnx": lambda fit: to_onnx(fit),
    ".py": lambda fit: to_python(fit).encode(),
    ".sql": lambda fit, **place: f"{to_sql(fit, **place)}\n".encode(),
}


def export(fit: Fit, path: PathLike, *, table: str | None = None, keep: Sequence[str] = ()) -> None:
    """Write the model in another language, which the end of the file's name tells: .json, .onnx, .py or .sql.

    A .py file is a module that needs nothing but Python; .sql holds a SELECT that predicts each row of a table; .onnx
    the graph for an ONNX runtime, in float64; .json the coefficients. For other names of files the functions of
    ``gradloop.export`` give the same.

    Args: table, for SQL, the table to predict, otherwise "data"; keep, for SQL, its columns to pass on, such as a key.

    Raises: OptionError for another ending, for a model that the language cannot say, and where the file cannot be
    written; whatever was there then stays.

    >>> import tempfile
    >>> import numpy as np, gradloop as gl
    >>> fit = gl.fit(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fit.export(f"{folder}/line.py")
    ...     print(Path(f"{folder}/line.py").read_text("utf-8").splitlines()[0])
    \"""A linear model, squared loss, written by gradloop ...
    """
    write(path, encoded(fit, ending(path), table, keep))


def ending(path: PathLike) -> str:
    """The end of a file's name, which tells the language.

    Raises: OptionError if it does not.
    """
    found = Path(path).suffix.lower()
    if found not in WRITERS:
        raise OptionError(
            f"{words.value(os.fspath(path))} does not say what to write; let the name end in "
            f"{' or '.join([', '.join([*WRITERS][:-1]), [*WRITERS][-1]])}."
        )
    return found


def encoded(fit: Fit, suffix: str, table: str | None = None, keep: Sequence[str] = ()) -> bytes:
    """The content of a file with this end of its name.

    Raises: OptionError for a model that the language cannot say, and for a table where there is none.
    """
    place = {name: value for name, value in (("table", table), ("keep", keep)) if value}
    if place and suffix != ".sql":
        raise OptionError(f"{next(iter(place)).capitalize()} is for SQL; leave it out.")
    return WRITERS[suffix](fit, **place)


def write(path: PathLike, content: bytes) -> None:
    """Write a file, whole or not at all.

    Raises: OptionError where it cannot be written.
    """
    try:
        write_whole(path, [content])
    except OSError as error:
        raise OptionError(
            f"{printable(os.fspath(path))} cannot be written: {reason(error)}; choose another place."
        ) from error


Fit.export = export  # the arrow points down: inference knows of no other language
