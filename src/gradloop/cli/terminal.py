"""What people and programs see: progress, results, and errors as one sentence."""

import json
import math
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import typer

from gradloop.errors import GradloopError, OptionError
from gradloop.explain.data import plain
from gradloop.text import number, printable

FAULT, USAGE, INTERRUPTED = 1, 2, 130  # exit codes
TRACEBACK = "GRADLOOP_TRACEBACK"
_LINES = 10  # of progress, where there is no terminal

Report = Callable[[Any], None]


def say(sentence: str) -> None:
    """One line on standard error, with the program's name before it."""
    print(f"gradloop: {printable(sentence)}", file=sys.stderr)


@contextmanager
def sentences() -> Iterator[None]:
    """Turn what goes wrong inside into one sentence and an exit code.

    With GRADLOOP_TRACEBACK set, it stays a traceback.
    """
    try:
        yield
        sys.stdout.flush()  # a full disk shows itself only here
    except (typer.Exit, typer.Abort):
        raise
    except KeyboardInterrupt:
        say("interrupted; no output was written.")
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        _forget_output()
        raise typer.Exit(FAULT) from None
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        if isinstance(error, OSError):
            _forget_output()
        say(_sentence(error))
        raise typer.Exit(USAGE if isinstance(error, OptionError) else FAULT) from None


def _forget_output() -> None:
    """What standard output could not take, Python would try again at its end, and complain once more."""
    with suppress(OSError):  # a test's output has no number
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _sentence(error: Exception) -> str:
    if isinstance(error, GradloopError):
        return str(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory for this; use fewer rows or columns."
    if isinstance(error, OSError):
        return f"the output cannot be written: {(error.strerror or str(error)).lower()}."
    return (
        f"something went wrong that should not ({type(error).__name__}: {error}); this is gradloop's fault: "
        f"please report it with what {TRACEBACK}=1 shows."
    )


@contextmanager
def stopping_is_ctrl_c(wanted: bool) -> Iterator[None]:
    """Where wanted, let being told to end, or a terminal that goes away, do what Ctrl-C does."""
    signals = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)] if wanted else []
    taken = [each for each in signals if signal.getsignal(each) is signal.SIG_DFL]
    for each in taken:
        signal.signal(each, signal.default_int_handler)
    try:
        yield
    finally:
        for each in taken:
            signal.signal(each, signal.SIG_DFL)


@contextmanager
def progress(quiet: bool) -> Iterator[Report | bool | None]:
    """What shows on standard error how far training is: the live line, or a few lines in a log."""
    yield None if quiet else True if sys.stderr.isatty() else _few_lines("epoch")


@contextmanager
def runs_done(quiet: bool) -> Iterator[Report | None]:
    """The same for many runs: a bar, or a few lines in a log."""
    if quiet or not sys.stderr.isatty():
        yield None if quiet else _few_lines("run")
        return
    with ExitStack() as shown:
        yield _bar_in(shown)


def _bar_in(shown: ExitStack) -> Report:
    """A bar that is there from the first report on: what never reports need not load it."""
    bars: list[Any] = []

    def report(state: Any) -> None:
        if not bars:
            bars.append(shown.enter_context(_bar()))
            bars[0].add_task("", total=None)
        bars[0].update(0, total=state.epochs, completed=state.epoch, description=_told(state))

    return report


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("run {task.completed} of {task.total}"),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    return Progress(*columns, console=console, transient=True)


def _few_lines(turn: str) -> Report:
    tenths = 0

    def report(state: Any) -> None:
        nonlocal tenths
        reached = state.epoch * min(_LINES, state.epochs) // state.epochs
        if reached > tenths:
            tenths = reached
            print(f"{turn} {state.epoch} of {state.epochs}: {_told(state)}", file=sys.stderr, flush=True)

    return report


def _told(state: Any) -> str:
    loss = "" if state.loss is None or math.isnan(state.loss) else f"loss {number(state.loss)}, "
    rate = f"rate {state.learning_rate:.3g}, " if math.isfinite(state.learning_rate) else ""
    return f"{loss}{rate}{state.rows_per_second:.3g} rows/s"


def print_json(value: Any) -> None:
    """One JSON object on standard output; what JSON cannot say of numbers (NaN, infinity) becomes null."""
    print(json.dumps(plain(value), allow_nan=False))
