"""HuberRegressor: a few wild values do not bend the line. QuantileRegressor: a share of the values lies below it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np

from gradloop.examples import from_arrays
from gradloop.inference import Fit
from gradloop.losses import Loss
from gradloop.models import Model
from gradloop.penalties import l2
from gradloop.sklearn.callbacks import with_callbacks
from gradloop.sklearn.common import ORIGIN, LinearRegressor, as_given, feature_names, total_weight, trained
from gradloop.sklearn.losses import HuberWithScale, Pinball
from gradloop.sklearn.options import allow, check_choice, check_flags, check_number, check_whole
from gradloop.solvers.gauss_newton import GaussNewton
from gradloop.solvers.newton import Newton
from gradloop.stop import Stop

FLOOR = 1e-5  # of the scale, beside the spread of the targets: where a line meets most of them, the best scale is zero
LADDER = (1e-1, 1e-2, 1e-3, 1e-4, FLOOR)  # down to it, where one step is too far
Array = Any


def with_scale(x: Array, w: Array, b: Array) -> Array:
    """The weighted sum of the features, and the scale of the errors: exp(b[1]) above its floor, the last feature."""
    return np.stack([np.dot(x[:-1], w) + b[0], np.exp(b[1]) + x[-1]])


def with_scale_origin(x: Array, w: Array, b: Array) -> Array:
    """The same without an intercept."""
    return np.stack([np.dot(x[:-1], w), np.exp(b[0]) + x[-1]])


def start_with_scale(features: int, classes: int) -> dict[str, Array]:
    """Zeros, and a scale of one."""
    return {"w": np.zeros(features - 1), "b": np.zeros(2)}


def start_with_scale_origin(features: int, classes: int) -> dict[str, Array]:
    """Zeros, and a scale of one."""
    return {"w": np.zeros(features - 1), "b": np.zeros(1)}


SCALED = {
    True: Model("linear with scale", with_scale, start_with_scale, "squared", as_given),
    False: Model("linear(origin) with scale", with_scale_origin, start_with_scale_origin, "squared", as_given),
}


class HuberRegressor(LinearRegressor):
    """A line that outliers pull no harder than others do; what an outlier is, is found with the line.

        minimise  Σ (scale + scale · H((y − x · w − b) / scale)) + alpha · Σ w²
        H(z) = z²  where |z| ≤ epsilon,  2 epsilon |z| − epsilon²  elsewhere

    Args:
        epsilon: beyond how many scales an example is an outlier, from 1
        max_iter: iterations of Newton's method at most
        alpha: the strength of the penalty, from 0
        warm_start: begin at the parameters of the fit before
        fit_intercept: False keeps b at zero
        tol: how steep the objective may be at the end; the distance to the best goes with its square

    Attributes: coef_ (d,), intercept_, scale_, outliers_ (n,) of the training examples; certificate_, history_, and
    fit_ with all else; stderr_ (d,), which is NaN because no theory of these errors is offered.

    Raises: OptionError for an argument that cannot be honoured; ValueError for data that cannot be used. Warns with
    ConvergenceWarning where max_iter ran out.

    >>> X, y = np.arange(8.0).reshape(-1, 1), np.array([0.1, 0.9, 2.1, 2.9, 4.1, 5.1, 5.9, 70.0])
    >>> model = HuberRegressor(alpha=0.0).fit(X, y)
    >>> print(model.coef_.round(1), model.outliers_[-1])
    [1.] True

    Source: Owen, A robust hybrid of lasso and ridge regression, 2007.
    """

    def __init__(
        self, *, epsilon: float = 1.35, max_iter: int = 100, alpha: float = 0.0001, warm_start: bool = False,
        fit_intercept: bool = True, tol: float = 1e-5,
    ) -> None:  # fmt: skip
        self.epsilon = epsilon
        self.max_iter = max_iter
        self.alpha = alpha
        self.warm_start = warm_start
        self.fit_intercept = fit_intercept
        self.tol = tol

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Find the parameters for features X (n, d), targets y (n,), and how much each example counts (n,)."""
        check_flags(self, "warm_start", "fit_intercept")
        epsilon = check_number(self, "epsilon", 1.0)
        alpha, tolerance = check_number(self, "alpha"), min(check_number(self, "tol", above=True), 0.1) ** 2
        solver = Newton(tolerance=max(tolerance, 1e-15), iterations=check_whole(self, "max_iter"))
        given = X, y, sample_weight
        X, y, weights = self._data(X, y, sample_weight)
        penalty = l2(2 * alpha / total_weight(weights, X)) if alpha else None
        middle, spread = middle_and_spread(y if weights is None else y[weights > 0], self.fit_intercept)
        start = self._start(X.shape[1], middle, spread)
        loss = Loss("huber with scale", HuberWithScale(epsilon), "number", True, True)

        def fit_above(floor: float, start: dict[str, Array]) -> Fit:
            examples = from_arrays(
                with_column(X, floor), y, None, (), SCALED[self.fit_intercept], None, start, weights, 0.0, 0
            )
            listeners = self._listeners(
                lambda now: self._so_far(now, lambda twin, fit: twin._set_above(fit, floor, X, y))
            )
            return trained(replace(examples, loss=loss, names=names), solver, penalty, 0, None, listeners)

        names = (*feature_names(self, X), "floor of the scale")
        with self._heard(*given, most=None):  # how many fits there will be is not known
            fit = fit_above(FLOOR * spread, start)
            if fit.stop is Stop.STALLED:
                for floor in LADDER:
                    fit = fit_above(floor * spread, start)
                    start = fit.params
            return self._set_above(fit, FLOOR * spread, X, y)

    def _start(self, features: int, middle: float, spread: float) -> dict[str, Array]:
        """The fit before, or a level line with the spread of the targets for a scale."""
        w, scale = np.zeros(features), spread
        if self.warm_start and hasattr(self, "scale_") and len(self.coef_) == features:
            w, middle, scale = self.coef_, self.intercept_, self.scale_
        above = np.log(max(scale - FLOOR * spread, FLOOR * spread))
        return {"w": w, "b": np.array([middle, above] if self.fit_intercept else [above])}

    def _set_above(self, fit: Fit, floor: float, X: Array, y: Array) -> Self:
        self._keep(fit)
        b = fit.params["b"]
        self.coef_, self.scale_ = fit.params["w"], float(np.exp(b[-1])) + floor
        self.intercept_ = float(b[0]) if self.fit_intercept else 0.0
        self.stderr_, self.intercept_stderr_ = np.full(len(self.coef_), np.nan), float("nan")
        self.outliers_ = np.abs(y - X @ self.coef_ - self.intercept_) > self.scale_ * self.epsilon
        return self


