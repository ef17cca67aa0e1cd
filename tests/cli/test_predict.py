import csv
import gzip
import io
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from pyarrow import feather, parquet

import fits
from gradloop.data.sources.csv import PIECE
from gradloop.inference import load
from gradloop.predictions import Predictions
from peak import peak_of
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


NEW = "id,area,note,town\n007,200,=1+1,Bonn\n008,10,,Ulm\n1e3,30,b,Bonn\n"
ROWS = {"id": [7, 8, 1000], "area": [200, 10, 30], "note": ["a", None, "b"], "town": ["Bonn", "Ulm", "Bonn"]}
EXPECTED = [700, 30, 190]


def as_parquet():
    parquet.write_table(pyarrow.table(ROWS), "new.parquet")
    return ["new.parquet"]


def as_arrow():
    feather.write_feather(pyarrow.table(ROWS), "new.arrow")
    return ["new.arrow"]


def as_folder():
    os.mkdir("new")
    for place, part in enumerate(("007,200,x,Bonn\n", "008,10,x,Ulm\n1e3,30,b,Bonn\n")):
        Path("new", f"{place}.csv").write_text("id,area,note,town\n" + part)
    return ["new"]


def as_packed():
    Path("new.csv.gz").write_bytes(gzip.compress(NEW.encode()))
    return ["new.csv.gz"]


def as_query():
    with closing(sqlite3.connect("new.db")) as database, database:
        database.execute("create table new (id text, area real, note text, town text)")
        rows = zip(*ROWS.values(), strict=True)
        database.executemany("insert into new values (?, ?, ?, ?)", rows)
    return ["--sql", "select town, area, id from new order by rowid", "--db", "new.db"]


def as_csv():
    Path("new.csv").write_text(NEW)
    return ["new.csv"]


@pytest.mark.parametrize("target", ["-", "out.csv", "out.parquet"])
@pytest.mark.parametrize("source", [as_csv, as_parquet, as_arrow, as_folder, as_packed, as_query])
def test_every_source_is_predicted_in_its_order(source, target):
    fits.houses().save("model")
    words = ["predict", "model", *source(), "--quiet", "--keep", "id", "--keep", "town"]
    out, err = run(*words, *([] if target == "-" else ["-o", target]))
    assert err == ""
    if target == "out.parquet":
        found = parquet.read_table(target).to_pylist()
    else:
        found = rows_of(out if target == "-" else Path(target).read_text())
    assert list(found[0]) == ["id", "town", "prediction"]
    np.testing.assert_allclose([float(row["prediction"]) for row in found], EXPECTED)
    assert [row["town"] for row in found] == ROWS["town"]
    assert [float(row["id"]) for row in found] == ROWS["id"]
    if source in (as_csv, as_folder, as_packed):
        assert [row["id"] for row in found] == ["007", "008", "1e3"], "as they are written"


def test_a_kept_column_of_a_csv_stays_as_it_is_written():
    fits.houses().save("model")
    out, err = run("predict", "model", *as_csv(), "--keep", "id", "--keep", "note", "--keep", "id")
    rows = rows_of(out)
    assert [row["id"] for row in rows] == ["007", "008", "1e3"] and [row["note"] for row in rows] == ["=1+1", "", "b"]
    assert err.count("\n") == 1 and "column 'note' holds 1 text that a spreadsheet runs as a formula" in err
    run("predict", "model", "new.csv", "--keep", "id", "--keep", "note", "-o", "out.parquet")
    assert parquet.read_table("out.parquet")["id"].to_pylist() == ["007", "008", "1e3"]
    assert run("predict", "model", "new.csv", "--keep", "note", "-o", "out.parquet")[1].count("formula") == 0


def test_a_kept_column_of_a_query_may_begin_without_values():
    fits.houses().save("model")
    with closing(sqlite3.connect("new.db")) as database, database:
        database.execute("create table new (id, area, town)")
        database.executemany(
            "insert into new values (?, ?, ?)", [(None, 10.0, "Ulm")] * 100_000 + [("x7", 10.0, "Ulm")]
        )
    run("predict", "model", "--sql", "select * from new", "--db", "new.db", "--keep", "id", "-o", "out.parquet")
    found = parquet.read_table("out.parquet")["id"].to_pylist()
    assert (found[0], found[-1], len(found)) == (None, "x7", 100_001)


