import subprocess
import sys

import numpy as np
import pytest
from scipy.special import stdtr, stdtrit

from gradloop.students_t import FEW, quantile, tail

FREEDOMS = [1.0, 1.5, 2.0, 3.0, 7.0, 29.0, 255.0, 256.0, 431.0, 9_999.0, FEW]
T = np.concatenate([[0.0], np.logspace(-8, 2.5, 200)])


@pytest.mark.parametrize("freedom", FREEDOMS[1:])  # of 1, SciPy 1.17 knows near zero half of the digits only
def test_tails_are_scipys(freedom):
    assert tail(freedom, T) == pytest.approx(stdtr(freedom, -T), rel=1e-11, abs=1e-290)


def test_tails_are_those_of_algebra():
    assert tail(1.0, T) == pytest.approx(np.where(T < 1, 0.5 - np.arctan(T) / np.pi, np.arctan(1 / T.clip(1)) / np.pi))
    assert tail(2.0, T) == pytest.approx(0.5 - T / (2 * np.sqrt(2 + T**2)), abs=1e-15)


@pytest.mark.parametrize("freedom", [3.0, FEW, FEW + 1, 1e15, np.inf])
def test_what_is_no_number_or_too_large_stays_so(freedom):
    found = tail(freedom, np.array([np.nan, np.inf, 0.0]))
    assert np.isnan(found[0])
    assert found[1:].tolist() == [0.0, 0.5]


def test_a_square_that_overflows_leaves_nothing():
    assert tail(5.0, np.array([1e100, 1e200])).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("freedom", [*FREEDOMS, 1e6, np.inf])
@pytest.mark.parametrize("level", [0.0, 0.5, 0.95, 0.999, 1 - 1e-9])
def test_quantiles_are_scipys(freedom, level):
    found = quantile(freedom, (1 - level) / 2)
    assert found == pytest.approx(-stdtrit(min(freedom, 1e15), (1 - level) / 2), rel=1e-7, abs=1e-15)
    assert tail(freedom, found) == pytest.approx((1 - level) / 2, rel=1e-7 if freedom > FEW else 1e-12)


def test_both_roads_meet():
    assert tail(FEW, T) == pytest.approx(tail(np.nextafter(FEW, np.inf), T), rel=1e-9, abs=1e-290)


def test_few_degrees_of_freedom_load_no_scipy():
    use = "from gradloop.students_t import quantile, tail; tail(9.0, 2.0), quantile(9.0, 0.1)"
    code = f"import sys; {use}; print('scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
