"""sweep(): the same examples fitted with many settings; the runs stand side by side in a table and a picture."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from gradloop.callbacks.calls import as_callbacks
from gradloop.compiler.program import ROWS_WORTH_A_THREAD, WORKER, processors
from gradloop.data.missing import Rules
from gradloop.data.sources import open_source, read_table
from gradloop.errors import OptionError
from gradloop.examples import Examples, from_arrays, from_table
from gradloop.inference import Fit
from gradloop.larger.problem import problem_of
from gradloop.models import Model
from gradloop.optimizers import OPTIMIZERS, Optimizer
from gradloop.penalties import Penalty, elastic_net, l1, l2
from gradloop.problem import Problem, make_problem
from gradloop.progress import Progress, Report
from gradloop.runs import Run, Sweep
from gradloop.solvers.auto import SOLVERS, Solver
from gradloop.solvers.curvature import stable_rate, stable_rates
from gradloop.solvers.gradient_descent import GradientDescent
from gradloop.solvers.minibatch import Minibatch, check_penalty
from gradloop.training import Given, Settings, check_options, originating, train

STEPS = ("optimizer", "learning_rate", "batch_size", "epochs")  # how steps are taken
STRENGTHS = ("l1", "l2")  # of the penalty
Array = Any


def sweep(
    data: Any, y: Any = None, *, learning_rate: Any = None, batch_size: Any = None, optimizer: Any = None,
    epochs: Any = None, l1: Any = None, l2: Any = None, solver: str | None = None, target: str | None = None,
    leave_out: Iterable[str] = (), model: str | Model | Callable[..., Any] = "linear",
    loss: str | Callable[..., Any] | None = None, weights: Any = None, start: Mapping[str, Any] | None = None,
    seed: int = 0, holdout: float = 0.0, errors: str = "classical", missing: str = "error",
    max_levels: int | None = None, unseen: str = "error", engine: str = "native", progress: Report | None = None,
) -> Sweep:  # fmt: skip
    """Fit the same examples with every combination of the settings given, and compare the runs.

    The data are read and made ready once. Where rows are held out the best run is the one with the least loss on
    them, otherwise the one with the least objective at its end.

    Args:
        learning_rate, batch_size, epochs: of descent: a value or a list of them; a rate that is not given is derived
            from the data's curvature
        optimizer: names such as "adam", or what makes optimizers of a rate, such as gl.sgd
        l1, l2: strengths of the penalty. Several can only be compared on rows held out
        solver: its name; None: "minibatch", or the one that suits the problem where only strengths are given
        data, y, target, leave_out, model, loss, weights, start, seed, holdout, errors, missing, max_levels, unseen,
            engine: as for `gradloop.fit`
        progress: a function that is told how many of the runs are done, as epochs

    Raises:
        DataError, ModelError, OptionError: a sentence saying what does not fit, where, and what to do.

    >>> X = np.arange(8.0)[:, None]
    >>> found = sweep(X, 3 * X[:, 0] + 1, learning_rate=[0.01, 10], batch_size=[2, "all"], epochs=5)
    >>> [run.fit.stop.name for run in found]
    ['FINISHED', 'FINISHED', 'DIVERGED', 'DIVERGED']
    """
    check_options(seed, start, None, errors)
    as_callbacks(progress, ())  # refused here, before any work, if it is no function
    given = (optimizer, learning_rate, batch_size, epochs, l1, l2)
    plans = planned(dict(zip((*STEPS, *STRENGTHS), given, strict=True)), solver, holdout)
    rules = Rules(missing, max_levels, unseen)  # type: ignore[arg-type]  # checked where they are used
    source = open_source(data)
    asked = Given(y, target, leave_out, model, loss, start, weights, holdout, seed, rules)
    examples = from_arrays(data, *asked) if source is None else from_table(read_table(source), *asked)
    common = Settings(None, None, seed, errors, engine)
    problems = {plan.strengths: problem_of(examples, plan.penalty, engine, 0) for plan in plans}
    runs = [
        run._replace(fit=originating(run.fit, source, {}))
        for run in compared(examples, plans, problems, common, progress)
    ]
    bound, notes = limits(runs, problems[plans[0].strengths])
    return Sweep(tuple(with_gaps(runs)), (*examples.notes, *notes), bound, len(plans))


# ---- what is to be run ---------------------------------------------------------------------------------------


class Plan(NamedTuple):
    """One run before it begins."""

    settings: dict[str, Any]
    solver: Solver | None
    penalty: Penalty | None

    @property
    def strengths(self) -> tuple[Any, ...]:
        return strengths(self.settings)


def planned(given: Mapping[str, Any], solver: str | None, holdout: float) -> list[Plan]:
    """Every combination of the settings given, once it is sure that they can be honoured.

    Raises: OptionError.
    """
    grid = {name: several(name, value) for name, value in given.items() if value is not None}
    if not grid:
        raise OptionError("There is nothing to sweep; give for instance learning_rate=[0.001, 0.01, 0.1].")
    if not holdout and any(len(grid.get(name, ())) > 1 for name in STRENGTHS):
        raise OptionError(
            "Training alone always prefers the weakest penalty, so strengths are compared on rows held out; add "
            "holdout=0.2."
        )
    return [plan_of(dict(zip(grid, values, strict=True)), solver) for values in product(*grid.values())]


def several(name: str, value: Any) -> tuple[Any, ...]:
    """One value or a list of them as a tuple, each value once."""
    found = value.tolist() if isinstance(value, np.ndarray) else value
    values = tuple(found) if isinstance(found, (list, tuple, range)) and not isinstance(found, Optimizer) else (found,)
    if not values:
        raise OptionError(f"{name} is an empty list; give at least one value, or leave it out.")
    return tuple(dict.fromkeys(values))


def plan_of(settings: dict[str, Any], solver: str | None) -> Plan:
    return Plan(settings, solver_of(settings, solver), penalty_of(settings.get("l1"), settings.get("l2")))


def solver_of(settings: Mapping[str, Any], name: str | None) -> Solver | None:
    """The solver with its settings; None where the problem decides.

    Raises: OptionError for settings that it does not have, or values that are none.
    """
    steps = [option for option in STEPS if option in settings]
    if name not in (None, "auto", *SOLVERS):
        raise OptionError(f"There is no solver {name!r}; choose one of auto, {', '.join(SOLVERS)}.")
    if name == "minibatch" or (name in (None, "auto") and steps):
        rule = optimizer_of(settings.get("optimizer", "sgd"), settings.get("learning_rate"))
        return Minibatch(rule, settings.get("batch_size"), settings.get("epochs"))
    if name == "gradient_descent" and steps == ["learning_rate"]:
        return GradientDescent(settings["learning_rate"])
    if steps:
        raise OptionError(f"{steps[0]} is for the solver minibatch; leave it out, or leave out the solver {name}.")
    return None if name in (None, "auto") else SOLVERS[name]()


def optimizer_of(given: Any, rate: Any) -> Any:
    """An optimizer with its rate; without one the factory, whose rate is its own or derived."""
    factory = OPTIMIZERS.get(given) if isinstance(given, str) else given
    if factory is None or not callable(factory):
        raise OptionError(
            f"optimizer is {given!r}; give a name ({', '.join(OPTIMIZERS)}), or what makes one of a rate, such as "
            "gl.sgd, and the rates as learning_rate."
        )
    if rate is None:
        return factory
    try:
        return factory(rate)
    except (TypeError, ValueError) as error:
        raise OptionError(f"learning_rate {rate!r} cannot be used: {error}.") from None


def penalty_of(size: Any, square: Any) -> Penalty | None:
    """The penalty of the strengths given."""
    try:
        if size is not None and square is not None:
            return elastic_net(l1=size, l2=square)
        if size is not None:
            return l1(size)
        return None if square is None else l2(square)
    except (TypeError, ValueError) as error:
        raise OptionError(f"The strengths l1={size!r} and l2={square!r} cannot be used: {error}.") from None


# ---- the runs ------------------------------------------------------------------------------------------------


def compared(
    examples: Examples, plans: Sequence[Plan], problems: Mapping[Any, Problem], common: Settings, report: Report | None
) -> list[Run]:
    """All runs; after Ctrl-C those that began."""
    for plan in plans:
        check_plan(plan, problems[plan.strengths])
    unseen = None if examples.held is None else held_problem(examples, common.engine)

    def run(plan: Plan, watch: Report) -> Run:
        settings = common._replace(solver=plan.solver, penalty=plan.penalty, callbacks=as_callbacks(watch, ()))
        problem = problems[plan.strengths]
        return judged(plan, train(examples, settings, problem), problem, unseen)

    one_each = len(examples.X) >= ROWS_WORTH_A_THREAD and all(isinstance(plan.solver, Minibatch) for plan in plans)
    return side_by_side(run, plans, processors() if one_each else 1, report)


def side_by_side(
    run: Callable[[Plan, Report], Run], plans: Sequence[Plan], threads: int, report: Report | None
) -> list[Run]:
    """Runs in so many threads at once: minibatches follow one another, so a run keeps only one processor busy.

    After Ctrl-C running ones end with their epoch, and others do not begin.
    """
    from concurrent.futures import ThreadPoolExecutor, as_completed

    stopping, begun, rows = threading.Event(), time.perf_counter(), 0.0

    def watch(state: Progress) -> None:
        if stopping.is_set():
            raise KeyboardInterrupt

    def watched(plan: Plan) -> Run | None:
        return None if stopping.is_set() else run(plan, watch)

    prefix = WORKER if threads > 1 else ""  # whose passes over the rows then have no threads of their own
    with ThreadPoolExecutor(threads, thread_name_prefix=prefix) as pool:
        futures = [pool.submit(watched, plan) for plan in plans]
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                found = future.result()
                rows += 0.0 if found is None else np.nan_to_num(found.rows)
                seconds = time.perf_counter() - begun
                if report and found is not None:
                    report(Progress(done, len(plans), found.loss, rows / seconds, seconds))
        except KeyboardInterrupt:
            stopping.set()
        except BaseException:
            stopping.set()
            raise
        runs = [found for future in futures if (found := future.result()) is not None]
    if not runs:
        raise KeyboardInterrupt
    return runs


def check_plan(plan: Plan, problem: Problem) -> None:
    """What can only be refused once the number of rows is known, before any run begins."""
    if not isinstance(plan.solver, Minibatch):
        return
    plan.solver.rows_in_a_batch(len(problem.X))
    rule = plan.solver.optimizer
    check_penalty(problem, rule if isinstance(rule, Optimizer) else rule(1.0))


def held_problem(examples: Examples, engine: str) -> Problem:
    """The mean loss of the rows held out."""
    assert examples.held is not None
    X, y = examples.held
    X = np.ascontiguousarray(X, examples.X.dtype)
    return make_problem(examples.model, examples.loss, X, y, examples.start, None, engine)


@np.errstate(over="ignore", invalid="ignore")
def judged(plan: Plan, fit: Fit, problem: Problem, unseen: Problem | None) -> Run:
    """A run with its loss, and that of the rows held out."""
    flat = np.concatenate([np.ravel(fit.trained_params[name]) for name in problem.names]).astype(problem.start.dtype)
    held_out = np.nan if unseen is None else unseen.objective(flat)[0]
    return Run(plan.settings, fit, problem.objective(flat)[0], held_out)


def with_gaps(runs: Sequence[Run]) -> list[Run]:
    """How far each objective is above the best known: that of the run whose certificate is the smallest.

    Runs are compared with those of the same penalty; an exact certificate is its own answer.
    """
    found = []
    for run in runs:
        alike = [other for other in runs if strengths(other.settings) == strengths(run.settings) and has_gap(other)]
        nearest = min(alike, key=lambda other: other.fit.certificate.value, default=None)
        if nearest is None:
            found.append(run)
        elif run is nearest or run.fit.certificate.kind == "exact gap":
            found.append(run._replace(above_best=run.fit.certificate.value))
        else:
            best = nearest.loss - nearest.fit.certificate.value
            found.append(run._replace(above_best=max(run.loss - best, 0.0)))
    return found


def has_gap(run: Run) -> bool:
    return "gap" in run.fit.certificate.kind and not run.failed


def strengths(settings: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(settings.get(name) for name in STRENGTHS)


def limits(runs: Sequence[Run], problem: Problem) -> tuple[float, tuple[str, ...]]:
    """The largest stable rate for descent on all rows, and the sentence about it, where a rate was given."""
    if not problem.smooth or not any("learning_rate" in run.settings for run in runs):
        return np.nan, ()
    bound = stable_rate(problem, problem.start)
    if not 0 < bound < np.inf:
        return np.nan, ()
    return bound, (f"Of the learning rates for descent on all rows, {stable_rates(problem, bound)}.",)
