"""One table in every form in which data come, and what the sources must say of it."""

from pathlib import Path

import numpy as np
import pyarrow
import pytest
from pyarrow import csv as arrow_csv
from pyarrow import feather, parquet

from gradloop.errors import GradloopError

SHARED = Path(__file__).parents[1].parent / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")

_DRAW = np.random.default_rng(7)
HOUSES = pyarrow.table(
    {
        "area": _DRAW.uniform(30, 200, 40).round(2),
        "rooms": _DRAW.integers(1, 7, 40),
        "town": _DRAW.choice(["Bonn", "Ulm", "Köln"], 40).tolist(),
        "garden": (_DRAW.random(40) > 0.5).tolist(),
        "price": _DRAW.uniform(100, 900, 40).round(3),
    }
)
HOLES = pyarrow.table({"a": [1, None, 3], "b": ["x", "y", None], "c": [0.5, 1.5, None], "d": [True, None, False]})


def refusal(act, *args, **options):
    """The one sentence with which an act is refused."""
    with pytest.raises(GradloopError) as caught:
        act(*args, **options)
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith(".") and sentence.isprintable()
    return sentence


def cells(table):
    """A table as plain values, None where there is none."""
    return {
        name: [None if gone else value for value, gone in zip(values.tolist(), absent(table, name), strict=True)]
        for name, values in table.columns.items()
    }


def absent(table, name):
    return table.missing.get(name, np.zeros(table.rows, bool))


def rows_of(source, columns=None):
    """What the batches of a source hold, as plain values."""
    batches = list(source.batches(columns))
    names = batches[0].schema.names
    return {name: [value for batch in batches for value in batch.column(name).to_pylist()] for name in names}


def write_as(form, table, path):
    """Write an Arrow table as csv, parquet, arrow (file) or stream."""
    if form == "csv":
        arrow_csv.write_csv(table, path)
    elif form == "parquet":
        parquet.write_table(table, path, row_group_size=16, write_page_checksum=True)
    elif form == "arrow":
        feather.write_feather(table, path, chunksize=16)
    else:
        with pyarrow.ipc.new_stream(str(path), table.schema) as writer:
            writer.write_table(table, 16)
    return path
