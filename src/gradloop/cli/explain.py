"""The command that walks through one step of training."""

from typing import Annotated, Any

import typer

from gradloop.cli import options
from gradloop.cli.terminal import print_json, progress, say, sentences
from gradloop.explain.explanation import Explanation
from gradloop.inference import Fit
from gradloop.training import fit as train

StepOption = Annotated[int, typer.Option(min=1, metavar="K", help="Which step of training, from 1.")]
ExampleOption = Annotated[int, typer.Option(min=1, metavar="I", help="Which example of the step's batch, from 1.")]


def explain(
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
    solver: options.SolverOption = "minibatch",
    optimizer: options.OptimizerOption = None,
    learning_rate: options.LearningRate = None,
    batch_size: options.BatchSize = None,
    epochs: options.Epochs = None,
    seed: options.Seed = 0,
    holdout: options.Holdout = 0.0,
    missing: options.MissingOption = "error",
    max_levels: options.MaxLevels = None,
    unseen: options.Unseen = "error",
    engine: options.Engine = "native",
    step: StepOption = 1,
    example: ExampleOption = 1,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Train as fit does, by minibatches, and show one step with its numbers, its derivatives beside numeric ones."""
    with sentences():
        choices: dict[str, Any] = {
            "target": target, "leave_out": leave_out or (), "weights": weights, "missing": missing,
            "max_levels": max_levels, "unseen": unseen, "model": options.build_model(model, degree), "loss": loss,
            "start": options.as_start(start),
            "penalty": options.build_penalty(l1, l2), "seed": seed, "holdout": holdout, "engine": engine,
            "solver": options.build_solver(solver, optimizer, learning_rate, batch_size, epochs),
        }  # fmt: skip
        with progress(quiet) as report:
            found = train(options.open_data(data, query, database), **choices, progress=report)
        _tell(found, found.explain(step, example), quiet, json)


def _tell(found: Fit, explanation: Explanation, quiet: bool, json: bool) -> None:
    """What the reader of a fit should know goes to standard error, and the step to standard output."""
    for note in () if quiet else found.notes:
        say(note)
    if json:
        print_json(explanation.to_dict())
    else:
        print(explanation)
