"""Functions by the name under which Python can import them: "package.module:function". Importing runs code."""

import importlib
import inspect
import os
import sys
from collections.abc import Callable
from typing import Any

from gradloop.errors import OptionError
from gradloop.text import printable


def path_of(function: Callable[..., Any]) -> str | None:
    """Where a function can be imported from; None for what was written in a notebook, a script or a function.

    >>> path_of(os.path.join).endswith("path:join")
    True
    >>> path_of(lambda x: x) is None
    True
    """
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    if not isinstance(module, str) or module == "__main__" or not is_path(path := f"{module}:{name}"):
        return None
    return path if _found(sys.modules.get(module), name) is function else None


def is_path(text: str) -> bool:
    """Whether a text reads like package.module:function.

    >>> is_path("laws:planck"), is_path("linear"), is_path("os:system('x')")
    (True, False, False)
    """
    module, colon, name = text.partition(":")
    return bool(colon) and all(part.isidentifier() for part in [*module.split("."), *name.split(".")])


def function_at(path: str) -> Callable[..., Any]:
    """Import the function; modules are looked for in the folder where one stands, too.

    Raises: OptionError for what is no such path, cannot be imported, or is no function.
    """
    shown = printable(path)
    if not is_path(path):
        raise OptionError(f"{shown} is no place of a function; write package.module:function.")
    module, _, name = path.partition(":")
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # as for python -m
    try:
        found = _found(importlib.import_module(module), name)
    except Exception as error:  # whatever the user's module does
        said = printable(f"{type(error).__name__}: {error}").splitlines()[0]
        raise OptionError(f"{shown} cannot be imported ({said}); check the module, and the folder.") from error
    if not callable(found) or inspect.isclass(found):
        raise OptionError(f"{shown} is no function; write package.module:function.")
    return found  # type: ignore[no-any-return]


def _found(module: Any, name: str) -> Any:
    """What stands under a dotted name in a module; None if nothing does."""
    for part in name.split("."):
        module = getattr(module, part, None)
    return module
