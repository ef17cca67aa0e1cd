"""Data + model + loss + penalty = what is minimised: the mean loss of the examples, plus the penalty.

A problem holds the data and the graphs, and answers what every solver asks: the objective and its gradient at given
parameters, the second derivative times a direction, the prediction for each row. Parameters travel as one flat array.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from operator import add
from threading import local
from typing import Any, ClassVar

import numpy as np

from gradloop import models
from gradloop.compiler.loops import Inputs, Loop, Map, Sum
from gradloop.compiler.program import Program, compile_loop
from gradloop.compiler.reference import ReferenceProgram, unpack
from gradloop.core.affine import depends_on
from gradloop.core.derived import once
from gradloop.core.evaluate import evaluate
from gradloop.core.grad import gradient, hessian_vector
from gradloop.core.graph import Graph, Node
from gradloop.core.simplify import simplify
from gradloop.core.spec import Spec
from gradloop.core.trace import Tracer, to_node, trace
from gradloop.errors import OptionError
from gradloop.graphs import (
    as_parameter,
    check_prediction,
    example_of,
    prediction_of,
    trace_model,
    trace_prediction,
)
from gradloop.losses import Loss
from gradloop.models import Model
from gradloop.penalties import Penalty
from gradloop.targets import check_labels, fit_target, part_target

INTERCEPTS = ("b", "bias", "intercept")  # parameters of these names are never penalised
ENGINES = ("native", "numpy")
KEPT_ROWS = 4096  # of samples that are kept, at most
# Operations with a jump, in their value or in its slope.
KINKED = {"abs", "sign", "floor", "maximum", "minimum", "max", "where", "less", "less_equal", "equal"}
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
    example: Graph  # (row, y, *params) -> loss of one example, times its weight where there are weights
    engine: str = "native"
    weights: Array | None = None  # (n,), with mean one: how much each example counts
    labels: tuple[str, ...] | None = None  # what messages call each parameter, where columns have names

    in_memory: ClassVar[bool] = True  # whether all rows are
    stored: ClassVar[bool] = False  # whether they are on the disk of this machine

    @cached_property
    def rows(self) -> tuple[Array, ...]:
        """What varies by example, in the order of the graph's first inputs."""
        if self.weights is None:
            return (self.X, self.y)
        return (self.X, self.y, np.ascontiguousarray(self.weights, self.X.dtype))

    @cached_property
    def weight(self) -> float:
        """The sum of the weights, which without any is the number of rows."""
        return float(len(self.X) if self.weights is None else np.sum(self.weights, dtype=np.float64))

    # ---- parameters ----
    @cached_property
    def params(self) -> tuple[Node, ...]:
        """The parameters as inputs of the graphs, in the order in which they lie in a flat array."""
        return self.example.inputs[len(self.rows) :]

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
        return Inputs(self.example.inputs[: len(self.rows)], self.params)

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
    def is_convex(self) -> bool:
        """Whether it is known that a minimum here is the best anywhere: least squares and the usual likelihoods."""
        pair = self.model.predict, self.loss.name
        likelihoods = (models.logistic, "logistic"), (models.softmax, "cross_entropy"), (models.linear, "huber")
        return self.smooth and (self.is_quadratic or (self.loss.smooth and pair in likelihoods))

    @cached_property
    def smooth(self) -> bool:
        """Whether the objective has a gradient everywhere: nothing in its graph makes a kink that the loss allows."""
        if self.penalty is not None and self.penalty.proximal is not None:
            return False
        return not self.has_kinks(self.example) or (self.loss.smooth and not self.has_kinks(self.prediction))

    def has_kinks(self, graph: Graph) -> bool:
        """Whether an operation on the parameters has a derivative that jumps; on the data alone it does no harm."""
        return has_kinks(graph, self.names)

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
    def loss_sum(self, flat: Array) -> Array:
        """The sum of the losses, and of their gradients, over the rows: one pass."""
        return self._values.sum(self.rows, flat)

    def objective(self, flat: Array) -> tuple[float, Array]:
        """The objective and its gradient, in float64, after one pass over the rows."""
        value, slope = self.remembered("objective", flat, self._objective)
        return value, slope.copy()

    @cached_property
    def at_start(self) -> tuple[float, Array]:
        """The objective and its gradient where training begins."""
        return self._objective(self.start)

    def _objective(self, flat: Array) -> tuple[float, Array]:
        total = self.loss_sum(flat) / len(self.X)
        value, slope = float(total[0]), total[1:]
        extra, extra_slope = self.penalty_at(flat)
        return value + extra, slope + extra_slope

    def remembered(self, name: str, flat: Array, compute: Callable[[Array], Any]) -> Any:
        """What was computed at these parameters, if it was the last of its kind: certificates ask where solvers end."""
        key, last = flat.tobytes(), vars(self._last)
        if last.get(name, (None,))[0] != key:
            last[name] = key, compute(flat)
        return last[name][1]

    @cached_property
    def _last(self) -> local:
        return local()  # each thread has its own: runs side by side do not disturb one another

    def curvature_times(self, flat: Array, direction: Array) -> Array:
        """The second derivative of the objective at `flat` times a direction, in float64."""
        both = np.concatenate([flat, direction.astype(flat.dtype)])
        total = self._curvature.sum(self.rows, both) / len(self.X)
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
        if self.penalty is None:
            return 0.0, np.zeros(flat.size)
        params = unpack(self.params, flat.astype(np.float64))
        values = [self.penalty.value(w) for name, w in params.items() if self.penalised(name)]
        return float(sum(values)), self._penalty_slope(flat)

    def penalty_curvature_times(self, direction: Array) -> Array:
        """The slope of a squared penalty is linear in w, so its change along a direction is its curvature."""
        return self._penalty_slope(direction) - self._penalty_slope(np.zeros_like(direction))

    def _penalty_slope(self, flat: Array) -> Array:
        slope = np.zeros(flat.size)
        if not self.penalty_gradients:
            return slope
        params, parts = unpack(self.params, flat.astype(np.float64)), unpack(self.params, slope)
        for name, graph in self.penalty_gradients.items():
            parts[name] += evaluate(graph, {"w": params[name]})[0]
        return slope

    def over(self, work: Callable[[Problem], Any], join: Callable[[Any, Any], Any] = add) -> Any:
        """What work finds on each of the parts, joined in their order; work may travel, so it is no lambda."""
        return reduce(join, map(work, self.parts()))

    def parts(self) -> Iterable[Problem]:
        """The problem on some of its rows at a time, as many as may be in memory: here, on all of them."""
        return (self,)

    def in_units(self, scale: Array, center: Array) -> Problem:
        """The same problem for features in other units, x · scale + center."""
        return replace(self, X=np.ascontiguousarray(self.X * scale + center, self.X.dtype))

    def thinned(self, most: int) -> Problem:
        """The same problem on at most so many rows, evenly spread; a small one is kept, for it is asked for again."""
        if len(self.X) <= most:
            return self
        if most > KEPT_ROWS:
            return self._thinned(most)
        if most not in self._samples:
            self._samples[most] = self._thinned(most)
        return self._samples[most]

    @cached_property
    def _samples(self) -> dict[int, Problem]:
        return {}

    def _thinned(self, most: int) -> Problem:
        rows = np.linspace(0, len(self.X) - 1, most).astype(np.int64)
        weights = None if self.weights is None else self.weights[rows]
        return replace(self, X=self.X.take(rows, axis=0), y=self.y[rows], weights=weights)


