"""Linear algebra in threads of our own: the library's threads are set to one, because they change the last digits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_lock = threading.Lock()
_users: list[Any] = []  # the limit in force, once for everybody inside


@cache
def _controller() -> Any:
    import scipy.linalg.lapack  # noqa: F401  its library must be there to be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """BLAS and LAPACK compute in the thread that calls them, here and in threads started from here.

    How a product is divided among threads decides the order of its sums. The setting belongs to the whole process, so
    the first to come sets it and the last to leave restores it.
    """
    with _lock:
        if not _users:
            _users.append(_controller().limit(limits=1, user_api="blas"))
        _users.append(None)
    try:
        yield
    finally:
        with _lock:
            _users.pop()
            if len(_users) == 1:
                _users.pop().restore_original_limits()
