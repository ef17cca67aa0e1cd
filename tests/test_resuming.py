import os
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path

import numpy as np
import pytest

import gradloop as gl
from gradloop import checkpoint, resuming
from gradloop.errors import DataError, ModelFileError, OptionError
from gradloop.examples import from_arrays
from gradloop.penalties import Penalty
from gradloop.problem import make_problem
from gradloop.solvers import exhaustive, minibatch, newton
from gradloop.stop import Stop

TESTS = Path(__file__).parent
MOST_KILLS = 8  # of one kind of run, beside the first three instants
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(400, 3)) * [1.0, 5.0, 0.2]
SCORE = X @ [1.0, -0.4, 3.0] + 0.5
Y = SCORE + RANDOM.normal(size=400)
CLASSES = (SCORE + RANDOM.logistic(size=400) > 0).astype(float)


def leaping(rate):
    """Descent whose derived rate is so much too large that it diverges at first."""
    return gl.sgd(lambda t: 40 * rate(t))


def growing(t):
    """A rate that is fine for a while."""
    return 0.002 * 1.03**t


RUNS = {
    "sgd": ({"solver": gl.Minibatch(gl.sgd(0.01), epochs=6)}, Y),
    "adam, short last batch": ({"solver": gl.Minibatch(gl.adamw(0.05), batch_size=33, epochs=9)}, Y),
    "averages, lasso": ({"solver": gl.Minibatch(gl.averaged_sgd(0.02), epochs=6), "penalty": gl.l1(0.1)}, Y),
    "derived rate": ({"solver": gl.Minibatch(gl.momentum, epochs=6), "holdout": 0.2}, Y),
    "derived rate, at the second attempt": ({"solver": gl.Minibatch(leaping, epochs=6)}, Y),
    "in order, NumPy": ({"solver": gl.Minibatch(gl.nesterov(0.01), 99, 3, shuffle=False), "engine": "numpy"}, Y),
    "diverging": ({"solver": gl.Minibatch(gl.sgd(growing), epochs=40)}, Y),
    "gradient descent": ({"solver": gl.GradientDescent(tolerance=1e-3), "penalty": gl.l1(0.05)}, Y),
    "gradient descent, given rate": ({"solver": gl.GradientDescent(0.01, momentum=False, iterations=20)}, Y),
    "gradient descent, until rounding": (
        {"solver": gl.GradientDescent(tolerance=1e-15), "model": "logistic", "penalty": gl.l2(3.0)},
        CLASSES,
    ),
    "Newton": ({"solver": "newton", "model": "logistic"}, CLASSES),
    "Newton, Huber": ({"solver": "newton", "loss": gl.huber(0.5)}, Y + 1000),
    "L-BFGS": ({"solver": "lbfgs", "model": "logistic", "weights": np.arange(400.0)}, CLASSES),
    "L-BFGS, at its limit": ({"solver": gl.LBFGS(iterations=5), "model": "logistic"}, CLASSES),
    "search": ({"solver": gl.Exhaustive({"w": [np.linspace(-3, 3, 9)] * 3, "b": [0.0, 0.5]}, refine=2)}, Y),
}


