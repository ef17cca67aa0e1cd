"""Arguments of a user's function are told apart by name. What does not fit is tested in test_problem."""

import gc
import weakref

import numpy as np
import pytest

import gradloop as gl
from gradloop.core import derived
from gradloop.core.evaluate import evaluate
from gradloop.core.spec import FLOAT64, Spec
from gradloop.errors import ModelError
from gradloop.graphs import (
    argument_names,
    as_parameter,
    check_prediction,
    example_of,
    feature_names,
    on_row,
    trace_model,
    trace_prediction,
)
from gradloop.losses import LOSSES
from gradloop.models import MODELS, Model

NUMBER = Spec((), FLOAT64)


def law(voltage, time, *, rate, scale=2.0):
    return voltage * np.exp(-rate * time) * scale


LAW = Model("law", law, lambda features, classes: {}, "squared", lambda params, center, scale: params)
PARAMS = {"rate": NUMBER, "voltage": NUMBER}
SPECS = tuple(PARAMS.items())


def test_arguments_are_parameters_features_or_have_defaults():
    assert argument_names(law) == ["voltage", "time", "rate", "scale"]
    assert feature_names(LAW, PARAMS) == ["time"]
    assert feature_names(LAW, ["rate"]) == ["voltage", "time"]


def test_values_go_to_the_arguments_of_their_names():
    predict = on_row(LAW, PARAMS, 1)
    assert predict(np.array([3.0]), 0.5, 10.0) == pytest.approx(20 * np.exp(-1.5))
    two = on_row(LAW, ["rate"], 2)
    assert two(np.array([10.0, 3.0]), 0.5) == pytest.approx(20 * np.exp(-1.5))


@pytest.mark.parametrize("weighted", [False, True])
def test_a_weight_multiplies_the_loss(weighted):
    graph = example_of(trace_model(LAW, Spec((1,), FLOAT64), SPECS), LOSSES["squared"], NUMBER, weighted)
    values = {"row": np.array([3.0]), "y": 1.0, "weight": 4.0, "rate": 0.5, "voltage": 10.0}
    expected = (20 * np.exp(-1.5) - 1) ** 2 / 2
    assert evaluate(graph, values)[0] == pytest.approx(expected * (4 if weighted else 1), rel=1e-14)


def test_a_prediction_of_one_entry_is_a_number():
    graph = trace_prediction(LAW, Spec((1,), FLOAT64), SPECS)
    assert graph.outputs[0].spec.shape == ()
    check_prediction(graph, LAW, LOSSES["squared"])


@pytest.mark.parametrize("value", ["zero", [1.0, [2.0]], np.inf, 1j, 1e300])
def test_what_is_no_parameter_in_float32(value):
    with pytest.raises(ModelError, match=r"start\['w'\] must hold real numbers that are finite in float32"):
        as_parameter("w", value, np.dtype(np.float32))


def test_what_is_shipped_is_traced_once():
    rows, params = Spec((2,), FLOAT64), (("w", Spec((2,), FLOAT64)), ("b", NUMBER))
    linear = MODELS["linear"]
    assert trace_model(linear, rows, params) is trace_model(linear, rows, params)
    asked = []

    def mine(x, w, b):
        asked.append(1)
        return linear.predict(x, w, b)

    for _ in range(2):  # whatever it is called
        trace_model(linear._replace(predict=mine), rows, params)
    assert len(asked) == 2


def test_a_long_table_inside_a_function_goes_with_its_fit():
    long = np.arange(derived.MOST_NUMBERS + 1.0)
    law = LAW._replace(predict=lambda x, w: np.sum(long * x[0]) * w)
    traced = trace_model(law, Spec((1,), FLOAT64), (("w", NUMBER),))
    assert example_of(traced, LOSSES["squared"], NUMBER, False) is example_of(traced, LOSSES["squared"], NUMBER, False)
    seen = weakref.ref(traced)
    del traced
    gc.collect()
    assert seen() is None


@pytest.mark.parametrize("reads", ["the model", "the loss"])
def test_what_functions_read_from_outside_is_read_anew_for_each_fit(reads):
    """A graph that is found again is one that was traced the same, not one whose functions are the same objects."""
    outside = {"the model": 2.0, "the loss": 1.0}

    def line(x, w):
        return outside["the model"] * w * x[0]

    def loss(y_hat, y):
        return (y_hat - outside["the loss"] * y) ** 2

    def slope():
        return gl.fit(np.ones((4, 1)), np.full(4, 6.0), model=line, loss=loss, start={"w": 0.0}).params["w"]

    assert slope() == pytest.approx(3.0)
    outside[reads] *= 2
    assert slope() == pytest.approx({"the model": 1.5, "the loss": 6.0}[reads])
    outside[reads] /= 2
    assert slope() == pytest.approx(3.0)
