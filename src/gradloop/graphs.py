"""Model and loss as graphs: which arguments are features and which parameters, and whether shapes fit together."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec

import numpy as np

from gradloop.core.derived import once, remembered, shared
from gradloop.core.graph import Graph, input_node
from gradloop.core.lift import inline
from gradloop.core.simplify import simplify
from gradloop.core.spec import Spec
from gradloop.core.trace import Tracer, check_result, describe, to_node, trace
from gradloop.errors import GradloopError, ModelError
from gradloop.losses import LOSSES, Loss
from gradloop.models import MODELS, Model

RESERVED = ("row", "y", "weight")  # what the graphs call an example, so that no parameter can be called so
Array = Any
Specs = tuple[tuple[str, Spec], ...]  # of parameters by name
Others = ParamSpec("Others")


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


def arguments(function: Callable[..., Any]) -> dict[str, bool]:
    """The names of a function's arguments, and whether each may be left out."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    found = inspect.signature(function).parameters.values()
    return {one.name: one.default is not inspect.Parameter.empty for one in found if one.kind in kinds}


def argument_names(function: Callable[..., Any], optional: bool = True) -> list[str]:
    """The names of a function's arguments, with or without those that have a default."""
    return [name for name, may_be_left_out in arguments(function).items() if optional or not may_be_left_out]


def feature_names(model: Model, params: Iterable[str]) -> list[str]:
    """The model's arguments that are not parameters: what it sees of an example. Defaults are left alone."""
    names = arguments(model.predict)
    unknown = [name for name in params if name not in names]
    if unknown:
        raise ModelError(
            f"start names {', '.join(unknown)}, but {describe(model.predict)} has the arguments {', '.join(names)}; "
            "use the arguments' names."
        )
    reserved = [name for name in params if name in RESERVED]
    if reserved:
        raise ModelError(f"No parameter can be called {reserved[0]!r}, which stands for the data; rename the argument.")
    features = [name for name, may_be_left_out in names.items() if not may_be_left_out and name not in params]
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


def is_shipped(function: Model | Loss) -> bool:
    """Whether it reads nothing from outside, as a user's function may: what was traced of it once stays true."""
    rows: Mapping[str, Any] = MODELS if isinstance(function, Model) else LOSSES
    return rows.get(function.name) is function


def kept_if_shipped(trace: Callable[Concatenate[Any, Others], Graph]) -> Callable[Concatenate[Any, Others], Graph]:
    """The same, asked once of a shipped model or loss."""

    @wraps(trace)
    def traced(function: Any, /, *others: Others.args, **named: Others.kwargs) -> Graph:
        if not is_shipped(function):
            return trace(function, *others, **named)
        key = (function, others, tuple(named.items()))
        return remembered(key, lambda: trace(function, *others, **named))

    return traced


@kept_if_shipped
def trace_model(model: Model, row: Spec, params: Specs) -> Graph:
    """What the model returns, as a graph (row, *params)."""
    predict = on_row(model, dict(params), row.shape[0])

    def checked(*inputs: Any) -> Any:
        y_hat = predict(*inputs)
        check_result(model.predict, y_hat)
        return y_hat

    return shared(trace(checked, {"row": row} | dict(params), model.name))


@kept_if_shipped
def trace_loss(loss: Loss, y_hat: Spec, y: Spec) -> Graph:
    """The loss of one prediction as a graph (y_hat, y)."""

    def checked(*inputs: Any) -> Any:
        found = loss.function(*inputs)
        check_result(loss.function, found)
        return found

    return shared(trace(checked, {"y_hat": y_hat, "y": y}, f"{loss.name} loss"))


def trace_prediction(model: Model, row: Spec, params: Specs) -> Graph:
    """The prediction as a graph (row, *params); an array of one entry is a number."""
    return prediction_of(trace_model(model, row, params))


@once
def prediction_of(traced: Graph) -> Graph:
    """The same of a model that was traced."""
    y_hat = traced.outputs[0]
    number = to_node(np.reshape(Tracer(y_hat), ()), []) if y_hat.spec.size == 1 else y_hat
    return simplify(Graph(traced.name, traced.inputs, (number,)))


def example_of(traced: Graph, loss: Loss, y: Spec, weighted: bool) -> Graph:
    """The loss of one example, times its weight if it has one, as a graph (row, y, weight, *params).

    Args: traced, the model.
    """
    return (with_loss_kept if is_shipped(loss) else with_loss)(traced, loss, y, weighted)


def with_loss(traced: Graph, loss: Loss, y: Spec, weighted: bool) -> Graph:
    """The same, anew."""
    row, *params = traced.inputs
    y_hat, of_example = traced.outputs[0], [input_node("y", y)]
    of_loss = trace_loss(loss, y_hat.spec, y)
    (found,) = inline(of_loss, {"y_hat": Tracer(y_hat), "y": Tracer(of_example[0])})
    if weighted:
        of_example.append(input_node("weight", Spec((), row.spec.dtype)))
        found = Tracer(of_example[1]) * found
    graph = simplify(shared(Graph(of_loss.name, (row, *of_example, *params), (found.node,))))
    result = graph.outputs[0].spec
    if result.size != 1:
        raise ModelError(
            f"The loss {describe(loss.function)} gives an array of shape {result.shape} for one example, but a loss is "
            "one number: the prediction and y have different shapes, or a sum over the entries is missing."
        )
    return graph


with_loss_kept = once(with_loss)  # with the model's graph, and gone when that is


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
