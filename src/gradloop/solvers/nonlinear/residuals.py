"""Residuals of a law, how the loss pulls at them, exact Jacobians, and the error bars that follow.

Near any parameters the objective of a law is, up to second order in a step s,

    Σ w loss(r)  +  (Jᵀ w loss'(r)) · s  +  ½ sᵀ (Jᵀ w loss''(r) J + Σ w loss'(r) ∂²y_hat/∂params²) s,   r = y_hat - y

A compiled Map gives y_hat, loss, loss' and loss'' for every row, another one J = ∂y_hat/∂params; a compiled Sum gives
the last term. Everything is counted in a unit near the largest |y|, a power of two, so that no square overflows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from gradloop.compiler.loops import Inputs, Map, Sum
from gradloop.core.derived import once
from gradloop.core.grad import gradient, hessian_vector
from gradloop.core.graph import Graph, Node, input_node
from gradloop.core.lift import inline
from gradloop.core.simplify import simplify
from gradloop.core.spec import Spec
from gradloop.core.trace import Tracer, to_node
from gradloop.errors import OptionError
from gradloop.graphs import trace_loss
from gradloop.problem import Problem, jacobian

FAR_FROM_ZERO = 1e-130  # a length whose square, and that of a share of 1e-16, is a usual number
SEEN = 0.1  # a parameter with this share in a direction that the data do not determine is named
Array = Any


class Point(NamedTuple):
    """Where a search stands: everything but the derivatives with respect to the parameters, for each row."""

    params: Array
    residuals: Array  # y_hat - y
    pull: Array  # weight · loss'(residual)
    strength: Array  # weight of the residual's square / 2 in the quadratic model: pull / residual
    bend: Array  # weight · loss''(residual)
    cost: float  # Σ weight · loss
    noise: Array  # what rounding may have changed in each residual


@dataclass(frozen=True, eq=False)
class Residuals:
    """What a solver for laws asks of a problem."""

    problem: Problem

    @cached_property
    def unit(self) -> float:
        """A power of two near the largest |y|."""
        largest = float(np.max(np.abs(self.problem.y)))
        return float(np.exp2(np.round(np.log2(largest)))) if largest > 0 else 1.0

    @cached_property
    def weights(self) -> Array:
        """The weight of each row; ones where the problem has none."""
        weights = self.problem.weights
        return np.ones(len(self.problem.X)) if weights is None else np.asarray(weights, np.float64)

    @cached_property
    def weight(self) -> float:
        """The sum of the weights."""
        return float(np.sum(self.weights))

    @cached_property
    def rows(self) -> int:
        """Rows that count: those of weight zero are absent."""
        return int(np.count_nonzero(self.weights))

    @cached_property
    def loss(self) -> Graph:
        """The loss of one prediction: (y_hat, y) -> loss."""
        prediction, example = self.problem.prediction, self.problem.example
        return simplify(trace_loss(self.problem.loss, prediction.outputs[0].spec, example.inputs[1].spec))

    @cached_property
    def slope(self) -> Graph:
        return gradient(self.loss, ["y_hat"])

    @cached_property
    def bend(self) -> Graph:
        return gradient(self.slope, ["y_hat"])

    @cached_property
    def squared(self) -> float | None:
        """The loss's second derivative where it is the same everywhere and not zero; None for other losses."""
        bend = self.bend.outputs[0]
        if not bend.is_constant or not np.all(bend.attributes["value"] > 0):
            return None
        return float(bend.attributes["value"].item())

    @cached_property
    def straight(self) -> bool:
        """Whether the loss is made of two straight lines, as the absolute and the quantile loss are."""
        bend = self.bend.outputs[0]
        return bend.is_constant and not np.any(bend.attributes["value"])

    @cached_property
    def _judged(self) -> Any:
        rows, params = self.problem.example.inputs[:2], self.problem.params
        graph = with_loss(self.problem.prediction, (*rows, *params), (self.loss, self.slope, self.bend))
        return self.problem.program(Map(graph, Inputs(rows, params)))

    @cached_property
    def _jacobian(self) -> Any:
        graph = jacobian(self.problem.prediction, self.problem.names)
        return self.problem.program(Map(graph, Inputs(graph.inputs[:1], graph.inputs[1:])))

    @cached_property
    def _curvature(self) -> Any:
        second = pulled_curvature(self.problem.prediction, self.problem.names)
        return self.problem.program(Sum(second, Inputs(second.inputs[:2], second.inputs[2:])))

    @cached_property
    def _bending(self) -> Any:
        graph = bending(self.problem.prediction, self.problem.names)
        return self.problem.program(Map(graph, Inputs(graph.inputs[:1], graph.inputs[1:])))

    def at(self, params: Array) -> Point:
        """Residuals and loss at these parameters."""
        found = self._judged.map((self.problem.X, self.problem.y), self.flat(params)).astype(np.float64)
        y_hat, loss, slope, bend = found.T
        residuals, unit = (y_hat - self.problem.y) / self.unit, self.unit
        noise = np.finfo(self.problem.X.dtype).eps * (np.abs(y_hat) + np.abs(self.problem.y)) / unit
        bend = self.weights * bend
        if self.squared is not None:
            pull = bend * residuals
            return Point(params, residuals, pull, bend, bend, float(pull @ residuals) / 2, noise)
        pull = self.weights * slope / unit
        cost = self.weights * loss / unit**2
        strength = np.divide(pull, residuals, out=bend.copy(), where=residuals != 0)
        return Point(params, residuals, pull, strength, bend, float(np.sum(cost)), noise)

    def mean_loss(self, point: Point) -> float:
        """The objective: the weighted mean of the loss, in its own unit."""
        return point.cost / self.weight * self.unit * self.unit

    def jacobian(self, params: Array) -> Array:
        """∂y_hat/∂params, one row for each row of the data."""
        found = self._jacobian.map((self.problem.X,), self.flat(params))
        return np.asarray(found.reshape(len(found), -1).astype(np.float64) / self.unit)

    def weighted(self, params: Array) -> tuple[Array, Array]:
        """The Jacobian and the residuals, each row times the root of its weight."""
        root = np.sqrt(self.weights)
        return root[:, None] * self.jacobian(params), root * self.at(params).residuals

    def bending(self, params: Array, direction: Array) -> Array:
        """How the prediction for each row bends along a direction."""
        flat = np.concatenate([self.flat(params), self.flat(direction)])
        return np.asarray(self._bending.map((self.problem.X,), flat).astype(np.float64) / self.unit)

    def pulled_by_bending(self, point: Point, slopes: Array, direction: Array) -> Array:
        """How the bending of the predictions along a direction pulls at each parameter."""
        return np.asarray((point.strength * self.bending(point.params, direction)) @ slopes)

    def left_out(self, point: Point, slopes: Array) -> Array:
        """What the quadratic model leaves out: the law's second derivatives, and loss'' where it is not loss' / r."""
        return np.asarray(self.curvature(point) + (slopes.T * (point.bend - point.strength)) @ slopes)

    def curvature(self, point: Point) -> Array:
        """Σ pull · ∂²y_hat/∂params²: what the quadratic model of Gauss and Newton leaves out."""
        pull = np.ascontiguousarray(point.pull, self.problem.prediction.outputs[0].spec.dtype)
        flat = self.flat(point.params)
        both = [np.concatenate([flat, self.flat(unit)]) for unit in np.eye(flat.size)]
        rows = [self._curvature.sum((self.problem.X, pull), values) for values in both]
        matrix = np.array(rows) / self.unit
        return (matrix + matrix.T) / 2

    def flat(self, params: Array) -> Array:
        """The parameters in the precision of the program."""
        return np.ascontiguousarray(params, self.problem.start.dtype)


