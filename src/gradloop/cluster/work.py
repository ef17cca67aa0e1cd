"""What is done on the workers: functions of a part's rows, and of plain data. Graphs travel, code does not."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache, partial, reduce
from typing import Any, NamedTuple

import numpy as np

from gradloop.blas import one_blas_thread
from gradloop.compiler.loops import Inputs
from gradloop.core.order import WORD, split_mix
from gradloop.errors import OptionError
from gradloop.problem import Problem
from gradloop.sameness import content_of
from gradloop.version import __version__

BLOCK, WIDTH = 2**20, 2**10  # bytes whose words are added in columns before their checksum, and how many columns
KEPT = 64  # problems and loops that a worker remembers
Array = Any
Rows = tuple[Array, ...]  # features, targets, and weights where there are any


class Stamped(NamedTuple):
    """The rows of a part, and a checksum of them from when they were made: those of a part made again must be equal."""

    rows: Rows
    stamp: int


class Tally(NamedTuple):
    """What was found on some parts, and on how many rows of which weight: none may be lost or counted twice."""

    found: Any
    rows: int
    weight: float
    marks: int = 0  # of the parts, added up: equal numbers of rows would not show that one part stands for another
    stamps: int = 0  # and of what is in them


class About(NamedTuple):
    """What the client knows of a part."""

    rows: int
    weight: float
    kinds: tuple[str, ...]  # of features, targets, weights
    features: int
    stamp: int

    def tally(self, place: int) -> Tally:
        """What every pass must count of it at this place."""
        return Tally(None, self.rows, self.weight, mark(place), mark(place, self.stamp))


class Units(NamedTuple):
    """Other units of the features: x · scale + center."""

    scale: Array
    center: Array


def packed(what: Any) -> bytes:
    """What is sent to workers, and the version that packed it."""
    return pickle.dumps((__version__, what), pickle.HIGHEST_PROTOCOL)


@lru_cache(KEPT)
def unpacked(content: bytes) -> Any:
    version, what = pickle.loads(content)  # from the client, whom a worker obeys anyway
    if version != __version__:
        raise OptionError(f"A worker has gradloop {__version__} and the client {version}; install the same on both.")
    return what


def stamped(rows: Rows) -> Stamped:
    """The rows with their checksum, which is as quick as memory: that of `content_of` takes several times as long."""
    found = 0
    for values in rows:
        plain = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
        for first in range(0, len(plain), BLOCK):
            some = plain[first : first + BLOCK]
            if len(some) == BLOCK:
                some = np.einsum("ij->j", some.view(np.uint64).reshape(-1, WIDTH))  # a sum, and the quickest
            found = zlib.crc32(some.data, found)
    return Stamped(rows, found)


def about(part: Stamped) -> About:
    rows = part.rows
    X, weights = rows[0], rows[2:]
    weight = float(weights[0].sum()) if weights else float(len(X))
    kinds = tuple(str(part.dtype.str) for part in rows)
    return About(len(X), weight, kinds, X.shape[1], part.stamp)


def content(rows: Rows, part: int) -> Tally:
    """What tells features (0), targets (1) or weights (2) from others."""
    return tallied(str(content_of(rows[part])), rows)


def in_units(rows: Rows, units: Units | None) -> Rows:
    if units is None:
        return rows
    X = np.ascontiguousarray(rows[0] * units.scale + units.center, rows[0].dtype)
    return (X, *rows[1:])


def mark(place: int, stamp: int = 0) -> int:
    """A number of the part at this place, and of what is in it, that no few others add up to."""
    return split_mix(split_mix(place) ^ stamp)


def marked(place: int, function: Callable[..., Tally], part: Stamped, *given: Any) -> Tally:
    """What the function found on the part at this place."""
    with one_blas_thread():
        return function(part.rows, *given)._replace(marks=mark(place), stamps=mark(place, part.stamp))


def tallied(found: Any, rows: Rows) -> Tally:
    return Tally(found, len(rows[0]), float(rows[2].sum()) if len(rows) > 2 else float(len(rows[0])))


def sum_of(rows: Rows, content: bytes, params: Array) -> Tally:
    """The sums of a loop over the rows of a part, blocks in order."""
    problem, loop, units = unpacked(content)
    return tallied(problem.program(loop).sum(in_units(rows, units), params), rows)


def map_of(rows: Rows, content: bytes, params: Array) -> Tally:
    """The results of a loop for each row of a part."""
    problem, loop, units = unpacked(content)
    inputs: Inputs = loop.inputs
    return tallied(problem.program(loop).map(in_units(rows, units)[: len(inputs.rows)], params), rows)


def work_on(rows: Rows, content: bytes, work: bytes) -> Tally:
    """Any work on the problem of a part."""
    problem, units = unpacked(content)
    return tallied(unpacked(work)(on(problem, *in_units(rows, units))), rows)


def on(problem: Problem, X: Array, y: Array, weights: Array | None = None) -> Problem:
    """The problem on these rows; what its graphs say is computed once in a worker."""
    found = Problem(
        problem.model, problem.loss, None, X, y, problem.start, problem.prediction, problem.example,
        problem.engine, weights,
    )  # fmt: skip
    for name in ("gradient", "second"):
        getattr(problem, name)
    shared = ("gradient", "second", "directions", "params", "names", "inputs")
    vars(found).update({name: value for name, value in vars(problem).items() if name in shared})
    return found


def joined(join: Callable[[Any, Any], Any], some: Sequence[Tally]) -> Tally:
    """Several tallies as one, from left to right."""
    return reduce(partial(both, join), some)


def both(join: Callable[[Any, Any], Any], a: Tally, b: Tally) -> Tally:
    marks, stamps = (a.marks + b.marks) & WORD, (a.stamps + b.stamps) & WORD
    return Tally(join(a.found, b.found), a.rows + b.rows, a.weight + b.weight, marks, stamps)


def taken(rows: Rows, places: Any) -> Tally:
    """Some rows of a part, by their numbers."""
    return tallied(tuple(values[places] for values in rows), rows)
