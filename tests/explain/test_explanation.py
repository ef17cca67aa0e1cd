"""What an explanation says is what paper, pencil and NumPy say of the same batch."""

from collections import OrderedDict

import numpy as np
import pytest

import gradloop as gl
from gradloop.core import derived
from gradloop.core.ops import OPS
from gradloop.core.order import row_at
from gradloop.errors import OptionError
from gradloop.explain import explanation
from gradloop.explain.explanation import entry_labels

ROWS, SIZE, RATE, STRENGTH = 23, 10, 0.05, 0.3
X = np.random.default_rng(0).normal(size=(ROWS, 2))
Y = X @ [2.0, -3.4] + 4.2 + 0.1 * np.random.default_rng(1).normal(size=ROWS)
LABELS = np.random.default_rng(2).integers(0, 3, ROWS)


def trained(optimizer=None, X=X, y=Y, **options):
    return gl.fit(X, y, solver=gl.Minibatch(optimizer or gl.sgd(RATE), SIZE, 3), seed=4, **options)


def batch(number):
    """The rows of a step, of 3 steps an epoch."""
    epoch, place = divmod(number - 1, 3)
    return row_at(np.arange(place * SIZE, min(place * SIZE + SIZE, ROWS)), ROWS, 4, epoch)


def by_hand(number, strength=0.0, weights=None):
    """w, b before a step of the book's own loop, and the gradients in it."""
    weights = np.ones(ROWS) if weights is None else weights / weights.mean()
    w, b = np.zeros(2), 0.0
    for step in range(1, number + 1):
        rows = batch(step)
        error = weights[rows] * (X[rows] @ w + b - Y[rows])
        g, g_b = X[rows].T @ error / len(rows) + strength * w, error.sum() / len(rows)
        before = w, b
        w, b = w - RATE * g, b - RATE * g_b
    return before, (g, g_b), (w, b)


@pytest.mark.parametrize("number", [1, 2, 3, 6, 9])
@pytest.mark.parametrize(("penalty", "strength"), [(None, 0.0), (gl.l2(STRENGTH), STRENGTH)])
@pytest.mark.parametrize("engine", ["native", "numpy"])
def test_a_step_is_that_of_the_book(number, penalty, strength, engine):
    found = trained(penalty=penalty, engine=engine).explain(number)
    before, gradients, after = by_hand(number, strength)
    near = {"rtol": 1e-12, "atol": 1e-14}
    for place, name in enumerate("wb"):
        np.testing.assert_allclose(found.updates[place].before, before[place], **near)
        np.testing.assert_allclose(found.gradients.values[name], gradients[place], **near)
        np.testing.assert_allclose(found.updates[place].after.value, after[place], **near)
        np.testing.assert_allclose(found.updates[place].after.numeric, after[place], **near)
    rows = batch(number)
    np.testing.assert_array_equal(found.batch.places, rows)
    np.testing.assert_allclose(found.batch.y_hat, X[rows] @ before[0] + before[1], **near)
    losses = (found.batch.y_hat - Y[rows]) ** 2 / 2
    np.testing.assert_allclose(found.batch.loss, losses, **near)
    np.testing.assert_allclose(found.gradients.loss, losses.mean(), **near)
    np.testing.assert_allclose(found.gradients.penalty, strength / 2 * np.sum(before[0] ** 2), **near)
    assert found.agrees


def test_the_update_is_the_rate_times_the_gradient_and_what_training_has():
    fit = trained()
    for number in range(1, 10):
        found = fit.explain(number)
        for update in found.updates:
            np.testing.assert_array_equal(update.after.value, update.before - RATE * update.gradient)
            np.testing.assert_allclose(update.after.numeric, update.after.value, rtol=1e-12, atol=1e-14)
    last = {update.name: update.after.numeric for update in found.updates}
    assert all(last[name].tobytes() == fit.params[name].tobytes() for name in ("w", "b"))


def test_weights_count():
    weights = np.linspace(0.5, 3, ROWS)
    found = trained(weights=weights).explain(6)
    _, gradients, after = by_hand(6, weights=weights)
    np.testing.assert_allclose(found.gradients.values["w"], gradients[0], rtol=1e-12)
    np.testing.assert_allclose(found.updates[0].after.numeric, after[0], rtol=1e-12)
    np.testing.assert_allclose(found.batch.weights, (weights / weights.mean())[batch(6)], rtol=1e-12)
    assert found.agrees and "weight" in str(found)


