"""Models and losses as a file names them, and back: gradloop's own by name, a user's function by where it stands.

Code is never stored. A user's function is the one that is given, or, with trust, the one that its module holds.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradloop import laws, losses
from gradloop.errors import ModelFileError, OptionError
from gradloop.losses import LOSSES, Loss
from gradloop.models import MODELS, Model, polynomial
from gradloop.named_function import function_at, is_path, path_of
from gradloop.records import DAMAGED, Record, RefusedError, agree, take
from gradloop.text import printable

_FACTORIES = {"huber": losses.huber, "quantile": losses.quantile}
_POLYNOMIAL = re.compile(r"polynomial\(([1-9][0-9]{0,3})\)")

Arrays = dict[str, NDArray[Any]]


class Given(NamedTuple):
    """What the reader of a file knows of its model: the function itself, that it may be imported, or is not wanted."""

    model: Callable[..., Any] | Model | None
    trust: bool
    named_only: bool = False


def describe_model(model: Model) -> Record:
    """The model by name; a user's function with the place where it can be imported from, if there is one."""
    own = not is_ours(model)
    return {"name": model.name, "own": own, "path": path_of(model.predict) if own else None}


def is_ours(model: Model) -> bool:
    """Whether the model is one of gradloop's, by its code and not only by its name."""
    ours = _our_model(model.name)
    return ours is not None and _code(ours.predict) is _code(model.predict)


def degree_of(model: Model) -> int:
    """The highest power of a feature that the model has a parameter for."""
    found = _POLYNOMIAL.fullmatch(model.name)
    return int(found[1]) if found else 1


def _our_model(name: str) -> Model | None:
    if degree := _POLYNOMIAL.fullmatch(name):
        return polynomial(int(degree[1]))
    entry = MODELS.get(name)
    return entry if isinstance(entry, Model) else None


def describe_loss(loss: Loss) -> Record:
    """The loss by name; with the numbers its factory was given, which its function carries."""
    ours = LOSSES.get(loss.name)
    own = ours is None or _code(ours.function) is not _code(loss.function)
    given = {}
    if not own and loss.name in _FACTORIES:
        given = {name: float(value) for name, value in inspect.getclosurevars(loss.function).nonlocals.items()}
    return {"name": loss.name, "own": own, "target": loss.target, "given": given}


def _code(function: Callable[..., Any]) -> object:
    """What two functions from one factory share."""
    return getattr(function, "__code__", function)


def model_of(record: Record, given: Given, trained: Arrays) -> Model:
    """The model that a record names, for these parameters.

    Raises: RefusedError where there is none, or it is a function of the user's that was neither given nor trusted.
    """
    name = take(record, "name", str)
    shown, path = printable(name), record.get("path")
    agree(path is None or (type(path) is str and is_path(path)))
    if not take(record, "own", bool):
        model = _our_model(name)
        if given.model is not None:
            raise RefusedError(
                f"holds gradloop's own {shown} model; leave out model=, which is for functions of yours."
            )
        if model is None:
            raise RefusedError(DAMAGED)
        return model
    if given.named_only:
        return own_model(_not_loaded, trained)._replace(name=name)
    function = _function(shown, path, given)
    model = function if isinstance(function, Model) else own_model(function, trained)
    if model.name != name:
        raise RefusedError(f"was fitted with a function named {shown!r}, not {model.name!r}; give that function.")
    try:
        arguments = inspect.signature(model.predict).parameters
    except (TypeError, ValueError):  # compiled code may keep them to itself
        raise RefusedError(
            f"was fitted with {shown!r}, which does not tell its arguments; give the function."
        ) from None
    missing = [argument for argument in trained if argument not in arguments]
    if missing:
        raise RefusedError(
            f"holds the parameter {printable(missing[0])!r}, which {shown!r} does not take; "
            "give the function it was fitted with."
        )
    return model


def _function(shown: str, path: str | None, given: Given) -> Callable[..., Any] | Model:
    """The user's function: the one given, or, with trust, the one that is found where the file says."""
    if given.model is not None:
        return given.model
    if path is None:
        raise RefusedError(
            f"was fitted with a function named {shown!r}, which no file can bring: load(path, model={shown})."
        )
    if law := our_law(path):
        return law
    if not given.trust:
        raise RefusedError(
            f"was fitted with the function {printable(path)}, and importing that runs its code: if you trust file and "
            f"module, load(path, trust=True), or --trust; or give the function, load(path, model={shown})."
        )
    try:
        return function_at(path)
    except OptionError as error:
        raise RefusedError(f"was fitted with a function of yours: {error}") from error


def our_law(path: str) -> Callable[..., Any] | None:
    """A law of gradloop's own, which needs no trust; and nothing else that its module can reach."""
    module, _, name = path.partition(":")
    found = vars(laws).get(name) if module == laws.__name__ else None
    return found if inspect.isfunction(found) and found.__module__ == module else None


def _not_loaded(*args: Any, **params: Any) -> Any:
    raise ModelFileError("Of the model's function only the name was read.")


def own_model(function: Callable[..., Any], params: Mapping[str, NDArray[Any]]) -> Model:
    """A user's function as a model whose parameters look like these."""

    def start(features: int, classes: int) -> dict[str, Any]:
        return {name: np.zeros(np.shape(values)) for name, values in params.items()}

    name = getattr(function, "__name__", type(function).__name__)
    return Model(name, function, start, "squared", lambda params, center, scale: params)


def loss_of(record: Record) -> Loss:
    """The loss that a record names; a user's own is known by its name only."""
    name, own, target = take(record, "name", str), take(record, "own", bool), take(record, "target", str)
    given = take(record, "given", dict)
    if own:
        agree(target in {loss.target for loss in LOSSES.values()})
        return Loss(name, _not_stored, target, trainable=True, smooth=False)
    agree(name in LOSSES and target == LOSSES[name].target and set(map(type, given.values())) <= {float})
    if not given:
        return LOSSES[name]
    try:
        return losses.about(_FACTORIES[name](**given))
    except (KeyError, TypeError, ValueError):
        raise RefusedError(DAMAGED) from None


def _not_stored(y_hat: Any, y: Any) -> Any:
    raise ModelFileError("The loss was a function of the user's own, of which a model file stores only the name.")
