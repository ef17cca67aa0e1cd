import json

import numpy as np
import pytest

import fits
import gradloop as gl
from gradloop.errors import OptionError
from gradloop.runs import Run, Sweep, told
from gradloop.stop import Stop


def run(rate, loss, stop=Stop.FINISHED, held_out=float("nan"), **settings):
    return Run({"learning_rate": rate, **settings}, fits.make(stop=stop), loss, held_out, loss / 10)


def test_the_table():
    found = Sweep((run(0.1, 2.0), run(1.0, 1.5), run(10.0, 1.0, Stop.DIVERGED)), ("A note\x1b[2J.",), 2.5)
    assert str(found).splitlines() == [
        "linear model, squared loss: 10 rows, 2 features, 3 runs, seed 7",
        "",
        "      learning_rate  loss  above the best  rows  seconds      stop",
        "                0.1     2             0.2    20        1  finished",
        "best              1   1.5            0.15    20        1  finished",
        "                 10     -               -    20        1  diverged",
        "",
        "finished: All epochs were run.",
        f"diverged: {Stop.DIVERGED}",
        r"note: A note\x1b[2J.",
    ]
    assert repr(found) == str(found) and found.varied == ("learning_rate",)


def test_settings_that_are_alike_stand_above():
    found = Sweep((run(0.1, 2.0, epochs=3, optimizer=gl.adam), run(0.2, 1.0, epochs=3, optimizer=gl.adam)))
    assert str(found).startswith(
        "linear model, squared loss: 10 rows, 2 features, 2 runs, seed 7; epochs 3; optimizer adam\n"
    )


def test_rows_held_out_decide():
    found = Sweep((run(0.1, 2.0, held_out=1.0), run(0.2, 1.0, held_out=3.0)))
    assert found.best is found[0].fit and "held-out loss" in str(found)


def test_nothing_is_the_best_where_all_diverged():
    found = Sweep((run(5.0, 1.0, Stop.DIVERGED), run(6.0, float("inf"))), stable_rate=2.5)
    assert found.best_run is None and "Every run diverged: choose smaller learning rates" in str(found)
    with pytest.raises(OptionError, match="stable below 2.5"):
        _ = found.best


def test_a_sequence():
    found = Sweep((run(0.1, 2.0), run(1.0, 1.5)))
    assert len(found) == 2 and [each.loss for each in found] == [2.0, 1.5] and found[1] in found
    assert found[:1] == found.runs[:1] and found != Sweep(found.runs)


def test_what_json_holds():
    first, second = Sweep((run(0.1, 2.0, optimizer=gl.adam), run(1.0, 1.5, Stop.DIVERGED))).to_dict()
    assert first["settings"] == {"learning_rate": 0.1, "optimizer": "adam"} and first["best"] and not second["best"]
    assert first["loss"] == 2.0 and second["loss"] is None and second["stop"]["name"] == "DIVERGED"
    assert json.dumps([first["history"], second["history"]])


def test_settings_in_words():
    assert [told(value) for value in (0.1, 3, "all", gl.sgd, np.float64(0.5))] == ["0.1", "3", "all", "sgd", "0.5"]
