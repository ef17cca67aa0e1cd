"""What a callback is, and what it is told before the first step."""

import numpy as np
import pytest

import gradloop as gl
from gradloop.callbacks.protocol import Told, name_of


def test_methods_that_are_not_written_do_nothing():
    class Nothing(gl.callbacks.Callback):
        pass

    X = np.arange(8.0)[:, None]
    fit = gl.fit(X, X[:, 0], solver=gl.Minibatch(gl.sgd(0.01), epochs=2), callbacks=[Nothing()])
    assert fit.history["epoch"].tolist() == [1, 2]


def test_an_object_with_the_methods_is_one_without_inheriting():
    class Mine:
        def on_start(self, outline): ...
        def on_epoch(self, progress): ...
        def on_stop(self, fit): ...

    assert isinstance(Mine(), gl.callbacks.Callback) and not isinstance(3, gl.callbacks.Callback)


def test_the_outline_says_what_is_trained(tmp_path):
    seen = []

    class Look(gl.callbacks.Callback):
        def on_start(self, outline):
            seen.append(outline)

    table = {"area": np.arange(20.0), "town": ["Ulm", "Bonn"] * 10, "price": np.arange(20.0) * 2 + 1}
    solver = gl.Minibatch(gl.adam(0.1), batch_size=4, epochs=1)
    gl.fit(table, target="price", solver=solver, penalty=gl.l2(0.1), seed=3, holdout=0.25, callbacks=[Look()])
    (outline,) = seen
    assert (outline.model, outline.loss, outline.solver, outline.seed) == ("linear", "squared", "Minibatch", 3)
    assert (outline.rows, outline.held, outline.parameters) == (15, 5, 3)
    assert outline.features[0] == "area" and outline.settings["batch_size"] == 4 and "l2" in outline.penalty


@pytest.mark.parametrize(
    ("callback", "name"), [(Told(max), "max"), (Told(gl.callbacks.Live().on_epoch), "Live.on_epoch")]
)
def test_names_in_sentences(callback, name):
    assert name_of(callback) == name
