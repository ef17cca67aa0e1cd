"""fit.export(path): a model in another language, as a file whose name says which."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from gradloop.data import words
from gradloop.errors import OptionError
from gradloop.export.coefficients import to_json
from gradloop.export.python import to_python
from gradloop.inference import Fit
from gradloop.text import printable
from gradloop.whole_file import PathLike, reason, write_whole

WRITERS: dict[str, Callable[[Fit], bytes]] = {
    ".json": lambda fit: f"{to_json(fit)}\n".encode(),
    ".py": lambda fit: to_python(fit).encode(),
}


def export(fit: Fit, path: PathLike) -> None:
    """Write the model in another language, which the end of the file's name tells: .json or .py.

    A .py file is a module that needs nothing but Python, and .json holds the coefficients. Other names and other
    options: the functions of ``gradloop.export``, which give text.

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
    write(path, encoded(fit, ending(path)))


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


def encoded(fit: Fit, suffix: str) -> bytes:
    """The content of a file with this end of its name.

    Raises: OptionError for a model that the language cannot say.
    """
    return WRITERS[suffix](fit)


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
