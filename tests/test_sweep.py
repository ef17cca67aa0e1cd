"""Many settings on the same examples: each run is what a fit of its own would be."""

import inspect
import sys

import numpy as np
import pytest

import gradloop as gl
from gradloop.data.sources import read_table
from gradloop.errors import DataError, OptionError
from gradloop.solvers.gradient_descent import GradientDescent
from gradloop.solvers.minibatch import Minibatch
from gradloop.stop import Stop
from gradloop.sweep import (
    INSTEAD,
    STRENGTHS,
    in_shared_passes,
    optimizer_of,
    penalty_of,
    planned,
    several,
    side_by_side,
    solver_of,
)

module = sys.modules["gradloop.sweep"]  # gl.sweep is the function

X, Y = gl.data.synthetic_data(w=[2, -3.4], b=4.2, rows=300)
RATES, SIZES = [0.003, 0.03, 0.3], [1, 7, 64, "all"]


def same_bits(fit, other):
    return all(np.array_equal(fit.params[name], other.params[name]) for name in other.params) and np.array_equal(
        fit.history["loss"], other.history["loss"], equal_nan=True
    )


@pytest.mark.parametrize("model, optimizer", [("linear", gl.sgd), ("logistic", gl.momentum), ("linear", gl.adam)])
def test_every_run_has_the_bits_of_a_fit_of_its_own(model, optimizer):
    y = Y > 4 if model == "logistic" else Y
    found = gl.sweep(X, y, model=model, optimizer=optimizer, learning_rate=RATES, batch_size=SIZES, epochs=3, seed=5)
    assert [(run.settings["learning_rate"], run.settings["batch_size"]) for run in found] == [
        (rate, size) for rate in RATES for size in SIZES
    ]
    for run in found:
        rule = optimizer(run.settings["learning_rate"])
        alone = gl.fit(X, y, model=model, solver=Minibatch(rule, run.settings["batch_size"], 3), seed=5)
        assert same_bits(run.fit, alone) and run.fit.stop is alone.stop
        assert run.fit.certificate == alone.certificate and run.fit.notes == alone.notes
        assert run.fit.origin == alone.origin and run.fit.course.solver.optimizer is run.fit.course.optimizer


def test_rates_of_one_batch_size_share_passes_with_work_for_every_thread():
    plans = planned({"learning_rate": RATES, "batch_size": SIZES, "epochs": 2}, None, 0)
    parts = in_shared_passes(plans, 1, "native")
    assert [{plan.settings["batch_size"] for plan in part} for part in parts] == [{size} for size in SIZES]
    assert [[plan.settings["learning_rate"] for plan in part] for part in parts] == [RATES] * len(SIZES)
    assert [len(part) for part in in_shared_passes(plans, 2, "native")] == [2, 1] * len(SIZES)
    assert sorted(map(len, in_shared_passes(planned({"learning_rate": np.arange(1, 21)}, None, 0), 1, "native"))) == [
        6, 7, 7,
    ]  # fmt: skip
    assert all(len(part) == 1 for part in in_shared_passes(plans, 1, "numpy"))
    derived = planned({"batch_size": SIZES, "optimizer": ["sgd"]}, None, 0)
    descent = planned({"learning_rate": RATES}, "gradient_descent", 0)
    assert all(len(part) == 1 for part in in_shared_passes([*derived, *descent], 1, "native"))


def test_a_sweep_tells_what_the_seconds_of_shared_passes_mean():
    shared = gl.sweep(X, Y, learning_rate=RATES, batch_size=[7, 64], epochs=2)
    assert shared.notes[0].startswith("Up to 3 runs share each pass")
    assert not any("share" in note for note in gl.sweep(X, Y, learning_rate=[0.1], batch_size=[7, 64], epochs=2).notes)


