"""Which theory tells how sure the parameters of a fit are, and what it says in the units of the data.

Least squares has the exact one; a law fitted by least squares has that of its tangent at the answer; logistic, softmax
and Poisson regression have the inverse of the likelihood's curvature. Elsewhere there is none, and nothing is claimed.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from gradloop.blas import one_blas_thread
from gradloop.core.affine import is_affine
from gradloop.errors import OptionError
from gradloop.examples import Examples
from gradloop.hessian import affordable, hessian
from gradloop.models import MODELS
from gradloop.problem import INTERCEPTS, Problem
from gradloop.solvers.closed_form import ClosedFormSolution, best, has_own_columns
from gradloop.solvers.linear.design import Design
from gradloop.solvers.linear.least_squares import Answer
from gradloop.solvers.nonlinear.apart import residuals_of
from gradloop.solvers.nonlinear.residuals import uncertainty
from gradloop.solvers.solution import Solution
from gradloop.statistics import (
    ERRORS,
    Statistics,
    least_squares_statistics,
    likelihood_statistics,
    with_tests,
)

LIKELIHOODS = ("logistic", "cross_entropy", "poisson")  # losses that are negative logarithms of a probability
MOST_PARAMETERS = 10_000  # whose matrix of covariances takes 0.8 GB
Array = Any


def check_errors(errors: str) -> None:
    if errors not in ERRORS:
        raise OptionError(f"There are no {errors!r} errors; choose one of {', '.join(ERRORS)}.")


def standard_errors(problem: Problem, solution: Solution, examples: Examples, errors: str) -> Statistics | None:
    """The statistics of parameters at a minimum; None where there is no theory, or it would cost more than the fit.

    Raises:
        OptionError: robust errors are asked for where they are not known.
    """
    linear = problem.loss.name == "squared" and is_affine(problem.prediction, problem.names)
    if errors != "classical" and (not linear or problem.penalty is not None):
        raise OptionError(f"{errors} errors are for least squares without a penalty; leave errors out.")
    if problem.penalty is not None:
        return None
    if linear and problem.start.size > MOST_PARAMETERS:
        return None
    if linear:
        return of_least_squares(problem, solution, examples, errors)
    if problem.loss.name == "squared" and (problem.stored or not (problem.in_memory or affordable(problem))):
        return None  # of a law on disk, or one whose triangle would have to travel from everywhere and is large
    if problem.loss.name == "squared" and problem.smooth and problem.prediction.outputs[0].spec.size == 1:
        return of_law(problem, solution, examples)
    if problem.loss.name in LIKELIHOODS and problem.smooth and affordable(problem):
        with one_blas_thread():
            return of_likelihood(problem, solution.params, examples)
    return None


def of_least_squares(problem: Problem, solution: Solution, examples: Examples, errors: str) -> Statistics:
    """From the triangle of the columns, told in their own units."""
    design, answer, units = solved_in_units(problem, solution, examples)
    places = [*design.columns.tolist(), *([] if design.place is None else [design.place])]
    names = labels(problem, examples)
    found = least_squares_statistics(answer, [names[i] for i in places], errors=errors, rows=design.rows, units=units)
    return found.in_order(np.argsort(places).tolist())


def solved_in_units(
    problem: Problem, solution: Solution, examples: Examples
) -> tuple[Design, Answer, tuple[Array, Array] | None]:
    """Least squares, and the centre and scale that turn its columns into those of the user, unless it is on these.

    The fit's own, where columns keep their directions in other units; else solved for this.
    """
    units = None if examples.preparation is None else (examples.preparation.center, examples.preparation.scale)
    if isinstance(solution, ClosedFormSolution) and solution.design and solution.answer:
        design, answer = solution.design, solution.answer
        if units is None or (has_own_columns(design) and design.place is not None and not answer.groups):
            return design, answer, units
    if units is not None:
        center, scale = units
        problem = problem.in_units(scale, center)
    design = Design(problem)
    return design, best(design), None


def of_law(problem: Problem, solution: Solution, examples: Examples) -> Statistics:
    """From the tangent of the law at the answer; its parameters have the units that the user gave them."""
    flat, view = solution.params, getattr(solution, "view", None) or residuals_of(problem)
    found = uncertainty(problem, flat, view=view)
    spread = np.concatenate([np.ravel(found.standard_errors[name]) for name in problem.names])
    spare = found.degrees_of_freedom
    left = spare * found.deviation**2 if spare > 0 else float("nan")
    mean = problem.over(partial(target_moment, center=0.0, power=1)) / problem.weight
    total = float(problem.over(partial(target_moment, center=mean, power=2)))
    share = 1 - left / total if total > 0 else float("nan")
    return with_tests(
        labels(problem, examples), flat.astype(np.float64), spread, found.identified, "classical", 0.95,
        len(problem.X), float(spare), residual_standard_deviation=float(found.deviation), r_squared=share,
        notes=("The standard errors are those of the law's tangent at these parameters.",),
        root=found.root if spare > 0 else None,
    )  # fmt: skip


def target_moment(problem: Problem, *, center: float, power: int) -> float:
    """The sum of weight · (y - center)^power."""
    weights = np.ones(len(problem.y)) if problem.weights is None else problem.weights
    return float(np.sum(weights * (problem.y.astype(np.float64) - center) ** power))


def of_likelihood(problem: Problem, flat: Array, examples: Examples) -> Statistics:
    """From the curvature of the sum of the losses, carried over to the units of the columns."""
    to_units = units_matrix(problem, examples)
    back = np.linalg.inv(to_units)
    curvature = back.T @ (hessian(problem, flat) * len(problem.X)) @ back
    names = labels(problem, examples)
    return likelihood_statistics(curvature, to_units @ flat.astype(np.float64), names, rows=len(problem.X))


def units_matrix(problem: Problem, examples: Examples) -> Array:
    """The linear map from the parameters of training to those of the columns in their own units."""
    columns = []
    for unit in np.eye(problem.start.size):
        params = examples.in_units(problem.unpack(unit))
        columns.append(np.concatenate([np.ravel(params[name]) for name in problem.names]))
    return np.stack(columns, axis=1)


def labels(problem: Problem, examples: Examples) -> tuple[str, ...]:
    """A name for every number among the parameters, in the order of a flat array."""
    found: list[str] = []
    classes = None if examples.preparation is None else examples.preparation.classes
    shipped = problem.model.name.partition("(")[0] in MODELS and problem.model.start is not None
    for node in problem.params:
        name, shape = node.attributes["name"], node.spec.shape
        for index in np.ndindex(shape):
            if shipped and name in (*INTERCEPTS, "w"):
                found.append(label(name, index, shape, examples.names, classes, problem.model.name))
            else:
                found.append(f"{name}[{', '.join(map(str, index))}]" if index else name)
    return tuple(found)


def label(
    name: str, index: tuple[int, ...], shape: tuple[int, ...], features: tuple[str, ...], classes: Any, model: str
) -> str:
    """A coefficient by its column, and its class or its power."""
    if model.startswith("polynomial") and name == "w":
        power, column = index
        return features[column] if power == 0 else f"{features[column]}^{power + 1}"
    outputs = index[1:] if name == "w" else index
    base = features[index[0]] if name == "w" else "(intercept)"
    if not outputs:
        return base
    return f"{base} of {classes[outputs[0]] if classes else outputs[0]}"
