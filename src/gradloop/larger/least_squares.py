"""When least squares is found in one pass, and the fit that comes of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from gradloop.data.missing import Rules
from gradloop.data.preparation import chosen_columns
from gradloop.data.sources import Source
from gradloop.data.table import Table
from gradloop.examples import Examples, as_loss, as_model, starting_params
from gradloop.inference import Fit
from gradloop.larger.one_pass import one_pass
from gradloop.models import MODELS
from gradloop.penalties import Penalty
from gradloop.problem import Problem, make_problem
from gradloop.result import Course
from gradloop.solvers.auto import Solver, choose
from gradloop.solvers.closed_form import ClosedForm

WORTH_ROWS = 2**21  # numbers in a table from which its examples are not wanted in memory at once ...
WORTH_BYTES = 2**24  # ... or bytes of a file, where its rows are not counted
Array = Any


class Request(NamedTuple):
    """What is asked of a fit to a table, beside the table."""

    target: str | None
    leave_out: Iterable[str]
    model: Any
    loss: Any
    penalty: Penalty | None
    solver: Solver | None
    rules: Rules
    engine: str
    seed: int


def in_one_pass(source: Source, asked: Request, read: Callable[[], Examples]) -> Fit | None:
    """The fit, in one pass; None where that is not asked for, or cannot be proven to be right.

    Args: read, what reads the examples into memory, should somebody want to see them.

    Raises: DataError, OptionError: as for `gradloop.fit`.
    """
    if asked.target is None or not suits(asked) or not worth_it(source):
        return None
    table: Any = Table(dict.fromkeys(source.schema().names, np.zeros(0)), source.name)  # its names suffice
    names = chosen_columns(table, asked.target, None, asked.leave_out)
    problem = few_rows(asked, len(names))
    solver, reason = (asked.solver, ()) if asked.solver else choose(problem)
    found = one_pass(source, asked.target, names, asked.rules, problem) if isinstance(solver, ClosedForm) else None
    if found is None:
        return None
    return Fit(
        params=found.params,
        trained_params=found.trained,
        model=problem.model,
        loss=problem.loss,
        feature_names=found.preparation.feature_names,
        history=found.history,
        stop=found.stop,
        certificate=found.certificate,
        statistics=found.statistics,
        preparation=found.preparation,
        notes=(*found.preparation.notes, *reason, *found.notes),
        seed=asked.seed,
        rows=found.rows,
        examples=Recalled(read),
        course=Course(solver, None, asked.penalty, asked.engine),
    )


def suits(asked: Request) -> bool:
    """Whether it is least squares with columns of one parameter each."""
    if callable(asked.model) or asked.engine != "native":
        return False
    model = as_model(asked.model, None)
    asked.rules.check()
    smooth = asked.penalty is None or asked.penalty.proximal is None
    closed = asked.solver is None or isinstance(asked.solver, ClosedForm)
    return model is MODELS["linear"] and as_loss(asked.loss, model).name == "squared" and smooth and closed


def worth_it(source: Source) -> bool:
    """Whether the table is large, and can be read a second time."""
    if source.one_pass:
        return False
    if source.rows is not None:
        return source.rows * len(source.names) >= WORTH_ROWS
    return sum(map(os.path.getsize, source.files)) >= WORTH_BYTES


def few_rows(asked: Request, features: int) -> Problem:
    """What is minimised, on two rows: for its penalty, and to choose a solver."""
    model = as_model(asked.model, None)
    X, y = np.zeros((2, features)), np.zeros(2)
    start = starting_params(model, None, features, 0)
    return make_problem(model, as_loss(asked.loss, model), X, y, start, asked.penalty, asked.engine)


class Recalled:
    """Examples that are read again when somebody asks for them: pictures do, and explanations."""

    def __init__(self, read: Callable[[], Examples]) -> None:
        self._read = read

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._found, name)

    @cached_property
    def _found(self) -> Examples:
        return self._read()
