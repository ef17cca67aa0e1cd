"""fit(): the front door. Data, model, loss, optimizer go in; a trained model with a verdict comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from gradloop.blas import one_blas_thread
from gradloop.callbacks.calls import Calls, as_callbacks, check_epochs
from gradloop.callbacks.checkpoint import taken_out
from gradloop.callbacks.protocol import Callback, outline_of
from gradloop.callbacks.view import TrainingView
from gradloop.certificate import certify
from gradloop.checkpoint import Checkpoint, open_checkpoint
from gradloop.cluster.choice import on_parts
from gradloop.cluster.connection import check_alone, connected
from gradloop.cluster.encoding import examples_on, rows_on
from gradloop.data.missing import Rules
from gradloop.data.sources import Source, open_source, read_table
from gradloop.errors import OptionError
from gradloop.examples import Examples, from_arrays, from_table
from gradloop.graphs import argument_names
from gradloop.inference import Fit, measures
from gradloop.larger.choice import check_room, check_streams, memory_notes, suited_to
from gradloop.larger.encoding import encoded, task_of
from gradloop.larger.least_squares import Request, in_one_pass
from gradloop.larger.memory import as_bytes, fits
from gradloop.larger.problem import problem_of
from gradloop.models import Model
from gradloop.penalties import Penalty
from gradloop.problem import Problem
from gradloop.progress import Report
from gradloop.result import Course, Origin
from gradloop.resuming import check_solver, solve_kept
from gradloop.solvers.auto import SOLVERS, Solver
from gradloop.solvers.closed_form import indistinct
from gradloop.solvers.minibatch import Minibatch
from gradloop.solvers.solution import Solution
from gradloop.standard_errors import check_errors, standard_errors
from gradloop.stop import Stop
from gradloop.units import as_units
from gradloop.whole_file import PathLike

FEW_PARAMETERS = 16  # whose algebra no BLAS divides among threads, which are slow to wake; then it need not be told
Array = Any


def fit(
    data: Any,
    y: Any = None,
    *,
    target: str | None = None,
    leave_out: Iterable[str] = (),
    model: str | Model | Callable[..., Any] = "linear",
    loss: str | Callable[..., Any] | None = None,
    penalty: Penalty | None = None,
    solver: str | Solver | None = None,
    weights: Any = None,
    start: Mapping[str, Any] | None = None,
    seed: int = 0,
    holdout: float = 0.0,
    errors: str = "classical",
    missing: str = "error",
    max_levels: int | None = None,
    unseen: str = "error",
    engine: str = "native",
    progress: Report | bool | None = None,
    callbacks: Iterable[Callback | Report] = (),
    checkpoint: PathLike | None = None,
    every: float | None = None,
    resume: bool = False,
    memory: int | str | None = None,
    cache: PathLike | None = None,
    units: Mapping[str, str] | None = None,
    cluster: Any = None,
) -> Fit:
    """Find the parameters that minimise the mean loss over the examples, plus the penalty.

        params = argmin  1/n Σᵢ loss(model(xᵢ, params), yᵢ) + penalty(params)

    Args:
        data: features X (n, d) as an array; or a table with the target among its columns: the path of a CSV, Parquet
            or Arrow file or of a folder of them, a pattern ("sales/*.parquet"), a query (gl.sql), a data frame, a
            dict of columns. Columns of numbers are standardised for training, text becomes one-hot.
        y: the targets (n,), only with an array X
        target: the name of the target's column, only with a table
        leave_out: names of columns that are not to be used, only with a table
        model: "linear", "logistic", "softmax", "polynomial", or a function model(x, ...parameters) of one example
        loss: its name, or a function loss(y_hat, y) of one example; None: the one that suits the model
        penalty: such as gl.l2(0.1); never applied to intercepts
        solver: how to search: "closed_form", "coordinate_descent", "newton", "lbfgs", "gauss_newton",
            "gradient_descent", "minibatch", or one with settings such as gl.Minibatch(gl.sgd(0.03)); "auto" or None:
            the one that suits the problem, which the notes tell
        weights: how much each example counts, from 0: an array (n,), or the name of a column
        start: the parameters to start from, by name; needed for a function, zeros otherwise
        seed: decides the order of rows and the rows held out
        holdout: the share of rows that training does not see, to judge the fit by
        errors: standard errors: "classical", or "HC0" to "HC3" for least squares whose errors differ between rows
        missing: cells of a table without a value: "error" refuses them, "drop" leaves their rows out, "mean" takes the
            column's mean over the training rows (for text, the share of each category), "indicator" does so too and
            adds a column that is 1 where a value is missing; the model does the same when it predicts, except that
            it refuses what it was to drop. Rows without a target are left out in any case, and a note counts them
        max_levels: how many categories of a column of text are told apart, the rarer ones being "other"; None: 50
        unseen: categories of a table that training has not seen, when predicting: "error" refuses them, "other" takes
            them for "other" where there is such a category, and else for an average of the known ones
        engine: "native", or "numpy" for the slow reference
        progress: True shows how far training is, as a line where standard error is a terminal, as a curve in a
            notebook, and nowhere else; or a function that is told, with a gl.Progress
        callbacks: what listens to training and may end it, such as gl.callbacks.EarlyStopping(); see gl.callbacks
        checkpoint: a file to keep the state of the run in, for the solvers "minibatch", "gradient_descent", "newton",
            "lbfgs" and gl.Exhaustive; written whole, with a checksum, and the state before it in FILE.previous. Ctrl-C
            then saves and returns the fit so far; the second time it stops at once
        every: seconds between two checkpoints; None: 30
        resume: go on from the checkpoint, and come to the same bits as a run that was never stopped, on the same
            machine. Data and settings must be those of before; only epochs, or iterations, may be more, where the
            learning rate does not depend on their number. Where there is no checkpoint yet, begin at the start
        memory: how much the data may take, in bytes or as a text such as "2GB"; None: half of what the machine has. A
            table that needs more is read in pieces: least squares from sums over its columns, and all else from its
            features, which are written to a temporary file
        cache: a folder to keep that file in, so that the next fit to the same rows begins with it
        units: of columns, and of a function's parameters, by name, as {"area": "m²"}; with an array X the target is
            "y". The summary and the file tell them; nothing is converted
        cluster: where the passes over the rows are made: the address of a Dask scheduler ("tcp://host:8786"), a client
            of it, or "local:4" for four processes of this machine. The data are then a folder of Parquet or CSV files
            that every worker can read, an address that fsspec knows, a Dask data frame, or Dask arrays

    Raises:
        DataError, ModelError, OptionError: a sentence saying what does not fit, where, and what to do.
        ModelFileError: a checkpoint that cannot be written, or is cut, altered, or newer.
        CallbackError: a callback failed.

    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> line = fit(X, np.array([1.0, 3.0, 5.0, 7.0]), seed=1)
    >>> print(np.round(line.params["w"], 3), np.round(line.params["b"], 3))
    [2.] 1.0
    """
    plan = as_solver(solver), penalty, seed, errors, engine, as_callbacks(progress, callbacks), None, as_bytes(memory)
    settings = checked(Settings(*plan), start, checkpoint, every, resume)
    rules = Rules(missing, max_levels, unseen)  # type: ignore[arg-type]  # checked where they are used
    given = Given(y, target, leave_out, model, loss, start, weights, holdout, seed, rules)
    if cluster is not None:
        return on_cluster(data, given, settings, cluster, {"memory": memory, "cache": cache}, units)
    source = opened(data, memory, cache)
    named = as_units(units, names_with_units(source, model, start))
    if source is None:
        return originating(train(from_arrays(data, *given), settings), source, named)
    return originating(fit_table(source, given, settings, memory is None, cache), source, named)


def opened(data: Any, memory: Any, cache: PathLike | None) -> Source | None:
    """A table's source, which may say how much memory it takes; None for arrays."""
    source = open_source(data)
    check_room(source, memory, cache)
    return source