def test_the_walk_is_that_of_the_example():
    found = trained().explain(5, example=3)
    (w, b), _, _ = by_hand(5)
    row, y = X[batch(5)[2]], Y[batch(5)[2]]
    places = {place.name: place for place in found.walk.places}
    np.testing.assert_array_equal(places["row"].value, row)
    error = row @ w + b - y
    np.testing.assert_allclose(places["loss"].value, error**2 / 2, rtol=1e-12)
    np.testing.assert_allclose(places["w"].slope.value, error * row, rtol=1e-12)
    np.testing.assert_allclose(places[found.walk.y_hat].value, row @ w + b, rtol=1e-12)
    assert found.batch.places[2] == batch(5)[2]


def test_the_second_derivative_of_least_squares_is_the_row_times_itself():
    found = trained().explain(5, example=2)
    a = np.append(X[batch(5)[1]], 1.0)
    np.testing.assert_allclose(found.second.check.value, np.outer(a, a), rtol=1e-14)
    np.testing.assert_allclose(found.second.check.numeric, np.outer(a, a), rtol=1e-14)
    assert found.second.labels == ("w[0]", "w[1]", "b")


def test_softmax_by_algebra():
    found = trained(y=LABELS, model="softmax").explain(7, example=4)
    params = {update.name: update.before for update in found.updates}
    rows = batch(7)
    scores = X[rows] @ params["w"] + params["b"]
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    error = p - np.eye(3)[LABELS[rows]]
    np.testing.assert_allclose(found.batch.y_hat, p, rtol=1e-12)
    np.testing.assert_allclose(found.gradients.values["w"], X[rows].T @ error / len(rows), rtol=1e-10)
    np.testing.assert_allclose(found.gradients.values["b"], error.mean(axis=0), rtol=1e-10)
    a, curved = np.append(X[rows[3]], 1.0), np.diag(p[3]) - np.outer(p[3], p[3])
    np.testing.assert_allclose(found.second.check.value, np.kron(np.outer(a, a), curved), rtol=1e-10, atol=1e-15)
    assert found.agrees


@pytest.mark.parametrize(
    "optimizer",
    [gl.momentum(0.01), gl.nesterov(0.01), gl.adam(0.1), gl.adagrad(0.1), gl.averaged_sgd(0.05), gl.adamw()],
)
def test_a_rule_with_a_memory_shows_it_before_and_after(optimizer):
    found = trained(optimizer).explain(5)
    for update in found.updates:
        rule = optimizer.intercept_update if update.name == "b" and optimizer.intercept_update else optimizer.update
        before = tuple(state for state, _ in update.state)
        w, state = rule(update.before, update.gradient, before, 5)
        np.testing.assert_allclose(update.after.numeric, w, rtol=1e-12)
        assert len(state) == len(before) > 0
        for value, (_, after) in zip(state, update.state, strict=True):
            np.testing.assert_allclose(after.numeric, value, rtol=1e-12, atol=1e-300)
        np.testing.assert_allclose(update.answer, optimizer.final(w, state), rtol=1e-12)
    assert found.agrees


def test_kinks_of_the_penalty_are_taken_by_the_proximal_step():
    found = trained(penalty=gl.l1(2.0)).explain(2)
    for update in found.updates:
        moved = update.before - RATE * update.gradient
        expected = moved if update.name == "b" else gl.l1(2.0).proximal(moved, RATE)
        np.testing.assert_allclose(update.after.numeric, expected, rtol=1e-12, atol=1e-15)
    assert found.agrees and found.gradients.has_kinks and "proximal step" in str(found)


@pytest.mark.parametrize("loss", ["absolute", gl.huber(1.0), gl.quantile(0.3), "squared"])
def test_losses_with_kinks_are_checked_too(loss):
    assert trained(loss=loss).explain(8).agrees


def test_gradient_descent_is_a_batch_of_all_rows():
    fit = gl.fit(X, Y, solver=gl.GradientDescent(0.1, momentum=False, iterations=5), penalty=gl.l2(STRENGTH))
    w, b = np.zeros(2), 0.0
    for _ in range(4):
        error = X @ w + b - Y
        w, b = w - 0.1 * (X.T @ error / ROWS + STRENGTH * w), b - 0.1 * error.mean()
    found = fit.explain(4)
    np.testing.assert_allclose(found.updates[0].after.numeric, w, rtol=1e-12)
    np.testing.assert_allclose(found.updates[1].after.value, b, rtol=1e-12)
    assert found.agrees and len(found.batch.y) == ROWS


