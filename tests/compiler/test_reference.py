"""The loops in NumPy, against algebra: the other half of every comparison."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gradloop.compiler.loops import Inputs, Map, Sum
from gradloop.compiler.reference import ReferenceProgram, batches_from, unpack
from gradloop.core.order import rows_in_order
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import trace
from gradloop.optimizers import adam, sgd
from training import linear_data, linear_params, squared, training


def test_flat_arrays_are_unpacked_as_views() -> None:
    graph = trace(lambda w, b: w[0, 0] + b, {"w": Spec((2, 3), FLOAT64), "b": Spec((), FLOAT64)})
    flat = np.arange(7.0)
    parts = unpack(graph.inputs, flat)
    assert_array_equal(parts["w"], [[0, 1, 2], [3, 4, 5]])
    assert parts["b"].shape == () and parts["b"] == 6
    parts["w"][1, 2] = 50
    assert flat[5] == 50


@pytest.mark.parametrize("shuffled", [True, False])
@pytest.mark.parametrize("batch_size", [1, 3, 4, 10, 99])
def test_batches_beginning_anywhere(batch_size: int, shuffled: bool) -> None:
    per_epoch = -(-10 // batch_size)
    order = [rows_in_order(10, 6, epoch) if shuffled else np.arange(10) for epoch in range(3)]
    everything = [part[start : start + batch_size] for part in order for start in range(0, 10, batch_size)]
    for first in range(2 * per_epoch):
        batches = batches_from(10, batch_size, first, 6, shuffled)
        for expected in everything[first : 3 * per_epoch]:
            assert_array_equal(next(batches), expected)


def test_gradient_descent_by_hand() -> None:
    run = training(squared, linear_data(8, 2), linear_params(2), sgd(0.1))
    x, y = run.rows
    params = np.zeros(3)
    for _ in range(3):
        error = x @ params[:2] + params[2] - y
        params = params - 0.1 * np.append(error @ x, error.sum()) / 8
    assert_allclose(run.run(0, 3, 8, engine="numpy").params, params, rtol=1e-13)


def test_adam_by_hand() -> None:
    """Kingma and Ba: after one step every parameter has moved by the rate, against its gradient."""
    run = training(squared, linear_data(8, 2), linear_params(2), adam(0.01))
    after = run.run(0, 1, 8, engine="numpy")
    x, y = run.rows
    slope = np.append(-y @ x, -y.sum()) / 8
    assert_allclose(after.params, -0.01 * np.sign(slope), rtol=1e-6)
    assert_allclose(after.state[[0, 1]], 0.1 * slope[:2], rtol=1e-12)


def test_sum_and_map_by_hand() -> None:
    graph = trace(lambda x, w: (x @ w, x * 2), {"x": Spec((3,), FLOAT64), "w": Spec((3,), FLOAT64)})
    x, w = np.random.default_rng(0).normal(size=(5, 3)), np.array([1.0, -2.0, 0.5])
    inputs = Inputs(graph.inputs[:1], graph.inputs[1:])
    assert_allclose(ReferenceProgram(Sum(graph, inputs)).sum([x], w), [np.sum(x @ w), *(2 * x.sum(0))], rtol=1e-13)
    assert_allclose(ReferenceProgram(Map(graph, inputs)).map([x], w), x @ w, rtol=1e-13)
    assert_array_equal(ReferenceProgram(Sum(graph, inputs)).sum([x[:0]], w), np.zeros(4))
    assert ReferenceProgram(Map(graph, inputs)).map([x[:0]], w).shape == (0,)


def test_overflow_is_no_warning() -> None:
    """It is what divergence looks like, and is told as such."""
    run = training(squared, linear_data(8, 2), linear_params(2), sgd(1e200))
    assert run.run_and_count(0, 50, 8, engine="numpy")[1] < 50
