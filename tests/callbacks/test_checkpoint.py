"""The checkpoint among callbacks is the one of the options."""

import numpy as np
import pytest

import gradloop as gl
from gradloop.callbacks import Checkpoint, EarlyStopping

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 12))
Y = X[:, 0] + RANDOM.normal(size=60)
SOLVER = gl.Minibatch(gl.sgd(0.05), batch_size=8, epochs=9)


def test_a_stopped_run_goes_on_to_the_same_bits(tmp_path):
    def third(told):
        return told.epoch == 3

    place, epochs = tmp_path / "run", []
    stopped = gl.fit(X, Y, solver=SOLVER, callbacks=[Checkpoint(place, every=1000), third])
    assert stopped.stop is gl.Stop.ASKED and len(stopped.history) == 3
    going_on = [Checkpoint(place, resume=True), lambda told: epochs.append(told.epoch)]
    resumed = gl.fit(X, Y, solver=SOLVER, callbacks=going_on)
    assert epochs == [4, 5, 6, 7, 8, 9]
    np.testing.assert_array_equal(resumed.params["w"], gl.fit(X, Y, solver=SOLVER).params["w"])


def test_it_is_read_by_the_options_and_reads_what_they_wrote(tmp_path):
    whole = gl.fit(X, Y, solver=SOLVER, holdout=0.3, callbacks=[EarlyStopping(2)])
    for first, then in ((0, 1), (1, 0)):
        place = tmp_path / str(first)
        for resume, way in ((False, first), (True, then)):
            options = {} if way else {"checkpoint": place, "resume": resume}
            kept = [Checkpoint(place, resume=resume)] if way else []
            asking = [] if resume else [lambda told: told.epoch == 2]
            callbacks = [*kept, EarlyStopping(2), *asking]  # what is kept goes by the places of the others
            found = gl.fit(X, Y, solver=SOLVER, holdout=0.3, callbacks=callbacks, **options)
        np.testing.assert_array_equal(found.params["w"], whole.params["w"])


def test_what_cannot_be_kept_is_refused_before_training(tmp_path):
    place = tmp_path / "run"
    for callbacks, options, said in [
        ([Checkpoint(place), Checkpoint(place)], {}, "A run has one checkpoint"),
        ([Checkpoint(place)], {"checkpoint": place}, "A run has one checkpoint"),
        ([Checkpoint(place)], {"every": 3}, "A run has one checkpoint"),
        ([Checkpoint(place, every=-1)], {}, "every is -1"),
        ([Checkpoint("")], {}, "checkpoint is ''"),
        ([Checkpoint(place)], {"solver": "closed_form"}, "ClosedForm cannot go on from a checkpoint"),
    ]:
        with pytest.raises(gl.OptionError, match=said):
            gl.fit(X, Y, callbacks=callbacks, **{"solver": SOLVER} | options)
    place.write_text("mine")
    with pytest.raises(gl.OptionError, match="is there already"):
        gl.fit(X, Y, solver=SOLVER, callbacks=[Checkpoint(place)])
    assert place.read_text() == "mine"