def test_float32_is_walked_in_the_digits_that_a_check_needs():
    found = trained(X=X.astype(np.float32), y=Y.astype(np.float32)).explain(6)
    assert found.agrees and found.step.after.dtype == np.float32
    assert all(check.deviation < 1e-12 for check in found.walk.checks)


def test_units_of_a_law_do_not_matter():
    law = lambda x, a, c: a * np.exp(c * x[0])  # noqa: E731
    x = X[:, :1]
    start = {"a": 2e-34, "c": 0.5}
    fit = gl.fit(x, 3e-34 * np.exp(x[:, 0]), model=law, start=start, solver=gl.Minibatch(gl.sgd(0.01), SIZE, 2))
    assert fit.explain(4).agrees


def test_many_parameters_get_one_row_of_the_second_derivatives():
    wide = np.random.default_rng(3).normal(size=(ROWS, 60))
    found = trained(X=wide, y=Y).explain(2)
    a = np.append(wide[batch(2)[0]], 1.0)
    largest = int(np.argmax(np.abs(a)))
    assert found.second.entry == (*entry_labels("w", (60,)), "b")[largest]
    np.testing.assert_allclose(found.second.check.value, a[None] * a[largest], rtol=1e-13)
    assert found.agrees and found.gradients.checks[0].numeric.size == 60
    assert np.isnan(found.gradients.checks[0].numeric).any()  # said so on the page
    assert "(32 checked)" in str(found)


def test_large_batches_are_checked_on_some_rows(monkeypatch):
    monkeypatch.setattr(explanation, "ROWS_LOOKED_AT", 5)
    found = trained().explain(1)
    assert found.gradients.rows == 5 and found.agrees and "checked on 5 rows of the batch" in str(found)
    np.testing.assert_allclose(found.gradients.values["w"], by_hand(1)[1][0], rtol=1e-12)


# ---- which rows of the data


def test_rows_held_out_or_without_weight_are_not_counted():
    weights = np.ones(ROWS)
    weights[::4] = 0.0
    fit = trained(weights=weights)
    kept = np.flatnonzero(weights)
    found = fit.explain(1)
    np.testing.assert_array_equal(found.batch.places, kept[row_at(np.arange(SIZE), len(kept), 4, 0)])
    np.testing.assert_array_equal(found.batch.X, X[found.batch.places])
    fit = trained(holdout=0.2)
    np.testing.assert_array_equal(fit.explain(1).batch.X, X[fit.explain(1).batch.places])


def test_rows_of_a_file_are_named_by_their_lines(tmp_path):
    lines = [f"{a},{b},{y}" for (a, b), y in zip(X.tolist(), Y.tolist(), strict=True)]
    (tmp_path / "data.csv").write_text("\n".join(["a,b,y", *lines]))
    fit = gl.fit(str(tmp_path / "data.csv"), target="y", solver=gl.Minibatch(gl.sgd(RATE), SIZE, 1), holdout=0.2)
    found = fit.explain(1).batch
    assert found.unit == "line" and found.standardised
    np.testing.assert_array_equal(found.y, Y[found.places - 2])


# ---- what must be seen, and what there is not


def test_a_wrong_rule_is_told(monkeypatch):
    fit = trained(y=(Y > 4).astype(float), model="logistic")
    assert fit.explain(3).agrees
    right = OPS["logaddexp"].derivative
    monkeypatch.setattr(derived, "_graphs", OrderedDict())  # what was derived by the right rule
    monkeypatch.setitem(OPS, "logaddexp", OPS["logaddexp"]._replace(derivative=lambda *given: right(*given)[::-1]))
    found = fit.explain(3)
    assert not found.agrees and "checks do not agree (marked !)" in str(found)
    assert not all(check.agrees for check in found.gradients.checks)


def test_an_update_that_training_did_not_make_is_told(monkeypatch):
    right = explanation.with_constants
    monkeypatch.setattr(explanation, "with_constants", lambda graph, numbers: right(graph, numbers * 1.001))
    found = trained().explain(3)
    assert not found.agrees
    assert [update.after.agrees for update in found.updates] == [False, False]


@pytest.mark.parametrize(("example", "words"), [(0, "whole number from 1"), (4, "batch of step 3 has 3"), (1.0, "1.0")])
def test_an_example_that_there_is_not(example, words):
    with pytest.raises(OptionError, match=words):
        trained().explain(3, example)


def test_entries_have_names():
    assert entry_labels("w", (2, 1)) == ["w[0, 0]", "w[1, 0]"] and entry_labels("b", ()) == ["b"]
    assert repr(trained().explain(2)) == "<Explanation of step 2 of 9>"
