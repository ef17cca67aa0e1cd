"""Closed form: the best parameters of a prediction that is affine in them, with squared loss, by linear algebra.

    ŷ(x) = c(x) + a(x) · θ    where a(x) = ∂ŷ/∂θ does not mention θ

so the law may be as curved in x as it likes. The rows a(x), y − c(x) are made block by block and never stored.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial, reduce
from operator import add
from typing import Any

import numpy as np

from gradloop.blas import one_blas_thread
from gradloop.certificate import Certificate, distance, first_loss
from gradloop.compiler.loops import Inputs, Sum
from gradloop.compiler.panels import sums
from gradloop.core.affine import depends_on
from gradloop.core.derived import once
from gradloop.core.grad import gradient
from gradloop.core.graph import Graph, constant_node, input_node
from gradloop.core.simplify import simplify
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import Tracer
from gradloop.data.sources.source import memory
from gradloop.errors import OptionError
from gradloop.gram import gram, pays
from gradloop.history import History, Row
from gradloop.problem import Problem
from gradloop.progress import Report
from gradloop.solvers.linear.design import Block, Design, penalty_curvature
from gradloop.solvers.linear.gram import Products, ProductSum, SlopeSum, block_products, fast_solution
from gradloop.solvers.linear.least_squares import Answer, LeastSquares, Units
from gradloop.solvers.linear.system import triangular
from gradloop.solvers.solution import Solution
from gradloop.stop import Stop

WORTH_PRODUCTS = 2**17  # numbers in the design; with fewer, exact refinement costs nothing
MATRICES = 4  # of a number for each pair of parameters, that are in memory together
DOUBTED = 4096  # rows that show whether all must be looked at
SEEN, NOTHING = 1e-4, 1e-9  # of the loss here; of that at the start
MOST_NAMED = 5  # groups of dependent columns that are told in a note
Array = Any


@dataclass(frozen=True)
class ClosedFormSolution(Solution):
    """What the closed form found, with what statistics need, and its certificate, which costs one pass."""

    certificate: Certificate | None = None
    answer: Answer | None = None
    design: Design | None = None

    @property
    def at_minimum(self) -> bool:
        """In float64, before the parameters were rounded to the precision of the data."""
        return self.answer is not None and self.answer.settled


@dataclass(frozen=True)
class ClosedForm:
    """The exact minimum for a prediction that is affine in its parameters, squared loss, and an optional L2 penalty.

        θ = argmin  1/n Σ (y − c(x) − a(x) · θ)² / 2 + penalty(θ)

    Columns are centred and scaled by powers of two, reduced to a triangle by orthogonal steps, and the result is
    refined with doubled digits until it is exact to rounding; large data for which a bound proves that nothing is lost
    take a faster road. Parameters that the data do not tell apart are named, and the shortest answer is given.

    >>> ClosedForm()
    ClosedForm()

    Source: Björck, Numerical methods for least squares problems, 1996.
    """

    @np.errstate(over="ignore", invalid="ignore")
    def solve(self, problem: Problem, seed: int = 0, report: Report | None = None) -> ClosedFormSolution:
        """Solve; see `gradloop.fit`. Nothing is random and there are no epochs, so seed and report are not used.

        Raises:
            OptionError: the prediction is not affine, the loss not squared, or the penalty not L2.
            DataError: no row has a weight above zero, or a parameter is too large for float64.
        """
        begun = time.perf_counter()
        check_solvable(problem)
        check_room(problem.start.size)
        design = Design(problem)
        answer = best(design)
        flat = design.flat(answer.slopes, answer.intercept)
        at_once = problem.in_memory and is_small(design)
        value, slope = design.objective(flat) if at_once else problem.objective(flat)
        first = design.objective(problem.start)[0] if at_once else None
        row = Row(1, value, float(np.linalg.norm(slope)), float("nan"), len(problem.X), time.perf_counter() - begun)
        history = History.from_rows([row], [(1, problem.unpack(flat))])
        left = gap(design, answer, slope)
        lost = rounding(problem, value, left) if answer.settled else []
        stop = Stop.STALLED if lost else Stop.CONVERGED if answer.settled else Stop.FINISHED
        told = (*notes(design, answer), *lost)
        certificate = Certificate("exact gap", left, distance(value, left, problem, exact=True, first=first))
        return ClosedFormSolution(flat, history, stop, told, certificate, answer, design)


# ---- what can be solved --------------------------------------------------------------------------------------


def check_solvable(problem: Problem) -> None:
    """One sentence for what the closed form is not for."""
    if problem.loss.name != "squared":
        raise OptionError(f"The closed form is for the squared loss, not {problem.loss.name}; choose another solver.")
    if problem.penalty is not None and problem.penalty.proximal is not None:
        raise OptionError(f"The closed form takes an l2 penalty, not {problem.penalty.name}; choose another solver.")
    if problem.has_kinks(problem.prediction) or not slopes_stay(problem.prediction, problem.names):
        raise OptionError(
            f"The model {problem.model.name} is not affine in its parameters {', '.join(problem.names)}: the slope of "
            "its prediction depends on them, so there is no closed form; choose another solver."
        )
    penalty_curvature(problem)


@once
def slopes_stay(prediction: Graph, names: Sequence[str]) -> bool:
    """Whether the derivatives of a prediction with respect to its parameters do not mention these."""
    return not depends_on(gradient(prediction, names), names)


def check_room(width: int) -> None:
    """One sentence, before any work, for more parameters than matrices of their products have room for."""
    needed, there_is = MATRICES * 8 * width**2, memory()
    if needed > there_is:
        raise OptionError(
            f"The closed form of {width} parameters takes {needed / 1e9:.2g} GB, and {there_is / 1e9:.2g} GB is there; "
            "choose another solver, such as lbfgs or minibatch."
        )


# ---- how it is solved ----------------------------------------------------------------------------------------


def best(design: Design) -> Answer:
    """By products if there are many rows and nothing is lost by it; else by triangles, exact to rounding."""
    first = design.first_block()
    width, intercept = len(design.columns), design.place is not None
    curved = design.curvature[design.columns] * design.weight
    penalty = curved if curved.any() else None
    with one_blas_thread():
        if not is_small(design):
            answer = fast_solution(
                width, intercept, design.rows, penalty, first, slope_sum(design), product_sum(design)
            )
            if answer is not None:
                return answer
        return triangle(design, first).solve(penalty, design.rows)


def triangle(design: Design, first: Block) -> LeastSquares:
    """All rows, by orthogonal steps, in the units of the first ones."""
    start = LeastSquares(len(design.columns), design.place is not None)
    start.learn(*first)
    found, *others = design.rows(start.like)
    found.label = design.label
    for part in others:
        found.combine(part)
    return found


def dependent(design: Design) -> list[tuple[int, ...]]:
    """Columns that are combinations of others, each last behind these; of few rows known without an answer."""
    with one_blas_thread():
        known = triangle(design, design.first_block()).system() if is_small(design) else best(design)
    return [group for group in known.groups if len(group) > 1]


def is_small(design: Design) -> bool:
    """Whether exact refinement and products cost less than what they spare: a proof, and a compiled pass."""
    return len(design.problem.X) * len(design.columns) < WORTH_PRODUCTS


def slope_sum(design: Design) -> SlopeSum | None:
    """The compiled pass of the objective's slope, in float64 and without weights."""
    problem = design.problem
    if design.weights is not None or problem.engine != "native":
        return None
    if problem.X.dtype != np.float64:
        return wide_slope_sum(design) if has_own_columns(design) and not problem.stored else None

    def sums(slopes: Array, intercept: float) -> tuple[float, Array, float]:
        found = problem.loss_sum(design.flat(slopes, intercept))
        pulled = 0.0 if design.place is None else -found[1 + design.place] / design.value
        return pulled, -found[1:][design.columns], 2 * float(found[0])

    return sums


