"""Examples of a known truth: least squares finds it, to the precision that statistics promises."""

import numpy as np
import pytest

from gradloop.data.synthetic.textbook import synthetic_data
from gradloop.errors import OptionError


def test_least_squares_recovers_the_truth():
    X, y = synthetic_data([2, -3.4], 4.2, rows=1000, noise=0.01, seed=5)
    found = np.linalg.lstsq(np.column_stack([X, np.ones(1000)]), y, rcond=None)[0]
    assert abs(found - [2, -3.4, 4.2]).max() < 5 * 0.01 / np.sqrt(1000)
    assert (y - X @ [2, -3.4] - 4.2).std() == pytest.approx(0.01, rel=0.1)


def test_without_noise_the_line_is_exact_and_the_seed_decides():
    X, y = synthetic_data([1.5], -1, rows=10, noise=0, seed=1)
    assert np.array_equal(y, X @ [1.5] - 1)
    assert np.array_equal(X, synthetic_data([1.5], -1, rows=10, noise=0, seed=1)[0])
    assert not np.array_equal(X, synthetic_data([1.5], -1, rows=10, noise=0, seed=2)[0])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"w": 2.0, "rows": 5}, r"shape \(\), and one weight per feature"),
        ({"w": [], "rows": 5}, "one weight per feature"),
        ({"w": [1], "rows": 0}, "0 rows cannot be drawn"),
        ({"w": [1], "rows": 5, "noise": -1}, "-1 is not a standard deviation"),
        ({"w": [1], "rows": 5, "noise": float("nan")}, "is not a standard deviation"),
    ],
)
def test_impossible_wishes(options, said):
    with pytest.raises(OptionError, match=said):
        synthetic_data(b=0, **options)
