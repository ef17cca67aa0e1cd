"""A problem whose rows are on disk: every pass goes over them a chunk at a time, to the same bits as in memory.

Sums over rows are made of blocks of a fixed number of rows that are added in order (see `compiler.program`), and a
chunk is made of whole blocks: so chunks may be read by whichever thread is free. Minibatches need another order: pieces
of the file are visited in a shuffled order, several pieces make a window, and its rows are shuffled. Both orders are
functions of (seed, epoch), of the numbers in a row and of the batch size, never of the memory there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial, reduce
from operator import add
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from gradloop.compiler.loops import Loop
from gradloop.compiler.program import pool
from gradloop.core.order import rows_in_order, split_mix
from gradloop.data import words
from gradloop.data.ahead import ahead
from gradloop.data.standardise import Moments
from gradloop.evaluation import Part, joined
from gradloop.examples import Examples
from gradloop.inference import measures
from gradloop.larger.rows import StoredRows
from gradloop.larger.store import NUMBERS_IN_CHUNK, Store
from gradloop.penalties import Penalty
from gradloop.problem import Problem, make_problem
from gradloop.standard_errors import labels

if TYPE_CHECKING:
    from concurrent.futures import Future

PIECES_IN_WINDOW = 8
FEW = 4096  # rows by which model and loss are traced
Array = Any


@dataclass(frozen=True, eq=False)
class LargerProblem(Problem):
    """The mean loss of examples on disk, plus the penalty."""

    most: int = 2**20  # rows that may be in memory for long
    in_memory: ClassVar[bool] = False
    stored: ClassVar[bool] = True

    @cached_property
    def rows(self) -> tuple[Array, ...]:
        return (self.X, self.y) if self.weights is None else (self.X, self.y, self.weights)

    @cached_property
    def weight(self) -> float:
        return float(len(self.X) if self.weights is None else sum(part.weight for part in self.parts()))

    def program(self, loop: Loop) -> Any:
        return ChunkedProgram(super().program(loop), self.X.store)

    def parts(self) -> Iterator[Problem]:
        """The problem on the rows of each chunk."""
        for chunk in range(self.X.store.layout.chunks):
            rows = self.X.store.layout.rows_of(chunk)
            yield self.on(*(part[rows.start : rows.stop] for part in self.rows))

    def over(self, work: Callable[[Problem], Any], join: Callable[[Any, Any], Any] = add) -> Any:
        return reduce(join, ahead(work, self.parts()))

    def on(self, X: Array, y: Array, weights: Array | None = None) -> Problem:
        """The same on rows that are in memory."""
        found = Problem(
            self.model, self.loss, self.penalty, X, y, self.start, self.prediction, self.example, self.engine, weights
        )
        shared = ("gradient", "second", "directions", "params", "names", "inputs")
        vars(found).update({name: value for name, value in vars(self).items() if name in shared})
        return found

    def suited(self, solver: Any, reason: tuple[str, ...]) -> tuple[Any, tuple[str, ...]]:
        """The solver for rows where these are, and why."""
        return solver, reason

    def measures(self, flat: Array) -> dict[str, float]:
        """How good predictions with these parameters are for the rows."""
        return joined(
            [
                Part(len(part.X), measures(part.loss, part.y, part.predict(flat, part.X)), Moments.of(part.y))
                for part in self.parts()
            ]
        )

    def thinned(self, most: int) -> Problem:
        rows = np.linspace(0, len(self.X) - 1, min(most, self.most, len(self.X))).astype(np.int64)
        return self.on(*(part[rows] for part in self.rows))

    def in_units(self, scale: Array, center: Array) -> Problem:
        return replace(self, X=StoredRows(self.X.store, 0, scale, center))


class ChunkedProgram:
    """A compiled loop over rows on disk."""

    def __init__(self, program: Any, store: Store) -> None:
        self.program, self.store = program, store
        self.loop = program.loop
        self.window: tuple[Window, Any, Future[Any] | None] | None = None  # the last, its rows, and the next ones

    def each(self, rows: Sequence[Array]) -> Iterator[tuple[Array, ...]]:
        """The same rows of all arrays, by chunks; arrays that are in memory are one chunk."""
        if not any(isinstance(part, StoredRows) for part in rows):
            yield tuple(rows)
            return
        for chunk in range(self.store.layout.chunks):
            place = self.store.layout.rows_of(chunk)
            yield tuple(part[place.start : place.stop] for part in rows)

    def sum(self, rows: Sequence[Array], params: Array) -> Array:
        parts = list(ahead(lambda part: self.program.sums(part, params), self.each(rows)))
        return np.asarray(np.add.reduce(np.concatenate(parts), axis=0))

    def map(self, rows: Sequence[Array], params: Array) -> Array:
        parts = list(ahead(lambda part: self.program.map(part, params), self.each(rows)))
        return np.concatenate(parts)

    # ---- minibatches ----
    def train(
        self, rows: Sequence[Array], batch_size: int, first_step: int, last_step: int, seed: int, *arrays: Array
    ) -> int:
        """Steps, each on a batch of a window; see `Program.train`."""
        plan = Plan(len(rows[0]), self.store.layout.features, batch_size, seed, self.loop.shuffled)
        step = first_step
        while step < last_step:
            window = plan.window(step)
            inner, until = step - window.begin, min(last_step, window.end) - window.begin
            held = self.held(plan, window, rows)
            done = int(self.program.train(held, batch_size, inner, until, window.seed, *arrays, window.begin))
            step = window.begin + done
            if done < until:
                return step
        return last_step

    def held(self, plan: Plan, window: Window, rows: Sequence[Array]) -> Any:
        """The rows of a window in memory; the next window's are read meanwhile."""
        if self.window is None or self.window[0] != window:
            last = self.window
            coming = last[2] if last is not None and plan.window(last[0].end) == window else None
            found = assembled(rows, window) if coming is None else coming.result()
            following = pool(1).submit(partial(assembled, rows), plan.window(window.end))
            self.window = window, found, following
        return self.window[1]


