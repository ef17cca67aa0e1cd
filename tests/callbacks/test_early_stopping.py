"""Early stopping against a loop that is written out."""

import numpy as np
import pytest

import gradloop as gl
from gradloop.stop import Stop

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 15))
Y = X[:, 0] + RANDOM.normal(size=40)
SOLVER = gl.Minibatch(gl.sgd(0.05), batch_size=8, epochs=80)


def held_losses():
    """The loss on the rows held out after each epoch, by a callback that only listens."""
    seen = []
    gl.fit(X, Y, solver=SOLVER, holdout=0.3, callbacks=[lambda told: seen.append((told.holdout, told.params))])
    return seen


@pytest.mark.parametrize(("patience", "min_delta"), [(3, 0.0), (1, 0.0), (5, 0.01)])
def test_it_stops_where_a_loop_by_hand_would(patience, min_delta):
    idle, lowest, best = 0, np.inf, None
    for epoch, (loss, params) in enumerate(held_losses(), 1):
        if best is None or loss < best[0]:
            best = loss, params, epoch
        idle, lowest = (0, loss) if loss < lowest - min_delta else (idle + 1, lowest)
        if idle == patience:
            break
    stopping = gl.callbacks.EarlyStopping(patience, min_delta)
    fit = gl.fit(X, Y, solver=SOLVER, holdout=0.3, callbacks=[stopping])
    assert fit.history["epoch"][-1] == epoch < 80 and fit.stop is Stop.EARLY
    np.testing.assert_array_equal(fit.params["w"], best[1]["w"])
    assert any(f"are those of epoch {best[2]}," in note for note in fit.notes)
    assert any(f"{patience} epochs in a row did not lower" in note for note in fit.notes)


def test_the_loss_held_out_is_the_mean_loss_of_these_rows():
    fits = []
    gl.fit(X, Y, solver=SOLVER, holdout=0.3, callbacks=[lambda told: fits.append((told.holdout, told.fit()))])
    for loss, fit in fits[::20]:
        assert loss == pytest.approx(fit.holdout["RMSE"] ** 2 / 2)


def test_the_best_parameters_are_kept_where_all_epochs_were_run():
    best = min(held_losses(), key=lambda pair: pair[0])
    fit = gl.fit(X, Y, solver=SOLVER, holdout=0.3, callbacks=[gl.callbacks.EarlyStopping(patience=1000)])
    np.testing.assert_array_equal(fit.params["w"], best[1]["w"])
    assert fit.stop is Stop.EARLY and len(fit.history) == 80


def test_it_goes_on_from_a_checkpoint(tmp_path):
    whole = gl.fit(X, Y, solver=SOLVER, holdout=0.3, callbacks=[gl.callbacks.EarlyStopping(3)])
    stop = [gl.callbacks.EarlyStopping(3), lambda told: told.epoch == 2]
    gl.fit(X, Y, solver=SOLVER, holdout=0.3, callbacks=stop, checkpoint=tmp_path / "run")
    again = [gl.callbacks.EarlyStopping(3)]
    fit = gl.fit(X, Y, solver=SOLVER, holdout=0.3, callbacks=again, checkpoint=tmp_path / "run", resume=True)
    np.testing.assert_array_equal(fit.params["w"], whole.params["w"])


def test_it_needs_rows_held_out_and_sensible_arguments():
    with pytest.raises(gl.OptionError, match=r"none are; give fit a share of them, such as holdout=0\.2"):
        gl.fit(X, Y, solver=SOLVER, callbacks=[gl.callbacks.EarlyStopping()])
    for options, said in [
        ({"patience": 0}, "patience is 0"),
        ({"patience": True}, "patience"),
        ({"min_delta": -1}, "min_delta is -1"),
        ({"min_delta": np.nan}, "min_delta is nan"),
    ]:
        with pytest.raises(gl.OptionError, match=said):
            gl.callbacks.EarlyStopping(**options)


def test_the_same_one_serves_again():
    stopping = gl.callbacks.EarlyStopping(3)
    first, second = (gl.fit(X, Y, solver=SOLVER, holdout=0.3, callbacks=[stopping]) for _ in range(2))
    np.testing.assert_array_equal(first.params["w"], second.params["w"])


def test_the_best_is_the_least_also_where_it_is_less_by_no_more_than_min_delta():
    class View:
        def holdout(self, flat):
            return float(flat[0])

    stopping = gl.callbacks.EarlyStopping(patience=2, min_delta=0.1)
    losses = [1.0, 0.5, 0.45, 0.47]
    told = [gl.Progress(at, 9, 0.0, 1.0, 1.0, flat=np.array([loss]), view=View()) for at, loss in enumerate(losses, 1)]
    assert [bool(stopping.on_epoch(each)) for each in told] == [False, False, False, True]
    assert stopping.best.epoch == 3 and stopping.best.flat == 0.45