class Given(NamedTuple):
    """What is asked of the data, in the order of `examples.from_arrays` and `from_table`."""

    y: Any
    target: str | None
    leave_out: Iterable[str]
    model: Any
    loss: Any
    start: Mapping[str, Any] | None
    weights: Any
    holdout: float
    seed: int
    rules: Rules


def fit_table(source: Source, given: Given, settings: Settings, may_grow: bool, cache: PathLike | None) -> Fit:
    """The fit of a table: from sums of its columns, from its rows in memory, or from these on disk.

    Args: may_grow, whether a table of unknown size may be read into memory.
    """

    def in_memory() -> Examples:
        return from_table(read_table(source), *given)

    asked = Request(
        given.target, given.leave_out, given.model, given.loss, settings.penalty, settings.solver, given.rules,
        settings.engine, given.seed,
    )  # fmt: skip
    usual = given.y is None and given.weights is None and given.start is None and not given.holdout
    usual = usual and not any(getattr(each, "needs_epochs", True) for each in settings.callbacks)
    plain = usual and settings.place is None and settings.errors == "classical" and cache is None
    if plain and (found := in_one_pass(source, asked, in_memory)):
        return found
    room = fits(source, settings.limit)
    if cache is None and (room or (room is None and may_grow)):
        return train(in_memory(), settings)
    check_streams(settings.solver)
    y, target, leave_out, model, loss, start, weights, holdout, seed, rules = given
    task = task_of(source, y, target, leave_out, model, loss, start, weights, rules, holdout, seed)
    with encoded(source, task, start, cache) as examples:
        return train(examples, settings)