class Window(NamedTuple):
    """Rows that are shuffled together, and the steps [begin, end) that they are for."""

    begin: int
    end: int
    seed: int
    pieces: tuple[range, ...]


@dataclass(frozen=True)
class Plan:
    """Which rows are in memory together at which step: pieces of the file, of a whole number of batches each."""

    rows: int
    features: int
    batch_size: int
    seed: int
    shuffled: bool

    @property
    def piece(self) -> int:
        """Rows in a piece."""
        wanted = max(1, NUMBERS_IN_CHUNK // max(1, self.features))
        return self.batch_size * -(-wanted // self.batch_size)

    def window(self, step: int) -> Window:
        """The window that a step of the whole run falls into."""
        batches, pieces = -(-self.rows // self.batch_size), -(-self.rows // self.piece)
        epoch, inner = divmod(step, batches)
        order = rows_in_order(pieces, self.seed, epoch) if self.shuffled else np.arange(pieces)
        begin = epoch * batches
        for number in range(0, pieces, PIECES_IN_WINDOW):
            chosen = tuple(self.range_of(int(place)) for place in order[number : number + PIECES_IN_WINDOW])
            end = begin + -(-sum(map(len, chosen)) // self.batch_size)
            if inner < end - epoch * batches:
                break
            begin = end
        seed = split_mix(split_mix(self.seed) ^ split_mix(epoch * pieces + number)) >> 1
        return Window(begin, end, seed, self.with_short_last(chosen))

    def range_of(self, piece: int) -> range:
        return range(piece * self.piece, min((piece + 1) * self.piece, self.rows))

    @staticmethod
    def with_short_last(pieces: tuple[range, ...]) -> tuple[range, ...]:
        return tuple(sorted(pieces, key=len, reverse=True))


def assembled(rows: Sequence[Array], window: Window) -> tuple[Array, ...]:
    """The rows of a window, as arrays."""
    return tuple(np.concatenate([part[piece.start : piece.stop] for piece in window.pieces]) for part in rows)


def problem_of(examples: Examples, penalty: Penalty | None, engine: str, limit: int) -> Any:
    """What is minimised, on the examples where they are.

    Raises: as `make_problem`.
    """
    X, y, weights = examples.X, examples.y, examples.weights
    stored = not isinstance(X, np.ndarray)
    if stored:
        X, y, weights = X[:FEW], y[:FEW], None if weights is None else weights[:FEW]
    few = make_problem(examples.model, examples.loss, X, y, examples.start, penalty, engine, weights, not stored)
    if examples.preparation is not None:
        few = replace(few, labels=tuple(map(words.name, labels(few, examples))))
    if not stored:
        return few
    given = {field.name: getattr(few, field.name) for field in fields(few)} | {
        "X": examples.X,
        "y": examples.y,
        "weights": examples.weights,
    }
    numbers = limit // 8 // examples.X.dtype.itemsize
    kind = getattr(examples.X, "problem", LargerProblem)  # rows that are not on this disk know theirs
    return kind(**given, most=max(FEW, numbers // examples.X.shape[1]))
