import inspect
import json
import os
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from gradloop.cli import synth as module
from gradloop.cli.app import app
from gradloop.cli.options import names
from gradloop.data import read_csv, synthetic


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


def run(*words, code=0):
    """What `gradloop synth` says (on standard output, on standard error) when it ends with this exit code."""
    done = CliRunner().invoke(app, ["synth", *map(str, words)], prog_name="gradloop")
    assert done.exit_code == code, done.output
    return done.stdout, done.stderr


def fault(*words, code=2):
    """The one sentence about what went wrong; nothing else is said, and nothing is written."""
    before = sorted(os.listdir())
    out, err = run(*words, code=code)
    assert out == "" and sorted(os.listdir()) == before
    assert err.startswith("gradloop: ") and err.count("\n") == 1
    return err


def test_the_command_line_offers_all_there_is():
    assert set(names(module.Kind)) == set(synthetic.KINDS)
    options = set(inspect.signature(module.synth).parameters) - {"kind", "output", "truth", "quiet"}
    assert options == {name for make in synthetic.KINDS.values() for name in inspect.signature(make).parameters}


@pytest.mark.parametrize("kind", synthetic.KINDS)
def test_rows_go_to_standard_output_and_the_truth_beside_them(kind):
    out, err = run(kind, "--rows", 20)
    assert out == b"".join(synthetic.files.csv_bytes(synthetic.KINDS[kind](20))).decode()
    assert err == synthetic.KINDS[kind](20).summary() + "\n"
    assert run(kind, "--rows", 20, "--quiet") == (out, "")


def test_rows_go_to_a_file_and_the_truth_to_standard_output():
    out, err = run("ohm", "--rows", 20, "-o", "rows.csv", "--truth", "truth.json", "--outliers", 0.3)
    assert err == "" and "resistance = 3.3 Ω" in out and "outliers = " in out
    truth = json.loads(Path("truth.json").read_text("utf-8"))
    assert truth["outlier_rows"] == synthetic.ohm(20, outliers=0.3).outlier_rows.tolist()
    assert read_csv("rows.csv").rows == 20
    assert run("ohm", "-o", "rows.parquet", "--quiet") == ("", "") and Path("rows.parquet").exists()


def test_the_truth_alone_may_go_to_a_file():
    out, _ = run("line", "--truth", "truth.json")
    assert out.startswith("x1,x2,y\n") and os.listdir() == ["truth.json"]


@pytest.mark.parametrize(
    ("words", "data"),
    [
        (["line", "--w", "-3.4,2", "--b", -1], synthetic.line(w=[-3.4, 2], b=-1)),
        (["line", "--rows", 7, "--noise", 0.5, "--seed", 8], synthetic.line(7, noise=0.5, seed=8)),
        (["polynomial", "--w", "1, 2e-1,3,4", "--b", 2], synthetic.polynomial(w=[1, 0.2, 3, 4], b=2)),
        (["houses", "--w=-1,2,3", "--outliers", 0.2], synthetic.houses(w=[-1, 2, 3], outliers=0.2)),
        (["ohm", "--resistance", 47, "--offset", -1], synthetic.ohm(resistance=47, offset=-1)),
        (["planck", "--temperature", 300, "--noise", 0], synthetic.planck(temperature=300, noise=0)),
        (["classes", "--centers", 4], synthetic.classes(centers=4)),
        (["classes", "--centers", "-1,0;1,0;0,2"], synthetic.classes(centers=[[-1, 0], [1, 0], [0, 2]])),
        (["classes", "--centers", "-1;1"], synthetic.classes(centers=[[-1], [1]])),
    ],
)
def test_every_option_reaches_its_kind(words, data):
    run(*words, "-o", "rows.csv", "--quiet")
    table = read_csv("rows.csv")
    assert table.names == tuple(data.columns)
    for name, column in data.columns.items():
        np.testing.assert_array_equal(table.column(name), column)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["line", "--resistance", 3], "--resistance belongs to ohm; line has --w and --b."),
        (["ohm", "--w", 3], "--w belongs to line, polynomial and houses; ohm has --resistance and --offset."),
        (["planck", "--offset", 0], "planck has --temperature."),
        (["line", "--w", "two"], "--w is 'two', but it must be numbers with commas"),
        (["line", "--w", ""], "--w is ''"),
        (["classes", "--centers", "a;b"], "--centers is 'a'"),
        (["classes", "--centers", "1,2;3"], "as many numbers in each"),
        (["classes", "--centers", 1], "the number of classes, from 2"),
        (["houses", "--w", "1,2"], "w has 2 numbers"),
        (["line", "--rows", 0], "rows is 0"),
        (["line", "--noise", -1], "noise is -1.0"),
        (["line", "--noise", "nan"], "noise is nan"),
        (["line", "--outliers", 0.5], "outliers is 0.5"),
        (["line", "--seed", -1], "seed is -1"),
        (["planck", "--temperature", 0], "temperature is 0.0 K"),
        (["line", "-o", "rows.txt"], "neither .csv nor .parquet"),
        (["line", "-o", "rows.csv", "--truth", "./rows.csv"], "cannot hold both"),
    ],
)
def test_options_that_cannot_be_honoured_end_with_2_and_a_sentence(words, said):
    assert said in fault(*words)


@pytest.mark.parametrize(
    "words",
    [
        ["-o", "missing/rows.csv"],
        ["-o", "rows.csv", "--truth", "missing/truth.json"],
        ["--truth", "missing/truth.json"],
        ["--truth", "."],
    ],
)
def test_places_that_cannot_be_written_end_with_1_and_a_sentence(words):
    assert "cannot be written" in fault("line", "--rows", 10**15, *words, code=1)


@pytest.mark.parametrize("words", [[], ["cat"], ["line", "--rows", "many"], ["line", "--colour", "red"]])
def test_wrong_usage_ends_with_2(words):
    out, err = run(*words, code=2)
    assert out == "" and "Error" in err


def test_an_interruption_writes_nothing(monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "write_examples", interrupted)
    assert "interrupted" in fault("line", "-o", "rows.csv", code=130)
