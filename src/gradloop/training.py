"""fit(): the front door. Data, model, loss, optimizer go in; a trained model with a verdict comes out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradloop.certificate import certify
from gradloop.data import Preparation, Table, as_table, check_features, check_target, holdout_split, read_csv
from gradloop.errors import DataError, ModelError, OptionError
from gradloop.graphs import argument_names, as_parameter
from gradloop.inference import Fit, measures
from gradloop.losses import LOSSES, Loss, about
from gradloop.models import MODELS, Model
from gradloop.penalties import Penalty
from gradloop.problem import Problem, make_problem
from gradloop.progress import Report
from gradloop.solvers.minibatch import Minibatch
from gradloop.targets import count_classes

Array = Any


def fit(
    data: Any,
    y: Any = None,
    *,
    target: str | None = None,
    leave_out: Iterable[str] = (),
    model: str | Model | Callable[..., Any] = "linear",
    loss: str | Callable[..., Any] | None = None,
    penalty: Penalty | None = None,
    solver: Minibatch | None = None,
    start: Mapping[str, Any] | None = None,
    seed: int = 0,
    holdout: float = 0.0,
    engine: str = "native",
    progress: Report | None = None,
) -> Fit:
    """Find the parameters that minimise the mean loss over the examples, plus the penalty.

        params = argmin  1/n Σᵢ loss(model(xᵢ, params), yᵢ) + penalty(params)

    Args:
        data: features X (n, d) as an array; or a table with the target among its columns: the path of a CSV file, a
            dict of columns, a data frame. Columns of numbers are standardised for training, text becomes one-hot.
        y: the targets (n,), only with an array X
        target: the name of the target's column, only with a table
        leave_out: names of columns that are not to be used, only with a table
        model: "linear", "logistic", "softmax", "polynomial", or a function model(x, ...parameters) of one example
        loss: its name, or a function loss(y_hat, y) of one example; None: the one that suits the model
        penalty: such as gl.l2(0.1); never applied to intercepts
        solver: how to search; None: minibatch SGD with a rate derived from the data
        start: the parameters to start from, by name; needed for a function, zeros otherwise
        seed: decides the order of rows and the rows held out
        holdout: the share of rows that training does not see, to judge the fit by
        engine: "native", or "numpy" for the slow reference
        progress: a function that is told how far training is

    Raises:
        DataError, ModelError, OptionError: a sentence saying what does not fit, where, and what to do.

    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> line = fit(X, np.array([1.0, 3.0, 5.0, 7.0]), seed=1)
    >>> print(np.round(line.params["w"], 3), np.round(line.params["b"], 3))
    [2.] 1.0
    """
    check_options(seed, start, penalty, progress)
    solver = as_solver(solver)
    table = as_path_or_table(data)
    if table is None:
        check_array_options(target, leave_out)
        prepared = prepare_arrays(data, y, model, loss, start, holdout, seed)
    else:
        prepared = prepare_table(table, y, target, leave_out, model, loss, start, holdout, seed)
    return prepared.solve(solver, penalty, seed, engine, progress)


class Prepared:
    """Data that are ready for training: what `fit` has after the first half of its work."""

    def __init__(
        self, model: Model, loss: Loss, X: Array, y: Array, start: Mapping[str, Any], names: tuple[str, ...],
        held: tuple[Array, Array] | None, preparation: Preparation | None = None,
    ) -> None:  # fmt: skip
        self.model, self.loss, self.X, self.y, self.start = model, loss, X, y, start
        self.names, self.held, self.preparation = names, held, preparation

    def solve(self, solver: Minibatch, penalty: Penalty | None, seed: int, engine: str, progress: Report | None) -> Fit:
        """Train, judge, and put the result together."""
        problem = make_problem(self.model, self.loss, self.X, self.y, self.start, penalty, engine)
        solution = solver.solve(problem, seed, progress)
        trained = problem.unpack(solution.params)
        found = Fit(
            params=self.in_units(trained),
            trained_params=trained,
            model=self.model,
            loss=self.loss,
            feature_names=self.names,
            history=solution.history,
            stop=solution.stop,
            certificate=certify(problem, solution.params),
            preparation=self.preparation,
            notes=(*(self.preparation.notes if self.preparation else ()), *solution.notes),
            seed=seed,
            rows=len(self.X),
        )
        return replace(found, holdout=self.judge(problem, solution.params))

    def in_units(self, trained: dict[str, Array]) -> dict[str, Array]:
        """The parameters for columns in their own units."""
        if self.preparation is None:
            return trained
        return self.model.in_units(trained, self.preparation.center, self.preparation.scale)

    def judge(self, problem: Problem, flat: Array) -> dict[str, float] | None:
        """The measures on the rows held out."""
        if self.held is None:
            return None
        X, y = self.held
        return measures(self.loss, y, problem.predict(flat, np.ascontiguousarray(X, self.X.dtype)))


# ---- what the user gave --------------------------------------------------------------------------------------


def check_options(seed: Any, start: Any, penalty: Any, progress: Any) -> None:
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or not 0 <= seed < 2**63:
        raise OptionError(f"seed is {seed!r}, but it must be a whole number from 0.")

    if start is not None and not isinstance(start, Mapping):
        raise OptionError(
            f'start is {start!r}, but it must name the parameters, for instance start={{"w": [0.0, 0.0]}}.'
        )
    if penalty is not None and not isinstance(penalty, Penalty):
        raise OptionError(f"penalty is {penalty!r}; give for instance gl.l2(0.1).")
    if progress is not None and not callable(progress):
        raise OptionError(f"progress is {progress!r}; give a function that takes one gl.Progress.")


def as_solver(solver: Any) -> Minibatch:
    if solver is None:
        return Minibatch()
    if not isinstance(solver, Minibatch):
        raise OptionError(
            f"solver is {solver!r}; give for instance gl.Minibatch(gl.sgd(0.03), batch_size=10, epochs=3)."
        )
    return solver


def as_path_or_table(data: Any) -> Table | None:
    """A table, if that is what the data are; None for arrays."""
    if isinstance(data, (str, os.PathLike)):
        return read_csv(data)
    return as_table(data)


def as_model(model: Any, start: Mapping[str, Any] | None) -> Model:
    """A model by its name; a user's function with what can be said of it."""
    if isinstance(model, Model):
        return model
    if isinstance(model, str):
        if model not in MODELS:
            raise OptionError(f"There is no model {model!r}; choose one of {', '.join(MODELS)}, or give a function.")
        entry = MODELS[model]
        return entry if isinstance(entry, Model) else entry()
    if not callable(model):
        raise OptionError(f"model is {model!r}; give a name, or a function model(x, ...parameters) of one example.")
    if start is None:
        names = argument_names(model)
        raise ModelError(
            f"The function {getattr(model, '__name__', 'model')}({', '.join(names)}) needs start, the parameters to "
            f'begin with by their names, for instance start={{"{names[-1]}": 0.0}}.'
        )
    name = getattr(model, "__name__", "model")
    return Model(name, model, lambda features, classes: dict(start), "squared", lambda params, center, scale: params)


