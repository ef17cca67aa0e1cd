import csv
import io
import json
import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fits
from gradloop.cli import app as module
from gradloop.cli import options
from gradloop.inference import load
from gradloop.stop import Stop
from gradloop.version import __version__
from shell import HOUSES, fault, run

EXAMPLE = Path(__file__).parents[2] / "examples" / "diabetes.csv"
SIZES = ["small"] * 4 + ["middle"] * 4 + ["large"] * 4
CLASSES = "x,size\n" + "".join(f"{x},{size}\n" for x, size in enumerate(SIZES))


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    Path("houses.csv").write_text(HOUSES)
    Path("classes.csv").write_text(CLASSES)


def trained(monkeypatch, fit):
    """Make training end with this fit."""
    monkeypatch.setattr(module, "train", lambda *args, **options: fit)


# --- Without commands, and wrong usage


def test_without_a_command_there_is_help():
    out, _ = run()
    assert all(command in out for command in ("fit", "predict", "evaluate", "show", "--version"))


def test_version():
    assert run("--version") == (f"gradloop {__version__}\n", "")


@pytest.mark.parametrize(
    "words",
    [
        ["paint"],
        ["fit"],
        ["fit", "houses.csv"],
        ["fit", "houses.csv", "--target", "price", "--colour", "red"],
        ["fit", "houses.csv", "--target", "price", "--model", "forest"],
        ["fit", "houses.csv", "--target", "price", "--epochs", "0"],
        ["fit", "houses.csv", "--target", "price", "--epochs", "many"],
        ["fit", "houses.csv", "--target", "price", "--l2", "-1"],
        ["fit", "houses.csv", "--target", "price", "--seed", "-1"],
    ],
)
def test_wrong_usage_ends_with_2(words):
    out, err = run(*words, code=2)
    assert out == "" and ("Error" in err or err.startswith("gradloop: "))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--degree", 2], "--degree"),
        (["--batch-size", 0], "batch_size is 0"),
        (["--batch-size", "some"], "--batch-size is 'some'"),
        (["--learning-rate", -1], "--learning-rate"),
        (["--l1", "inf"], "--l1"),
        (["--holdout", 2], "between 0 and 1"),
        (["--holdout", 0.01], "Holding out"),
        (["-o", "houses.csv"], "is also an input"),
    ],
)
def test_options_that_cannot_be_honoured_end_with_2_and_a_sentence(words, said):
    assert said in fault("fit", "houses.csv", "--target", "price", "--quiet", *words, code=2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["no.csv", "--target", "price"], "no.csv"),
        (["houses.csv", "--target", "prize"], "'prize'"),
        (["houses.csv", "--target", "price", "-o", "missing/model"], "'missing/model' cannot be written"),
        (["houses.csv", "--target", "price", "-o", "."], "'.' cannot be written"),
        (["houses.csv", "--target", "price", "-o", "/dev/full"], "is not a file"),
        (["houses.csv", "--target", "town", "--model", "linear"], "town"),
    ],
)
def test_faults_of_data_and_places_end_with_1_and_a_sentence(words, said):
    assert said in fault("fit", *words, "--quiet")


@pytest.mark.parametrize("place", ["missing/model", ".", "/dev/full", "houses.csv"])
def test_a_place_that_cannot_be_written_is_told_before_any_work(monkeypatch, place):
    monkeypatch.setattr(module, "train", lambda *args, **options: pytest.fail("training began"))
    words = ["fit", "houses.csv", "--target", "price", "-o", place]
    fault(*words, code=2 if place == "houses.csv" else 1)


@pytest.mark.fault(20, 24)
@pytest.mark.parametrize("rows", [None, "", "1,2,3\n", "1,x\n2,3\n3,4\n", "nan,1\n2,3\n", "1,inf\n2,3\n"])
def test_bad_tables_are_sentences_and_leave_nothing(rows):
    Path("bad.csv").write_text("" if rows is None else "area,price\n" + rows)
    assert "bad.csv" in fault("fit", "bad.csv", "--target", "price", "--quiet", "-o", "model")


# --- The road: fit, predict, evaluate


