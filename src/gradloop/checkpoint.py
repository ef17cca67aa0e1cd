"""Checkpoints: what a run needs to go on after it was killed, in a file that is whole at every instant.

A run names the attributes that change as it goes; a keeper writes these, and sets them again in another process. The
newest state lies in FILE, the one before it in FILE.previous. A state belongs to its data and settings: with others it
is refused, so that a resumed run comes to the bits of one that was never disturbed.
"""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from gradloop import tensor_file
from gradloop.errors import ModelFileError, OptionError
from gradloop.history import COLUMNS, Row, Snapshot
from gradloop.sameness import Contents, Settings, check_data, check_settings, readable
from gradloop.text import number, printable
from gradloop.version import __version__
from gradloop.whole_file import PathLike, reason, remove_leftovers, write_whole

FORMAT = 1
MOST_BYTES = 2**29
USUAL_SECONDS = 30.0  # between two states
PREVIOUS = ".previous"  # after the name of the file
KIND = "checkpoint"
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # that ask a run to stop, where they mean what Ctrl-C does

Array = Any


class Running(Protocol):
    """What a keeper asks of a run."""

    CHANGES: ClassVar[tuple[str, ...]]  # the attributes that, beside these, are all that changes from step to step
    table: list[Row]
    kept: list[Snapshot]
    notes: list[str]
    begun: float


class Saved(NamedTuple):
    """What a file held."""

    arrays: dict[str, Array]
    document: dict[str, Any]

    @property
    def epochs(self) -> int:
        """How many epochs or iterations had been finished."""
        return len(self.arrays["history.epoch"])


# ---- the file ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Checkpoint:
    """A place for states of a run: how often to save there, and what was found there when resuming."""

    path: str
    every: float = USUAL_SECONDS
    saved: Saved | None = None
    notes: tuple[str, ...] = ()
    whole: bool = True  # whether the file, where there is one, may become the previous one

    @property
    def previous(self) -> str:
        return self.path + PREVIOUS


def open_checkpoint(path: PathLike | None, every: float | None, resume: bool) -> Checkpoint | None:
    """The place that the options name, once it is sure that it can be written; None without a path.

    Raises:
        OptionError: an option out of range or without a path; a file is there, and resume was not asked for.
        ModelFileError: the place cannot be written, or its files not be used.
    """
    if path is None:
        for name, given in (("every", every is not None), ("resume", resume)):
            if given:
                raise OptionError(f"{name} is for checkpoints; give checkpoint too, the file to keep them in.")
        return None
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        raise OptionError(f"checkpoint is {path!r}, but it must be the path of a file.")
    if every is not None and (isinstance(every, bool) or not isinstance(every, (int, float)) or not every >= 0):
        raise OptionError(f"every is {every!r}, but it must be a number of seconds from 0 between two checkpoints.")
    found = Checkpoint(os.fspath(path), USUAL_SECONDS if every is None else float(every))
    remove_leftovers(found.path)  # before the probe, which a kill may leave behind too: else they would pile up
    tensor_file.check_writable(found.path)
    if resume:
        return latest(found)
    for name in (found.path, found.previous):
        if os.path.lexists(name):
            raise OptionError(
                f"{name!r} is there already: resume goes on from it; for a new run remove it, or choose another name."
            )
    return found


def latest(place: Checkpoint) -> Checkpoint:
    """The newest state that can be used, or none where there is no file yet."""
    there = [name for name in (place.path, place.previous) if os.path.lexists(name)]
    if not there:
        note = f"There was no checkpoint {place.path!r} to resume from, so training began at the start."
        return Checkpoint(place.path, place.every, notes=(note,))
    wrong = []
    for name in there:
        try:
            arrays, document = tensor_file.read(name, MOST_BYTES)
        except ModelFileError:
            wrong.append(name)
            continue
        saved = Saved(arrays, check_document(name, document))
        notes = [resumed_note(name, saved)]
        if name != place.path:
            what = "was cut or altered" if wrong else "was missing"
            notes.insert(0, f"The checkpoint {place.path!r} {what}, so the one before it was used.")
        return Checkpoint(place.path, place.every, saved, tuple(notes), whole=not wrong)
    raise ModelFileError(
        f"{' and '.join(map(repr, wrong))} cannot be resumed from: no checkpoint of gradloop, or cut or altered after "
        "it was saved; take a backup, or begin a new run with another name."
    )


