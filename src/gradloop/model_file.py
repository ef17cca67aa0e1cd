"""What a saved model says: a fit as arrays and a JSON document, and back, believing nothing unchecked.

Numbers that were learned or measured are arrays, exact to the last bit: the parameters, the history, the
certificate's value, the root of the parameters' covariance. Everything else is the document. Neither can hold code:
of a user's own function its name is stored, and where it can be imported from. docs/model_file.md describes the format.
"""

import inspect
import os
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradloop import losses, tensor_file
from gradloop.certificate import Certificate
from gradloop.data.preparation import Preparation
from gradloop.errors import GradloopError, ModelFileError, OptionError
from gradloop.history import COLUMNS, History
from gradloop.losses import LOSSES, Loss
from gradloop.models import MODELS, Model, polynomial
from gradloop.named_function import function_at, is_path, path_of
from gradloop.result import Origin, Result
from gradloop.sameness import content_of, digest
from gradloop.statistics import Statistics
from gradloop.stop import Stop
from gradloop.text import printable
from gradloop.version import __version__
from gradloop.whole_file import PathLike

# 2: the preparation tells what is done about missing values and new categories. 3: the root of the covariance, the
# origin of the fit, and where a user's function can be imported from. All are read.
FORMAT = 3
NEEDS = "0.2.0"  # the first gradloop that reads this format
MOST_ROOT = 2**20  # numbers: the covariance of a thousand parameters
LOSS_FACTORIES = {"huber": losses.huber, "quantile": losses.quantile}
_POLYNOMIAL = re.compile(r"polynomial\(([1-9][0-9]{0,3})\)")

Arrays = dict[str, NDArray[Any]]
Record = dict[str, Any]
Shapes = dict[str, tuple[int, ...]]


def save(fit: Result, path: PathLike) -> None:
    """Write a fit to a file.

    Raises: ModelFileError when it cannot be written or its parameters are not finite.
    """
    for name, values in {**fit.params, **fit.trained_params}.items():
        if not np.all(np.isfinite(values)):
            raise ModelFileError(f"Parameter {name!r} is not finite, so there is no model to save; fit again first.")
    tensor_file.write(path, _arrays(fit), _document(fit))


def load(path: PathLike, model: Callable[..., Any] | Model | None = None, trust: bool = False) -> dict[str, Any]:
    """The fields of the fit in a file, checked against each other.

    Args: trust, whether a user's function may be imported from where the file says, which runs code.

    Raises: ModelFileError.
    """
    arrays, document = tensor_file.read(path)
    try:
        _check_format(document)
        return _fields(arrays, document, Given(model, trust))
    except _RefusedError as refusal:
        raise ModelFileError(f"The model file {os.fspath(path)!r} {refusal}") from None


def look(path: PathLike) -> tuple[dict[str, Any], Record]:
    """The fields of the fit in a file, whose model is then only a name, and what the file says of itself.

    Raises: ModelFileError.
    """
    arrays, document = tensor_file.read(path)
    try:
        _check_format(document)
        fields = _fields(arrays, document, Given(None, False, True))
    except _RefusedError as refusal:
        raise ModelFileError(f"The model file {os.fspath(path)!r} {refusal}") from None
    about = {name: document[name] for name in ("format", "gradloop", "needs")}
    return fields, about | {"function": document["model"].get("path")}


class Given(NamedTuple):
    """What the reader of a file knows of its model: the function itself, that it may be imported, or is not wanted."""

    model: Callable[..., Any] | Model | None
    trust: bool
    named_only: bool = False


class _RefusedError(Exception):
    """Why a file is refused, as the end of a sentence that begins with its name."""


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
        "model": _describe_model(fit.model),
        "loss": _describe_loss(fit.loss),
        "feature_names": list(fit.feature_names),
        "preparation": None if fit.preparation is None else fit.preparation.to_dict(),
        "stop": fit.stop.name,
        "certificate": {"kind": fit.certificate.kind, "sentence": fit.certificate.sentence},
        "statistics": None if fit.statistics is None else fit.statistics.to_dict(),
        "notes": list(fit.notes),
        "seed": fit.seed,
        "rows": fit.rows,
        "origin": fit.origin._replace(fingerprint=fit.origin.fingerprint or _fingerprint(fit.examples))._asdict(),
    }


def _fingerprint(examples: Any) -> str:
    """Of the features and targets that training saw, where they are in memory."""
    return "" if examples is None else digest(repr([content_of(examples.X), content_of(examples.y)]))


def _describe_model(model: Model) -> Record:
    own = not is_ours(model)
    return {"name": model.name, "own": own, "path": path_of(model.predict) if own else None}


