import inspect
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import gradloop as gl
from gradloop.cli import app as module
from gradloop.cli import explain

X = np.random.default_rng(0).normal(size=(25, 2))
Y = X @ [1.0, -2.0] + 3.0
RUN = ["points.csv", "--target", "y", "--learning-rate", 0.1, "--epochs", 2, "--batch-size", 10]


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = (f"{a},{b},{y}\n" for (a, b), y in zip(X.tolist(), Y.tolist(), strict=True))
    Path("points.csv").write_text("a,b,y\n" + "".join(rows))


def run(*words, code=0):
    """What the command says (on standard output, on standard error) when it ends with this exit code."""
    done = CliRunner().invoke(module.app, ["explain", *map(str, words)], prog_name="gradloop")
    assert done.exit_code == code, done.output
    return done.stdout, done.stderr


def test_it_prints_what_the_fit_says():
    fit = gl.fit("points.csv", target="y", solver=gl.Minibatch(gl.sgd(0.1), 10, 2), seed=3)
    expected = fit.explain(step=6, example=2)
    assert run(*RUN, "--seed", 3, "--step", 6, "--example", 2, "--quiet") == (f"{expected}\n", "")
    data = json.loads(run(*RUN, "--seed", 3, "--step", 6, "--example", 2, "--json")[0])
    assert data == json.loads(json.dumps(expected.to_dict()))
    assert data["step"]["rows"] == 5 and data["batch"]["unit"] == "line"


def test_options_of_the_fit_are_honoured():
    more = ["--optimizer", "adam", "--l2", 0.5, "--loss", "huber", "--holdout", 0.2, "--leave-out", "a", "--step", 2]
    text, _ = run(*RUN, *more)
    assert "adam, learning rate 0.1" in text and "penalty" in text and "where(" in text and " a " not in text[:300]
    assert "step 2 of 4" in text and "memory of w" in text
    text, _ = run("points.csv", "--target", "y", "--solver", "gradient_descent", "--step", 2)
    assert "epoch 2, batch 1 of 1" in text and "25 rows: all rows" in text


def test_it_has_the_options_of_fit_that_decide_the_training():
    own = set(inspect.signature(explain.explain).parameters)
    assert own - set(inspect.signature(module.fit).parameters) == {"step", "example"}
    assert set(inspect.signature(module.fit).parameters) - own == {
        "errors", "output", "checkpoint", "every", "resume", "memory", "cache", "unit", "cluster"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--step", 7], "There is no step 7: training recorded 6 steps"),
        (["--example", 11], "There is no example 11"),
        (["--solver", "newton"], "--solver newton"),
    ],
)
def test_what_there_is_not_is_a_sentence(words, said):
    out, err = run(*RUN, "--quiet", *words, code=2)
    assert out == "" and said in err and err.count("\n") == 1


def test_a_solver_without_steps_is_a_sentence():
    out, err = run("points.csv", "--target", "y", "--solver", "closed_form", code=2)
    assert out == "" and "ClosedForm has no such steps" in err


@pytest.mark.parametrize("words", [["--step", 0], ["--example", 0], ["--step", "one"]])
def test_wrong_usage_ends_with_2(words):
    assert "Error" in run(*RUN, *words, code=2)[1]


def test_notes_of_the_training_are_said_beside_it():
    _, err = run("points.csv", "--target", "y", "--learning-rate", 50, "--epochs", 1)
    assert "gradloop: The learning rate 50 is too large" in err


def test_a_function_of_ones_own_is_explained_by_its_name():
    Path("decay.csv").write_text("t,y\n0,3\n1,1.8\n2,1.1\n3,0.7\n")
    words = ["--model", "old_laws:decay", "--start", "a=1", "--start", "k=0.1", "--learning-rate", 0.01, "--epochs", 2]
    text, _ = run("decay.csv", "--target", "y", *words, "--quiet")
    assert "exp(" in text and f"{np.exp(-0.1):.6g}" in text  # at the start, for t = 1
