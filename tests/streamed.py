"""A table of each kind of column in a file, for the tests of fits that read in pieces."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
from pyarrow import parquet

from gradloop.larger.store import Layout, write_chunks

ROWS = 60_000  # for which a fit in memory would take more than 17 MB
TOWNS = np.array(["Bonn", "Kiel", "Ulm"])


def columns(rows: int = ROWS, seed: int = 1) -> dict[str, np.ndarray]:
    """Two columns of numbers far from zero, integers, booleans, text; a quantity and a class that depend on them."""
    random = np.random.default_rng(seed)
    area, age = 80 + 20 * random.normal(size=rows), 1950 + 30 * random.normal(size=rows)
    rooms, garden = random.integers(1, 8, rows), random.random(rows) < 0.3
    town = TOWNS[random.integers(0, 3, rows)]
    score = 0.02 * (area - 80) - 0.01 * (age - 1950) + 0.1 * rooms + 0.5 * garden - 0.3 * (town == "Ulm")
    price = 3 + score + 0.5 * random.normal(size=rows)
    sold = random.random(rows) < 1 / (1 + np.exp(-score))
    return {
        "area": area, "age": age, "rooms": rooms, "garden": garden, "town": town, "weight": random.random(rows) + 0.1,
        "price": price, "sold": sold.astype(np.int64),
    }  # fmt: skip


def write(folder: Path, rows: int = ROWS, seed: int = 1, **more: np.ndarray) -> Path:
    """The table as a Parquet file of several row groups."""
    path = folder / "houses.parquet"
    parquet.write_table(pyarrow.table(columns(rows, seed) | more), path, row_group_size=7000)
    return path


def filled(path: Path, pieces: Iterable[Any], key: str = "k", checked: bool = True) -> Path:
    """A store of pieces of rows, in a file."""
    with open(path, "wb") as file:
        file.writelines(part for part in write_chunks(iter(pieces), key, checked) if not isinstance(part, Layout))
    return path
