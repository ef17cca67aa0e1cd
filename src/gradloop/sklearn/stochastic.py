"""What SGDRegressor and SGDClassifier have in common: arguments as a recipe; descent in one go and batch by batch."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self

import numpy as np
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning

from gradloop.certificate import Certificate
from gradloop.errors import DataError, OptionError
from gradloop.examples import Examples
from gradloop.history import History
from gradloop.inference import Fit
from gradloop.losses import LOSSES, Loss
from gradloop.optimizers import Optimizer, averaged_sgd, sgd
from gradloop.penalties import Penalty
from gradloop.progress import Progress
from gradloop.schedules import Schedule, constant, inverse_time
from gradloop.sklearn.common import (
    UNFINISHED,
    Estimator,
    feature_names,
    model_with,
    penalty_of,
    printing,
    trained,
)
from gradloop.sklearn.descent import Carried, Descend, Recipe, one_pass
from gradloop.sklearn.losses import (
    EpsilonInsensitive,
    Huber,
    SquaredEpsilonInsensitive,
    modified_huber,
    perceptron,
    squared_hinge,
)
from gradloop.sklearn.options import (
    allow,
    check_choice,
    check_flags,
    check_number,
    check_whole,
    seed_of,
)
from gradloop.sklearn.stopping import Patience, Watch
from gradloop.stop import Stop

NUMBERS: dict[str, Callable[[float], Loss]] = {
    "squared_error": lambda epsilon: LOSSES["squared"],
    "huber": lambda epsilon: Loss("huber", Huber(epsilon), "number", True, True),
    "epsilon_insensitive": lambda epsilon: Loss(
        "epsilon_insensitive", EpsilonInsensitive(epsilon), "number", True, False
    ),
    "squared_epsilon_insensitive": lambda epsilon: Loss(
        "squared_epsilon_insensitive", SquaredEpsilonInsensitive(epsilon), "number", True, True
    ),
}
CLASSES: dict[str, Loss] = {
    "hinge": LOSSES["hinge"],
    "log_loss": LOSSES["logistic"],
    "modified_huber": Loss("modified_huber", modified_huber, "number", True, True),
    "squared_hinge": Loss("squared_hinge", squared_hinge, "number", True, True),
    "perceptron": Loss("perceptron", perceptron, "number", True, False),
}
UNKNOWN = Certificate("none", float("nan"), "Batches were seen one by one, so the loss on all of them is not known.")

Array = Any


class StochasticDescent(Estimator):
    """What both have in common."""

    def _recipe(self, loss: Loss) -> Recipe:
        """What decides about the steps, once it is sure that the arguments can be honoured."""
        check_flags(self, "fit_intercept", "shuffle", "warm_start", "early_stopping")
        allow(
            self, "early_stopping", (False,),
            "descent stops by the loss of the training examples; leave it out, or choose max_iter by cross-validation",
        )  # fmt: skip
        check_whole(self, "verbose", 0)
        seed = seed_of(0 if self.random_state is None else self.random_state)
        model = model_with("logistic" if loss.name == "logistic" else "linear", self.fit_intercept)
        batch_size = check_whole(self, "batch_size")
        shuffle, classes = bool(self.shuffle), is_classifier(self)
        return Recipe(model, loss, self._penalty(), self._optimizer(), batch_size, shuffle, seed, classes)

    def _penalty(self) -> Penalty | None:
        alpha = check_number(self, "alpha")
        mixed = check_number(self, "l1_ratio", most=1.0) if self.penalty == "elasticnet" else 0.0
        kind = check_choice(self, "penalty", ("l2", "l1", "elasticnet", None))
        share = {"l1": 1.0, "l2": 0.0}.get(kind, mixed)
        return None if kind is None else penalty_of(alpha * share, alpha * (1 - share))

    def _optimizer(self) -> Optimizer:
        """Plain steps; with average, the mean of the points after so many of them."""
        if isinstance(self.average, (bool, np.bool_)):
            return averaged_sgd(self._rate()) if self.average else sgd(self._rate())
        after = check_whole(self, "average", 0)
        return averaged_sgd(self._rate(), after=after - 1) if after else sgd(self._rate())

    def _rate(self) -> Schedule:
        """The learning rate of step t."""
        kind = check_choice(self, "learning_rate", ("constant", "optimal", "invscaling", "adaptive", "pa1", "pa2"))
        allow(
            self, "learning_rate", ("constant", "optimal", "invscaling"),
            "a rate is a function of the step alone; choose 'constant', 'optimal' or 'invscaling'",
        )  # fmt: skip
        if kind == "optimal":
            alpha = check_number(self, "alpha")
            if alpha == 0:
                raise OptionError(
                    f"{type(self).__name__}: learning_rate='optimal' is 1 / (alpha (t₀ + t)), but alpha is 0; choose "
                    "another learning_rate, such as 'invscaling'."
                )
            first = alpha**-0.25  # the size that weights have under this penalty
            return inverse_time(first, decay=alpha * first)
        rate = check_number(self, "eta0", above=True)
        power = check_number(self, "power_t", -np.inf) if kind == "invscaling" else 0.0
        return (lambda t: rate / t**power) if power else constant(rate)

    def _descend(
        self, recipe: Recipe, X: Array, y: Array, weights: Array | None, start: dict[str, Array] | None,
        part: str = "",
    ) -> tuple[Fit, Carried]:  # fmt: skip
        """All epochs, or fewer where the loss does not fall any more.

        Args: part, what one of several runs is called.
        """
        epochs, patience = check_whole(self, "max_iter"), check_whole(self, "n_iter_no_change")
        tolerance = None if self.tol is None else check_number(self, "tol", -np.inf)
        solver = Descend(recipe, epochs, Watch(None if tolerance is None else Patience(tolerance, patience)))
        if recipe.batch_size > len(X):
            recipe = recipe._replace(batch_size=len(X))
            solver = replace(solver, recipe=recipe)
        start = recipe.model.start(X.shape[1], 2) if start is None else start
        examples = Examples(recipe.model, recipe.loss, X, y, start, feature_names(self, X), weights)

        def so_far(now: Progress) -> dict[str, Any]:
            return self._so_far(now, lambda twin, fit: twin._adopt([fit], [solver.carried(fit.stop)]))

        listeners = self._listeners(None if part else so_far, part)
        fit = trained(examples, solver, recipe.penalty, recipe.seed, printing(self.verbose), listeners)
        return fit, solver.carried(fit.stop)

    def _adopt(self, fits: list[Fit], ended: list[Carried]) -> Self:
        """Keep the fits, and their parameters under scikit-learn's names."""
        self._tell(fits, ended)
        return self._name([fit.params for fit in fits])

    def _name(self, params: list[dict[str, Array]]) -> Self:
        """Parameters under scikit-learn's names."""
        raise NotImplementedError

    def _tell(self, fits: list[Fit], ended: list[Carried]) -> None:
        """Keep the fits; warn where one did not end well."""
        self._carried, self._rows = ended, [list(fit.history) for fit in fits]
        self.fit_ = single(fits)
        self.history_, self.certificate_ = single([f.history for f in fits]), single([f.certificate for f in fits])
        self.n_iter_, self.t_ = max(len(fit.history) for fit in fits), 1.0 + max(end.steps for end in ended)
        for fit in fits:
            if fit.stop in UNFINISHED or (fit.stop is Stop.FINISHED and self.tol is not None):
                cure = "" if fit.stop in UNFINISHED else f"The loss still fell; raise max_iter above {self.max_iter}."
                warnings.warn(" ".join([str(fit.stop), *fit.notes, cure]).strip(), ConvergenceWarning, stacklevel=5)
                return

    def _continue(
        self, recipe: Recipe, X: Array, targets: list[Array], weights: list[Array | None]
    ) -> list[dict[str, Array]]:
        """One pass over a batch, for each of the classes that are told from the rest."""
        self._only_tasks()
        before = getattr(self, "_carried", None) or [None] * len(targets)
        found = [one_pass(recipe, X, *each) for each in zip(targets, weights, before, strict=True)]
        self.__dict__.pop("fit_", None)
        rows = getattr(self, "_rows", None) or [[] for _ in targets]
        self._carried = [after for after, _, _ in found]
        self._rows = [[*old, counted(row, old)] for old, (_, _, row) in zip(rows, found, strict=True)]
        self.history_ = single([History.from_rows(each) for each in self._rows])
        self.certificate_ = single([UNKNOWN] * len(found))
        self.n_iter_, self.t_ = 1, 1.0 + self._carried[0].steps
        return [params for _, params, _ in found]


def single(parts: list[Any]) -> Any:
    """What one problem gave; a tuple where there was one for each class."""
    return parts[0] if len(parts) == 1 else tuple(parts)


def counted(row: Any, before: list[Any]) -> Any:
    """A row of the record, with the rows of data that were touched before."""
    return row._replace(rows=row.rows + (before[-1].rows if before else 0))


def start_from(coef: Any, intercept: Any, features: int, fit_intercept: bool) -> dict[str, Array]:
    """Parameters to begin with: those given, zeros for the others."""
    w = np.zeros(features) if coef is None else np.asarray(coef, np.float64)
    b = np.asarray(0.0 if intercept is None else intercept, np.float64)
    if w.size != features or b.size != 1:
        raise DataError(
            f"coef_init holds {w.size} numbers and intercept_init {b.size}, but {features} and 1 are needed."
        )
    return {"w": w.reshape(features), "b": b.reshape(())} if fit_intercept else {"w": w.reshape(features)}
