import json

import numpy as np
import pytest

import exported
import fits
from gradloop.data import as_table
from gradloop.export.coefficients import to_json

KEYS = {
    "gradloop", "model", "loss", "target", "classes", "rows", "origin", "certificate", "features", "params",
    "trained_params", "center", "scale", "preparation", "statistics",
}  # fmt: skip


@pytest.mark.parametrize("model", ["linear", "logistic", "softmax"])
def test_predictions_can_be_made_from_both_kinds_of_parameters(model):
    fit, rows = exported.fitted(model, "lenient")
    found = json.loads(to_json(fit))
    assert set(found) == KEYS and found["features"] == list(fit.feature_names)
    X = fit.preparation.features(as_table(rows.to_pydict()))
    trained = {name: np.array(value) for name, value in found["trained_params"].items()}
    raw = {name: np.array(value) for name, value in found["params"].items()}
    scores = X @ trained["w"] + trained["b"]
    again = (X * found["scale"] + found["center"]) @ raw["w"] + raw["b"]
    np.testing.assert_allclose(again, scores, rtol=1e-6, atol=1e-6)


def test_what_is_not_known_is_null():
    found = json.loads(to_json(fits.make()))
    assert {name for name, value in found.items() if value is None} >= {"target", "classes", "center", "scale"}
    assert found["certificate"] == {
        "kind": "gradient norm", "value": 0.25, "sentence": "The gradient's norm at the end is 0.25."
    }  # fmt: skip


def test_any_name_is_a_text():
    fit = fits.make(feature_names=('a "b"\n\udc80', "🙂"))
    assert json.loads(to_json(fit).encode("ascii"))["features"] == ['a "b"\n\udc80', "🙂"]
