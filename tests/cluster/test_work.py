"""What workers do, done here: sums equal those of the problem, and another version is refused."""

import pickle

import numpy as np
import pytest

from gradloop.cluster import work
from gradloop.compiler.loops import Sum
from gradloop.errors import OptionError
from gradloop.losses import LOSSES
from gradloop.models import MODELS
from gradloop.problem import Problem, make_problem

X = np.random.default_rng(0).normal(size=(50, 2))
Y = X @ [1.0, 2.0] + 3


def problem() -> Problem:
    return make_problem(MODELS["linear"], LOSSES["squared"], X, Y, {"w": np.zeros(2), "b": 0.0})


def test_sums_of_a_part_are_those_of_the_problem() -> None:
    whole, params = problem(), np.array([1.0, -1.0, 0.5])
    content = work.packed((whole, Sum(whole.gradient, whole.inputs), None))
    found = work.sum_of((X, Y), content, params)
    assert (found.rows, found.weight) == (50, 50.0)
    np.testing.assert_allclose(found.found, whole.loss_sum(params)[1:], rtol=1e-13)  # by two programs


def test_features_in_other_units() -> None:
    moved, _ = work.in_units((X, Y), work.Units(np.array([2.0, 3.0]), np.array([1.0, 0.0])))
    np.testing.assert_array_equal(moved, X * [2, 3] + [1, 0])


def test_tallies_join_from_left_to_right() -> None:
    tallies = [work.Tally(text, 1, 0.5) for text in "abc"]
    assert work.joined(lambda a, b: a + b, tallies) == work.Tally("abc", 3, 1.5)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_stamp_of_rows_shows_every_change(kind: type) -> None:
    """Of a block that is whole, and of a last one of an odd number of bytes."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(50_001, 3)).astype(kind), random.normal(size=50_001).astype(kind)
    found = {work.stamped(rows).stamp}
    assert found == {work.stamped((np.asfortranarray(rows[0]), rows[1].copy())).stamp}
    for part, place in ((0, (0, 0)), (0, (20_000, 1)), (0, (50_000, 2)), (1, 30), (1, 50_000)):
        other = [values.copy() for values in rows]
        other[part][place] = np.nextafter(other[part][place], kind(9))
        found.add(work.stamped(tuple(other)).stamp)
    found.add(work.stamped((rows[0][::-1], rows[1][::-1])).stamp)
    found.add(work.stamped((rows[0], rows[1], np.ones(50_001))).stamp)
    assert len(found) == 8


def test_what_another_version_packed_is_refused() -> None:
    with pytest.raises(OptionError, match=r"the client 0\.0\.1; install the same"):
        work.unpacked(pickle.dumps(("0.0.1", None)))