def as_loss(loss: Any, model: Model) -> Loss:
    if loss is None:
        return LOSSES[model.loss]
    if isinstance(loss, str):
        if loss not in LOSSES:
            raise OptionError(f"There is no loss {loss!r}; choose one of {', '.join(LOSSES)}, or give a function.")
        return LOSSES[loss]
    if not callable(loss):
        raise OptionError(f"loss is {loss!r}; give a name, or a function loss(y_hat, y) of one example.")
    return about(loss)


def starting_params(model: Model, start: Mapping[str, Any] | None, features: int, classes: int) -> Mapping[str, Any]:
    """Zeros, or what the user gave in the shapes that the model has."""
    usual = model.start(features, classes)
    if start is None:
        return usual
    for name, value in usual.items():
        if name not in start:
            raise ModelError(
                f"start lacks {name!r}, which the {model.name} model needs in the shape {np.shape(value)}."
            )
        shape = as_parameter(name, start[name], np.dtype(np.float64)).shape
        if shape != np.shape(value):
            raise ModelError(
                f"start[{name!r}] has the shape {shape}, but the {model.name} model with {features} "
                f"features needs {np.shape(value)}."
            )
    return start


# ---- arrays --------------------------------------------------------------------------------------------------


def check_array_options(target: str | None, leave_out: Iterable[str]) -> None:
    if target is not None:
        raise OptionError("target names a column of a table; with an array X give the targets as y.")
    if tuple(leave_out):
        raise OptionError(
            "leave_out names columns of a table; from an array X take the columns you want, X[:, [0, 2]]."
        )


