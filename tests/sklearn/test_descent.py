import numpy as np
import pytest

import gradloop as gl
from gradloop.errors import DataError
from gradloop.losses import LOSSES
from gradloop.sklearn.common import model_with
from gradloop.sklearn.descent import Recipe, one_pass, shifted

X = np.random.default_rng(0).normal(size=(24, 2))
Y = X @ [1.0, 2.0] + 1
OPTIMIZERS = {
    "falling": gl.sgd(lambda t: 0.1 / t**0.5),
    "momentum": gl.momentum(0.01),
    "adam": gl.adam(0.05),
    "averaged": gl.averaged_sgd(0.05, after=2),
}


def recipe(optimizer, **changes):
    settings = {"penalty": gl.l2(0.1), "batch_size": 4, "shuffle": False, "seed": 0} | changes
    return Recipe(model_with("linear", True), LOSSES["squared"], optimizer=optimizer, **settings)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_passes_over_parts_are_a_pass_over_the_whole(name):
    """Every optimizer's memory is carried on, whatever it is, and every rule sees the right step."""
    given = recipe(OPTIMIZERS[name])
    whole, params, row = one_pass(given, X, Y, None, None)
    part = None
    for first, last in ((0, 8), (8, 12), (12, 24)):
        part, part_params, _ = one_pass(given, X[first:last], Y[first:last], None, part)
    assert part.steps == whole.steps == 6 and part.passes == 3
    assert np.array_equal(part.params, whole.params) and np.array_equal(part.state, whole.state)
    assert np.array_equal(part_params["w"], params["w"])
    fit = gl.fit(X, Y, penalty=gl.l2(0.1), solver=gl.Minibatch(OPTIMIZERS[name], 4, epochs=1, shuffle=False))
    np.testing.assert_allclose(params["w"], fit.params["w"], rtol=1e-14)
    assert row.loss == pytest.approx(fit.history["loss"][0], rel=1e-14)


def test_each_pass_has_its_own_order():
    given = recipe(OPTIMIZERS["falling"], shuffle=True, batch_size=5)
    fit = gl.fit(X, Y, penalty=gl.l2(0.1), solver=gl.Minibatch(OPTIMIZERS["falling"], 5, epochs=3))
    carried = None
    for _ in range(3):
        carried, params, row = one_pass(given, X, Y, None, carried)
    np.testing.assert_allclose(params["w"], fit.params["w"], rtol=1e-14)
    assert row.epoch == 3 and row.learning_rate == fit.history["learning_rate"][-1]


def test_shifted():
    rule = gl.sgd(lambda t: 1 / t)
    later = shifted(rule, 3)
    assert later.rate(2.0) == 1 / 5
    assert later.update(1.0, 1.0, (), 1.0) == rule.update(1.0, 1.0, (), 4.0)


def test_what_is_not_finite_is_told():
    with pytest.raises(DataError, match="The gradient was not finite at step .*Scale the columns"):
        one_pass(recipe(gl.sgd(1e200)), X, Y, None, None)
