import inspect
import os
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from gradloop.cli import plot as module
from gradloop.cli.app import app
from gradloop.cli.options import names
from gradloop.plots import Pictures

EXAMPLE = Path(__file__).parents[2] / "examples" / "diabetes.csv"
CLASSES = "x,z,size\n" + "".join(f"{x},{x * x % 7},{'small' if (x * 5) % 12 < x else 'large'}\n" for x in range(12))


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    Path("classes.csv").write_text(CLASSES)
    Path("table.csv").write_text(EXAMPLE.read_text())


def run(*words, code=0):
    """What a command says (on standard output, on standard error) when it ends with this exit code."""
    done = CliRunner().invoke(app, [*map(str, words)], prog_name="gradloop")
    assert done.exit_code == code, done.output
    return done.stdout, done.stderr


def fault(*words, code=2):
    """The one sentence about what went wrong; nothing else is said, and nothing is written."""
    before = sorted(os.listdir())
    out, err = run("plot", *words, code=code)
    assert out == "" and sorted(os.listdir()) == before
    assert err.startswith("gradloop: ") and err.count("\n") == 1
    return err


def test_the_command_line_offers_every_picture_of_a_fit():
    own = {name.replace("_", "-") for name, _ in inspect.getmembers(Pictures, inspect.isfunction) if name[0] != "_"}
    assert set(names(module.Kind)) == set(module.DRAWINGS) == own | {"methods", "learning-rates"}


@pytest.mark.parametrize("kind", names(module.Kind))
def test_every_kind_is_drawn_from_a_table(kind):
    classes = kind in ("boundaries", "roc", "calibration")
    table = ["classes.csv", "--target", "size"] if classes else ["table.csv", "--target", "progression"]
    more = {
        "data": ["--feature", "bmi"],
        "loss": ["--epochs", "5"],
        "loss-curve": ["--parameter", "bmi"],
        "loss-surface": ["--parameter", "bmi", "--parameter", "s5"],
        "methods": ["--parameter", "bmi", "--parameter", "s5", "--batch-size", "20"],
        "learning-rates": ["--rates", "0.01,0.1"],
    }.get(kind, ["--model", "logistic"] if classes else [])
    assert run("plot", kind, *table, *more, "-o", "a.svg") == ("", "")
    assert ElementTree.parse("a.svg").getroot().tag.endswith("svg")


def test_a_saved_model_is_drawn_on_data():
    run("fit", "table.csv", "--target", "progression", "--quiet", "-o", "m")
    for ending, start in (("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")):
        run("plot", "residuals", "m", "table.csv", "-o", f"a.{ending}", "--dark", "--size", "3x2")
        assert Path(f"a.{ending}").read_bytes().startswith(start)
    run("plot", "coefficients", "m", "--per", "unit", "-o", "b.svg")
    assert "fewer than two values" in fault("loss", "m", "-o", "c.svg")
    assert "needs no data" in fault("coefficients", "m", "table.csv", "-o", "c.svg")
    assert "does not hold its data" in fault("residuals", "m", "-o", "c.svg")
    assert "choose one or two" in fault("data", "m", "table.csv", "-o", "c.svg")
    assert "for classes" in fault("roc", "m", "table.csv", "-o", "c.svg")
    assert "one parameter" in fault("loss-curve", "m", "table.csv", "-o", "c.svg")
    assert "--seed says how to fit" in fault("residuals", "m", "table.csv", "--seed", 3, "-o", "c.svg")
    assert "makes its own fits" in fault("methods", "m", "-o", "c.svg")


