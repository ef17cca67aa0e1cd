from dataclasses import FrozenInstanceError, replace

import pytest

import fits
from gradloop.inference import Fit
from gradloop.result import Result


def test_a_fit_is_a_result_that_can_do_something():
    fit = fits.make()
    assert isinstance(fit, Result) and type(replace(fit, seed=8)) is Fit
    with pytest.raises(FrozenInstanceError):
        fit.seed = 8


def test_classes_have_names_only_where_a_table_gave_them():
    assert fits.passing().classes == ("no", "yes")
    assert fits.houses().classes is None
    assert fits.three_classes().classes is None
