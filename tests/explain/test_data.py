"""An explanation as plain data can be written as JSON and holds the same numbers."""

import json

import numpy as np

import gradloop as gl
from gradloop.explain.data import plain

X = np.random.default_rng(0).normal(size=(12, 2))


def test_the_data_are_json_and_the_numbers_are_the_same():
    fit = gl.fit(X, X @ [1.0, 2.0] + 3, solver=gl.Minibatch(gl.adam(0.1), 5, 2), weights=np.arange(1.0, 13))
    found = fit.explain(3, example=2)
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert set(data) == {"step", "batch", "example", "walk", "gradients", "updates", "second", "agrees"}
    assert data["step"]["number"] == 3 and data["step"]["rows"] == 2 and data["agrees"] is True
    assert data["batch"]["X"] == found.batch.X.tolist() and data["batch"]["loss"] == found.batch.loss.tolist()
    assert data["gradients"]["values"]["w"] == found.gradients.values["w"].tolist()
    assert [update["after"]["numeric"] for update in data["updates"]] == [
        update.after.numeric.tolist() for update in found.updates
    ]
    assert len(data["updates"][0]["state"]) == 2
    assert data["second"]["check"]["value"] == found.second.check.value.tolist()
    assert [place["name"] for place in data["walk"]["places"]] == [place.name for place in found.walk.places]


def test_what_json_cannot_say_becomes_none():
    found = plain({"a": np.array([0.5, np.inf]), 1: (np.float64("nan"), np.int64(2)), "t": [True, None, "x"]})
    assert found == {"a": [0.5, None], "1": [None, 2], "t": [True, None, "x"]}