def is_ours(model: Model) -> bool:
    """Whether the model is one of gradloop's, by its code and not only by its name."""
    ours = _our_model(model.name)
    return ours is not None and _code(ours.predict) is _code(model.predict)


def _our_model(name: str) -> Model | None:
    if degree := _POLYNOMIAL.fullmatch(name):
        return polynomial(int(degree[1]))
    entry = MODELS.get(name)
    return entry if isinstance(entry, Model) else None


def _describe_loss(loss: Loss) -> Record:
    """The loss by name; with the numbers its factory was given, which its function carries."""
    ours = LOSSES.get(loss.name)
    own = ours is None or _code(ours.function) is not _code(loss.function)
    given = {}
    if not own and loss.name in LOSS_FACTORIES:
        given = {name: float(value) for name, value in inspect.getclosurevars(loss.function).nonlocals.items()}
    return {"name": loss.name, "own": own, "target": loss.target, "given": given}


def _code(function: Callable[..., Any]) -> object:
    """What two functions from one factory share."""
    return getattr(function, "__code__", function)


# --- And back


def _check_format(document: Any) -> None:
    if type(document) is not dict:
        raise _RefusedError(_DAMAGED)
    version = _take(document, "format", int)
    made, needs = printable(_take(document, "gradloop", str)), printable(_take(document, "needs", str))
    if version > FORMAT:
        raise _RefusedError(f"was made by gradloop {made} and needs gradloop {needs} or newer; this is {__version__}.")
    if version < 1:
        raise _RefusedError(_DAMAGED)


def _fields(arrays: Arrays, document: Record, given: Given) -> dict[str, Any]:
    groups = _groups(arrays)
    trained = groups["trained"]
    preparation = _preparation(document)
    feature_names = _texts(document, "feature_names")
    loss = _loss(_take(document, "loss", dict))
    model = _model(_take(document, "model", dict), given, trained)
    if is_ours(model):
        _check_shapes(model, trained, len(feature_names))
        if preparation is not None:
            _check_classes(loss, trained, len(preparation.classes or ()))
    _agree(_shapes(groups["params"]) == _shapes(trained))
    _agree(all(np.isfinite(values).all() for group in ("params", "trained") for values in groups[group].values()))
    _agree(preparation is None or tuple(preparation.feature_names) == feature_names)
    statistics = _statistics(document, groups["statistics"])
    width = sum(value.size for value in trained.values())
    _agree(statistics is None or statistics.root is None or len(statistics.root) == width)
    _agree(_take(document, "rows", int) >= 0 and _take(document, "stop", str) in Stop.__members__)
    return {
        "params": groups["params"],
        "trained_params": trained,
        "model": model,
        "loss": loss,
        "feature_names": feature_names,
        "preparation": preparation,
        "history": _history(groups, _shapes(trained)),
        "stop": Stop[document["stop"]],
        "certificate": _certificate(_take(document, "certificate", dict), groups["certificate"]),
        "statistics": statistics,
        "notes": _texts(document, "notes"),
        "seed": _take(document, "seed", int),
        "rows": document["rows"],
        "origin": _origin(document),
        "holdout": {name: _scalar(groups["holdout"], name) for name in groups["holdout"]} or None,
    }


def _statistics(document: Record, arrays: Arrays) -> Statistics | None:
    _agree("statistics" in document and arrays.keys() <= {"root"})
    if document["statistics"] is None:
        _agree(not arrays)
        return None
    try:
        return Statistics.from_dict(document["statistics"], arrays.get("root"))
    except (ValueError, TypeError):
        raise _RefusedError(_DAMAGED) from None


def _origin(document: Record) -> Origin:
    if document["format"] < 3:
        return Origin()
    record = _take(document, "origin", dict)
    _agree(record.keys() == set(Origin._fields) and all(type(text) is str for text in record.values()))
    return Origin(**record)


def _certificate(record: Record, arrays: Arrays) -> Certificate:
    return Certificate(_take(record, "kind", str), _scalar(arrays, "value"), _take(record, "sentence", str))


_DAMAGED = "does not say what a model file must say, so it is refused; it was not written by this gradloop."


def _agree(condition: bool) -> None:
    if not condition:
        raise _RefusedError(_DAMAGED)


def _take(record: Mapping[str, Any], key: str, kind: type) -> Any:
    value = record.get(key)
    _agree(type(value) is kind)
    return value


def _texts(record: Record, key: str) -> tuple[str, ...]:
    texts = _take(record, key, list)
    _agree(all(type(text) is str for text in texts))
    return tuple(texts)


def _scalar(arrays: Arrays, name: str) -> float:
    _agree(name in arrays and arrays[name].shape == ())
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
        _agree(word in groups)
        groups[word][name] = values
    return groups


