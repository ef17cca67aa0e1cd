"""What a running fit reports between two native calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Progress(NamedTuple):
    """Where training is: `epoch` of `epochs` finished, the loss at its end, and how fast rows pass."""

    epoch: int
    epochs: int
    loss: float
    rows_per_second: float
    seconds: float


Report = Callable[[Progress], None]
