"""Stopwatch and sums."""

import pytest

from gradloop.textbook import d2l, torch


def test_timer(monkeypatch):
    clock = iter([0.0, 1.0, 10.0, 13.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    timer = d2l.Timer()
    assert timer.stop() == 1
    timer.start()
    timer.stop()
    assert timer.times == [1, 3] and timer.sum() == 4 and timer.avg() == 2 and timer.cumsum() == [1, 4]


def test_accumulator():
    sums = d2l.Accumulator(2)
    sums.add(torch.tensor(1.5), 2)
    sums.add(1, 2)
    assert (sums[0], sums[1]) == (2.5, 4)
    sums.reset()
    assert sums.data == [0, 0]
    with pytest.raises(ValueError):
        sums.add(1)
