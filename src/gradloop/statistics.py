"""How sure the parameters are: standard errors, intervals, t and p values, R², and what the data do not tell.

Least squares:      covariance = σ² (AᵀA)⁻¹, with σ² = Σ weight · residual² / degrees of freedom
Robust (sandwich):  covariance = (AᵀA)⁻¹ (Σ kᵢ rᵢ² aᵢ aᵢᵀ) (AᵀA)⁻¹, for errors whose size differs between rows
Other likelihoods:  covariance = H⁻¹, with H the second derivative of the sum of the losses

Sources: Seber and Lee, Linear regression analysis, 2003; MacKinnon and White, Some heteroskedasticity-consistent
covariance matrix estimators, 1985; Efron and Hinkley, 1978, for the observed information.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from gradloop.errors import OptionError
from gradloop.solvers.linear.blocks import Rows, present
from gradloop.solvers.linear.least_squares import Answer
from gradloop.solvers.linear.refinement import block_residuals
from gradloop.solvers.linear.system import triangular
from gradloop.solvers.nonlinear.residuals import column_norms
from gradloop.students_t import quantile, tail

Array = Any
ERRORS = ("classical", "HC0", "HC1", "HC2", "HC3")
INVERSE = "inverse Hessian"  # the kind of errors of a likelihood
NOT_IDENTIFIED = "not identified"
COLUMNS = ("name", "estimate", "standard_error", "lower", "upper", "statistic", "p_value")
NUMBERS = (
    "level", "degrees_of_freedom", "residual_standard_deviation", "r_squared", "adjusted_r_squared", "condition"
)  # fmt: skip
REST = ("identified", "kind", "rows", "notes")
SMALL = 1e-8  # a share in a combination of columns that leaves a parameter identified
LARGEST_CONDITION = 1e12  # of a Hessian with ones on its diagonal, beyond which a direction is flat


@dataclass(frozen=True, eq=False)
class Statistics:
    """What can be said of parameters as estimates. What cannot be said is NaN, and ``notes`` tell why.

    >>> line = Statistics(("w",), np.array([2.0]), np.array([0.5]), np.array([1.0]), np.array([3.0]), np.array([4.0]),
    ...                   np.array([0.03]), np.array([True]), "classical", 0.95, rows=5, degrees_of_freedom=4.0)
    >>> line["standard_error"].tolist(), line.to_dict()["degrees_of_freedom"]
    ([0.5], 4.0)
    """

    name: tuple[str, ...]
    estimate: Array
    standard_error: Array
    lower: Array
    upper: Array
    statistic: Array  # the estimate divided by its standard error
    p_value: Array  # of an estimate at least so far from zero, were the parameter zero
    identified: Array
    kind: str  # classical, HC0 … HC3, or inverse Hessian
    level: float  # of the intervals
    rows: int
    degrees_of_freedom: float  # infinite for the normal distribution
    residual_standard_deviation: float = float("nan")
    r_squared: float = float("nan")
    adjusted_r_squared: float = float("nan")
    condition: float = float("nan")  # of the columns after centring and scaling
    notes: tuple[str, ...] = ()
    root: Array | None = None  # (p, k) rows whose products are the covariances; zeros for what others determine

    def __getitem__(self, column: str) -> Array:
        if column not in COLUMNS:
            raise OptionError(f"There is no column {column!r}; choose one of {', '.join(COLUMNS)}.")
        return np.array(self.name) if column == "name" else getattr(self, column)

    def to_dict(self) -> dict[str, Any]:
        """Everything as lists and numbers that JSON can hold: what cannot be said is None."""
        table = {name: listed(self[name]) for name in COLUMNS}
        single = {name: listed([float(getattr(self, name))])[0] for name in NUMBERS}
        rest = {"identified": self.identified.tolist(), "kind": self.kind, "rows": self.rows, "notes": [*self.notes]}
        return table | single | rest

    @classmethod
    def from_dict(cls, document: Any, root: Array | None = None) -> Statistics:
        """Back from plain data, believing none of it; ValueError for what `to_dict` would not have written.

        Args: root, which is an array and stands beside the plain data.
        """
        if not isinstance(document, dict) or document.keys() != {*COLUMNS, *NUMBERS, *REST}:
            raise ValueError("these are no statistics")
        size = len(document["name"])
        columns = {name: numbers_or_nan(document[name], size) for name in COLUMNS[1:]}
        single = {name: float(numbers_or_nan([document[name]], 1)[0]) for name in NUMBERS}
        if np.isnan(single["degrees_of_freedom"]):
            single["degrees_of_freedom"] = float("inf")
        known, rows, kind = document["identified"], document["rows"], document["kind"]
        texts = [*document["name"], *document["notes"], kind]
        if not all(type(text) is str for text in texts) or type(rows) is not int:
            raise ValueError("these are no statistics")
        if len(known) != size or not all(type(flag) is bool for flag in known):
            raise ValueError("these are no statistics")
        if root is not None and not (root.ndim == 2 and len(root) == size and np.isfinite(root).all()):
            raise ValueError("these are no statistics")
        return cls(
            tuple(document["name"]), identified=np.array(known, bool), kind=kind, rows=rows,
            notes=tuple(document["notes"]), root=root, **columns, **single,
        )  # fmt: skip

    def in_order(self, places: Sequence[int]) -> Statistics:
        """The same with the parameters in another order."""
        columns = {name: getattr(self, name)[list(places)] for name in (*COLUMNS[1:], "identified")}
        root = None if self.root is None else self.root[list(places)]
        return replace(self, name=tuple(self.name[i] for i in places), root=root, **columns)


def numbers_or_nan(values: Any, size: int) -> Array:
    """A list of numbers in which None is what could not be said."""
    if not isinstance(values, list) or len(values) != size:
        raise ValueError("these are no statistics")
    if not all(value is None or type(value) is float for value in values):
        raise ValueError("these are no statistics")
    return np.array([np.nan if value is None else value for value in values], np.float64)


def listed(values: Any) -> list[Any]:
    return [None if isinstance(v, float) and not np.isfinite(v) else v for v in np.asarray(values).tolist()]


def least_squares_statistics(
    answer: Answer,
    names: Sequence[str],
    *,
    errors: str = "classical",
    level: float = 0.95,
    rows: Rows | None = None,
    units: tuple[Array, Array] | None = None,
) -> Statistics:
    """Standard errors and the rest for the slopes and, last, the intercept if there is one.

    Args:
        names: of the slopes, in the columns' order, and of the intercept
        errors: "classical", or "HC0" to "HC3" for errors that differ in size from row to row
        level: of the confidence intervals, between 0 and 1
        rows: the rows again, as in `LeastSquares.solve`; needed for HC errors
        units: centre and scale of other columns, x · scale + centre, whose parameters these are to be; there are
            then an intercept and no columns that depend on others

    Raises: OptionError for a level or a kind of errors that does not exist, or HC errors without rows.
    """
    check_options(errors, level, rows)
    check_names(names, len(answer.slopes) + int(answer.system.intercept))
    system = answer.system
    count = answer.rank + int(system.intercept)
    freedom = answer.rows - count
    penalised = bool(system.curvature.any())
    estimate = np.append(answer.slopes, [answer.intercept] * int(system.intercept))
    known = identified(answer)
    spread = np.full(len(estimate), np.nan)
    root = None
    deviation = answer.residual_norm / np.sqrt(freedom) if freedom > 0 else float("nan")
    if freedom > 0 and not penalised:
        found = classical(answer, deviation) if errors == "classical" else sandwich(answer, errors, rows)
        places = np.append(system.kept, [len(answer.slopes)] * int(system.intercept)).astype(int)
        root = np.zeros((len(estimate), found.shape[1]))
        root[places] = found
        root = root if units is None else of_other_columns(root, *units)
        spread[known] = column_norms(root[known].T)
    estimate = estimate if units is None else of_other_columns(estimate, *units)
    total, left = answer.total_norm, answer.residual_norm
    share = 1 - (left / total) ** 2 if total > 0 else float("nan")
    outer = answer.rows - int(system.intercept)
    return with_tests(
        names, estimate, spread, known, errors, level, answer.rows, float(freedom),
        residual_standard_deviation=float(deviation),
        r_squared=float(share),
        adjusted_r_squared=float(1 - (1 - share) * outer / freedom) if freedom > 0 else float("nan"),
        condition=answer.condition,
        notes=tuple(notes(answer, freedom, penalised, known, names)),
        root=root,
    )  # fmt: skip


def likelihood_statistics(
    hessian: Array, estimate: Array, names: Sequence[str], *, rows: int, level: float = 0.95
) -> Statistics:
    """Standard errors from the curvature of a smooth negative log-likelihood at its minimum.

    Args:
        hessian: (p, p) second derivative of the SUM of the losses over the rows (not their mean)
        estimate: (p,) the parameters

    Raises: OptionError for shapes that do not fit, or a level outside (0, 1).
    """
    check_options("classical", level, None)
    H, estimate = np.asarray(hessian, np.float64), np.asarray(estimate, np.float64)
    check_names(names, len(estimate))
    if H.shape != (len(estimate), len(estimate)):
        raise OptionError(f"{len(estimate)} parameters need a square Hessian of as many rows, not {H.shape}.")
    bent = H.diagonal()
    unit = np.divide(1, np.sqrt(np.abs(bent)), out=np.zeros_like(bent), where=bent > 0)
    curvatures, directions = np.linalg.eigh(unit[:, None] * (H + H.T) / 2 * unit)
    flat = curvatures <= max(float(curvatures[-1]), 0.0) / LARGEST_CONDITION
    known = (np.abs(directions[:, flat]) <= SMALL).all(axis=1) & (bent > 0)
    spread = np.full(len(estimate), np.nan)
    root = unit[:, None] * directions[:, ~flat] / np.sqrt(curvatures[~flat])
    spread[known] = column_norms(root[known].T)
    lost = [name for name, sure in zip(names, known, strict=True) if not sure]
    told = [f"{NOT_IDENTIFIED}: {shortly(lost)}, because the likelihood is flat along them."] if lost else []
    condition = float(curvatures[-1] / curvatures[0]) if curvatures[0] > 0 else float("inf")
    infinite = float("inf")
    return with_tests(
        names, estimate, spread, known, INVERSE, level, rows, infinite, condition=condition, notes=tuple(told),
        root=root,
    )  # fmt: skip


# ---- parts ---------------------------------------------------------------------------------------------------


def check_options(errors: str, level: float, rows: Rows | None) -> None:
    if errors not in ERRORS:
        raise OptionError(f"There are no {errors!r} errors; choose one of {', '.join(ERRORS)}.")
    if not 0 < level < 1:
        raise OptionError(f"level is {level}, but an interval's level lies between 0 and 1; try 0.95.")
    if errors != "classical" and rows is None:
        raise OptionError(f"{errors} errors need the residual of every row: give rows.")


def check_names(names: Sequence[str], parameters: int) -> None:
    if len(names) != parameters:
        raise OptionError(f"There are {parameters} parameters, but {len(names)} names.")


def identified(answer: Answer) -> Array:
    """Which parameters the data tell from the others: those that no combination of zero columns contains.

    A constant column is set aside and leaves the intercept what it is.
    """
    system = answer.system
    known = np.ones(len(answer.slopes) + int(system.intercept), bool)
    for group in answer.groups:
        known[list(group)] = False
        if len(group) > 1 and system.intercept:
            j, shift = group[-1], np.ldexp(system.shift[:-1], system.exponents[:-1])
            widths = np.ldexp(system.lengths, system.exponents[:-1])
            mixed = system.shares[:, j] * widths[j] / widths[system.kept]
            change = shift[j] - mixed @ shift[system.kept]
            known[-1] &= abs(change) <= SMALL * (abs(shift[j]) + np.abs(mixed) @ np.abs(shift[system.kept]))
    return known


def classical(answer: Answer, deviation: float) -> Array:
    """The root of the covariance of the kept slopes and the intercept."""
    return in_units(answer, answer.system.inverse) * deviation


def in_units(answer: Answer, root: Array) -> Array:
    """Rows from one over the system's units of columns to one over those of the data; the intercept has none."""
    exponents = answer.system.exponents[answer.system.kept]
    return np.ldexp(root, -np.append(exponents, np.zeros(int(answer.system.intercept), int))[:, None])


