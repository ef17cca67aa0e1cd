"""What a step of training did, with its numbers: for reading as text, and as plain data for a page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from gradloop.compiler.reference import unpack
from gradloop.core.evaluate import evaluate
from gradloop.core.graph import Graph, constant_node
from gradloop.core.lift import inline
from gradloop.core.simplify import simplify
from gradloop.core.spec import Spec
from gradloop.core.trace import Tracer, trace
from gradloop.errors import OptionError
from gradloop.explain.course import Step, problem_of, step_of
from gradloop.explain.data import plain_data
from gradloop.explain.numeric import Checked, all_values, along, checked, numeric_slopes
from gradloop.explain.walk import Walk, forward, lines_of, prediction_in, walk
from gradloop.problem import Problem, make_problem
from gradloop.result import Result
from gradloop.solvers.curvature import row_map
from gradloop.solvers.solution import check_count

ROWS_LOOKED_AT = 256  # most rows of a batch whose losses are moved one by one for the numeric gradient
FEW_PARAMETERS = 12  # whose second derivatives are shown as a matrix
UPDATE_AGREES = {8: 1e-12, 4: 1e-5}  # by the bytes of a parameter: two ways of adding up the same batch
Array = Any


class Batch(NamedTuple):
    """The examples of the step, as training sees them."""

    unit: str  # "row", from 0, or "line" of the file
    places: Array  # where they stand in the data
    feature_names: tuple[str, ...]
    X: Array
    y: Array
    weights: Array | None
    y_hat: Array
    loss: Array
    classes: tuple[Any, ...] | None
    standardised: bool


class Gradients(NamedTuple):
    """The objective of the batch, and its derivative with respect to each parameter."""

    loss: float  # the mean over the batch
    penalty: float
    values: dict[str, Array]
    checks: tuple[Checked, ...]  # on `rows` of the batch
    rows: int
    has_kinks: bool  # the penalty's, which the update's proximal step takes


class Update(NamedTuple):
    """How one parameter moved."""

    name: str
    before: Array
    gradient: Array  # the mean over the batch, as the rule gets it
    rule: Walk
    after: Checked  # by the rule in NumPy; beside it what training itself reached
    state: tuple[tuple[Array, Checked], ...]  # what the rule remembers, before and after
    answer: Array  # what training would return now


class Second(NamedTuple):
    """The gradient's graph, walked again from one entry of the gradient, and the second derivatives of the example."""

    entry: str  # the parameter's entry with the largest derivative
    walk: Walk
    labels: tuple[str, ...]  # of the parameters' entries
    check: Checked  # the matrix; for many parameters the row that belongs to the entry


