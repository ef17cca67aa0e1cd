import json
from pathlib import Path

import pytest

import gradloop as gl
from gradloop.cli import sweep as module
from shell import fault, run

EXAMPLE = Path(__file__).parents[2] / "examples" / "diabetes.csv"
TABLE = ("table.csv", "--target", "progression")
GRID = ("--learning-rate", "0.001,0.01, 0.1", "--batch-size", "1,10,all", "--epochs", "3")


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    Path("table.csv").write_text(EXAMPLE.read_text())


def test_a_table_a_picture_and_the_best_model():
    out, err = run("sweep", *TABLE, *GRID, "--holdout", "0.2", "-o", "best.gradloop", "--picture", "a.svg")
    told = gl.sweep(
        "table.csv", target="progression", learning_rate=[0.001, 0.01, 0.1], batch_size=[1, 10, "all"], epochs=3,
        holdout=0.2,
    )  # fmt: skip
    lines, expected = out.splitlines(), str(told).splitlines()
    assert lines[0] == expected[0] and "9 runs" in lines[0] and len(lines) == len(expected) + 2
    assert [line.split()[:3] for line in lines[2:12]] == [line.split()[:3] for line in expected[2:12]]
    assert "saved to best.gradloop" in out and "run 9 of 9" in err
    assert gl.load("best.gradloop").params["w"].tolist() == told.best.params["w"].tolist()
    assert Path("a.svg").read_text().startswith("<?xml")


def test_json():
    out, err = run("sweep", *TABLE, *GRID, "--json", "--quiet")
    found = json.loads(out)
    assert err == "" and len(found["runs"]) == 9 and found["saved_to"] is None and found["stable_rate"] > 0
    assert found["runs"][1]["settings"] == {"learning_rate": 0.001, "batch_size": 10, "epochs": 3}
    assert sum(each["best"] for each in found["runs"]) == 1


def test_strengths_and_optimizers():
    out, _ = run("sweep", *TABLE, "--l2", "0.01,1", "--holdout", "0.2", "--quiet", "--json")
    assert [each["settings"] for each in json.loads(out)["runs"]] == [{"l2": 0.01}, {"l2": 1.0}]
    out, _ = run("sweep", *TABLE, "--optimizer", "sgd,adam", "--learning-rate", "0.1", "--epochs", 2)
    assert "adam" in out and "not saved" in out


def test_where_every_run_diverges_nothing_is_saved():
    out, err = run("sweep", *TABLE, "--learning-rate", "50,70", "--batch-size", "all", "-o", "m", "--quiet", code=1)
    assert out == "" and "Every run diverged: choose smaller learning rates; descent on all rows is stable below" in err
    assert not Path("m").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "nothing to sweep"),
        (["--learning-rate", "0.1,x"], "--learning-rate is '0.1,x', but it must list numbers"),
        (["--epochs", "2.5"], "--epochs is '2.5', but it must list whole numbers"),
        (["--batch-size", "ten"], "--batch-size is 'ten'"),
        (["--optimizer", "sgd,speed"], "--optimizer names 'speed'"),
        (["--learning-rate", "0.1,-1"], "--learning-rate: "),
        (["--learning-rate", "0.1", "--solver", "closed_form"], "--learning-rate is for --solver minibatch"),
        (["--l2", "0.1,1"], "rows held out"),
        (["--l2", "-1", "--holdout", "0.2"], "--l1, --l2: "),
        (["--learning-rate", "0.1", "--picture", "a.gif"], "does not end in .svg, .png or .pdf"),
        (["--learning-rate", "0.1", "--picture", "no/a.svg"], "cannot be written"),
        (["--learning-rate", "0.1", "--degree", "3"], "has no degree"),
        (["--batch-size", "1000"], "there are 442 rows"),
    ],
)
def test_wrong_options_are_sentences(words, sentence):
    assert sentence in fault("sweep", *TABLE, "--quiet", *words, code=2)


def test_the_input_is_never_overwritten():
    assert "also an input" in fault("sweep", *TABLE, "--learning-rate", "0.1", "-o", "table.csv", code=2)
    Path("t.svg").write_bytes(Path("table.csv").read_bytes())
    words = ("t.svg", "--target", "progression", "--learning-rate", "0.1", "--picture", "t.svg")
    assert "also an input" in fault("sweep", *words, code=2)


def test_lists():
    assert module.as_list("l2", "1, 2.5", float) == [1.0, 2.5]
    assert list(module.combinations({"a": [1, 2], "b": [3]})) == [{"a": 1, "b": 3}, {"a": 2, "b": 3}]
