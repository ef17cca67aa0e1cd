"""The command that writes the page of a run: of a saved model and data, or of a table fitted on the way."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gradloop.cli import options
from gradloop.cli.plot import Data, Source, given
from gradloop.cli.terminal import progress, say, sentences
from gradloop.errors import OptionError
from gradloop.inference import Fit, load
from gradloop.page.write import check_page, write_page
from gradloop.text import printable
from gradloop.training import fit as train

Output = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Page to write, such as run.html.")]
Target = Annotated[str | None, typer.Option(metavar="NAME", help="Column of SOURCE to predict: it is fitted first.")]
ModelChoice = Annotated[options.ModelName | None, typer.Option("--model", help="With --target; otherwise linear.")]
SolverChoice = Annotated[
    options.SolverName | None, typer.Option("--solver", help="With --target; otherwise minibatch, which has steps.")
]
SeedChoice = Annotated[int | None, typer.Option("--seed", min=0, help="With --target; otherwise 0.")]


def page(
    source: Source,
    data: Data = None,
    *,
    output: Output,
    target: Target = None,
    leave_out: options.LeaveOut = None,
    model: ModelChoice = None,
    degree: options.Degree = None,
    loss: options.LossOption = None,
    l2: options.L2 = None,
    l1: options.L1 = None,
    solver: SolverChoice = None,
    optimizer: options.OptimizerOption = None,
    learning_rate: options.LearningRate = None,
    batch_size: options.BatchSize = None,
    epochs: options.Epochs = None,
    seed: SeedChoice = None,
    trust: options.Trust = False,
    quiet: options.Quiet = False,
) -> None:
    """Write one HTML page that replays a training: of a table (with --target), or a saved model on its DATA."""
    with sentences():
        check_page(output)
        settings = {
            "leave_out": leave_out, "model": model, "degree": degree, "loss": loss, "l2": l2, "l1": l1,
            "solver": solver, "optimizer": optimizer, "learning_rate": learning_rate, "batch_size": batch_size,
            "epochs": epochs, "seed": seed,
        }  # fmt: skip
        if target is None:
            write_page(saved(source, data, given(settings), trust), output, data)
        else:
            settings["trust"] = trust or None
            write_page(fitted(source, data, target, given(settings), quiet), output)
        if not quiet:
            print(f"written to {printable(output)}; open it in a browser")


def saved(source: Path, data: Path | None, settings: dict[str, Any], trust: bool) -> Fit:
    """The model of a file, once it is sure that the rest of the command suits it."""
    if settings:
        option = f"--{next(iter(settings)).replace('_', '-')}"
        raise OptionError(f"{option} says how to fit; give a table and --target, or leave it out.")
    if data is None:
        raise OptionError(
            "A saved model holds neither its rows nor its steps: gradloop page MODEL DATA shows it on its data, and a "
            "table with --target is fitted and its steps are replayed."
        )
    return load(source, trust=trust)


def fitted(source: Path, data: Path | None, target: str, settings: dict[str, Any], quiet: bool) -> Fit:
    """A table fitted by steps that can be replayed, unless another way is asked for; its notes are said."""
    if data is not None:
        raise OptionError("With --target, SOURCE is the table, and there is no DATA beside it; leave one out.")
    if "trust" in settings:
        raise OptionError("--trust is for the function of a saved model; with --target leave it out.")
    steps = (settings.get(name) for name in ("optimizer", "learning_rate", "batch_size", "epochs"))
    with progress(quiet) as report:
        found = train(
            source,
            target=target,
            leave_out=settings.get("leave_out", ()),
            model=options.build_model(settings.get("model", "linear"), settings.get("degree")),
            loss=settings.get("loss"),
            penalty=options.build_penalty(settings.get("l1"), settings.get("l2")),
            solver=options.build_solver(settings.get("solver", "minibatch"), *steps),
            seed=settings.get("seed", 0),
            progress=report,
        )
    for note in () if quiet else found.notes:
        say(note)
    return found
