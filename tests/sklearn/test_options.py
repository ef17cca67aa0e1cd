from types import SimpleNamespace

import numpy as np
import pytest

from gradloop.errors import OptionError
from gradloop.sklearn.options import allow, check_choice, check_flags, check_number, check_threads, check_whole, seed_of


def having(value):
    return SimpleNamespace(option=value, n_jobs=value)


def test_allow():
    allow(having(False), "option", (False,), "")
    with pytest.raises(OptionError, match="SimpleNamespace: option=True cannot be honoured, because of that\\."):
        allow(having(True), "option", (False,), "of that")
    with pytest.raises(OptionError):
        allow(having(0), "option", (False,), "0 is not False")
    with pytest.raises(OptionError):
        allow(having(np.eye(2)), "option", (False,), "of its kind")


@pytest.mark.parametrize("value", [0, 0.5, 1.0, np.float32(0.5), np.int64(1)])
def test_numbers(value):
    found = check_number(having(value), "option", 0.0, 1.0)
    assert found == value and type(found) is float


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan, np.inf, "1", None, True, [0.5]])
def test_not_numbers(value):
    with pytest.raises(OptionError, match="must be a number from 0 to 1"):
        check_number(having(value), "option", 0.0, 1.0)


def test_ends_of_numbers():
    with pytest.raises(OptionError, match="must be a number above 0\\."):
        check_number(having(0), "option", above=True)
    with pytest.raises(OptionError):
        check_number(having(np.inf), "option")
    assert check_number(having(np.inf), "option", infinite=True) == np.inf


def test_whole_numbers():
    assert check_whole(having(np.int32(3)), "option") == 3
    for value in (0, 1.0, True, "1", None):
        with pytest.raises(OptionError, match="must be a whole number from 1"):
            check_whole(having(value), "option")


def test_choices():
    assert check_choice(having(None), "option", ("a", None)) is None
    for value in ("b", 1, ["a"]):
        with pytest.raises(OptionError, match="choose one of 'a', None"):
            check_choice(having(value), "option", ("a", None))


def test_flags():
    check_flags(having(np.True_), "option")
    for value in (1, None, "True"):
        with pytest.raises(OptionError, match="must be True or False"):
            check_flags(having(value), "option")


def test_threads():
    check_threads(having(None))
    check_threads(having(-1))
    with pytest.raises(OptionError, match="n_jobs=4 cannot be honoured"):
        check_threads(having(4))


def test_seeds():
    assert seed_of(7) == seed_of(np.int64(7)) == 7
    assert seed_of(np.random.RandomState(0)) == seed_of(np.random.RandomState(0)) >= 0
    with pytest.raises(ValueError, match="cannot be used to seed"):
        seed_of("seven")
