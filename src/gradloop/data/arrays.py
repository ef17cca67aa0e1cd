"""Arrays from the user, checked once at the door: shapes explained, types converted, every number finite."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradloop.compiler.program import NUMBERS_IN_A_ROW, in_threads
from gradloop.data import words
from gradloop.data.cells import EXACT
from gradloop.errors import DataError


def check_features(X: Any) -> NDArray[Any]:
    """The features as a contiguous array of float64, or float32 where they are float32 or float16.

    X: (n, d), one row per example. Integers and booleans become float64; a list of rows will do. Floats whose rows lie
    one behind the other are not copied, nor are tensors on the CPU and what else offers DLPack or ``__array__``.

    Raises: DataError for another shape, no rows, no columns, values that are not finite numbers.

    >>> check_features([[1, 2], [3, 4]])
    array([[1., 2.],
           [3., 4.]])
    """
    array = _as_array(X, "X")
    _check_feature_shape(array)
    numbers = _as_floats(array, "X")
    _check_finite(numbers, "X")
    return numbers


def check_target(y: Any, rows: int) -> NDArray[Any]:
    """The target as a contiguous array (rows,): float64, float32, or int64 for integers and booleans.

    Raises: DataError for another shape or length, for text, and for values that are not finite numbers.

    >>> check_target([0, 1, 1], rows=3)
    array([0, 1, 1])
    """
    array = _as_array(y, "y")
    _check_target_shape(array, rows)
    if array.dtype.kind in "iu":
        _check_exact(array, "y")
    if array.dtype.kind in "biu" and not (array.dtype.kind == "u" and array.max() >= 2**63):
        return np.require(array, np.int64, ["C", "A"])
    numbers = _as_floats(array, "y")
    _check_finite(numbers, "y")
    return numbers


def _as_array(values: Any, name: str) -> NDArray[Any]:
    if hasattr(values, "toarray"):  # scipy.sparse
        raise DataError(f"{name} is a sparse matrix and a dense array is needed; write {name}.toarray().")
    try:
        array = np.asanyarray(values) if hasattr(values, "__array__") else _from_memory(values)
    except ValueError as error:
        raise DataError(f"{name} cannot be made an array: {error}; give rows of equal length.") from error
    except (TypeError, RuntimeError, BufferError) as error:  # tensors on another device, or that record gradients
        said = " ".join(str(error).split()).rstrip(".")
        raise DataError(
            f"{name} cannot be read ({said}); give ordinary floats in this computer's memory, such as "
            f"{name}.detach().cpu().double()."
        ) from error
    if np.ma.isMaskedArray(array):
        if np.ma.getmaskarray(array).any():
            raise DataError(f"{name} has masked entries, which have no value; fill them or leave their rows out.")
        array = np.ma.getdata(array)
    return np.asarray(array)


def _from_memory(values: Any) -> NDArray[Any]:
    """An array over the memory of another one, by DLPack, where that is offered; else a new one."""
    return np.from_dlpack(values) if hasattr(values, "__dlpack__") else np.asanyarray(values)


def _check_feature_shape(X: NDArray[Any]) -> None:
    if X.ndim == 1:
        raise DataError(
            f"X has shape {X.shape}, and (rows, features) is needed: write X.reshape(-1, 1) for one feature "
            "per row, or X.reshape(1, -1) for a single row."
        )
    if X.ndim != 2:
        cure = "; write X.reshape(len(X), -1)" if X.ndim > 2 else "; give one row per example"
        raise DataError(f"X has shape {X.shape}, and (rows, features) is needed{cure}.")
    for size, what in zip(X.shape, ("rows", "features"), strict=True):
        if not size:
            raise DataError(f"X has shape {X.shape} and so no {what}; give at least one.")


def _check_target_shape(y: NDArray[Any], rows: int) -> None:
    if y.ndim == 2 and 1 in y.shape:
        raise DataError(
            f"y has shape {y.shape}, and ({rows},) is needed: minus predictions of shape ({y.size},) it "
            f"would become a table of {y.size} x {y.size}; write y.ravel()."
        )
    if y.ndim != 1:
        cure = "; write y.argmax(axis=1) if it marks the classes with 0 and 1" if y.ndim == 2 else ""
        raise DataError(f"y has shape {y.shape}, and one value per row, ({rows},), is needed{cure}.")
    if len(y) != rows:
        raise DataError(
            f"y has {words.counted(len(y), 'value')} and X {words.counted(rows, 'row')}; give one value per row."
        )
    if not rows:
        raise DataError("y has no values; give at least one.")


def _as_floats(array: NDArray[Any], name: str) -> NDArray[Any]:
    kind = array.dtype.kind
    if kind == "c":
        raise DataError(f"{name} holds complex numbers; give real ones, for example {name}.real.")
    if kind in "OSUTmMV":
        cure = (
            f"{name}.astype(float)"
            if name == "X"
            else "y.astype(float), or np.unique(y, return_inverse=True)[1] for classes"
        )
        raise DataError(f"{name} holds values of type {array.dtype} and numbers are needed; try {cure}.")
    if kind in "iu":
        _check_exact(array, name)
    single = kind == "f" and array.dtype.itemsize <= 4
    with np.errstate(over="ignore"):  # long doubles; what overflows is found with the infinities
        return np.require(array, np.float32 if single else np.float64, ["C", "A"])


def _check_exact(integers: NDArray[Any], name: str) -> None:
    for long in integers[(integers > EXACT) | (integers < -EXACT)]:
        if int(float(long)) != int(long):
            raise DataError(
                f"{name} holds the integer {long}, which a 64-bit float cannot; leave it out if it only "
                "names the rows, or convert it yourself with astype(float)."
            )


def asked_in_parts(array: NDArray[Any], ask: Callable[[NDArray[Any]], Any]) -> list[float]:
    """What is asked of an array, of parts of it that threads share."""
    found: list[float] = []

    def some(first: int, last: int) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            found.append(float(ask(array[first:last])))

    in_threads(some, len(array), array.size // NUMBERS_IN_A_ROW)
    return found


def _check_finite(array: NDArray[Any], name: str) -> None:
    if np.isfinite(sum(asked_in_parts(array, np.sum))):  # it is not if any entry is not; one pass, no temporary array
        return
    if np.isfinite(array.min()) and np.isfinite(array.max()):  # the sum was only too large
        return
    bad = ~np.isfinite(array)
    first = tuple(int(index[0]) for index in np.nonzero(bad))
    count = int(bad.sum())
    others = f" (the first of {count} entries that are not finite)" if count > 1 else ""
    place = ", ".join(map(str, first))
    raise DataError(f"{name}[{place}] is {array[first]}{others}; fill these entries or leave their rows out.")
