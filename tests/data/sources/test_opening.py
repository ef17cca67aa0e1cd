"""Whatever the data come in, the fit is the same, from Python and from the shell."""

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
from typer.testing import CliRunner

import gradloop as gl
from gradloop.cli import app
from gradloop.data.content import Content
from gradloop.data.sources import open_source, read_table
from gradloop.data.sources.opening import open_content, open_path
from tables import HOUSES, refusal, write_as

FORMS = {"csv": "CsvSource", "parquet": "ParquetSource", "arrow": "ArrowSource", "stream": "ArrowSource"}


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for form in FORMS:
        write_as(form, HOUSES, tmp_path / form)  # no extension tells what they are
    os.mkdir("parts")
    for part in range(4):
        write_as("parquet", HOUSES.slice(part * 10, 10), tmp_path / "parts" / f"{part}.parquet")


def fitted(data):
    return gl.fit(data, target="price").params


def same(found, expected=None):
    expected = fitted(HOUSES.to_pydict()) if expected is None else expected
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-10)


@pytest.mark.parametrize("form", FORMS)
def test_the_format_is_recognised_by_content(form):
    assert type(open_path(form)).__name__ == FORMS[form]
    packed = gzip.compress(open_content(Content(form))._content.read())
    with open("packed", "wb") as file:
        file.write(packed)
    assert type(open_path("packed")).__name__ == FORMS[form]
    same(fitted("packed"))


def everything():
    yield from FORMS
    yield from ("parts", "parts/*.parquet", "parts/?.parquet")
    yield from (HOUSES, HOUSES.to_reader(), gl.data.read_csv("csv"))
    for name in ("pandas", "polars"):
        package = pytest.importorskip(name)
        yield HOUSES.to_pandas() if name == "pandas" else package.from_arrow(HOUSES)
    with closing(sqlite3.connect("houses.db")) as connection:
        connection.execute("create table houses (area, rooms, town, garden, price)")
        values = zip(*HOUSES.to_pydict().values(), strict=True)
        connection.executemany("insert into houses values (?, ?, ?, ?, ?)", values)
        connection.commit()
    yield gl.sql("select * from houses", "houses.db")
    pytest.importorskip("duckdb")
    yield gl.sql("from 'parts/*.parquet'")
    yield gl.sql("from read_csv('csv') order by price desc")  # another order of rows


def test_every_source_gives_the_same_fit():
    expected = fitted(HOUSES.to_pydict())
    count = 0
    for data in everything():
        same(fitted(data), expected)
        count += 1
    assert count >= 12


def test_every_source_can_be_predicted_and_evaluated():
    fit = gl.fit(HOUSES, target="price")
    prediction, measures = fit.predict(HOUSES), fit.evaluate(HOUSES)
    for data in ("parquet", "parts/*", gl.sql("from read_csv('csv')"), HOUSES.to_pandas(), open_source("stream")):
        np.testing.assert_allclose(fit.predict(data), prediction, rtol=1e-12)
        assert fit.evaluate(data) == pytest.approx(measures)


FEATURES = np.column_stack([HOUSES["area"].to_numpy(), HOUSES["rooms"].to_numpy()])


def layouts(X):
    yield np.asfortranarray(X)
    yield np.repeat(X, 2, axis=0)[::2]
    yield X[::-1][::-1]
    yield X.astype(">f8")
    yield X.tolist()
    np.save("X.npy", X)
    yield np.load("X.npy", mmap_mode="r")
    frozen = X.copy()
    frozen.flags.writeable = False
    yield frozen
    yield np.ma.masked_array(X)
    yield np.hstack([X, X])[:, :2]


def test_arrays_of_every_layout_give_the_same_fit():
    y = HOUSES["price"].to_numpy()
    expected = gl.fit(FEATURES, y).params
    for X in layouts(FEATURES):
        same(gl.fit(X, y).params, expected)
        same(gl.fit(FEATURES, np.repeat(y, 3)[::3]).params, expected)