def test_a_kept_column_that_the_model_reads_is_written_as_it_stands():
    """Its whole numbers may become fractions in the second piece that is read."""
    fits.houses().save("model")
    Path("new.csv").write_text("area,town\n200,Bonn\n" + "10,Ulm\n" * 700_000 + "10.5,Ulm\n")
    assert os.path.getsize("new.csv") > PIECE
    run("predict", "model", "new.csv", "--keep", "area", "-o", "out.parquet")
    found = parquet.read_table("out.parquet")["area"].to_pylist()
    assert (found[0], found[1], found[-1], len(found)) == ("200", "10", "10.5", 700_002)


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        ("new.csv --keep street", "has no column 'street'", 1),
        ("new.csv --keep prediction", "'prediction' is what predictions are called", 2),
        ("nowhere.csv", "nowhere.csv", 1),
        ("", "There are no rows to work on", 2),
        ("new.csv --sql q", "DATA and --sql exclude each other", 2),
        ("empty.csv", "empty.csv", 1),
        ("header.csv", "header.csv", 1),
        ("short.csv", "lacks the columns 'area' and 'town' that the model needs; it has column 'street'", 1),
        ("text.csv", "column 'area' holds", 1),
        ("new.csv -o nowhere/out.csv", "cannot be written", 1),
        ("new.csv -o out.csv.gz", "would not hold what .gz promises", 2),
        ("new.csv -o out.xlsx", "would not hold what .xlsx promises", 2),
        ("new.csv -o model", "is also an input", 2),
        ("new.csv -o new.csv", "is also an input", 2),
        ("new.csv --interval 0.9", "There are no intervals", 2),
        ("new.csv --probability", "predicts no probabilities", 2),
    ],
)
def test_what_cannot_be_predicted_is_one_sentence(words, said, code):
    fits.houses().save("model")
    as_csv()
    Path("empty.csv").write_text("")
    Path("header.csv").write_text("area,town\n")
    Path("short.csv").write_text("street\nx\n")
    Path("text.csv").write_text("area,town\n5,Ulm\nsix,Ulm\n")
    assert said in fault("predict", "model", *words.split(), code=code)


def test_a_folder_of_which_one_file_is_empty_of_rows():
    fits.houses().save("model")
    as_folder()
    Path("new", "2.csv").write_text("id,area,note,town\n")
    assert "2.csv" in fault("predict", "model", "new")


def in_a_shell(line):
    """What a real shell makes of a line: output, what was said, and the exit codes of all commands of the pipe."""
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    line = line.replace("gradloop", f"{sys.executable} -m gradloop.cli") + '; echo "${PIPESTATUS[*]}" >&3'
    done = subprocess.run(["bash", "-c", f"exec 3>codes; {line}"], capture_output=True, text=True, env=paths)
    return done.stdout, done.stderr, Path("codes").read_text().split()


def test_rows_come_through_a_pipe_and_leave_through_one():
    fits.houses().save("model")
    Path("new.csv").write_text(NEW)
    out, err, codes = in_a_shell("cat new.csv | gradloop predict model - --keep id --quiet | tail -n 2")
    assert (err, codes) == ("", ["0", "0", "0"])
    assert [line.split(",")[0] for line in out.split()] == ["008", "1e3"]


def test_a_reader_that_has_seen_enough_is_no_fault():
    fits.houses().save("model")
    Path("new.csv").write_text("area,town\n" + "10,Ulm\n" * 300_000)
    out, err, codes = in_a_shell("gradloop predict model new.csv | head -n 2")
    assert (out, err, codes[1]) == ("prediction\n30.0\n", "", "0")


def test_a_prediction_that_is_stopped_leaves_nothing(monkeypatch):
    fits.houses().save("model")
    Path("out.csv").write_text("before")

    def stopped(self):
        yield {"prediction": np.ones(3)}
        raise KeyboardInterrupt

    monkeypatch.setattr(Predictions, "batches", stopped)
    before = sorted(os.listdir())
    assert "no output was written" in run("predict", "model", "houses.csv", "-o", "out.csv", code=130)[1]
    assert sorted(os.listdir()) == before and Path("out.csv").read_text() == "before"


SHELL = "import sys\nfrom gradloop.cli.app import main\nsys.argv[0] = 'gradloop'\nmain()\n"


@pytest.mark.fault(31)
@pytest.mark.parametrize(("source", "output"), [("large.csv", "out.csv"), ("-", "out.parquet")])
def test_a_table_larger_than_the_memory_is_predicted(source, output):
    """Of a table that is larger by 140 MB, little more memory is taken."""
    fits.houses().save("model")
    peaks = []
    for times in (3, 17):
        with open("large.csv", "w") as file:
            file.write("area,town,note\n")
            for _ in range(times):
                file.write(f"50,Ulm,{'a note that somebody wants to read again ' * 12}\n" * 20_000)
        words = ["predict", "model", source, "--keep", "note", "-o", output]
        with open("large.csv") as file:
            peaks.append(peak_of(SHELL, *words, stdin=file))
    assert peaks[1] - peaks[0] < 70, peaks
    if output == "out.csv":
        with open(output) as file:
            assert sum(1 for _ in file) == 17 * 20_000 + 1
    else:
        assert parquet.ParquetFile(output).metadata.num_rows == 17 * 20_000