def wide_slope_sum(design: Design) -> SlopeSum:
    """The same of columns of X in float32: residuals are small differences, so they are widened first."""
    problem = design.problem
    row, y = problem.inputs.rows
    params = tuple(input_node(name, Spec(shape, FLOAT64)) for name, shape in (("w", row.spec.shape), ("b", ())))
    columns, target, w, b = (Tracer(node).astype(FLOAT64) for node in (row, y, *params))
    residual: Any = target - np.dot(columns, w) - b
    outputs = tuple(part.node for part in (residual, residual * columns, residual * residual))
    loop = Sum(simplify(Graph("slope", (row, y, *params), outputs)), Inputs((row, y), params))

    def sums(slopes: Array, intercept: float) -> tuple[float, Array, float]:
        pulled, *pulls, squares = problem.program(loop).sum(problem.rows, np.append(slopes, intercept))
        return float(pulled), np.array(pulls), float(squares)

    return sums


def has_own_columns(design: Design) -> bool:
    """Whether the columns are those of X, as they are and all of them."""
    return design.is_x and len(design.columns) == design.problem.X.shape[1]


def product_sum(design: Design) -> ProductSum | None:
    """A compiled pass of the sums of products, where the columns are those of X and it is faster."""
    problem, width = design.problem, len(design.columns)
    if not has_own_columns(design) or design.weights is not None or problem.engine != "native" or problem.stored:
        return None
    if not pays(len(problem.X), 1, width + 2, times=1):
        return None
    if not problem.in_memory:
        return lambda shift: problem.over(design.of_part(partial(products_about, shift)))
    row, y = problem.inputs.rows
    shift, one = input_node("shift", Spec((width + 1,), FLOAT64)), Tracer(constant_node(np.ones(1), FLOAT64))
    both: Any = np.concatenate([Tracer(part).astype(FLOAT64).reshape(-1) for part in (row, y)])
    loop = gram((row, y, shift), Inputs((row, y), (shift,)), one, np.concatenate([both - Tracer(shift), one]))

    def products(middle: Array) -> Products:
        found = problem.program(loop).gram(problem.rows, middle)[0]
        return Products(
            np.roll(found, 1, axis=(0, 1)), len(problem.X), float(len(problem.X)), sums(loop, len(problem.X))
        )

    return products