@dataclass(frozen=True, eq=False)
class Explanation:
    """One step of training: print it, or take its numbers with `to_dict`."""

    step: Step
    batch: Batch
    example: int  # which of the batch is walked, from 1
    walk: Walk
    gradients: Gradients
    updates: tuple[Update, ...]
    second: Second

    @cached_property
    def checks(self) -> tuple[Checked, ...]:
        """Every derivative and parameter that stands beside another way to find it."""
        moved = [check for update in self.updates for check in (update.after, *(after for _, after in update.state))]
        return (*self.walk.checks, *self.gradients.checks, *moved, *self.second.walk.checks, self.second.check)

    @property
    def agrees(self) -> bool:
        return all(check.agrees for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """The numbers as dicts, lists and Python numbers; an entry that was not checked has the numeric value None."""
        found: dict[str, Any] = plain_data(self)
        return found

    def __str__(self) -> str:
        from gradloop.explain.page import page

        return page(self)

    def __repr__(self) -> str:
        return f"<Explanation of step {self.step.number} of {self.step.steps}>"


def explain(fit: Result, step: int = 1, example: int = 1) -> Explanation:
    """Take one step of a training again and look at everything in it; see `Fit.explain`.

    Raises: OptionError for a fit without steps or data, a step that there is not, an example not in the batch.
    """
    problem = problem_of(fit)
    taken = step_of(fit, problem, step)
    check_example(example, taken)
    exact, flat = exact_problem(problem, taken.rows), taken.params.astype(np.float64)
    values = example_values(exact, example - 1, flat)
    walked = walk(exact.example, values, exact.names)
    prediction = prediction_in(exact.example, exact.prediction)
    named = [line.name for line in lines_of(exact.example, "loss") if line.node is prediction]
    return Explanation(
        taken,
        batch_of(fit, exact, taken, flat),
        example,
        walked._replace(y_hat="".join(named)),
        gradients_of(exact, flat),
        updates_of(problem, exact, taken),
        second_of(exact, values, flat.size),
    )


def check_example(example: int, step: Step) -> None:
    check_count("example", example, "the examples of a batch")
    if example > len(step.rows):
        raise OptionError(
            f"There is no example {example}: the batch of step {step.number} has {len(step.rows)}; choose one of these."
        )


def exact_problem(problem: Problem, rows: Array) -> Problem:
    """The batch as a problem of its own in float64, whose digits a numeric derivative needs."""
    start = {name: value.astype(np.float64) for name, value in problem.unpack(problem.start).items()}
    X, weights = problem.X[rows].astype(np.float64), None if problem.weights is None else problem.weights[rows]
    return make_problem(
        problem.model, problem.loss, X, problem.y[rows], start, problem.penalty, problem.engine, weights
    )


def example_values(exact: Problem, place: int, flat: Array) -> dict[str, Array]:
    """The inputs of the graph of one example's loss."""
    rows = zip(exact.inputs.rows, exact.rows, strict=True)
    return {node.attributes["name"]: np.asarray(column[place]) for node, column in rows} | exact.unpack(flat)


def batch_of(fit: Result, exact: Problem, step: Step, flat: Array) -> Batch:
    examples = fit.examples
    lines, rows = examples.lines, examples.rows
    places = step.rows if rows is None else rows[step.rows]
    moved = fit.preparation is not None and bool(np.any(fit.preparation.scale != 1))
    unit, places = ("row", places) if lines is None else ("line", np.asarray(lines)[step.rows])
    y_hat = exact.predict(flat, exact.X)
    loss = row_map(exact, exact.example, flat).reshape(len(exact.X))
    names = tuple(fit.feature_names)
    return Batch(unit, places, names, exact.X, exact.y, exact.weights, y_hat, loss, fit.classes, moved)


# ---- the gradient of the batch -------------------------------------------------------------------------------


def gradients_of(exact: Problem, flat: Array) -> Gradients:
    """The mean gradient of the rows that are really there, plus the penalty's, beside numeric ones."""
    value, slope = exact.objective(flat)
    penalty, _ = exact.penalty_at(flat)
    kinks = exact.penalty is not None and exact.penalty.proximal is not None
    part = exact.thinned(ROWS_LOOKED_AT)
    _, looked_at = part.objective(flat)
    found = exact.unpack(looked_at)
    checks = []
    for name, (numeric, terms) in numeric_gradients(part, flat).items():
        checks.append(checked(f"d objective / d {name}", found[name], numeric, terms))
    return Gradients(value - penalty, penalty, exact.unpack(slope), tuple(checks), len(part.X), kinks)


def numeric_gradients(part: Problem, flat: Array) -> dict[str, tuple[Array, float]]:
    """For each parameter the mean over the rows of the numeric derivatives, and the size of these."""
    totals: dict[str, list[Array]] = {name: [] for name in part.names}
    for row in range(len(part.X)):
        values = all_values(part.example, example_values(part, row, flat))
        for name, node in zip(part.names, part.params, strict=True):
            totals[name].append(numeric_slopes(part.example, values, node))
    params = part.unpack(flat)
    return {
        name: (
            np.mean(slopes, axis=0) + numeric_penalty(part, name, params[name]),
            float(np.nanmax(np.mean(np.abs(slopes), axis=0))),
        )
        for name, slopes in totals.items()
    }


def numeric_penalty(part: Problem, name: str, w: Array) -> Array:
    """The numeric derivative of the penalty's smooth part."""
    if part.penalty is None or part.penalty.smooth is None or not part.penalised(name):
        return np.zeros(w.shape)
    graph = trace(part.penalty.smooth, {"w": Spec(w.shape, w.dtype)}, part.penalty.name)
    return numeric_slopes(graph, all_values(graph, {"w": w}), graph.inputs[0])


# ---- the update ----------------------------------------------------------------------------------------------


def updates_of(problem: Problem, exact: Problem, step: Step) -> tuple[Update, ...]:
    """Every parameter moved by its rule in NumPy, beside where training's own loop put it."""
    dtype = problem.start.dtype
    mean = exact.loss_sum(step.params.astype(np.float64))[1:] / len(exact.X)
    gradients, before = problem.unpack(mean.astype(dtype)), problem.unpack(step.params)
    after, found, place, first = problem.unpack(step.after), [], 0, 0
    for name, update in zip(problem.names, step.loop.updates, strict=True):
        size = sum(node.spec.size for node in update.state)
        states = [unpack(update.state, flat[place : place + size]) for flat in (step.state, step.state_after)]
        constants = step.numbers[first : first + len(update.numbers)]
        place, first = place + size, first + len(update.numbers)
        inputs = {"w": before[name], "g": gradients[name], "t": np.array(step.number, dtype)} | states[0]
        rule = with_constants(update.graph, constants)
        moved, *remembered = evaluate(rule, inputs)
        tolerance = UPDATE_AGREES[dtype.itemsize]
        reached = checked(f"{name} after the step", moved, after[name], np.max(np.abs(before[name])), tolerance)
        state = tuple(
            (states[0][key], checked(f"{key} of {name}", value, states[1][key], tolerance=tolerance))
            for key, value in zip(states[0], remembered, strict=True)
        )
        answer = np.asarray(step.optimizer.final(after[name], tuple(states[1].values())))
        walked = forward(rule, inputs, f"new {name}")
        found.append(Update(name, before[name], gradients[name], walked, reached, state, answer))
    return tuple(found)


def with_constants(graph: Graph, numbers: Array) -> Graph:
    """A rule whose constants are written out again."""
    kept = len(graph.inputs) - len(numbers)
    values = {node.attributes["name"]: Tracer(node) for node in graph.inputs[:kept]}
    for node, number in zip(graph.inputs[kept:], numbers, strict=True):
        values[node.attributes["name"]] = Tracer(constant_node(number, node.spec.dtype))
    outputs = inline(graph, values)
    return simplify(Graph(graph.name, graph.inputs[:kept], tuple(output.node for output in outputs)))


# ---- the second derivative -----------------------------------------------------------------------------------


def second_of(exact: Problem, values: dict[str, Array], size: int) -> Second:
    """The gradient of one example differentiated once more, from its largest entry, and as a whole."""
    labels = tuple(label for node in exact.params for label in entry_labels(node.attributes["name"], node.spec.shape))
    known = all_values(exact.gradient, values)
    slopes = joined([known[id(part)] for part in exact.gradient.outputs])
    largest = int(np.argmax(np.abs(slopes)))
    walked = walk(entry_of(exact.gradient, largest), values, exact.names, "s")
    few = size <= FEW_PARAMETERS
    directions = np.eye(size) if few else np.eye(1, size, largest)
    exactly, numeric = (
        np.array([second_along(exact, values, direction) for direction in directions]),
        np.array([joined(along(exact.gradient, known, moves(exact, direction))) for direction in directions]),
    )
    check = checked("H" if few else f"the row of H for {labels[largest]}", exactly, numeric)
    return Second(labels[largest], walked, labels, check)


def entry_of(graph: Graph, place: int) -> Graph:
    """The program of one entry of what a graph returns, its outputs lying one behind the other."""
    parts = iter(graph.outputs)
    part = next(parts)
    while place >= part.spec.size:
        place, part = place - part.spec.size, next(parts)
    where = tuple(map(int, np.unravel_index(place, part.spec.shape)))
    entry: Tracer = Tracer(part)[where] if where else Tracer(part)
    return simplify(Graph(f"entry {place} of the {graph.name}", graph.inputs, (entry.node,)))


def moves(exact: Problem, direction: Array) -> dict[int, Array]:
    """A direction in which the parameters move, by their nodes' ids."""
    parts = unpack(exact.params, direction)
    return {id(node): parts[node.attributes["name"]] for node in exact.params}


def second_along(exact: Problem, values: dict[str, Array], direction: Array) -> Array:
    """The second derivative of one example's loss times a direction."""
    with np.errstate(all="ignore"):
        return joined(evaluate(exact.second, values | unpack(exact.directions, direction)))


def joined(parts: Any) -> Array:
    return np.concatenate([np.ravel(part) for part in parts])


def entry_labels(name: str, shape: tuple[int, ...]) -> list[str]:
    """What the entries of a parameter are called: w[0], w[1], ...

    >>> entry_labels("w", (2,)), entry_labels("b", ())
    (['w[0]', 'w[1]'], ['b'])
    """
    return [f"{name}{list(place)}" if place else name for place in np.ndindex(shape)]
