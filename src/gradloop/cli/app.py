"""The commands."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from gradloop.cli import options
from gradloop.cli.commands import Commands
from gradloop.cli.terminal import FAULT, INTERRUPTED, print_json, progress, say, sentences, stopping_is_ctrl_c
from gradloop.data.preparation import Preparation
from gradloop.data.sources import read_table
from gradloop.data.sources.opening import open_path
from gradloop.errors import OptionError
from gradloop.inference import Fit
from gradloop.show import show as stage_as_text
from gradloop.stop import Stop
from gradloop.text import printable
from gradloop.training import fit as train
from gradloop.version import __version__

app = typer.Typer(
    name="gradloop",
    cls=Commands,
    pretty_exceptions_enable=False,
    help="Train models of tables whose rows are independent, and use them.",
    epilog="Exit codes: 0 fine, 1 a fault of data or model, 2 a wrong option, 130 interrupted.",
)
_EXIT_CODES = {Stop.DIVERGED: FAULT, Stop.INTERRUPTED: INTERRUPTED}


def main() -> None:
    """The program ``gradloop``."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a terminal without Unicode
    app(prog_name="gradloop")


@app.callback(invoke_without_command=True)
def without_command(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(f"gradloop {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def fit(
    target: options.Target,
    data: options.Data = None,
    query: options.Query = None,
    database: options.Database = None,
    leave_out: options.LeaveOut = None,
    weights: options.Weights = None,
    model: options.AnyModel = "linear",
    start: options.Start = None,
    degree: options.Degree = None,
    loss: options.LossOption = None,
    l2: options.L2 = None,
    l1: options.L1 = None,
    solver: options.SolverOption = "auto",
    optimizer: options.OptimizerOption = None,
    learning_rate: options.LearningRate = None,
    batch_size: options.BatchSize = None,
    epochs: options.Epochs = None,
    seed: options.Seed = 0,
    holdout: options.Holdout = 0.0,
    errors: options.Errors = "classical",
    missing: options.MissingOption = "error",
    max_levels: options.MaxLevels = None,
    unseen: options.Unseen = "error",
    engine: options.Engine = "native",
    checkpoint: options.CheckpointOption = None,
    every: options.Every = None,
    resume: options.Resume = False,
    memory: options.Memory = None,
    cache: options.Cache = None,
    unit: options.Unit = None,
    cluster: options.Cluster = None,
    output: options.Output = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Train a model on a table; Ctrl-C stops early and keeps what was learned."""
    with sentences(), stopping_is_ctrl_c(checkpoint is not None), progress(quiet) as report:
        source = options.data_for(cluster, data, query, database, (output, checkpoint))
        found = train(source, **options.as_arguments(locals()), progress=report)
    _finish(found, output, quiet, json)


def _finish(found: Fit, output: Path | None, quiet: bool, json: bool) -> None:
    """Save, tell, and end with the exit code that fits; what diverged is not saved."""
    diverged = found.stop is Stop.DIVERGED
    with sentences():
        if output is not None and not diverged:
            found.save(output)
        _tell(found, None if diverged else output, quiet, json)
    if diverged:
        raise typer.Exit(FAULT)
    if found.stop is Stop.INTERRUPTED:
        raise typer.Exit(INTERRUPTED)


@app.command()
def show(
    stage: options.StageArgument,
    data: options.SampleFile = None,
    target: options.SampleTarget = None,
    model: options.ModelOption = "linear",
    degree: options.Degree = None,
    loss: options.LossOption = None,
    optimizer: options.OptimizerOption = None,
    learning_rate: options.LearningRate = None,
    features: options.Features = None,
    classes: options.Classes = None,
) -> None:
    """Show what training is made of: the graph, its gradient, the loop, LLVM's code or the processor's.

    For the columns of DATA, or for a number of features.
    """
    with sentences():
        sizes = _sizes(data, target, features, classes)
        parts = options.build_model(model, degree), loss, options.build_optimizer(optimizer, learning_rate)
        print(stage_as_text(stage, *parts, *sizes))


def _sizes(data: str | None, target: str | None, features: int | None, classes: int | None) -> tuple[int, int]:
    """The number of features and of classes: those of a table, or those given."""
    if data is None:
        if target is not None:
            raise OptionError("--target names a column of DATA; give DATA too, or --features instead of both.")
        return (2 if features is None else features), (2 if classes is None else classes)
    if target is None or features is not None or classes is not None:
        raise OptionError("DATA needs --target and decides --features and --classes itself; leave these out.")
    preparation = Preparation.learn(read_table(open_path(data)), target)
    return len(preparation.feature_names), len(preparation.classes or ())


def _tell(found: Fit, saved: Path | None, quiet: bool, json: bool) -> None:
    if json:
        print_json(_as_json(found, saved))
    elif not quiet:
        print(found.summary())
        print(f"\nsaved to {printable(saved)}" if saved else "\nnot saved; -o FILE keeps the model")
    if found.stop is Stop.DIVERGED:
        say(f"{found.stop} {found.certificate.sentence} No model was saved.")


def _as_json(found: Fit, saved: Path | None) -> dict[str, Any]:
    return {
        "gradloop": __version__,
        "model": found.model.name,
        "loss": found.loss.name,
        "rows": found.rows,
        "seed": found.seed,
        "feature_names": found.feature_names,
        "classes": found.classes,
        "params": found.params,
        "statistics": None if found.statistics is None else found.statistics.to_dict(),
        "holdout": found.holdout,
        "stop": {"name": found.stop.name, "sentence": str(found.stop)},
        "certificate": {
            "kind": found.certificate.kind,
            "value": found.certificate.value,
            "sentence": found.certificate.sentence,
        },
        "notes": found.notes,
        "history": found.history.to_dict(),
        "saved_to": None if saved is None else str(saved),
    }
