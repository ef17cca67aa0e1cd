"""The options of the commands, and what they stand for."""

import inspect
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import numpy as np
import typer

from gradloop.cli.completion import columns, harmless, model_files
from gradloop.cli.places import check_places
from gradloop.data.sources import Source, sql
from gradloop.data.sources.opening import open_path
from gradloop.errors import OptionError
from gradloop.models import polynomial
from gradloop.named_function import function_at
from gradloop.optimizers import OPTIMIZERS
from gradloop.penalties import Penalty, elastic_net, l1, l2
from gradloop.solvers.auto import SOLVERS, Solver
from gradloop.solvers.gradient_descent import GradientDescent
from gradloop.solvers.minibatch import Minibatch

ModelName = Literal["linear", "polynomial", "logistic", "softmax"]
LossName = Literal[
    "squared", "absolute", "huber", "quantile", "logistic", "cross_entropy", "hinge", "poisson", "zero_one"
]
OptimizerName = Literal["sgd", "momentum", "nesterov", "averaged_sgd", "adagrad", "rmsprop", "adam", "adamw"]
SolverName = Literal[
    "auto", "closed_form", "coordinate_descent", "newton", "lbfgs", "gauss_newton", "gradient_descent", "minibatch"
]
Stage = Literal["graph", "gradient", "loop", "llvm", "assembly"]

