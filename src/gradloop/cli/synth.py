"""The command that makes examples whose truth is known."""

import inspect
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from gradloop.cli.terminal import sentences
from gradloop.data.synthetic import KINDS, Synthetic
from gradloop.data.synthetic.files import csv_bytes, format_of, write_examples, write_truth
from gradloop.data.words import listed
from gradloop.errors import OptionError

SHARED = ("rows", "noise", "outliers", "seed")  # options of every kind
Kind = Literal["line", "polynomial", "classes", "houses", "ohm", "planck"]

KindArgument = Annotated[Kind, typer.Argument(metavar="KIND", help="line, polynomial, classes, houses, ohm or planck.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help=".csv or .parquet; otherwise standard output.")
]
Truth = Annotated[Path | None, typer.Option(metavar="FILE", help="JSON file for the truth, with the outliers' rows.")]
Rows = Annotated[int | None, typer.Option(help="How many, to any number; otherwise 1000.")]
Noise = Annotated[
    float | None, typer.Option(help="Standard deviation of the target; planck: as a share of it; classes: of a cloud.")
]
Outliers = Annotated[float | None, typer.Option(metavar="SHARE", help="Share of rows with a wrong target; below 0.5.")]
Seed = Annotated[int | None, typer.Option(help="Decides every draw; otherwise 0.")]
Weights = Annotated[
    str | None, typer.Option("--w", metavar="LIST", help="line, polynomial, houses: such as 2,-3.4 (comma, no blank).")
]
Intercept = Annotated[float | None, typer.Option("--b", help="line, polynomial, houses: the target at zero.")]
Centers = Annotated[
    str | None, typer.Option(metavar="LIST", help='classes: how many, or their centers, such as "-1,0;1,0;0,2".')
]
Resistance = Annotated[float | None, typer.Option(help="ohm: in Ω.")]
Offset = Annotated[float | None, typer.Option(help="ohm: what the meter shows without a current, in V.")]
Temperature = Annotated[float | None, typer.Option(help="planck: in K.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Do not tell the truth.")]


def synth(
    kind: KindArgument,
    output: Output = None,
    truth: Truth = None,
    rows: Rows = None,
    noise: Noise = None,
    outliers: Outliers = None,
    seed: Seed = None,
    w: Weights = None,
    b: Intercept = None,
    centers: Centers = None,
    resistance: Resistance = None,
    offset: Offset = None,
    temperature: Temperature = None,
    quiet: Quiet = False,
) -> None:
    """Make examples of a known law, with noise and outliers, and tell the truth that fitting should find.

    The same seed gives the same rows. The truth goes to standard error where the rows go to standard output.
    """
    with sentences():
        shared = dict(zip(SHARED, (rows, noise, outliers, seed), strict=True))
        own = {
            "w": _numbers("--w", w),
            "b": b,
            "centers": _points("--centers", centers),
            "resistance": resistance,
            "offset": offset,
            "temperature": temperature,
        }
        data = build(kind, shared | own)
        _write(data, output, truth)
        if not quiet:
            print(data.summary(), file=sys.stderr if output is None else sys.stdout)


def build(kind: Kind, options: Mapping[str, Any]) -> Synthetic:
    """The examples that the options describe; an option that is None is left to the kind.

    Raises: OptionError for an option that the kind does not have, or a value that cannot be.
    """
    given = {name: value for name, value in options.items() if value is not None}
    known = inspect.signature(KINDS[kind]).parameters
    for name in given.keys() - known.keys():
        others = [other for other, make in KINDS.items() if name in inspect.signature(make).parameters]
        own = [f"--{option}" for option in known if option not in SHARED]
        raise OptionError(f"--{name} belongs to {listed(others)}; {kind} has {listed(own)}.")
    return KINDS[kind](**given)


def _write(data: Synthetic, output: Path | None, truth: Path | None) -> None:
    if output is None:
        if truth is not None:
            write_truth(truth, data)
        for chunk in csv_bytes(data):
            sys.stdout.buffer.write(chunk)
        return
    format_of(output)
    if truth is not None and os.path.realpath(output) == os.path.realpath(truth):
        raise OptionError(f"{truth} cannot hold both the rows and the truth; choose two places.")
    write_examples(output, data, truth)


def _points(option: str, text: str | None) -> Any:
    """A number of classes, or one list of numbers for each center."""
    if text is None or text.strip().isdecimal():
        return None if text is None else int(text)
    return [_numbers(option, point) for point in text.split(";")]


def _numbers(option: str, text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise OptionError(
            f"{option} is {text!r}, but it must be numbers with commas between, such as 2,-3.4."
        ) from None
