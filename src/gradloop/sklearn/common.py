"""What every estimator shares: the door for data, the training behind it, and what is kept of it."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.extmath import softmax
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from gradloop.callbacks.calls import as_callbacks
from gradloop.callbacks.protocol import Callback
from gradloop.errors import DataError
from gradloop.examples import Examples, from_arrays
from gradloop.inference import Fit
from gradloop.losses import Loss
from gradloop.models import MODELS, Model, start_with_one_output, start_with_one_output_per_class
from gradloop.penalties import Penalty, elastic_net, l1, l2
from gradloop.progress import Progress, Report
from gradloop.sklearn.callbacks import Heard
from gradloop.solvers.auto import Solver
from gradloop.stop import Stop
from gradloop.training import Settings, checked, train

FLOATS = (np.float64, np.float32)
RAISE = "Raise max_iter, or bring the columns to one scale, for instance with StandardScaler."
UNFINISHED = (Stop.ITERATIONS, Stop.DIVERGED, Stop.SEPARABLE)

Array = Any


class Estimator(Heard, BaseEstimator):  # type: ignore[misc]  # scikit-learn tells nothing of its types
    """What all estimators do with data and with the fit."""

    fit_: Any
    n_iter_: Any

    def _train(
        self, X: Array, y: Array, sample_weight: Array | None, model: str | Model, *, loss: Loss | None = None,
        penalty: Penalty | None = None, solver: Solver | None = None, start: Any = None, seed: int = 0,
        names: tuple[str, ...] | None = None, progress: Report | None = None,
    ) -> Fit:  # fmt: skip
        """Train, and keep what every estimator keeps."""
        examples = from_arrays(X, y, None, (), model, None, start, sample_weight, 0.0, seed)
        examples = replace(examples, names=names or feature_names(self, X), loss=loss or examples.loss)
        listeners = self._listeners(lambda now: self._so_far(now, lambda twin, fit: twin._keep(fit) and twin._set(fit)))
        return self._keep(trained(examples, solver, penalty, seed, progress, listeners))

    def _so_far(self, progress: Progress, adopt: Callable[[Any, Fit], Any]) -> dict[str, Any]:
        """What scikit-learn would call the fitted attributes, had training ended here.

        Args: adopt, what makes a fit an estimator's own.
        """
        twin = copy.copy(self)
        adopt(twin, progress.fit())
        return {name: value for name, value in vars(twin).items() if name.endswith("_")} | {"_task": None}

    def _set(self, fit: Any) -> Self:
        """The parameters under scikit-learn's names."""
        raise NotImplementedError

    def _keep(self, fit: Fit) -> Fit:
        """Keep what every estimator keeps; warn where training did not end well."""
        self.fit_, self.history_, self.certificate_ = fit, fit.history, fit.certificate
        self.n_iter_ = max(len(fit.history), 1)
        if fit.stop in UNFINISHED:
            cure = [RAISE] if fit.stop is Stop.ITERATIONS else []
            warnings.warn(" ".join([str(fit.stop), *fit.notes, *cure]), ConvergenceWarning, stacklevel=5)
        return fit


def trained(
    examples: Examples, solver: Solver | None, penalty: Penalty | None, seed: int, progress: Report | None,
    listeners: tuple[Callback, ...] = (),
) -> Fit:  # fmt: skip
    """The fit to examples; what is not finite on the way is told by the fit."""
    with np.errstate(over="ignore", invalid="ignore"):
        callbacks = (*as_callbacks(progress, ()), *listeners)
        settings = Settings(solver, penalty, seed, "classical", "native", callbacks)
        fit = train(examples, checked(settings, None, None, None, False))
    if fit.stop is Stop.INTERRUPTED:  # solvers catch Ctrl-C; a search over many fits should end with it
        raise KeyboardInterrupt
    return fit


def feature_names(estimator: Any, X: Array) -> tuple[str, ...]:
    """The names of a data frame's columns; else x[0], x[1], ..."""
    names = getattr(estimator, "feature_names_in_", None)
    return tuple(f"x[{i}]" for i in range(X.shape[1])) if names is None else tuple(map(str, names))


def check_one_target(estimator: Any, y: Any) -> None:
    """Several targets are several fits."""
    if getattr(y, "ndim", 1) == 2 and y.shape[1] > 1:
        raise DataError(
            f"{type(estimator).__name__}: y has {y.shape[1]} columns, but one target is fitted at a time; put "
            "sklearn.multioutput.MultiOutputRegressor around it."
        )


def weights_of(estimator: Any, sample_weight: Any, X: Array) -> Array | None:
    """Sample weights as numbers; those below zero mean nothing."""
    if sample_weight is None:
        return None
    found = _check_sample_weight(sample_weight, X, dtype=np.float64)
    if (found < 0).any():
        raise DataError(f"sample_weight[{int(np.argmax(found < 0))}] is negative; weights are numbers from 0.")
    return found


def total_weight(sample_weight: Array | None, X: Array) -> float:
    """What scikit-learn's sums over the examples add up to, where gradloop has means."""
    return float(len(X) if sample_weight is None else np.sum(sample_weight))


