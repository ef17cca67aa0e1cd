"""Fits with a checkpoint: which solvers can be resumed, and what must be the same for a run to go on."""

from __future__ import annotations

import inspect
import json
import platform
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from gradloop.callbacks.calls import Calls
from gradloop.checkpoint import Checkpoint, FileKeeper
from gradloop.core.spec import Spec
from gradloop.core.trace import trace
from gradloop.errors import OptionError, TracingError
from gradloop.examples import Examples
from gradloop.problem import Problem
from gradloop.sameness import content_of, digest
from gradloop.solvers.auto import SOLVERS, Solver
from gradloop.solvers.solution import Solution
from gradloop.version import __version__


def solve_kept(
    place: Checkpoint, examples: Examples, problem: Problem, solver: Solver, seed: int, report: Calls | None
) -> Solution:
    """A solution that can be resumed from the checkpoint, with what its reader should know of that.

    Raises:
        OptionError: the solver cannot be resumed, or the settings are not those of the checkpoint.
        DataError: the data are not those of the checkpoint.
    """
    check_solver(solver)
    keeper = FileKeeper(place, contents(examples), settings(problem, solver, seed), machine(problem.engine))
    if report is not None:
        report.ask, keeper.beside = keeper.ask, report.changing()
    with keeper.listening():
        solution = solver.solve(problem, seed, report, keeper)  # type: ignore[call-arg]  # checked above
    return replace(solution, notes=(*solution.notes, *keeper.notes()))


def check_solver(solver: Solver) -> None:
    """Only a solver that takes a keeper can be resumed."""
    if takes_keeper(solver):
        return
    able = [name for name, kind in SOLVERS.items() if takes_keeper(kind)]
    raise OptionError(
        f"{type(solver).__name__} cannot go on from a checkpoint; leave out checkpoint, or choose one of the solvers "
        f"{', '.join(able)}, or gl.Exhaustive."
    )


def takes_keeper(solver: Any) -> bool:
    return "keeper" in inspect.signature(solver.solve).parameters


def contents(examples: Examples) -> dict[str, Any]:
    """The data, by the names that people know, with checksums."""
    held = (None, None) if examples.held is None else examples.held
    parts = {
        "features": examples.X, "targets": examples.y, "weights": examples.weights,
        "features held out": held[0], "targets held out": held[1],
    }  # fmt: skip
    preparation = None if examples.preparation is None else examples.preparation.to_dict()
    columns = digest(json.dumps([examples.names, preparation], sort_keys=True))
    found = {name: content_of(values) for name, values in parts.items() if values is not None}
    return found | {"names or units of the columns": [len(examples.names), "", columns]}


def settings(problem: Problem, solver: Solver, seed: int) -> dict[str, str]:
    """All that decides about the bits of a run, beside the data and the solver's own settings."""
    return {
        "version of gradloop": __version__,
        "engine": problem.engine,
        "solver": type(solver).__name__,
        "model": problem.model.name,
        "loss": problem.loss.name,
        "penalty": "none" if problem.penalty is None else problem.penalty.name,
        "seed": str(seed),
        "start": digest(problem.start.tobytes()),
        "formula of model and loss": digest(problem.example.key),
        "formula of the penalty": digest(*penalty_keys(problem)),
    }


def penalty_keys(problem: Problem) -> Iterator[str]:
    """The penalty as graphs, whose constants count to the last bit."""
    if problem.penalty is None:
        return
    for name, node in zip(problem.names, problem.params, strict=True):
        w, rate = Spec(node.spec.shape, np.dtype(np.float64)), Spec((), np.dtype(np.float64))
        if not problem.penalised(name):
            continue
        for function, specs in (
            (problem.penalty.value, {"w": w}),
            (problem.penalty.smooth, {"w": w}),
            (problem.penalty.proximal, {"w": w, "rate": rate}),
        ):
            with suppress(TracingError):  # a value of the user's own need not be traced
                yield "none" if function is None else trace(function, specs).key


def machine(engine: str) -> str:
    """What the last digits depend on: processor and NumPy."""
    if engine == "numpy":
        return f"{platform.machine()}, NumPy {np.__version__}"
    from gradloop.compiler.jit import processor

    return f"{processor()}, NumPy {np.__version__}"
