import pickle
from dataclasses import FrozenInstanceError, replace

import pytest

import fits
import gradloop as gl
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


def test_a_pickled_fit_leaves_the_data_behind():
    fit = gl.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], solver=gl.Minibatch(gl.sgd(0.1), 2, 5))
    assert fit.examples is not None and fit.course.optimizer.name == "sgd"
    back = pickle.loads(pickle.dumps(fit))
    assert back.examples is None and back.course is None
    assert back.params["w"].tobytes() == fit.params["w"].tobytes() and back.stop is fit.stop
