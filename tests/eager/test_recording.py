"""When operations are recorded: with-blocks, decorators, nesting, threads."""

import threading
from typing import Any

import pytest

from gradloop.eager import Array, no_grad, record
from gradloop.eager.recording import STATE, Recording


class Quiet(Array):
    """Arrays that record only inside of record(), as MXNet's do."""

    __slots__ = ()
    records = False


def recorded(kind: Any = Array) -> bool:
    return (kind([1.0]).requires_grad_() * 2).node is not None


def test_habit_decides_outside_of_blocks() -> None:
    assert recorded() and not recorded(Quiet)
    with record():
        assert recorded() and recorded(Quiet)
    with no_grad():
        assert not recorded() and not recorded(Quiet)
    assert STATE.recording is None


def test_blocks_nest_and_are_left_by_exceptions() -> None:
    with record():
        with no_grad():
            with record():
                assert recorded()
            assert not recorded()
        assert recorded(Quiet)
        with pytest.raises(KeyError), no_grad():
            raise KeyError
        assert recorded(Quiet)
    assert STATE.recording is None


def test_one_block_entered_twice() -> None:
    block = no_grad()
    with block, block:
        assert not recorded()
    assert recorded()
    with block:
        assert not recorded()
    assert STATE.recording is None and block.before is None


def test_decorated_function_keeps_its_name_and_may_call_itself() -> None:
    @no_grad()
    def count_down(n: int) -> int:
        """Down."""
        assert not recorded()
        return n if n == 0 else count_down(n - 1)

    assert count_down(3) == 0
    assert (count_down.__name__, count_down.__doc__) == ("count_down", "Down.")
    assert STATE.recording is None


def test_without_brackets() -> None:
    @no_grad
    def quiet(x: int) -> tuple[bool, int]:
        return recorded(), x

    assert quiet(3) == (False, 3)


def test_threads_do_not_hear_of_each_other() -> None:
    found = []
    with no_grad():
        thread = threading.Thread(target=lambda: found.append(recorded()))
        thread.start()
        thread.join()
        assert not recorded()
    assert found == [True]


def test_nothing_computed_without_record_leads_back() -> None:
    x = Array([2.0]).requires_grad_()
    with no_grad():
        y = x * x
    (x * y).sum().backward()
    assert y.node is None and x.grad.value == 4


def test_recording_says_what_it_does() -> None:
    assert Recording(True).recording and not no_grad().recording
