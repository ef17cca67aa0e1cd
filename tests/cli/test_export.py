import json
import os
from pathlib import Path

import duckdb
import pytest

import fits
from shell import HOUSES, fault, run


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("houses.csv").write_text(HOUSES)
    fits.houses().save("model")


def test_a_module_is_printed_or_written():
    out, err = run("export", "model", "--python")
    assert err == "" and run("export", "model", "-o", "houses.py") == ("", "")
    assert Path("houses.py").read_text("utf-8") == out
    names = {}
    exec(out, names)
    assert round(names["predict"]({"area": 90.0, "town": "Ulm"}), 9) == 270


def test_a_query_predicts_the_rows_of_a_file():
    query = run("export", "model", "--sql", "--table", "houses.csv", "--keep", "price")[0]
    for price, prediction in duckdb.sql(query).fetchall():
        assert round(prediction, 9) == price
    run("export", "model", "-o", "houses.sql", "--table", "houses.csv", "--keep", "price")
    assert Path("houses.sql").read_text("utf-8") == query


def test_a_table_is_for_sql():
    assert "is for SQL" in fault("export", "model", "--python", "--table", "t", code=2)


def test_coefficients_are_one_json_object():
    assert round(json.loads(run("export", "model", "--json")[0])["params"]["b"], 9) == 100


def test_exactly_one_thing_is_done():
    for words in ([], ["--python", "--json"], ["--python", "-o", "m.py"]):
        assert "Say one thing to do" in fault("export", "model", *words, code=2)


def test_the_name_must_say_what():
    assert "let the name end in" in fault("export", "model", "-o", "m.txt", code=2)


def test_the_model_itself_is_not_lost():
    os.rename("model", "model.json")
    assert "is also an input" in fault("export", "model.json", "-o", "model.json", code=2)


def test_a_law_needs_trust():
    Path("laws.py").write_text("def line(x, r):\n    return r * x\n")
    Path("points.csv").write_text("x,y\n1,2\n2,4\n3,6\n")
    run("fit", "points.csv", "--target", "y", "--model", "laws:line", "--start", "r=1", "--quiet", "-o", "law")
    assert "trust" in fault("export", "law", "--python")
    names = {}
    exec(run("export", "law", "--python", "--trust")[0], names)
    assert round(names["predict"]({"x": 5}), 9) == 10
