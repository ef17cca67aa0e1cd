"""The protocol of callbacks: what a fit tells while it goes on, and how it is asked to stop."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Protocol, runtime_checkable

from gradloop.examples import Examples
from gradloop.problem import Problem
from gradloop.progress import Progress


@dataclass(frozen=True)
class Outline:
    """What is known of a fit before its first step."""

    model: str
    loss: str
    penalty: str
    solver: str
    settings: dict[str, Any]  # of the solver, by the names of its arguments
    seed: int
    rows: int  # that training sees
    held: int  # rows that are held out
    features: tuple[str, ...]
    parameters: int  # how many numbers are looked for


@runtime_checkable
class Callback(Protocol):
    """What listens to a fit. Inherit from it, and write only the methods that you need.

    A callback that has an attribute ``best``, a `gradloop.Progress` or None, decides about the parameters: when
    training ends, the fit has those of ``best``. One that has an attribute ``CHANGES``, names of its attributes that
    are numbers or arrays, has them kept in checkpoints, and a resumed run goes on with them. One whose
    ``needs_epochs`` is False may stay where a solver has no epochs to tell of, as the closed form. One that has an
    attribute ``due``, a time of `time.perf_counter`, need not be told of epochs before it, which costs nothing then.

    >>> class Count(Callback):
    ...     epochs = 0
    ...     def on_epoch(self, progress):
    ...         self.epochs += 1
    """

    def on_start(self, outline: Outline) -> None:
        """Before the first step; what raises OptionError here refuses the fit."""
        return None

    def on_epoch(self, progress: Progress) -> Any:
        """After each epoch (or iteration, sweep, part of a grid). True, or a sentence saying why, asks to stop."""
        return None

    def on_stop(self, fit: Any) -> None:
        """At the end, with the fit; with None where an error ended training, so that what is open can be closed."""
        return None


class Told(Callback):
    """A function that is told of each epoch: the smallest callback."""

    def __init__(self, function: Any, needs_epochs: bool = True) -> None:
        self.function, self.needs_epochs = function, needs_epochs

    def on_epoch(self, progress: Progress) -> Any:
        return self.function(progress)


def outline_of(examples: Examples, problem: Problem, solver: Any, seed: int) -> Outline:
    """What is known before the first step."""
    settings = {each.name: getattr(solver, each.name) for each in fields(solver)} if is_dataclass(solver) else {}
    held = 0 if examples.held is None else len(examples.held[0])
    penalty = "none" if problem.penalty is None else problem.penalty.name
    return Outline(
        problem.model.name, problem.loss.name, penalty, type(solver).__name__, settings, seed, len(problem.X), held,
        tuple(examples.names), problem.start.size,
    )  # fmt: skip


def name_of(callback: Any) -> str:
    """What sentences call it."""
    told = getattr(callback, "function", callback) if isinstance(callback, Told) else callback
    return str(getattr(told, "__qualname__", type(told).__name__))
