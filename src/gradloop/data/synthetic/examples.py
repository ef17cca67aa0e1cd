"""Examples drawn chunk by chunk: a row is a pure function of the seed and its number, and none is kept.

A chunk's draws come from a generator that is a function of a counter (Salmon, Moraes, Dror and Shaw, "Parallel random
numbers: as easy as 1, 2, 3", 2011), so that any chunk can be drawn alone. Inputs, noise and outliers have counters of
their own: more noise or other outliers leave the inputs as they were. A chunk is always drawn whole and then cut,
because NumPy's last bits may differ between the middle and the end of an array.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradloop.data import words
from gradloop.data.synthetic import files
from gradloop.errors import OptionError
from gradloop.text import printable
from gradloop.whole_file import PathLike

MOST_ROWS = 65_536  # of a chunk
MOST_VALUES = 1 << 22  # of a chunk: with more than 64 features it has fewer rows

Array = NDArray[Any]
Draw = Callable[[np.random.Generator, np.random.Generator, int], tuple[list[Array], Array]]
Spoil = Callable[[np.random.Generator, Array], Array]

_INPUTS, _NOISE, _OUTLIERS = range(3)


@dataclass(frozen=True, eq=False)
class Synthetic:
    """Examples of a law, and the truth about them. Nothing is drawn before it is asked for.

    kind: "line", "ohm" …; law: its equation; truth: the parameters, with the names and shapes of ``fit.params``;
    features, target: the names of the columns; units: of columns and parameters; model: what ``gradloop.fit`` takes;
    rows, noise, outliers, seed: as they were asked for.

    Also part of the truth: ``outlier_rows``.

    Raises: OptionError for rows, noise, a share of outliers or a seed that cannot be.

    >>> from gradloop.data import synthetic
    >>> data = synthetic.line(w=[2.0], b=1.0, rows=10**12, noise=0.0)
    >>> first = next(data.chunks())
    >>> bool(np.all(first["y"] == 2 * first["x"] + 1)), data.truth
    (True, {'w': array([2.]), 'b': 1.0})
    """

    kind: str
    law: str
    truth: Mapping[str, Any]
    features: tuple[str, ...]
    target: str
    units: Mapping[str, str]
    model: Any
    rows: int
    noise: float
    outliers: float
    seed: int
    draw: Draw = field(repr=False)  # (generator of inputs, generator of noise, rows) -> features, target
    spoil: Spoil = field(repr=False)  # (generator of outliers, target) -> targets that are far off

    def __post_init__(self) -> None:
        if not _is_whole(self.rows) or self.rows < 1:
            raise OptionError(f"rows is {self.rows!r}, but it must be a whole number from 1.")
        if not _is_whole(self.seed) or not 0 <= self.seed < 2**63:
            raise OptionError(f"seed is {self.seed!r}, but it must be a whole number from 0 to 2**63 - 1.")
        if not _is_number(self.noise) or not 0 <= self.noise < np.inf:
            raise OptionError(f"noise is {self.noise!r}, but it must be a standard deviation: a finite number from 0.")
        if not _is_number(self.outliers) or not 0 <= self.outliers < 0.5:
            raise OptionError(
                f"outliers is {self.outliers!r}, but it must be a share of the rows from 0 to below 0.5: of more, "
                "nobody could say which rows are the odd ones."
            )

    def chunks(self) -> Iterator[dict[str, Array]]:
        """The columns, some ten thousand rows at a time; the first rows do not depend on how many there are."""
        for chunk, rows in enumerate(self._sizes()):
            features, target = self.draw(self._generator(_INPUTS, chunk), self._generator(_NOISE, chunk), self._chunk)
            if self.outliers:
                odd, generator = self._odd(chunk)
                target = np.where(odd, self.spoil(generator, target), target)
            columns = zip((*self.features, self.target), (*features, target), strict=True)
            yield {name: column[:rows] for name, column in columns}

    @cached_property
    def columns(self) -> dict[str, Array]:
        """All the columns by name, in memory; the target is the last."""
        whole: dict[str, Array] = {}
        begin = 0
        for chunk in self.chunks():
            end = begin + len(chunk[self.target])
            for name, column in chunk.items():
                whole.setdefault(name, np.empty(self.rows, column.dtype))[begin:end] = column
            begin = end
        return whole

    @property
    def X(self) -> Array:  # noqa: N802 - as everywhere
        """The features (n, d)."""
        return np.column_stack([self.columns[name] for name in self.features])

    @property
    def y(self) -> Array:
        """The target (n,)."""
        return self.columns[self.target]

    @property
    def outlier_rows(self) -> NDArray[np.int64]:
        """The numbers, from 0, of the rows whose target is far off."""
        return np.concatenate([np.empty(0, np.int64), *self.outlier_chunks()])

    def outlier_chunks(self) -> Iterator[NDArray[np.int64]]:
        """The same, chunk by chunk."""
        for chunk, rows in enumerate(self._sizes() if self.outliers else ()):
            yield np.flatnonzero(self._odd(chunk)[0][:rows]) + chunk * self._chunk

    def write(self, path: PathLike) -> None:
        """Write all rows to a ``.csv`` or ``.parquet`` file, whole or not at all, in constant memory.

        Raises: OptionError for another ending; DataError if the file cannot be written.
        """
        files.write_examples(path, self)

    def summary(self) -> str:
        """The truth as text: what fitting these examples should find.

        >>> from gradloop.data import synthetic
        >>> print(synthetic.ohm(rows=20, resistance=47.0, offset=0.1, noise=0.5).summary())
        ohm: voltage = resistance · current + offset
        20 rows of current (A) and voltage (V), the target; seed 0
        resistance = 47.0 Ω
        offset = 0.1 V
        noise = 0.5 V
        """
        columns = [f"{name}{self._in_brackets(name)}" for name in (*self.features, self.target)]
        params = [f"{name} = {as_json(value)}{self._after(name)}" for name, value in self.truth.items()]
        lines = [
            f"{self.kind}: {self.law}",
            f"{words.counted(self.rows, 'row')} of {words.listed(columns)}, the target; seed {self.seed}",
            *params,
            f"noise = {self.noise}{self._after('noise')}",
        ]
        if self.outliers:
            count = sum(map(len, self.outlier_chunks()))
            lines.append(f"outliers = {words.counted(count, 'row')}, drawn with probability {self.outliers}")
        return "\n".join(map(printable, lines))

    @property
    def _chunk(self) -> int:
        """Rows of a chunk; a function of the kind alone."""
        return max(1, min(MOST_ROWS, MOST_VALUES // len(self.features)))

    def _sizes(self) -> Iterator[int]:
        """How many rows of each chunk are wanted."""
        for begin in range(0, self.rows, self._chunk):
            yield min(self._chunk, self.rows - begin)

    def _generator(self, stream: int, chunk: int) -> np.random.Generator:
        return np.random.Generator(np.random.Philox(key=self.seed, counter=[0, 0, stream, chunk]))

    def _odd(self, chunk: int) -> tuple[Array, np.random.Generator]:
        """Which rows of a chunk are outliers, and the generator that says how far."""
        generator = self._generator(_OUTLIERS, chunk)
        return generator.random(self._chunk) < self.outliers, generator

    def _in_brackets(self, name: str) -> str:
        return f" ({self.units[name]})" if name in self.units else ""

    def _after(self, name: str) -> str:
        return f" {self.units[name]}" if name in self.units else ""


def as_json(value: Any) -> str:
    """A number or array as JSON, with all digits.

    >>> print(as_json(np.array([[2.0], [-3.4]])))
    [[2.0], [-3.4]]
    """
    return json.dumps(np.asarray(value).tolist())


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating))


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