def test_a_function_of_ones_own_is_drawn_with_trust(monkeypatch):
    monkeypatch.syspath_prepend(os.getcwd())
    Path("own_plotted.py").write_text("import numpy as np\ndef decay(t, a, k):\n    return a * np.exp(-k * t)\n")
    Path("decay.csv").write_text("t,y\n0,3\n1,1.8\n2,1.1\n3,0.7\n4,0.4\n")
    run("fit", "decay.csv", "--target", "y", "--model", "own_plotted:decay", "--start", "a=1", "--start", "k=1",
        "--quiet", "-o", "m")  # fmt: skip
    monkeypatch.delitem(sys.modules, "own_plotted")
    assert "--trust" in fault("data", "m", "decay.csv", "-o", "a.svg", code=1) and "own_plotted" not in sys.modules
    run("plot", "data", "m", "decay.csv", "--trust", "-o", "a.svg")
    assert Path("a.svg").read_bytes().startswith(b"<?xml")
    assert "--trust is for a saved model" in fault("data", "decay.csv", "--target", "y", "--trust", "-o", "b.svg")
    monkeypatch.delitem(sys.modules, "own_plotted")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["residuals", "table.csv", "--target", "progression", "-o", "a.gif"], "does not end in .svg, .png or .pdf"),
        (["residuals", "table.csv", "--target", "progression", "-o", "no/a.svg"], "cannot be written"),
        (["residuals", "table.csv", "--target", "progression", "-o", "a.svg", "--size", "3by2"], "such as 6.4x4"),
        (["residuals", "table.csv", "--target", "progression", "-o", "a.svg", "--size", "1x1"], "from 2 to 100"),
        (
            ["residuals", "table.csv", "--target", "progression", "-o", "a.svg", "--feature", "bmi"],
            "data and boundaries",
        ),
        (["residuals", "table.csv", "table.csv", "--target", "progression", "-o", "a.svg"], "no DATA beside it"),
        (["learning-rates", "table.csv", "--target", "progression", "-o", "a.svg", "--rates", "1,b"], "list numbers"),
        (["methods", "table.csv", "--target", "progression", "-o", "a.svg", "--epochs", "3"], "--epochs is not for"),
        (["learning-rates", "table.csv", "--target", "progression", "-o", "a.svg", "--seed", "3"], "--seed is not for"),
        (["methods", "table.csv", "--target", "progression", "-o", "a.svg"], "two of the 11 parameters"),
    ],
)
def test_wrong_options_are_sentences(words, sentence):
    assert sentence in fault(*words)


def test_a_typing_error_in_a_name_is_answered_with_the_like():
    assert "'progression'" in fault("predicted", "table.csv", "--target", "progresion", "-o", "a.svg", code=1)
    assert "not a model file" in fault("coefficients", "table.csv", "-o", "a.svg", code=1)


@pytest.mark.parametrize("kind", ["residuals", "coefficients", "methods", "learning-rates"])
def test_a_table_with_gaps_is_drawn_as_it_would_be_fitted(kind):
    rows = "".join(f"{x},{'' if x == 5 else x * x % 7},name{x},{3 * x + x % 3}\n" for x in range(60))
    Path("gaps.csv").write_text("a,b,who,y\n" + rows)
    two = ["--parameter", "a", "--parameter", "b"] if kind == "methods" else []
    table = [kind, "gaps.csv", "--target", "y", *two, "--leave-out", "who", "-o", "a.svg"]
    assert "choose missing" in fault(*table, code=1)
    assert run("plot", *table, "--missing", "drop") == ("", "")


def test_penalties_and_rare_texts_are_those_of_a_fit():
    rows = "".join(f"{x},{'abcdefgh'[x % 8]},{3 * x + x % 3}\n" for x in range(60))
    Path("texts.csv").write_text("a,t,y\n" + rows)
    run("plot", "coefficients", "texts.csv", "--target", "y", "--max-levels", 3, "--l2", 0.1, "-o", "a.svg")
    run("fit", "texts.csv", "--target", "y", "--max-levels", 3, "--l2", 0.1, "-o", "m", "--quiet")
    run("plot", "coefficients", "m", "-o", "b.svg")
    assert Path("a.svg").read_bytes() == Path("b.svg").read_bytes()
    assert "--l2 is not for methods" in fault("methods", "texts.csv", "--target", "y", "--l2", 0.1, "-o", "c.svg")