@np.errstate(over="ignore", invalid="ignore")
def of_other_columns(found: Array, center: Array, scale: Array) -> Array:
    """What stands for slopes and, last, the intercept, for columns x · scale + center instead of x."""
    slopes = (found[:-1].T / scale).T
    return np.append(slopes, [found[-1] - center @ slopes], axis=0)


def sandwich(answer: Answer, errors: str, rows: Any) -> Array:
    """The root of the covariance that holds where the errors' size differs from row to row.

    With Q = A factor⁻¹, whose rows have the leverages as squared lengths, the covariance is C (Σ kᵢ rᵢ² qᵢ qᵢᵀ) Cᵀ.
    """
    system = answer.system
    size = len(system.factor)
    middle = np.zeros((size, size))
    for part in rows(partial(block_middle, answer, errors)):
        middle += part
    if errors == "HC1":
        middle *= answer.rows / (answer.rows - size)
    sizes, directions = np.linalg.eigh(middle)
    root = system.inverse @ (directions * np.sqrt(np.maximum(sizes, 0)))
    return in_units(answer, np.ldexp(root, int(system.exponents[-1])))


def block_middle(answer: Answer, errors: str, A: Array, y: Array, weights: Array | None) -> Array:
    """Σ kᵢ rᵢ² qᵢ qᵢᵀ for a block, with the target in the system's units."""
    columns, residual = block_residuals(answer.system, *present(A, y, weights))
    rows = triangular(answer.system.factor, columns.T, transposed=True).T
    leverage = np.sum(rows**2, axis=1)
    power = {"HC2": 1, "HC3": 2}.get(errors, 0)
    scaled = rows * (residual / np.maximum(1 - leverage, 1e-300) ** (power / 2))[:, None]
    return scaled.T @ scaled


