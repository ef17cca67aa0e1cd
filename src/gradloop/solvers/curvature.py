"""Learning rates from the data: how strongly the objective is curved, and how much single rows differ from it.

Descent with a fixed rate is stable below 2 / L, where L is the largest curvature of the objective. A batch of m of the
n rows is curved more than the whole in unlucky directions; the expected smoothness of Gower et al. (SGD: General
Analysis and Improved Rates, 2019, proposition 3.8) interpolates between the largest curvature of a single row and L:

    L(m) = n (m - 1) / (m (n - 1)) · L  +  (n - m) / (m (n - 1)) · (largest curvature of a row)

and half its reciprocal is a safe rate.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradloop.compiler.loops import Inputs, Map
from gradloop.core.grad import gradient
from gradloop.core.graph import Graph
from gradloop.core.simplify import simplify
from gradloop.core.trace import Tracer
from gradloop.errors import OptionError
from gradloop.problem import Problem

SAMPLE = 4096  # rows that the estimates look at
POWER_STEPS = 50
PROBES = 8
Array = Any


def largest_curvature(problem: Problem, flat: Array) -> float:
    """The largest eigenvalue of the objective's second derivative at `flat`, by power iteration on a sample."""
    sample = problem.thinned(SAMPLE)
    direction = np.random.default_rng(0).normal(size=flat.size)
    found = 0.0
    for _ in range(POWER_STEPS):
        bent = sample.curvature_times(flat, direction / np.linalg.norm(direction))
        before, found = found, float(np.linalg.norm(bent))
        if not np.isfinite(found) or found == 0.0 or abs(found - before) <= 1e-4 * found:
            return found
        direction = bent
    return found


def stable_rate(problem: Problem, flat: Array) -> float:
    """2 / L: descent with a larger rate grows. Infinite where the objective is not curved."""
    curvature = largest_curvature(problem, flat)
    return 2 / curvature if curvature > 0 else float("inf")


def stable_rates(problem: Problem, bound: float) -> str:
    """The largest stable rate in words, and what it would be with standardised columns where that helps."""
    sentence = f"the largest that is stable on these data is {bound:.3g} (2 divided by the largest curvature)"
    better = stable_rate(standardised(problem), problem.start)
    return f"{sentence}; with standardised columns it would be {better:.3g}" if better > 1.5 * bound else sentence


def scale_advice(problem: Problem) -> list[str]:
    """A sentence for data whose columns are so different that descent crawls along most of them."""
    if not problem.smooth:
        return []
    bound, better = stable_rate(problem, problem.start), stable_rate(standardised(problem), problem.start)
    if not better > 100 * bound:
        return []
    return [
        "The columns of X differ much in size or lie far from zero, which makes descent slow: standardise them, "
        "(X - X.mean(axis=0)) / X.std(axis=0), or give a table, where it is done."
    ]


def standardised(problem: Problem) -> Problem:
    """The same problem with columns of mean zero and standard deviation one, on a sample of the rows."""
    sample = problem.thinned(SAMPLE)
    spread = sample.X.std(axis=0)
    X = (sample.X - sample.X.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return replace(sample, X=np.ascontiguousarray(X, sample.X.dtype))


def derived_rate(problem: Problem, flat: Array, batch_size: int) -> float:
    """A rate that is safe for batches of this size.

    An objective without curvature, such as a sum of absolute errors, has no such bound: there the step is the one
    that would bring the loss to zero if it kept falling as it does at the start (Polyak, 1987).
    """
    sample = problem.thinned(SAMPLE)
    whole = largest_curvature(problem, flat)
    if problem.loss.smooth and np.isfinite(whole) and whole > 0:
        rows, batch = len(problem.X), min(batch_size, len(problem.X))
        share = (rows - batch) / (batch * max(rows - 1, 1))
        smoothness = (1 - share) * whole + share * max(row_curvature(sample, flat), whole)
        return 0.5 / smoothness
    value, _ = sample.objective(flat)
    steepness = float(np.mean(row_map(sample, squared_gradient(sample), flat)))
    rate = abs(value) / steepness if steepness > 0 and value != 0 else 1.0
    if not 0 < rate < np.inf:
        raise OptionError(
            f"No learning rate can be derived from a curvature of {whole:g}; scale the columns of the data."
        )
    return rate


def row_curvature(problem: Problem, flat: Array) -> float:
    """About the largest sum of second derivatives of a single row's loss (Hutchinson's estimate with random signs)."""
    random = np.random.default_rng(1)
    total = np.zeros(len(problem.X))
    for _ in range(PROBES):
        signs = random.choice([-1.0, 1.0], size=flat.size).astype(flat.dtype)
        total += row_map(problem, curvature_along(problem), np.concatenate([flat, signs]), problem.directions)
    return float(np.max(total / PROBES))


def curvature_along(problem: Problem) -> Graph:
    """direction · (second derivative · direction), for one example."""
    pairs = zip(problem.second.outputs, problem.directions, strict=True)
    terms = [np.sum(Tracer(part) * Tracer(direction)) for part, direction in pairs]
    return simplify(Graph("curvature", problem.second.inputs, (sum(terms[1:], terms[0]).node,)))


def squared_gradient(problem: Problem) -> Graph:
    """The squared length of one example's gradient."""
    parts = gradient(problem.example, problem.names)
    terms = [np.sum(Tracer(part) * Tracer(part)) for part in parts.outputs]
    return simplify(Graph("squared gradient", parts.inputs, (sum(terms[1:], terms[0]).node,)))


def row_map(problem: Problem, graph: Graph, flat: Array, more: tuple[Any, ...] = ()) -> Array:
    """A number for each row."""
    loop = Map(graph, Inputs(problem.inputs.rows, (*problem.params, *more)))
    return problem.program(loop).map(problem.rows, flat)
