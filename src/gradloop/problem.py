"""Data + model + loss + penalty = what is minimised: the mean loss of the examples, plus the penalty.

A problem holds the data and the graphs, and answers what every solver asks: the objective and its gradient at given
parameters, the second derivative times a direction, the prediction for each row. Parameters travel as one flat array.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from gradloop.compiler.loops import Inputs, Loop, Map, Sum
from gradloop.compiler.program import Program, compile_loop
from gradloop.compiler.reference import ReferenceProgram, unpack
from gradloop.core.evaluate import evaluate
from gradloop.core.grad import gradient, hessian_vector
from gradloop.core.graph import Graph, Node
from gradloop.core.simplify import simplify
from gradloop.core.spec import Spec
from gradloop.core.trace import describe, trace
from gradloop.errors import DataError, ModelError, OptionError
from gradloop.losses import Loss
from gradloop.models import Model
from gradloop.penalties import Penalty

INTERCEPTS = ("b", "bias", "intercept")  # parameters of these names are never penalised
ENGINES = ("native", "numpy")
KINKED = {"abs", "sign", "floor", "maximum", "minimum", "max", "where"}  # a jump, in the value or in its slope
Array = Any


@dataclass(frozen=True, eq=False)
class Problem:
    """What is minimised. `make_problem` builds it from functions and arrays, and checks that they fit together."""

    model: Model
    loss: Loss
    penalty: Penalty | None
    X: Array  # (n, d), in the precision of the program
    y: Array  # (n,)
    start: Array  # all parameters, one behind the other
    prediction: Graph  # (row, *params) -> y_hat
    example: Graph  # (row, y, *params) -> loss of one example
    engine: str = "native"

    # ---- parameters ----
    @cached_property
    def params(self) -> tuple[Node, ...]:
        """The parameters as inputs of the graphs, in the order in which they lie in a flat array."""
        return self.example.inputs[2:]

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(node.attributes["name"] for node in self.params)

    def unpack(self, flat: Array) -> dict[str, Array]:
        """A flat array as parameters by name; copies."""
        return {name: value.copy() for name, value in unpack(self.params, flat).items()}

    def penalised(self, name: str) -> bool:
        return self.penalty is not None and name not in INTERCEPTS

    @cached_property
    def inputs(self) -> Inputs:
        return Inputs(self.example.inputs[:2], self.params)

    @cached_property
    def gradient(self) -> Graph:
        """The gradient of one example's loss."""
        return gradient(self.example, self.names)

    @cached_property
    def second(self) -> Graph:
        """The second derivative of one example's loss times a direction."""
        return hessian_vector(self.example, self.names)

    @cached_property
    def directions(self) -> tuple[Node, ...]:
        """The inputs of `second` that hold the direction."""
        return self.second.inputs[-len(self.params) :]

    @cached_property
    def is_quadratic(self) -> bool:
        """Whether the second derivative is the same everywhere: a prediction linear in its parameters, squared loss."""
        params = {id(node) for node in self.params}
        return self.smooth and not any(id(node) in params for node in self.second.nodes)

    @cached_property
    def smooth(self) -> bool:
        """Whether the objective has a gradient everywhere: nothing in its graph makes a kink that the loss allows."""
        if self.penalty is not None and self.penalty.proximal is not None:
            return False
        return not has_kinks(self.example) or (self.loss.smooth and not has_kinks(self.prediction))

    # ---- programs ----
    def program(self, loop: Loop) -> Program | ReferenceProgram:
        """Machine code for a loop, or NumPy's reading of it."""
        return compile_loop(loop) if self.engine == "native" else ReferenceProgram(loop)

    @cached_property
    def _values(self) -> Program | ReferenceProgram:
        return self.program(Sum(gradient(self.example, self.names, with_value=True), self.inputs))

    @cached_property
    def _curvature(self) -> Program | ReferenceProgram:
        return self.program(Sum(self.second, Inputs(self.inputs.rows, (*self.params, *self.directions))))

    @cached_property
    def _predictions(self) -> Program | ReferenceProgram:
        return self.program(Map(self.prediction, Inputs(self.prediction.inputs[:1], self.prediction.inputs[1:])))

    # ---- answers ----
    def objective(self, flat: Array) -> tuple[float, Array]:
        """The objective and its gradient, in float64, after one pass over the rows."""
        total = self._values.sum((self.X, self.y), flat) / len(self.X)
        value, slope = float(total[0]), total[1:]
        extra, extra_slope = self.penalty_at(flat)
        return value + extra, slope + extra_slope

    def curvature_times(self, flat: Array, direction: Array) -> Array:
        """The second derivative of the objective at `flat` times a direction, in float64."""
        both = np.concatenate([flat, direction.astype(flat.dtype)])
        total = self._curvature.sum((self.X, self.y), both) / len(self.X)
        return total + self.penalty_curvature_times(direction)

    def predict(self, flat: Array, X: Array) -> Array:
        """The prediction for each row of X."""
        return self._predictions.map((X,), flat)

    # ---- the penalty: a handful of numbers, so NumPy is fast enough ----
    @cached_property
    def penalty_gradients(self) -> dict[str, Graph]:
        """For each penalised parameter, the gradient of the penalty's smooth part: w -> slope."""
        if self.penalty is None or self.penalty.smooth is None:
            return {}
        parts = {}
        for name, node in zip(self.names, self.params, strict=True):
            if self.penalised(name):
                spec = Spec(node.spec.shape, np.dtype(np.float64))
                parts[name] = gradient(trace(self.penalty.smooth, {"w": spec}, self.penalty.name), ["w"])
        return parts

    def penalty_at(self, flat: Array) -> tuple[float, Array]:
        """The penalty, and the gradient of its smooth part."""
        params = unpack(self.params, flat.astype(np.float64))
        values = [self.penalty.value(w) for name, w in params.items() if self.penalty and self.penalised(name)]
        return float(sum(values)), self._penalty_slope(flat)

    def penalty_curvature_times(self, direction: Array) -> Array:
        """The slope of a squared penalty is linear in w, so its change along a direction is its curvature."""
        return self._penalty_slope(direction) - self._penalty_slope(np.zeros_like(direction))

    def _penalty_slope(self, flat: Array) -> Array:
        slope = np.zeros(flat.size)
        params, parts = unpack(self.params, flat.astype(np.float64)), unpack(self.params, slope)
        for name, graph in self.penalty_gradients.items():
            parts[name] += evaluate(graph, {"w": params[name]})[0]
        return slope

    def thinned(self, most: int) -> Problem:
        """The same problem on at most so many rows, evenly spread."""
        if len(self.X) <= most:
            return self
        rows = np.linspace(0, len(self.X) - 1, most).astype(np.int64)
        return replace(self, X=self.X[rows], y=self.y[rows])


