"""Random numbers: NumPy's generator PCG64, seeded by `seed`. The same seed gives other numbers than MXNet's."""

from __future__ import annotations

from typing import Any

import numpy

from gradloop.eager.base import raw
from gradloop.errors import TapeError
from gradloop.textbook.coverage import sentence
from gradloop.textbook.mxnet.arrays import NDArray, check_context, ndarray

__all__ = ["seed"]

FIRST_SEED = 0  # as in MXNet, a program that sets no seed draws the same numbers every time
STATE = {"numbers": numpy.random.default_rng(FIRST_SEED)}


def seed(seed_state: int = 0) -> None:
    """Begin the stream of random numbers that belongs to a seed. It is not MXNet's stream of the same seed."""
    if isinstance(seed_state, bool) or not isinstance(seed_state, int | numpy.integer):
        raise TapeError(f"The seed is {seed_state!r}, but it must be a whole number.")
    STATE["numbers"] = numpy.random.default_rng(int(seed_state) % 2**64)


class Draws:
    """``random`` of `nd` or of `np`: the same numbers in their kind of array."""

    seed = staticmethod(seed)

    def __init__(self, kind: type[Any], owner: str) -> None:
        self._kind, self._owner = kind, owner

    def _made(self, values: Any, dtype: Any, ctx: Any) -> Any:
        check_context(ctx)
        return self._kind(numpy.asarray(values, dtype or self._kind.real))

    def _normal(self, loc: Any, scale: Any, shape: Any, dtype: Any, ctx: Any) -> Any:
        if numpy.min(raw(scale)) < 0:
            raise TapeError(f"scale is {scale}, but a standard deviation is a number from 0.")
        return self._made(STATE["numbers"].normal(raw(loc), raw(scale), lengths(shape)), dtype, ctx)

    def _uniform(self, low: Any, high: Any, shape: Any, dtype: Any, ctx: Any) -> Any:
        return self._made(STATE["numbers"].uniform(raw(low), raw(high), lengths(shape)), dtype, ctx)

    def shuffle(self, data: Any) -> Any:
        """Rows in random order: in place for `np`, as a new array for `nd`."""
        order = STATE["numbers"].permutation(len(data))
        if self._kind is NDArray:
            return data[order]
        data[:] = data.value[order]
        return None

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(sentence(f"{self._owner}.random", name, dir(type(self))))


def lengths(shape: Any) -> Any:
    return tuple(shape) if isinstance(shape, list) else shape


class NumpyDraws(Draws):
    """``np.random``: the shape is called size."""

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: Any = None, ctx: Any = None) -> Any:
        """Numbers of a normal distribution."""
        return self._normal(loc, scale, size, dtype, ctx)

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None, dtype: Any = None, ctx: Any = None) -> Any:
        """Numbers between two, all equally probable."""
        return self._uniform(low, high, size, dtype, ctx)

    def randn(self, *size: int, dtype: Any = None, ctx: Any = None) -> Any:
        """Numbers of the normal distribution with mean 0 and standard deviation 1."""
        return self._normal(0, 1, size, dtype, ctx)

    def rand(self, *size: int) -> Any:
        """Numbers from 0 to below 1, all equally probable."""
        return self._uniform(0, 1, size, None, None)

    def randint(self, low: int, high: int | None = None, size: Any = None, dtype: Any = None) -> Any:
        """Whole numbers from low to below high."""
        return self._made(STATE["numbers"].integers(low, high, lengths(size)), dtype or numpy.int64, None)

    def permutation(self, x: int) -> Any:
        """The whole numbers below x in random order."""
        return self._made(STATE["numbers"].permutation(x), numpy.int64, None)


class NdDraws(Draws):
    """``nd.random``: the shape is called shape, and one number is an array of one."""

    def normal(self, loc: Any = 0, scale: Any = 1, shape: Any = 1, dtype: Any = None, ctx: Any = None) -> Any:
        """Numbers of a normal distribution."""
        return self._normal(loc, scale, shape, dtype, ctx)

    def uniform(self, low: Any = 0, high: Any = 1, shape: Any = 1, dtype: Any = None, ctx: Any = None) -> Any:
        """Numbers between two, all equally probable."""
        return self._uniform(low, high, shape, dtype, ctx)

    def randn(self, *shape: int, loc: Any = 0, scale: Any = 1, dtype: Any = None, ctx: Any = None) -> Any:
        """Numbers of a normal distribution."""
        return self._normal(loc, scale, shape or 1, dtype, ctx)


of_np, of_nd = NumpyDraws(ndarray, "mxnet.np"), NdDraws(NDArray, "mxnet.nd")
