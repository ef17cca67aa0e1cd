"""The command that prints what a model file holds, without running anything that it names."""

from collections.abc import Iterator, Mapping
from typing import Any

from gradloop import model_file
from gradloop.cli import options
from gradloop.cli.terminal import print_json, sentences
from gradloop.data.features import Feature
from gradloop.data.preparation import Preparation
from gradloop.data.words import counted
from gradloop.inference import Fit
from gradloop.model_names import our_law
from gradloop.summary import coefficients, has_errors, title, told_note, verdict
from gradloop.text import number, printable, table

MOST_LEVELS = 8  # printed of a column of text
KINDS = {"number": "number", "bool": "yes or no", "text": "text", "date": "date", "presence": "missing or not"}


def inspect(model: options.ModelFile, json: options.Json = False) -> None:
    """Print what a model file holds: model, columns, parameters, how far to trust them, and what it was made from."""
    with sentences():
        fields, about = model_file.look(model)
        fit = Fit(**fields)
        if json:
            print_json(as_record(fit, about))
        else:
            print("\n\n".join(filter(None, parts(fit, about))))


def parts(fit: Fit, about: dict[str, Any]) -> Iterator[str]:
    """The paragraphs of the page. What comes from the file is made harmless."""
    yield title(fit)
    if about["function"] is not None:
        needed = "" if our_law(about["function"]) else ", which is run only with --trust"
        yield f"The model is the function {printable(about['function'])}{needed}."
    if fit.preparation is not None:
        yield columns(fit.preparation, fit.units)
    header, cells = coefficients(fit)
    yield table(list(map(printable, header)), [list(map(printable, row)) for row in cells])
    if fit.statistics is not None and not has_errors(fit):
        yield "Standard errors of all coefficients are in --json."
    yield verdict(fit)
    yield "\n".join(map(told_note, fit.notes))
    yield origin(fit, about)


def columns(preparation: Preparation, units: Mapping[str, str]) -> str:
    """What each column is, and what is done with it."""
    header, used = ["column", "kind", "of the training rows"], preparation.used
    rows = [[feature.name, KINDS[feature.kind], told(feature)] for feature in used]
    if units:
        header.append("unit")
        rows = [[*row, units.get(feature.name, "")] for row, feature in zip(rows, used, strict=True)]
    rules = f"cells without a value: {preparation.missing}; texts not seen in training: {preparation.unseen}"
    if preparation.classes is not None:
        rules += f"; classes: {', '.join(map(str, preparation.classes))}"
    if unit := units.get(preparation.target_name):
        rules = f"the target {preparation.target_name} is in {unit}; {rules}"
    page = table(header, [list(map(printable, row)) for row in rows])
    return f"{page}\n\n{printable(rules)}"


def told(feature: Feature) -> str:
    """What training saw in a column: mean and standard deviation, or the levels."""
    if feature.kind == "text":
        shown = feature.levels[1 : MOST_LEVELS + 1]
        more = len(feature.levels) - 1 - len(shown)
        rest = f" and {more} more" if more else ""
        return f"{', '.join(shown)}{rest}, relative to {feature.levels[0]}"
    since = f"days since {feature.origin}, " if feature.origin else ""
    if feature.scale == 1 and feature.center == 0:
        return f"{since}as they are" if feature.kind != "bool" else "1 and 0"
    return f"{since}mean {number(feature.center)}, standard deviation {number(feature.scale)}"


def origin(fit: Fit, about: dict[str, Any]) -> str:
    """Where the model comes from, in a few lines."""
    made = fit.origin
    lines = [f"fitted to {made.source or 'data that the file does not name'}: {counted(fit.rows, 'row')}"]
    if made.fingerprint:
        lines.append(f"their fingerprint: {made.fingerprint}")
    if made.solver:
        lines.append(f"by {made.solver}, penalty {made.penalty}, seed {fit.seed}")
    lines.append(f"saved by gradloop {about['gradloop']} in format {about['format']}; needs {about['needs']} or newer")
    return "\n".join(map(printable, lines))


def as_record(fit: Fit, about: dict[str, Any]) -> dict[str, Any]:
    """The same as plain data."""
    preparation = fit.preparation
    return {
        "file": about,
        "model": fit.model.name,
        "loss": fit.loss.name,
        "target": None if preparation is None else preparation.target_name,
        "classes": fit.classes,
        "preparation": None if preparation is None else preparation.to_dict(),
        "feature_names": fit.feature_names,
        "params": fit.params,
        "units": fit.units,
        "statistics": None if fit.statistics is None else fit.statistics.to_dict(),
        "holdout": fit.holdout,
        "stop": {"name": fit.stop.name, "sentence": str(fit.stop)},
        "certificate": {
            "kind": fit.certificate.kind,
            "value": fit.certificate.value,
            "sentence": fit.certificate.sentence,
        },
        "notes": fit.notes,
        "origin": fit.origin._asdict() | {"rows": fit.rows, "seed": fit.seed},
        "history": fit.history.to_dict(),
    }
