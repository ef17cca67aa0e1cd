"""Predictions and measures of rows on a cluster: a file for each part, and sums over the parts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from gradloop.cluster.connection import connected
from gradloop.cluster.passes import ClusterError, gathered
from gradloop.cluster.pieces import delayed, kept, pieces_of, source_of, tables_of
from gradloop.data.missing import LeftOut
from gradloop.data.remarks import Remarks
from gradloop.data.writing import write_columns
from gradloop.errors import DataError, OptionError
from gradloop.evaluation import Evaluation, Part, columns, parts, together
from gradloop.inference import Fit
from gradloop.predictions import Predictions
from gradloop.text import printable
from gradloop.travel import is_lazy, lazily, packed, unpacked
from gradloop.whole_file import PathLike, reason

FORMS = ("parquet", "csv")
Array = Any


class Asked(NamedTuple):
    """What is to be told of each row; see `Predictions`."""

    probability: bool
    level: float | None
    keep: tuple[str, ...]


def predict(
    model: Fit, data: Any, *, cluster: Any = None, output: PathLike | None = None, form: str = "parquet",
    probability: bool = False, level: float | None = None, keep: Iterable[str] = (), cloudpickle: bool = False,
) -> Any:  # fmt: skip
    """Predict the rows of a source on a cluster: every part of them becomes a file of a folder.

    Args:
        model: fitted to a table
        data: a folder of Parquet or CSV files that every worker can read, an address that fsspec knows, or a data
            frame of Dask
        cluster: as for ``fit``
        output: the folder, which this machine and all workers see under this name, and which holds nothing yet. It is
            there when all its files are, each whole
        form: of the files: "parquet" or "csv"
        probability: a column for each class with its probability, in place of the likeliest class
        level: for the ends of intervals of this level
        keep: columns of the source that stand before the predictions
        cloudpickle: let the code of a function of yours travel to the workers; without, they import it

    Returns: the paths of the files, in the order of the parts. For a data frame of Dask without an output a column or
        frame of Dask, which is computed when it is asked for.

    Raises: DataError, OptionError: a sentence saying what does not fit, where, and what to do. ClusterError: what died.

    >>> predict(None, "rows/", cluster="local:2")
    Traceback (most recent call last):
    gradloop.errors.OptionError: output is missing; give a new folder for the predictions of the parts.
    """
    asked = Asked(probability, level, tuple(keep))
    if output is None and cluster is None and is_lazy(data):
        return lazy_answer(model, data, asked, cloudpickle)
    if output is None or cluster is None:
        what = "output is missing; give a new folder for the predictions of the parts"
        raise OptionError(f"{what if output is None else 'cluster is missing; give its address, or local:2'}.")
    if form not in FORMS:
        raise OptionError(f'form is {form!r}; choose "parquet" or "csv".')
    return written(model, data, asked, cluster, output, form, cloudpickle)[0]


def written(
    model: Fit, data: Any, asked: Asked, cluster: Any, output: PathLike, form: str, cloudpickle: bool
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """The files that were written, and what is to be said of the rows."""
    content, folder = packed(model, cloudpickle), free_folder(output)
    with connected(cluster) as client, new_folder(folder) as place:
        pieces, few = pieces_of(client, data)
        whole = Predictions(model, few, *asked)
        paths = [str(place / f"part-{i:05}.{form}") for i in range(len(pieces))]
        tasks = [delayed(write, piece, content, asked, path) for piece, path in zip(pieces, paths, strict=True)]
        found = gathered(client, kept(client, tasks))
        for remarks in found:
            whole.found.combine(remarks)
        filled = [path for path, remarks in zip(paths, found, strict=True) if remarks.rows]
        if not filled:
            raise DataError(f"{few.name} has no rows; give at least one.")
        lost = [path for path in filled if not os.path.exists(path)]
        if lost:
            raise ClusterError(
                f"The workers wrote {printable(lost[0])}, which is not seen from here; give a folder that all share."
            )
    return tuple(folder / os.path.basename(path) for path in filled), (*whole.unused(), *whole.remarks())


def lazy_answer(model: Fit, data: Any, asked: Asked, cloudpickle: bool) -> Any:
    if asked.level is not None or asked.keep:
        raise OptionError("level and keep are for predictions that are written; give cluster and output too.")
    return lazily(model, data, "predict_probability" if asked.probability else "predict", cloudpickle)


def free_folder(output: PathLike) -> Path:
    """The folder to be, once it is sure that nothing would be lost.

    Raises: OptionError.
    """
    folder = Path(os.path.abspath(output))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OptionError(f"{printable(str(folder))} is there already; choose a new folder for the predictions.")
    return folder


class new_folder:  # noqa: N801  # read as a function, in with
    """A folder beside the one to be, which takes its name in the end, or is gone."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.place = folder, folder.with_name(f".gradloop-{os.urandom(8).hex()}.tmp")

    def __enter__(self) -> Path:
        try:
            self.place.mkdir()
        except OSError as error:
            raise DataError(
                f"{printable(str(self.folder))} cannot be written: {reason(error)}; choose another place."
            ) from error
        return self.place

    def __exit__(self, kind: Any, *_: Any) -> None:
        if kind is None:
            os.replace(self.place, self.folder)
        shutil.rmtree(self.place, ignore_errors=True)