def middle_and_spread(y: Array, intercept: bool) -> tuple[float, float]:
    """Where the targets lie, zero without an intercept, and how far from there."""
    middle = float(np.median(y)) if intercept and len(y) else 0.0
    errors = np.abs(y - middle)
    return middle, (float(np.median(errors)) or float(np.mean(errors)) or 1.0) if len(y) else 1.0


def with_column(X: Array, value: float) -> Array:
    """One more column, which holds one value."""
    return np.column_stack([X, np.full(len(X), value, X.dtype)])


class QuantileRegressor(LinearRegressor):
    """A line below which a given share of the targets lies, by exact linear programs.

        minimise  1/n Σ pinball(y − x · w − b) + alpha · Σ |w|,  pinball(e) = max(quantile · e, (quantile − 1) · e)

    The penalty is written as examples: a row e_j with target 0 and one −e_j together cost |w_j|, whatever the quantile.

    Args:
        quantile: the share, between 0 and 1
        alpha: the strength of the penalty, from 0
        fit_intercept: False keeps b at zero
        solver: "highs": linear programs by HiGHS
        solver_options: only None

    Attributes: coef_ (d,), intercept_; certificate_, history_, and fit_ with all else; stderr_ (d,), which is NaN
    because no theory of these errors is offered.

    Raises: OptionError for an argument that cannot be honoured; ValueError for data that cannot be used.

    >>> X, y = np.arange(5.0).reshape(-1, 1), np.array([0.0, 1.0, 2.0, 3.0, 40.0])
    >>> print(QuantileRegressor(alpha=0.0).fit(X, y).coef_.round(6))
    [1.]

    Source: Koenker and Bassett, Regression quantiles, 1978.
    """

    def __init__(
        self, *, quantile: float = 0.5, alpha: float = 1.0, fit_intercept: bool = True, solver: str = "highs",
        solver_options: Any = None,
    ) -> None:  # fmt: skip
        self.quantile = quantile
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.solver_options = solver_options

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Find the parameters for features X (n, d), targets y (n,), and how much each example counts (n,)."""
        check_flags(self, "fit_intercept")
        check_choice(self, "solver", ("highs", "highs-ds", "highs-ipm", "interior-point", "revised simplex"))
        allow(self, "solver", ("highs",), "the linear programs are solved by HiGHS as it sees fit; leave it out")
        allow(self, "solver_options", (None,), "the linear programs are made inside the search; leave it out")
        tau = check_number(self, "quantile", most=1.0, above=True)
        alpha, given = check_number(self, "alpha"), (X, y, sample_weight)
        X, y, weights = self._data(X, y, sample_weight)
        names, total = feature_names(self, X), total_weight(weights, X)
        weights = np.ones(len(X)) if weights is None else weights
        if self.fit_intercept:
            X, names = with_column(X, 1.0), (*names, "(intercept)")
        if alpha:
            rows = np.eye(self.n_features_in_, X.shape[1], dtype=X.dtype)
            X, y = np.vstack([X, rows, -rows]), np.concatenate([y, np.zeros(2 * len(rows))])
            weights = np.concatenate([weights, np.full(2 * len(rows), alpha * total)])
        loss = Loss("quantile", Pinball(tau), "number", True, False)
        with self._heard(*given, most=None):
            return self._set(self._train(X, y, weights, ORIGIN["linear"], loss=loss, solver=GaussNewton(), names=names))

    def _set(self, fit: Fit) -> Self:
        w, d = fit.params["w"], self.n_features_in_
        self.coef_, self.intercept_ = w[:d], float(w[d]) if self.fit_intercept else 0.0
        self.stderr_, self.intercept_stderr_ = np.full(d, np.nan), float("nan")
        return self