def predict_rows(model: Model, params: Mapping[str, Any], X: Array) -> Array:
    """The model's prediction for each row of X (n, d), compiled: shape (n, *shape of one prediction).

    Raises:
        ModelError, TracingError: the model and the parameters do not fit together.
    """
    dtype = np.result_type(X, *params.values())
    arrays = {name: as_parameter(name, value, dtype) for name, value in params.items()}
    specs = {name: Spec(value.shape, dtype) for name, value in arrays.items()}
    predict = on_row(model, feature_names(model, arrays), X.shape[1])
    graph = simplify(trace(predict, {"row": Spec(X.shape[1:], dtype)} | specs, model.name))
    program = compile_loop(Map(graph, Inputs(graph.inputs[:1], graph.inputs[1:])))
    flat = np.concatenate([value.ravel() for value in arrays.values()])
    return program.map((np.ascontiguousarray(X, dtype),), flat)


def has_kinks(graph: Graph) -> bool:
    """Whether an operation of the graph has a derivative that jumps."""
    return any(node.op in KINKED for node in graph.nodes)


# ---- building ------------------------------------------------------------------------------------------------


def make_problem(
    model: Model,
    loss: Loss,
    X: Array,
    y: Array,
    start: Mapping[str, Any],
    penalty: Penalty | None = None,
    engine: str = "native",
) -> Problem:
    """Trace model and loss for these data, and check that everything fits.

    Args:
        X: (n, d) checked features; a model of one feature argument sees a row, one of several sees a row's values
        y: (n,) checked targets
        start: parameters to start from, by the names of the model's arguments

    Raises:
        ModelError, TracingError: model, loss and start do not fit together.
        DataError: the targets are not what the loss is for.
        OptionError: the loss cannot be trained on, or the engine does not exist.
    """
    if engine not in ENGINES:
        raise OptionError(f"There is no engine {engine!r}; choose one of {', '.join(ENGINES)}.")
    if not loss.trainable:
        raise OptionError(
            f"The {loss.name} loss is a measure only: its derivative is zero, so it cannot be trained on; "
            "train on the logistic loss and look at the accuracy."
        )
    params = {name: as_parameter(name, value, X.dtype) for name, value in start.items()}
    features = feature_names(model, params)
    row = Spec(X.shape[1:], X.dtype)
    specs = {name: Spec(value.shape, X.dtype) for name, value in params.items()}
    predict = on_row(model, features, X.shape[1])
    prediction = simplify(trace(predict, {"row": row} | specs, model.name))
    check_prediction(prediction, model, y, loss)
    y = fit_target(y, loss, X.dtype)
    example = trace_example(predict, loss, {"row": row, "y": Spec((), y.dtype)}, specs)
    check_labels(example, y)
    flat = np.concatenate([value.ravel() for value in params.values()]) if params else np.zeros(0, X.dtype)
    return Problem(model, loss, penalty, X, y, flat, prediction, example, engine)


