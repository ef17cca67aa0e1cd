"""The commands."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from gradloop.cli import options
from gradloop.cli.terminal import FAULT, INTERRUPTED, print_json, progress, say, sentences
from gradloop.data.csv import csv_chunks, read_csv, write_csv
from gradloop.data.preparation import Preparation
from gradloop.errors import OptionError
from gradloop.inference import Fit, load
from gradloop.show import show as stage_as_text
from gradloop.stop import Stop
from gradloop.tensor_file import check_writable
from gradloop.text import number, printable, table
from gradloop.training import fit as train
from gradloop.version import __version__

app = typer.Typer(
    name="gradloop",
    add_completion=False,
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
    data: options.DataFile,
    target: options.Target,
    leave_out: options.LeaveOut = None,
    weights: options.Weights = None,
    model: options.ModelOption = "linear",
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
    engine: options.Engine = "native",
    output: options.Output = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Train a model on a table; Ctrl-C stops early and keeps what was learned."""
    with sentences():
        _check_output(output, data)
        choices: dict[str, Any] = {
            "model": options.build_model(model, degree),
            "loss": loss,
            "penalty": options.build_penalty(l1, l2),
            "solver": options.build_solver(solver, optimizer, learning_rate, batch_size, epochs),
            "errors": errors,
        }
        rows: dict[str, Any] = {"target": target, "leave_out": leave_out or (), "weights": weights}
        with progress(quiet) as report:
            found = train(data, **rows, **choices, seed=seed, holdout=holdout, engine=engine, progress=report)
        _finish(found, output, quiet, json)


def _finish(found: Fit, output: Path | None, quiet: bool, json: bool) -> None:
    """Save, tell, and end with the exit code that fits; what diverged is not saved."""
    diverged = found.stop is Stop.DIVERGED
    if output is not None and not diverged:
        found.save(output)
    _tell(found, None if diverged else output, quiet, json)
    if diverged:
        raise typer.Exit(FAULT)
    if found.stop is Stop.INTERRUPTED:
        raise typer.Exit(INTERRUPTED)


@app.command()
def predict(
    model: options.ModelFile,
    data: options.DataFile,
    output: options.Output = None,
    probability: options.Probability = False,
    quiet: options.Quiet = False,
) -> None:
    """Predict each row of a table, as CSV on standard output or in a file."""
    with sentences():
        _check_output(output, data, model)
        fitted, rows = load(model), read_csv(data)
        if fitted.preparation is not None and not quiet:
            for remark in fitted.preparation.remarks(rows):
                say(remark)
        columns = _probabilities(fitted, rows) if probability else {"prediction": fitted.predict(rows)}
        if output is not None:
            write_csv(output, columns)
            return
        for chunk in csv_chunks(columns):
            sys.stdout.buffer.write(chunk)


@app.command()
def evaluate(model: options.ModelFile, data: options.DataFile, json: options.Json = False) -> None:
    """Measure a model's predictions on a table that holds the target."""
    with sentences():
        rows = read_csv(data)
        found = load(model).evaluate(rows)
        if json:
            print_json({**found, "rows": rows.rows})
        else:
            measures = [[name.replace("_", " "), number(value)] for name, value in found.items()]
            print(table(["", f"on {rows.rows} rows"], measures))


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


def _sizes(data: Path | None, target: str | None, features: int | None, classes: int | None) -> tuple[int, int]:
    """The number of features and of classes: those of a table, or those given."""
    if data is None:
        if target is not None:
            raise OptionError("--target names a column of DATA; give DATA too, or --features instead of both.")
        return (2 if features is None else features), (2 if classes is None else classes)
    if target is None or features is not None or classes is not None:
        raise OptionError("DATA needs --target and decides --features and --classes itself; leave these out.")
    preparation = Preparation.learn(read_csv(data), target)
    return len(preparation.feature_names), len(preparation.classes or ())


def _probabilities(fitted: Fit, rows: Any) -> dict[str, Any]:
    found = fitted.predict_probability(rows)
    classes = fitted.classes or range(found.shape[1])
    return {f"probability of {name}": found[:, place] for place, name in enumerate(classes)}


def _check_output(output: Path | None, *inputs: Path) -> None:
    """Before any work: the output can be written, and is none of the inputs."""
    if output is None:
        return
    for source in inputs:
        if output.exists() and source.exists() and os.path.samefile(output, source):
            raise OptionError(f"The output {output} is also an input, which would be lost; choose another place.")
    check_writable(output)


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