def products_about(shift: Array, design: Design) -> Products:
    """The sums of products of a part's columns less these numbers."""
    found = product_sum(design)
    if found is not None:
        return found(shift)
    units = Units(np.zeros(len(shift), np.int64), shift)
    return reduce(add, design.rows(partial(block_products, units)))


def gap(design: Design, answer: Answer, slope: Array) -> float:
    """½ gᵀ H⁻¹ g: how far the objective is above its minimum where its slope is g."""
    system = answer.system
    steep = np.asarray(slope, np.float64) * design.weight
    powers = system.exponents[system.kept] + system.exponents[-1]
    pull = np.ldexp(steep[design.columns][system.kept], -powers)
    if design.place is not None:
        middle = np.ldexp(steep[design.place] / design.value, -system.exponents[-1])
        pull = np.append(middle, pull - middle * system.shift[system.kept])
    length = np.linalg.norm(triangular(system.factor, pull, transposed=True))
    return float(np.ldexp(length, system.exponents[-1]) ** 2 / (2 * design.weight))


def rounding(problem: Problem, value: float, left: float) -> list[str]:
    """What a reader must know where parameters, rounded to the precision of the data, are visibly not the best."""
    if problem.X.dtype == np.float64 or not left > SEEN * value or not left > NOTHING * first_loss(problem):
        return []
    return [
        f"The parameters have the precision of the data, {problem.X.dtype}, and rounding them to it is what keeps the "
        "loss above the best: give the data as float64."
    ]


def notes(design: Design, answer: Answer) -> list[str]:
    """What a reader must know: which parameters the rows do not tell apart."""
    found = []
    constant = [design.label(group[0]) for group in answer.groups if len(group) == 1]
    if constant:
        found.append(f"The column of {listed(constant)} holds one value only, so that its parameter is set to 0.")
    alike: dict[tuple[int, ...], list[str]] = {}
    for *others, column in (group for group in answer.groups if len(group) > 1):
        alike.setdefault(tuple(others), []).append(design.label(column))
    if alike:
        found.append(mixed([(listed(one), listed(list(map(design.label, others)))) for others, one in alike.items()]))
    if answer.rows <= answer.rank + (design.place is not None) and not design.curvature.any():
        exact = "1 row is" if answer.rows == 1 else f"{answer.rows} rows are"
        found.append(f"{exact} fitted exactly by as many parameters: there is nothing left to judge by.")
    if not answer.settled:
        found.append(f"The columns are nearly dependent (condition {answer.condition:.1e}): last digits are not sure.")
    return found


def indistinct(problem: Problem) -> tuple[str, ...]:
    """What another solver's reader must know: parameters of least squares that the rows do not tell apart.

    Few rows are looked at first, and all of them only where these raise a doubt.
    """
    try:
        check_solvable(problem)
        check_room(problem.start.size)
    except OptionError:
        return ()
    if problem.penalty is not None:
        return ()
    for rows in (problem.thinned(DOUBTED), problem):
        design = Design(rows)
        groups = dependent(design)
        if not groups:
            return ()
    told = listed([design.label(group[-1]) for group in groups])
    among = listed([design.label(column) for column in sorted({column for group in groups for column in group[:-1]})])
    return (
        f"The rows cannot tell {told} from {among}: columns are combinations of others, so others predict the same.",
    )


def mixed(groups: list[tuple[str, str]]) -> str:
    """A sentence about columns that are combinations of others."""
    told = "; nor ".join(f"{ones} from {others}" for ones, others in groups[:MOST_NAMED])
    more = f"; and so on for {len(groups) - MOST_NAMED} more groups" if len(groups) > MOST_NAMED else ""
    return (
        f"The rows cannot tell {told}{more}: columns are combinations of others. Of all parameters with the same "
        "predictions, the shortest for columns of length one are given."
    )


def listed(names: list[str]) -> str:
    """Names in a row; the middle of many is left out."""
    return ", ".join(names if len(names) <= 6 else [*names[:5], f"... ({len(names)} in all)"])
