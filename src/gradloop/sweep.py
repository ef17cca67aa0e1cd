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
from gradloop.solvers.together import solve_together
from gradloop.training import Given, Settings, check_options, fit_of, names_with_units, originating, train
from gradloop.units import as_units

STEPS = ("optimizer", "learning_rate", "batch_size", "epochs")  # how steps are taken
STRENGTHS = ("l1", "l2")  # of the penalty
_ALONE = "fit the best of its runs again, with gradloop.fit"
INSTEAD = {  # options of a fit that one run has
    "penalty": "give its strengths as l1 and l2",
    "memory": "its runs need all rows in memory, so sweep some of the rows, and " + _ALONE,
    "cache": "its rows are read once and stay in memory, so leave it out",
    "cluster": "its runs need all rows in memory, so sweep some of the rows, and " + _ALONE,
    "checkpoint": "Ctrl-C keeps the runs that are done; to keep one on the way, " + _ALONE,
    "every": "it has no checkpoint",
    "resume": "it has no checkpoint",
    "callbacks": "they listen to one run; " + _ALONE,
}
TOGETHER = 8  # runs that share a pass: their parameters stay at hand, and one that ends is told of soon
Array = Any


def sweep(
    data: Any, y: Any = None, *, learning_rate: Any = None, batch_size: Any = None, optimizer: Any = None,
    epochs: Any = None, l1: Any = None, l2: Any = None, solver: str | None = None, target: str | None = None,
    leave_out: Iterable[str] = (), model: str | Model | Callable[..., Any] = "linear",
    loss: str | Callable[..., Any] | None = None, weights: Any = None, start: Mapping[str, Any] | None = None,
    seed: int = 0, holdout: float = 0.0, errors: str = "classical", missing: str = "error",
    max_levels: int | None = None, unseen: str = "error", engine: str = "native", progress: Report | None = None,
    units: Mapping[str, str] | None = None, **refused: Any,
) -> Sweep:  # fmt: skip
    """Fit the same examples with every combination of the settings given, and compare the runs.

    The data are read and made ready once, and rates of one batch size share the passes over them: each run has the
    bits of a fit of its own. Where rows are held out the best run is the one with the least loss on
    them, otherwise the one with the least objective at its end.

    Args:
        learning_rate, batch_size, epochs: of descent: a value or a list of them; a rate that is not given is derived
            from the data's curvature
        optimizer: names such as "adam", or what makes optimizers of a rate, such as gl.sgd
        l1, l2: strengths of the penalty. Several can only be compared on rows held out
        solver: its name; None: "minibatch", or the one that suits the problem where only strengths are given
        data, y, target, leave_out, model, loss, weights, start, seed, holdout, errors, missing, max_levels, unseen,
            engine, units: as for `gradloop.fit`
        progress: a function that is told how many of the runs are done, as epochs
        refused: options of `gradloop.fit` that have no meaning for many runs; each is told what to do instead

    Raises:
        DataError, ModelError, OptionError: a sentence saying what does not fit, where, and what to do.

    >>> X = np.arange(8.0)[:, None]
    >>> found = sweep(X, 3 * X[:, 0] + 1, learning_rate=[0.01, 10], batch_size=[2, "all"], epochs=5)
    >>> [run.fit.stop.name for run in found]
    ['FINISHED', 'FINISHED', 'DIVERGED', 'DIVERGED']
    """
    refuse(refused)
    check_options(seed, start, None, errors)
    if progress is not None and not callable(progress):
        raise OptionError(f"progress is {progress!r}; give a function that is told of each run, with a gl.Progress.")
    given = (optimizer, learning_rate, batch_size, epochs, l1, l2)
    plans = planned(dict(zip((*STEPS, *STRENGTHS), given, strict=True)), solver, holdout)
    rules = Rules(missing, max_levels, unseen)  # type: ignore[arg-type]  # checked where they are used
    source = open_source(data)
    named = as_units(units, names_with_units(source, model, start))
    asked = Given(y, target, leave_out, model, loss, start, weights, holdout, seed, rules)
    examples = from_arrays(data, *asked) if source is None else from_table(read_table(source), *asked)
    common = Settings(None, None, seed, errors, engine)
    problems = {plan.strengths: problem_of(examples, plan.penalty, engine, 0) for plan in plans}
    threads = threads_for(plans, len(examples.X))
    parts = in_shared_passes(plans, threads, engine)
    runs = [
        run._replace(fit=originating(run.fit, source, named))
        for run in compared(examples, plans, parts, problems, common, threads, progress)
    ]
    bound, notes = limits(runs, problems[plans[0].strengths])
    return Sweep(tuple(with_gaps(runs)), (*examples.notes, *shared_notes(parts), *notes), bound, len(plans))