def checked(settings: Settings, start: Any, checkpoint: PathLike | None, every: Any, resume: bool) -> Settings:
    """The settings with their checkpoint, once it is sure that the solver can do what is asked."""
    check_options(settings.seed, start, settings.penalty, settings.errors)
    callbacks, asked = taken_out(settings.callbacks, checkpoint, every, resume)
    place = open_checkpoint(*asked)
    if settings.solver is not None:
        check_epochs(callbacks, settings.solver)
        if place is not None:
            check_solver(settings.solver)
    return settings._replace(place=place, callbacks=callbacks)


def on_cluster(data: Any, given: Given, settings: Settings, cluster: Any, others: Mapping[str, Any], units: Any) -> Fit:
    """The fit of rows whose passes workers make, with a note of what these have cost.

    Args: others, options that have no meaning beside a cluster.
    """
    check_alone(cluster, others)
    if settings.solver is not None:
        settings = settings._replace(solver=on_parts(settings.solver))
    with connected(cluster) as client:
        rows = rows_on(client, data)
        named = as_units(units, names_with_units(rows[1], given.model, given.start))
        examples = examples_on(client, data, rows, *given)
        found = train(examples, settings)
        passes = examples.X.passes
        cost, record = passes.told(), replace(found.history, passes=tuple(passes.record))
    assert found.course is not None
    known = {"solver": type(found.course.solver).__name__}
    name = data if isinstance(data, str) else "rows on a cluster"
    penalty = "none" if settings.penalty is None else settings.penalty.name
    origin = Origin(name, **known, penalty=penalty)
    return replace(found, notes=(*found.notes, cost), history=record, origin=origin, units=named)


class Settings(NamedTuple):
    """How examples are trained on."""

    solver: Solver | None
    penalty: Penalty | None
    seed: int
    errors: str
    engine: str
    callbacks: tuple[Callback, ...] = ()
    place: Checkpoint | None = None
    limit: int = 2**30  # bytes of memory


def train(examples: Examples, settings: Settings, problem: Problem | None = None) -> Fit:
    """Search for the parameters, judge them, and put the result together; the problem may be there already."""
    problem = problem or problem_of(examples, settings.penalty, settings.engine, settings.limit)
    chosen, reason = (settings.solver, ()) if settings.solver is not None else suited_to(problem)

    def made(solution: Solution) -> Fit:
        return fit_of(examples, problem, chosen, replace(solution, notes=(*reason, *solution.notes)), settings)

    if not settings.callbacks:
        return made(solved(examples, problem, chosen, settings, None))
    check_epochs(settings.callbacks, chosen)
    with Calls(settings.callbacks) as calls:
        calls.start(outline_of(examples, problem, chosen, settings.seed), TrainingView(examples, problem, made))
        found = made(calls.settled(solved(examples, problem, chosen, settings, calls)))
        calls.stop(found)
    return found


def solved(examples: Examples, problem: Problem, chosen: Solver, settings: Settings, report: Calls | None) -> Solution:
    """What the solver finds, from a checkpoint where there is one."""
    if settings.place is None:
        return chosen.solve(problem, settings.seed, report)
    return solve_kept(settings.place, examples, problem, chosen, settings.seed, report)