def column_norms(matrix: Array) -> Array:
    """The length of each column, without overflow or underflow of its square."""
    with np.errstate(over="ignore", under="ignore"):
        found = np.sqrt(np.einsum("ij,ij->j", matrix, matrix))
    if ((found > FAR_FROM_ZERO) & (found < 1 / FAR_FROM_ZERO)).all():
        return found
    largest = np.max(np.abs(matrix), axis=0, initial=0.0)
    scale = np.where(largest > 0, largest, 1.0)
    return scale * np.linalg.norm(matrix / scale, axis=0)


# ---- graphs --------------------------------------------------------------------------------------------------


@once
def with_loss(prediction: Graph, inputs: tuple[Node, ...], of_loss: tuple[Graph, ...]) -> Graph:
    """The prediction, and behind it what these graphs (y_hat, y) say of it."""
    values = {node.attributes["name"]: Tracer(node) for node in inputs}
    y_hat = inline(prediction, values)[0]
    given = {"y_hat": y_hat, "y": values["y"]}
    numbers: list[Any] = [np.reshape(inline(graph, given)[0], ()) for graph in of_loss]
    return simplify(Graph("prediction and loss", inputs, (to_node(np.stack([y_hat, *numbers]), []),)))


@once
def pulled_curvature(prediction: Graph, names: tuple[str, ...]) -> Graph:
    """Σ pull · ∂²y_hat/∂params² · direction; a row brings its pull in the place of y."""
    pull = input_node("y", Spec((), prediction.outputs[0].spec.dtype))
    values = {node.attributes["name"]: Tracer(node) for node in prediction.inputs}
    pulled = Tracer(pull) * inline(prediction, values)[0]
    inputs = (prediction.inputs[0], pull, *prediction.inputs[1:])
    return hessian_vector(Graph("pulled prediction", inputs, (pulled.node,)), names)


