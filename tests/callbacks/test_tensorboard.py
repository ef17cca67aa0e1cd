"""Event files, read back by TensorBoard's own reader."""

import numpy as np
import pytest

import gradloop as gl
from gradloop.callbacks import tensorboard as module

X = np.random.default_rng(0).normal(size=(50, 2))
Y = X @ [1.0, -2.0] + 0.5
SOLVER = gl.Minibatch(gl.sgd(0.05), batch_size=10, epochs=5)


def read(folder):
    loading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = loading.EventAccumulator(str(folder))
    found.Reload()
    return found


def test_every_number_of_every_epoch(tmp_path):
    pytest.importorskip("tensorboard")
    fit = gl.fit(X, Y, solver=SOLVER, holdout=0.2, callbacks=[gl.callbacks.TensorBoard(tmp_path / "run")])
    events = read(tmp_path / "run")
    for tag, column in (("loss", "loss"), ("learning_rate", "learning_rate"), ("gradient_norm", "gradient_norm")):
        told = events.Scalars(tag)
        assert [each.step for each in told] == [1, 2, 3, 4, 5]
        np.testing.assert_allclose([each.value for each in told], fit.history[column], rtol=1e-6)
    assert events.Scalars("holdout_loss")[-1].value == pytest.approx(fit.holdout["RMSE"] ** 2 / 2, rel=1e-5)


def test_the_words_of_beginning_and_end(tmp_path):
    pytest.importorskip("tensorboard")
    fit = gl.fit(X, Y, solver=SOLVER, callbacks=[gl.callbacks.TensorBoard(tmp_path)])
    events = read(tmp_path)
    tags = events.Tags()["tensors"]
    words = {tag.partition("/")[0]: events.Tensors(tag)[0].tensor_proto.string_val[0].decode() for tag in tags}
    assert "solver: Minibatch" in words["run"] and str(fit.stop) in words["end"]


def test_a_run_that_fails_leaves_a_file_that_says_so(tmp_path):
    pytest.importorskip("tensorboard")

    def fail(told):
        raise RuntimeError

    with pytest.raises(gl.CallbackError, match="fail failed in on_epoch after epoch 1"):
        gl.fit(X, Y, solver=SOLVER, callbacks=[gl.callbacks.TensorBoard(tmp_path), fail])
    events = read(tmp_path)
    (end,) = (tag for tag in events.Tags()["tensors"] if tag.startswith("end"))
    assert len(events.Scalars("loss")) == 1
    assert b"error" in events.Tensors(end)[0].tensor_proto.string_val[0]


def test_a_folder_that_cannot_be_is_told(tmp_path):
    pytest.importorskip("tensorboard")
    (tmp_path / "file").write_text("")
    with pytest.raises(gl.CallbackError, match="TensorBoard failed in on_start"):
        gl.fit(X, Y, solver=SOLVER, callbacks=[gl.callbacks.TensorBoard(tmp_path / "file" / "run")])
    with pytest.raises(gl.OptionError, match="folder is 3"):
        gl.callbacks.TensorBoard(3)


def test_without_the_package_it_is_one_sentence(monkeypatch):
    def missing(*_):
        raise gl.OptionError("Event files need tensorboard")

    monkeypatch.setattr(module, "require", missing)
    with pytest.raises(gl.OptionError, match="need tensorboard"):
        gl.callbacks.TensorBoard("runs")