def check_document(name: str, document: Any) -> dict[str, Any]:
    """What stands in a whole file must be a state that this gradloop can read."""
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise ModelFileError(f"{name!r} is a file of gradloop, but no checkpoint; choose another name.")
    if document.get("format") != FORMAT:
        made = printable(document.get("gradloop"))
        raise ModelFileError(
            f"The checkpoint {name!r} was made by gradloop {made}; this is {__version__}, which cannot read it: "
            f"resume with gradloop {made}, or begin a new run with another name."
        )
    return document


def resumed_note(name: str, saved: Saved) -> str:
    return (
        f"Training resumed from {name!r}, after {number(round(saved.document['seconds'], 3))} s, with "
        f"{saved.epochs} rows of the history."
    )


# ---- the keeper ----------------------------------------------------------------------------------------------


class Keeper:
    """What a solver is given to keep its run by; this one keeps nothing."""

    def begin(self, run: Running, total: int, **settings: Any) -> None:
        """Once the run is ready for its first step: go back to where it was; settings are the solver's own."""

    def offer(self, run: Running) -> None:
        """Between two steps: save if it is time. Raises KeyboardInterrupt if the run was asked to stop."""

    def save(self, run: Running) -> None:
        """At the end: save."""

    def found(self, name: str, otherwise: int) -> int:
        """A number that a run needs before it is ready."""
        return otherwise


NO_KEEPER = Keeper()


class FileKeeper(Keeper):
    """Keeps a run in a file.

    Args:
        place: where, and what was found there
        data: what the run is trained on, by name
        settings: what else decides about its bits
        machine: where its bits are computed
    """

    def __init__(self, place: Checkpoint, data: Contents, settings: Settings, machine: str) -> None:
        self.place, self.settings = place, dict(settings)
        self.data = {name: list(content) for name, content in data.items()}
        self.machine = machine
        self.saved, self.whole = place.saved, place.whole
        self.asked = self.given_up = self.wrote = False
        self.failures: list[str] = []
        self.due_at = 0.0
        self.beside: dict[str, Any] = {}  # what changes as the run does: objects that name these attributes as it does
        if self.saved is not None:
            before, words = self.saved.document["settings"], readable(self.settings)
            check_settings({name: before.get(name, "") for name in words}, words, place.path)
            check_data(self.saved.document["data"], self.data, place.path)

    # ---- what solvers call ----
    def found(self, name: str, otherwise: int) -> int:
        """A number of the state to go on from."""
        return otherwise if self.saved is None else int(self.saved.arrays.get(f"run.{name}", otherwise))

    def begin(self, run: Running, total: int, **settings: Any) -> None:
        """Go back to the state that was found; without one save for the first time, so that a bad place is known."""
        self.settings |= {name.replace("_", " "): str(value) for name, value in settings.items()}
        if self.saved is None:
            self.save_first(run)
            return
        check_settings(self.saved.document["settings"], self.settings, self.place.path)
        if self.saved.epochs > total:
            raise OptionError(
                f"The checkpoint {self.place.path!r} holds {self.saved.epochs} epochs or iterations already, more than "
                f"the {total} asked for; ask for as many, or more."
            )
        restore(run, self.saved)
        for name, other in self.beside.items():
            restore_values(other, self.saved.arrays, name)
        self.saved = None
        self.due_at = time.monotonic() + self.place.every

    def offer(self, run: Running) -> None:
        """Save when it is time, and when the run is asked to stop."""
        if self.given_up:
            raise KeyboardInterrupt
        if self.asked or time.monotonic() >= self.due_at:
            self.save(run)
        if self.asked:
            raise KeyboardInterrupt

    def save_first(self, run: Running) -> None:
        """Save, and fail where that is not possible, while nothing is lost."""
        if self.wrote:
            self.save(run)
            return
        try:
            self.write(run)
        except OSError as error:
            raise ModelFileError(
                f"The checkpoint {self.place.path!r} cannot be written: {reason(error)}; choose another place, or "
                "leave out checkpoint."
            ) from error

    def save(self, run: Running) -> None:
        """Save; a disk that is full for a while does not end the run, but the notes tell."""
        try:
            self.write(run)
        except OSError as error:
            self.failures.append(reason(error))
            self.due_at = time.monotonic() + self.place.every

    def write(self, run: Running) -> None:
        document = {
            "kind": KIND, "format": FORMAT, "gradloop": __version__, "machine": self.machine, "data": self.data,
            "settings": self.settings, "notes": run.notes, "seconds": time.perf_counter() - run.begun,
        }  # fmt: skip
        arrays = state_of(run)
        for name, other in self.beside.items():
            arrays |= values_of(other, name)
        blob = tensor_file.encode(arrays, document)
        if len(blob) > MOST_BYTES:
            raise OSError(
                errno.EFBIG, f"its {len(blob) >> 20} megabytes are more than the {MOST_BYTES >> 20} that it may take"
            )
        write_whole(self.place.path, [blob], previous=self.place.previous if self.whole else None)
        self.whole = self.wrote = True
        self.due_at = time.monotonic() + self.place.every

    # ---- what fit calls ----
    @contextmanager
    def listening(self) -> Iterator[None]:
        """While a run goes on, Ctrl-C asks it to save and stop; the second time it stops at once."""
        taken = []
        if threading.current_thread() is threading.main_thread():
            known = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
            taken = [each for each in known if signal.getsignal(each) is signal.default_int_handler]
        for each in taken:
            signal.signal(each, self._asked)
        try:
            yield
        finally:
            for each in taken:
                signal.signal(each, signal.default_int_handler)
        if self.given_up:
            raise KeyboardInterrupt

    def ask(self) -> None:
        """Let the run save and stop as soon as it can."""
        self.asked = True

    def _asked(self, *_: Any) -> None:
        if self.asked:
            self.given_up = True
            raise KeyboardInterrupt
        self.asked = True

    def notes(self) -> Iterator[str]:
        """What the reader of the fit should know."""
        yield from self.place.notes
        before = None if self.place.saved is None else self.place.saved.document["machine"]
        if before not in (None, self.machine):
            yield (
                f"It had begun on another machine ({printable(before)}; this is {self.machine}), so the last digits "
                "may not be those of an undisturbed run."
            )
        if self.failures:
            yield (
                f"{len(self.failures)} checkpoints could not be written to {self.place.path!r}: {self.failures[-1]}; "
                "what is there is an older one."
            )
        elif self.asked:
            yield f"The run is kept in {self.place.path!r}; resume goes on from there."


