"""The one channel between a solver and its callbacks: tells each in turn, and lets the run stop where one asks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self

import numpy as np

from gradloop.callbacks.protocol import Callback, Outline, Told, name_of
from gradloop.errors import CallbackError, GradloopError, OptionError
from gradloop.progress import Progress, View
from gradloop.solvers.closed_form import ClosedForm
from gradloop.solvers.solution import Solution
from gradloop.stop import Stop


def as_callbacks(progress: Any, callbacks: Any) -> tuple[Callback, ...]:
    """What the options `progress` and `callbacks` of a fit ask for, in this order.

    Raises: OptionError for what is neither a callback nor a function.
    """
    found = [] if progress is None or progress is False else [shown(progress)]
    if isinstance(callbacks, str) or not isinstance(callbacks, Iterable):
        raise OptionError(f"callbacks is {callbacks!r}, but it must be a list, such as [gl.callbacks.EarlyStopping()].")
    for each in callbacks:
        if isinstance(each, type):
            raise OptionError(f"callbacks holds the class {each.__name__} itself; give one of it: {each.__name__}().")
        if not isinstance(each, Callback) and not callable(each):
            raise OptionError(
                f"callbacks holds {each!r}, which is no callback; give a function of one gl.Progress, or an object "
                "with the methods of gl.callbacks.Callback."
            )
        found.append(each if isinstance(each, Callback) else Told(each))
    return tuple(found)


def shown(progress: Any) -> Callback:
    """What shows how far training is: of our own for True, else the user's function."""
    if progress is True:
        from gradloop.callbacks.live import Live

        return Live()
    if not callable(progress):
        raise OptionError(f"progress is {progress!r}; give True, or a function that takes one gl.Progress.")
    return Told(progress, needs_epochs=False)


def check_epochs(callbacks: tuple[Callback, ...], solver: Any) -> None:
    """The closed form has no epochs, so what counts on them would never be called; what only shows them may stay."""
    if not isinstance(solver, ClosedForm):
        return
    for each in callbacks:
        if getattr(each, "needs_epochs", True):
            raise OptionError(
                f"The closed form solves at once and has no epochs that it could tell {name_of(each)} of; leave "
                'callbacks out, or choose a solver with epochs, such as "minibatch".'
            )


def interrupt() -> None:
    """Ends a run as Ctrl-C does: with what it has."""
    raise KeyboardInterrupt


@dataclass(frozen=True)
class Asked:
    """Who wanted to stop, and why."""

    callback: str
    epoch: int
    why: str

    def __str__(self) -> str:
        because = f": {self.why}" if self.why else ""
        return f"{self.callback} asked to stop after epoch {self.epoch}{because}."


class Calls:
    """Calls callbacks. Used in a `with` statement, it tells them of the end whatever that is.

    Args: callbacks, in the order in which they are called; ask, what makes the run stop.
    """

    def __init__(self, callbacks: tuple[Callback, ...], ask: Callable[[], None] = interrupt) -> None:
        self.callbacks, self.ask = callbacks, ask
        self.open: list[Callback] = []  # that began, and were not told of the end
        self.asked: Asked | None = None
        self.view: View | None = None
        self.epoch = 0
        self.due = -math.inf

    def __enter__(self) -> Self:
        return self

    def start(self, outline: Outline, view: View) -> None:
        """Before the first step."""
        self.view = view
        for callback in self.callbacks:
            self.open.append(callback)
            self.call(callback, "on_start", outline)
        self.due = self.first_due()

    def first_due(self) -> float:
        """Before when no callback wants to be told of an epoch."""
        return min((getattr(each, "due", -math.inf) for each in self.callbacks), default=math.inf)

    def __call__(self, progress: Progress) -> None:
        """After an epoch; called by the solver."""
        self.epoch = progress.epoch
        progress.view = self.view
        for callback in self.callbacks:
            answer = self.call(callback, "on_epoch", progress)
            if answer and self.asked is None:
                why = answer.rstrip(".") if isinstance(answer, str) else ""
                self.asked = Asked(name_of(callback), progress.epoch, why)
        self.due = self.first_due()
        if self.asked is not None:
            self.ask()

    def changing(self) -> dict[str, Callback]:
        """Those that have something to keep in a checkpoint, by their place in the list."""
        return {f"callback {at}": each for at, each in enumerate(self.callbacks) if hasattr(each, "CHANGES")}

    def settled(self, solution: Solution) -> Solution:
        """What the solver found, once callbacks have had their say on parameters and end."""
        if self.asked is not None:
            stop = Stop.ASKED if solution.stop is Stop.INTERRUPTED else solution.stop
            solution = replace(solution, stop=stop, notes=(*solution.notes, str(self.asked)))
        chosen = [best for best in (getattr(each, "best", None) for each in self.callbacks) if best is not None]
        if not chosen:
            return solution
        flat = np.asarray(chosen[0].flat).astype(solution.params.dtype)
        if np.array_equal(flat, solution.params) and solution.stop is not Stop.ASKED:
            return solution
        note = f"The parameters are those of epoch {chosen[0].epoch}, whose loss on the rows held out was least."
        stop = solution.stop if solution.stop is Stop.DIVERGED else Stop.EARLY
        return replace(solution, params=flat, stop=stop, notes=(*solution.notes, note))

    def stop(self, fit: Any) -> None:
        """At the end; every callback is told, whatever the others do."""
        wrong = None
        while self.open:
            try:
                self.call(self.open.pop(0), "on_stop", fit)
            except CallbackError as error:
                wrong = wrong or error
        if wrong is not None:
            raise wrong

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None:
            return
        try:
            self.stop(None)
        except CallbackError as second:
            error.add_note(str(second))

    def call(self, callback: Callback, method: str, *arguments: Any) -> Any:
        """Call a method; what goes wrong there is said with the callback's name."""
        try:
            return getattr(callback, method)(*arguments)
        except GradloopError:
            raise
        except Exception as error:
            when = f" after epoch {self.epoch}" if method == "on_epoch" else ""
            raise CallbackError(
                f"The callback {name_of(callback)} failed in {method}{when} ({type(error).__name__}: {error}), and so "
                "the fit ended without a result; repair the callback, or leave it out."
            ) from error
