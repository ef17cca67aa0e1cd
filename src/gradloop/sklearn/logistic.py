"""LogisticRegression, of two classes and of many."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.utils.validation import validate_data

from gradloop.errors import OptionError
from gradloop.inference import Fit
from gradloop.penalties import Penalty
from gradloop.sklearn.callbacks import with_callbacks
from gradloop.sklearn.common import (
    FLOATS,
    LinearClassifier,
    errors_by_name,
    model_with,
    penalty_of,
    printing,
    total_weight,
    two_or_more,
    weights_of,
)
from gradloop.sklearn.options import (
    allow,
    check_choice,
    check_flags,
    check_number,
    check_threads,
    check_whole,
)
from gradloop.sklearn.stopping import Watch, Watched, level
from gradloop.solvers.auto import Solver
from gradloop.solvers.gradient_descent import GradientDescent
from gradloop.solvers.lbfgs import LBFGS
from gradloop.solvers.newton import Newton

SOLVERS = ("lbfgs", "newton-cg", "newton-cholesky", "saga")
Array = Any


class LogisticRegression(LinearClassifier):
    """Logistic regression for two classes, softmax regression for more.

        minimise  C · Σ −log p(y | x) + l1_ratio · Σ |w| + (1 − l1_ratio) / 2 · Σ w²

    Args:
        penalty: left out, as scikit-learn 1.9 wants it; or "l2", "l1", "elasticnet" or None, as before
        C: how much the examples count beside the penalty, above 0; infinite for none
        l1_ratio: the share of the absolute values in the penalty, from 0 to 1; above 0 the solver must be "saga"
        dual: only False
        tol: how steep the objective may be at the end; the distance to the best goes with its square
        fit_intercept: False keeps the intercepts at zero
        intercept_scaling: only 1
        class_weight: None, "balanced", or a weight for each class by its label
        random_state: nothing is random, so any is honoured
        solver: "lbfgs"; "newton-cg" and "newton-cholesky", which both are Newton's method; "saga", in whose place
            stands accelerated proximal gradient descent, on all rows at a time, to the same answer
        max_iter: iterations at most
        verbose: above 0 prints a line for each iteration
        warm_start: begin at the parameters of the fit before
        n_jobs: None or -1: a fit uses as many threads as pay

    Attributes: classes_ (K,); coef_ (K, d), intercept_ (K,), with one row for two classes; their standard errors
    stderr_ and intercept_stderr_, NaN under a penalty; certificate_, history_, and fit_ with all else.

    Raises: OptionError for an argument that cannot be honoured; ValueError for data that cannot be used. Warns with
    ConvergenceWarning where max_iter ran out, or classes are separable and there is no penalty.

    >>> model = LogisticRegression(C=1.0).fit([[-1.0], [0.0], [1.0], [2.0]], ["no", "no", "yes", "yes"])
    >>> print(model.predict([[-3.0], [3.0]]))
    ['no' 'yes']

    Source: Cox, The regression analysis of binary sequences, 1958.
    """

    def __init__(
        self, penalty: str | None = "deprecated", *, C: float = 1.0, l1_ratio: float = 0.0, dual: bool = False,
        tol: float = 1e-4, fit_intercept: bool = True, intercept_scaling: float = 1, class_weight: Any = None,
        random_state: Any = None, solver: str = "lbfgs", max_iter: int = 100, verbose: int = 0,
        warm_start: bool = False, n_jobs: int | None = None,
    ) -> None:  # fmt: skip
        self.penalty = penalty
        self.C = C
        self.l1_ratio = l1_ratio
        self.dual = dual
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.random_state = random_state
        self.solver = solver
        self.max_iter = max_iter
        self.verbose = verbose
        self.warm_start = warm_start
        self.n_jobs = n_jobs

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Find the parameters for features X (n, d), labels y (n,), and how much each example counts (n,)."""
        solver, given = self._solver(), (X, y, sample_weight)
        X, y = validate_data(self, X, y, dtype=FLOATS, order="C")
        before = getattr(self, "classes_", None)
        codes = self._labels(y)
        weights = self._class_weights(y, weights_of(self, sample_weight, X), self.class_weight)
        start = self._start(X, before) if self.warm_start and hasattr(self, "coef_") else None
        model = model_with("logistic" if len(self.classes_) <= 2 else "softmax", self.fit_intercept)
        penalty = self._penalty(total_weight(weights, X))
        with self._heard(*given, most=int(self.max_iter)):
            fit = self._train(
                X, codes, weights, model, penalty=penalty, solver=solver, start=start, progress=printing(self.verbose)
            )
            return self._set(fit)

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class (n, K), in the order of classes_."""
        return two_or_more(self.decision_function(X))

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of each probability (n, K)."""
        with np.errstate(divide="ignore"):  # a probability may be zero to rounding
            return np.log(self.predict_proba(X))

    def _solver(self) -> Solver:
        """The solver, once it is sure that the arguments can be honoured."""
        check_flags(self, "fit_intercept", "warm_start")
        check_threads(self)
        check_whole(self, "verbose", 0)
        allow(self, "dual", (False,), "only the primal problem is solved; leave it out")
        allow(self, "intercept_scaling", (1, 1.0), "intercepts are never penalised; leave it out")
        share = self._l1_share()
        chosen = check_choice(self, "solver", (*SOLVERS, "liblinear", "sag", "newton-cg"))
        allow(
            self, "solver", SOLVERS,
            "there are L-BFGS, Newton's method, and proximal gradient descent ('saga'); leave it out",
        )  # fmt: skip
        if share and chosen != "saga":
            raise OptionError(
                f"LogisticRegression: solver={chosen!r} cannot follow the kinks of absolute values; choose 'saga'."
            )
        tolerance = max(min(check_number(self, "tol", above=True), 0.1) ** 2, 1e-15)
        methods: dict[str, type[Any]] = {"lbfgs": LBFGS, "saga": GradientDescent}
        solver: Solver = methods.get(chosen, Newton)(tolerance=tolerance, iterations=check_whole(self, "max_iter"))
        return (
            Watched(solver, Watch(level(float(self.tol)))) if share else solver
        )  # no gap is known under absolute values

    def _l1_share(self) -> float:
        """The share of absolute values, from penalty where it is given, else from l1_ratio."""
        share = check_number(self, "l1_ratio", most=1.0)
        known = check_choice(self, "penalty", ("deprecated", "l2", "l1", "elasticnet", None))
        return {"l2": 0.0, "l1": 1.0, None: 0.0}.get(known, share)

    def _penalty(self, total: float) -> Penalty | None:
        strength, share = 1 / (check_number(self, "C", above=True, infinite=True) * total), self._l1_share()
        return None if self.penalty is None else penalty_of(strength * share, strength * (1 - share))

    def _start(self, X: Array, classes: Array) -> dict[str, Array] | None:
        """The parameters of the fit before, if they are of the same shape."""
        if not np.array_equal(classes, self.classes_) or self.coef_.shape[1] != X.shape[1]:
            return None
        single = len(self.coef_) == 1
        w, b = (self.coef_[0], self.intercept_[0]) if single else (self.coef_.T, self.intercept_)
        return {"w": w, "b": b} if self.fit_intercept else {"w": w}

    def _set(self, fit: Fit) -> Self:
        """Parameters and errors with one row per class, or a single one for two classes."""
        errors = errors_by_name(fit)
        self.coef_, self.stderr_ = np.atleast_2d(fit.params["w"].T), np.atleast_2d(errors["w"].T)
        none = np.zeros(len(self.coef_))
        self.intercept_ = np.atleast_1d(fit.params.get("b", none))
        if len(self.coef_) > 1:  # what is the same for all classes changes no probability
            self.intercept_ = self.intercept_ - self.intercept_.mean()
            if self.fit_.course is not None and self.fit_.course.penalty is None:
                self.coef_ = self.coef_ - self.coef_.mean(axis=0)
        self.intercept_stderr_ = np.atleast_1d(errors.get("b", none))
        self.n_iter_ = np.array([len(fit.history)])
        return self