def test_arrays_are_no_sources():
    assert open_source(FEATURES) is None and open_source([[1.0, 2.0]]) is None and open_source(None) is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PARE", "is a Parquet file that is encrypted"),
        (b"FEA1", "is a Feather file of the first version"),
        (b"ORC", "is an ORC file; write it as Parquet"),
        (b"\x93NUMPY", "is an array of NumPy; load it with np.load"),
        (b"\x89HDF\r\n", "is an HDF5 file"),
        (b"%PDF-1.7", "is a PDF"),
        (b"PAR1", "it cannot be read"),
        (b"ARROW1", "it cannot be read"),
        (b"\xff\xff\xff\xff\x00\x00", "it cannot be read"),
    ],
)
def test_what_is_known_to_be_no_table(content, said):
    with open("other", "wb") as file:
        file.write(content)
    assert "other" in (words := refusal(open_source, "other")) and said in words


# --- The shell


def run(*words, code=0, given=None):
    done = CliRunner().invoke(app.app, [str(word) for word in words], prog_name="gradloop", input=given)
    assert done.exit_code == code, done.output
    return done.stdout if not code else done.stderr


def shell_fit(*words, given=None):
    found = json.loads(run("fit", *words, "--target", "price", "--json", "--quiet", given=given))
    return {name: np.array(value) for name, value in found["params"].items()}


def test_the_shell_takes_every_source():
    list(everything())  # makes the database
    for words in (
        ["parquet"],
        ["parts"],
        ["parts/*.parquet"],
        ["--sql", "select * from houses", "--db", "houses.db"],
        ["--sql", "from 'parts/*.parquet'"],
    ):
        same(shell_fit(*words))


@pytest.mark.parametrize("form", [*FORMS, "packed"])
def test_the_shell_reads_standard_input(form):
    content = gzip.compress(Path("csv").read_bytes()) if form == "packed" else Path(form).read_bytes()
    command = [sys.executable, "-m", "gradloop.cli", "fit", "-", "--target", "price", "--json"]
    source = os.path.dirname(os.path.dirname(gl.__file__))
    done = subprocess.run(command, input=content, capture_output=True, env={**os.environ, "PYTHONPATH": source})
    assert done.returncode == 0, done.stderr
    same({name: np.array(value) for name, value in json.loads(done.stdout)["params"].items()})


def test_predictions_from_the_shell():
    list(everything())
    run("fit", "parts", "--target", "price", "-o", "model", "--quiet")
    expected = run("predict", "model", "csv")
    assert expected.count("\n") == 41
    assert run("predict", "model", "parts/*") == expected
    assert run("predict", "model", "--sql", "select * from houses", "--db", "houses.db").count("\n") == 41
    assert (
        "on 40 rows"
        in run("evaluate", "model", "parquet")
        == run("evaluate", "model", "--sql", "from read_parquet('parquet')")
    )
    assert run("evaluate", "model", "parts") == run("evaluate", "model", "csv")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "There are no rows to work on; give DATA, or --sql QUERY"),
        (["csv", "--db", "houses.db"], "--db is for --sql"),
        (["csv", "--sql", "select 1"], "DATA and --sql exclude each other"),
        (["--sql", "select 1 as a", "--db", "oracle://host/x"], "There is no way here to a oracle database"),
    ],
)
def test_options_that_do_not_go_together(words, said):
    assert said in run("fit", *words, "--target", "price", code=2)


def test_the_output_is_none_of_the_inputs():
    assert "parts/1.parquet is also an input" in run(
        "fit", "parts", "--target", "price", "-o", "parts/1.parquet", code=2
    )


def test_a_stream_from_python_is_read_once():
    reader = pyarrow.ipc.open_stream(io.BytesIO(Path("stream").read_bytes()))
    source = open_source(reader)
    assert read_table(source).rows == 40 and "read only once" in refusal(read_table, source)
