import numpy as np
import pytest

import gradloop as gl
from gradloop.history import Row
from gradloop.sklearn.stopping import Patience, Watch, Watched, level

X = np.random.default_rng(0).normal(size=(40, 2))
Y = X @ [1.0, 2.0] + 1


def row(loss, slope=0.0):
    return Row(1, loss, slope, 0.1, 1, 0.0)


def epochs_until(patience, losses):
    return next((i for i, loss in enumerate(losses, 1) if patience(row(loss))), None)


def test_patience_counts_epochs_in_a_row():
    assert epochs_until(Patience(1e-9, 3), [5.0] * 20) == 6
    assert epochs_until(Patience(0.0, 3), np.linspace(5, 1, 50)) is None
    assert epochs_until(Patience(0.5, 1), [5.0, 4.0, 3.0, 2.9]) == 4
    assert epochs_until(Patience(0.5, 1), [5.0, 4.0, 3.0, 2.4, 1.9, 1.8]) == 6


def test_patience_does_not_mind_one_bad_epoch():
    losses = np.linspace(50, 1, 50)
    losses[20] += 2
    assert epochs_until(Patience(0.0, 5), losses) is None


def test_losses_that_are_not_finite_bring_nothing():
    assert epochs_until(Patience(0.0, 2), [1.0, 1.0, np.nan, np.nan]) == 4


def test_level():
    assert level(0.1)(row(1.0, 0.1)) and not level(0.1)(row(1.0, 0.11))


@pytest.mark.parametrize("solver", [gl.Minibatch(gl.sgd(0.05), batch_size=4, epochs=50), gl.GradientDescent()])
def test_a_watched_solver_stops(solver):
    plain = gl.fit(X, Y, solver=solver)
    watch = Watch(lambda row: row.epoch == 3)
    watched = gl.fit(X, Y, solver=Watched(solver, watch))
    assert watched.stop is gl.Stop.SETTLED and len(watched.history) == 3
    assert watched.history["loss"].tolist() == plain.history["loss"][:3].tolist()
    assert watch.run.table[-1].epoch == 3


def test_a_watch_that_has_not_seen_enough_changes_nothing():
    solver = gl.Minibatch(gl.sgd(0.05), batch_size=4, epochs=5)
    plain = gl.fit(X, Y, solver=solver)
    for enough in (None, lambda row: False):
        watched = gl.fit(X, Y, solver=Watched(solver, Watch(enough)))
        assert watched.stop is plain.stop and np.array_equal(watched.params["w"], plain.params["w"])
