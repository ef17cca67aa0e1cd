"""The objective at many parameters at once: along one of them, or over a grid of two, as exhaustive search does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradloop.data.missing import Rules
from gradloop.data.words import name as quoted
from gradloop.errors import OptionError
from gradloop.examples import Examples, from_arrays, from_table, path_or_table
from gradloop.inference import Fit
from gradloop.plots.rows import problem_of, rows_of
from gradloop.problem import Problem, make_problem
from gradloop.solvers.exhaustive import Axis, Search

Array = Any


@dataclass(frozen=True, eq=False)
class Objective:
    """What is minimised, and what its parameters are called in a picture."""

    problem: Problem
    features: tuple[str, ...]  # of a table, whose weights are called after them; none for arrays

    @property
    def labels(self) -> tuple[str, ...]:
        """One for each number among the parameters: w, w[1], or "w of area (standardised)"."""
        found: list[str] = []
        for node in self.problem.params:
            name, shape = node.attributes["name"], node.spec.shape
            for index in np.ndindex(shape):
                if name == "w" and shape == (len(self.features),):
                    found.append(f"w of {self.features[index[0]]} (standardised)")
                else:
                    found.append(f"{name}[{', '.join(map(str, index))}]" if node.spec.size > 1 else name)
        return tuple(found)

    def place(self, name: str) -> int:
        """Where a parameter lies among all: by its label, its name in the model, or the feature it belongs to.

        Raises: OptionError for what is no parameter.
        """
        indexed = [name.partition("[")[0] == "w" and f"w[{i}]" == name for i in range(len(self.features))]
        if name in self.labels:
            return self.labels.index(name)
        if name in self.features or any(indexed):
            at = self.features.index(name) if name in self.features else indexed.index(True)
            label = f"w of {self.features[at]} (standardised)"
            if label in self.labels:
                return self.labels.index(label)
        if name == "w" and len(self.features) == 1:
            return self.place("w[0]")
        shown = ", ".join(map(quoted, self.labels[:6])) + (" and others" if len(self.labels) > 6 else "")
        raise OptionError(f"There is no parameter {quoted(name)}; choose one of {shown}.")

    def losses(self, values: Mapping[int, Array], flat: Array) -> Array:
        """The objective on the grid of these places' values, the others as in `flat`: one axis for each place."""
        axes = tuple(Axis(self.labels[place], place, np.asarray(found, float)) for place, found in values.items())
        problem = replace(self.problem, start=flat.astype(self.problem.start.dtype))
        with np.errstate(over="ignore", invalid="ignore"):
            return Search(problem, axes, 0, None).losses().reshape([len(axis.values) for axis in axes])

    @property
    def loss_name(self) -> str:
        """What the picture's height is."""
        more = f" + {self.problem.penalty.name}" if self.problem.penalty is not None else ""
        return mean_loss(self.problem.loss.name) + more


def mean_loss(name: str) -> str:
    """What the mean of a loss is called; a lambda has no name.

    >>> mean_loss("squared_loss"), mean_loss("<lambda>")
    ('mean squared loss', 'mean loss')
    """
    if name.startswith("<"):
        return "mean loss"
    return f"mean {name.removesuffix('loss').replace('_', ' ').strip()} loss"


def of_fit(fit: Fit, data: Any, y: Any, asked: str) -> Objective:
    """The objective of a fit, starting at the parameters found."""
    return Objective(problem_of(fit, rows_of(fit, data, y, asked)), names_of(fit.preparation))


def of_data(
    data: Any, y: Any, target: str | None, model: Any, loss: str | Callable[..., Any] | None,
    start: Mapping[str, Any] | None, leave_out: Iterable[str] = (), missing: str = "error",
) -> Objective:  # fmt: skip
    """The objective of data that nothing was fitted to yet."""
    table = path_or_table(data)
    rules = Rules(missing)  # type: ignore[arg-type]  # checked where it is used
    asked = (y, target, leave_out, model, loss, start, None, 0.0, 0, rules)
    if table is None:
        examples: Examples = from_arrays(data, *asked)
    else:
        examples = from_table(table, *asked)
    problem = make_problem(examples.model, examples.loss, examples.X, examples.y, examples.start)
    return Objective(problem, names_of(examples.preparation))


def names_of(preparation: Any) -> tuple[str, ...]:
    return () if preparation is None else preparation.feature_names
