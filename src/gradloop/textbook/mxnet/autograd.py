"""MXNet's ``autograd``: record inside a block, then walk back."""

from __future__ import annotations

import threading
from typing import Any

from gradloop.eager import tape
from gradloop.eager.recording import STATE, Recording
from gradloop.errors import TapeError
from gradloop.textbook.coverage import uncovered as _uncovered

__all__ = [
    "Scope",
    "backward",
    "grad",
    "is_recording",
    "is_training",
    "mark_variables",
    "pause",
    "predict_mode",
    "record",
    "train_mode",
]


class Mode(threading.local):
    """Whether this thread trains or predicts."""

    training = False


MODE = Mode()


class Scope:
    """A block in which operations are recorded or not, and which counts as training or not; None leaves it."""

    def __init__(self, recording: bool | None, training: bool | None) -> None:
        self.inner = None if recording is None else Recording(recording)
        self.training = training
        self.before: list[bool] = []

    def __enter__(self) -> Scope:
        self.before.append(MODE.training)
        MODE.training = MODE.training if self.training is None else self.training
        if self.inner is not None:
            self.inner.__enter__()
        return self

    def __exit__(self, *problem: object) -> None:
        MODE.training = self.before.pop()
        if self.inner is not None:
            self.inner.__exit__(*problem)


def record(train_mode: bool = True) -> Scope:
    """Record what happens to arrays inside the block.

    >>> with record():
    ...     print(is_recording(), is_training())
    True True
    """
    return Scope(True, train_mode)


def pause(train_mode: bool = False) -> Scope:
    """Record nothing inside the block."""
    return Scope(False, train_mode)


def train_mode() -> Scope:
    """What happens inside counts as training."""
    return Scope(None, True)


def predict_mode() -> Scope:
    """What happens inside counts as prediction."""
    return Scope(None, False)


def is_recording() -> bool:
    """Whether operations are recorded here."""
    return STATE.recording is True


def is_training() -> bool:
    """Whether what happens here counts as training."""
    return MODE.training


def listed(x: Any) -> list[Any]:
    return list(x) if isinstance(x, tuple | list) else [x]


def mark_variables(variables: Any, gradients: Any, grad_reqs: Any = "write") -> None:
    """Want gradients of these arrays, and put them into those."""
    marked, rooms = listed(variables), listed(gradients)
    wanted = [grad_reqs] * len(marked) if isinstance(grad_reqs, str) else list(grad_reqs)
    for array, room, how in zip(marked, rooms, wanted, strict=True):
        array.attach_grad(how)
        array.grad = room


def backward(heads: Any, head_grads: Any = None, retain_graph: bool = False, train_mode: bool = True) -> None:
    """Walk back from several arrays at once, into the ``grad`` of those that are marked."""
    starts = listed(heads)
    seeds = [None] * len(starts) if head_grads is None else listed(head_grads)
    with Scope(None, train_mode):
        tape.backward(starts, seeds, retain_graph)


def grad(
    heads: Any, variables: Any, head_grads: Any = None, retain_graph: bool | None = None, create_graph: bool = False,
    train_mode: bool = True,
) -> Any:  # fmt: skip
    """The derivatives of the heads with respect to the variables; their ``grad`` stays as it is."""
    starts, wanted = listed(heads), listed(variables)
    seeds = [None] * len(starts) if head_grads is None else listed(head_grads)
    keep = create_graph if retain_graph is None else retain_graph
    if any(not x.requires_grad for x in wanted):
        raise TapeError("A variable was not marked before it was used: call its attach_grad() first.")
    with Scope(None, train_mode):
        found = tape.gradients(starts, wanted, seeds, keep, create_graph)
    if any(share is None for share in found):
        raise TapeError(
            "One of the variables was not used for the heads, so they have no derivative with respect to it."
        )
    shares = [share if hasattr(share, "node") else x.like(share) for share, x in zip(found, wanted, strict=True)]
    return shares if isinstance(variables, tuple | list) else shares[0]


__getattr__ = _uncovered("mxnet.autograd", lambda: __all__)
