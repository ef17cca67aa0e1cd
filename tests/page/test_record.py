"""The document of a page: its numbers are the run's, it is small whatever the run, and it says what it leaves out."""

import json

import numpy as np
import pytest

import gradloop as gl
from gradloop.explain.course import problem_of, rows_of, run_of
from gradloop.page.record import MOST_COLUMNS, MOST_LETTERS, record_of
from gradloop.page.write import as_data
from page_fits import FITS, HOSTILE, RANDOM, X, Y, decay, houses, line, of_law

MEGABYTE = 10**6


def read(fit, *data):
    """The document as a browser reads it."""
    return json.loads(as_data(record_of(fit, *data)))


@pytest.mark.parametrize("kind", FITS)
def test_every_fit_has_a_document(kind):
    fit = FITS[kind]()
    found = read(fit)
    flat = np.concatenate([np.ravel(fit.trained_params[name]) for name in fit.trained_params])
    assert found["parameters"]["trained"] == [pytest.approx(value, rel=1e-15) for value in flat.tolist()]
    assert found["certificate"]["sentence"] == fit.certificate.sentence and found["stop"]["sentence"] == str(fit.stop)
    assert len(found["points"]["y"]) == found["points"]["all"] == fit.rows


def test_the_steps_are_those_of_the_run():
    fit = line()
    found = read(fit)
    steps = found["steps"]["taken"]
    assert found["steps"]["all"] == 30 and len(steps) == 30 and found["steps"]["batches"] == 6
    run = run_of(fit, problem_of(fit), fit.course.solver)
    w, b = 0.0, 0.0
    for number, step in enumerate(steps, start=1):
        rows = rows_of(run, number)
        assert step["points"] == rows.tolist() and step["rows"] == len(rows)
        error = X[rows, 0] * w + b - Y[rows]
        np.testing.assert_allclose(step["before"], [w, b], rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(step["gradient"], [np.mean(error * X[rows, 0]), error.mean()], rtol=1e-9)
        everywhere = X[:, 0] * w + b - Y
        np.testing.assert_allclose(step["full_gradient"], [np.mean(everywhere * X[:, 0]), everywhere.mean()], rtol=1e-9)
        assert step["loss"] == pytest.approx(np.mean(everywhere**2) / 2, rel=1e-12)
        w, b = w - 0.01 * step["gradient"][0], b - 0.01 * step["gradient"][1]
    np.testing.assert_allclose([w, b], found["parameters"]["value"], rtol=1e-10)
    assert found["path"] == [*(step["before"] for step in steps), steps[-1]["after"]]


def test_the_bound_of_the_dial_is_that_of_the_data():
    A = np.column_stack([X, np.ones(len(X))])
    largest = np.linalg.svd(A, compute_uv=False)[0] ** 2 / len(A)
    found = read(line())["curvature"]
    assert found["raw"]["stable_rate"] == pytest.approx(2 / largest, rel=1e-12)
    assert found["standardised"]["stable_rate"] == pytest.approx(2, rel=1e-12)  # one column: the identity
    assert found["trained"] == "raw" and found["quadratic"]


@pytest.mark.parametrize("fitted", [line, houses])
def test_the_bowls_of_both_units_are_the_loss(fitted):
    fit = fitted()
    found = read(fit)
    columns = np.array([*found["points"]["x"]]).T
    y = np.array(found["points"]["y"])
    mean, deviation = ([feature[key] for feature in found["features"]] for key in ("mean", "deviation"))
    for name, seen in (("raw", columns), ("standardised", (columns - mean) / deviation)):
        bowl = found["curvature"][name]
        w = RANDOM.normal(size=len(bowl["start"]))
        away = w - bowl["start"]
        height = bowl["loss"] + np.dot(bowl["gradient"], away) + away @ np.array(bowl["matrix"]) @ away / 2
        assert height == pytest.approx(np.mean((seen @ w[:-1] + w[-1] - y) ** 2) / 2, rel=1e-6)
        A = np.column_stack([seen, np.ones(len(y))])
        assert bowl["largest"] == pytest.approx(np.linalg.svd(A, compute_uv=False)[0] ** 2 / len(A), rel=1e-6)


def test_a_law_has_its_lines_along_the_path():
    fit = of_law(solver=gl.Minibatch(gl.sgd(0.1), epochs=3))
    found = read(fit)
    x = np.array(found["lines"]["x"])
    assert found["curvature"]["standardised"] is None and len(found["lines"]["y"]) == len(found["path"])
    for (a, k), values in zip(found["path"], found["lines"]["y"], strict=True):
        np.testing.assert_allclose(values, decay(x, a, k), rtol=1e-7)
    assert read(line())["lines"] is None


def test_points_of_a_table_are_in_its_units():
    found = read(houses())
    assert [feature["name"] for feature in found["features"]] == ["area", "town=Kiel", "town=Ulm"]
    assert 39 < min(found["points"]["x"][0]) < max(found["points"]["x"][0]) < 161
    middles = [feature["middle"] for feature in found["features"]]
    assert middles == pytest.approx([np.mean(column) for column in found["points"]["x"]], rel=1e-8)
    area = found["features"][0]
    assert area["mean"] == area["center"] == pytest.approx(np.mean(found["points"]["x"][0]), rel=1e-6)
    assert area["deviation"] == area["scale"] == pytest.approx(np.std(found["points"]["x"][0]), rel=0.02)
    assert found["target"] == {"name": "price", "classes": None}


def test_intervals_are_those_of_the_statistics():
    fit = houses(solver="closed_form")
    found = read(fit)["parameters"]
    assert found["names"] == list(fit.statistics.name)
    assert found["lower"] == fit.statistics["lower"].tolist() and found["p_value"] == fit.statistics["p_value"].tolist()
    assert found["value"] == pytest.approx(fit.statistics["estimate"].tolist(), rel=1e-9)
    assert found["level"] == 0.95


def test_what_is_not_finite_is_null():
    found = read(FITS["diverged"]())
    assert found["steps"]["taken"] and None in found["history"]["loss"]
    assert read(line(loss="absolute"))["curvature"]["raw"]["stable_rate"] is None
    assert read(line())["parameters"]["lower"] == [None, None]


def test_a_loaded_fit_has_no_steps_but_its_rows_path_and_history(tmp_path):
    fit = line()
    fit.save(tmp_path / "m")
    found, before = read(gl.load(tmp_path / "m"), X, Y), read(fit)
    assert found["steps"] is None and found["arithmetic"] == [] and len(found["path"]) == 5
    for part in ("points", "history", "features", "target", "certificate", "title"):
        assert found[part] == before[part]


# Many rows, steps, columns, parameters, letters.


def test_a_million_rows_and_steps_give_a_small_page_that_says_so():
    rng = np.random.default_rng(0)
    many = rng.normal(size=(10**6, 2))
    fit = gl.fit(many, many @ [1.0, 2.0], solver=gl.Minibatch(gl.sgd(0.001), batch_size=1, epochs=1))
    document = as_data(record_of(fit))
    found = json.loads(document)
    assert len(document) < 1.5 * MEGABYTE
    assert found["points"]["all"] == 10**6 and len(found["points"]["y"]) == 5000
    assert found["steps"]["all"] == 10**6 and 20 <= len(found["steps"]["taken"]) <= 300
    assert found["path"][-1] == found["parameters"]["trained"]


@pytest.mark.parametrize("solver", [gl.Minibatch(gl.sgd(1e-4), batch_size=500, epochs=50), gl.GradientDescent()])
def test_wide_data_give_a_small_page_that_says_so(solver):
    wide = np.random.default_rng(0).normal(size=(2000, 800))
    fit = gl.fit(wide, wide[:, 0], solver=solver)
    document = as_data(record_of(fit))
    found = json.loads(document)
    assert len(document) < 3 * MEGABYTE
    assert len(found["features"]) == len(found["points"]["x"]) == MOST_COLUMNS and found["parameters"]["all"] == 801


def test_a_long_history_is_thinned():
    fit = line(gl.Minibatch(gl.sgd(0.01), batch_size="all", epochs=5000))
    found = read(fit)["history"]
    assert found["all"] == 5000 and len(found["epoch"]) == 1000
    assert found["epoch"][0] == 1 and found["epoch"][-1] == 5000
    assert found["loss"][-1] == fit.history["loss"][-1]


@pytest.mark.parametrize("name", [name for name in HOSTILE if name.strip()])
def test_names_are_kept_as_text_and_cut_where_they_are_long(name):
    table = {name: X[:, 0], "y": Y} if name != "y" else {}
    found = read(gl.fit(table, target="y", solver=gl.Minibatch(gl.sgd(0.1), epochs=2)))
    shown = found["features"][0]["name"]
    assert 0 < len(shown) <= MOST_LETTERS and shown.isprintable()
    assert len(as_data(found)) < 100_000
    if name.isprintable() and len(name) <= MOST_LETTERS:
        assert shown == name


def test_hostile_categories_are_text():
    words = [name for name in HOSTILE if name.strip() and len(name) < MOST_LETTERS and name.isprintable()][:8]
    town = np.array(words)[np.arange(80) % 8]
    fit = gl.fit(
        {"x": RANDOM.normal(size=80), "town": town}, target="town", model="softmax", solver=gl.Minibatch(epochs=2)
    )
    assert sorted(read(fit)["target"]["classes"]) == sorted(words)