def test_a_table_is_read_once_and_each_run_is_the_fit_of_it(monkeypatch, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x,c,y\n" + "".join(f"{i},{'ab'[i % 2]},{3 * i + i % 2}\n" for i in range(40)))
    reads = []
    monkeypatch.setattr(module, "read_table", lambda source: reads.append(1) or read_table(source))
    found = gl.sweep(path, target="y", holdout=0.25, learning_rate=[0.1, 0.2], batch_size=8, epochs=4)
    assert reads == [1]
    for run in found:
        rule = gl.sgd(run.settings["learning_rate"])
        alone = gl.fit(path, target="y", holdout=0.25, solver=Minibatch(rule, 8, 4))
        assert same_bits(run.fit, alone) and run.fit.holdout == alone.holdout and run.fit.origin == alone.origin
        assert run.held_out == pytest.approx(alone.holdout["RMSE"] ** 2 / 2)


def test_rates_of_descent_are_stable_up_to_the_bound():
    """f(w) = (w - 1)² c / 2 with curvature c: w moves to (1 - rate c) (w - 1), which grows beyond rate = 2 / c."""
    x, c = np.array([[1.0], [3.0]]), 5.0
    bound = 2 / c
    found = gl.sweep(
        x, x[:, 0], model=lambda x, w: x[0] * w, start={"w": 0.0}, learning_rate=[0.9 * bound, 1.1 * bound],
        batch_size="all", epochs=60,
    )  # fmt: skip
    assert found.stable_rate == pytest.approx(bound, rel=1e-4)
    assert [run.fit.stop for run in found] == [Stop.FINISHED, Stop.DIVERGED]
    assert found.best is found[0].fit and found[0].fit.params["w"] == pytest.approx(1 - (1 - 0.9 * 2) ** 60)
    assert "stable on these data is 0.4" in str(found)


def test_the_best_is_the_least_loss_on_rows_held_out():
    random = np.random.default_rng(0)
    X = random.normal(size=(60, 30))
    y = X[:, 0] + random.normal(size=60)
    found = gl.sweep(X, y, l2=[1e-6, 0.3, 100.0], holdout=0.4)
    assert [run.fit.stop for run in found] == [Stop.CONVERGED] * 3
    assert found.best is found[1].fit and found[0].loss < found[1].loss
    assert found.best_run.held_out == min(run.held_out for run in found)


def test_gaps_come_from_the_nearest_certificate():
    found = gl.sweep(X, Y > 4, model="logistic", l2=0.1, learning_rate=[0.05, 1], epochs=[2, 40])
    best = gl.fit(X, Y > 4, model="logistic", penalty=gl.l2(0.1), solver="newton")
    least = best.history["loss"][-1]
    nearest = min(found, key=lambda run: run.fit.certificate.value)
    for run in found:
        assert run.above_best == pytest.approx(run.loss - least, rel=0.05, abs=2 * nearest.fit.certificate.value)
    exact = gl.sweep(X, Y, learning_rate=[0.01, 0.1], epochs=2)
    assert [run.above_best for run in exact] == [run.fit.certificate.value for run in exact]


def test_where_nothing_certifies_there_is_no_gap():
    found = gl.sweep(X, Y, loss="absolute", learning_rate=[0.01, 0.1], epochs=2)
    assert all(np.isnan(run.above_best) for run in found) and np.isnan(found.stable_rate)


def test_other_solvers_are_swept_over_what_they_have():
    found = gl.sweep(X, Y, solver="gradient_descent", learning_rate=[0.1, 0.5])
    assert all(run.fit.stop is Stop.CONVERGED for run in found)
    assert same_bits(found[0].fit, gl.fit(X, Y, solver=GradientDescent(0.1)))
    auto = gl.sweep(X, Y, l1=[0.01, 1.0], holdout=0.2)
    assert all(run.fit.course.solver.__class__.__name__ == "CoordinateDescent" for run in auto)
    derived = gl.sweep(X, Y, batch_size=[5, 50], epochs=2)
    assert same_bits(derived[0].fit, gl.fit(X, Y, solver=Minibatch(gl.sgd, 5, 2)))


def test_ctrl_c_keeps_the_runs_that_began():
    def stop(state):
        told.append((state.epoch, state.epochs))
        raise KeyboardInterrupt

    told = []
    found = gl.sweep(X, Y, learning_rate=np.geomspace(1e-4, 1e-2, 200), batch_size=1, epochs=400, progress=stop)
    assert told == [(1, 200)] and 1 <= len(found) < 200 and found.interrupted
    assert f"Interrupted: {len(found)} of 200 runs began." in str(found)
    for run in found:
        assert run.fit.stop in (Stop.FINISHED, Stop.INTERRUPTED) and np.isfinite(run.loss)
    with pytest.raises(KeyboardInterrupt):
        side_by_side(interrupted, [None], 1, 1, None)


def interrupted(plan, watch):
    raise KeyboardInterrupt


def test_a_fault_in_one_run_is_told_and_ends_the_others():
    def run(plan, watch):
        began.append(plan)
        if plan == 0:
            raise DataError("A fault.")
        while True:
            watch(None)

    began = []
    with pytest.raises(DataError, match="A fault"):
        side_by_side(run, list(range(50)), 2, 50, None)
    assert 0 in began and len(began) < 50


@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_threads_changes_nothing(monkeypatch, threads):
    monkeypatch.setattr(module, "processors", lambda: threads)
    many = np.tile(X, (300, 1)), np.tile(Y, 300)
    found = gl.sweep(*many, learning_rate=[0.001, 0.01, 0.1, 1.0], batch_size=50, epochs=2)
    for run in found:
        alone = gl.fit(*many, solver=Minibatch(gl.sgd(run.settings["learning_rate"]), 50, 2))
        assert same_bits(run.fit, alone) and run.fit.certificate == alone.certificate


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "nothing to sweep"),
        ({"learning_rate": []}, "learning_rate is an empty list"),
        ({"learning_rate": [0.1, -1]}, "learning_rate -1 cannot be used: .* positive"),
        ({"learning_rate": ["a"]}, "learning_rate 'a' cannot be used"),
        ({"learning_rate": [0.1], "solver": "closed_form"}, "learning_rate is for the solver minibatch"),
        ({"batch_size": [10], "solver": "gradient_descent"}, "batch_size is for the solver minibatch"),
        ({"batch_size": [10, 301]}, "there are 300 rows"),
        ({"batch_size": ["some"]}, "batch_size is 'some'"),
        ({"epochs": [1, 0]}, "epochs is 0"),
        ({"optimizer": ["sgd", "speed"]}, "optimizer is 'speed'"),
        ({"optimizer": gl.sgd(0.1)}, "give a name"),
        ({"optimizer": ["sgd", "adam"], "l1": 0.1}, "needs a proximal step"),
        ({"l2": [0.1, 1]}, "rows held out"),
        ({"l2": "much"}, "cannot be used"),
        ({"learning_rate": 0.1, "solver": "speed"}, "no solver 'speed'"),
        ({"learning_rate": 0.1, "seed": -1}, "seed is -1"),
        ({"learning_rate": 0.1, "errors": "some"}, "errors"),
        ({"learning_rate": 0.1, "engine": "steam"}, "no engine"),
        ({"learning_rate": 0.1, "progress": True}, "progress is True; give a function"),
    ],
)
def test_wrong_options_are_refused_before_any_run(monkeypatch, options, sentence):
    monkeypatch.setattr(Minibatch, "solve", lambda *given: pytest.fail("a run began"))
    with pytest.raises(OptionError, match=sentence):
        gl.sweep(X, Y, **options)