def fit_of(examples: Examples, problem: Problem, chosen: Solver, solution: Solution, settings: Settings) -> Fit:
    """A solution, judged, and put together with all else that is known."""
    _, penalty, seed, errors, engine, *_ = settings
    trained = problem.unpack(solution.params)
    params = examples.in_units(trained)  # first: those that are too large are told with their column
    sure = solution.at_minimum or errors != "classical"
    with one_blas_thread() if problem.start.size > FEW_PARAMETERS else nullcontext():
        certificate = getattr(solution, "certificate", None) or certify(problem, solution.params)
        statistics = standard_errors(problem, solution, examples, errors) if sure else None
    asked = problem.in_memory and solution.stop is Stop.FINISHED and isinstance(chosen, Minibatch)
    doubts = indistinct(problem) if asked else ()
    found = Fit(
        params=params,
        trained_params=trained,
        model=examples.model,
        loss=examples.loss,
        feature_names=examples.names,
        history=solution.history,
        stop=solution.stop,
        certificate=certificate,
        statistics=statistics,
        preparation=examples.preparation,
        notes=(*examples.notes, *solution.notes, *doubts, *memory_notes(problem)),
        seed=seed,
        rows=len(examples.X),
    )
    course = Course(chosen, getattr(solution, "optimizer", None), penalty, engine)
    held = judge(examples, problem, solution.params)
    return replace(found, holdout=held, examples=examples if problem.in_memory else None, course=course)


def names_with_units(source: Source | None, model: Any, start: Mapping[str, Any] | None) -> Iterator[str]:
    """What may have a unit: the columns and the function's parameters; without a table its arguments and y."""
    if source is not None:
        yield from (*source.schema().names, *(start or ()))
        return
    function = model.predict if isinstance(model, Model) else model
    yield from argument_names(function) if callable(function) and start else ()
    yield "y"


def originating(found: Fit, source: Source | None, units: dict[str, str]) -> Fit:
    """The fit, which tells its file what it was made from and how, and in which units."""
    assert found.course is not None
    _, _, penalty, _ = found.course
    known = {"solver": type(found.course.solver).__name__, "penalty": "none" if penalty is None else penalty.name}
    if source is None:
        return replace(found, origin=Origin("arrays", **known), units=units)
    numbers = isinstance(found.examples, Examples)  # in memory: their own fingerprint is taken when they are saved
    seen = source.fingerprint() if source.files and not (source.one_pass or numbers) else ""
    return replace(found, origin=Origin(source.name, seen, **known), units=units)


def judge(examples: Examples, problem: Problem, flat: Array) -> dict[str, float] | None:
    """The measures on the rows held out."""
    if examples.held is None:
        return None
    X, y = examples.held
    if not isinstance(X, np.ndarray):
        return X.problem_on(problem, y).measures(flat)  # type: ignore[no-any-return]
    return measures(examples.loss, y, problem.predict(flat, np.ascontiguousarray(X, examples.X.dtype)))


def check_options(seed: Any, start: Any, penalty: Any, errors: str = "classical") -> None:
    check_errors(errors)
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or not 0 <= seed < 2**63:
        raise OptionError(f"seed is {seed!r}, but it must be a whole number from 0.")

    if start is not None and not isinstance(start, Mapping):
        raise OptionError(
            f'start is {start!r}, but it must name the parameters, for instance start={{"w": [0.0, 0.0]}}.'
        )
    if penalty is not None and not isinstance(penalty, Penalty):
        raise OptionError(f"penalty is {penalty!r}; give for instance gl.l2(0.1).")


def as_solver(solver: Any) -> Solver | None:
    """A solver by its name or as it is; None lets the problem decide."""
    if solver is None or solver == "auto":
        return None
    if isinstance(solver, str) and solver in SOLVERS:
        return SOLVERS[solver]()
    if isinstance(solver, str):
        raise OptionError(f"There is no solver {solver!r}; choose one of auto, {', '.join(SOLVERS)}.")
    if isinstance(solver, type) or not isinstance(solver, Solver):
        raise OptionError(
            f"solver is {solver!r}; give for instance gl.Minibatch(gl.sgd(0.03), batch_size=10, epochs=3)."
        )
    return solver