def predict_rows(model: Model, params: Mapping[str, Any], X: Array) -> Array:
    """The model's prediction for each row of X (n, d), compiled: shape (n, *shape of one prediction).

    Raises:
        ModelError, TracingError: the model and the parameters do not fit together.
    """
    return for_each_row(model, params, X, lambda prediction, names: prediction)


def slopes_of_rows(model: Model, params: Mapping[str, Any], X: Array) -> Array:
    """The derivative of a prediction that is one number with respect to all parameters: (n, p), in float64.

    Raises:
        ModelError, TracingError: the model and the parameters do not fit together.
    """
    return for_each_row(model, params, X, jacobian).reshape(len(X), -1).astype(np.float64)


def for_each_row(
    model: Model, params: Mapping[str, Any], X: Array, wanted: Callable[[Graph, Sequence[str]], Graph]
) -> Array:
    """What is wanted of the graph of the prediction and its parameters' names, for each row of X, compiled."""
    dtype = np.result_type(X, *params.values())
    arrays = {name: as_parameter(name, value, dtype) for name, value in params.items()}
    specs = tuple((name, Spec(value.shape, dtype)) for name, value in arrays.items())
    graph = wanted(trace_prediction(model, Spec(X.shape[1:], dtype), specs), tuple(arrays))
    program = compile_loop(Map(graph, Inputs(graph.inputs[:1], graph.inputs[1:])))
    flat = np.concatenate([value.ravel() for value in arrays.values()])
    return program.map((np.ascontiguousarray(X, dtype),), flat)


@once
def has_kinks(graph: Graph, names: Sequence[str]) -> bool:
    """Whether an operation that depends on the named inputs has a jump."""
    moving = depends_on(graph, names)
    return any(node.op in KINKED and id(node) in moving for node in graph.nodes)


@once
def jacobian(prediction: Graph, names: Sequence[str]) -> Graph:
    """The derivative of a prediction with respect to all its parameters, one behind the other: the row (p,)."""
    slopes = gradient(prediction, names)
    row = np.concatenate([np.reshape(Tracer(part), -1) for part in slopes.outputs])
    return simplify(Graph("jacobian", slopes.inputs, (to_node(row, []),)))


# ---- building ------------------------------------------------------------------------------------------------


def make_problem(
    model: Model,
    loss: Loss,
    X: Array,
    y: Array,
    start: Mapping[str, Any],
    penalty: Penalty | None = None,
    engine: str = "native",
    weights: Array | None = None,
    whole: bool = True,
) -> Problem:
    """Trace model and loss for these data, and check that everything fits.

    Args:
        X: (n, d) checked features; a model of one feature argument sees a row, one of several sees a row's values
        y: (n,) checked targets
        start: parameters to start from, by the names of the model's arguments
        weights: (n,) with mean one: how much each example counts
        whole: whether these are all rows, and not a few by which model and loss are traced

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
    specs = tuple((name, Spec(value.shape, X.dtype)) for name, value in params.items())
    traced = trace_model(model, Spec(X.shape[1:], X.dtype), specs)
    prediction = prediction_of(traced)
    check_prediction(prediction, model, loss)
    y = (fit_target if whole else part_target)(y, loss, X.dtype)
    example = example_of(traced, loss, Spec((), y.dtype), weights is not None)
    check_labels(example, y)
    flat = np.concatenate([value.ravel() for value in params.values()])
    return Problem(model, loss, penalty, X, y, flat, prediction, example, engine, weights)
