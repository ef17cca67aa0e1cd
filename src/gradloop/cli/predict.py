"""The commands that apply a model to other rows."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import typer

from gradloop.cli import options
from gradloop.cli.places import check_output
from gradloop.cli.terminal import print_json, say, sentences
from gradloop.cluster.answers import Asked, evaluated
from gradloop.cluster.answers import written as write_parts
from gradloop.data.formulas import Formulas
from gradloop.data.words import counted
from gradloop.data.writing import check_ending, csv_stream, is_parquet, write_columns
from gradloop.errors import OptionError
from gradloop.inference import load
from gradloop.predictions import Predictions
from gradloop.text import number, table

IntervalOption = Annotated[
    float | None, typer.Option("--interval", metavar="LEVEL", help="Add the ends of intervals of this level, as 0.95.")
]
Keep = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="Write this column of DATA before the predictions; may be repeated."),
]
PredictionsFile = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE",
        help=".parquet, or CSV; otherwise CSV on standard output. With --cluster a new folder.",
    ),
]  # fmt: skip
Form = Annotated[
    Literal["parquet", "csv"] | None, typer.Option(help="Of the files, with --cluster; otherwise parquet.")
]
Cloudpickle = Annotated[
    bool, typer.Option("--cloudpickle", help="Send workers the code of your function; otherwise they import it.")
]


def predict(
    model: options.ModelFile,
    data: options.Data = None,
    query: options.Query = None,
    database: options.Database = None,
    output: PredictionsFile = None,
    probability: options.Probability = False,
    interval: IntervalOption = None,
    keep: Keep = None,
    trust: options.Trust = False,
    cluster: options.Cluster = None,
    form: Form = None,
    cloudpickle: Cloudpickle = False,
    quiet: options.Quiet = False,
) -> None:
    """Predict each row of a table, however many there are; its columns may stand in any order."""
    with sentences():
        if options.is_for_cluster(cluster, data, query, {"--form": form, "--cloudpickle": cloudpickle}):
            if output is None:
                raise OptionError("With --cluster the predictions need a folder; give a new one, -o FOLDER.")
            asked = Asked(probability, interval, tuple(keep or ()))
            rest = cluster, output, form or "parquet", cloudpickle
            _say(write_parts(load(model, trust=trust), data, asked, *rest)[1], quiet)
            return
        source = options.open_data(data, query, database)
        check_output(output, model, *source.files)
        if output is not None:
            check_ending(output)
        found = Predictions(load(model, trust=trust), source, probability, interval, keep or ())
        _say(found.unused(), quiet)
        formulas = Formulas()
        if output is not None:
            as_csv = not is_parquet(output)
            write_columns(output, formulas.watch(found.batches()) if as_csv else found.batches())
        else:
            for chunk in csv_stream(formulas.watch(found.batches())):
                sys.stdout.buffer.write(chunk)
        _say([*found.remarks(), *formulas.sentences()], quiet)


def _say(remarks: Iterable[str], quiet: bool) -> None:
    for remark in () if quiet else remarks:
        say(remark)


def evaluate(
    model: options.ModelFile,
    data: options.Data = None,
    query: options.Query = None,
    database: options.Database = None,
    trust: options.Trust = False,
    cluster: options.Cluster = None,
    cloudpickle: Cloudpickle = False,
    json: options.Json = False,
) -> None:
    """Measure a model's predictions on a table that holds the target."""
    with sentences():
        fitted = load(model, trust=trust)
        if options.is_for_cluster(cluster, data, query, {"--cloudpickle": cloudpickle}):
            found = evaluated(fitted, data, cluster, cloudpickle)
        else:
            source = options.open_data(data, query, database)
            if fitted.preparation is None:
                fitted.evaluate(source)  # says why not
            found = fitted.evaluation(source)
        _say(found.notes, quiet=False)
        if json:
            print_json({**found.measures, "rows": found.rows})
        else:
            measures = [[name.replace("_", " "), number(value)] for name, value in found.measures.items()]
            print(table(["", f"on {counted(found.rows, 'row')}"], measures))
