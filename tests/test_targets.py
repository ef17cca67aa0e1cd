"""What y may be: every loss takes what it is for, and says which row is not."""

import numpy as np
import pytest

from gradloop import losses
from gradloop.compiler import program
from gradloop.errors import DataError
from gradloop.losses import LOSSES, about
from gradloop.models import MODELS
from gradloop.problem import make_problem
from gradloop.targets import count_classes, fit_target

FLOAT = np.dtype(np.float64)


@pytest.mark.parametrize("name", ["squared", "absolute", "huber", "quantile", "logistic", "hinge", "poisson"])
def test_numbers_take_the_precision_of_the_features(name):
    y = np.array([0, 1, 1])
    assert fit_target(y, LOSSES[name], np.dtype(np.float32)).dtype == np.float32
    np.testing.assert_array_equal(fit_target(y, LOSSES[name], FLOAT), y)


def test_labels_become_whole_numbers_and_a_users_loss_keeps_them():
    assert fit_target(np.array([0.0, 2.0, 1.0]), LOSSES["cross_entropy"], FLOAT).tolist() == [0, 2, 1]
    own = about(lambda y_hat, y: y_hat[y])
    assert fit_target(np.array([0, 2]), own, FLOAT).dtype == np.int64
    assert fit_target(np.array([0.5, 2]), own, FLOAT).dtype == np.float64


WRONG = {
    "minus one and one": ("logistic", [1, -1, 1], r"y\[1\] is -1, .*targets 0 and 1; \(y \+ 1\) / 2"),
    "minus one and one for hinge": ("hinge", [1.0, -1.0], r"y\[1\] is -1.0, .*hinge loss"),
    "three classes for two": ("logistic", [0, 1, 2], r"y\[2\] is 2.*softmax"),
    "one class": ("logistic", [1, 1], "All 2 targets are 1: with one class"),
    "one label": ("cross_entropy", [0, 0, 0], "All 3 targets are 0"),
    "half a label": ("cross_entropy", [0, 0.5], r"y\[1\] is 0.5, but classes are numbered 0, 1, 2"),
    "a label below zero": ("cross_entropy", [-1, 1], r"y\[0\] is -1"),
    "a label beyond integers": ("cross_entropy", [0, 1e30], r"y\[1\] is 1e\+30"),
    "a negative count": ("poisson", [1, 0, -2], r"y\[2\] is -2, but the poisson loss is for counts"),
}


@pytest.mark.parametrize("case", WRONG)
def test_the_first_row_that_is_wrong_is_named(case):
    name, y, words = WRONG[case]
    with pytest.raises(DataError, match=words):
        fit_target(np.array(y), LOSSES[name], FLOAT)


def test_a_target_that_float32_cannot_hold_is_named():
    with pytest.raises(DataError, match=r"y\[1\] is 1e\+300, too large for float32"):
        fit_target(np.array([1.0, 1e300]), LOSSES["squared"], np.dtype(np.float32))


def test_classes_are_counted_and_years_are_no_classes():
    assert count_classes(np.array([0, 2, 2])) == 3
    assert count_classes(np.array([0, 0])) == 2
    with pytest.raises(DataError, match=r"y\[1\] is 2001, but 3 rows cannot hold the classes 0 to 2001; np.unique"):
        count_classes(np.array([2000, 2001, 1999]))


@pytest.mark.parametrize("loss", [losses.cross_entropy, lambda y_hat, y: -np.log(y_hat[y])])
@pytest.mark.parametrize("label", [3, 10**12, -1])
def test_machine_code_never_sees_a_label_outside_the_prediction(loss, label):
    softmax = MODELS["softmax"]
    with pytest.raises(DataError, match=rf"y\[1\] is {label}"):
        make_problem(softmax, about(loss), np.ones((3, 2)), np.array([0, label, 1]), softmax.start(2, 3))


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_target_is_found_in_every_part(sign, monkeypatch):
    """Also the one that threads would share."""
    monkeypatch.setattr(program, "ROWS_WORTH_A_THREAD", 1)
    for row in (0, 499, 500, 999):
        y = np.ones(1000)
        y[row] = sign * 1e160
        with pytest.raises(DataError, match=r"reach 1e\+160, too large to be squared"):
            fit_target(y, LOSSES["squared"], np.dtype(np.float64))