def test_a_fit_tells_its_coefficients_in_the_files_units_and_is_saved():
    words = ["--target", "price", "--epochs", 500, "--batch-size", 4, "-o", "model"]
    out, err = run("fit", "houses.csv", *words)
    assert "linear model of price" in out and "(intercept)" in out and out.endswith("saved to model\n")
    assert 1 <= len(err.splitlines()) <= 10
    fit = load("model")
    np.testing.assert_allclose(fit.params["w"], [3, -100], rtol=1e-3)
    assert fit.stop is Stop.FINISHED and fit.rows == 4


def test_predictions_go_to_standard_output_or_to_a_file():
    fits.houses().save("model")
    Path("new.csv").write_text("town,area\nBonn,200\nUlm,10\n")
    out, err = run("predict", "model", "new.csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [float(row["prediction"]) for row in rows] == pytest.approx([700, 30]) and err == ""
    assert run("predict", "model", "new.csv", "-o", "out.csv") == ("", "")
    assert Path("out.csv").read_text() == out


@pytest.mark.fault(18)
def test_columns_that_the_model_does_not_use_are_mentioned():
    fits.houses().save("model")
    Path("new.csv").write_text("town,area,colour\nBonn,200,red\n")
    assert "'colour'" in run("predict", "model", "new.csv")[1]
    assert run("predict", "model", "new.csv", "--quiet")[1] == ""


def test_probabilities_have_a_column_per_class():
    fits.passing().save("model")
    Path("new.csv").write_text("hours\n5\n")
    out, _ = run("predict", "model", "new.csv", "--probability")
    assert out == "probability of no,probability of yes\n0.5,0.5\n"
    assert run("predict", "model", "new.csv")[0] == "prediction\nno\n"


def test_a_model_of_numbers_has_no_probabilities():
    fits.houses().save("model")
    assert "no probabilities" in fault("predict", "model", "houses.csv", "--probability", code=2)


def test_evaluation_is_a_table_or_json():
    fits.houses().save("model")
    out, _ = run("evaluate", "model", "houses.csv")
    assert out.splitlines()[0].strip() == "on 4 rows" and "R2" in out
    found = json.loads(run("evaluate", "model", "houses.csv", "--json")[0])
    nothing = pytest.approx(0, abs=1e-9)
    assert found == {"R2": 1.0, "RMSE": nothing, "MAE": nothing, "rows": 4}


@pytest.mark.fault(1)
def test_cells_without_a_value_are_dealt_with_as_the_model_was_told():
    Path("holes.csv").write_text(HOUSES + ",Ulm,240\n70,,310\n50,Ulm,\n")
    assert "choose missing=" in fault("fit", "holes.csv", "--target", "price", "--quiet")
    run("fit", "holes.csv", "--target", "price", "--missing", "drop", "--quiet", "-o", "model")
    np.testing.assert_allclose(load("model").params["w"], [3, -100], rtol=1e-9)
    out, err = run("evaluate", "model", "holes.csv")
    assert "on 4 rows" in out and "1 of 7 rows was left out because the target 'price' is missing." in err
    assert "2 of 7 rows were left out because of missing values: 1 in 'area' and 1 in 'town'." in err
    assert "give rows that have them" in fault("predict", "model", "holes.csv")
    run("fit", "holes.csv", "--target", "price", "--missing", "indicator", "--quiet", "-o", "model")
    out, err = run("predict", "model", "holes.csv")
    assert len(out.splitlines()) == 8 and "2 cells without a value (1 in 'area' and 1 in 'town'), and the mean" in err


@pytest.mark.fault(17)
def test_new_and_rare_categories():
    Path("towns.csv").write_text("town,price\n" + "Ulm,1\nBonn,2\n" * 5 + "Aue,4\nHof,8\n")
    Path("new.csv").write_text("town\nMars\n")
    run("fit", "towns.csv", "--target", "price", "--max-levels", 3, "--quiet", "-o", "model")
    assert float(run("predict", "model", "new.csv")[0].split()[1]) == pytest.approx(6)
    run("fit", "towns.csv", "--target", "price", "--unseen", "other", "--quiet", "-o", "model")
    out, err = run("predict", "model", "new.csv")
    assert float(out.split()[1]) == pytest.approx(27 / 12) and "texts not seen in training in 1 row" in err


def test_classes_of_text_are_learned_and_predicted_by_name():
    words = ["--target", "size", "--model", "softmax", "--epochs", 2000, "--quiet", "-o", "model"]
    run("fit", "classes.csv", *words)
    rows = csv.DictReader(io.StringIO(run("predict", "model", "classes.csv")[0]))
    assert [row["prediction"] for row in rows] == SIZES


def test_json_is_one_object_and_nothing_else():
    out, _ = run("fit", "houses.csv", "--target", "price", "--epochs", 3, "--json", "-o", "model")
    found = json.loads(out)
    assert out.count("\n") == 1
    assert found["history"]["epoch"] == [1, 2, 3] and found["saved_to"] == "model"
    assert found["params"] == {name: value.tolist() for name, value in load("model").params.items()}
    assert found["stop"] == {"name": "FINISHED", "sentence": Stop.FINISHED.value}


def test_quiet_says_nothing():
    assert run("fit", "houses.csv", "--target", "price", "--epochs", 3, "--quiet") == ("", "")


def test_held_out_rows_are_reported():
    out, _ = run("fit", EXAMPLE, "--target", "progression", "--holdout", 0.2, "--quiet", "--json")
    found = json.loads(out)
    assert found["rows"] == 354 and 0.3 < found["holdout"]["R2"] < 0.6


@pytest.mark.parametrize("engine", ["native", "numpy"])
def test_every_option_reaches_training(monkeypatch, engine):
    seen = {}

    def remember(data, **options):
        seen.update(options, data=data.files)
        return fits.houses()

    monkeypatch.setattr(module, "train", remember)
    words = "--target price --leave-out town --weights area --model polynomial --degree 3 --loss huber"
    words += " --optimizer momentum --learning-rate 0.5 --errors HC1 --missing mean --max-levels 9 --unseen other"
    words += " --batch-size 7 --epochs 11 --l1 0.1 --l2 0.2 --seed 5 --holdout 0.25 --quiet"
    words += " --checkpoint kept --every 5min --resume --memory 2GB --cache there --start w=1 --unit area=m² --engine"
    run("fit", "houses.csv", *words.split(), engine)
    assert seen.pop("model").name == "polynomial(3)" and seen.pop("penalty").name == "elastic_net"
    solver = seen.pop("solver")
    assert (solver.optimizer.name, solver.optimizer.rate(1)) == ("momentum", 0.5)
    assert (solver.batch_size, solver.epochs) == (7, 11)
    assert seen == {
        "data": ("houses.csv",),
        "target": "price",
        "leave_out": ["town"],
        "weights": "area",
        "loss": "huber",
        "errors": "HC1",
        "missing": "mean",
        "max_levels": 9,
        "unseen": "other",
        "seed": 5,
        "holdout": 0.25,
        "engine": engine,
        "checkpoint": Path("kept"),
        "every": 300.0,
        "resume": True,
        "units": {"area": "m²"},
        "memory": "2GB",
        "cache": Path("there"),
        "start": {"w": 1.0},
        "cluster": None,
        "progress": None,
    }


# --- Looking inside


@pytest.mark.parametrize("stage", options.names(options.Stage))
@pytest.mark.parametrize("model", options.names(options.ModelName))
def test_every_stage_of_every_model_can_be_shown(stage, model):
    out, err = run("show", stage, "--model", model, "--features", 3, "--learning-rate", 0.1)
    assert len(out.splitlines()) >= 3 and err == ""


def test_stages_can_be_shown_for_a_table():
    out, _ = run("show", "loop", "classes.csv", "--target", "size", "--model", "softmax")
    assert out == run("show", "loop", "--model", "softmax", "--features", 1, "--classes", 3)[0]


@pytest.mark.parametrize(
    "words",
    [
        ["--target", "price"],
        ["houses.csv"],
        ["houses.csv", "--target", "price", "--features", 2],
        ["houses.csv", "--target", "price", "--classes", 2],
        ["--degree", 2],
    ],
)
def test_what_is_shown_has_its_sizes_from_one_place(words):
    assert fault("show", "graph", *words, code=2)


# --- Endings other than good


def test_a_diverged_fit_says_so_ends_with_1_and_is_not_saved(monkeypatch):
    Path("model").write_text("old")
    trained(monkeypatch, replace(fits.houses(), stop=Stop.DIVERGED))
    out, err = run("fit", "houses.csv", "--target", "price", "-o", "model", code=1)
    assert Stop.DIVERGED.value in err and "No model was saved." in err and "saved to" not in out
    assert Path("model").read_text() == "old"
    found = json.loads(run("fit", "houses.csv", "--target", "price", "-o", "model", "--json", code=1)[0])
    assert found["stop"]["name"] == "DIVERGED" and found["saved_to"] is None


def test_an_interrupted_fit_is_saved_and_ends_with_130(monkeypatch):
    trained(monkeypatch, replace(fits.houses(), stop=Stop.INTERRUPTED))
    out, _ = run("fit", "houses.csv", "--target", "price", "-o", "model", code=130)
    assert Stop.INTERRUPTED.value in out and load("model").stop is Stop.INTERRUPTED


@pytest.mark.fault(35)
def test_ctrl_c_keeps_what_was_learned(monkeypatch):
    def report(state):
        if state.epoch == 3:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(module, "progress", lambda quiet: nullcontext(report))
    out, _ = run("fit", "houses.csv", "--target", "price", "--epochs", 1000, "--json", "-o", "model", code=130)
    assert json.loads(out)["stop"]["name"] == "INTERRUPTED"
    assert load("model").history["epoch"].tolist() == [1, 2, 3]


KEPT = ["fit", "houses.csv", "--target", "price", "--epochs", 40, "--checkpoint", "kept", "-o", "model"]


@pytest.mark.fault(35)
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_run_that_is_told_to_end_is_kept_and_goes_on_to_the_same_bits(monkeypatch, name):
    def report(state):
        if state.epoch == 3:
            signal.raise_signal(getattr(signal, name))

    before = signal.getsignal(getattr(signal, name))
    with monkeypatch.context() as patched:
        patched.setattr(module, "progress", lambda quiet: nullcontext(report))
        out, _ = run(*KEPT, code=130)
    assert "note: The run is kept in 'kept'; resume goes on from there." in out and len(load("model").history) == 3
    assert signal.getsignal(getattr(signal, name)) is before
    out, _ = run(*KEPT, "--resume")
    assert "note: Training resumed from 'kept'" in out
    resumed = load("model")
    run(*KEPT[:6], "-o", "other")
    undisturbed = load("other")
    assert [v.tobytes() for v in resumed.params.values()] == [v.tobytes() for v in undisturbed.params.values()]
    assert resumed.history["loss"].tobytes() == undisturbed.history["loss"].tobytes()


@pytest.mark.fault(35)
def test_the_second_ctrl_c_stops_at_once(monkeypatch):
    def report(state):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(module, "progress", lambda quiet: nullcontext(report))
    out, err = run(*KEPT, code=130)
    assert (out, err) == ("", "gradloop: interrupted; no output was written.\n")
    assert not Path("model").exists() and Path("kept").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--every", "5min"], 2, "every is for checkpoints"),
        (["--resume"], 2, "resume is for checkpoints"),
        (["--checkpoint", "kept", "--every", "soon"], 2, "--every is 'soon'"),
        (["--checkpoint", "kept"], 2, "ClosedForm cannot go on from a checkpoint"),
        (["--checkpoint", "houses.csv"], 2, "houses.csv is also an input or the output"),
        (["--checkpoint", "model", "-o", "model"], 2, "model is also an input or the output"),
        (["--checkpoint", "model", "-o", "model.previous"], 2, "model.previous is also an input or the output"),
        (["--checkpoint", "classes.csv", "--epochs", 3], 2, "'classes.csv' is there already"),
        (["--checkpoint", "missing/kept"], 1, "'missing/kept' cannot be written"),
    ],
)
def test_checkpoints_that_cannot_be_are_sentences(words, code, said):
    assert said in fault("fit", "houses.csv", "--target", "price", "--quiet", *words, code=code)


