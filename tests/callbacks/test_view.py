"""What callbacks may ask about the parameters of the moment."""

import numpy as np
import pytest

import gradloop as gl

RANDOM = np.random.default_rng(0)
TABLE = {"area": RANDOM.uniform(50, 150, 60), "town": ["Ulm", "Bonn", "Kiel"] * 20}
TABLE["price"] = 3 * TABLE["area"] + 40 + RANDOM.normal(size=60)
SOLVER = gl.Minibatch(gl.sgd(0.1), batch_size=8, epochs=4)


def test_parameters_are_those_of_the_columns_in_their_own_units():
    seen = []
    fit = gl.fit(TABLE, target="price", solver=SOLVER, callbacks=[lambda told: seen.append((told.params, told.fit()))])
    params, then = seen[-1]
    np.testing.assert_array_equal(params["w"], fit.params["w"])
    np.testing.assert_array_equal(then.predict(TABLE), fit.predict(TABLE))
    assert np.abs(seen[0][1].predict(TABLE) - fit.predict(TABLE)).max() > 1


def test_the_loss_held_out_of_classes():
    labels = np.where(TABLE["price"] > 340, "dear", "cheap")
    seen = []
    options = {"model": "logistic", "solver": SOLVER, "holdout": 0.25}
    fit = gl.fit(
        TABLE | {"price": labels.tolist()}, target="price", callbacks=[lambda t: seen.append(t.holdout)], **options
    )
    assert seen[-1] == pytest.approx(fit.holdout["log_loss"])


def test_without_rows_held_out_there_is_no_loss_on_them():
    seen = []
    gl.fit(TABLE, target="price", solver=SOLVER, callbacks=[lambda told: seen.append(told.holdout)])
    assert seen == [None] * 4


@pytest.mark.parametrize("engine", ["native", "numpy"])
def test_what_is_asked_late_is_that_of_its_epoch(engine):
    told, options = [], {"solver": SOLVER, "holdout": 0.25, "engine": engine}
    fit = gl.fit(TABLE, target="price", callbacks=[told.append], **options)
    for progress, (epoch, params) in zip(told, fit.history.params, strict=True):
        assert progress.epoch == epoch and np.array_equal(progress.fit().trained_params["w"], params["w"])
    held_X, held_y = fit.examples.held
    trained = told[0].fit().trained_params
    errors = held_X @ trained["w"] + trained["b"] - held_y
    assert told[0].holdout == pytest.approx(np.mean(errors**2) / 2, rel=1e-12)
