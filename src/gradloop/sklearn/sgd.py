"""SGDRegressor and SGDClassifier: stochastic gradient descent, of one example at a time or of true minibatches."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import validate_data

from gradloop.errors import DataError, OptionError
from gradloop.losses import Loss
from gradloop.sklearn.callbacks import with_callbacks
from gradloop.sklearn.common import FLOATS, LinearClassifier, LinearRegressor, two_or_more, weights_of
from gradloop.sklearn.options import check_choice, check_number, check_threads, check_whole
from gradloop.sklearn.stochastic import CLASSES, NUMBERS, StochasticDescent, start_from

Array = Any


class SGDRegressor(StochasticDescent, LinearRegressor):
    """Stochastic gradient descent for quantities: a step after every batch_size examples.

        minimise  1/n Σ loss(x · w + b, y) + alpha · (l1_ratio · Σ |w| + (1 − l1_ratio) / 2 · Σ w²)

    Args:
        loss: "squared_error", "huber", "epsilon_insensitive" or "squared_epsilon_insensitive"
        penalty: "l2", "l1", "elasticnet" or None
        alpha: the strength of the penalty, from 0
        l1_ratio: the share of the absolute values, for "elasticnet"
        fit_intercept: False keeps b at zero
        max_iter: epochs at most
        tol: stop when n_iter_no_change epochs in a row did not lower the objective by more; None: never
        shuffle: False visits the rows as they lie
        verbose: above 0 prints a line for each epoch
        epsilon: what the huber and the insensitive losses take for small
        random_state: decides the order of the rows; None stands for 0
        learning_rate: "constant" eta0, "invscaling" eta0 / t^power_t, or "optimal" 1 / (alpha (t₀ + t))
        eta0, power_t: what the learning rate is made of
        early_stopping: only False; validation_fraction has no use without it
        n_iter_no_change: epochs in a row
        warm_start: begin at the parameters of the fit before
        average: True, or after how many steps: the answer is the mean of the points from there on
        batch_size: examples in a step; scikit-learn has no such argument, and takes 1

    Attributes: coef_ (d,), intercept_, t_, n_iter_; history_, certificate_, and fit_ with all else; stderr_ (d,), which
    is NaN because descent stops on its way.

    Raises: OptionError for an argument that cannot be honoured; ValueError for data that cannot be used. Warns with
    ConvergenceWarning where max_iter ran out or the loss is not finite.

    >>> X = np.linspace(-1, 1, 50).reshape(-1, 1)
    >>> model = SGDRegressor(batch_size=5, eta0=0.1, penalty=None, tol=1e-6).fit(X, 3 * X[:, 0] + 1)
    >>> print(model.coef_.round(1), round(model.intercept_, 1))
    [3.] 1.0

    Source: Robbins and Monro, A stochastic approximation method, 1951.
    """

    def __init__(
        self, loss: str = "squared_error", *, penalty: str | None = "l2", alpha: float = 0.0001,
        l1_ratio: float = 0.15, fit_intercept: bool = True, max_iter: int = 1000, tol: float | None = 1e-3,
        shuffle: bool = True, verbose: int = 0, epsilon: float = 0.1, random_state: Any = None,
        learning_rate: str = "invscaling", eta0: float = 0.01, power_t: float = 0.25, early_stopping: bool = False,
        validation_fraction: float = 0.1, n_iter_no_change: int = 5, warm_start: bool = False,
        average: bool | int = False, batch_size: int = 1,
    ) -> None:  # fmt: skip
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.epsilon = epsilon
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.average = average
        self.batch_size = batch_size

    @with_callbacks
    def fit(self, X: Any, y: Any, coef_init: Any = None, intercept_init: Any = None, sample_weight: Any = None) -> Self:
        """Find the parameters for features X (n, d), targets y (n,), and how much each example counts (n,)."""
        recipe = self._recipe(self._loss())
        if self.warm_start and hasattr(self, "coef_") and coef_init is None:
            coef_init, intercept_init = self.coef_, self.intercept_
        given = X, y, sample_weight
        X, y, weights = self._data(X, y, sample_weight)
        start = start_from(coef_init, intercept_init, X.shape[1], self.fit_intercept)
        with self._heard(*given, most=check_whole(self, "max_iter")):
            fit, ended = self._descend(recipe, X, y.astype(X.dtype), weights, start)
            return self._adopt([fit], [ended])

    @with_callbacks
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go on with one pass over these rows; pass after pass comes to the bits of one go over the same batches."""
        recipe, given = self._recipe(self._loss()), (X, y, sample_weight)
        X, y = validate_data(self, X, y, reset=not hasattr(self, "_carried"), dtype=FLOATS, y_numeric=True, order="C")
        weights = weights_of(self, sample_weight, X)
        with self._heard(*given, most=0, name="partial_fit"):
            return self._name(self._continue(recipe, X, [y.astype(X.dtype)], [weights]))

    def _name(self, params: list[dict[str, Array]]) -> Self:
        self.coef_, self.intercept_ = params[0]["w"], float(params[0].get("b", 0.0))
        self.stderr_, self.intercept_stderr_ = np.full(len(self.coef_), np.nan), float("nan")
        return self

    def _loss(self) -> Loss:
        return NUMBERS[check_choice(self, "loss", tuple(NUMBERS))](check_number(self, "epsilon"))