def with_tests(
    names: Sequence[str], estimate: Array, spread: Array, known: Array, kind: str, level: float, rows: int,
    freedom: float, **rest: Any,
) -> Statistics:  # fmt: skip
    """Intervals and tests by Student's t, which is the normal distribution where freedom is infinite."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        statistic = estimate / spread
        away = reach(freedom, level) * spread
    p_value = 2 * tail(max(freedom, 1.0), np.abs(statistic))
    return Statistics(
        tuple(names), estimate, spread, estimate - away, estimate + away, statistic, p_value, known, kind, level,
        rows, freedom, **rest,
    )  # fmt: skip


def reach(freedom: float, level: float) -> float:
    """How many standard errors an interval reaches to each side, by Student's t."""
    return quantile(max(freedom, 1.0), (1 - level) / 2)


def shortly(names: list[str], most: int = 10) -> str:
    """The first of the names, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def notes(answer: Answer, freedom: int, penalised: bool, known: Array, names: Sequence[str]) -> list[str]:
    """Why something is missing."""
    found = []
    lost = [name for name, sure in zip(names, known, strict=True) if not sure]
    if lost:
        found.append(f"{NOT_IDENTIFIED}: {shortly(lost)}, because their columns are combinations of others.")
    if freedom <= 0:
        found.append(f"{answer.rows} rows leave no degrees of freedom, so there are no standard errors.")
    if penalised:
        found.append("A penalty pulls the parameters towards zero, so there are no standard errors.")
    return found
