"""Least squares: LinearRegression, Ridge, Lasso, ElasticNet."""

from __future__ import annotations

from typing import Any, Self

from gradloop.penalties import Penalty
from gradloop.sklearn.callbacks import with_callbacks
from gradloop.sklearn.common import LinearRegressor, model_with, penalty_of, total_weight
from gradloop.sklearn.options import allow, check_choice, check_flags, check_number, check_threads, check_whole
from gradloop.solvers.auto import Solver
from gradloop.solvers.closed_form import ClosedForm
from gradloop.solvers.coordinate_descent import CoordinateDescent

NO_SIGNS = "gradloop has no bounds on linear parameters; leave positive out, or use sklearn.linear_model for this"


class LeastSquares(LinearRegressor):
    """What the four have in common."""

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Find the parameters for features X (n, d), targets y (n,), and how much each example counts (n,)."""
        check_flags(self, "fit_intercept", "copy_X")
        allow(self, "positive", (False,), NO_SIGNS)
        solver, given = self._solver(), (X, y, sample_weight)
        X, y, weights = self._data(X, y, sample_weight)
        penalty, model = self._penalty(total_weight(weights, X)), model_with("linear", self.fit_intercept)
        with self._heard(*given, most=getattr(solver, "sweeps", 0)):
            return self._set(self._train(X, y, weights, model, penalty=penalty, solver=solver))

    def _solver(self) -> Solver:
        """The solver, once it is sure that the arguments can be honoured."""
        raise NotImplementedError

    def _penalty(self, total: float) -> Penalty | None:
        """The penalty beside the mean of the losses, where the weights add up to `total`."""
        raise NotImplementedError


class LinearRegression(LeastSquares):
    """Least squares in closed form, exact to rounding.

        minimise  Σ (y − x · w − b)²

    Args:
        fit_intercept: False keeps b at zero
        copy_X: X is never changed, so either value is honoured
        tol: a number from 0; the closed form is exact to rounding, below any tolerance
        n_jobs: None or -1: a fit uses as many threads as pay
        positive: only False

    Attributes: coef_ (d,), intercept_, their standard errors stderr_ (d,) and intercept_stderr_ (NaN where rows tell
    nothing of them), certificate_, history_, and fit_ with all else. Where columns are combinations of others, the
    shortest of the best parameters is taken for columns of length one, so that units do not matter; a note of fit_
    names the columns.

    Raises: OptionError for an argument that cannot be honoured; ValueError for data that cannot be used.

    >>> line = LinearRegression().fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 6.0])
    >>> print(line.coef_.round(3), line.stderr_.round(3))
    [2.5] [0.289]

    Source: Gauss, Theory of the motion of the heavenly bodies, 1809.
    """

    def __init__(
        self, *, fit_intercept: bool = True, copy_X: bool = True, tol: float = 1e-6, n_jobs: int | None = None,
        positive: bool = False,
    ) -> None:  # fmt: skip
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.tol = tol
        self.n_jobs = n_jobs
        self.positive = positive

    def _solver(self) -> Solver:
        check_number(self, "tol")
        check_threads(self)
        return ClosedForm()

    def _penalty(self, total: float) -> Penalty | None:
        return None


class Ridge(LeastSquares):
    """Least squares with a penalty on squares, in closed form, exact to rounding.

        minimise  Σ (y − x · w − b)² + alpha · Σ w²

    Args:
        alpha: the strength, a number from 0, beside the sum (not the mean) over the examples
        fit_intercept: False keeps b at zero
        copy_X: X is never changed, so either value is honoured
        max_iter: only None: nothing is iterated
        tol: a number from 0; the closed form is exact to rounding, below any tolerance
        solver: "auto", "svd" or "cholesky", which all name a closed form
        positive: only False
        random_state: nothing is random, so any is honoured

    Attributes and Raises: those of `LinearRegression`; under a penalty standard errors are NaN.

    >>> print(Ridge(alpha=1.0).fit([[-1.0], [0.0], [1.0]], [-3.0, 0.0, 3.0]).coef_)
    [2.]

    Source: Hoerl and Kennard, Ridge regression, 1970.
    """

    def __init__(
        self, alpha: float = 1.0, *, fit_intercept: bool = True, copy_X: bool = True, max_iter: int | None = None,
        tol: float = 1e-4, solver: str = "auto", positive: bool = False, random_state: Any = None,
    ) -> None:  # fmt: skip
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    def _solver(self) -> Solver:
        check_number(self, "tol")
        allow(self, "max_iter", (None,), "Ridge is solved in closed form, without iterations; leave max_iter out")
        allow(
            self, "solver", ("auto", "svd", "cholesky"),
            "Ridge is solved in closed form, to the same answer; leave solver out",
        )  # fmt: skip
        return ClosedForm()

    def _penalty(self, total: float) -> Penalty | None:
        return penalty_of(0.0, check_number(self, "alpha") / total)


class ElasticNet(LeastSquares):
    """Least squares with a penalty on absolute values and squares, by coordinate descent.

        minimise  1/(2n) Σ (y − x · w − b)² + alpha · l1_ratio · Σ |w| + alpha · (1 − l1_ratio) / 2 · Σ w²

    Args:
        alpha: the strength, a number from 0
        l1_ratio: the share of the absolute values, from 0 to 1
        fit_intercept: False keeps b at zero
        precompute: only False: the rows are reduced to a triangle, whose size does not depend on their number
        max_iter: sweeps over the parameters at most
        copy_X: X is never changed, so either value is honoured
        tol: the duality gap at the end, a bound on the distance to the best, as a share of the objective
        warm_start: only False
        positive: only False
        random_state: nothing is random, so any is honoured
        selection: only "cyclic"

    Attributes and Raises: those of `LinearRegression`, and dual_gap_, the bound at the end; under a penalty standard
    errors are NaN.

    >>> print(ElasticNet(alpha=1.0).fit([[-1.0], [1.0]], [-3.0, 3.0]).coef_.round(6))
    [1.666667]

    Source: Zou and Hastie, Regularization and variable selection via the elastic net, 2005.
    """

    def __init__(
        self, alpha: float = 1.0, *, l1_ratio: float = 0.5, fit_intercept: bool = True, precompute: bool = False,
        max_iter: int = 1000, copy_X: bool = True, tol: float = 1e-4, warm_start: bool = False, positive: bool = False,
        random_state: Any = None, selection: str = "cyclic",
    ) -> None:  # fmt: skip
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.copy_X = copy_X
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection

    def _solver(self) -> Solver:
        allow(self, "precompute", (False,), "the rows are always reduced to a triangle first; leave it out")
        allow(self, "warm_start", (False,), "every fit begins anew and comes to the same answer; leave it out")
        check_choice(self, "selection", ("cyclic", "random"))
        allow(self, "selection", ("cyclic",), "parameters are gone through in order, to the same answer; leave it out")
        return CoordinateDescent(
            tolerance=check_number(self, "tol", most=0.5, above=True), sweeps=check_whole(self, "max_iter")
        )

    def _penalty(self, total: float) -> Penalty | None:
        alpha, share = check_number(self, "alpha"), check_number(self, "l1_ratio", most=1.0)
        return penalty_of(alpha * share, alpha * (1 - share))

    @property
    def dual_gap_(self) -> float:
        """The bound on the distance to the best."""
        return self.certificate_.value


class Lasso(ElasticNet):
    """Least squares with a penalty on absolute values, which makes parameters that hardly help exactly zero.

        minimise  1/(2n) Σ (y − x · w − b)² + alpha · Σ |w|

    Args: those of `ElasticNet`, without l1_ratio.

    Attributes and Raises: those of `ElasticNet`.

    >>> print(Lasso(alpha=1.0).fit([[-1.0], [1.0]], [-3.0, 3.0]).coef_.round(6))
    [2.]

    Source: Tibshirani, Regression shrinkage and selection via the lasso, 1996.
    """

    l1_ratio: float = 1.0

    def __init__(
        self, alpha: float = 1.0, *, fit_intercept: bool = True, precompute: bool = False, copy_X: bool = True,
        max_iter: int = 1000, tol: float = 1e-4, warm_start: bool = False, positive: bool = False,
        random_state: Any = None, selection: str = "cyclic",
    ) -> None:  # fmt: skip
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
