"""From a table larger than memory to examples on disk: one pass to learn how columns become numbers, one to write."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import Any, NamedTuple

import numpy as np

from gradloop.data.ahead import ahead
from gradloop.data.columns import TableStatistics, gather
from gradloop.data.missing import LeftOut, Rules
from gradloop.data.preparation import Preparation, chosen_columns
from gradloop.data.sources import Source
from gradloop.data.sources.spool import Spool, disk_told
from gradloop.data.sources.tables import tables
from gradloop.data.table import Table
from gradloop.errors import DataError
from gradloop.examples import (
    NO_WEIGHT,
    Examples,
    as_loss,
    as_model,
    as_they_are,
    check_class_count,
    check_rules,
    check_table_options,
    law_columns,
    starting_params,
    table_target,
    table_weights,
    wants_classes,
)
from gradloop.larger.holdout import Split, split_source
from gradloop.larger.rows import StoredRows
from gradloop.larger.store import Layout, Rows, Store, open_store, read_layout, write_chunks
from gradloop.losses import Loss
from gradloop.models import Model
from gradloop.sameness import digest
from gradloop.targets import check_squares
from gradloop.text import printable
from gradloop.version import __version__
from gradloop.whole_file import PathLike, check_place, reason, write_whole

NOTHING = Layout(0, 1, "<f8", "<f8", False, 1, "")  # what a store holds that is still being written
Array = Any


class Task(NamedTuple):
    """What is to become of the rows."""

    target: str
    names: tuple[str, ...]  # of the features' columns
    weights: str | None  # the column of them
    law: list[str] | None  # the columns in the order of the law's arguments
    rules: Rules
    model: Model
    loss: Loss
    as_they_are: bool  # as laws want their columns
    holdout: float = 0.0  # the share of rows that is not trained on
    seed: int = 0  # which decides which

    @property
    def columns(self) -> list[str]:
        return [*self.names, self.target, *([] if self.weights is None else [self.weights])]

    def usable(self, table: Table, left_out: LeftOut) -> tuple[Table, Array | None]:
        """The rows that count, and their weights."""
        weights, _ = table_weights(table, self.weights, self.target, ())
        rows = left_out.choose(table, self.target, self.names if self.rules.missing == "drop" else ())
        if weights is not None:
            rows = np.arange(table.rows) if rows is None else rows
            rows = rows[weights[rows] > 0]
            weights = weights[rows]
        return (table if rows is None else table.select(rows)), weights

    def split(self, source: Source) -> Split | None:
        """Which rows are held out; None where none are."""
        if not self.holdout:
            return None
        drop = self.rules.missing == "drop"
        return split_source(source, self.columns, self.names, self.target, drop, self.holdout, self.seed)

    def key(self, source: Source) -> str:
        """A text that changes with whatever decides about the encoded rows."""
        parts = (self.target, self.names, self.weights, self.law, tuple(self.rules), self.loss.name, self.as_they_are)
        kept = (self.holdout, self.seed) if self.holdout else ()
        return digest(source.fingerprint(), repr(parts + kept), __version__)


class Learned(NamedTuple):
    """What the first pass finds out."""

    preparation: Preparation
    weight: float  # by which weights are divided, so that their mean is one
    remarks: tuple[str, ...]


def task_of(
    source: Source, y: Any, target: str | None, leave_out: Iterable[str], model: Any, loss: Any,
    start: Mapping[str, Any] | None, weights: Any, rules: Rules, holdout: float = 0.0, seed: int = 0,
) -> Task:  # fmt: skip
    """What is asked for, as far as names tell.

    Raises: DataError, ModelError, OptionError: as for `gradloop.fit`.
    """
    names = source.schema().names
    table: Any = Table(dict.fromkeys(names, np.zeros(0)), source.name)
    target = check_table_options(table, y, target, start, model)
    if not isinstance(weights, str | None):
        raise DataError(f"{source.name} is read in pieces, so its weights must be a column: give the column's name.")
    chosen, is_law = as_model(model, start), callable(model)
    law = law_columns(model, table, start) if is_law and start is not None else None
    if weights is not None:
        table.check_known([weights])
        leave_out = (*leave_out, weights)
    check_rules(rules, law)
    kept = chosen_columns(table, target, law, leave_out)
    return Task(target, tuple(kept), weights, law, rules, chosen, as_loss(loss, chosen), is_law, holdout, seed)


@contextmanager
def encoded(source: Source, task: Task, start: Mapping[str, Any] | None, folder: PathLike | None) -> Iterator[Examples]:
    """The examples of a source, on disk as long as they are used; in a folder they are kept for the next time.

    Raises: DataError for what cannot be read, trained on, or written.
    """
    stores = kept_or_written(source, task, folder)
    with ExitStack() as stack:
        for store in stores:
            stack.enter_context(closing(store.file))
        yield examples_of(stores[0], stores[1] if task.holdout else None, task, start)


def kept_or_written(source: Source, task: Task, folder: PathLike | None) -> list[Store]:
    """The rows to train on, and those held out, if there are to be some."""
    key = task.key(source)
    sides = [(False, key), (True, digest(key, "held out"))] if task.holdout else [(False, key)]
    if folder is not None:
        check_folder(path_in(folder, key))
        kept = [store for _, key in sides if (store := open_store(path_in(folder, key), key))]
        if len(kept) == len(sides):
            return kept
    quick = source if source.quick else Spool(source, task.columns)
    split = task.split(quick)
    learned = learn(quick, task, split)
    stores = [
        written(lambda held=held: pieces(quick, task, learned, split, held), key, learned, folder)  # type: ignore[misc]
        for held, key in sides
    ]
    if isinstance(quick, Spool):
        quick.close()
    return stores


def learn(source: Source, task: Task, split: Split | None) -> Learned:
    """The first pass over the rows to train on."""
    wanted, seen = wants_classes(task.loss), Weights(task)
    given = None if task.weights is None else seen.of
    drop = task.rules.missing == "drop"
    rows = tables(source, task.columns) if split is None else split.side(source, held=False)
    found = gather(seen.counting(rows), task.target, task.names, drop, wanted is True, given)
    preparation = Preparation.decide(found, wanted, task.rules)
    if task.as_they_are:
        preparation = as_they_are(preparation, task.law)
    check_class_count(preparation, task.loss, task.target)
    check_reach(found, task)
    zeros = (f"{seen.zeros} rows of weight 0 were left out.",) if seen.zeros else ()
    remarks = zeros if split is None else (*split.notes, *zeros)
    return Learned(preparation, seen.total / max(seen.rows, 1), remarks)


class Weights:
    """The weights of rows that pass by, and their sum over those that count."""

    def __init__(self, task: Task) -> None:
        self.task, self.rows, self.total, self.zeros = task, 0, 0.0, 0

    def of(self, table: Table) -> Array | None:
        return table_weights(table, self.task.weights, self.task.target, ())[0]

    def counting(self, found: Iterable[Table]) -> Iterator[Table]:
        """The rows that have a weight.

        Raises: DataError if there are none.
        """
        any_rows = False
        for table in found:
            given = self.of(table)
            if given is not None:
                weights: Array = self.task.usable(table, LeftOut())[1]
                self.rows, self.total = self.rows + len(weights), self.total + float(weights.sum())
                self.zeros += int((given == 0).sum())
                table = table.select(np.flatnonzero(given > 0))
            if table.rows:
                any_rows = True
                yield table
        if not any_rows:
            raise DataError(NO_WEIGHT if self.zeros else "There are no rows to learn from; give at least one.")


def check_reach(found: TableStatistics, task: Task) -> None:
    """Raise DataError for a quantity whose squares overflow or vanish, which only all rows together tell."""
    if task.loss.name == "squared":
        moments = found.columns[task.target].moments
        check_squares(max(moments.maximum, -moments.minimum), np.dtype(np.float64))


def pieces(source: Source, task: Task, learned: Learned, split: Split | None, held: bool) -> Iterator[Rows]:
    """The second pass: features, targets and weights, some thousand rows at a time; rows held out count alike."""

    def piece(table: Table) -> Rows:
        weights = None if task.weights is None else np.full(table.rows, learned.weight)
        if not held:
            table, weights = task.usable(table, LeftOut())
        X = learned.preparation.features(table)
        y = table_target(table, learned.preparation, task.loss)
        return (X, y) if weights is None else (X, y, weights / learned.weight)

    return ahead(piece, tables(source, task.columns) if split is None else split.side(source, held))


def written(make: Callable[[], Iterator[Rows]], key: str, learned: Learned, folder: PathLike | None) -> Store:
    """A store of the pieces: in a file without a name, or in a folder."""
    about = json.dumps({"preparation": learned.preparation.to_dict(), "remarks": learned.remarks})
    parts = write_chunks(make(), key, checked=folder is not None, about=about)
    if folder is None:
        with disk_told():
            file = tempfile.TemporaryFile()  # noqa: SIM115  # the store closes it
            store = Store(file, NOTHING)
            for part in parts:
                if isinstance(part, Layout):
                    store.layout = part
                    return store
                file.write(part)
    path = path_in(folder or "", key)
    with cache_told(path):
        write_whole(path, (part for part in parts if not isinstance(part, Layout)))
    kept = open(path, "rb")  # noqa: SIM115  # the store closes it
    return Store(kept, read_layout(kept))


def check_folder(path: str) -> None:
    """Find out before any work whether a cache can be written."""
    with cache_told(path):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        check_place(path)


@contextmanager
def cache_told(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            f"The cache {printable(path)} cannot be written: {reason(error)}; choose another folder."
        ) from error


def path_in(folder: PathLike, key: str) -> str:
    return os.path.join(os.fspath(folder), f"{key.lstrip('#')}.gradloop-rows")


def examples_of(store: Store, held: Store | None, task: Task, start: Mapping[str, Any] | None) -> Examples:
    """The examples in a store, with what is known of them."""
    about = json.loads(store.layout.about)
    preparation = Preparation.from_dict(about["preparation"])
    weights = StoredRows(store, 2) if store.layout.weighted else None
    judged = None if held is None else (StoredRows(held, 0), StoredRows(held, 1))
    params = starting_params(task.model, start, store.layout.features, len(preparation.classes or ()))
    return Examples(
        task.model, task.loss, StoredRows(store, 0), StoredRows(store, 1), params, preparation.feature_names, weights,
        judged, preparation, tuple(about["remarks"]),
    )  # fmt: skip
