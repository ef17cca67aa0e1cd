"""LawRegressor: any law that a person can write as a function, as an estimator."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from gradloop.errors import DataError
from gradloop.examples import as_loss, as_model
from gradloop.inference import Fit
from gradloop.penalties import Penalty
from gradloop.sklearn.callbacks import with_callbacks
from gradloop.sklearn.common import (
    FLOATS,
    Estimator,
    as_given,
    check_one_target,
    errors_by_name,
    feature_names,
    printing,
    weights_of,
)
from gradloop.sklearn.options import check_whole, seed_of
from gradloop.solvers.auto import Solver
from gradloop.training import as_solver, check_options

Array = Any


@dataclass(frozen=True)
class Given:
    """The parameters that a person gave to begin with, as a model holds them; unlike a closure it can be pickled."""

    start: Mapping[str, Any]

    def __call__(self, features: int, classes: int) -> dict[str, Any]:
        return dict(self.start)


class LawRegressor(RegressorMixin, Estimator):  # type: ignore[misc]
    """A law as a plain NumPy function of one example and its parameters, fitted to measurements.

        params = argmin  1/n Σᵢ loss(law(xᵢ, params), yᵢ) + penalty(params)

    Args:
        law: a function law(x, ...parameters) of one example; or the name of a model of gradloop, such as "linear".
            The arguments that start does not name are features: one is the whole row, several are columns, found by
            their names in a data frame, else in their order
        start: the parameters to begin with, by name; needed for a function. Or a function of the number of features
            that makes them, where their shapes depend on it
        loss: its name, or a function loss(y_hat, y) of one example
        penalty: such as gl.l2(0.1)
        solver: a name, or a solver with settings, as in `gradloop.fit`; None: the one that suits
        random_state: decides what is random, such as the order of rows and the starts that are tried
        verbose: above 0 prints a line for each epoch or iteration

    Attributes: params_ and stderr_, by name; certificate_, history_, and fit_ with all else.

    Raises: OptionError, ModelError, TracingError, DataError: a sentence saying what does not fit, and what to do.

    >>> import numpy as np
    >>> def ohm(U, R):
    ...     return U / R
    >>> U = np.array([[1.0], [2.0], [3.0], [4.0]])
    >>> model = LawRegressor(ohm, start={"R": 1.0}).fit(U, [0.51, 0.98, 1.52, 1.99])
    >>> print(model.params_["R"].round(3), model.stderr_["R"].round(3))
    2.001 0.013
    """

    def __init__(
        self, law: str | Callable[..., Any] = "linear", *,
        start: Mapping[str, Any] | Callable[[int], Mapping[str, Any]] | None = None,
        loss: str | Callable[..., Any] | None = None, penalty: Penalty | None = None,
        solver: str | Solver | None = None, random_state: Any = None, verbose: int = 0,
    ) -> None:  # fmt: skip
        self.law = law
        self.start = start
        self.loss = loss
        self.penalty = penalty
        self.solver = solver
        self.random_state = random_state
        self.verbose = verbose

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Find the parameters for features X (n, d), targets y (n,), and how much each example counts (n,)."""
        check_whole(self, "verbose", 0)
        seed = seed_of(0 if self.random_state is None else self.random_state)
        solver, given = as_solver(self.solver), (X, y, sample_weight)
        check_one_target(self, y)
        X, y = validate_data(self, X, y, dtype=FLOATS, y_numeric=True, order="C")
        start = self.start(X.shape[1]) if callable(self.start) else self.start
        check_options(seed, start, self.penalty)
        model = as_model(self.law, start)
        if callable(self.law) and start is not None:
            model = model._replace(start=Given(start), in_units=as_given)
        loss = as_loss(self.loss, model)
        self.columns_ = self._columns(start or {})
        names = feature_names(self, X)
        weights = weights_of(self, sample_weight, X)
        with self._heard(*given, most=None):
            return self._set(self._train(
                X[:, self.columns_], y, weights, model, loss=loss, penalty=self.penalty, solver=solver, start=start,
                seed=seed, names=tuple(names[i] for i in self.columns_), progress=printing(self.verbose),
            ))  # fmt: skip

    def _set(self, fit: Fit) -> Self:
        self.params_, self.stderr_ = fit.params, errors_by_name(fit)
        return self

    def predict(self, X: Any) -> Array:
        """What the law says for each row of X (n, d)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=FLOATS)
        return self.fit_.predict(X[:, self.columns_])

    def _columns(self, start: Mapping[str, Any]) -> list[int]:
        """Which columns the law takes, in its own order."""
        everything = list(range(self.n_features_in_))
        names = getattr(self, "feature_names_in_", None)
        if names is None or not callable(self.law):
            return everything
        places = {name: place for place, name in enumerate(names)}
        wanted = [name for name in inspect.signature(self.law).parameters if name not in start]
        if len(wanted) == 1:
            return [places[wanted[0]]] if wanted[0] in places else everything
        missing = [name for name in wanted if name not in places]
        if missing:
            raise DataError(f"The law needs the column {missing[0]!r}, but the data have {', '.join(map(str, names))}.")
        return [places[name] for name in wanted]
