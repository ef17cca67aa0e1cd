"""How good predictions are on a table of any size: batch by batch, reading only the columns that count."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from gradloop.data.missing import LeftOut
from gradloop.data.preparation import Preparation
from gradloop.data.remarks import Remarks
from gradloop.data.sources import Source
from gradloop.data.sources.frames import TableSource
from gradloop.data.sources.tables import tables
from gradloop.data.standardise import Moments
from gradloop.data.table import Table
from gradloop.errors import DataError

Array = Any


class Evaluation(NamedTuple):
    """The measures on so many rows, and sentences about the table they come from."""

    measures: dict[str, float]
    rows: int
    notes: tuple[str, ...]


class Part(NamedTuple):
    """The measures on some of the rows, and the moments of their targets."""

    rows: int
    measures: dict[str, float]
    targets: Moments


def evaluation(
    source: Source, preparation: Preparation, measured: Callable[[Array, Array], dict[str, float]]
) -> Evaluation:
    """The measures on all rows of a source that predictions can be judged by.

    Args: measured, the measures on features X (m, d) and targets y (m,).

    Raises: DataError for what cannot be read, and for rows that do not fit the model.
    """
    names = source.schema().names
    left_out, remarks = LeftOut(), Remarks(preparation)
    found = parts(batches(source, columns(names, source.name, preparation)), preparation, left_out, remarks, measured)
    return together(found, names, source.name, preparation, left_out, remarks)


def columns(names: list[str], name: str, preparation: Preparation) -> list[str]:
    """Those of a source's columns that judging it reads.

    Raises: DataError for one that is not there.
    """
    return preparation.needed_to_judge(Table(dict.fromkeys(names, np.zeros(0)), name))


def parts(
    tables: Iterable[Table],
    preparation: Preparation,
    left_out: LeftOut,
    remarks: Remarks,
    measured: Callable[[Array, Array], dict[str, float]],
) -> list[Part]:
    """The measures on each of some tables; what there is to say of their rows is added to the last."""
    found = []
    for table in tables:
        judged = preparation.judgeable(table, left_out)
        if judged.rows:
            remarks.add(judged)
            X, y = preparation.features(judged), preparation.target(judged)
            found.append(Part(judged.rows, measured(X, y), Moments.of(y)))
    return found


def together(
    found: list[Part], names: list[str], name: str, preparation: Preparation, left_out: LeftOut, remarks: Remarks
) -> Evaluation:
    """The measures on all parts of a source, in their order.

    Raises: DataError if no row is left.
    """
    if not left_out.rows:
        raise DataError(f"{name} has no rows; give at least one.")
    left_out.check(name, preparation.target_name)
    notes = *left_out.notes(preparation.target_name), *remarks.sentences(name, names)
    return Evaluation(joined(found), sum(part.rows for part in found), notes)


def batches(source: Source, needed: list[str]) -> Iterator[Table]:
    """The rows of a source; of a table that is in memory all at once."""
    return iter([source.read()]) if isinstance(source, TableSource) else tables(source, needed)


def joined(parts: list[Part]) -> dict[str, float]:
    """The measures on all rows from those on their parts.

    >>> few, more = Moments.of(np.array([1.0])), Moments.of(np.array([2.0, 3.0]))
    >>> joined([Part(1, {"RMSE": 3.0, "MAE": 3.0}, few), Part(2, {"RMSE": 0.0, "MAE": 0.0}, more)])["MAE"]
    1.0
    """
    if len(parts) == 1:
        return parts[0].measures
    rows = [part.rows for part in parts]
    found = {}
    for name in parts[0].measures:
        values = np.array([part.measures[name] for part in parts])
        if name == "RMSE":
            found[name] = quadratic_mean(values, rows)
        elif name != "R2":  # which needs the others
            found[name] = float(np.average(values, weights=rows))
    if "R2" in parts[0].measures:
        found = {"R2": explained(found["RMSE"], Moments.sum([part.targets for part in parts])), **found}
    return found


def quadratic_mean(values: Array, rows: list[int]) -> float:
    """The root of the mean of squares, none of which overflows."""
    largest = float(values.max())
    if largest in (0.0, np.inf):
        return largest
    return largest * float(np.sqrt(np.average(np.square(values / largest), weights=rows)))


def explained(error: float, targets: Moments) -> float:
    """R2 by the root mean squared error: the share of the targets' variance that is no error."""
    if targets.minimum == targets.maximum:
        return float("nan")
    with np.errstate(over="ignore"):
        return float(1.0 - np.square(np.float64(error) / targets.scale))
