"""What a saved model says: a fit as arrays and a JSON document, and back, believing nothing unchecked.

Numbers that were learned or measured are arrays, exact to the last bit: the parameters, the history, the
certificate's value, the root of the parameters' covariance. Everything else is the document. Neither can hold code:
of a user's own function its name is stored, and where it can be imported from. docs/model_file.md describes the format.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradloop import tensor_file
from gradloop.certificate import Certificate
from gradloop.data.preparation import Preparation
from gradloop.errors import GradloopError, ModelFileError
from gradloop.history import COLUMNS, History
from gradloop.losses import Loss
from gradloop.model_names import Given, degree_of, describe_loss, describe_model, is_ours, loss_of, model_of
from gradloop.models import Model
from gradloop.records import DAMAGED, Record, RefusedError, agree, take, texts
from gradloop.result import Origin, Result
from gradloop.sameness import content_of, digest
from gradloop.statistics import Statistics
from gradloop.stop import Stop
from gradloop.text import printable
from gradloop.version import __version__
from gradloop.whole_file import PathLike

# 2: the preparation tells what is done about missing values and new categories. 3: the root of the covariance, the
# origin of the fit, units, and where a user's function can be imported from. All are read.
FORMAT = 3
NEEDS = "0.3.0"  # the first gradloop that reads this format
MOST_ROOT = 2**20  # numbers: the covariance of a thousand parameters

Arrays = dict[str, NDArray[Any]]
Shapes = dict[str, tuple[int, ...]]


def save(fit: Result, path: PathLike) -> None:
    """Write a fit to a file.

    Raises: ModelFileError when it cannot be written or its parameters are not finite.
    """
    tensor_file.write(path, *parts(fit))


def parts(fit: Result) -> tuple[Arrays, Record]:
    """A fit as arrays and plain data, without code.

    Raises: ModelFileError when its parameters are not finite.
    """
    for name, values in {**fit.params, **fit.trained_params}.items():
        if not np.all(np.isfinite(values)):
            raise ModelFileError(f"Parameter {name!r} is not finite, so there is no model to save; fit again first.")
    return _arrays(fit), _document(fit)


def fields(arrays: Arrays, document: Record, model: Callable[..., Any] | None = None) -> dict[str, Any]:
    """The fields of the fit that came as `parts` from a process that is trusted.

    Args: model, the function it was fitted with, if it cannot be imported here.

    Raises: ModelFileError for a function that cannot be imported.
    """
    try:
        return _fields(arrays, document, Given(model, trust=True))
    except RefusedError as refusal:
        raise ModelFileError(f"The model {refusal}") from None


def load(path: PathLike, model: Callable[..., Any] | Model | None = None, trust: bool = False) -> dict[str, Any]:
    """The fields of the fit in a file, checked against each other.

    Args: trust, whether a user's function may be imported from where the file says, which runs code.

    Raises: ModelFileError.
    """
    return _read(path, Given(model, trust))[0]


def look(path: PathLike) -> tuple[dict[str, Any], Record]:
    """The fields of the fit in a file, whose model is then only a name, and what the file says of itself.

    Raises: ModelFileError.
    """
    fields, document = _read(path, Given(None, False, named_only=True))
    about = {name: document[name] for name in ("format", "gradloop", "needs")}
    return fields, about | {"function": document["model"].get("path")}


def _read(path: PathLike, given: Given) -> tuple[dict[str, Any], Record]:
    arrays, document = tensor_file.read(path)
    try:
        _check_format(document)
        return _fields(arrays, document, given), document
    except RefusedError as refusal:
        raise ModelFileError(f"The model file {os.fspath(path)!r} {refusal}") from None


# --- A fit as arrays and a document


def _arrays(fit: Result) -> Arrays:
    arrays = {f"params.{name}": values for name, values in fit.params.items()}
    arrays |= {f"trained.{name}": values for name, values in fit.trained_params.items()}
    arrays |= {f"history.{name}": fit.history[name] for name in COLUMNS}
    arrays |= {f"holdout.{name}": np.asarray(value, np.float64) for name, value in (fit.holdout or {}).items()}
    arrays["certificate.value"] = np.asarray(fit.certificate.value, np.float64)
    root = None if fit.statistics is None else fit.statistics.root
    if root is not None and root.size <= MOST_ROOT:
        arrays["statistics.root"] = root
    if fit.history.params:
        arrays["snapshots"] = np.array([epoch for epoch, _ in fit.history.params], dtype=np.int64)
        for name in fit.trained_params:
            arrays[f"snapshot.{name}"] = np.array([params[name] for _, params in fit.history.params])
    return arrays


def _document(fit: Result) -> Record:
    return {
        "format": FORMAT,
        "gradloop": __version__,
        "needs": NEEDS,
        "model": describe_model(fit.model),
        "loss": describe_loss(fit.loss),
        "feature_names": list(fit.feature_names),
        "preparation": None if fit.preparation is None else fit.preparation.to_dict(),
        "stop": fit.stop.name,
        "certificate": {"kind": fit.certificate.kind, "sentence": fit.certificate.sentence},
        "statistics": None if fit.statistics is None else fit.statistics.to_dict(),
        "notes": list(fit.notes),
        "seed": fit.seed,
        "rows": fit.rows,
        "units": dict(fit.units),
        "origin": fit.origin._replace(fingerprint=fit.origin.fingerprint or _fingerprint(fit.examples))._asdict(),
    }


def _fingerprint(examples: Any) -> str:
    """Of the features and targets that training saw, where they are in memory."""
    return "" if examples is None else digest(repr([content_of(examples.X), content_of(examples.y)]))


# --- And back


def _check_format(document: Any) -> None:
    if type(document) is not dict:
        raise RefusedError(DAMAGED)
    version = take(document, "format", int)
    made, needs = printable(take(document, "gradloop", str)), printable(take(document, "needs", str))
    if version > FORMAT:
        raise RefusedError(f"was made by gradloop {made} and needs gradloop {needs} or newer; this is {__version__}.")
    if version < 1:
        raise RefusedError(DAMAGED)


def _fields(arrays: Arrays, document: Record, given: Given) -> dict[str, Any]:
    groups = _groups(arrays)
    trained = groups["trained"]
    preparation = _preparation(document)
    feature_names = texts(document, "feature_names")
    loss = loss_of(take(document, "loss", dict))
    model = model_of(take(document, "model", dict), given, trained)
    if is_ours(model):
        _check_shapes(model, trained, len(feature_names))
        if preparation is not None:
            _check_classes(loss, trained, len(preparation.classes or ()))
    agree(_shapes(groups["params"]) == _shapes(trained))
    agree(all(np.isfinite(values).all() for group in ("params", "trained") for values in groups[group].values()))
    agree(preparation is None or tuple(preparation.feature_names) == feature_names)
    statistics = _statistics(document, groups["statistics"])
    width = sum(value.size for value in trained.values())
    agree(statistics is None or statistics.root is None or len(statistics.root) == width)
    agree(take(document, "rows", int) >= 0 and take(document, "stop", str) in Stop.__members__)
    return {
        "params": groups["params"],
        "trained_params": trained,
        "model": model,
        "loss": loss,
        "feature_names": feature_names,
        "preparation": preparation,
        "history": _history(groups, _shapes(trained)),
        "stop": Stop[document["stop"]],
        "certificate": _certificate(take(document, "certificate", dict), groups["certificate"]),
        "statistics": statistics,
        "notes": texts(document, "notes"),
        "seed": take(document, "seed", int),
        "rows": document["rows"],
        "units": _units(document),
        "origin": _origin(document),
        "holdout": {name: _scalar(groups["holdout"], name) for name in groups["holdout"]} or None,
    }


def _statistics(document: Record, arrays: Arrays) -> Statistics | None:
    agree("statistics" in document and arrays.keys() <= {"root"})
    if document["statistics"] is None:
        agree(not arrays)
        return None
    try:
        return Statistics.from_dict(document["statistics"], arrays.get("root"))
    except (ValueError, TypeError):
        raise RefusedError(DAMAGED) from None


def _origin(document: Record) -> Origin:
    if document["format"] < 3:
        return Origin()
    record = take(document, "origin", dict)
    agree(record.keys() == set(Origin._fields) and all(type(text) is str for text in record.values()))
    return Origin(**record)


def _units(document: Record) -> dict[str, str]:
    if document["format"] < 3:
        return {}
    units: dict[str, str] = take(document, "units", dict)
    agree(all(type(unit) is str for unit in units.values()))
    return units


def _certificate(record: Record, arrays: Arrays) -> Certificate:
    return Certificate(take(record, "kind", str), _scalar(arrays, "value"), take(record, "sentence", str))


def _scalar(arrays: Arrays, name: str) -> float:
    agree(name in arrays and arrays[name].shape == ())
    return float(arrays[name])


def _shapes(arrays: Mapping[str, Any]) -> Shapes:
    return {name: np.shape(values) for name, values in arrays.items()}


def _groups(arrays: Arrays) -> dict[str, Arrays]:
    """The arrays by the word before the point, and nothing beside the words that there are."""
    groups: dict[str, Arrays] = {
        word: {}
        for word in ("params", "trained", "history", "holdout", "certificate", "statistics", "snapshots", "snapshot")
    }
    for key, values in arrays.items():
        word, _, name = key.partition(".")
        agree(word in groups)
        groups[word][name] = values
    return groups


def _preparation(document: Record) -> Preparation | None:
    agree("preparation" in document)
    record = document["preparation"]
    if record is None:
        return None
    try:
        return Preparation.from_dict(record)
    except GradloopError:
        raise RefusedError(DAMAGED) from None


def _check_shapes(model: Model, trained: Arrays, features: int) -> None:
    """The parameters have the shapes with which the model would start on these features."""
    outputs = trained["b"].size if "b" in trained else 1
    # Before making zeros: their number may be made up.
    agree(features * degree_of(model) * outputs <= sum(array.size for array in trained.values()))
    agree(_shapes(trained) == _shapes(model.start(features, outputs)))


def _check_classes(loss: Loss, trained: Arrays, classes: int) -> None:
    """Where classes have names, there are as many as the model tells apart."""
    agree(classes in (0, {"binary": 2, "label": trained["b"].size}.get(loss.target, 0)))


def _history(groups: dict[str, Arrays], shapes: Shapes) -> History:
    columns: Any = groups["history"]
    epochs = groups["snapshots"].get("", np.zeros(0, dtype=np.int64))
    expected = {name: (len(epochs), *shape) for name, shape in shapes.items()} if epochs.size else {}
    agree(tuple(columns) == COLUMNS and epochs.ndim == 1 and _shapes(groups["snapshot"]) == expected)
    snapshots = (
        (int(epoch), {name: values[place] for name, values in groups["snapshot"].items()})
        for place, epoch in enumerate(epochs)
    )
    try:
        return History(**columns, params=tuple(snapshots))
    except GradloopError:
        raise RefusedError(DAMAGED) from None
