"""The channel between a solver and its callbacks: who is told what, who stops a run, and what happens to what fails."""

import numpy as np
import pytest

import gradloop as gl
from gradloop.callbacks.calls import as_callbacks
from gradloop.stop import Stop

X = np.random.default_rng(0).normal(size=(60, 2))
Y = X @ [1.0, -2.0] + 0.5 + 0.1 * np.random.default_rng(1).normal(size=60)
LABELS = (Y + np.random.default_rng(2).logistic(size=60) > 0).astype(float)
SGD = gl.Minibatch(gl.sgd(0.05), batch_size=10, epochs=6)
SOLVERS = {
    "minibatch": ({"solver": SGD}, Y),
    "gradient descent": ({"solver": gl.GradientDescent(iterations=6)}, Y),
    "newton": ({"solver": gl.Newton(), "model": "logistic"}, LABELS),
    "lbfgs": ({"solver": gl.LBFGS(), "model": "logistic", "penalty": gl.l2(0.1)}, LABELS),
    "coordinate descent": ({"solver": gl.CoordinateDescent(), "penalty": gl.l1(0.1)}, Y),
    "exhaustive": ({"solver": gl.Exhaustive({"b": np.linspace(0, 1, 60)})}, Y),
}


class Listener(gl.callbacks.Callback):
    def __init__(self, stop_after=None, answer=True):
        self.told, self.stop_after, self.answer = [], stop_after, answer

    def on_start(self, outline):
        self.told.append(("start", outline))

    def on_epoch(self, progress):
        self.told.append(("epoch", progress.epoch, progress.loss, progress.params))
        return self.answer if progress.epoch == self.stop_after else None

    def on_stop(self, fit):
        self.told.append(("stop", fit))


@pytest.mark.parametrize("name", SOLVERS)
def test_every_solver_with_epochs_tells_each_of_them(name):
    options, y = SOLVERS[name]
    listener = Listener()
    fit = gl.fit(X, y, callbacks=[listener], **options)
    (_, outline), *epochs, (last, told) = listener.told
    assert last == "stop" and np.array_equal(told.params["b"], fit.params["b"])
    assert outline.rows == 60 and outline.held == 0 and outline.parameters == 3
    assert epochs and [epoch for _, epoch, *_ in epochs] == sorted({epoch for _, epoch, *_ in epochs})
    for parameter, values in epochs[-1][3].items():
        np.testing.assert_allclose(values, fit.params[parameter], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", SOLVERS)
def test_callbacks_do_not_change_the_fit(name):
    options, y = SOLVERS[name]
    with_one, without = gl.fit(X, y, callbacks=[Listener()], **options), gl.fit(X, y, **options)
    assert all(np.array_equal(with_one.params[key], without.params[key]) for key in without.params)
    assert with_one.stop is without.stop and with_one.notes == without.notes


@pytest.mark.parametrize("name", ["minibatch", "gradient descent"])
@pytest.mark.parametrize(("answer", "why"), [(True, "."), ("It is enough.", ": It is enough.")])
def test_one_that_asks_ends_the_run_with_the_parameters_of_that_epoch(name, answer, why):
    options, y = SOLVERS[name]
    listener = Listener(stop_after=2, answer=answer)
    fit = gl.fit(X, y, callbacks=[listener, Listener()], **options)
    assert fit.stop is Stop.ASKED and fit.history["epoch"][-1] == 2
    assert f"Listener asked to stop after epoch 2{why}" in fit.notes
    np.testing.assert_array_equal(listener.told[-2][3]["w"], fit.params["w"])


def test_a_function_is_the_smallest_callback():
    losses = []
    fit = gl.fit(X, Y, solver=SGD, callbacks=[lambda progress: losses.append(progress.loss)])
    np.testing.assert_array_equal(losses, fit.history["loss"])
    gl.fit(X, Y, solver=SGD, progress=lambda progress: losses.append(progress.seconds_left))
    assert losses[-1] == 0.0 and len(losses) == 12


def test_parameters_cannot_be_changed_by_a_callback():
    def change(progress):
        progress.params["w"][0] = 7.0

    with pytest.raises(gl.CallbackError, match=r"change failed in on_epoch after epoch 1 \(ValueError: .*read-only"):
        gl.fit(X, Y, solver=SGD, callbacks=[change])


def test_what_a_callback_raises_ends_the_fit_and_the_others_are_told():
    class Broken(gl.callbacks.Callback):
        def on_epoch(self, progress):
            raise RuntimeError("no space")

    listener = Listener()
    with pytest.raises(gl.CallbackError, match=r"Broken failed in on_epoch after epoch 1 \(RuntimeError: no space\)"):
        gl.fit(X, Y, solver=SGD, callbacks=[listener, Broken()])
    assert listener.told[-1] == ("stop", None)


def test_ctrl_c_keeps_what_was_learned():
    def press(progress):
        if progress.epoch == 3:
            raise KeyboardInterrupt

    fit = gl.fit(X, Y, solver=SGD, callbacks=[press])
    assert fit.stop is Stop.INTERRUPTED and fit.history["epoch"][-1] == 3


def test_the_closed_form_has_no_epochs_to_tell_of(tmp_path):
    for options in ({"solver": "closed_form"}, {}):
        with pytest.raises(gl.OptionError, match="The closed form solves at once .* Listener"):
            gl.fit(X, Y, callbacks=[Listener()], **options)
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{i},{2 * i + i % 3}\n" for i in range(20)))
    with pytest.raises(gl.OptionError, match="The closed form solves at once"):
        gl.fit(tmp_path / "t.csv", target="y", callbacks=[Listener()])
    assert gl.fit(X, Y, progress=print).stop is Stop.CONVERGED  # what only shows may stay


@pytest.mark.parametrize(
    ("progress", "callbacks", "said"),
    [
        (3, (), "progress is 3; give True, or a function"),
        (None, "bar", "callbacks is 'bar', but it must be a list"),
        (None, [gl.callbacks.EarlyStopping], r"the class EarlyStopping itself; give one of it: EarlyStopping\(\)"),
        (None, [3], "callbacks holds 3, which is no callback"),
    ],
)
def test_what_is_no_callback_is_refused(progress, callbacks, said):
    with pytest.raises(gl.OptionError, match=said):
        as_callbacks(progress, callbacks)


def test_a_callback_goes_on_where_a_checkpoint_left_it(tmp_path):
    class Count(gl.callbacks.Callback):
        CHANGES = ("epochs",)
        epochs = 0

        def on_epoch(self, progress):
            self.epochs += 1
            return self.epochs == 3 or None

    gl.fit(X, Y, solver=SGD, callbacks=[Count()], checkpoint=tmp_path / "run")
    again = Count()
    fit = gl.fit(X, Y, solver=SGD, callbacks=[again], checkpoint=tmp_path / "run", resume=True)
    whole = gl.fit(X, Y, solver=SGD)
    assert again.epochs == 6 and np.array_equal(fit.params["w"], whole.params["w"])


def test_all_hear_the_epoch_in_which_one_asks_and_the_first_is_named():
    heard = []
    callbacks = [lambda told: told.epoch == 2 and "first", heard.append, lambda told: told.epoch == 2 and "second"]
    fit = gl.fit(X, Y, solver=SGD, callbacks=callbacks)
    assert [each.epoch for each in heard] == [1, 2]
    assert fit.stop is Stop.ASKED and fit.notes[-1].endswith("after epoch 2: first.")
