import json
import os
from pathlib import Path

import pytest

import gradloop as gl
from gradloop.page.record import record_of
from gradloop.page.write import as_data
from shell import HOUSES, fault, run

RUN = ["houses.csv", "--target", "price", "-o", "run.html", "--epochs", 3, "--batch-size", 3]


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gradloop.page.write.built_page", lambda: "__GRADLOOP_RECORD__")
    Path("houses.csv").write_text(HOUSES)


def written():
    return json.loads(Path("run.html").read_text())


def as_json(fit, *data):
    return json.loads(as_data(record_of(fit, *data)))


def test_a_table_is_fitted_by_steps_and_replayed():
    out, err = run("page", *RUN, "--learning-rate", 0.1, "--seed", 3, "--l2", 0.1)
    assert out == "written to run.html; open it in a browser\n" and "epoch 3 of 3" in err
    solver = gl.Minibatch(gl.sgd(0.1), batch_size=3, epochs=3)
    fit = gl.fit("houses.csv", target="price", solver=solver, seed=3, penalty=gl.l2(0.1))
    assert written() == as_json(fit)


def test_another_way_of_fitting_may_be_asked_for():
    assert run("page", "houses.csv", "--target", "price", "-o", "run.html", "--solver", "closed_form", "--quiet") == (
        "",
        "",
    )
    assert written() == as_json(gl.fit("houses.csv", target="price", solver="closed_form"))


def test_a_saved_model_is_shown_on_its_data():
    run("fit", "houses.csv", "--target", "price", "--epochs", 3, "-o", "m", "--quiet")
    run("page", "m", "houses.csv", "-o", "run.html")
    assert written() == as_json(gl.load("m"), "houses.csv")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([*RUN[:3], "-o", "run.txt"], "does not end in .html"),
        ([*RUN[:3], "-o", "no/run.html"], "cannot be written"),
        ([*RUN, "--trust"], "leave it out"),
        (["houses.csv", *RUN], "no DATA beside it"),
        ([*RUN, "--solver", "newton"], "--solver newton"),
        (["houses.csv", "-o", "run.html", "--seed", 1], "--seed says how to fit"),
        (["houses.csv", "-o", "run.html"], "gradloop page MODEL DATA"),
    ],
)
def test_wrong_options_are_a_sentence(words, said):
    assert said in fault("page", *words, code=2)


def test_what_is_no_model_is_a_sentence():
    assert "not a model file" in fault("page", "houses.csv", "houses.csv", "-o", "run.html")
    assert os.listdir() == ["houses.csv"]