def _preparation(document: Record) -> Preparation | None:
    _agree("preparation" in document)
    record = document["preparation"]
    if record is None:
        return None
    try:
        return Preparation.from_dict(record)
    except GradloopError:
        raise _RefusedError(_DAMAGED) from None


def _model(record: Record, given: Given, trained: Arrays) -> Model:
    name = _take(record, "name", str)
    shown = printable(name)
    if not _take(record, "own", bool):
        model = _our_model(name)
        if given.model is not None:
            raise _RefusedError(
                f"holds gradloop's own {shown} model; leave out model=, which is for functions of yours."
            )
        if model is None:
            raise _RefusedError(_DAMAGED)
        return model
    if given.named_only:
        return own_model(_not_loaded, trained)._replace(name=name)
    function = _function(shown, record.get("path"), given)
    model = function if isinstance(function, Model) else own_model(function, trained)
    if model.name != name:
        raise _RefusedError(f"was fitted with a function named {shown!r}, not {model.name!r}; give that function.")
    missing = [argument for argument in trained if argument not in inspect.signature(model.predict).parameters]
    if missing:
        raise _RefusedError(
            f"holds the parameter {printable(missing[0])!r}, which {shown!r} does not take; "
            "give the function it was fitted with."
        )
    return model


def _function(shown: str, path: Any, given: Given) -> Callable[..., Any] | Model:
    """The user's function: the one given, or, with trust, the one that is found where the file says."""
    if given.model is not None:
        return given.model
    _agree(path is None or (type(path) is str and is_path(path)))
    if path is None:
        raise _RefusedError(
            f"was fitted with a function named {shown!r}, which no file can bring: load(path, model={shown})."
        )
    if not given.trust:
        raise _RefusedError(
            f"was fitted with the function {printable(path)}, and importing that runs its code: if you trust file and "
            f"module, load(path, trust=True), or --trust; or give the function, load(path, model={shown})."
        )
    try:
        return function_at(path)
    except OptionError as error:
        raise _RefusedError(f"was fitted with a function of yours: {error}") from error


def _not_loaded(*args: Any, **params: Any) -> Any:
    raise ModelFileError("Of the model's function only the name was read.")


def own_model(function: Callable[..., Any], params: Mapping[str, NDArray[Any]]) -> Model:
    """A user's function as a model whose parameters look like these."""

    def start(features: int, classes: int) -> dict[str, Any]:
        return {name: np.zeros(np.shape(values)) for name, values in params.items()}

    name = getattr(function, "__name__", type(function).__name__)
    return Model(name, function, start, "squared", lambda params, center, scale: params)


def _check_shapes(model: Model, trained: Arrays, features: int) -> None:
    """The parameters have the shapes with which the model would start on these features."""
    degree = int(found[1]) if (found := _POLYNOMIAL.fullmatch(model.name)) else 1
    outputs = trained["b"].size if "b" in trained else 1
    # Before making zeros: their number may be made up.
    _agree(features * degree * outputs <= sum(array.size for array in trained.values()))
    _agree(_shapes(trained) == _shapes(model.start(features, outputs)))


def _check_classes(loss: Loss, trained: Arrays, classes: int) -> None:
    """Where classes have names, there are as many as the model tells apart."""
    _agree(classes in (0, {"binary": 2, "label": trained["b"].size}.get(loss.target, 0)))


def _loss(record: Record) -> Loss:
    name, own, target = _take(record, "name", str), _take(record, "own", bool), _take(record, "target", str)
    given = _take(record, "given", dict)
    if own:
        _agree(target in {loss.target for loss in LOSSES.values()})
        return Loss(name, _not_stored, target, trainable=True, smooth=False)
    _agree(name in LOSSES and target == LOSSES[name].target and set(map(type, given.values())) <= {float})
    if not given:
        return LOSSES[name]
    try:
        return losses.about(LOSS_FACTORIES[name](**given))
    except (KeyError, TypeError, ValueError):
        raise _RefusedError(_DAMAGED) from None


def _not_stored(y_hat: Any, y: Any) -> Any:
    raise ModelFileError("The loss was a function of the user's own, of which a model file stores only the name.")


def _history(groups: dict[str, Arrays], shapes: Shapes) -> History:
    columns = groups["history"]
    epochs = groups["snapshots"].get("", np.zeros(0, dtype=np.int64))
    expected = {name: (len(epochs), *shape) for name, shape in shapes.items()} if epochs.size else {}
    _agree(tuple(columns) == COLUMNS and epochs.ndim == 1 and _shapes(groups["snapshot"]) == expected)
    snapshots = (
        (int(epoch), {name: values[place] for name, values in groups["snapshot"].items()})
        for place, epoch in enumerate(epochs)
    )
    try:
        return History(**columns, params=tuple(snapshots))
    except GradloopError:
        raise _RefusedError(_DAMAGED) from None
