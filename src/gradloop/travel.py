"""A trained model on its way to other processes: numbers and text, and code only if the user says so."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from gradloop import model_file
from gradloop.data.like import column_like, columns_like
from gradloop.errors import OptionError
from gradloop.model_names import is_ours
from gradloop.named_function import path_of
from gradloop.result import Result
from gradloop.text import printable
from gradloop.version import __version__

KEPT = 16  # models that a process remembers
Array = Any


def packed(fit: Result, cloudpickle: bool = False) -> bytes:
    """A model as bytes for `unpacked` in another process.

    A user's function travels as the place where it can be imported from.

    Args: cloudpickle, whether the function itself travels: whoever gets the bytes runs its code.

    Raises: OptionError for a function that cannot be imported, unless it travels; ModelFileError for parameters that
    are not finite.
    """
    own, law = not is_ours(fit.model), b""
    if own and cloudpickle:
        law = by_value(fit.model.predict)
    elif own and path_of(fit.model.predict) is None:
        raise OptionError(
            f"The function {printable(fit.model.name)} cannot be imported by other processes, because it was "
            "written in a notebook, a script or a function; put it into a module, or let its code travel, with "
            "cloudpickle=True."
        )
    return pickle.dumps((__version__, model_file.parts(fit), law), pickle.HIGHEST_PROTOCOL)


def by_value(function: Callable[..., Any]) -> bytes:
    """A function with its code, wherever it was written."""
    import cloudpickle

    module = sys.modules.get(function.__module__)
    ours = module is not None and module.__name__ not in ("__main__", *cloudpickle.list_registry_pickle_by_value())
    if ours:
        cloudpickle.register_pickle_by_value(module)
    try:
        return bytes(cloudpickle.dumps(function))
    finally:
        if ours:
            cloudpickle.unregister_pickle_by_value(module)


@lru_cache(KEPT)
def unpacked(content: bytes) -> dict[str, Any]:
    """The fields of a fit, in a process that obeys the one which packed it.

    Raises: OptionError for another version; ModelFileError for a function that cannot be imported here.
    """
    version, parts, law = pickle.loads(content)
    if version != __version__:
        raise OptionError(f"A worker has gradloop {__version__} and the client {version}; install the same on both.")
    arrays, document = parts
    return model_file.fields(arrays, document, pickle.loads(law) if law else None)


# ---- data frames of Dask --------------------------------------------------------------------------------------


def is_lazy(data: Any) -> bool:
    """Whether this is a data frame of Dask, whose rows come when they are asked for."""
    return hasattr(data, "map_partitions") and hasattr(data, "npartitions")


def lazily(fit: Any, data: Any, method: str, cloudpickle: bool = False) -> Any:
    """What a method of a fit says of each partition of a data frame, as a frame of Dask; nothing is computed yet.

    Raises: as `packed`.
    """
    content, empty = packed(fit, cloudpickle), nothing(fit, data._meta, method)
    return data.map_partitions(of_partition, type(fit), content, method, meta=empty)


def of_partition(frame: Any, kind: Any, content: bytes, method: str) -> Any:
    fit = kind(**unpacked(content))
    return getattr(fit, method)(frame) if len(frame) else nothing(fit, frame, method)


def nothing(fit: Any, frame: Any, method: str) -> Any:
    """The answer to no rows."""
    numbers = np.zeros(0, np.result_type(*fit.trained_params.values()))
    if method == "predict":
        known = fit.classes if fit.classes is not None else [0]
        told = np.array(known)[:0] if fit.loss.target in ("binary", "label") else numbers
        return column_like(frame.iloc[:0], told, "prediction")
    names = fit.classes or range(2 if fit.loss.target == "binary" else len(next(iter(fit.params.values())).T))
    return columns_like(frame.iloc[:0], np.zeros((0, len(names)), numbers.dtype), names)
