"""Callbacks on estimators: scikit-learn's own, a recording one, gradloop's; a wish to stop; searches; failures."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import gradloop as gl
import gradloop.sklearn
import gradloop.training
from gradloop.errors import CallbackError, OptionError
from gradloop.sklearn import (
    HuberRegressor,
    LawRegressor,
    LinearRegression,
    LogisticRegression,
    Ridge,
    SGDClassifier,
    SGDRegressor,
)

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 brought callbacks")

X = np.random.default_rng(0).normal(size=(200, 3))
Y = X @ [1.0, -2.0, 0.5] + 3 + np.random.default_rng(1).normal(0, 0.3, 200)
TWO, FOUR = (Y > 3).astype(int), np.digitize(Y, [1, 3, 5])


class Recorder:
    """Writes down what it is told."""

    def __init__(self):
        self.told, self.fitted, self.seen = [], [], []

    def setup(self, estimator, context):
        self.told.append("setup")

    def teardown(self, estimator, context):
        self.told.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.told.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None):
        self.told.append(f"end {context.task_name}")
        if context.task_name == "epoch" and fitted_estimator is not None:
            self.fitted.append(fitted_estimator)
            self.seen.append((X, y, metadata))


class After(Recorder):
    """Wants to stop after some epochs."""

    def __init__(self, epochs):
        super().__init__()
        self.epochs = epochs

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        return context.task_name == "epoch" and context.task_id + 1 == self.epochs


class Propagated(Recorder):
    """Is handed on to estimators within others, and to their clones."""

    max_propagation_depth = None


def estimator_and_target(name):
    chosen = getattr(gradloop.sklearn, name)()
    return chosen, {"LogisticRegression": TWO, "SGDClassifier": TWO}.get(name, Y)


@pytest.mark.parametrize("name", gradloop.sklearn.__all__)
def test_fit_is_a_task_and_every_epoch_one_within_it(name):
    recorder = Recorder()
    model, y = estimator_and_target(name)
    without = clone(model).fit(X, y)
    model.set_callbacks(recorder).fit(X, y)
    assert recorder.told[:2] == ["setup", "begin fit"] and recorder.told[-2:] == ["end fit", "teardown"]
    epochs = recorder.told[2:-2]
    assert epochs == ["begin epoch", "end epoch"] * (len(epochs) // 2)
    closed_form = type(model.fit_.course.solver).__name__ == "ClosedForm"
    assert len(recorder.fitted) == (0 if closed_form else len(model.history_))
    np.testing.assert_array_equal(model.predict(X), without.predict(X))
    assert not [key for key in vars(model) if key in ("_task", "_callback_fit_ctx")]


@pytest.mark.parametrize(
    "name", [name for name in gradloop.sklearn.__all__ if "Linear" not in name and name != "Ridge"]
)
def test_what_was_fitted_so_far_predicts_and_ends_at_the_fit(name):
    recorder = Recorder()
    model, y = estimator_and_target(name)
    if name == "LawRegressor":
        model.set_params(solver="gradient_descent")
    weights = np.ones(len(X))
    model.set_callbacks(recorder).fit(X, y, sample_weight=weights)
    last = recorder.fitted[-1]
    np.testing.assert_allclose(last.predict(X), model.predict(X), rtol=1e-6)
    assert last.certificate_.sentence and last.fit_.stop is gl.Stop.INTERRUPTED
    assert pickle.loads(pickle.dumps(last.set_callbacks())).score(X, y) == last.score(X, y)
    seen, target, metadata = recorder.seen[0]
    assert seen is X and target is y and metadata["sample_weight"] is weights


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_epoch_fitted_so_far_is_the_fit_with_so_many_epochs():
    recorder = Recorder()
    SGDRegressor(max_iter=5, tol=None, average=True).set_callbacks(recorder).fit(X, Y)
    for epochs, found in enumerate(recorder.fitted, start=1):
        short = SGDRegressor(max_iter=epochs, tol=None, average=True).fit(X, Y)
        np.testing.assert_array_equal(found.coef_, short.coef_)
        assert found.n_iter_ == 1 and found.t_ == short.t_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_callback_that_wants_to_stop_is_heard():
    model = SGDRegressor(max_iter=50, tol=None).set_callbacks(After(3)).fit(X, Y)
    np.testing.assert_array_equal(model.coef_, SGDRegressor(max_iter=3, tol=None).fit(X, Y).coef_)
    assert model.n_iter_ == 3 and model.fit_.stop is gl.Stop.ASKED
    assert model.fit_.notes[-1] == "After asked to stop after epoch 3."
    model = LogisticRegression(C=1e3, tol=1e-8).set_callbacks(After(2)).fit(X, TWO)
    np.testing.assert_array_equal(model.n_iter_, [2])
    model = HuberRegressor(tol=1e-12).set_callbacks(After(4)).fit(X, Y)
    assert model.n_iter_ == 4 and len(model.outliers_) == len(X)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_classes_told_from_the_rest_are_runs_of_their_own():
    recorder = Recorder()
    model = SGDClassifier(max_iter=20).set_callbacks(recorder).fit(X, FOUR)
    runs = [told for told in recorder.told if "class" in told]
    assert runs == [f"{verb} class {label}" for label in model.classes_ for verb in ("begin", "end")]
    assert recorder.told.count("begin epoch") >= sum(len(history) for history in model.history_)
    assert recorder.fitted == []  # one class alone tells nothing from the others


def test_scikit_learn_scores_every_epoch():
    model, monitor = LogisticRegression(max_iter=1000), callback.ScoringMonitor(scoring="accuracy")
    flowers, kinds = load_iris(return_X_y=True, as_frame=True)  # scorers ask for the columns by their names
    model.set_callbacks(monitor).fit(flowers, kinds)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == len(model.history_)
    assert rows[-1]["accuracy"] == model.score(flowers, kinds)


def test_scikit_learn_draws_its_bar(capsys):
    pytest.importorskip("rich")
    model = SGDClassifier(max_iter=30, tol=None).set_callbacks(callback.ProgressBar(max_propagation_depth=None))
    model.fit(X, FOUR)
    shown = capsys.readouterr().out
    assert "SGDClassifier - fit" in shown and "class 3 #3" in shown and "100%" in shown


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_searches_and_pipelines_hand_callbacks_on():
    recorder = Propagated()
    pipeline = make_pipeline(StandardScaler(), SGDRegressor(max_iter=4, tol=None))
    search = GridSearchCV(pipeline, {"sgdregressor__alpha": [0.01, 0.1]}, cv=2).set_callbacks(recorder).fit(X, Y)
    assert recorder.told.count("begin epoch") == recorder.told.count("end epoch") == (2 * 2 + 1) * 4
    assert len(recorder.fitted) == 20 and recorder.told.count("setup") == recorder.told.count("teardown") == 1
    assert not hasattr(search.best_estimator_[-1], "_skl_callbacks")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_gradloop_has_its_own_among_them():
    class Count(gl.callbacks.Callback):
        starts, epochs, fits = 0, 0, 0

        def on_start(self, outline):
            self.starts += 1

        def on_epoch(self, progress):
            self.epochs += 1
            return progress.epoch == 3

        def on_stop(self, fit):
            self.fits += fit is not None

    count, told, recorder = Count(), [], Recorder()
    model = SGDRegressor(tol=None).set_callbacks(count, recorder, told.append)
    GridSearchCV(model, {"alpha": [0.01, 0.1]}, cv=2, refit=False).fit(X, Y)
    assert (count.starts, count.epochs, count.fits) == (4, 12, 4)
    assert len(told) == 12 and told[-1].params["w"].shape == (3,)
    assert len(recorder.fitted) == 12
    model.set_callbacks().fit(X, Y)
    assert count.starts == 4


def test_a_checkpoint_is_kept_where_the_solver_can_go_on(tmp_path):
    place = str(tmp_path / "run")
    short = LogisticRegression(C=100, tol=1e-10).set_callbacks(gl.callbacks.Checkpoint(place), After(3)).fit(X, TWO)
    model = LogisticRegression(C=100, tol=1e-10).set_callbacks(gl.callbacks.Checkpoint(place, resume=True))
    np.testing.assert_array_equal(model.fit(X, TWO).coef_, LogisticRegression(C=100, tol=1e-10).fit(X, TWO).coef_)
    assert short.fit_.stop is gl.Stop.ASKED and any("resumed" in note.lower() for note in model.fit_.notes)
    with pytest.raises(OptionError, match="cannot go on from a checkpoint"):
        SGDRegressor().set_callbacks(gl.callbacks.Checkpoint(str(tmp_path / "other"))).fit(X, Y)


def test_what_cannot_be_told_is_refused():
    for wrong in (7, "ProgressBar", gl.callbacks.Callback, callback.ProgressBar):
        with pytest.raises(OptionError, match="callbacks holds"):
            Ridge().set_callbacks(wrong)
    with pytest.raises(OptionError, match="rows held out, but none are"):
        SGDRegressor().set_callbacks(gl.callbacks.EarlyStopping()).fit(X, Y)
    with pytest.raises(OptionError, match="closed form solves at once"):
        LinearRegression().set_callbacks(print).fit(X, Y)
    with pytest.raises(OptionError, match="partial_fit has no epochs that it could tell print of"):
        SGDRegressor().set_callbacks(print).partial_fit(X, Y)


def test_a_pass_over_rows_given_one_by_one_is_a_task():
    recorder = Recorder()
    SGDRegressor().set_callbacks(recorder).partial_fit(X, Y)
    SGDClassifier().set_callbacks(recorder).partial_fit(X, FOUR, classes=range(4))
    assert recorder.told == ["setup", "begin partial_fit", "end partial_fit", "teardown"] * 2


def test_a_callback_that_fails_is_named_and_the_others_are_closed():
    class Failing(Recorder):
        def on_fit_task_end(self, estimator, context):
            raise ZeroDivisionError("one over nothing")

    other, model = Recorder(), SGDRegressor()
    with pytest.raises(CallbackError, match="The callback Failing failed in on_epoch after epoch 1") as caught:
        model.set_callbacks(Failing()).fit(X, Y)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    with pytest.raises(CallbackError, match="Recorder, Failing"):
        model.set_callbacks(other, Failing()).fit(X, Y)
    assert other.told[-1] == "teardown"
    assert np.isfinite(model.set_callbacks().fit(X, Y).coef_).all()


def test_a_warning_is_about_the_line_that_called_fit():
    for model in (SGDRegressor(max_iter=1), LogisticRegression(max_iter=1), HuberRegressor(max_iter=1)):
        with pytest.warns(ConvergenceWarning) as caught:
            model.fit(X, TWO)
        assert caught[0].filename == __file__


def test_without_callbacks_nothing_listens(monkeypatch):
    monkeypatch.setattr(gradloop.training, "Calls", None)
    for model in (SGDRegressor(), HuberRegressor(), LawRegressor(solver="newton")):
        model.fit(X, Y)
        model.set_callbacks().fit(X, Y)


def test_scikit_learn_before_1_9_is_told_of_in_a_sentence():
    program = (
        "import sys; sys.modules['sklearn.callback'] = None\n"
        "from gradloop.sklearn import Ridge\n"
        "print(Ridge().fit([[0.0], [1.0]], [0.0, 1.0]).coef_.shape)\n"
        "try:\n    Ridge().set_callbacks(print)\nexcept ValueError as error:\n    print(error)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    shape, sentence = told.splitlines()
    assert shape == "(1,)"
    assert sentence.startswith("Ridge.set_callbacks needs scikit-learn 1.9 or newer")