def tells_probabilities(estimator: Any) -> bool:
    """Whether the loss gives probabilities."""
    if estimator.loss in ("log_loss", "modified_huber"):
        return True
    raise AttributeError(f"probabilities are there with loss='log_loss' or 'modified_huber', not {estimator.loss!r}")


class SGDClassifier(StochasticDescent, LinearClassifier):
    """Stochastic gradient descent for classes, each told from the rest where there are more than two.

    Args: those of `SGDRegressor`, and
        loss: "hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron", or one of `SGDRegressor` on −1 and 1
        class_weight: None, "balanced" (not with partial_fit), or a weight for each class by its label
        n_jobs: None or -1

    Attributes: classes_ (K,); coef_ (K, d), intercept_ (K,), with one row for two classes; t_, n_iter_; history_,
    certificate_ and fit_, which for more than two classes are tuples with one for each; stderr_, which is NaN.

    Raises: as `SGDRegressor`.

    >>> X = [[-2.0], [-1.0], [1.0], [2.0]]
    >>> print(SGDClassifier(loss="log_loss", alpha=0.01).fit(X, ["no", "no", "yes", "yes"]).predict([[-3.0], [3.0]]))
    ['no' 'yes']

    Source: Zhang, Solving large scale linear prediction problems using stochastic gradient descent algorithms, 2004.
    """

    def __init__(
        self, loss: str = "hinge", *, penalty: str | None = "l2", alpha: float = 0.0001, l1_ratio: float = 0.15,
        fit_intercept: bool = True, max_iter: int = 1000, tol: float | None = 1e-3, shuffle: bool = True,
        verbose: int = 0, epsilon: float = 0.1, n_jobs: int | None = None, random_state: Any = None,
        learning_rate: str = "optimal", eta0: float = 0.01, power_t: float = 0.5, early_stopping: bool = False,
        validation_fraction: float = 0.1, n_iter_no_change: int = 5, class_weight: Any = None,
        warm_start: bool = False, average: bool | int = False, batch_size: int = 1,
    ) -> None:  # fmt: skip
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.epsilon = epsilon
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.average = average
        self.batch_size = batch_size

    @with_callbacks
    def fit(self, X: Any, y: Any, coef_init: Any = None, intercept_init: Any = None, sample_weight: Any = None) -> Self:
        """Find the parameters for features X (n, d), labels y (n,), and how much each example counts (n,)."""
        recipe = self._recipe(self._loss())
        given = X, y, sample_weight
        X, y = validate_data(self, X, y, dtype=FLOATS, order="C")
        before = getattr(self, "classes_", None)
        codes = self._labels(y)
        if len(self.classes_) < 2:
            raise DataError(f"All targets are {self.classes_[0]!r}: with one class there is nothing to tell apart.")
        weights = self._class_weights(y, weights_of(self, sample_weight, X), self.class_weight)
        known = before is not None and np.array_equal(before, self.classes_)
        if self.warm_start and coef_init is None and known:
            coef_init, intercept_init = self.coef_, self.intercept_
        targets = self._targets(codes, X.dtype)
        firsts = [None] * len(targets) if coef_init is None else np.reshape(coef_init, (len(targets), -1))
        others = [None] * len(targets) if intercept_init is None else np.reshape(intercept_init, len(targets))
        starts = [start_from(*each, X.shape[1], self.fit_intercept) for each in zip(firsts, others, strict=True)]
        parts = [""] if len(targets) == 1 else [f"class {label}" for label in self.classes_]
        with self._heard(*given, most=check_whole(self, "max_iter"), runs=len(targets)):
            runs = zip(targets, starts, parts, strict=True)
            found = [self._descend(recipe, X, y, weights, start, part) for y, start, part in runs]
            return self._adopt([fit for fit, _ in found], [ended for _, ended in found])

    @with_callbacks
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Go on with one pass over these rows; pass after pass comes to the bits of one go over the same batches.

        Args: classes, all labels that there will be; needed in the first call.
        """
        recipe = self._recipe(self._loss())
        if self.class_weight == "balanced":
            raise OptionError(
                "SGDClassifier: class_weight='balanced' cannot be honoured by partial_fit, which does not see all "
                "examples; give a weight for each class."
            )
        first, given = not hasattr(self, "_carried"), (X, y, sample_weight)
        X, y = validate_data(self, X, y, reset=first, dtype=FLOATS, order="C")
        codes = self._codes(y, classes, first)
        weights = self._class_weights(y, weights_of(self, sample_weight, X), self.class_weight)
        targets = self._targets(codes, X.dtype)
        with self._heard(*given, most=0, name="partial_fit"):
            return self._name(self._continue(recipe, X, targets, [weights] * len(targets)))

    @available_if(tells_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Array:
        """The probability of each class (n, K); each class told from the rest, then divided by their sum."""
        scores = self.decision_function(X)
        if self.loss == "modified_huber":
            yes = (np.clip(scores, -1, 1) + 1) / 2
        else:
            yes = two_or_more(scores.ravel())[:, 1].reshape(scores.shape)
        if scores.ndim == 1:
            return np.column_stack([1 - yes, yes])
        total = yes.sum(axis=1, keepdims=True)
        return np.divide(yes, total, out=np.full_like(yes, 1 / yes.shape[1]), where=total > 0)

    @available_if(tells_probabilities)  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of each probability (n, K)."""
        with np.errstate(divide="ignore"):  # a probability may be zero
            return np.log(self.predict_proba(X))

    def _loss(self) -> Loss:
        check_threads(self)
        kind = check_choice(self, "loss", (*CLASSES, *NUMBERS))
        return CLASSES[kind] if kind in CLASSES else NUMBERS[kind](check_number(self, "epsilon"))

    def _codes(self, y: Array, classes: Any, first: bool) -> Array:
        """Which of all classes each target is."""
        if first and classes is None:
            raise DataError("SGDClassifier: the first partial_fit needs classes, all labels that there will be.")
        if first:
            self._labels(np.unique(classes))
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise DataError(f"SGDClassifier: classes are {classes!r}, but before they were {self.classes_!r}.")
        strange = ~np.isin(y, self.classes_)
        if strange.any():
            row = int(np.argmax(strange))
            raise DataError(f"SGDClassifier: y[{row}] is {y[row]!r}, which is not among classes.")
        return np.searchsorted(self.classes_, y)

    def _targets(self, codes: Array, dtype: Any) -> list[Array]:
        """For each problem of two classes, 0 and 1, or −1 and 1 for losses of quantities."""
        alone = [1] if len(self.classes_) == 2 else range(len(self.classes_))
        found = [(codes == each).astype(dtype) for each in alone]
        return found if self.loss in CLASSES else [2 * y - 1 for y in found]

    def _name(self, params: list[dict[str, Array]]) -> Self:
        self.coef_ = np.stack([each["w"] for each in params])
        self.intercept_ = np.array([float(each.get("b", 0.0)) for each in params])
        self.stderr_, self.intercept_stderr_ = np.full_like(self.coef_, np.nan), np.full_like(self.intercept_, np.nan)
        return self
