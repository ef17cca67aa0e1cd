"""Minibatch descent against loops written by hand in NumPy, and what happens when it cannot go well."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import gradloop as gl
from gradloop import Model, Stop, losses, schedules
from gradloop.compiler.jit import compiled
from gradloop.core.order import rows_in_order
from gradloop.errors import ModelError, OptionError
from gradloop.losses import LOSSES, about
from gradloop.models import MODELS
from gradloop.optimizers import OPTIMIZERS, Optimizer
from gradloop.problem import make_problem
from gradloop.solvers import minibatch
from gradloop.solvers.curvature import derived_rate
from gradloop.solvers.minibatch import Minibatch

RANDOM = np.random.default_rng(0)
ROWS = 53  # a prime: no batch size divides it
X = RANDOM.normal(size=(ROWS, 3))
Y = X @ [1.0, -2.0, 3.0] + 4 + 0.1 * RANDOM.normal(size=ROWS)
A = np.column_stack([X, np.ones(ROWS)])


def linear(loss="squared", penalty=None, engine="native", X=X, y=Y, **start):
    model = MODELS["linear"]
    return make_problem(model, LOSSES[loss], X, y, {**model.start(X.shape[1], 2), **start}, penalty, engine)


def law(function, x, y, loss=losses.squared, **start):
    model = Model("law", function, lambda features, classes: start, "squared", lambda p, c, s: p)
    return make_problem(model, about(loss), x, y, start)


def by_hand(batch_size, epochs, seed, optimizer, penalty=0.0, threshold=0.0, order=rows_in_order):
    """The textbook's loop: averages over the rows that a batch has; w is penalised and b is not."""
    w, b = np.zeros(3), np.zeros(())
    memory, t = (optimizer.init(w), optimizer.init(b)), 0
    for epoch in range(epochs):
        rows = order(ROWS, seed, epoch)
        for first in range(0, ROWS, batch_size):
            t += 1
            batch = rows[first : first + batch_size]
            error = X[batch] @ w + b - Y[batch]
            g_w, g_b = X[batch].T @ error / len(batch) + penalty * w, np.mean(error)
            rule = optimizer.intercept_update or optimizer.update
            (w, of_w), (b, of_b) = optimizer.update(w, g_w, memory[0], t), rule(b, g_b, memory[1], t)
            size = optimizer.proximal * optimizer.rate(t) * threshold
            w = np.sign(w) * np.maximum(np.abs(w) - size, 0)
            memory = of_w, of_b
    return np.append(optimizer.final(w, memory[0]), optimizer.final(b, memory[1]))


# ---- the loop ----


@pytest.mark.parametrize("engine", ["native", "numpy"])
@pytest.mark.parametrize("batch_size", [1, 10, 52, 53])
def test_the_last_short_batch_is_averaged_over_the_rows_it_has(batch_size, engine):
    optimizer = gl.sgd(0.05)
    found = Minibatch(optimizer, batch_size, epochs=3).solve(linear(engine=engine), seed=5)
    np.testing.assert_allclose(found.params, by_hand(batch_size, 3, 5, optimizer), rtol=1e-12)


