"""Answers in the kind of table that the rows came in: frames in, frames out, each row under its own name."""

import sys
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

FRAMES = {"pandas": ("DataFrame",), "polars": ("DataFrame",), "pyarrow": ("Table", "RecordBatch")}

Array = NDArray[Any]


def column_like(data: Any, values: Array, name: str) -> Any:
    """One value for each row of the data: a Series for a frame of pandas, with its index, or of polars; an Arrow array.

    Args: data, what the rows came in; values (n,); name, of the column, where it has one. Whatever is no frame, such as
    a path, a dict or an array, is answered by the values as they are.

    >>> import numpy as np
    >>> column_like({"x": [1.0, 2.0]}, np.array([3.0, 5.0]), "prediction")
    array([3., 5.])
    """
    kind, package = kind_of(data)
    if kind == "pandas":
        return package.Series(values, index=data.index, name=name)
    if kind == "polars":
        return package.Series(name, values)
    return package.array(values) if kind == "pyarrow" else values


def columns_like(data: Any, values: Array, names: Sequence[Any]) -> Any:
    """Several values for each row of the data (n, k), with a name for each column, in a frame of the same kind."""
    kind, package = kind_of(data)
    if kind == "pandas":
        return package.DataFrame(values, index=data.index, columns=list(names))
    if kind == "polars":
        return package.DataFrame({str(name): values[:, i] for i, name in enumerate(names)})
    if kind == "pyarrow":
        return package.table({str(name): values[:, i] for i, name in enumerate(names)})
    return values


def kind_of(data: Any) -> tuple[str | None, Any]:
    """The package whose frame this is, and its name; it was loaded by whoever made the frame."""
    for name, types in FRAMES.items():
        package = sys.modules.get(name)
        if package is not None and isinstance(data, tuple(getattr(package, each) for each in types)):
            return name, package
    return None, None