def prepare_arrays(
    data: Any, y: Any, model: Any, loss: Any, start: Mapping[str, Any] | None, holdout: float, seed: int
) -> Prepared:
    """Arrays are trained on as they are: the parameters are those of the user's own function."""
    if y is None:
        raise DataError("The targets are missing: give fit(X, y), or a table and target=, the name of its column.")
    chosen = as_model(model, start)
    X = features_for(data, is_law=callable(model))
    y = check_target(y, rows=len(X))
    chosen_loss = as_loss(loss, chosen)
    classes = count_classes(y) if chosen_loss.target == "label" and not callable(model) else 2
    params = starting_params(chosen, start, X.shape[1], classes)
    names = tuple(f"x[{i}]" for i in range(X.shape[1]))
    if not holdout:
        return Prepared(chosen, chosen_loss, X, y, params, names, None)
    train, held = holdout_split(len(X), holdout, seed)
    return Prepared(chosen, chosen_loss, X[train], y[train], params, names, (X[held], y[held]))


def features_for(data: Any, is_law: bool) -> Array:
    """X as it is; a user's function of one quantity may also be given the plain values of that quantity."""
    if is_law and getattr(data, "ndim", None) == 1:
        return check_features(np.reshape(data, (-1, 1)))
    if is_law and isinstance(data, (list, tuple)) and np.ndim(np.asarray(data, object)) == 1:
        return check_features([[value] for value in data])
    return check_features(data)


# ---- tables --------------------------------------------------------------------------------------------------


def prepare_table(
    table: Table, y: Any, target: str | None, leave_out: Iterable[str], model: Any, loss: Any,
    start: Mapping[str, Any] | None, holdout: float, seed: int,
) -> Prepared:  # fmt: skip
    """A table is standardised for a shipped model; a user's function gets the columns it names, or all, as they are."""
    if y is not None:
        raise OptionError("y is for arrays; in a table the target is a column: give target=, its name.")
    if target is None:
        raise OptionError(
            f"target is missing: which column of {table.source} is to be predicted? {table.suggestion([])}."
        )
    chosen = as_model(model, start)
    chosen_loss = as_loss(loss, chosen)
    law = law_columns(model, table, start) if callable(model) and start is not None else None
    if start is not None and not callable(model):
        raise OptionError("start cannot be given for standardised columns; give arrays instead of a table.")
    learned_from = table
    split = None
    if holdout:
        split = holdout_split(table.rows, holdout, seed)
        learned_from = table.select(split[0])
    preparation = Preparation.learn(
        learned_from, target, law, leave_out=leave_out, classification=wants_classes(chosen_loss)
    )
    if callable(model):
        preparation = as_they_are(preparation, law)
    check_class_count(preparation, chosen_loss, target)
    X, targets = preparation.features(learned_from), preparation.target(learned_from)
    params = starting_params(chosen, start, X.shape[1], len(preparation.classes or ()))
    held = None
    if split is not None:
        rest = table.select(split[1])
        held = preparation.features(rest), preparation.target(rest)
    return Prepared(chosen, chosen_loss, X, targets, params, preparation.feature_names, held, preparation)


def law_columns(law: Callable[..., Any], table: Table, start: Mapping[str, Any]) -> list[str] | None:
    """The columns that a user's function names as its arguments; None if it takes the whole row."""
    names = [name for name in argument_names(law, optional=False) if name not in start]
    if all(name in table.columns for name in names):
        return names
    if len(names) > 1:
        missing = [name for name in names if name not in table.columns]
        raise DataError(f"{table.source} has no column {', '.join(missing)}; {table.suggestion(missing)}.")
    return None


def as_they_are(preparation: Preparation, names: list[str] | None) -> Preparation:
    """The same columns in the order of the law's arguments, not standardised: its parameters have units."""
    found = {feature.name: feature for feature in preparation.used}
    names = list(found) if names is None else names
    missing = [name for name in names if name not in found]
    if missing:
        raise DataError(f"The law needs the column {', '.join(missing)}, which holds one value only or is left out.")
    return replace(preparation, used=tuple(found[name]._replace(center=0.0, scale=1.0) for name in names))


def wants_classes(loss: Loss) -> bool | None:
    """Whether the targets are classes; None for a user's own loss, which takes either."""
    if loss.target in ("label", "binary"):
        return True
    return False if loss.name in LOSSES else None


def check_class_count(preparation: Preparation, loss: Loss, target: str) -> None:
    classes = preparation.classes
    if classes is not None and loss.target == "binary" and len(classes) != 2:
        raise OptionError(
            f"The target {target!r} has {len(classes)} classes, but the {loss.name} loss tells two apart; choose "
            'model="softmax".'
        )