def refuse(given: Mapping[str, Any]) -> None:
    """Raise OptionError for an option of a fit that sweeps lack, and TypeError for what is no option at all."""
    for name, value in given.items():
        if name not in INSTEAD:
            raise TypeError(f"sweep() got an unexpected keyword argument {name!r}")
        if value is None or value is False:
            continue
        raise OptionError(f"A sweep does not take {name}: {INSTEAD[name]}.")


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
    examples: Examples, plans: Sequence[Plan], parts: Sequence[Sequence[Plan]], problems: Mapping[Any, Problem],
    common: Settings, threads: int, report: Report | None,
) -> list[Run]:  # fmt: skip
    """All runs; after Ctrl-C those that began."""
    for plan in plans:
        check_plan(plan, problems[plan.strengths])
    unseen = None if examples.held is None else held_problem(examples, common.engine)

    def run(some: Sequence[Plan], watch: Report) -> list[Run]:
        problem = problems[some[0].strengths]
        found = fits_of(examples, some, problem, common, watch)
        return [judged(plan, fit, problem, unseen) for plan, fit in zip(some, found, strict=True)]

    runs = side_by_side(run, parts, threads, len(plans), report)
    order = {id(plan.settings): place for place, plan in enumerate(plans)}
    return sorted(runs, key=lambda run: order[id(run.settings)])


def threads_for(plans: Sequence[Plan], rows: int) -> int:
    """Minibatches follow one another, so a run keeps one processor busy; other solvers have threads of their own."""
    many = rows >= ROWS_WORTH_A_THREAD and all(isinstance(plan.solver, Minibatch) for plan in plans)
    return processors() if many else 1


def in_shared_passes(plans: Sequence[Plan], threads: int, engine: str) -> list[list[Plan]]:
    """The plans, those together whose runs may take their steps while a row is at hand, with work for every thread.

    Which are minibatches that differ in a given learning rate alone.
    """
    alike: dict[Any, list[Plan]] = {}
    for place, plan in enumerate(plans):
        given = isinstance(plan.solver, Minibatch) and isinstance(plan.solver.optimizer, Optimizer)
        others = tuple(value for name, value in plan.settings.items() if name != "learning_rate")
        alike.setdefault(others if given and engine == "native" else place, []).append(plan)
    parts = [(some, max(min(threads, len(some)), -(-len(some) // TOGETHER))) for some in alike.values()]
    return [some[part::count] for some, count in parts for part in range(count)]


def shared_notes(parts: Sequence[Sequence[Plan]]) -> tuple[str, ...]:
    """What the seconds of a run mean that had its passes in company."""
    most = max(map(len, parts))
    if most == 1:
        return ()
    return (f"Up to {most} runs share each pass over the rows; their seconds are those of all that share it.",)


def fits_of(
    examples: Examples, plans: Sequence[Plan], problem: Problem, common: Settings, watch: Report
) -> Iterable[Fit]:
    """The fits of plans: one of its own, or several from the same passes."""
    settings = [common._replace(solver=plan.solver, penalty=plan.penalty) for plan in plans]
    if len(plans) == 1:
        return [train(examples, settings[0]._replace(callbacks=as_callbacks(watch, ())), problem)]
    solvers = [plan.solver for plan in plans if isinstance(plan.solver, Minibatch)]
    solutions = solve_together(problem, solvers, common.seed, watch)
    return (
        fit_of(examples, problem, solver, solution, each)
        for solver, solution, each in zip(solvers, solutions, settings, strict=True)
    )


def side_by_side(
    run: Callable[[Sequence[Plan], Report], list[Run]], parts: Sequence[Sequence[Plan]], threads: int, planned: int,
    report: Report | None,
) -> list[Run]:  # fmt: skip
    """Parts of the plans in so many threads at once.

    After Ctrl-C running ones end with their epoch, and others do not begin.
    """
    from concurrent.futures import ThreadPoolExecutor, as_completed

    stopping, begun, runs = threading.Event(), time.perf_counter(), []

    def watch(state: Progress) -> None:
        if stopping.is_set():
            raise KeyboardInterrupt

    def watched(some: Sequence[Plan]) -> list[Run]:
        return [] if stopping.is_set() else run(some, watch)

    prefix = WORKER if threads > 1 else ""  # whose passes over the rows then have no threads of their own
    with ThreadPoolExecutor(threads, thread_name_prefix=prefix) as pool:
        futures = [pool.submit(watched, some) for some in parts]
        try:
            for future in as_completed(futures):
                for found in future.result():
                    runs.append(found)
                    tell(report, runs, planned, time.perf_counter() - begun)
        except KeyboardInterrupt:
            stopping.set()
        except BaseException:
            stopping.set()
            raise
        runs = [found for future in futures for found in future.result()]
    if not runs:
        raise KeyboardInterrupt
    return runs


def tell(report: Report | None, runs: Sequence[Run], planned: int, seconds: float) -> None:
    """How many of the runs are done."""
    if report:
        rows = sum(float(np.nan_to_num(run.rows)) for run in runs)
        report(Progress(len(runs), planned, runs[-1].loss, rows / seconds, seconds))


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
