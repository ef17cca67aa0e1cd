"""The questions that solvers ask before they begin; what each does with the answers is tested with the solver."""

import numpy as np
import pytest

import gradloop as gl
from gradloop.history import History
from gradloop.solvers.solution import Solution, check_count, check_limits, check_smooth, check_start
from gradloop.stop import Stop
from problems import numbers


def test_a_solution_says_nothing_more_than_it_is_told():
    found = Solution(np.zeros(2), History.from_rows([]), Stop.FINISHED)
    assert found.notes == () and found.stop is Stop.FINISHED


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "3", None])
def test_counts_are_whole_numbers_from_one(value):
    check_count("epochs", 1, "passes over the rows")
    check_count("epochs", np.int64(3), "passes over the rows")
    with pytest.raises(gl.OptionError, match="epochs is .*, but passes over the rows are a whole number from 1"):
        check_count("epochs", value, "passes over the rows")


def test_limits():
    check_limits(1e-8, 5)
    for tolerance in (0, 1, -1e-3, float("nan")):
        with pytest.raises(gl.OptionError, match="tolerance is"):
            check_limits(tolerance, 5)
    with pytest.raises(gl.OptionError, match="sweeps is 0"):
        check_limits(1e-8, 0, "sweeps")


def test_kinks_and_starts():
    check_smooth(numbers(), "This")
    check_start(numbers())
    with pytest.raises(gl.OptionError, match="This cannot follow the kinks of the penalty l1"):
        check_smooth(numbers(penalty=gl.l1(1.0)), "This")
    broken = numbers()
    broken.start[:] = 1e200
    with np.errstate(all="ignore"), pytest.raises(gl.ModelError, match="not finite at the start, first in row 0"):
        check_start(broken)
