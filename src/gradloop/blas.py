"""Linear algebra in threads of our own: the library's threads are set to one, because they change the last digits."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_lock = threading.Lock()
_users = 0
_limits: list[Any] = []  # in force, once for everybody inside; a second one for a library that was loaded meanwhile


@cache
def _controller(scipy_is_there: bool) -> Any:
    """What sets the threads of all libraries that are loaded; SciPy brings its own."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _limit() -> None:
    found = _controller("scipy.linalg" in sys.modules)
    _limits.append(found.limit(limits=1, user_api="blas"))


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """BLAS and LAPACK compute in the thread that calls them, here and in threads started from here.

    How a product is divided among threads decides the order of its sums. The setting belongs to the whole process, so
    the first to come sets it and the last to leave restores it.
    """
    global _users
    with _lock:
        if not _users:
            _limit()
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            while _limits and not _users:
                _limits.pop().restore_original_limits()


def scipy_linalg() -> Any:
    """SciPy's linear algebra, whose import takes longer than a small fit; in one thread where all are."""
    was_there = "scipy.linalg" in sys.modules
    import scipy.linalg

    if not was_there:
        with _lock:
            if _users:
                _limit()
    return scipy.linalg
