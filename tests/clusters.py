"""Clusters of real processes on this machine, and tables in several files, for tests."""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradloop.cluster import work
from gradloop.cluster.passes import Passes

STACK = ExitStack()


@cache
def cluster_of(workers: int) -> Any:
    """A client that is kept for all tests of the process."""
    pytest.importorskip("distributed")
    from gradloop.cluster.connection import connected

    return STACK.enter_context(connected(f"local:{workers}"))


@cache
def columns(rows: int = 3000) -> dict[str, Any]:
    """Numbers of several sizes, text, cells without a value; a number and two classes to predict."""
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, 3)) * [1, 10, 0.1] + [5, 0, 3]
    kind = random.integers(0, 4, rows)
    score = x @ [1, 0.2, -3] + kind - 2
    holed = np.where(random.random(rows) < 0.05, np.nan, x[:, 1])
    yes = (random.random(rows) < 1 / (1 + np.exp(score.mean() - score))).astype(int)
    return {
        "a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "holed": holed, "kind": np.array(list("wxyz"))[kind],
        "y": score + random.normal(size=rows), "yes": yes,
    }  # fmt: skip


def write_files(folder: Path, form: str = "parquet", files: int = 11) -> str:
    import pyarrow
    from pyarrow import csv, parquet

    whole = columns()
    rows, write = len(whole["y"]), parquet.write_table if form == "parquet" else csv.write_csv
    for i in range(files):
        place = slice(i * rows // files, (i + 1) * rows // files)
        table = {name: pyarrow.array(values[place], from_pandas=True) for name, values in whole.items()}
        write(pyarrow.table(table), folder / f"{i:02}.{form}")
    return str(folder)


def made(part: int) -> work.Rows:
    random = np.random.default_rng(part)
    return random.normal(size=(100 + part, 2)), random.normal(size=100 + part)


def made_part(part: int) -> work.Stamped:
    return work.stamped(made(part))


def same(part: int) -> work.Stamped:
    random = np.random.default_rng(part)
    return work.stamped((random.normal(size=(50, 2)), random.normal(size=50)))


def weighing() -> work.Stamped:
    return work.stamped((np.zeros((2, 1)), np.zeros(2), np.array([1.0, 2.0])))


def sums(rows: work.Rows) -> work.Tally:
    return work.tallied(rows[0].sum(axis=0), rows)


def dying(rows: work.Rows) -> work.Tally:
    os._exit(9)


def ohm(a: Any, resistance: Any) -> Any:
    return resistance * a


def passes_on(client: Any) -> Passes:
    return Passes(client, client.map(made_part, range(20)), patience=30.0)


class Struck:
    """A function of gradloop, by name; the process that calls it first is sent a signal instead."""

    def __init__(self, function: Any, mark: Path, signal: int) -> None:
        self.module, self.name, self.mark, self.signal = function.__module__, function.__name__, mark, signal

    def __call__(self, *given: Any) -> Any:
        try:
            self.mark.touch(exist_ok=False)
        except FileExistsError:
            return getattr(import_module(self.module), self.name)(*given)
        os.kill(os.getpid(), self.signal)
        return self(*given)