def as_parameter(name: str, value: Any, dtype: np.dtype) -> Array:
    """A starting value as an array of real, finite numbers."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or not np.isfinite(array).all():
        raise ModelError(f"start[{name!r}] must hold real, finite numbers, but holds {array.dtype} {value!r}.")
    return np.ascontiguousarray(array, dtype=dtype).reshape(array.shape)


def argument_names(function: Callable[..., Any]) -> list[str]:
    """The names of a function's arguments that can be passed by position."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [name for name, p in inspect.signature(function).parameters.items() if p.kind in kinds]


def feature_names(model: Model, params: Mapping[str, Any]) -> list[str]:
    """The model's arguments that are not parameters: what it sees of an example."""
    names = argument_names(model.predict)
    unknown = [name for name in params if name not in names]
    if unknown:
        raise ModelError(
            f"start names {', '.join(unknown)}, but {describe(model.predict)} has the arguments {', '.join(names)}; "
            "use the arguments' names."
        )
    features = [name for name in names if name not in params]
    if not features or not params:
        what = "no argument is left for the features" if params else "start is empty"
        raise ModelError(
            f"{describe(model.predict)} has the arguments {', '.join(names)}, and {what}; start holds the parameters "
            "by name, and the arguments it does not name are features."
        )
    return features


def on_row(model: Model, features: Sequence[str], width: int) -> Callable[..., Any]:
    """The model as a function (row, *params) of the whole row."""
    if len(features) == 1:
        return lambda row, *params: call_by_name(model.predict, [(features[0], row)], params)
    if len(features) != width:
        raise ModelError(
            f"{describe(model.predict)} takes the features {', '.join(features)}, but the data have {width} columns; "
            "give as many columns, or name the parameters among these in start."
        )
    return lambda row, *params: call_by_name(model.predict, [(n, row[i]) for i, n in enumerate(features)], params)


def call_by_name(function: Callable[..., Any], features: list[tuple[str, Any]], params: Sequence[Any]) -> Any:
    """Call with features by name and parameters in the order of the remaining arguments."""
    given = dict(features)
    rest = iter(params)
    return function(*(given[name] if name in given else next(rest) for name in argument_names(function)))