def test_what_changed_between_two_starts_is_refused():
    run(*KEPT)
    Path("houses.csv").write_text(HOUSES.replace("150", "151"))
    assert "The data are not those of the checkpoint 'kept': the targets have changed" in fault(*KEPT, "--resume")
    Path("houses.csv").write_text(HOUSES)
    assert "seed was 0 and is 7" in fault(*KEPT, "--resume", "--seed", 7, code=2)


@pytest.mark.fault(15)
def test_too_long_steps_are_a_sentence_and_no_model():
    words = ["--target", "price", "--learning-rate", 1e6, "--batch-size", 4, "--epochs", 50, "-o", "model"]
    out, err = run("fit", "houses.csv", *words, code=1)
    assert "learning rate" in out and err.splitlines()[-1].startswith("gradloop: ")
    assert not Path("model").exists()


def test_an_interruption_before_the_first_epoch_writes_nothing(monkeypatch):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "train", interrupted)
    assert "interrupted" in fault("fit", "houses.csv", "--target", "price", "-o", "model", code=130)


def test_a_fault_of_our_own_is_a_sentence_too(monkeypatch):
    def broken(*args, **options):
        raise KeyError("oops")

    monkeypatch.setattr(module, "train", broken)
    assert "KeyError" in fault("fit", "houses.csv", "--target", "price")


