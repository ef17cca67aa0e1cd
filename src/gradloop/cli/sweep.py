"""The command that compares many runs: a table, a picture, and the best of them in a file."""

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import typer

from gradloop import plots
from gradloop.cli import options
from gradloop.cli.completion import optimizers
from gradloop.cli.places import check_output
from gradloop.cli.terminal import FAULT, INTERRUPTED, print_json, runs_done, say, sentences
from gradloop.errors import OptionError
from gradloop.extras import require
from gradloop.plots.style import check_path
from gradloop.runs import Sweep
from gradloop.sweep import planned
from gradloop.sweep import sweep as compare
from gradloop.text import printable

Rates = Annotated[str | None, typer.Option("--learning-rate", metavar="LIST", help="Such as 0.001,0.01,0.1.")]
Sizes = Annotated[str | None, typer.Option("--batch-size", metavar="LIST", help="Such as 1,10,100,all.")]
Optimizers = Annotated[
    str | None, typer.Option("--optimizer", metavar="LIST", help="Such as sgd,adam.", autocompletion=optimizers)
]
Epochs = Annotated[str | None, typer.Option("--epochs", metavar="LIST", help="Passes over the data, such as 3,10.")]
Squares = Annotated[str | None, typer.Option("--l2", metavar="LIST", help="Strengths; several need --holdout.")]
Sizes1 = Annotated[str | None, typer.Option("--l1", metavar="LIST", help="Strengths; several need --holdout.")]
Picture = Annotated[Path | None, typer.Option(metavar="FILE", help="Loss curves as .svg, .png or .pdf.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="File for the best model.")]


def sweep(
    target: options.Target, data: options.Data = None, query: options.Query = None,
    database: options.Database = None, learning_rate: Rates = None, batch_size: Sizes = None,
    optimizer: Optimizers = None, epochs: Epochs = None, l1: Sizes1 = None, l2: Squares = None,
    solver: options.SolverOption = "auto", leave_out: options.LeaveOut = None, weights: options.Weights = None,
    model: options.AnyModel = "linear", start: options.Start = None, degree: options.Degree = None,
    loss: options.LossOption = None, seed: options.Seed = 0, holdout: options.Holdout = 0.0,
    errors: options.Errors = "classical", missing: options.MissingOption = "error",
    max_levels: options.MaxLevels = None, unseen: options.Unseen = "error", engine: options.Engine = "native",
    picture: Picture = None, output: Output = None, quiet: options.Quiet = False, json: options.Json = False,
) -> None:  # fmt: skip
    """Fit a table with every combination of the settings given, and compare the runs."""
    with sentences():
        texts = {"learning_rate": learning_rate, "batch_size": batch_size, "optimizer": optimizer, "epochs": epochs}
        settings = settings_of({**texts, "l1": l1, "l2": l2})
        check_settings(settings, solver, holdout)
        source = options.open_data(data, query, database)
        check_output(output, *source.files)
        if picture is not None:
            check_path(picture)
            check_output(picture, *source.files)
            require("matplotlib", "Pictures")
        alike = ("target", "weights", "loss", "errors", "seed", "holdout", "missing", "max_levels", "unseen", "engine")
        given = locals()
        asked: dict[str, Any] = settings | {name: given[name] for name in alike}
        asked |= {"leave_out": leave_out or (), "model": options.build_model(model, degree)}
        asked["start"] = options.as_start(start)
        with runs_done(quiet) as report:
            found = compare(source, solver=solver, progress=report, **asked)
        finish(found, picture, output, quiet, json)


def settings_of(texts: dict[str, str | None]) -> dict[str, list[Any]]:
    """The lists that were given, as values."""
    kinds: dict[str, Callable[[str], Any]] = {
        "learning_rate": float, "batch_size": options.as_batch_size, "optimizer": str, "epochs": int, "l1": float,
        "l2": float,
    }  # fmt: skip
    return {name: as_list(name, text, kinds[name]) for name, text in texts.items() if text is not None}


def as_list(name: str, text: str, kind: Callable[[str], Any]) -> list[Any]:
    """The values of a list such as 0.01,0.1.

    Raises: OptionError for what is none.

    >>> as_list("batch_size", "10, all", options.as_batch_size)
    [10, 'all']
    """
    try:
        return [kind(part.strip()) for part in text.split(",")]
    except OptionError:
        raise
    except ValueError:
        what = "whole numbers, such as 3,10" if kind is int else "numbers, such as 0.01,0.1,1"
        raise OptionError(f"--{name.replace('_', '-')} is {text!r}, but it must list {what}.") from None


def check_settings(settings: dict[str, list[Any]], solver: options.SolverName, holdout: float) -> None:
    """Refuse what no solver honours, in the words of the options; what is left, `gradloop.sweep` refuses in its own."""
    for optimizer in settings.get("optimizer", ()):
        if optimizer not in options.names(options.OptimizerName):
            known = ", ".join(options.names(options.OptimizerName))
            raise OptionError(f"--optimizer names {optimizer!r}; choose of {known}.")
    for one in combinations(settings):
        size = None if "batch_size" not in one else str(one["batch_size"])
        options.build_solver(solver, one.get("optimizer"), one.get("learning_rate"), size, one.get("epochs"))
        options.build_penalty(one.get("l1"), one.get("l2"))
    planned(settings, solver, holdout)


def combinations(settings: dict[str, list[Any]]) -> Iterator[dict[str, Any]]:
    return (dict(zip(settings, values, strict=True)) for values in product(*settings.values()))


def finish(found: Sweep, picture: Path | None, output: Path | None, quiet: bool, json: bool) -> None:
    """Save the best, draw, tell, and end with the exit code that fits."""
    best = found.best_run
    if best is not None and output is not None:
        best.fit.save(output)
    if picture is not None:
        with plots.canvas(picture) as axes:
            found.plot(axes=axes)
    saved = None if best is None else output
    if json:
        print_json({"runs": found.to_dict(), "notes": found.notes, "stable_rate": found.stable_rate, "saved_to": saved})
    elif not quiet:
        print(found)
        print(f"\nthe best is saved to {printable(saved)}" if saved else "\nnot saved; -o FILE keeps the best model")
    if best is None:
        say(f"Every run diverged: {found.advice}. No model was saved.")
        raise typer.Exit(FAULT)
    if found.interrupted:
        raise typer.Exit(INTERRUPTED)
