"""NumPy's functions of arrays with a tape: followed by operations of the table, or simply called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradloop.core import numpy_functions
from gradloop.core.spec import promote
from gradloop.eager.base import Taped, arrays_in, changed, is_recorded, plainly, raw, viewed, wrapped
from gradloop.eager.operations import refuse
from gradloop.errors import TapeError, TracingError

Function = Callable[..., Any]

LOOKS = {np.zeros_like, np.ones_like, np.full_like, np.empty_like, np.shape, np.ndim, np.size}  # at the shape only
CHANGES = {np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal}  # their first argument


def call_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What NumPy calls when one of its universal functions meets an array of ours."""
    plain = getattr(ufunc, method)
    if not is_recorded(*arrays_in((inputs, options))):
        return untracked(plain, ufunc.__name__, inputs, options, changes=method == "at")
    if options.get("out") is not None or method == "at":
        raise TapeError(f"np.{ufunc.__name__} that writes into an array is not recorded; let it return a new one.")
    return followed(
        lambda *values, **kwargs: numpy_functions.call_ufunc(ufunc, method, values, kwargs),
        plain, ufunc.__name__, inputs, options,
    )  # fmt: skip


def call_function(function: Function, args: Any, kwargs: Any) -> Any:
    """What NumPy calls when one of its other functions meets an array of ours."""
    name, changes = function.__name__, function in CHANGES
    if function in LOOKS or not is_recorded(*arrays_in((args, kwargs))):
        return untracked(function, name, args, kwargs, changes)
    if changes or kwargs.get("out") is not None:
        raise TapeError(f"np.{name} that writes into an array is not recorded; compute a new one with np.where.")
    return followed(
        lambda *values, **options: numpy_functions.call_function(function, values, options),
        function, name, args, kwargs,
    )  # fmt: skip


def followed(call: Function, plain: Function, name: str, args: Any, kwargs: Any) -> Any:
    """A function of NumPy's by operations of the table, which are recorded."""
    kind = arrays_in((args, kwargs))[0].__class__
    try:
        if kind is kind.plain:
            return call(*args, **kwargs)
        result = call(*without_kind(args), **without_kind(kwargs))
        found = kind.like(result.value, result.node)
        found.memory = result.memory
        return found
    except TracingError as problem:
        found = untracked(plain, name, args, kwargs)  # NumPy's own complaint, if it has one, is the better one
        if not any(x.value.dtype.kind == "f" for x in arrays_in(found)) and not isinstance(found, float):
            return found  # places, truths and text have no derivative
        raise TapeError(
            f"The derivative of np.{name} with these arguments is not known; use another function, or compute it "
            "from x.detach(), which has no derivative."
        ) from problem


def without_kind(x: Any) -> Any:
    """Arrays under the names that NumPy has for shape and type, inside tuples and lists too."""
    if isinstance(x, Taped):
        return plainly(x, x.node)
    if isinstance(x, dict):
        return {key: without_kind(part) for key, part in x.items()}
    return type(x)(without_kind(part) for part in x) if x.__class__ in (tuple, list) else x


def untracked(plain: Function, name: str, args: Any, kwargs: Any, changes: bool = False) -> Any:
    """NumPy's function on the numbers; the result as arrays of the kind that went in."""
    given = arrays_in((args, kwargs))
    try:
        found = plain(*raw(args), **raw(kwargs))
    except (ValueError, IndexError, TypeError) as problem:
        refuse(f"np.{name}", given, problem)
    out = arrays_in(args[:1]) if changes else arrays_in(kwargs.get("out"))
    for array in out:
        changed(array)
    if out and not changes:
        return out[0] if len(out) == 1 else tuple(out)
    return as_given(found, given, widest((args, kwargs)) or given[0].real)


def widest(x: Any) -> Any:
    """The widest real type among the arrays in something; None without one."""
    if isinstance(x, Taped | np.ndarray):
        dtype = x.value.dtype if isinstance(x, Taped) else x.dtype
        return dtype if dtype.kind == "f" else None
    parts = x.values() if isinstance(x, dict) else x if isinstance(x, tuple | list) else ()
    found = [dtype for part in parts if (dtype := widest(part)) is not None]
    return promote(*found) if found else None


def as_given(found: Any, given: list[Taped], limit: Any) -> Any:
    """Results wrapped as the inputs were, no wider than these."""
    if isinstance(found, tuple | list) and any(isinstance(part, np.ndarray) for part in found):
        parts = [as_given(part, given, limit) for part in found]
        return type(found)(*parts) if hasattr(found, "_fields") else type(found)(parts)
    if not isinstance(found, np.ndarray | np.generic):
        return found
    value = np.asarray(found)
    if value.dtype.kind not in "fiub":
        return found
    if value.dtype.kind == "f" and value.dtype.itemsize > limit.itemsize:
        value = value.astype(limit)
    result = wrapped(given[0].__class__, value)
    for array in given:
        viewed(result, array)
    return result
