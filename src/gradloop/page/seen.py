"""What a page knows of a fit: its rows, and the problem that was minimised on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gradloop.core.graph import Graph
from gradloop.errors import OptionError
from gradloop.examples import Examples
from gradloop.inference import Fit
from gradloop.models import MODELS
from gradloop.page.steps import Course, course_of
from gradloop.plots.objective import Objective, names_of
from gradloop.plots.rows import Rows, in_units, problem_of, rows_of
from gradloop.problem import Problem, make_problem
from gradloop.standard_errors import labels

LAW = "law"
PLAIN = ("linear", "logistic", "softmax")  # models that users write too
Array = Any


@dataclass(frozen=True, eq=False)
class Seen:
    """A fit with its rows: those it was trained on, or those given with a fit from a file."""

    fit: Fit
    rows: Rows

    @cached_property
    def problem(self) -> Problem:
        """What was minimised; it starts at the parameters found."""
        return problem_of(self.fit, self.rows)

    @cached_property
    def objective(self) -> Objective:
        return Objective(self.problem, names_of(self.fit.preparation))

    @cached_property
    def examples(self) -> Examples:
        fit, rows = self.fit, self.rows
        parts = fit.model, fit.loss, rows.X, rows.y, fit.trained_params, fit.feature_names, rows.weights
        return Examples(*parts, preparation=fit.preparation)

    @cached_property
    def course(self) -> Course | None:
        """The steps of the run, where it had some and this fit still knows its data."""
        return course_of(self.fit)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """A name for every number among the parameters."""
        return labels(self.problem, self.examples)

    @cached_property
    def kind(self) -> str:
        """Whose formula a page can compute by itself: one of the models' names, also where the user wrote just that; or
        a law."""
        if self.is_shipped:
            return self.fit.model.name.partition("(")[0]
        alike = (name for name in PLAIN if self.predicts_as(MODELS[name]))
        return next(alike, LAW)

    @property
    def is_shipped(self) -> bool:
        return self.fit.model.predict.__module__ == "gradloop.models"

    def predicts_as(self, model: Any) -> bool:
        """Whether the prediction is computed as this model's is, from parameters of its names and shapes."""
        outputs = self.problem.prediction.outputs[0].spec.size
        usual = model.start(self.rows.X.shape[1], outputs)
        given = self.fit.trained_params
        shapes, found = ([(k, np.shape(v)) for k, v in params.items()] for params in (usual, given))
        if shapes != found:
            return False
        X, y = np.ascontiguousarray(self.rows.X[:1]), self.rows.y[:1]
        other = make_problem(model, self.fit.loss, X, y, given)
        return nameless(other.prediction).key == nameless(self.problem.prediction).key

    @cached_property
    def is_standardised(self) -> bool:
        """Whether training saw the columns of a table standardised, as it does but for a law."""
        return self.fit.preparation is not None and self.is_shipped

    @cached_property
    def standardised(self) -> Problem | None:
        """The problem on columns of mean zero and deviation one; the columns of a law have units."""
        if self.kind == LAW:
            return None
        X = self.rows.X
        spread = spread_of(X)
        return self.problem.in_units(1 / spread, -X.mean(axis=0) / spread)

    def columns(self, rows: Any = slice(None)) -> Array:
        """The features of some rows in the units of the file."""
        return np.asarray(in_units(self.fit, self.rows.X[rows]), np.float64)

    @cached_property
    def middle(self) -> Array:
        """The mean of each feature over all rows, in the units of the file."""
        return np.asarray(in_units(self.fit, self.rows.X.mean(axis=0, dtype=np.float64)), np.float64)

    @cached_property
    def start(self) -> Array | None:
        """Where training began, if that is still known."""
        return None if self.fit.examples is None else self.flat(self.fit.examples.start)

    def flat(self, params: Any) -> Array:
        """Parameters one behind the other."""
        parts = [np.ravel(np.asarray(params[name], np.float64)) for name in self.problem.names]
        return np.concatenate(parts)

    @cached_property
    def path(self) -> Array:
        """The parameters in the order in which training had them, (k, p): at each step shown, or as the history kept
        them; at least the answer."""
        if self.course is not None and self.course.taken:
            taken = self.course.taken
            return np.array([*(step.before for step in taken), taken[-1].after], np.float64)
        kept = [self.flat(params) for _, params in self.fit.history.params]
        begin = [self.start] if self.start is not None and kept else []
        answer = self.flat(self.fit.trained_params)
        end = [] if kept and np.array_equal(kept[-1], answer) else [answer]
        return np.array([*begin, *kept, *end], np.float64)


def nameless(graph: Graph) -> Graph:
    return Graph("", graph.inputs, graph.outputs)


def spread_of(X: Array) -> Array:
    """The standard deviation of each column; one for a column of one value."""
    spread = np.asarray(X, np.float64).std(axis=0)
    return np.where(spread > 0, spread, 1.0)


def seen(fit: Fit, data: Any = None, y: Any = None) -> Seen:
    """A fit with its rows.

    Raises: OptionError for a fit from a file without data; DataError for data that does not fit the model.
    """
    if data is None and fit.examples is None:
        raise OptionError(
            "This fit comes from a file, which does not hold its data, or its data are larger than memory; give rows, "
            'as in fit.page("run.html", data).'
        )
    return Seen(fit, rows_of(fit, data, y))
