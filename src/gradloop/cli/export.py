"""The command that says a model in another language."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from gradloop.cli import options
from gradloop.cli.places import check_output
from gradloop.cli.terminal import sentences
from gradloop.errors import OptionError
from gradloop.export.files import encoded, ending, write
from gradloop.inference import load

File = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="File to write: .onnx, .sql, .py or .json says what."),
]
Sql = Annotated[bool, typer.Option("--sql", help="Print a SELECT that a database predicts with.")]
TableName = Annotated[
    str | None, typer.Option("--table", metavar="NAME", help='For SQL: the table to predict; otherwise "data".')
]
Keep = Annotated[
    list[str] | None, typer.Option("--keep", metavar="COLUMN", help="For SQL: pass it on, as a key; may be repeated.")
]
Python = Annotated[bool, typer.Option("--python", help="Print a Python module that needs no package.")]
Json = Annotated[bool, typer.Option("--json", help="Print the coefficients as JSON.")]


def export(
    model: options.ModelFile,
    output: File = None,
    sql: Sql = False,
    table: TableName = None,
    keep: Keep = None,
    python: Python = False,
    json: Json = False,
    trust: options.Trust = False,
) -> None:
    """Say a model in another language, so that it predicts where gradloop is not."""
    with sentences():
        suffix = language(output, {".sql": sql, ".py": python, ".json": json})
        check_output(output, model)
        content = encoded(load(model, trust=trust), suffix, table, keep or ())
        if output is None:
            sys.stdout.buffer.write(content)
        else:
            write(output, content)


def language(output: Path | None, printed: dict[str, bool]) -> str:
    """The end of the name of a file in the language that is meant.

    Raises: OptionError unless exactly one is.
    """
    wanted = [suffix for suffix, given in printed.items() if given]
    if output is None and len(wanted) == 1:
        return wanted[0]
    if output is not None and not wanted:
        return ending(output)
    raise OptionError(
        "Say one thing to do: -o FILE writes the language that the name ends in, --sql, --python or --json prints it."
    )
