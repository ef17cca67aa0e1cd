"""Intervals about predictions, from what is known of the parameters' errors.

    variance of a prediction = gᵀ C g,   g = ∂y_hat/∂params,   C = the covariance of the parameters
    variance of a new value  = gᵀ C g + σ²

For logistic regression the interval is that of the score, carried over to the probability, so that it stays within 0
and 1. For a law that is not a straight line in its parameters, g is that of its tangent.

Sources: Seber and Lee, Linear regression analysis, 2003, chapter 5; Bates and Watts, Nonlinear regression analysis and
its applications, 1988, section 2.
"""

from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from gradloop.errors import OptionError
from gradloop.models import MODELS, linear
from gradloop.problem import predict_rows, slopes_of_rows
from gradloop.result import Result
from gradloop.statistics import INVERSE, Statistics, reach

ROWS = 4096  # that are worked on at a time: their slopes are as many columns as there are parameters

Array = NDArray[Any]


def intervals(fit: Result, features: Array, level: float) -> dict[str, Array]:
    """The ends of the intervals for rows of features (n, d), as training saw them, by name, (n,) each.

    "lower" and "upper" for a new value, or for the probability of the second class; "mean lower" and "mean upper" for
    the mean of all values in such a place.

    Raises: OptionError for a level that is none, and for a fit whose errors are not known.
    """
    check_level(level)
    known = known_errors(fit)
    assert known.root is not None
    probability = known.kind == INVERSE and fit.loss.name == "logistic"
    model = fit.model._replace(predict=linear) if probability else fit.model
    parts = [_part(fit, model, known.root, rows) for rows in _blocks(_in_own_units(fit, features))]
    y_hat, spread = (np.concatenate(part) for part in zip(*parts, strict=True))
    wide = reach(known.degrees_of_freedom, level)
    if probability:
        return {"lower": _logistic(y_hat - wide * spread), "upper": _logistic(y_hat + wide * spread)}
    found = {"mean lower": y_hat - wide * spread, "mean upper": y_hat + wide * spread}
    if known.kind != "classical":
        return found
    new = np.hypot(spread, known.residual_standard_deviation)
    return {"lower": y_hat - wide * new, "upper": y_hat + wide * new} | found


def check_level(level: float) -> None:
    """Raises OptionError unless a level is a probability."""
    if not 0 < level < 1:
        raise OptionError(f"The level of an interval is {level}, but it lies between 0 and 1; try 0.95.")


def known_errors(fit: Result) -> Statistics:
    """What is known of the parameters' errors.

    Raises: OptionError where nothing is.
    """
    if fit.loss.target == "label":
        _refuse("it has a probability for each of several classes; fit a logistic model of two")
    known = fit.statistics
    if known is None:
        _refuse("its errors are not known: they are for least squares, and for likelihoods, trained to the end")
    if known.root is None:
        why = " ".join(known.notes) or "the file was saved by an older gradloop, or has too many parameters"
        _refuse(f"its errors are not known ({why.rstrip('.')})")
    if not known.identified.all():
        _refuse("some parameters are not identified, and a row may need what they do not tell: leave out their columns")
    if known.kind == INVERSE and fit.loss.name == "logistic" and fit.model is not MODELS["logistic"]:
        _refuse("it is not gradloop's own logistic model")
    return known


def _refuse(why: str) -> NoReturn:
    raise OptionError(f"There are no intervals for the predictions of this model, because {why}.")


def _blocks(X: Array) -> Iterator[Array]:
    return (X[start : start + ROWS] for start in range(0, max(1, len(X)), ROWS))


def _in_own_units(fit: Result, features: Array) -> Array:
    """The features in the units of the data, to which parameters and covariance belong."""
    return features if fit.preparation is None else features * fit.preparation.scale + fit.preparation.center


def _part(fit: Result, model: Any, root: Array, X: Array) -> tuple[Array, Array]:
    """Predictions and their standard errors."""
    params = {name: fit.params[name] for name in fit.trained_params}
    y_hat = predict_rows(model, params, X).reshape(len(X)).astype(np.float64)
    return y_hat, np.linalg.norm(slopes_of_rows(model, params, X) @ root, axis=1)


def _logistic(score: Array) -> Array:
    wide = np.exp(-np.abs(score))
    found: Array = np.where(score < 0, wide, 1) / (1 + wide)
    return found