@pytest.mark.parametrize("name", INSTEAD)
def test_options_of_a_single_fit_are_refused_with_what_to_do(name):
    assert name in inspect.signature(gl.fit).parameters
    with pytest.raises(OptionError, match=f"A sweep does not take {name}: "):
        gl.sweep("no such file.csv", target="y", learning_rate=0.1, **{name: "some"})
    assert len(gl.sweep(X, Y, learning_rate=0.1, epochs=1, **{name: None})) == 1


def test_every_option_of_a_fit_is_taken_or_refused():
    taken = inspect.signature(gl.sweep).parameters
    assert set(inspect.signature(gl.fit).parameters) <= {*taken, *INSTEAD}
    with pytest.raises(TypeError, match="unexpected keyword argument 'speed'"):
        gl.sweep(X, Y, learning_rate=0.1, speed=2)


def test_units_are_those_of_each_fit(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x,y\n" + "".join(f"{i},{3 * i}\n" for i in range(40)))
    found = gl.sweep(path, target="y", learning_rate=[0.1, 0.2], epochs=2, units={"x": "m"})
    assert [run.fit.units for run in found] == [{"x": "m"}] * 2


def test_wrong_settings_are_refused_before_the_data_are_read():
    with pytest.raises(OptionError, match="minibatch"):
        gl.sweep("no such file.csv", target="y", learning_rate=[0.1], solver="newton")
    with pytest.raises(DataError, match="no such file"):
        gl.sweep("no such file.csv", target="y", learning_rate=[0.1])


def test_settings_become_plans():
    plans = planned({"learning_rate": np.array([0.1, 0.2, 0.1]), "batch_size": range(1, 3), "l1": None}, None, 0.0)
    assert [plan.settings for plan in plans] == [
        {"learning_rate": rate, "batch_size": size} for rate in (0.1, 0.2) for size in (1, 2)
    ]
    assert several("epochs", 3) == (3,) and STRENGTHS == ("l1", "l2")
    assert solver_of({"l2": 1}, None) is None and isinstance(solver_of({"epochs": 3}, "auto"), Minibatch)
    assert optimizer_of("adam", None) is gl.adam and optimizer_of(gl.sgd, 0.5).rate(1) == 0.5
    assert penalty_of(None, None) is None and penalty_of(1, 2).name == gl.elastic_net(l1=1, l2=2).name
    assert penalty_of(1, None).name == "l1" and penalty_of(None, 1).name == "l2"
