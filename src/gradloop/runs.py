"""Runs with different settings side by side: a table of what each came to, and which is the best."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, overload

import numpy as np

from gradloop.data.words import counted
from gradloop.errors import OptionError
from gradloop.inference import Fit
from gradloop.stop import Stop
from gradloop.summary import title
from gradloop.text import number, printable, table


class Run(NamedTuple):
    """One of the runs: its settings by name, the fit, and the numbers by which runs are compared."""

    settings: Mapping[str, Any]
    fit: Fit
    loss: float  # the objective with the parameters that were kept
    held_out: float  # the mean loss of the rows held out; NaN without any
    above_best: float = float("nan")  # how far the objective is above the best known; NaN where none is known

    @property
    def failed(self) -> bool:
        """Whether it has no end that can be compared."""
        return self.fit.stop is Stop.DIVERGED or not np.isfinite(self.loss)

    @property
    def rows(self) -> float:
        """Rows of data touched."""
        return self._last("rows")

    @property
    def seconds(self) -> float:
        return self._last("seconds")

    def _last(self, column: str) -> float:
        return float(self.fit.history[column][-1]) if len(self.fit.history) else float("nan")


@dataclass(frozen=True, eq=False, repr=False)
class Sweep(Sequence[Run]):
    """Runs with different settings, in the order of the settings; it prints as a table.

    >>> import gradloop as gl
    >>> X = np.arange(8.0)[:, None]
    >>> found = gl.sweep(X, 3 * X[:, 0] + 1, learning_rate=[0.001, 0.01], batch_size=2, epochs=5)
    >>> len(found), dict(found[1].settings), found.best is found[1].fit
    (2, {'learning_rate': 0.01, 'batch_size': 2, 'epochs': 5}, True)
    """

    runs: tuple[Run, ...]
    notes: tuple[str, ...] = ()
    stable_rate: float = float("nan")  # the largest with which descent on all rows does not grow
    planned: int = 0  # how many runs there were to be; fewer began where they were interrupted

    plot: ClassVar[Callable[..., Any]]  # the picture: plots, which stands above, puts it here

    @overload
    def __getitem__(self, place: int) -> Run: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Run]: ...
    def __getitem__(self, place: int | slice) -> Run | Sequence[Run]:
        return self.runs[place]

    def __len__(self) -> int:
        return len(self.runs)

    @cached_property
    def best_run(self) -> Run | None:
        """The least loss on the rows held out, or without any at the end; None where every run diverged."""
        compared = [run for run in self.runs if not run.failed]
        return min(compared, key=lambda run: run.loss if np.isnan(run.held_out) else run.held_out, default=None)

    @property
    def best(self) -> Fit:
        """The fit of the best run.

        Raises: OptionError where every run diverged.
        """
        if self.best_run is None:
            raise OptionError(f"Every run diverged, so that none is the best: {self.advice}.")
        return self.best_run.fit

    @property
    def interrupted(self) -> bool:
        """Whether there would have been more to see."""
        return len(self) < self.planned or any(run.fit.stop is Stop.INTERRUPTED for run in self)

    @property
    def advice(self) -> str:
        known = np.isfinite(self.stable_rate)
        bound = f"; descent on all rows is stable below {self.stable_rate:.3g}" if known else ""
        return f"choose smaller learning rates{bound}, and small batches need less"

    @property
    def varied(self) -> tuple[str, ...]:
        """The settings that are not the same in all runs."""
        first = self.runs[0].settings
        return tuple(name for name in first if any(run.settings[name] != first[name] for run in self.runs))

    def __str__(self) -> str:
        first = self.runs[0]
        fixed = [f"{name} {told(value)}" for name, value in first.settings.items() if name not in self.varied]
        heading = "; ".join([title(first.fit, done=counted(len(self), "run")), *fixed])
        return "\n".join([printable(heading), "", self._table(), "", *map(printable, self._remarks())])

    __repr__ = __str__

    def _table(self) -> str:
        held = any(np.isfinite(run.held_out) for run in self.runs)
        header = ["", *self.varied, "loss", *["held-out loss"] * held, "above the best", "rows", "seconds", "stop"]
        return table(header, [self._cells(run, held) for run in self.runs])

    def _cells(self, run: Run, held: bool) -> list[str]:
        mark = "best" if run is self.best_run else ""
        values = [run.loss, *[run.held_out] * held, float(f"{run.above_best:.3g}")]
        numbers = ["-" if run.failed else dashed(value) for value in values]
        spent = [dashed(run.rows), dashed(float(f"{run.seconds:.3g}"))]
        return [mark, *(told(run.settings[name]) for name in self.varied), *numbers, *spent, word(run.fit.stop)]

    def _remarks(self) -> Iterator[str]:
        for stop in dict.fromkeys(run.fit.stop for run in self.runs):
            yield f"{word(stop)}: {stop}"
        if self.best_run is None:
            yield f"Every run diverged: {self.advice}."
        if len(self) < self.planned:
            yield f"Interrupted: {len(self)} of {counted(self.planned, 'run')} began."
        yield from (f"note: {note}" for note in self.notes)

    def to_dict(self) -> list[dict[str, Any]]:
        """Each run as names and plain values."""
        return [
            {
                "settings": {name: getattr(value, "__name__", value) for name, value in run.settings.items()},
                "loss": None if run.failed else run.loss, "held_out_loss": run.held_out, "above_best": run.above_best,
                "rows": run.rows, "seconds": run.seconds, "holdout": run.fit.holdout,
                "stop": {"name": run.fit.stop.name, "sentence": str(run.fit.stop)}, "notes": run.fit.notes,
                "history": run.fit.history.to_dict(), "best": run is self.best_run,
            }
            for run in self.runs
        ]  # fmt: skip


def told(value: Any) -> str:
    """A setting as it stands in a table."""
    if isinstance(value, (float, int)):
        return number(value)
    return str(getattr(value, "__name__", value))


def word(stop: Stop) -> str:
    return stop.name.lower()


def dashed(value: float) -> str:
    return "-" if np.isnan(value) else number(value)
