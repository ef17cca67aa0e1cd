"""Centre and scale of a column, exact at any magnitude, and the same however its rows are cut into pieces."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 15  # numbers that stay in the processor's cache while they are added up
_SAFE = 400  # powers of two between which squares neither overflow nor vanish
_PLAIN = 900  # between which differences and quotients do not
_NO_SIZE = -5000  # the exponent of zeros: below every other


class Moments(NamedTuple):
    """Count, extremes, mean and squared deviations of numbers; those of two pieces combine to those of both.

        mean = (m + r) 2ᵉ,    Σ (x - mean)² = s 4ᵉ

    Numbers may have weights: one of weight 2 counts as two of them, and the size is the sum of the weights.

    The power of two changes no digit and keeps the squares of 1e300 from overflowing; the mean has a second part r
    for what the first loses by rounding, so that an offset of 1e9 costs no digits of the deviation.

    >>> both = Moments.of(np.array([1.0, 2.0])).combine(Moments.of(np.array([6.0])))
    >>> both.size, both.minimum, both.maximum, both.center
    (3, 1.0, 6.0, 3.0)

    Source: Chan, Golub and LeVeque, Updating formulae and a pairwise algorithm for computing sample variances, 1979.
    """

    size: float = 0
    minimum: float = np.inf
    maximum: float = -np.inf
    exponent: int = _NO_SIZE
    mean: float = 0.0
    rest: float = 0.0
    squares: float = 0.0

    @classmethod
    def of(cls, values: NDArray[Any], weights: NDArray[np.float64] | None = None) -> "Moments":
        """The moments of finite numbers (n,) of any type, and of weights (n,) above 0."""
        blocks = (slice(start, start + _BLOCK) for start in range(0, len(values), _BLOCK))
        return cls.sum(
            [cls._of_block(values[b].astype(np.float64), None if weights is None else weights[b]) for b in blocks]
        )

    @classmethod
    def sum(cls, parts: "list[Moments]") -> "Moments":
        """The parts combined in pairs, and the pairs in pairs: rounding grows with the logarithm of their number."""
        if len(parts) <= 1:
            return parts[0] if parts else cls()
        half = len(parts) // 2
        return cls.sum(parts[:half]).combine(cls.sum(parts[half:]))

    @classmethod
    def _of_block(cls, numbers: NDArray[np.float64], weights: NDArray[np.float64] | None) -> "Moments":
        minimum, maximum = float(numbers.min()), float(numbers.max())
        exponent = _exponent(max(-minimum, maximum))
        if exponent:
            numbers = np.ldexp(numbers, -exponent)
        size = len(numbers) if weights is None else float(weights.sum())
        mean = np.average(numbers, weights=weights)
        numbers -= mean
        rest = np.average(numbers, weights=weights)
        np.square(numbers, out=numbers)
        squares = max(float((numbers if weights is None else numbers * weights).sum() - size * rest**2), 0.0)
        return cls(size, minimum, maximum, exponent, float(mean), float(rest), squares)

    def combine(self, other: "Moments") -> "Moments":
        """The moments of both sets of numbers together."""
        if not (self.size and other.size):
            return self if self.size else other
        exponent = max(self.exponent, other.exponent)
        first, second = self._with(exponent), other._with(exponent)
        size = first.size + second.size
        apart = (second.mean - first.mean) + (second.rest - first.rest)
        mean, rest = _two_sum(first.mean, first.rest + apart * (second.size / size))
        squares = first.squares + second.squares + apart * apart * first.size * (second.size / size)
        extremes = min(first.minimum, second.minimum), max(first.maximum, second.maximum)
        return Moments(size, *extremes, exponent, mean, rest, squares)

    @property
    def center(self) -> float:
        """The mean."""
        return float(np.ldexp(self.mean + self.rest, self.exponent))

    @property
    def scale(self) -> float:
        """The standard deviation, divided by n and not n - 1; no smaller than numbers that can be divided by."""
        deviation = np.ldexp(np.sqrt(self.squares / (self.size or 1)), self.exponent)
        return max(float(deviation), float(np.finfo(np.float64).tiny))

    def _with(self, exponent: int) -> "Moments":
        """The same with another power of two."""
        shift = self.exponent - exponent
        if not shift:
            return self
        mean, rest, squares = np.ldexp([self.mean, self.rest, self.squares], [shift, shift, 2 * shift]).tolist()
        return self._replace(exponent=exponent, mean=mean, rest=rest, squares=squares)


def center_and_scale(values: NDArray[Any]) -> tuple[float, float]:
    """Mean and standard deviation, in float64, without overflow or cancellation.

    >>> center_and_scale(np.array([-1e300, 1e300]))
    (0.0, 1e+300)
    """
    moments = Moments.of(values)
    return moments.center, moments.scale


def standardise(values: NDArray[Any], center: float, scale: float) -> NDArray[np.float64]:
    """(values - center) / scale, where no intermediate result overflows."""
    exponents = math.frexp(center)[1], math.frexp(scale)[1]
    with np.errstate(over="ignore", invalid="ignore"):
        if max(map(abs, exponents)) < _PLAIN:
            numbers: NDArray[np.float64] = np.subtract(values, center, dtype=np.float64)
            numbers /= scale
            return numbers
        down = -exponents[1]
        return np.asarray((np.ldexp(values.astype(np.float64), down) - np.ldexp(center, down)) / np.ldexp(scale, down))


def _exponent(largest: float) -> int:
    """The power of two to divide by: none for numbers of the usual sizes."""
    if not largest:
        return _NO_SIZE
    exponent = int(np.frexp(largest)[1])
    return 0 if abs(exponent) < _SAFE else exponent


def _two_sum(a: float, b: float) -> tuple[float, float]:
    """a + b as a float and what it lost by rounding (Knuth, The Art of Computer Programming, volume 2, 4.2.2)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)
