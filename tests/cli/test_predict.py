import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

import fits
from gradloop.inference import load
from shell import HOUSES, fault, run

LAW = "import numpy as np\ndef decay(t, a, k):\n    return a * np.exp(-k * t)\n"
POINTS = "t,y\n" + "".join(f"{t},{3 * np.exp(-0.5 * t):.6f}\n" for t in range(9))


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("houses.csv").write_text(HOUSES)


def test_columns_may_stand_in_any_order_and_extra_ones_are_named():
    fits.houses().save("model")
    Path("other.csv").write_text("street,town,area\nx,Bonn,200\ny,Ulm,10\n")
    out, err = run("predict", "model", "other.csv")
    np.testing.assert_allclose([float(row["prediction"]) for row in rows_of(out)], [700, 30])
    assert err == "gradloop: other.csv: the model does not use column 'street'.\n"
    assert run("predict", "model", "other.csv", "--quiet")[1] == ""


def test_predictions_go_to_parquet_where_the_name_says_so():
    fits.houses().save("model")
    assert run("predict", "model", "houses.csv", "-o", "out.parquet")[0] == ""
    np.testing.assert_allclose(parquet.read_table("out.parquet")["prediction"], fits.HOUSES["price"], rtol=1e-12)


def test_new_categories_are_counted():
    run("fit", "houses.csv", "--target", "price", "--unseen", "other", "--quiet", "-o", "model")
    Path("new.csv").write_text("area,town\n50,Mars\n60,Ulm\n70,Rom\n80,Mars\n")
    err = run("predict", "model", "new.csv")[1]
    assert err == "gradloop: new.csv: column 'town' holds texts not seen in training in 3 rows, such as \"Mars\".\n"


def test_a_row_that_fails_leaves_no_file():
    fits.houses().save("model")
    Path("new.csv").write_text("area,town\n50,Ulm\n60,Mars\n")
    for name in ("out.csv", "out.parquet"):
        assert "Mars" in fault("predict", "model", "new.csv", "-o", name)


def test_intervals_of_lines_and_of_probabilities():
    rows = "".join(f"{x},{x + x % 3},{'yes' if x % 4 > 1 else 'no'}\n" for x in range(40))
    Path("line.csv").write_text("x,y,class\n" + rows)
    run("fit", "line.csv", "--target", "y", "--leave-out", "class", "--quiet", "-o", "line")
    (first, *_), fit = rows_of(run("predict", "line", "line.csv", "--interval", "0.8", "--quiet")[0]), load("line")
    expected = fit.predict_interval({"x": [0]}, 0.8)
    assert {name: float(first[name]) for name in expected} == {name: ends[0] for name, ends in expected.items()}
    words = "fit line.csv --target class --leave-out y --model logistic --quiet -o class"
    run(*words.split())
    assert "--probability" in fault("predict", "class", "line.csv", "--interval", "0.8", code=2)
    (first, *_) = rows_of(run("predict", "class", "line.csv", "--interval", "0.8", "--probability", "--quiet")[0])
    assert float(first["lower"]) < float(first["probability of yes"]) < float(first["upper"])
    assert "between 0 and 1" in fault("predict", "line", "line.csv", "--interval", "95", code=2)


def test_a_law_of_ones_own_is_fitted_by_its_name_and_used_with_trust(monkeypatch):
    monkeypatch.syspath_prepend(os.getcwd())
    Path("own_decay.py").write_text(LAW)
    Path("points.csv").write_text(POINTS)
    words = "fit points.csv --target y --model own_decay:decay --start a=1 --start k=1 --quiet -o law"
    run(*words.split())
    monkeypatch.delitem(sys.modules, "own_decay")
    said = fault("predict", "law", "points.csv")
    assert "own_decay:decay" in said and "--trust" in said and "own_decay" not in sys.modules
    assert "--trust" in fault("evaluate", "law", "points.csv")
    out, _ = run("predict", "law", "points.csv", "--trust", "--quiet")
    np.testing.assert_allclose(float(rows_of(out)[0]["prediction"]), 3, 1e-4)
    assert json.loads(run("evaluate", "law", "points.csv", "--trust", "--json")[0])["R2"] > 0.999
    monkeypatch.delitem(sys.modules, "own_decay")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--model no_such_module:decay", "cannot be imported"),
        ("--model fits:ohm", "needs start"),
        ("--model fits:ohm --start r", "--start is 'r'"),
        ("--model fits:ohm --start r=one", "--start is 'r=one'"),
        ("--model fits:ohm --start r=1 --start u0=1 --degree 2", "has no degree"),
        ("--model forest", "There is no model 'forest'"),
        ("--start w=1", "start cannot be given for standardised columns"),
    ],
)
def test_a_law_that_cannot_be_used_is_one_sentence(words, said):
    code = 1 if "needs start" in said else 2
    assert said in fault("fit", "houses.csv", "--target", "price", *words.split(), code=code)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is told by Linux")
def test_a_table_larger_than_the_memory_is_predicted(tmp_path):
    """Under a limit of memory in which the table as numbers has no room."""
    fits.houses().save("model")
    with open("large.csv", "w") as file:
        file.write("area,town,note\n")
        for _ in range(100):
            file.write("50,Ulm,a long note that nobody needs to read at all\n" * 20_000)
    # The child tells its own peak: the system counts for it what the test process had when it forked.
    code = "import sys, gradloop.cli\ntry: gradloop.cli.main()\nfinally: print(open('/proc/self/status').read())"
    words = [sys.executable, "-c", code, "predict", "model", "large.csv", "-o", "out.csv"]
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(words, capture_output=True, text=True, env=paths)
    assert done.returncode == 0, done.stderr
    peak = int(done.stdout.partition("VmHWM:")[2].split()[0]) / 1024
    assert peak < 500, f"{peak:.0f} MB"
    with open("out.csv") as file:
        assert sum(1 for _ in file) == 2_000_001
