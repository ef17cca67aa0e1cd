"""Whether operations are written on the tape: switched by `with record():`, `with no_grad():` and their kin."""

from __future__ import annotations

import threading
from functools import wraps
from typing import Any


class State(threading.local):
    """Of this thread: True or False where a `with` says so, None where the arrays' own habit decides."""

    recording: bool | None = None


STATE = State()


class Recording:
    """A `with` block, or a decorated function, in which operations are recorded, or are not.

    >>> with no_grad():
    ...     print(STATE.recording)
    False
    """

    __slots__ = ("before", "recording")

    def __init__(self, recording: bool) -> None:
        self.recording = recording
        self.before: Any = None  # what held outside of this block, and what was before when it is entered twice

    def __enter__(self) -> Recording:
        self.before = (STATE.recording, self.before)
        STATE.recording = self.recording
        return self

    def __exit__(self, *problem: object) -> None:
        STATE.recording, self.before = self.before

    def __call__(self, function: Any) -> Any:
        """As a decorator; each call has a `with` of its own."""

        @wraps(function)
        def within(*args: Any, **kwargs: Any) -> Any:
            with Recording(self.recording):
                return function(*args, **kwargs)

        return within


def record() -> Recording:
    """Record what happens to arrays inside the block (MXNet's word; PyTorch: enable_grad)."""
    return Recording(True)


def no_grad(function: Any = None) -> Any:
    """Record nothing inside the block, or inside a function that it decorates (PyTorch's word; MXNet: pause)."""
    return Recording(False) if function is None else Recording(False)(function)
