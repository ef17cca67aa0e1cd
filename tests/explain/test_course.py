"""A step is taken again from the parameters that training had before it."""

import pickle
from itertools import pairwise

import numpy as np
import pytest

import gradloop as gl
from gradloop.core.order import rows_in_order
from gradloop.errors import OptionError
from gradloop.explain.course import momentum_remark, problem_of, step_of

ROWS = 23
X = np.random.default_rng(0).normal(size=(ROWS, 2))
Y = X @ [2.0, -3.4] + 4.2 + 0.1 * np.random.default_rng(1).normal(size=ROWS)


def trained(epochs=3, optimizer=None, batch_size=10, seed=5, **options):
    solver = gl.Minibatch(optimizer or gl.sgd(0.03), batch_size, epochs, options.pop("shuffle", True))
    return gl.fit(X, Y, solver=solver, seed=seed, **options)


def step(fit, number):
    return step_of(fit, problem_of(fit), number)


def test_the_rows_are_those_of_the_order():
    fit = trained()
    orders = [rows_in_order(ROWS, 5, epoch) for epoch in range(3)]
    for number in range(1, 10):
        found = step(fit, number)
        epoch, batch = divmod(number - 1, 3)
        assert (found.epoch, found.batch, found.batches, found.steps) == (epoch + 1, batch + 1, 3, 9)
        np.testing.assert_array_equal(found.rows, orders[epoch][10 * batch : 10 * batch + 10])
    assert len(step(fit, 3).rows) == 3


def test_rows_may_be_visited_as_they_lie():
    np.testing.assert_array_equal(step(trained(shuffle=False), 5).rows, np.arange(10, 20))


@pytest.mark.parametrize("optimizer", [gl.sgd(0.03), gl.momentum(0.01), gl.adam(0.1), gl.averaged_sgd(0.03)])
@pytest.mark.parametrize("engine", ["native", "numpy"])
def test_every_step_ends_where_the_next_begins_and_the_last_where_training_did(optimizer, engine):
    fit = trained(2, optimizer, engine=engine)
    steps = [step(fit, number) for number in range(1, 7)]
    assert steps[0].params.tolist() == [0, 0, 0]
    for before, after in pairwise(steps):
        assert before.after.tobytes() == after.params.tobytes()
        assert before.state_after.tobytes() == after.state.tobytes()
    if optimizer.name != "averaged_sgd":
        assert steps[-1].after.tobytes() == np.append(fit.params["w"], fit.params["b"]).tobytes()


def test_fewer_epochs_end_in_the_same_bits_as_a_step_between():
    short, long = trained(2), trained(5)
    assert step(long, 6).after.tobytes() == np.append(short.params["w"], short.params["b"]).tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_precision_is_that_of_training(dtype):
    fit = gl.fit(X.astype(dtype), Y.astype(dtype), solver=gl.Minibatch(gl.sgd(0.03), 10, 2))
    assert step(fit, 6).after.dtype == dtype
    assert step(fit, 6).after.tobytes() == np.append(fit.params["w"], fit.params["b"]).astype(dtype).tobytes()


def test_a_derived_rate_is_the_one_that_was_used():
    fit = trained(4, gl.sgd)
    rates = [step(fit, number).learning_rate for number in (3, 6, 9)]
    np.testing.assert_array_equal(rates, fit.history["learning_rate"][:3])
    assert step(fit, 12).after.tobytes() == np.append(fit.params["w"], fit.params["b"]).tobytes()


def test_weights_and_the_penalty_are_part_of_it():
    weights = np.linspace(0.5, 2, ROWS)
    fit = trained(2, penalty=gl.elastic_net(0.1, 0.2), weights=weights)
    assert step(fit, 6).after.tobytes() == np.append(fit.params["w"], fit.params["b"]).tobytes()


# ---- gradient descent


@pytest.mark.parametrize("momentum", [False, True])
@pytest.mark.parametrize("rate", [None, 0.1])
def test_gradient_descent_takes_its_steps_on_all_rows(momentum, rate):
    short, long = (
        gl.fit(X, Y, solver=gl.GradientDescent(rate, momentum, iterations=iterations)) for iterations in (7, 20)
    )
    found = step(long, 7)
    np.testing.assert_array_equal(found.rows, np.arange(ROWS))
    assert (found.batches, found.steps, found.learning_rate) == (1, 20, long.history["learning_rate"][6])
    assert found.after.tobytes() == np.append(short.params["w"], short.params["b"]).tobytes()
    assert any(step(long, number).remark for number in range(1, 7)) is momentum


def test_momentum_is_told_with_few_numbers_only():
    fit = gl.fit(X, Y, solver="gradient_descent")
    assert momentum_remark(problem_of(fit), np.zeros(3)).endswith("w = [0.0, 0.0], b = 0.0.")
    wide = gl.fit(np.eye(20), np.arange(20.0), solver=gl.GradientDescent(iterations=3))
    assert momentum_remark(problem_of(wide), np.zeros(21)).endswith("ended.")


# ---- what there is not


@pytest.mark.parametrize("number", [0, -1, 1.5, True, "1"])
def test_a_step_is_a_whole_number_from_1(number):
    with pytest.raises(OptionError, match="whole number from 1"):
        step(trained(), number)


def test_a_step_beyond_the_last_is_told_how_many_there_are():
    with pytest.raises(OptionError, match=r"no step 10: training recorded 9 steps; choose a step from 1 to 9\."):
        step(trained(), 10)
    with pytest.raises(OptionError, match=r"no step 4: training recorded 3 steps"):
        step(gl.fit(X, Y, solver=gl.GradientDescent(iterations=3)), 4)


@pytest.mark.parametrize("solver", ["closed_form", "newton", "lbfgs", None])
def test_other_solvers_are_told_what_to_use(solver):
    with pytest.raises(OptionError, match=r"has no such steps; fit with solver=gl\.Minibatch"):
        step(gl.fit(X, Y, solver=solver), 1)


def test_a_fit_without_data_says_so(tmp_path):
    fit = trained()
    fit.save(tmp_path / "model")
    for other in (gl.load(tmp_path / "model"), pickle.loads(pickle.dumps(fit))):
        with pytest.raises(OptionError, match="does not hold the data"):
            problem_of(other)


def test_steps_after_a_gradient_that_was_not_finite_were_never_taken():
    with np.errstate(all="ignore"):
        fit = gl.fit(X, Y, solver=gl.Minibatch(gl.sgd(1e200), 10, 3))
    assert fit.stop is gl.Stop.DIVERGED
    assert len(step(fit, 1).rows) == 10
    with pytest.raises(OptionError, match="The gradient was not finite at step"):
        step(fit, 3)
