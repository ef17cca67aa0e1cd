"""Stopwatch and running sums."""

from __future__ import annotations

import time
from typing import Any


class Timer:
    """A stopwatch that runs when it is made, and remembers every time it was stopped.

    >>> timer = Timer()
    >>> timer.stop() >= 0 and timer.sum() == timer.times[0]
    True
    """

    def __init__(self) -> None:
        self.times: list[float] = []
        self.start()

    def start(self) -> None:
        """Begin to measure."""
        self.tik = time.perf_counter()

    def stop(self) -> float:
        """The seconds since the start, which are remembered."""
        self.times.append(time.perf_counter() - self.tik)
        return self.times[-1]

    def avg(self) -> float:
        """Mean of the times, in seconds."""
        return self.sum() / len(self.times)

    def sum(self) -> float:
        """All times together, in seconds."""
        return sum(self.times)

    def cumsum(self) -> list[float]:
        """The time gone at each stop, in seconds."""
        return [sum(self.times[: place + 1]) for place in range(len(self.times))]


class Accumulator:
    """Several sums at once.

    >>> sums = Accumulator(2)
    >>> sums.add(1, 10)
    >>> sums.add(2, 20)
    >>> sums[0], sums[1]
    (3.0, 30.0)
    """

    def __init__(self, n: int) -> None:
        self.data = [0.0] * n

    def add(self, *args: Any) -> None:
        """Add to each sum."""
        self.data = [total + float(more) for total, more in zip(self.data, args, strict=True)]

    def reset(self) -> None:
        """Begin again."""
        self.data = [0.0] * len(self.data)

    def __getitem__(self, idx: int) -> float:
        return self.data[idx]
