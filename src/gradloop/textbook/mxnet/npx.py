"""MXNet's ``npx``: what NumPy has no name for."""

from __future__ import annotations

from typing import Any

from gradloop.textbook.coverage import uncovered as _uncovered
from gradloop.textbook.mxnet.arrays import Context
from gradloop.textbook.mxnet.entries import log_softmax, one_hot, pick, relu, sigmoid, softmax
from gradloop.textbook.mxnet.random import of_np as random

__all__ = [
    "cpu",
    "log_softmax",
    "num_gpus",
    "one_hot",
    "pick",
    "random",
    "relu",
    "reset_np",
    "set_np",
    "sigmoid",
    "softmax",
    "waitall",
]


def set_np(shape: bool = True, array: bool = True) -> None:
    """Nothing to do: `np` and `nd` stand beside each other here."""


def reset_np() -> None:
    """Nothing to do: `np` and `nd` stand beside each other here."""


def waitall() -> None:
    """Nothing to wait for: every operation is finished when it returns."""


def cpu(device_id: int = 0) -> Any:
    """The machine's processor.

    >>> cpu()
    cpu(0)
    """
    return Context()


def num_gpus() -> int:
    """None are used."""
    return 0


__getattr__ = _uncovered("mxnet.npx", lambda: __all__)
