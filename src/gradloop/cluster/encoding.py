"""From rows somewhere to parts of numbers on the workers: each part is read there, and read again if a worker dies.

What workers keep are futures with a recipe, never rows that the client has sent.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from gradloop.cluster import work
from gradloop.cluster.passes import Passes, gathered
from gradloop.cluster.pieces import delayed, kept, pieces_of, tables_of
from gradloop.cluster.rows import ClusterRows
from gradloop.data.arrays import check_features, check_target
from gradloop.data.columns import TableStatistics, gather_part
from gradloop.data.missing import LeftOut
from gradloop.data.preparation import Preparation
from gradloop.data.sources import Source
from gradloop.data.split import held_among, holdout_limit
from gradloop.data.table import Table
from gradloop.errors import DataError, OptionError
from gradloop.examples import (
    Examples,
    as_loss,
    as_model,
    as_they_are,
    check_array_options,
    check_class_count,
    check_weights,
    starting_params,
    table_target,
    wants_classes,
)
from gradloop.history import Pass
from gradloop.larger.encoding import Task, check_reach, task_of
from gradloop.targets import check_two_classes, count_classes, part_target

Array = Any


class Seen(NamedTuple):
    """What a first look at a part finds: statistics of its columns, and of its weights."""

    statistics: TableStatistics
    weighed: int  # rows with a weight above zero
    weight: float
    zeros: int


class Split(NamedTuple):
    """Which of the usable rows of a part are held out; see `data.split`."""

    first: int  # of the part's usable rows among all
    seed: int
    limit: int

    def held(self, before: int, count: int) -> Array:
        return held_among(self.first + before, count, self.seed, self.limit)


def rows_on(client: Any, data: Any) -> tuple[list[Any], Source | None]:
    """The parts of the rows, and a source that knows their columns; for arrays of Dask no parts yet, and None.

    Raises: DataError, OptionError: as `pieces_of`.
    """
    return ([], None) if hasattr(data, "chunks") and hasattr(data, "to_delayed") else pieces_of(client, data)


def examples_on(
    client: Any, data: Any, rows: tuple[list[Any], Source | None], y: Any, target: str | None, leave_out: Any,
    model: Any, loss: Any, start: Any, weights: Any, holdout: float, seed: int, rules: Any,
) -> Examples:  # fmt: skip
    """The examples of a source, encoded on the workers; the arguments are those of `examples.from_table`.

    Args: rows, what `rows_on` found.

    Raises: DataError, ModelError, OptionError: as for `gradloop.fit`.
    """
    pieces, few = rows
    if few is None:
        check_array_options(y, target, leave_out, rules)
        if holdout:
            raise OptionError("Rows of a Dask array cannot be held out; leave holdout out and evaluate on other rows.")
        return of_array(client, data, y, model, loss, start, weights)
    task = task_of(few, y, target, leave_out, model, loss, start, weights, rules)
    return of_table(client, pieces, few.name, task, start, (holdout, seed) if holdout else None)


# ---- tables ----------------------------------------------------------------------------------------------------


def left_out_of(table: Table, task: Task, found: LeftOut) -> Array:
    """The usable rows of a table; the others are counted."""
    rows = found.choose(table, task.target, task.names if task.rules.missing == "drop" else ())
    return np.arange(table.rows) if rows is None else rows


def count(piece: Any, content: bytes) -> LeftOut:
    """A pass that only counts usable rows: which are held out depends on how many there are."""
    found, task = LeftOut(), work.unpacked(content)
    for table in tables_of(piece, [*task.names, task.target]):
        left_out_of(table, task, found)
    return found


def some_tables(piece: Any, task: Task, split: Split | None, held: bool = False) -> Iterator[Table]:
    """The rows of a part that are held out, or those that are not."""
    before = 0
    for table in tables_of(piece, task.columns):
        if split is None:
            yield table
            continue
        usable = left_out_of(table, task, LeftOut())
        out = split.held(before, len(usable))
        before += len(usable)
        yield table.select(usable[out == held])


def look(piece: Any, content: bytes, split: Split | None = None) -> Seen:
    """The first pass over a part."""
    task: Task = work.unpacked(content)
    sizes, zeros = [(0, 0.0)], [0]

    def counted() -> Iterator[Table]:
        for table in some_tables(piece, task, split):
            if task.weights is not None:
                given = check_weights(table.column(task.weights), table.rows)
                found: Array = task.usable(table, LeftOut())[1]
                sizes.append((len(found), float(found.sum())))
                zeros[0] += int((given == 0).sum())
                table = table.select(np.flatnonzero(given > 0))
            if table.rows:
                yield table

    drop = task.rules.missing == "drop"
    given = None if task.weights is None else lambda table: check_weights(table.column(task.weights), table.rows)
    statistics = gather_part(counted(), task.target, task.names, drop, wants_classes(task.loss) is True, given)
    rows, weights = zip(*sizes, strict=True)
    return Seen(statistics, sum(rows), sum(weights), zeros[0])


def encode(piece: Any, content: bytes, split: Split | None = None, held: bool = False) -> work.Stamped:
    """The second pass over a part: its rows as numbers; those held out weigh alike."""
    task, preparation, mean = work.unpacked(content)
    found = []
    for table in some_tables(piece, task, split, held):
        usable, weights = (table, None) if held else task.usable(table, LeftOut())
        if held and task.weights is not None:
            weights = np.full(table.rows, mean)
        if usable.rows:
            X = preparation.features(usable)
            y = table_target(usable, preparation, task.loss)
            found.append((X, y) if weights is None else (X, y, weights / mean))
    if found:
        return work.stamped(tuple(np.ascontiguousarray(np.concatenate(parts)) for parts in zip(*found, strict=True)))
    width = len(preparation.feature_names)
    nothing = np.zeros((0, width)), np.zeros(0)
    return work.stamped(nothing if task.weights is None else (*nothing, np.zeros(0)))


def merged(a: Seen, b: Seen) -> Seen:
    a.statistics.combine(b.statistics)
    a.statistics.source = b.statistics.source
    return Seen(a.statistics, a.weighed + b.weighed, a.weight + b.weight, a.zeros + b.zeros)


def of_table(
    client: Any, pieces: list[Any], name: str, task: Task, start: Mapping[str, Any] | None,
    holdout: tuple[float, int] | None = None,
) -> Examples:  # fmt: skip
    """Two passes over the parts: to learn how columns become numbers, and to make them.

    Args: holdout, the share of rows that are held out, and the seed: then a pass before counts the rows.
    """
    bare = task._replace(
        model=task.model._replace(predict=None, start=None, in_units=None),  # type: ignore[arg-type]
        loss=task.loss._replace(function=None),  # type: ignore[arg-type]
    )
    splits, left_out = splits_of(client, pieces, bare, holdout)
    begun, content = time.perf_counter(), work.packed(bare)
    recipes = list(zip(pieces, splits, strict=True))
    looks = gathered(client, kept(client, [delayed(look, piece, content, split) for piece, split in recipes]))
    rows = [one.statistics.rows for one in looks]
    moved = sum(len(work.packed(one)) for one in looks)
    first = Pass("look", sum(rows), len(pieces) * len(content), moved, time.perf_counter() - begun)
    seen = reduce(merged, looks)
    seen.statistics.source = name
    seen.statistics.left_out = left_out or seen.statistics.left_out
    seen.statistics.left_out.check(name, task.target)
    preparation = Preparation.decide(seen.statistics, wants_classes(task.loss), task.rules)
    if task.as_they_are:
        preparation = as_they_are(preparation, task.law)
    check_class_count(preparation, task.loss, task.target)
    check_reach(seen.statistics, task)
    content = work.packed((bare, preparation, seen.weight / max(seen.weighed, 1)))
    passes = Passes(client, encoded_parts(client, recipes, content), expected=rows)
    passes.record.insert(0, first)
    remarks = (f"{seen.zeros} rows of weight 0 were left out.",) if seen.zeros else ()
    params = starting_params(task.model, start, passes.about[0].features, len(preparation.classes or ()))
    found = examples_of(passes, task.model, task.loss, params, preparation.feature_names, preparation, remarks)
    if holdout is None:
        return found
    out = Passes(client, encoded_parts(client, recipes, content, held=True))
    return replace(found, held=(ClusterRows(out, 0), ClusterRows(out, 1)))


def encoded_parts(client: Any, recipes: Any, content: bytes, held: bool = False) -> list[Any]:
    return kept(client, [delayed(encode, piece, content, split, held) for piece, split in recipes])


def splits_of(
    client: Any, pieces: list[Any], task: Task, holdout: tuple[float, int] | None
) -> tuple[list[Split | None], LeftOut | None]:
    """For each part which of its rows are held out, as on one machine, and what is left out of all."""
    if holdout is None:
        return [None] * len(pieces), None
    share, seed = holdout
    content, whole, firsts = work.packed(task), LeftOut(), []
    for one in gathered(client, kept(client, [delayed(count, piece, content) for piece in pieces])):
        firsts.append(usable_in(whole))
        whole.combine(one)
    limit = holdout_limit(usable_in(whole), share, seed)
    return [Split(first, seed, limit) for first in firsts], whole


def usable_in(found: LeftOut) -> int:
    return found.rows - found.unlabelled - found.incomplete


def examples_of(
    passes: Passes, model: Any, loss: Any, params: Any, names: Any, preparation: Any, remarks: tuple[str, ...]
) -> Examples:
    weights = ClusterRows(passes, 2) if len(passes.about[0].kinds) > 2 else None
    return Examples(
        model, loss, ClusterRows(passes, 0), ClusterRows(passes, 1), params, names, weights, None, preparation, remarks
    )


# ---- arrays ----------------------------------------------------------------------------------------------------


def check_block(loss: Any, X: Array, y: Array) -> work.Stamped:
    """The rows of a block, once it is sure that they are numbers."""
    if not len(X):
        return work.stamped((np.zeros((0, X.shape[1])), np.zeros(0)))
    X = check_features(X)
    return work.stamped((X, part_target(check_target(y, len(X)), work.unpacked(loss), X.dtype)))


def ends_of(rows: work.Rows) -> work.Tally:
    """The least and the largest target, which tell how many classes there are: they are numbered."""
    return work.tallied([rows[1].min(), rows[1].max()], rows)


def of_array(client: Any, X: Any, y: Any, model: Any, loss: Any, start: Any, weights: Any) -> Examples:
    """A Dask array is trained on as it is; its blocks of rows are the parts."""
    if weights is not None:
        raise OptionError("Weights of a Dask array are not known on a cluster; give a table with a column of them.")
    if X.ndim != 2 or not hasattr(y, "chunks") or y.ndim != 1 or y.shape != X.shape[:1]:
        raise DataError("Give X as a Dask array (n, d) and y as a Dask array (n,) of as many rows.")
    chosen = as_model(model, start)
    wanted = as_loss(loss, chosen)
    X = X.rechunk({1: -1})
    y = y.rechunk((X.chunks[0],))
    bare = work.packed(wanted._replace(function=None))  # type: ignore[arg-type]
    blocks = zip(X.to_delayed()[:, 0], y.to_delayed(), strict=True)
    passes = Passes(client, kept(client, [delayed(check_block, bare, *block) for block in blocks]))
    classes = 2
    if wanted.target in ("label", "binary"):
        found = np.concatenate(passes.each("classes", ends_of))
        check_two_classes(found)
        classes = count_classes(np.arange(found.max() + 1)) if wanted.target == "label" and not callable(model) else 2
    params = starting_params(chosen, start, X.shape[1], classes)
    return examples_of(passes, chosen, wanted, params, tuple(f"x[{i}]" for i in range(X.shape[1])), None, ())
