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
    try:
        for future in _begun(work, pieces, threads):
            waiting.append(future)
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def _begun(work: Callable[[Piece], Result], pieces: Iterable[Piece], threads: int) -> Iterator[Future[Result]]:
    """The work on each piece; a piece that cannot be read fails in its turn, after what was read before it."""
    try:
        for piece in pieces:
            yield pool(threads).submit(work, piece)
    except Exception as error:
        from concurrent.futures import Future

        failed: Future[Result] = Future()
        failed.set_exception(error)
        yield failed
