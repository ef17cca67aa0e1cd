"""Model and loss as graphs: which arguments are features and which parameters, and whether shapes fit together."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from gradloop.core.graph import Graph
from gradloop.core.simplify import simplify
from gradloop.core.spec import Spec
from gradloop.core.trace import check_result, describe, trace
from gradloop.errors import GradloopError, ModelError
from gradloop.losses import Loss
from gradloop.models import Model

RESERVED = ("row", "y", "weight")  # what the graphs call an example, so that no parameter can be called so
Array = Any


def as_parameter(name: str, value: Any, dtype: np.dtype) -> Array:
    """A starting value as an array of real, finite numbers."""
    try:
        array = np.asarray(value)
    except GradloopError:
        raise  # an array with a tape says itself how to get its numbers
    except ValueError:
        array = np.array(None)  # rows of different lengths
    with np.errstate(over="ignore"):
        found = array.astype(dtype, order="C") if array.dtype.kind in "fiub" else np.array(np.nan)
    if not np.isfinite(found).all():
        raise ModelError(f"start[{name!r}] must hold real numbers that are finite in {dtype}, but is {value!r}.")
    return found


def argument_names(function: Callable[..., Any], optional: bool = True) -> list[str]:
    """The names of a function's arguments, with or without those that have a default."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    arguments = [p for p in inspect.signature(function).parameters.values() if p.kind in kinds]
    return [p.name for p in arguments if optional or p.default is inspect.Parameter.empty]


def feature_names(model: Model, params: Iterable[str]) -> list[str]:
    """The model's arguments that are not parameters: what it sees of an example. Defaults are left alone."""
    names = argument_names(model.predict)
    unknown = [name for name in params if name not in names]
    if unknown:
        raise ModelError(
            f"start names {', '.join(unknown)}, but {describe(model.predict)} has the arguments {', '.join(names)}; "
            "use the arguments' names."
        )
    reserved = [name for name in params if name in RESERVED]
    if reserved:
        raise ModelError(f"No parameter can be called {reserved[0]!r}, which stands for the data; rename the argument.")
    features = [name for name in argument_names(model.predict, optional=False) if name not in params]
    if not features or not params:
        what = "no argument is left for the features" if params else "start is empty"
        raise ModelError(
            f"{describe(model.predict)} has the arguments {', '.join(names)}, and {what}; start holds the parameters "
            "by name, and the arguments it does not name are features."
        )
    return features


def on_row(model: Model, params: Iterable[str], width: int) -> Callable[..., Any]:
    """The model as a function (row, *params) of the whole row, whatever the order of its own arguments."""
    names = tuple(params)
    features = feature_names(model, names)
    if len(features) not in (1, width):
        raise ModelError(
            f"{describe(model.predict)} takes the features {', '.join(features)}, but the data have {width} columns; "
            "give as many columns, or name the parameters among these in start."
        )

    def predict(row: Any, *values: Any) -> Any:
        parts = [row] if len(features) == 1 else row
        return model.predict(**dict(zip((*features, *names), (*parts, *values), strict=True)))

    return predict


def trace_prediction(predict: Callable[..., Any], model: Model, row: Spec, params: Mapping[str, Spec]) -> Graph:
    """The prediction as a graph (row, *params); an array of one entry is a number."""

    def number_or_array(*inputs: Any) -> Any:
        y_hat = predict(*inputs)
        check_result(model.predict, y_hat)
        return np.reshape(y_hat, ()) if np.size(y_hat) == 1 else y_hat

    return simplify(trace(number_or_array, {"row": row} | dict(params), model.name))


def trace_example(
    predict: Callable[..., Any], loss: Loss, rows: Mapping[str, Spec], params: Mapping[str, Spec]
) -> Graph:
    """The loss of one example, times its weight if it has one, as a graph (row, y, weight, *params)."""
    weighted = len(rows) > 2

    def example_loss(row: Any, y: Any, *others: Any) -> Any:
        found = loss.function(predict(row, *others[weighted:]), y)
        check_result(loss.function, found)
        return others[0] * found if weighted else found

    graph = simplify(trace(example_loss, dict(rows) | dict(params), f"{loss.name} loss"))
    result = graph.outputs[0].spec
    if result.size != 1:
        raise ModelError(
            f"The loss {describe(loss.function)} gives an array of shape {result.shape} for one example, but a loss is "
            "one number: the prediction and y have different shapes, or a sum over the entries is missing."
        )
    return graph


def check_prediction(prediction: Graph, model: Model, loss: Loss) -> None:
    """A shipped loss for numbers needs one number; a user's own loss may take what it likes."""
    spec = prediction.outputs[0].spec
    if spec.dtype.kind != "f":
        raise ModelError(f"{describe(model.predict)} returns {spec.dtype}, but a prediction must be a real number.")
    numbers = ("squared", "absolute", "huber", "quantile", "logistic", "hinge", "poisson")
    if loss.name in numbers and spec.size != 1:
        raise ModelError(
            f"{describe(model.predict)} predicts an array of shape {spec.shape} for one example, but the "
            f"{loss.name} loss compares one number with one target; return a number, for instance "
            "np.dot(x, w) + b with w of shape (features,)."
        )
