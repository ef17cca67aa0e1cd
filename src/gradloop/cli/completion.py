"""What a shell is offered while a command is typed: the columns of its table, model files, words of a list."""

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import typer

from gradloop.data.sources.opening import open_path
from gradloop.optimizers import OPTIMIZERS

# Shells insert, and zsh even evaluates, what they are offered: a file could bring commands as names of its columns.
_HARMLESS = re.compile(r"[\w@%+=,./-]+")


def columns(context: typer.Context, incomplete: str) -> list[str]:
    """The columns of the table that the command names, as the beginning of the file tells."""
    known = context.params.get("data") or context.params.get("source")
    place = known or ([*context.args] or ["-"])[-1]  # an option that still lacks its value ends the parser's work early
    if str(place) == "-":  # what is read from a pipe is gone
        return []
    with suppress(Exception):  # a fault of the file is told when the command runs
        return harmless(open_path(str(place)).schema().names, incomplete)
    return []


def model_files(incomplete: str) -> list[str]:
    """Model files of the usual name, and folders on the way; without any, the shell offers all files."""
    folder = Path(incomplete if incomplete.endswith("/") else Path(incomplete).parent)
    with suppress(OSError):
        found = sorted(folder.iterdir())
        models = [str(path) for path in found if path.suffix == ".gradloop"]
        folders = [f"{path}/" for path in found if path.is_dir() and not path.name.startswith(".")]
        offered = harmless(models, incomplete)
        return [*offered, *harmless(folders, incomplete)] if offered else []
    return []


def optimizers(incomplete: str) -> list[str]:
    """The last of a list of names, with those before it."""
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in harmless(OPTIMIZERS, last)]


def harmless(names: Iterable[str], incomplete: str) -> list[str]:
    """The names that begin so and mean nothing to a shell."""
    return [name for name in names if name.startswith(incomplete) and _HARMLESS.fullmatch(name)]