DataFile = Annotated[str, typer.Argument(metavar="DATA", help="CSV, Parquet or Arrow file, or a folder of them.")]
Data = Annotated[
    str | None,
    typer.Argument(metavar="DATA", help='CSV, Parquet or Arrow file, a folder, "a pattern*", or - for standard input.'),
]
Query = Annotated[str | None, typer.Option("--sql", metavar="QUERY", help="Instead of DATA: the rows of a query.")]
Database = Annotated[
    str | None,
    typer.Option("--db", metavar="DB", help="For --sql: DuckDB or SQLite file, or postgresql://…; otherwise DuckDB."),
]
ModelFile = Annotated[
    Path, typer.Argument(metavar="MODEL", help="File that gradloop fit -o wrote.", autocompletion=model_files)
]
Target = Annotated[str, typer.Option(metavar="NAME", help="Column to predict.", autocompletion=columns)]
LeaveOut = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Column not to use; may be repeated.", autocompletion=columns)
]
Weights = Annotated[
    str | None, typer.Option(metavar="NAME", help="Column that says how much each row counts.", autocompletion=columns)
]
ModelOption = Annotated[ModelName, typer.Option(help="What is predicted from a row.")]
AnyModel = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="linear, polynomial, logistic, softmax, or package.module:function of yours.",
        autocompletion=lambda incomplete: harmless(names(ModelName), incomplete),
    ),
]
Start = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="Parameter of your function and where it begins; for each one."),
]
Unit = Annotated[
    list[str] | None,
    typer.Option("--unit", metavar="NAME=UNIT", help="Of a column, or a parameter of your function; may be repeated."),
]
Trust = Annotated[bool, typer.Option("--trust", help="Run the module of the function the model was fitted with.")]
Degree = Annotated[int | None, typer.Option(min=1, help="Highest power, for --model polynomial; otherwise 2.")]
LossOption = Annotated[LossName | None, typer.Option(help="What a wrong prediction costs; otherwise the model's own.")]
SolverOption = Annotated[SolverName, typer.Option(help="How to search; auto chooses, and says what and why.")]
OptimizerOption = Annotated[
    OptimizerName | None, typer.Option(help="For minibatches: how a gradient changes the parameters; otherwise sgd.")
]
LearningRate = Annotated[
    float | None, typer.Option(help="For descent: length of a step; otherwise found from the data's curvature.")
]
BatchSize = Annotated[
    str | None, typer.Option(metavar="ROWS", help='Rows per step, or "all" for gradient descent; otherwise 32.')
]
Epochs = Annotated[int | None, typer.Option(min=1, help="Passes over the data.")]
L2 = Annotated[float | None, typer.Option(min=0, help="Strength of the penalty on squares.")]
L1 = Annotated[float | None, typer.Option(min=0, help="Strength of the penalty on sizes: zeros appear.")]
Seed = Annotated[int, typer.Option(min=0, help="Decides the order of rows and which are held out.")]
Holdout = Annotated[float, typer.Option(metavar="SHARE", help="Share of the rows to judge the fit by, such as 0.2.")]
Errors = Annotated[
    Literal["classical", "HC0", "HC1", "HC2", "HC3"], typer.Option(help="Standard errors; HC: errors of unequal size.")
]
MissingOption = Annotated[
    Literal["error", "drop", "mean", "indicator"],
    typer.Option("--missing", help="Cells without a value: refused, their rows left out, the mean, or it and a flag."),
]
MaxLevels = Annotated[int | None, typer.Option(min=2, help='Categories of a column, rare ones "other"; otherwise 50.')]
Unseen = Annotated[
    Literal["error", "other"], typer.Option(help='When predicting, new categories: refused, or taken for "other".')
]
CheckpointOption = Annotated[
    Path | None, typer.Option("--checkpoint", metavar="FILE", help="Keep the run here, to go on with if it is stopped.")
]
Every = Annotated[str | None, typer.Option(metavar="TIME", help="Between checkpoints: 10s, 5min or 1h; otherwise 30s.")]
Memory = Annotated[
    str | None, typer.Option(metavar="SIZE", help="That the data may take: 2GB, 500MB; otherwise half the machine's.")
]
Cache = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Keep the numbers made of the rows, for the next fit to them.")
]
Cluster = Annotated[
    str | None,
    typer.Option("--cluster", metavar="ADDRESS", help="Dask scheduler, tcp://…; or local:4, four processes."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint, if there is one.")]
Engine = Annotated[Literal["native", "numpy"], typer.Option(help="numpy is slow, and the same to rounding.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="File to write.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Probability = Annotated[bool, typer.Option("--probability", help="A column per class with its probability.")]
StageArgument = Annotated[Stage, typer.Argument(metavar="STAGE", help="graph, gradient, loop, llvm or assembly.")]
SampleFile = Annotated[str | None, typer.Argument(metavar="DATA", help="File whose columns are meant.")]
SampleTarget = Annotated[
    str | None, typer.Option("--target", metavar="NAME", help="Column to predict.", autocompletion=columns)
]
Features = Annotated[int | None, typer.Option(min=1, help="Without DATA: how many; otherwise 2.")]
Classes = Annotated[int | None, typer.Option(min=2, help="Without DATA: how many; otherwise 2.")]


def open_data(data: str | None, query: str | None, database: str | None) -> Source:
    """The rows that the options name.

    Raises: OptionError unless exactly one of data and query is given; DataError for what cannot be read.
    """
    if query is None and database is not None:
        raise OptionError('--db is for --sql: say which rows of the database are meant, --sql "select …".')
    if query is None and data is None:
        raise OptionError("There are no rows to work on; give DATA, or --sql QUERY.")
    if query is not None and data is not None:
        raise OptionError("DATA and --sql exclude each other; name the file in the query, or the database with --db.")
    if query is not None:
        return sql(query, database)
    assert data is not None
    return open_path(data)


def data_for(
    cluster: str | None,
    data: str | None,
    query: str | None,
    database: str | None,
    places: tuple[Path | None, Path | None],
) -> Source | str:  # fmt: skip
    """The rows that the options name; for a cluster where they are, because its workers read them.

    Raises: as `open_data`; OptionError for a query, whose rows workers cannot read.
    """
    if cluster is None:
        source = open_data(data, query, database)
        check_places(*places, *source.files)
        return source
    check_places(*places)
    is_for_cluster(cluster, data, query, {})
    assert data is not None
    return data


def is_for_cluster(cluster: str | None, data: str | None, query: str | None, others: Mapping[str, Any]) -> bool:
    """Whether workers are to do it; others are options that only mean something then.

    Raises: OptionError for rows that workers cannot read, and for the other options without a cluster.
    """
    given = [name for name, value in others.items() if value]
    if cluster is None and given:
        raise OptionError(f"{given[0]} is for --cluster; give its address too, or local:2.")
    if cluster is not None and (data is None or query is not None or data == "-"):
        raise OptionError("With --cluster give DATA, a folder or an address that every worker can read.")
    return cluster is not None


def as_arguments(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the options of a command, by name, are as arguments of `gradloop.fit`.

    Raises: OptionError for what cannot be honoured.
    """
    alike = (
        "target", "weights", "loss", "errors", "seed", "holdout", "missing", "max_levels", "unseen", "engine",
        "checkpoint", "resume", "memory", "cache", "cluster",
    )  # fmt: skip
    solver = ("solver", "optimizer", "learning_rate", "batch_size", "epochs")
    return {name: given[name] for name in alike} | {
        "leave_out": given["leave_out"] or (),
        "model": build_model(given["model"], given["degree"]),
        "penalty": build_penalty(given["l1"], given["l2"]),
        "solver": build_solver(*(given[name] for name in solver)),
        "every": as_seconds(given["every"]),
        "start": as_start(given["start"]),
        "units": named_units(given["unit"]),
    }


def build_model(name: str, degree: int | None) -> Any:
    """The model that the options name: gradloop's own, or a function by where it can be imported from.

    Raises: OptionError for a degree that the model does not have, and for what is no model.
    """
    if name not in names(ModelName) and ":" not in name:
        raise OptionError(
            f"There is no model {name!r}; choose one of {', '.join(names(ModelName))}, or package.module:function."
        )
    if name == "polynomial":
        return polynomial(2 if degree is None else degree)
    if degree is not None:
        raise OptionError(f"A {name} model has no degree; leave out --degree or add --model polynomial.")
    return function_at(name) if ":" in name else name


def as_start(given: Iterable[str] | None) -> dict[str, Any] | None:
    """Parameters by name, from texts such as "r=1" and "w=[0, 0]"; None for none.

    Raises: OptionError for anything else.

    >>> as_start(["r=1", "w=[0, 2.5]"])
    {'r': 1.0, 'w': [0.0, 2.5]}
    """
    if not given:
        return None
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        try:
            found[name.strip()] = np.asarray(json.loads(value), np.float64).tolist()
        except (ValueError, TypeError):
            equals = ""
        if not equals or not name.strip().isidentifier():
            raise OptionError(f"--start is {text!r}, but it must be a name and a number, such as r=1 or w=[0,0].")
    return found


def named_units(given: Iterable[str] | None) -> dict[str, str] | None:
    """Units by name, from texts such as "area=m²"; None for none.

    Raises: OptionError for anything else.

    >>> named_units(["area=m²"])
    {'area': 'm²'}
    """
    if not given:
        return None
    for text in given:
        if "=" not in text:
            raise OptionError(f"--unit is {text!r}, but it must be a name and its unit, such as area=m².")
    pairs = [text.rpartition("=") for text in given]  # a column's name may hold the sign, a unit does not
    return {name: unit for name, _, unit in pairs}


def build_optimizer(name: OptimizerName | None, learning_rate: float | None) -> Any:
    """The optimizer with the rate given or its own; without either the factory, for a derived rate.

    Raises: OptionError for a rate that is none.
    """
    factory = OPTIMIZERS[name or "sgd"]
    if learning_rate is None:
        has_default = inspect.signature(factory).parameters["learning_rate"].default is not inspect.Parameter.empty
        return factory() if has_default else factory
    with _blamed_on("--learning-rate"):
        return factory(learning_rate)


def build_penalty(strength_l1: float | None, strength_l2: float | None) -> Penalty | None:
    """The penalty of the strengths given; both together are the elastic net.

    Raises: OptionError for a strength that is none.
    """
    with _blamed_on("--l1, --l2"):
        if strength_l1 is not None and strength_l2 is not None:
            return elastic_net(l1=strength_l1, l2=strength_l2)
        if strength_l1 is not None:
            return l1(strength_l1)
        return None if strength_l2 is None else l2(strength_l2)


@contextmanager
def _blamed_on(option: str) -> Iterator[None]:
    """Say which option it is, where optimizers and penalties speak only of their arguments."""
    try:
        yield
    except ValueError as error:
        raise OptionError(f"{option}: {error}.") from None


def build_solver(
    name: SolverName,
    optimizer: OptimizerName | None,
    learning_rate: float | None,
    batch_size: str | None,
    epochs: int | None,
) -> Solver | None:
    """The solver that the options name or imply; None lets gradloop choose.

    Raises: OptionError for settings that the solver does not have, or values that are none.
    """
    settings = {
        "--optimizer": optimizer,
        "--learning-rate": learning_rate,
        "--batch-size": batch_size,
        "--epochs": epochs,
    }
    given = [option for option, value in settings.items() if value is not None]
    if name == "minibatch" or (name == "auto" and given):
        return Minibatch(build_optimizer(optimizer, learning_rate), as_batch_size(batch_size), epochs)
    if name == "gradient_descent" and given == ["--learning-rate"]:
        with _blamed_on("--learning-rate"):
            return GradientDescent(learning_rate)
    if given:
        raise OptionError(f"{given[0]} is for --solver minibatch; leave it out, or leave out --solver {name}.")
    return None if name == "auto" else SOLVERS[name]()


def as_batch_size(text: str | None) -> Any:
    """A number of rows, or the word all."""
    if text is None or text == "all":
        return text
    if not text.isdecimal():
        raise OptionError(f'--batch-size is {text!r}, but it must be a whole number from 1, or "all".')
    return int(text)


def as_seconds(text: str | None) -> float | None:
    """A length of time such as 30s, 5min or 1h, in seconds.

    Raises: OptionError for anything else.

    >>> as_seconds("1.5min")
    90.0
    """
    if text is None:
        return None
    found = re.fullmatch(r"([0-9]+|[0-9]*\.[0-9]+) *(s|min|h|)", text.strip())
    if found is None:
        raise OptionError(f"--every is {text!r}, but it must be a length of time such as 30s, 5min or 1h.")
    return float(found[1]) * {"s": 1, "": 1, "min": 60, "h": 3600}[found[2]]


def names(choice: Any) -> tuple[str, ...]:
    """The words that an option may take."""
    return get_args(choice)