@once
def bending(prediction: Graph, names: tuple[str, ...]) -> Graph:
    """direction · ∂²y_hat/∂params² · direction."""
    second = hessian_vector(prediction, names)
    parts = zip(second.outputs, second.inputs[-len(names) :], strict=True)
    terms = [np.sum(Tracer(part) * Tracer(direction)) for part, direction in parts]
    return simplify(Graph("bending", second.inputs, (sum(terms[1:], terms[0]).node,)))


# ---- error bars ----------------------------------------------------------------------------------------------


class Uncertainty(NamedTuple):
    """How well the data determine the parameters, near a minimum of the squared loss.

    Directions that the data do not determine are left out of the covariance, and the standard error of every parameter
    that has a share in one is not a number.
    """

    root: Array  # (p, k) rows whose products are the covariances, in the order of the flat parameters
    standard_errors: dict[str, Array]  # by name, in the parameters' own units and shapes
    deviation: float  # s, the standard deviation of a residual of weight 1
    degrees_of_freedom: int  # rows less determined parameters
    identified: Array  # (p,) whether the data determine each parameter

    @property
    def covariance(self) -> Array:
        """(p, p), in the order of the flat parameters."""
        return self.root @ self.root.T


def uncertainty(
    problem: Problem, params: Array, deviation: float | None = None, view: Residuals | None = None
) -> Uncertainty:
    """Covariance and standard errors of the parameters of a law.

        covariance = s² (Jᵀ W J)⁻¹,   s² = Σ w r² / (n - p)

    Args:
        params: all parameters, one behind the other, at the minimum
        deviation: s, where the error of a measurement of weight 1 is known; None: found from the residuals
        view: the residuals, where the rows are not here

    Raises:
        OptionError: the loss is not squared, so that this theory does not hold.

    Source: Bates and Watts, Nonlinear Regression Analysis and Its Applications, 1988, section 2.
    """
    view = view or Residuals(problem)
    if view.squared is None:
        raise OptionError(f"Standard errors of this kind are for the squared loss, not the {problem.loss.name} loss.")
    rows, residuals = view.weighted(params)
    R, units = scaled_triangle(rows)
    _, sizes, directions = np.linalg.svd(R)
    sizes = np.concatenate([sizes, np.zeros(len(directions) - len(sizes))])
    known = sizes > lost_below(R.shape[1], problem.X.dtype) * max(sizes[0], np.finfo(float).tiny)
    freedom = view.rows - int(known.sum())
    if deviation is None:
        spread = float(np.linalg.norm(residuals)) * view.unit
        deviation = spread / float(np.sqrt(freedom)) if freedom > 0 else float("nan")
    half = deviation / view.unit * directions[known].T / sizes[known] / units[:, None]
    identified = ~(np.abs(directions[~known]) > SEEN).any(axis=0)
    errors = np.where(identified, column_norms(half.T), np.nan)
    return Uncertainty(half, problem.unpack(errors), deviation, freedom, identified)


def scaled_triangle(A: Array) -> tuple[Array, Array]:
    """R of A's columns scaled to length one, and those lengths (1 for a column of zeros)."""
    norms = column_norms(A)
    units = np.where(norms > 0, norms, 1.0)
    return np.linalg.qr(A / units, mode="r"), units


def lost_below(columns: int, dtype: Any) -> float:
    """The share of the largest singular value of a matrix with scaled columns below which rounding decides."""
    return float(np.finfo(dtype).eps) * max(columns, 10)