def penalty_of(absolute: float, square: float) -> Penalty | None:
    """absolute · Σ |w| + square / 2 · Σ w², or nothing at all."""
    if absolute and square:
        return elastic_net(absolute, square)
    if absolute:
        return l1(absolute)
    return l2(square) if square else None


def printing(verbose: Any) -> Report | None:
    """A line for each epoch or iteration, where that is asked for."""

    def show(now: Progress) -> None:
        print(f"{now.epoch} of {now.epochs}: loss {now.loss:.6g}, {now.seconds:.2f} s")

    return show if verbose else None


def errors_by_name(fit: Fit) -> dict[str, Array]:
    """The standard error of every number among the parameters, NaN where no theory gives one."""
    found, place = {}, 0
    for name, value in fit.trained_params.items():
        size = np.size(value)
        part = np.full(size, np.nan) if fit.statistics is None else fit.statistics.standard_error[place : place + size]
        found[name] = part.reshape(np.shape(value))
        place += size
    return found


# ---- models without an intercept -----------------------------------------------------------------------------


def linear_origin(x: Array, w: Array) -> Array:
    """The weighted sum of the features."""
    return np.dot(x, w)


def logistic_origin(x: Array, w: Array) -> Array:
    """The probability that y is 1."""
    return 1 / (1 + np.exp(-np.dot(x, w)))


def softmax_origin(x: Array, w: Array) -> Array:
    """The probability of each class."""
    z = np.dot(x, w)
    return np.exp(z) / np.sum(np.exp(z))


def only_w(features: int, classes: int) -> dict[str, Array]:
    """Zeros for one weight per feature."""
    return {"w": start_with_one_output(features, classes)["w"]}


def only_w_per_class(features: int, classes: int) -> dict[str, Array]:
    """Zeros for one weight per feature and class."""
    return {"w": start_with_one_output_per_class(features, classes)["w"]}


def as_given(params: dict[str, Array], center: Array, scale: Array) -> dict[str, Array]:
    """Parameters for arrays, which are never standardised."""
    return params


ORIGIN = {
    "linear": Model("linear(origin)", linear_origin, only_w, "squared", as_given),
    "logistic": Model("logistic(origin)", logistic_origin, only_w, "logistic", as_given),
    "softmax": Model("softmax(origin)", softmax_origin, only_w_per_class, "cross_entropy", as_given),
}


def model_with(name: str, intercept: bool) -> Model:
    """One of gradloop's models, or its like through the origin."""
    found = MODELS[name] if intercept else ORIGIN[name]
    assert isinstance(found, Model)
    return found


# ---- families ------------------------------------------------------------------------------------------------


class LinearRegressor(RegressorMixin, Estimator):  # type: ignore[misc]
    """A regressor that predicts X · coef_ + intercept_."""

    def _data(self, X: Any, y: Any, sample_weight: Any) -> tuple[Array, Array, Array | None]:
        check_one_target(self, y)
        X, y = validate_data(self, X, y, dtype=FLOATS, y_numeric=True, order="C")
        return X, y, weights_of(self, sample_weight, X)

    def _set(self, fit: Fit) -> Self:
        """The linear model's parameters under scikit-learn's names."""
        errors = errors_by_name(fit)
        self.coef_, self.stderr_ = fit.params["w"], errors["w"]
        self.intercept_ = float(fit.params["b"]) if "b" in fit.params else 0.0
        self.intercept_stderr_ = float(errors["b"]) if "b" in fit.params else 0.0
        return self

    def predict(self, X: Any) -> Array:
        """The prediction for each row of X (n, d)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=FLOATS)
        return X @ self.coef_ + self.intercept_


class LinearClassifier(ClassifierMixin, Estimator):  # type: ignore[misc]
    """A classifier whose scores are X · coef_ᵀ + intercept_."""

    def _labels(self, y: Any) -> Array:
        """Which of the classes each target is; the classes are kept."""
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        return codes

    def _class_weights(self, y: Any, sample_weight: Array | None, class_weight: Any) -> Array | None:
        """Sample weights times those of their classes; "balanced" makes all classes weigh the same."""
        if class_weight is None:
            return sample_weight
        if class_weight == "balanced":
            _, codes = np.unique(y, return_inverse=True)
            sums = np.bincount(codes, weights=sample_weight)
            found = (sums.sum() / (len(sums) * sums))[codes]
        else:
            found = compute_sample_weight(class_weight, y)
        return found if sample_weight is None else found * sample_weight

    def decision_function(self, X: Any) -> Array:
        """The score of each class (n, classes); for two classes that of the second (n,)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=FLOATS)
        scores = X @ self.coef_.T + self.intercept_
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict(self, X: Any) -> Array:
        """The class of each row of X (n, d)."""
        scores = self.decision_function(X)
        codes = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return self.classes_[codes]


def two_or_more(scores: Array) -> Array:
    """The probabilities of classes with these scores; a single score stands beside one of zero."""
    return softmax(np.column_stack([np.zeros_like(scores), scores]) if scores.ndim == 1 else scores, copy=True)
