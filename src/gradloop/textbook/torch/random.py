"""Random numbers: NumPy's generator PCG64, seeded by `manual_seed`. Its stream is not PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradloop.errors import TapeError

FIRST_SEED = 0  # as in PyTorch, a program that sets no seed draws the same numbers every time


class Generator:
    """A source of random numbers of its own.

    >>> Generator().manual_seed(3).initial_seed()
    3
    """

    def __init__(self, device: Any = "cpu") -> None:
        self.manual_seed(FIRST_SEED)

    def manual_seed(self, seed: int) -> Generator:
        """Begin the stream that belongs to a seed."""
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
            raise TapeError(f"The seed is {seed!r}, but it must be a whole number.")
        self.first, self.numbers = int(seed), np.random.default_rng(int(seed) % 2**64)
        return self

    def initial_seed(self) -> int:
        """The seed of this stream."""
        return self.first


default_generator = Generator()


def manual_seed(seed: int) -> Generator:
    """Begin the stream of random numbers that belongs to a seed. It is not PyTorch's stream of the same seed."""
    return default_generator.manual_seed(seed)


def initial_seed() -> int:
    """The seed of the present stream."""
    return default_generator.initial_seed()


def draw_normal(shape: Any, mean: Any, std: Any, dtype: Any, generator: Generator | None = None) -> Any:
    """Numbers of a normal distribution, as NumPy's array."""
    if np.min(std) < 0:
        raise TapeError(f"std is {std}, but a standard deviation is a number from 0.")
    numbers = (generator or default_generator).numbers
    return (numbers.standard_normal(shape, np.float64) * std + mean).astype(dtype)


def draw_uniform(shape: Any, low: Any, high: Any, dtype: Any, generator: Generator | None = None) -> Any:
    """Numbers between two, all equally probable, as NumPy's array."""
    return ((generator or default_generator).numbers.random(shape) * (high - low) + low).astype(dtype)
