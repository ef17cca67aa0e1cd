"""A run that is taken once more ends in its own bits, and its steps obey the rule it was trained by."""

import numpy as np
import pytest

import gradloop as gl
from gradloop.explain.course import problem_of
from gradloop.page.steps import FEWEST_STEPS, MOST_STEPS, affordable, chosen, course_of

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(53, 2))
Y = X @ [2.0, -3.4] + 4.2 + 0.1 * RANDOM.normal(size=53)


def fitted(solver, **more):
    return gl.fit(X, Y, solver=solver, seed=7, **more)


def flat(params):
    return np.concatenate([np.ravel(value) for value in params.values()])


@pytest.mark.parametrize(
    ("optimizer", "penalty"),
    [(gl.sgd(0.05), None), (gl.adam(0.05), gl.l2(0.1)), (gl.momentum(0.01), gl.l1(0.1)), (gl.sgd, gl.l1(0.1))],
)
def test_the_replayed_run_ends_in_the_bits_of_the_fit(optimizer, penalty):
    fit = fitted(gl.Minibatch(optimizer, batch_size=10, epochs=4), penalty=penalty)
    course = course_of(fit)
    assert (course.steps, course.batches, course.batch_size) == (24, 6, 10)
    assert [step.number for step in course.taken] == list(range(1, 25))
    np.testing.assert_array_equal(course.taken[-1].after, flat(fit.trained_params))
    for step, following in zip(course.taken, course.taken[1:], strict=False):
        np.testing.assert_array_equal(step.after, following.before)


def test_steps_that_are_left_out_are_taken_all_the_same(monkeypatch):
    fit = fitted(gl.Minibatch(gl.sgd(0.05), batch_size=10, epochs=40))
    every = course_of(fit).taken
    monkeypatch.setattr("gradloop.page.steps.MOST_STEPS", 25)
    some = course_of(fit).taken
    assert len(some) == 25 < len(every) == 240 and some[-1].number == 240
    for step in some:
        np.testing.assert_array_equal(step.after, every[step.number - 1].after)
        np.testing.assert_array_equal(step.rows, every[step.number - 1].rows)


def test_gradients_of_batch_and_of_all_rows_are_those_of_the_book():
    course = course_of(fitted(gl.Minibatch(gl.sgd(0.05), batch_size=10, epochs=2)))
    for step in course.taken:
        for rows, loss, gradient in (
            (step.rows, step.batch_loss, step.gradient),
            (slice(None), step.loss, step.whole),
        ):
            w, b = step.before[:2], step.before[2]
            error = X[rows] @ w + b - Y[rows]
            np.testing.assert_allclose(loss, np.mean(error**2) / 2, rtol=1e-12)
            np.testing.assert_allclose(
                gradient, [*(X[rows].T @ error / len(error)), error.mean()], rtol=1e-10, atol=1e-13
            )
        np.testing.assert_allclose(step.after, step.before - 0.05 * step.gradient, rtol=1e-12, atol=1e-15)


def test_an_epoch_sees_every_row_once_and_its_last_batch_is_short():
    course = course_of(fitted(gl.Minibatch(gl.sgd(0.05), batch_size=10, epochs=2)))
    for epoch in (1, 2):
        batches = [step.rows for step in course.taken if step.epoch == epoch]
        assert [len(rows) for rows in batches] == [10, 10, 10, 10, 10, 3]
        assert sorted(np.concatenate(batches)) == list(range(53))


@pytest.mark.parametrize("momentum", [False, True])
def test_descent_on_all_rows(momentum):
    fit = fitted(gl.GradientDescent(momentum=momentum, iterations=40))
    course = course_of(fit)
    assert course.batches == 1 and course.steps == len(fit.history) == len(course.taken)
    np.testing.assert_array_equal(course.taken[-1].after, flat(fit.trained_params))
    for step in course.taken:
        np.testing.assert_allclose(step.after, step.ahead - step.rate * step.whole, rtol=1e-12, atol=1e-15)
        assert step.rows is None and (momentum or np.array_equal(step.before, step.ahead))


def test_weights_and_small_floats_are_those_of_the_run():
    weights = RANDOM.uniform(0.5, 2, 53)
    fit = gl.fit(
        X.astype(np.float32), Y.astype(np.float32), weights=weights,
        solver=gl.Minibatch(gl.sgd(0.05), batch_size=10, epochs=2),
    )  # fmt: skip
    course = course_of(fit)
    np.testing.assert_array_equal(course.taken[-1].after, flat(fit.trained_params))
    scaled = weights / weights.mean()
    rows = course.taken[0].rows
    np.testing.assert_allclose(course.taken[0].gradient[2], np.mean(scaled[rows] * -Y[rows]), rtol=1e-5)


def test_a_run_that_diverged_ends_where_it_did():
    fit = fitted(gl.Minibatch(gl.sgd(50.0), batch_size=10, epochs=200))
    assert fit.stop is gl.Stop.DIVERGED
    course = course_of(fit)
    assert course.taken and course.taken[-1].epoch <= len(fit.history)


def test_fits_without_steps(tmp_path):
    fit = fitted("closed_form")
    assert course_of(fit) is None
    fit = fitted(gl.Minibatch(gl.sgd(0.05), batch_size=10, epochs=1))
    fit.save(tmp_path / "m")
    assert course_of(gl.load(tmp_path / "m")) is None


@pytest.mark.parametrize(
    ("steps", "batches", "most"),
    [(1, 1, 20), (20, 3, 20), (1000, 7, 20), (10**6, 500, 300), (21, 1, 20), (301, 301, 300)],
)
def test_the_chosen_steps_are_few_and_hold_both_ends(steps, batches, most):
    found = chosen(steps, batches, most)
    assert found == sorted(set(found)) and found[0] == 1 and found[-1] == steps and len(found) <= most
    assert len(found) == min(steps, most) or len(found) >= most - 2
    assert min(batches, steps) in found  # the short batch


def test_a_page_has_room_for_few_steps_of_large_problems():
    small = problem_of(fitted(gl.Minibatch(gl.sgd(0.05), batch_size=10, epochs=1)))
    assert affordable(small, 10) == MOST_STEPS
    assert affordable(small, 10**9) >= FEWEST_STEPS
