"""From a file to a model, and from a file and a model to predictions."""

import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.problems.problem import Judged, Problem

Floats = NDArray[np.float64]
ROWS_AT_ONCE = 250_000
TARGET = "y"


@dataclass(frozen=True)
class FileToModel(Problem):
    """Least squares on a file with columns x0, x1, ... and y; everything from opening it on is timed.

    memory: bytes that the data may take, 0 where there is no limit; it is obeyed by rivals that can be told;
    passes: by many passes over the rows, as a loss without a closed form needs them; cached: what the first fit made of
    the file for its passes is still there.
    """

    kind: Literal["parquet", "csv"] = "parquet"
    memory: int = 0
    passes: bool = False
    cached: bool = False
    gap: float | None = 1e-6

    @property
    def path(self) -> Path:
        """Where the file is, once `make` has written it."""
        return folder() / f"{self.rows}x{self.features}.{self.kind}"

    def make(self) -> None:
        """Write the file, if it is not there; other problems may share it."""
        if not self.path.exists():
            unfinished = self.path.with_suffix(f".{os.getpid()}")
            write(unfinished, self.kind, self.rows, self.features)
            unfinished.rename(self.path)

    def judge(self, answer: Any) -> Judged:
        """Of {"w": (features,), "b": a number}, on the first part of the rows."""
        X, y = part(self.features, min(self.rows, ROWS_AT_ONCE), 0, self.kind)
        y_hat = X @ np.asarray(answer["w"], np.float64) + float(answer["b"])
        return Judged(float(np.mean(np.square(y_hat - y))) / 2)


@dataclass(frozen=True)
class FileToPredictions(FileToModel):
    """Predictions of a stored linear model for a file, written to a file of one column, "prediction", by a process."""

    gap: float | None = 1e-9

    @property
    def params(self) -> dict[str, Any]:
        """The model: {"w": (features,), "b": a number}."""
        return {"w": coefficients(self.features) + 0.01, "b": 4.0}

    def judge(self, answer: Any) -> Judged:
        """Of the predictions, (rows,), as they were read back: half their mean square."""
        return Judged(float(np.mean(np.square(np.asarray(answer, np.float64)))) / 2)


def folder() -> Path:
    """Where files for benchmarks are kept between runs: they take minutes to make."""
    place = Path(os.environ.get("GRADLOOP_BENCHMARKS", Path(tempfile.gettempdir()) / "gradloop-benchmarks"))
    place.mkdir(parents=True, exist_ok=True)
    return place


def coefficients(features: int) -> Floats:
    """What the target is made with."""
    return np.cos(np.arange(features) + 1.0)


def part(features: int, rows: int, number: int, kind: str) -> tuple[Floats, Floats]:
    """Rows of the file, as many as asked for, from one of its parts; CSV holds six digits of each number."""
    random = np.random.default_rng([features, number])
    X = random.standard_normal((rows, features))
    y = X @ coefficients(features) + 4.2 + 0.5 * random.standard_normal(rows)
    return (np.round(X, 3), np.round(y, 3)) if kind == "csv" else (X, y)


def write(path: Path, kind: str, rows: int, features: int) -> None:
    """The file, part by part."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    names = [f"x{i}" for i in range(features)] + [TARGET]
    schema = pa.schema([(name, pa.float64()) for name in names])
    if kind == "csv":
        writer: Any = pyarrow.csv.CSVWriter(path, schema)
    else:
        writer = pyarrow.parquet.ParquetWriter(path, schema, use_dictionary=False)
    with writer:
        for number, first in enumerate(range(0, rows, ROWS_AT_ONCE)):
            X, y = part(features, min(ROWS_AT_ONCE, rows - first), number, kind)
            writer.write_table(pa.table([*X.T, y], schema=schema))


LIMITED = FileToModel(
    "parquet-limited", "the same within 64 MB for the data", 4_000_000, 20, rounds=3, memory=64_000_000, quick=False
)
PASSES = replace(LIMITED, name="parquet-passes", text="the same by L-BFGS, many passes", passes=True)
FILES = (
    FileToModel("parquet-4m", "4 million × 20 Parquet, file to coefficients", 4_000_000, 20, rounds=3),
    FileToModel("csv-4m", "4 million × 20 CSV, file to coefficients", 4_000_000, 20, rounds=3, kind="csv"),
    LIMITED,
    PASSES,
    replace(PASSES, name="parquet-cached", text="the same once more, its cache kept", cached=True),
    FileToPredictions(
        "predict-4m", "4 million × 20 Parquet to a file of predictions, a process", 4_000_000, 20, rounds=3, quick=False
    ),
)
