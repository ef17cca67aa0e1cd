"""A record becomes one file: the built page, its record put in as text that no browser takes for anything else."""

from __future__ import annotations

import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

from gradloop.errors import OptionError
from gradloop.inference import Fit
from gradloop.page.record import record_of
from gradloop.text import printable
from gradloop.whole_file import PathLike, check_place, reason, write_whole

PLACE = "__GRADLOOP_RECORD__"  # stands once in the built page, alone in an element that holds data
ENDINGS = (".html", ".htm")
_AS_ESCAPES = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&"})


def write_page(fit: Fit, path: PathLike, data: Any = None, y: Any = None) -> None:
    """Write one HTML file that replays the training on its own data: open it in a browser; it loads nothing else.

    The points with the line that moves, the rows of each minibatch with their gradient beside that of all rows, the
    surface of the loss with the path, a dial for the learning rate with the bound of these data, the coefficients, the
    certificate, and the arithmetic of some steps. The run is taken once more for it, which gives the same bits. Of many
    rows and steps the page holds some, and says so: it stays below about 3 MB. It holds rows of the data as they are.

    Args:
        fit: a fit; as a method, ``fit.page("run.html")``. One by gl.Minibatch or gl.GradientDescent has steps to replay
        path: of the file, ending in .html; all of it is written, or nothing
        data, y: as for ``fit.evaluate``, for a fit from a file, which holds neither its rows nor its steps

    Raises:
        OptionError: a path that cannot be written, or a fit from a file without data.
        DataError: data that does not fit the model.

    >>> import numpy as np, tempfile, gradloop as gl
    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> fit = gl.fit(X, np.array([1.0, 3.0, 5.0]), solver=gl.Minibatch(gl.sgd(0.1), batch_size=2, epochs=5))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fit.page(f"{folder}/run.html")
    """
    check_page(path)
    record = record_of(fit, data, y)
    page = filled(built_page(), record)
    try:
        write_whole(path, [page.encode("utf-8")])
    except OSError as error:
        raise cannot_write(path, error) from None


def check_page(path: PathLike) -> None:
    """Find out before any work whether a page can be written here.

    Raises: OptionError.
    """
    if Path(path).suffix.lower() not in ENDINGS:
        raise OptionError(f"{printable(os.fspath(path))!r} does not end in .html, by which a browser knows a page.")
    try:
        check_place(path)
    except (OSError, ValueError) as error:
        raise cannot_write(path, error) from None


def cannot_write(path: PathLike, error: OSError | ValueError) -> OptionError:
    return OptionError(f"The page cannot be written to {printable(os.fspath(path))!r}: {reason(error)}.")


def built_page() -> str:
    """The page as it was built, with the place where a record belongs."""
    return (files("gradloop.page") / "page.html").read_text("utf-8")


def filled(page: str, record: dict[str, Any]) -> str:
    """The page with a record in its place. Names come from files, and no text of theirs may end the element it is in.

    >>> filled("<script>__GRADLOOP_RECORD__</script>", {"title": "</script>"})
    '<script>{"title":"\\\\u003c/script\\\\u003e"}</script>'
    """
    before, _, after = page.partition(PLACE)
    return before + as_data(record) + after


def as_data(record: dict[str, Any]) -> str:
    """JSON in ASCII without a character that begins or ends markup.

    Raises: ValueError for a number that JSON does not have; a record holds null in its place.
    """
    text = json.dumps(record, allow_nan=False, separators=(",", ":"))
    return text.translate(_AS_ESCAPES)


Fit.page = write_page  # the arrow points down: inference knows of no page