@pytest.mark.parametrize("engine", ["native", "numpy"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_follows_its_rule_on_every_batch(name, engine):
    optimizer = OPTIMIZERS[name](schedules.inverse_time(0.05, 0.02))
    found = Minibatch(optimizer, 7, epochs=4).solve(linear(engine=engine), seed=1)
    np.testing.assert_allclose(found.params, by_hand(7, 4, 1, optimizer), rtol=1e-10)


@pytest.mark.parametrize("engine", ["native", "numpy"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weight_decay_is_part_of_the_gradient_of_the_weights_alone(name, engine):
    optimizer = OPTIMIZERS[name](0.05)
    found = Minibatch(optimizer, 7, epochs=4).solve(linear(penalty=gl.l2(0.3), engine=engine), seed=1)
    np.testing.assert_allclose(found.params, by_hand(7, 4, 1, optimizer, penalty=0.3), rtol=1e-10)


@pytest.mark.parametrize("engine", ["native", "numpy"])
@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "averaged_sgd"])
def test_the_proximal_step_follows_every_update_of_the_weights_alone(name, engine):
    optimizer = OPTIMIZERS[name](0.05)
    problem = linear(penalty=gl.elastic_net(l1=0.4, l2=0.1), engine=engine)
    found = Minibatch(optimizer, 7, epochs=4).solve(problem, seed=1)
    np.testing.assert_allclose(found.params, by_hand(7, 4, 1, optimizer, penalty=0.1, threshold=0.4), rtol=1e-10)


def test_without_shuffling_rows_come_as_they_lie():
    optimizer = gl.sgd(0.05)
    found = Minibatch(optimizer, 10, epochs=3, shuffle=False).solve(linear())
    straight = by_hand(10, 3, 0, optimizer, order=lambda rows, seed, epoch: np.arange(rows))
    np.testing.assert_allclose(found.params, straight, rtol=1e-12)


def test_a_batch_of_all_rows_is_gradient_descent():
    """w - w* shrinks by (I - rate H) at every step, whatever the order of rows."""
    H, best = A.T @ A / ROWS, np.linalg.lstsq(A, Y)[0]
    expected = best - np.linalg.matrix_power(np.eye(4) - 0.1 * H, 25) @ best
    for seed in (0, 1):
        for size in ("all", ROWS):
            found = Minibatch(gl.sgd(0.1), size, epochs=25).solve(linear(), seed)
            np.testing.assert_allclose(found.params, expected, rtol=1e-12)


def test_float32_is_trained_in_float32_and_close_to_float64():
    single = linear(X=X.astype(np.float32), y=Y.astype(np.float32))
    found = Minibatch(gl.sgd(0.05), 10, epochs=5).solve(single)
    assert found.params.dtype == np.float32
    double = Minibatch(gl.sgd(0.05), 10, epochs=5).solve(linear())
    np.testing.assert_allclose(found.params, double.params, rtol=1e-5)
    assert not np.array_equal(found.params, double.params.astype(np.float32))


# ---- the same bits ----

PROGRAM = """
import numpy as np, gradloop as gl
X, y = gl.data.synthetic_data(w=[2, -3.4], b=4.2, rows=101, seed=3)
fit = gl.fit(X, y, solver=gl.Minibatch(gl.momentum, batch_size=8, epochs=5), seed=9)
print(fit.params["w"].tobytes().hex(), fit.params["b"].tobytes().hex(), fit.history["loss"].tobytes().hex())
"""


def test_the_same_seed_gives_the_same_bits_in_two_processes():
    run = [sys.executable, "-c", PROGRAM]
    first, second = (subprocess.run(run, check=True, capture_output=True, text=True).stdout for _ in range(2))
    assert first == second and len(first) > 100


def test_the_same_seed_gives_the_same_bits_and_another_seed_another_order():
    solver = Minibatch(gl.sgd(0.05), 8, epochs=3)
    first, second, other = (solver.solve(linear(), seed).params for seed in (4, 4, 5))
    assert first.tobytes() == second.tobytes()
    assert first.tobytes() != other.tobytes()


@pytest.mark.parametrize("seconds", [1e-9, 1e-5, 10.0])
def test_splitting_an_epoch_into_calls_changes_no_bit(monkeypatch, seconds):
    expected = Minibatch(gl.adam(), 2, epochs=4).solve(linear(), 3)
    monkeypatch.setattr(minibatch, "SECONDS_IN_A_CALL", seconds)
    monkeypatch.setattr(minibatch, "FIRST_CALL", 1)
    found = Minibatch(gl.adam(), 2, epochs=4).solve(linear(), 3)
    assert found.params.tobytes() == expected.params.tobytes()
    assert found.history["loss"].tobytes() == expected.history["loss"].tobytes()


def test_calls_become_as_long_as_they_should(monkeypatch):
    calls = []
    monkeypatch.setattr(minibatch.time, "perf_counter", iter(np.arange(0, 1000, 0.01)).__next__)  # 0.01 s a call
    monkeypatch.setattr(minibatch, "FIRST_CALL", 3)
    problem = linear(engine="numpy")
    train = minibatch.Run.run_epoch

    def watched(self, program, epoch):
        original = program.train
        program.train = lambda *args: calls.append(args[3] - args[2]) or original(*args)
        try:
            return train(self, program, epoch)
        finally:
            program.train = original

    monkeypatch.setattr(minibatch.Run, "run_epoch", watched)
    Minibatch(gl.sgd(0.01), 1, epochs=3).solve(problem)
    assert calls == [1, 10, 42, 53, 53]  # ten times as long, and to the end of the epoch


def test_a_second_fit_of_the_same_shapes_compiles_nothing():
    def fit(rate, size, epochs, rows, seed, strength, decay):
        optimizer = gl.sgd(schedules.exponential(rate, decay))
        problem = linear(X=X[:rows], y=Y[:rows], penalty=gl.elastic_net(strength, strength))
        Minibatch(optimizer, size, epochs).solve(problem, seed)

    fit(0.05, 10, 2, ROWS, 0, 0.1, 0.01)
    before = compiled.modules
    assert before > 0
    fit(0.07, 10, 2, ROWS, 0, 0.1, 0.01)
    fit(0.05, 7, 3, 40, 1, 0.2, 0.02)
    fit(0.05, 1, 1, 2, 2, 0.3, 0.5)
    assert compiled.modules == before


def test_another_rate_of_a_derived_fit_compiles_nothing_either():
    Minibatch(gl.momentum, 10, epochs=2).solve(linear())
    before = compiled.modules
    Minibatch(gl.momentum, 5, epochs=4).solve(linear(X=3 * X[:31], y=Y[:31]), seed=2)
    assert compiled.modules == before


# ---- penalties ----


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov"])
def test_the_lasso_ends_where_its_optimality_conditions_hold(name):
    """|gradient| = strength with the opposite sign where w is not zero, and at most strength where it is."""
    data = RANDOM.normal(size=(80, 6))
    y = data @ [3.0, 0, -2.0, 0, 0.05, 0] + 1 + 0.1 * RANDOM.normal(size=80)
    strength = 0.3
    problem = linear(X=data, y=y, penalty=gl.l1(strength))
    found = Minibatch(OPTIMIZERS[name](0.05), "all", epochs=1500).solve(problem)
    w, b = found.params[:6], found.params[6]
    error = data @ w + b - y
    g = data.T @ error / 80
    assert np.mean(error) == pytest.approx(0, abs=1e-10)  # the intercept is free
    zero = w == 0
    assert np.array_equal(zero, [False, True, False, True, True, True])
    np.testing.assert_allclose(g[~zero], -strength * np.sign(w[~zero]), rtol=1e-8)
    assert (np.abs(g[zero]) <= strength).all()


def test_adamw_leaves_the_intercept_alone():
    """With nothing to learn, only the decay moves parameters."""
    flat = linear(y=np.full(ROWS, 5.0), X=np.zeros((ROWS, 3)), w=np.ones(3), b=5.0)
    found = Minibatch(gl.adamw(0.1, weight_decay=0.5), "all", epochs=3).solve(flat)
    np.testing.assert_allclose(found.params, [*[0.95**3] * 3, 5.0], rtol=1e-12)


def test_averaged_sgd_returns_the_mean_of_its_points():
    problem = linear()
    w, mean = np.zeros(4), np.zeros(4)
    for t in range(1, 9):
        mean += (w - mean) / t
        w = w - 0.1 * A.T @ (A @ w - Y) / ROWS
    found = Minibatch(gl.averaged_sgd(0.1), "all", epochs=8).solve(problem)
    np.testing.assert_allclose(found.params, mean, rtol=1e-12)
    assert found.history["loss"][-1] == pytest.approx(np.mean((A @ mean - Y) ** 2) / 2, rel=1e-12)


# ---- the record ----


def test_every_epoch_is_recorded_at_its_end():
    rate = schedules.step(0.2, every=12, factor=0.5)
    found = Minibatch(gl.sgd(rate), 10, epochs=4).solve(linear(), seed=2)
    history = found.history
    assert history["epoch"].tolist() == [1, 2, 3, 4]
    assert history["rows"].tolist() == [53, 106, 159, 212]
    assert history["learning_rate"].tolist() == [rate(6 * epoch) for epoch in (1, 2, 3, 4)] == [0.2, 0.2, 0.1, 0.1]
    for epochs in (1, 2, 3, 4):
        flat = by_hand(10, epochs, 2, gl.sgd(rate))
        error = A @ flat - Y
        assert history["loss"][epochs - 1] == pytest.approx(np.mean(error**2) / 2, rel=1e-11)
        assert history["gradient_norm"][epochs - 1] == pytest.approx(np.linalg.norm(A.T @ error / ROWS), rel=1e-9)
        epoch, params = history.params[epochs - 1]
        assert epoch == epochs
        np.testing.assert_allclose([*params["w"], params["b"]], flat, rtol=1e-11)
    assert (np.diff(history["seconds"]) > 0).all()


def test_progress_is_told_after_every_epoch():
    told = []
    found = Minibatch(gl.sgd(0.05), 10, epochs=3).solve(linear(), report=told.append)
    assert [(one.epoch, one.epochs) for one in told] == [(1, 3), (2, 3), (3, 3)]
    assert [one.loss for one in told] == found.history["loss"].tolist()
    assert [one.seconds for one in told] == found.history["seconds"].tolist()
    assert all(one.rows_per_second > 0 for one in told)


def test_enough_epochs_are_chosen_for_the_size_of_the_data(monkeypatch):
    monkeypatch.setattr(minibatch, "STEPS_WANTED", 30)
    monkeypatch.setattr(minibatch, "FEWEST_EPOCHS", 2)
    monkeypatch.setattr(Minibatch, "MOST", 8)

    def epochs(size):
        return len(Minibatch(gl.sgd(0.01), size).solve(linear()).history)

    assert epochs(10) == 5  # 6 batches an epoch
    assert epochs(1) == 2
    assert epochs("all") == 8
    assert Minibatch(gl.sgd(0.01)).rows_in_a_batch(1000) == 32
    assert Minibatch(gl.sgd(0.01)).rows_in_a_batch(5) == 5


# ---- rates ----


def test_a_rate_beyond_the_bound_is_announced_and_one_below_is_not():
    bound = 2 / np.linalg.eigvalsh(A.T @ A / ROWS)[-1]
    above = Minibatch(gl.sgd(1.01 * bound), "all", epochs=3).solve(linear())
    below = Minibatch(gl.sgd(0.99 * bound), "all", epochs=3).solve(linear())
    assert below.notes == ()
    assert len(above.notes) == 1
    assert f"learning rate {1.01 * bound:g} is too large" in above.notes[0] and f"is {bound:.3g}" in above.notes[0]
    assert above.stop is Stop.FINISHED  # announced, and obeyed as the book does


@pytest.mark.parametrize("engine", ["native", "numpy"])
@pytest.mark.parametrize("rate", [5.0, 1e9, 1e200])
def test_a_divergence_keeps_the_best_parameters_and_names_a_stable_rate(rate, engine):
    good = np.linalg.lstsq(A, Y)[0] + 0.5
    problem = linear(engine=engine, w=good[:3], b=good[3])
    found = Minibatch(gl.sgd(rate), 10, epochs=50).solve(problem)
    assert found.stop is Stop.DIVERGED
    assert len(found.history) < 10  # stopped at once
    bound = 2 / np.linalg.eigvalsh(A.T @ A / ROWS)[-1]
    assert any(f"largest that is stable on these data is {bound:.3g}" in note for note in found.notes)
    np.testing.assert_array_equal(found.params, good)  # nothing later was better


def test_a_divergence_late_in_the_run_keeps_what_was_best_before():
    late = schedules.warm_up(30.0, steps=300)  # stable for the first steps, and then not
    found = Minibatch(gl.sgd(late), "all", epochs=300).solve(linear())
    assert found.stop is Stop.DIVERGED
    losses_before = found.history["loss"][:-1]
    assert np.argmin(losses_before) > 3
    assert np.mean((A @ found.params - Y) ** 2) / 2 == pytest.approx(losses_before.min(), rel=1e-12)


@pytest.mark.parametrize("name", ["momentum", "nesterov", "averaged_sgd"])
def test_other_rules_that_diverge_are_told_the_stable_rate_too(name):
    found = Minibatch(OPTIMIZERS[name](100.0), 10, epochs=50).solve(linear())
    bound = 2 / np.linalg.eigvalsh(A.T @ A / ROWS)[-1]
    assert found.stop is Stop.DIVERGED and np.isfinite(found.params).all()
    assert f"for descent on all rows, the largest that is stable on these data is {bound:.3g}" in found.notes[-1]


def test_a_rate_that_only_all_rows_could_bear_is_explained_after_the_divergence():
    found = Minibatch(gl.sgd(0.6), 1, epochs=20).solve(linear())
    assert found.stop is Stop.DIVERGED
    assert len(found.notes) == 1 and "small batches need less" in found.notes[0]


def test_a_loss_that_only_dances_about_is_no_divergence():
    start = np.linalg.lstsq(A, Y)[0]  # the loss begins at its best, and every step away from it is a growth
    problem = linear(w=start[:3], b=start[3])
    found = Minibatch(gl.sgd(0.1), 1, epochs=20).solve(problem)
    assert found.stop is Stop.FINISHED
    assert found.history["loss"].min() > problem.objective(problem.start)[0]
    assert not np.array_equal(found.params, problem.start)  # the last parameters, not the best, as the book does


def test_a_law_that_turns_into_nan_on_the_way_stops_with_what_was_finite():
    def root(x, a):
        return np.sqrt(a) * x[0]

    x = np.ones((20, 1))
    found = Minibatch(gl.sgd(5.0), "all", epochs=50).solve(law(root, x, np.zeros(20), a=1.0))
    assert found.stop is Stop.DIVERGED
    assert np.isfinite(found.params).all()
    assert found.notes[0] == "The loss is not finite after epoch 1."
    assert found.notes[1].startswith("Choose a smaller learning rate")


def test_a_gradient_that_overflows_names_the_step():
    found = Minibatch(gl.sgd(1e200), 10, epochs=5).solve(linear())
    assert any("not finite at step 3, in epoch 1" in note for note in found.notes)  # step 2 led to infinity


@pytest.mark.parametrize(
    ("function", "row"),
    [
        (lambda x, a: np.log(x[0] - a), 7),  # not a number
        (lambda x, a: np.sqrt(a) * x[0], 0),  # a number, but infinitely steep
    ],
)
@pytest.mark.parametrize("optimizer", [gl.sgd(0.1), gl.sgd])
@pytest.mark.parametrize("engine", ["native", "numpy"])
def test_a_law_that_is_not_finite_at_the_start_names_the_row(function, row, optimizer, engine):
    x = np.ones((20, 1))
    x[7] = -1
    problem = replace(law(function, x, np.ones(20), a=0.0), engine=engine)
    with pytest.raises(ModelError, match=f"not finite at the start, first in row {row}: "):
        Minibatch(optimizer, 5, epochs=2).solve(problem)


def test_a_sum_that_overflows_is_not_blamed_on_a_row():
    huge = law(lambda x, a: a * x, np.ones((ROWS, 1)), np.ones(ROWS), a=9e153)
    with pytest.raises(ModelError, match="at the start, in the sum over the rows: "):
        Minibatch(gl.sgd(0.1), 5, epochs=2).solve(huge)


def test_a_number_is_no_probability():
    y = (Y > 4).astype(float)
    with pytest.raises(ModelError, match="row 0.*model whose predictions suit the logistic loss"):
        Minibatch(gl.sgd(0.1), 5, epochs=2).solve(linear("logistic", y=y))


@pytest.mark.parametrize("loss", ["squared", "absolute", "huber", "quantile", "hinge"])
def test_the_derived_rate_brings_every_loss_of_a_score_down(loss):
    y = (Y > 4).astype(float) if loss == "hinge" else Y
    problem = linear(loss, y=y)
    found = Minibatch(gl.sgd, 5, epochs=60).solve(problem)
    assert found.stop is Stop.FINISHED and "derived from the data" in found.notes[0]
    assert found.history["loss"][-1] < 0.1 * problem.objective(problem.start)[0]


def test_the_derived_rate_suits_counts_and_rows_of_wildly_different_size():
    long = X * np.where(np.arange(ROWS) == 17, 300, 1)[:, None]
    problem = linear(X=long, y=long @ [1.0, -2, 3] + 4)
    found = Minibatch(gl.sgd, 5, epochs=400).solve(problem)
    assert found.stop is Stop.FINISHED
    assert found.history["loss"][-1] < 0.1 * problem.objective(problem.start)[0]

    def count(x, w, b):
        return np.exp(x @ w + b)

    y = RANDOM.poisson(np.exp(X @ [0.5, -0.5, 1.0] + 1)).astype(float)
    problem = law(count, X, y, losses.poisson, w=np.zeros(3), b=0.0)
    found = Minibatch(gl.sgd, 5, epochs=200).solve(problem)
    assert found.stop is Stop.FINISHED
    assert np.linalg.norm(problem.objective(found.params)[1]) < 0.05


def test_the_derived_rate_fits_a_users_law():
    def decay(x, a, k):
        return a * np.exp(-k * x[0])

    x = np.linspace(0, 3, 40)[:, None]
    found = Minibatch(gl.nesterov, 8, epochs=800).solve(law(decay, x, 2.5 * np.exp(-1.3 * x[:, 0]), a=1.0, k=1.0))
    np.testing.assert_allclose(found.params, [2.5, 1.3], rtol=1e-3)


def test_a_derived_rate_that_diverges_is_tried_again_with_less():
    def steep(x, a):
        return np.exp(a * x[0])

    x = np.linspace(0, 3, 30)[:, None]
    problem = law(steep, x, np.exp(2 * x[:, 0]), a=0.5)
    first = derived_rate(problem, problem.start, 5)
    once = Minibatch(gl.sgd(schedules.cosine(first, 300)), 5, epochs=50).solve(problem)
    assert once.history["loss"][-1] > problem.objective(problem.start)[0]  # beyond the valley, on the plateau
    found = Minibatch(gl.sgd, 5, epochs=50).solve(problem)
    assert found.stop is Stop.FINISHED
    assert any(f"{first / 4**times:.3g}, falling" in found.notes[0] for times in (1, 2, 3, 4, 5))
    assert found.params[0] == pytest.approx(2, rel=1e-3)


def test_a_derived_rate_is_not_tried_again_after_ctrl_c():
    def stop(progress):
        raise KeyboardInterrupt

    found = Minibatch(gl.sgd, 10, epochs=50).solve(linear(), report=stop)
    assert found.stop is Stop.INTERRUPTED and len(found.history) == 1


def test_a_factory_with_a_rate_of_its_own_keeps_it():
    own = Minibatch(gl.adam, 10, epochs=2).solve(linear())
    given = Minibatch(gl.adam(), 10, epochs=2).solve(linear())
    assert own.params.tobytes() == given.params.tobytes() and own.notes == ()


# ---- interruption ----


def test_ctrl_c_keeps_the_last_finished_epoch():
    def stop(progress):
        if progress.epoch == 3:
            raise KeyboardInterrupt

    found = Minibatch(gl.sgd(0.05), 10, epochs=50).solve(linear(), seed=4, report=stop)
    assert found.stop is Stop.INTERRUPTED and len(found.history) == 3
    np.testing.assert_allclose(found.params, by_hand(10, 3, 4, gl.sgd(0.05)), rtol=1e-12)


def test_ctrl_c_in_the_middle_of_an_epoch_goes_back_to_the_end_of_the_one_before(monkeypatch):
    class Interrupted:
        """A program whose third call is interrupted after its work is done."""

        def __init__(self, program, calls):
            self.program, self.calls = program, calls

        def train(self, *args):
            done = self.program.train(*args)
            self.calls -= 1
            if not self.calls:
                raise KeyboardInterrupt
            return done

    original = minibatch.Run.run_epoch
    for calls, epochs in ((1, 0), (2, 1)):
        monkeypatch.setattr(
            minibatch.Run,
            "run_epoch",
            lambda self, program, epoch, calls=calls: original(
                self, Interrupted(program, calls - epoch + 1 if epoch <= calls else 0), epoch
            ),
        )
        found = Minibatch(gl.sgd(0.05), 10, epochs=5).solve(linear(), seed=4)
        assert found.stop is Stop.INTERRUPTED and len(found.history) == epochs
        np.testing.assert_allclose(found.params, by_hand(10, epochs, 4, gl.sgd(0.05)), rtol=1e-12, atol=0)


# ---- what cannot be honoured ----


def plain(update, init=lambda w: ()):
    return Optimizer("mine", init, update, lambda t: 0.1)


WRONG = {
    "a batch larger than the data": (Minibatch(gl.sgd(0.1), 54), r'batch_size is 54, but there are 53 rows.*"all"'),
    "a shape of its own": (
        Minibatch(plain(lambda w, g, s, t: (w[:1], s)), 5),
        r"mine turns .*\[\(3,\)\] into \[\(1,\)\]",
    ),
    "no state": (Minibatch(plain(lambda w, g, s, t: w - g), 5), "mine must return \\(w, state\\)"),
    "a state of another shape": (
        Minibatch(plain(lambda w, g, s, t: (w - g, (g[:1],)), lambda w: (w,)), 5),
        r"\[\(3,\), \(3,\)\] into \[\(3,\), \(1,\)\]",
    ),
    "more states than before": (
        Minibatch(plain(lambda w, g, s, t: (w, (g, g)), lambda w: (w,)), 5),
        "init giving the first",
    ),
    "a first state that is none": (Minibatch(plain(lambda w, g, s, t: (w, s), lambda w: w), 5), "must return a tuple"),
    "a factory of something else": (Minibatch(lambda rate: rate, 5), "not an Optimizer"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_honoured_is_an_error_before_any_work(case):
    solver, words = WRONG[case]
    told = []
    with pytest.raises(OptionError, match=words) as caught:
        solver.solve(linear(), report=told.append)
    assert told == [] and "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["adagrad", "rmsprop", "adam", "adamw"])
def test_a_proximal_step_needs_a_rule_with_one_rate(name):
    with pytest.raises(OptionError, match=f"l1 needs a proximal step, which {name} does not have.*use sgd, momentum"):
        Minibatch(OPTIMIZERS[name](0.1), 5, epochs=1).solve(linear(penalty=gl.l1(0.1)))


@pytest.mark.parametrize("option", ["batch_size", "epochs"])
@pytest.mark.parametrize("value", [0, -3, 2.5, 10.0, True, "many", np.nan])
def test_counts_are_whole_numbers_from_one(option, value):
    with pytest.raises(OptionError, match=f"{option} is .*whole number from 1"):
        Minibatch(gl.sgd(0.1), **{option: value})


def test_an_optimizer_is_not_a_name():
    with pytest.raises(OptionError, match=r"optimizer is 'sgd'; give for instance gl.sgd\(0.03\)"):
        Minibatch("sgd")


def test_counts_may_be_numpys():
    assert Minibatch(gl.sgd(0.1), np.int64(5), np.int32(2)).solve(linear()).history["epoch"].tolist() == [1, 2]


def test_a_rule_where_a_factory_is_needed_is_told_so():
    def sgd(params, lr, batch_size):
        for param in params:
            param -= lr * param.grad / batch_size

    with pytest.raises(OptionError, match=r"sgd\(params, lr, batch_size\).*as_optimizer"):
        Minibatch(sgd)