# ---- a run as arrays, and back -------------------------------------------------------------------------------


def state_of(run: Running) -> dict[str, Array]:
    """All that changes, as arrays by name."""
    arrays = values_of(run, "run")
    columns = list(zip(*run.table, strict=True)) or [()] * len(COLUMNS)
    whole = {"epoch", "rows"}
    for name, column in zip(COLUMNS, columns, strict=True):
        arrays[f"history.{name}"] = np.array(column, np.int64 if name in whole else np.float64)
    arrays["snapshots"] = np.array([epoch for epoch, _ in run.kept], np.int64)
    for name in run.kept[0][1] if run.kept else ():
        arrays[f"snapshot.{name}"] = np.array([params[name] for _, params in run.kept])
    return arrays


def values_of(changing: Any, prefix: str) -> dict[str, Array]:
    """What changes of a run, or of what goes on beside it."""
    values = {f"{prefix}.{name}": getattr(changing, name) for name in changing.CHANGES}
    return {name: np.asarray(value) for name, value in values.items() if value is not None}


def restore_values(changing: Any, arrays: dict[str, Array], prefix: str) -> None:
    """Set them to what they were; what was None was not kept."""
    for name in changing.CHANGES:
        value, present = arrays.get(f"{prefix}.{name}"), getattr(changing, name)
        if value is not None and isinstance(present, (bool, int, float)):
            value = type(present)(value)
        setattr(changing, name, value)


def restore(run: Running, saved: Saved) -> None:
    """Set a run that is ready for its first step to where it was."""
    arrays = saved.arrays
    restore_values(run, arrays, "run")
    columns = [arrays[f"history.{name}"].tolist() for name in COLUMNS]
    run.table[:] = [Row(*values) for values in zip(*columns, strict=True)]
    parts = {key.removeprefix("snapshot."): values for key, values in arrays.items() if key.startswith("snapshot.")}
    run.kept[:] = [
        (int(epoch), {name: np.array(values[place]) for name, values in parts.items()})
        for place, epoch in enumerate(arrays["snapshots"])
    ]
    run.notes[:] = saved.document["notes"]
    run.begun = time.perf_counter() - saved.document["seconds"]