class Killed(BaseException):
    """Ends a run as kill -9 would, but for the process."""


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    """Native calls and parts of a grid are short, so that there are many instants to save at."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(minibatch, "FIRST_CALL", 100)
    monkeypatch.setattr(minibatch, "SECONDS_IN_A_CALL", 1e-4)
    monkeypatch.setattr(exhaustive, "TOGETHER", 64)


def run(name, **options):
    settings, y = RUNS[name]
    return gl.fit(X, y, seed=3, **settings, **options)


def bits(fit):
    """All that must be the same: the parameters and the record, but for the seconds."""
    columns = [fit.history[name].tobytes() for name in ("epoch", "loss", "gradient_norm", "learning_rate", "rows")]
    snapshots = [(epoch, {name: np.asarray(v).tobytes() for name, v in at.items()}) for epoch, at in fit.history.params]
    params = [(name, values.dtype, values.shape, values.tobytes()) for name, values in fit.params.items()]
    return params, columns, snapshots, fit.stop, fit.certificate, fit.holdout


def count_of_saves(monkeypatch, act):
    """How often a run that is not disturbed saves."""
    write, saves = checkpoint.write_whole, []
    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "write_whole", lambda *args, **options: saves.append(write(*args, **options)))
        act()
    clear()
    return len(saves)


def clear():
    for name in os.listdir():
        os.remove(name)


def killed_after(monkeypatch, saves, act):
    """Run until so many states were saved; whether it was killed, or finished before."""
    write, numbers = checkpoint.write_whole, count(1)

    def write_and_die(*args, **options):
        write(*args, **options)
        if next(numbers) == saves:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "write_whole", write_and_die)
        try:
            act()
        except Killed:
            return True
    return False


@pytest.mark.fault(33)
@pytest.mark.parametrize("name", RUNS)
def test_killed_after_any_save_it_comes_to_the_same_bits(name, monkeypatch):
    undisturbed = run(name)
    saves = count_of_saves(monkeypatch, lambda: run(name, checkpoint="run", every=0))
    assert saves >= 3
    for last in sorted({1, 2, 3, *np.linspace(4, saves, MOST_KILLS).astype(int)}):
        killed_after(monkeypatch, last, lambda: run(name, checkpoint="run", every=0))
        resumed = run(name, checkpoint="run", every=0, resume=True)
        assert bits(resumed) == bits(undisturbed)
        assert resumed.notes[:-1] == undisturbed.notes
        assert resumed.notes[-1].startswith("Training resumed from 'run', after")
        clear()


@pytest.mark.parametrize("name", ["sgd", "gradient descent", "Newton", "L-BFGS", "search"])
def test_so_it_does_in_single_precision(name, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "X", X.astype(np.float32))
    test_killed_after_any_save_it_comes_to_the_same_bits(name, monkeypatch)


@pytest.mark.parametrize("name", RUNS)
def test_killed_again_and_again_it_comes_to_the_same_bits(name, monkeypatch):
    """Each life saves twice, of which the first may be the state that it was given."""
    lives = 1
    while killed_after(monkeypatch, 2, lambda: run(name, checkpoint="run", every=0, resume=True)):
        lives += 1
    assert bits(run(name, checkpoint="run", resume=True)) == bits(run(name))
    assert lives > 2


@pytest.mark.parametrize("name", ["sgd", "gradient descent, given rate", "L-BFGS, at its limit", "search"])
def test_a_checkpoint_changes_no_bit_and_the_seconds_go_on(name):
    plain, kept = run(name), run(name, checkpoint="run")
    assert bits(plain) == bits(kept) and plain.notes == kept.notes
    resumed = run(name, checkpoint="run", resume=True)
    assert resumed.history["seconds"].tolist() == kept.history["seconds"].tolist()


@pytest.mark.fault(33)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork a process")
def test_killed_at_200_random_instants_it_comes_to_the_same_bits(tmp_path):
    program = [sys.executable, "-W", "ignore", TESTS / "killing.py", tmp_path, "200", str(os.getpid())]
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent / "src")}
    done = subprocess.run(program, capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    deaths = [int(line.split()[-2]) for line in done.stdout.splitlines()]
    assert sum(deaths) == 200


# ---- more epochs ---------------------------------------------------------------------------------------------


def test_epochs_may_be_raised_where_the_rate_does_not_depend_on_them():
    def trained(epochs, **options):
        return gl.fit(X, Y, solver=gl.Minibatch(gl.adam(0.05), epochs=epochs), **options)

    trained(4, checkpoint="run")
    more = trained(9, checkpoint="run", resume=True)
    assert more.history["loss"].tolist() == trained(9).history["loss"].tolist() and len(more.history) == 9
    with pytest.raises(OptionError, match="holds 9 epochs or iterations already, more than the 5"):
        trained(5, checkpoint="run", resume=True)


@pytest.mark.parametrize("solver", [gl.GradientDescent, gl.LBFGS])
def test_iterations_may_be_raised(solver):
    def trained(iterations, **options):
        return gl.fit(X, CLASSES, model="logistic", solver=solver(iterations=iterations), **options)

    trained(3, checkpoint="run")
    more = trained(6, checkpoint="run", resume=True)
    assert more.history["loss"].tobytes() == trained(6).history["loss"].tobytes()


def test_epochs_may_not_be_raised_where_the_rate_falls_over_all_of_them():
    gl.fit(X, Y, solver=gl.Minibatch(epochs=4), checkpoint="run")
    with pytest.raises(OptionError, match="epochs was 4 and is 5"):
        gl.fit(X, Y, solver=gl.Minibatch(epochs=5), checkpoint="run", resume=True)


# ---- what may not change -------------------------------------------------------------------------------------


def changed(values, place, by):
    found = values.copy()
    found[place] += by
    return found


DATA = {
    "one value, in its last bit": ((changed(X, (399, 2), np.spacing(X[399, 2])), Y), "the features have changed"),
    "two rows in the other order": ((X[[1, 0, *range(2, 400)]], Y), "the features have changed"),
    "one target": ((X, changed(Y, 7, 1.0)), "the targets have changed"),
    "a row less": ((X[:-1], Y[:-1]), "the features had 400 rows, and now have 399"),
    "a column more": ((np.c_[X, X[:, 0]], Y), "the features were 3 × float64, and now are 4 × float64"),
    "precision": ((X.astype(np.float32), Y), "were 3 × float64, and now are 3 × float32"),
}


@pytest.mark.fault(28, 34)
@pytest.mark.parametrize("case", DATA)
def test_other_data_are_refused(case):
    solver = gl.Minibatch(gl.sgd(0.01), epochs=2)
    gl.fit(X, Y, solver=solver, checkpoint="run")
    before = Path("run").read_bytes()
    (other, targets), said = DATA[case]
    with pytest.raises(DataError, match=f"not those of the checkpoint 'run'.*{said}"):
        gl.fit(other, targets, solver=solver, checkpoint="run", resume=True)
    assert Path("run").read_bytes() == before


def test_weights_held_out_rows_and_columns_are_data_too():
    solver = gl.Minibatch(gl.sgd(0.001), epochs=2)
    table = {"a": X[:, 0], "b": X[:, 1], "y": Y}
    gl.fit(table, target="y", solver=solver, checkpoint="run")
    for other, said in (
        ({"a": X[:, 0], "c": X[:, 1], "y": Y}, "the names or units of the columns have changed"),
        ({"a": X[:, 0] * 2, "b": X[:, 1], "y": Y}, "the names or units of the columns have changed"),
    ):
        with pytest.raises(DataError, match=said):
            gl.fit(other, target="y", solver=solver, checkpoint="run", resume=True)
    with pytest.raises(DataError, match="there were no weights, and now there are"):
        gl.fit(table, target="y", weights=np.arange(1, 401.0), solver=solver, checkpoint="run", resume=True)
    with pytest.raises(DataError, match="there were no features held out"):
        gl.fit(table, target="y", holdout=0.5, solver=solver, checkpoint="run", resume=True)


def fitted(optimizer=None, *, batch_size=10, epochs=2, shuffle=True, **options):
    rule = gl.sgd(0.01) if optimizer is None else optimizer
    solver = gl.Minibatch(rule, batch_size=batch_size, epochs=epochs, shuffle=shuffle)
    return gl.fit(X, Y, **{"solver": solver, "seed": 1, "penalty": gl.l2(0.1), **options})


SETTINGS = {
    "seed": ({"seed": 2}, "seed was 1 and is 2"),
    "rate": ({"optimizer": gl.sgd(0.02)}, "the rule of the optimizer is another"),
    "schedule": ({"optimizer": gl.sgd(gl.schedules.cosine(0.01, 80))}, "the rule of the optimizer is another"),
    "optimizer": ({"optimizer": gl.adam(0.01)}, "the rule of the optimizer is another"),
    "batch": ({"batch_size": 11}, "batch size was 10 and is 11"),
    "order": ({"shuffle": False}, "shuffle was True and is False"),
    "strength": ({"penalty": gl.l2(0.2)}, "the formula of the penalty is another"),
    "penalty": ({"penalty": gl.l1(0.1)}, "penalty was l2 and is l1"),
    "no penalty": ({"penalty": None}, "penalty was l2 and is none"),
    "loss": ({"loss": "absolute"}, "loss was squared and is absolute"),
    "model": ({"model": gl.polynomial(2)}, r"model was linear and is polynomial\(2\)"),
    "engine": ({"engine": "numpy"}, "engine was native and is numpy"),
    "solver": ({"solver": gl.LBFGS()}, "solver was Minibatch and is LBFGS"),
    "start": ({"start": {"w": np.ones(3), "b": 0.0}}, "the start is another"),
}


@pytest.mark.fault(34)
@pytest.mark.parametrize("case", SETTINGS)
def test_other_settings_are_refused(case):
    fitted(checkpoint="run")
    before = Path("run").read_bytes()
    options, said = SETTINGS[case]
    with pytest.raises(OptionError, match=f"not those of the checkpoint 'run': .*{said}"):
        fitted(checkpoint="run", resume=True, **options)
    assert Path("run").read_bytes() == before


def test_another_seed_is_told_from_other_data():
    fitted(checkpoint="run", holdout=0.2)
    with pytest.raises(OptionError, match="seed was 1 and is 2"):
        fitted(checkpoint="run", holdout=0.2, seed=2, resume=True)


def test_other_numbers_in_a_formula_of_the_users_own_are_seen():
    def law(scale):
        return lambda x, w: scale * np.dot(x, w)

    def trained(scale, **options):
        gl.fit(X, Y, model=law(scale), start={"w": np.zeros(3)}, solver="lbfgs", checkpoint="run", **options)

    trained(1.0)
    with pytest.raises(OptionError, match="the formula of model and loss is another"):
        trained(1.5, resume=True)


@pytest.mark.fault(34)
def test_another_version_of_gradloop_is_refused(monkeypatch):
    fitted(checkpoint="run")
    monkeypatch.setattr(resuming, "__version__", "99.0")
    with pytest.raises(OptionError, match=r"version of gradloop was \S+ and is 99.0"):
        fitted(checkpoint="run", resume=True)


def test_another_machine_is_mentioned(monkeypatch):
    fitted(checkpoint="run")
    monkeypatch.setattr(resuming, "machine", lambda engine: "abacus")
    assert "the last digits may not be" in fitted(checkpoint="run", resume=True).notes[-1]


# ---- who can -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["closed_form", "coordinate_descent", "gauss_newton", "auto"])
def test_what_cannot_be_resumed_says_so(solver):
    with pytest.raises(OptionError, match=r"cannot go on from a checkpoint; leave out checkpoint, .* lbfgs.*minibatch"):
        gl.fit(X, Y, solver=solver, checkpoint="run")
    assert os.listdir() == []


def test_a_place_that_cannot_be_used_is_told_before_any_data_are_read():
    for options, kind, said in (
        ({"checkpoint": "no/folder"}, ModelFileError, "cannot be written"),
        ({"resume": True}, OptionError, "give checkpoint too"),
    ):
        with pytest.raises(kind, match=said):
            gl.fit("no such table.csv", target="y", **options)


def test_a_formula_that_cannot_be_traced_is_told_by_its_name():
    penalty = Penalty("own", smooth=lambda w: np.sum(w * w), value=lambda w: float(np.sum(w)), proximal=None)
    examples = from_arrays(X, Y, None, (), "linear", None, None, None, 0.0, 0)
    given = make_problem(examples.model, examples.loss, examples.X, examples.y, examples.start, penalty)
    assert len(list(resuming.penalty_keys(given))) == 2


# ---- Ctrl-C --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sgd", "gradient descent", "Newton", "L-BFGS", "search", "derived rate"])
def test_ctrl_c_saves_and_returns_the_fit_so_far(name):
    def interrupt(progress):
        signal.raise_signal(signal.SIGINT)

    stopped = run(name, checkpoint="run", every=1e9, progress=interrupt)
    assert stopped.stop is Stop.INTERRUPTED
    assert stopped.notes[-1] == "The run is kept in 'run'; resume goes on from there."
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert bits(run(name, checkpoint="run", resume=True)) == bits(run(name))


@pytest.mark.parametrize("name", ["sgd", "gradient descent", "Newton", "L-BFGS", "search"])
def test_the_second_ctrl_c_stops_at_once(name):
    def interrupt(progress):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run(name, checkpoint="run", progress=interrupt)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert bits(run(name, checkpoint="run", resume=True)) == bits(run(name))


def test_newton_forgets_no_curvature(monkeypatch):
    """Where a sample gives the start, its curvature serves until another is needed, resumed or not."""
    monkeypatch.setattr(newton, "SAMPLE_LEAST", 20)
    monkeypatch.setattr(newton, "SAMPLE_SHARE", 4)
    test_killed_after_any_save_it_comes_to_the_same_bits("Newton", monkeypatch)
