"""Work in other threads while the next piece is being read, its results in the order of the pieces."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from gradloop.compiler.program import pool, processors

if TYPE_CHECKING:
    from concurrent.futures import Future

Piece = TypeVar("Piece")
Result = TypeVar("Result")


def ahead(work: Callable[[Piece], Result], pieces: Iterable[Piece]) -> Iterator[Result]:
    """work(piece) for each piece, in order; a few pieces at most are in memory at any time.

    >>> list(ahead(abs, [-1, 2]))
    [1, 2]
    """
    threads = processors()
    if threads == 1:
        yield from map(work, pieces)
        return
    waiting: deque[Future[Result]] = deque()
    source = iter(pieces)
    try:
        while True:
            try:
                piece = next(source)
            except StopIteration:
                break
            except Exception:
                yield from _results(waiting)  # of what was read before comes first
                raise
            waiting.append(pool(threads).submit(work, piece))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        yield from _results(waiting)
    finally:
        for future in waiting:
            future.cancel()


def _results(waiting: deque[Future[Result]]) -> Iterator[Result]:
    while waiting:
        yield waiting.popleft().result()