def trace_example(
    predict: Callable[..., Any], loss: Loss, rows: Mapping[str, Spec], params: Mapping[str, Spec]
) -> Graph:
    """The loss of one example as a graph (row, y, *params)."""

    def example_loss(row: Any, y: Any, *values: Any) -> Any:
        return loss.function(predict(row, *values), y)

    graph = simplify(trace(example_loss, dict(rows) | dict(params), f"{loss.name} loss"))
    result = graph.outputs[0].spec
    if result.size != 1:
        raise ModelError(
            f"The loss {describe(loss.function)} gives an array of shape {result.shape} for one example, but a loss is "
            "one number: the prediction and y have different shapes, or a sum over the entries is missing."
        )
    return graph


def check_prediction(prediction: Graph, model: Model, y: Array, loss: Loss) -> None:
    """A shipped loss for numbers needs one number; a user's own loss may take what it likes."""
    spec = prediction.outputs[0].spec
    if spec.dtype.kind != "f":
        raise ModelError(f"{describe(model.predict)} returns {spec.dtype}, but a prediction must be a real number.")
    if loss.target != "label" and loss.name in ("squared", "absolute", "huber", "quantile", "logistic", "hinge"):
        if spec.size != 1:
            raise ModelError(
                f"{describe(model.predict)} predicts an array of shape {spec.shape} for one example, but the "
                f"{loss.name} loss compares one number with one target; return a number, for instance "
                "np.dot(x, w) + b with w of shape (features,)."
            )


def fit_target(y: Array, loss: Loss, dtype: np.dtype) -> Array:
    """The targets in the type that the loss computes with, once it is sure that they are what it is for."""
    if loss.target == "label":
        return whole_labels(y)
    if loss.target == "binary":
        check_binary(y, loss)
    if loss.target == "count" and (y < 0).any():
        row = int(np.argmax(y < 0))
        raise DataError(f"y[{row}] is {y[row]}, but the {loss.name} loss is for counts, 0 or more.")
    own = loss.name not in ("squared", "absolute", "huber", "quantile", "logistic", "hinge", "poisson")
    return y if own and y.dtype.kind == "i" else np.ascontiguousarray(y, dtype)


def whole_labels(y: Array) -> Array:
    labels = y.astype(np.int64)
    if (labels != y).any() or (labels < 0).any():
        row = int(np.argmax((labels != y) | (labels < 0)))
        raise DataError(
            f"y[{row}] is {y[row]}, but classes are numbered 0, 1, 2, …; np.unique(y, return_inverse=True)[1] "
            "numbers any labels."
        )
    check_two_classes(labels)
    return np.ascontiguousarray(labels)


def check_binary(y: Array, loss: Loss) -> None:
    strange = (y != 0) & (y != 1)
    if strange.any():
        row = int(np.argmax(strange))
        cure = "(y + 1) / 2 turns -1 and 1 into 0 and 1" if set(np.unique(y)) <= {-1, 1} else (
            "choose the softmax model for more than two classes, or compare: (y == value).astype(float)"
        )  # fmt: skip
        raise DataError(f"y[{row}] is {y[row]}, but the {loss.name} loss is for targets 0 and 1; {cure}.")
    check_two_classes(y)


def check_two_classes(y: Array) -> None:
    if (y == y[0]).all():
        raise DataError(f"All {len(y)} targets are {y[0]}: with one class there is nothing to tell apart.")


def check_labels(example: Graph, y: Array) -> None:
    """Machine code picks entries without looking: every label must be inside the array it picks from."""
    for node in example.nodes:
        if node.op == "take" and node.inputs[1].attributes.get("name") == "y":
            classes = node.inputs[0].spec.shape[0]
            outside = (y < 0) | (y >= classes)
            if outside.any():
                row = int(np.argmax(outside))
                raise DataError(
                    f"y[{row}] is {y[row]}, but the model predicts {classes} classes, numbered 0 to {classes - 1}."
                )