def write(piece: Any, content: bytes, asked: Asked, path: str) -> Remarks:
    """Write the predictions of a part, all or nothing; what is to be said of its rows. No rows make no file."""
    source = source_of(piece)
    found = Predictions(Fit(**unpacked(content)), source, *asked)
    batches = iter(()) if source.rows == 0 else found.some()
    first = next(batches, None)
    if first is not None:
        write_columns(path, chain([first], batches))
    return found.found


# ---- measures ------------------------------------------------------------------------------------------------


def evaluate(model: Fit, data: Any, *, cluster: Any, cloudpickle: bool = False) -> dict[str, float]:
    """How good predictions are for rows with known answers, on a cluster: measured in each part, joined in their order.

    Args: as for ``predict``; rows are left out as in ``Fit.evaluate``.

    Raises: DataError, OptionError: a sentence saying what does not fit, where, and what to do. ClusterError: what died.

    >>> import gradloop as gl
    >>> evaluate(gl.fit({"x": [1.0, 2.0], "y": [2.0, 4.0]}, target="y"), "rows/", cluster=3)
    Traceback (most recent call last):
    gradloop.errors.OptionError: cluster is 3; give an address such as "tcp://host:8786", "local", or a client.
    """
    return evaluated(model, data, cluster, cloudpickle).measures


def evaluated(model: Fit, data: Any, cluster: Any, cloudpickle: bool) -> Evaluation:
    """The measures, how many rows they are of, and what is to be said of these."""
    preparation = model.preparation
    if preparation is None:
        raise OptionError("This model was fitted to arrays, which have no column names; evaluate in Python, from X, y.")
    content, left_out, remarks = packed(model, cloudpickle), LeftOut(), Remarks(preparation)
    with connected(cluster) as client:
        pieces, few = pieces_of(client, data)
        names = few.schema().names
        needed = columns(names, few.name, preparation)
        found = gathered(client, kept(client, [delayed(judge, piece, content, needed) for piece in pieces]))
    for _, without, said in found:
        left_out.combine(without)
        remarks.combine(said)
    of_all = list(chain.from_iterable(measured for measured, _, _ in found))
    return together(of_all, names, few.name, preparation, left_out, remarks)


def judge(piece: Any, content: bytes, needed: list[str]) -> tuple[list[Part], LeftOut, Remarks]:
    """The measures on a part, the rows that were left out, and what there is to say of the others."""
    fit = Fit(**unpacked(content))
    assert fit.preparation is not None
    left_out, remarks = LeftOut(), Remarks(fit.preparation)
    return parts(tables_of(piece, needed), fit.preparation, left_out, remarks, fit.measured), left_out, remarks
