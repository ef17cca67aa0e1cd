import numpy as np
import pytest

from gradloop.errors import DataError
from gradloop.solvers.linear.blocks import check_weights, checked, present, times_power


def test_powers_of_two_are_exact_at_both_ends():
    assert times_power(np.array([[5e-324, 1e300]]), np.array([1074, -1023])).tolist() == [[1.0, np.ldexp(1e300, -1023)]]
    assert times_power(np.array([[3.0, 5.0]]), np.array([2, -1])).tolist() == [[12.0, 2.5]]


def test_rows_of_weight_zero_are_left_out():
    A, y, weights = present(np.arange(3.0)[:, None], np.arange(3.0), np.array([1.0, 0.0, 2.0]))
    assert (A.ravel().tolist(), y.tolist(), weights.tolist()) == ([0, 2], [0, 2], [1, 2])


def test_shapes_are_told():
    with pytest.raises(DataError, match="2 columns"):
        checked(np.zeros((3, 1)), np.zeros(3), None, 2)


def test_infinite_weight():
    with pytest.raises(DataError, match="weight of row 1 is inf"):
        check_weights([1.0, np.inf], 2)
