"""Work ahead: results in order, few pieces at a time, errors where they happen."""

import threading

import pytest

from gradloop.data.ahead import ahead


def test_results_come_in_the_order_of_the_pieces():
    slow = threading.Event()

    def work(piece: int) -> int:
        if piece == 0:
            slow.wait(5)
        else:
            slow.set()
        return piece * piece

    assert list(ahead(work, range(20))) == [piece * piece for piece in range(20)]


def test_few_pieces_are_taken_before_they_are_needed():
    taken = []

    def pieces():
        for piece in range(1000):
            taken.append(piece)
            yield piece

    results = ahead(abs, pieces())
    next(results)
    assert len(taken) < 200
    results.close()


def test_an_error_ends_it_where_it_happens():
    seen = []
    with pytest.raises(ZeroDivisionError):
        seen.extend(ahead(lambda piece: 6 // piece, [3, 2, 0, 1]))


def test_a_worker_may_use_it_too():
    def inner(piece: int) -> int:
        return sum(ahead(abs, range(piece)))

    assert list(ahead(inner, [3] * 50)) == [3] * 50


def test_a_piece_that_cannot_be_read_is_told_after_those_before_it():
    def pieces():
        yield from (3, 2)
        raise OSError("the disk is gone")

    seen = []
    with pytest.raises(OSError, match="the disk is gone"):
        seen.extend(ahead(lambda piece: 6 // piece, pieces()))  # keeps what came before the error
    assert seen == [2, 3]
    with pytest.raises(ZeroDivisionError):
        list(ahead(lambda piece: 6 // (piece - 2), pieces()))