@pytest.mark.parametrize("content", [b"", b"\x80\x04N.", b"{}" * 100, HOUSES.encode()])
def test_what_is_no_model_is_refused(content):
    Path("model").write_bytes(content)
    assert "is not a model file" in fault("predict", "model", "houses.csv")
    assert "is not a model file" in fault("evaluate", "model", "houses.csv")


def test_the_output_of_predict_cannot_replace_its_inputs():
    fits.houses().save("model")
    for place in ("model", "houses.csv"):
        assert "is also an input" in fault("predict", "model", "houses.csv", "-o", place, code=2)
    assert Path("houses.csv").read_text() == HOUSES


@pytest.mark.fault(19)
def test_names_in_a_file_cannot_command_the_terminal():
    Path("evil.csv").write_text("\x1b[2Ja[red],price\n1,2\n2,4\n3,5\n")
    out, err = run("fit", "evil.csv", "--target", "price", "--epochs", 2)
    assert r"\x1b[2Ja[red]" in out and "\x1b" not in out + err
    assert "\x1b" not in fault("fit", "evil.csv", "--target", "\x1b[2J", "--quiet")
    assert "\x1b" not in fault("fit", "\x1b[2J.csv", "--target", "price", "--quiet")


# --- As a process


def process(*words, **options):
    command = [sys.executable, "-m", "gradloop.cli", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUNBUFFERED": ""}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.run(command, env=environment, text=True, **pipes)


def test_as_a_process_it_ends_as_it_should():
    done = process("fit", "houses.csv", "--target", "prize")
    assert (done.returncode, done.stdout) == (1, "") and done.stderr.startswith("gradloop: houses.csv")


@pytest.mark.fault(32)
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_disk_behind_standard_output_is_noticed():
    fits.houses().save("model")
    with open("/dev/full", "w") as full:
        done = process("predict", "model", "houses.csv", stdout=full)
    assert done.returncode == 1
    assert done.stderr == "gradloop: the output cannot be written: no space left on device.\n"


def test_a_reader_who_leaves_is_no_fault_of_ours():
    fits.houses().save("model")
    Path("many.csv").write_text("town,area\n" + "Ulm,50\n" * 50_000)
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        done = process("predict", "model", "many.csv", stdout=pipe)
    assert done.returncode == 1 and done.stderr == ""


def test_columns_can_be_left_out():
    Path("named.csv").write_text("name,area,price\n" + "".join(f"house {i},{i},{2 * i}\n" for i in range(200)))
    assert "leave it out" in fault("fit", "named.csv", "--target", "price")
    out, _ = run("fit", "named.csv", "--target", "price", "--leave-out", "name", "--epochs", 3, "--quiet", "--json")
    assert json.loads(out)["feature_names"] == ["area"]
    assert "no column 'nam'" in fault("fit", "named.csv", "--target", "price", "--leave-out", "nam")
