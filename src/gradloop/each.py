"""One law fitted to each of many sets of measurements, such as the spectrum of every pixel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradloop.core.graph import Graph
from gradloop.core.spec import FLOAT64, Spec
from gradloop.data.arrays import check_features
from gradloop.errors import DataError, OptionError
from gradloop.examples import as_model, features_for
from gradloop.graphs import as_parameter, check_prediction, feature_names, trace_prediction
from gradloop.losses import LOSSES
from gradloop.models import Model
from gradloop.problem import predict_rows
from gradloop.solvers.nonlinear.each import Answers, Sets, inverses, solve_each
from gradloop.solvers.solution import check_limits
from gradloop.stop import Stop
from gradloop.text import number, table

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Fits:
    """What was found for each set of measurements; it prints as a table of the parameters' quartiles.

    Attributes:
        params: by name, (k, *shape)
        standard_errors: the same; not a number where the measurements do not determine a parameter
        loss: (k,), the weighted mean of (ŷ − y)² / 2
        gap: (k,), how far the loss may be above the nearest minimum, ½ gᵀ (Jᵀ w J)⁻¹ g, by the law's tangent
        stop: (k,), why the search ended, of `gradloop.Stop`; only where it is CONVERGED the gap is within the tolerance
        iterations: (k,)
    """

    model: Model
    params: Mapping[str, Array]
    standard_errors: Mapping[str, Array]
    loss: Array
    gap: Array
    stop: Array
    iterations: Array

    def __len__(self) -> int:
        return len(self.loss)

    @property
    def converged(self) -> Array:
        """(k,), whether the gap is within the tolerance."""
        return np.asarray(self.stop == Stop.CONVERGED)

    def predict(self, data: Any, which: int) -> Array:
        """The law of one set at other places: data as for `fit_each`, which from 0. Returns (m,)."""
        if not -len(self) <= which < len(self):
            raise OptionError(f"There is no set {which}; there are {len(self)}, counted from 0.")
        values = {name: found[which] for name, found in self.params.items()}
        found: Array = predict_rows(self.model, values, places(data, self.model, list(values))).reshape(-1)
        return found

    def __str__(self) -> str:
        heads = ("", "least", "lower quartile", "median", "upper quartile", "largest")
        lines = []
        for name, values in self.params.items():
            for index in np.ndindex(values.shape[1:]):
                label = f"{name}[{', '.join(map(str, index))}]" if index else name
                column = values[(slice(None), *index)][self.converged]
                shown = np.quantile(column, [0, 0.25, 0.5, 0.75, 1]) if column.size else np.full(5, np.nan)
                lines.append([label, *(number(value) for value in shown.tolist())])
        return "\n".join([table(heads, lines), *self.sentences()])

    def sentences(self) -> list[str]:
        """How many sets ended for which reason."""
        counts = Counter(self.stop.tolist()).most_common()
        said = [f"{count} of {len(self)} sets: {reason}" for reason, count in counts]
        unsure = sum(
            int(np.isnan(values).reshape(len(self), -1).any(axis=1).sum()) for values in self.standard_errors.values()
        )
        if unsure and len(self):
            said.append("Where a standard error is not a number, the measurements do not determine the parameter.")
        return said


def fit_each(
    data: Any,
    y: Any,
    *,
    model: str | Model | Callable[..., Any],
    start: Mapping[str, Any],
    weights: Any = None,
    missing: str = "error",
    tolerance: float = 1e-12,
    iterations: int = 100,
    engine: str = "native",
) -> Fits:
    """Fit a law to each of many sets of measurements that were made at the same places.

        params_k = argmin  Σ_i w_ik (ŷ(x_i, params_k) − y_ik)² / 2

    All sets are fitted at once by Levenberg's and Marquardt's method, from the given start only: where a set may have
    several minima, `gradloop.fit` with its several starts is the safer way for it.

    Args:
        data: (m,) or (m, d), the places that all sets share; or the columns of a law's arguments by name
        y: (k, m), a row of measurements for each set
        model: a law, as for `gradloop.fit`; its prediction is one number
        start: parameters by name: the same for all sets, or (k, *shape), one for each
        weights: (m,) or (k, m), from 0, how much each measurement counts; 1 / variance, say
        missing: "error", or "drop": measurements that are not numbers do not count
        tolerance: of the gap, as a share of the loss
        iterations: at most so many for each set
        engine: "native", or "numpy", which is slow

    Raises:
        DataError, ModelError, OptionError: a sentence saying what does not fit, where, and what to do.

    >>> def ohm(current, resistance):
    ...     return resistance * current
    >>> current = np.array([0.1, 0.2, 0.3])
    >>> fits = fit_each(current, [[1, 2, 3], [2, 4, 6.0]], model=ohm, start={"resistance": 1.0})
    >>> print(np.round(fits.params["resistance"], 6))
    [10. 20.]

    Source: Marquardt, An algorithm for least-squares estimation of nonlinear parameters, 1963.
    """
    check_limits(tolerance, iterations)
    if engine not in ("native", "numpy"):
        raise OptionError(f"There is no engine {engine!r}; choose native or numpy.")
    chosen = as_model(model, start)
    x = places(data, chosen, list(start))
    sets = measurements(x, y, weights, missing)
    first, shapes = starts(start, len(sets.y))
    prediction = law(chosen, x.shape[1], shapes)
    with np.errstate(all="ignore"):
        found = solve_each(prediction, list(start), sets, first, tolerance, iterations, engine)
        return answered(chosen, found, sets, shapes)


def answered(model: Model, found: Answers, sets: Sets, shapes: Mapping[str, tuple[int, ...]]) -> Fits:
    """The answers by name, with their errors and gaps."""
    ones = np.ones_like(sets.y) if sets.weights is None else sets.weights
    freedom = np.count_nonzero(ones, axis=1) - found.params.shape[1]
    inverse = inverses(found.curvature)
    variance = np.where(freedom > 0, 2 * found.loss / np.maximum(freedom, 1), np.nan)
    errors = np.sqrt(np.diagonal(inverse, axis1=1, axis2=2) * variance[:, None])
    total = ones.sum(axis=1)
    gap = np.einsum("ki,kij,kj->k", found.slope, inverse, found.slope) / 2 / total
    return Fits(
        model,
        by_name(found.params, shapes),
        by_name(errors, shapes),
        found.loss / total,
        gap,
        found.stop,
        found.iterations,
    )


def by_name(flat: Array, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """Columns (k, p) as arrays (k, *shape)."""
    found, begin = {}, 0
    for name, shape in shapes.items():
        size = int(np.prod(shape))
        found[name] = np.ascontiguousarray(flat[:, begin : begin + size].reshape(len(flat), *shape))
        begin += size
    return found


def places(data: Any, model: Model, params: list[str]) -> Array:
    """Where all sets were measured, (m, d), float64."""
    if isinstance(data, Mapping):
        names = feature_names(model, params)
        absent = [name for name in names if name not in data]
        if absent:
            raise DataError(f"The law needs {', '.join(absent)}, but the data have {', '.join(map(str, data))}.")
        data = np.column_stack([np.asarray(data[name], np.float64) for name in names])
    return np.ascontiguousarray(features_for(data, is_law=True), np.float64)


def measurements(x: Array, y: Any, weights: Any, missing: str) -> Sets:
    """Checked measurements and weights; missing ones weigh nothing."""
    if missing not in ("error", "drop"):
        raise OptionError(f"missing is {missing!r}; choose error or drop.")
    values = np.array(y, np.float64, ndmin=2, order="C")
    if values.ndim != 2 or values.shape[1] != len(x):
        raise DataError(
            f"y must have a row for each set and a column for each of {len(x)} places, but has shape {values.shape}."
        )
    given = None if weights is None else np.array(np.broadcast_to(checked_weights(weights), values.shape), order="C")
    absent = np.isnan(values) if missing == "drop" else np.zeros_like(values, bool)
    wrong = ~np.isfinite(values) & ~absent
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise DataError(
            f"y holds {values[row, column]} in set {row}, place {column}, and {int(wrong.sum())} such values in all; "
            'leave them out, or give missing="drop".'
        )
    if absent.any():
        given = np.where(absent, 0.0, 1.0 if given is None else given)
        values[absent] = 0.0
    if given is not None and not given.any(axis=1).all():
        raise DataError(f"In set {int(np.argmin(given.any(axis=1)))} no measurement counts; leave that set out.")
    return Sets(x, values, given)


def checked_weights(weights: Any) -> Array:
    found = check_features(np.array(weights, np.float64, ndmin=2))
    if (found < 0).any():
        row, column = np.argwhere(found < 0)[0]
        raise DataError(f"weights hold {found[row, column]} in row {row}, column {column}; a weight is 0 or more.")
    return found


def starts(start: Mapping[str, Any], count: int) -> tuple[Array, dict[str, tuple[int, ...]]]:
    """The parameters to begin with, (k, p), and the shape of each."""
    columns, shapes = [], {}
    for name, value in start.items():
        found = as_parameter(name, value, np.dtype(np.float64))
        each = found.ndim > 0 and len(found) == count
        shapes[name] = found.shape[1:] if each else found.shape
        columns.append(np.broadcast_to(found if each else found[None], (count, *shapes[name])).reshape(count, -1))
    return np.ascontiguousarray(np.concatenate(columns, axis=1)), shapes


def law(model: Model, width: int, shapes: Mapping[str, tuple[int, ...]]) -> Graph:
    """The prediction as a graph (row, *parameters)."""
    specs = tuple((name, Spec(shape, FLOAT64)) for name, shape in shapes.items())
    prediction = trace_prediction(model, Spec((width,), FLOAT64), specs)
    check_prediction(prediction, model, LOSSES["squared"])
    return prediction
