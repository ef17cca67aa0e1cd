"""Cases 1 to 16: values that break careless arithmetic, through Python and the shell, which say the same."""

import json
import re
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

import gradloop as gl
from gradloop.data import write_csv
from shell import fault, run

ROWS = 60
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=ROWS)
Z = RANDOM.normal(size=ROWS)
Y = 2 * X + Z + 0.1 * RANDOM.normal(size=ROWS)
SIDES = np.where(Y + RANDOM.normal(size=ROWS) > 0, "up", "down")
NAN = np.where(np.isin(np.arange(ROWS), [3, 4]), np.nan, X)


def table(**columns):
    return {"x": X, "z": Z, "y": Y, **columns}


def told(data, *options, **choices):
    """What a refused fit says, in Python as in the shell; only the name of the table differs."""
    with pytest.raises(gl.GradloopError) as caught:
        gl.fit(data, target="y", **choices)
    write_csv("told.csv", {name: without_nan(column) for name, column in data.items()})
    said = fault("fit", "told.csv", "--target", "y", *options)
    in_python, in_shell = (re.sub(r"in (row|line) \d+", "", text) for text in (str(caught.value), said[10:].strip()))
    assert in_shell == in_python.replace("the table", "told.csv")
    return str(caught.value)


def without_nan(column):
    """A column as a file says it: nothing where there is no number."""
    return ["" if value != value else value for value in np.asarray(column).tolist()]


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.fault(1)
def test_cells_without_a_value_are_refused_with_counts_and_cures():
    said = told(table(x=NAN, z=np.where(np.arange(ROWS) == 9, np.nan, Z)))
    assert "column 'x' has no value in 2 rows" in said and "column 'z'" in said
    assert 'missing="drop", "mean" or "indicator"' in said
    with pytest.raises(gl.DataError, match=r"y\[3\] is nan"):
        gl.fit(X[:, None], NAN)


@pytest.mark.fault(1)
@pytest.mark.parametrize("rule", ["drop", "mean", "indicator"])
def test_what_is_done_about_missing_values_goes_with_the_model(rule):
    write_csv("rows.csv", {name: without_nan(column) for name, column in table(x=NAN).items()})
    page, _ = run("fit", "rows.csv", "--target", "y", "--missing", rule, "-o", "model")
    fit = gl.load("model")
    assert "note: 2 " in page and fit.preparation.missing == rule
    if rule == "drop":
        assert "no value" in fault("predict", "model", "rows.csv")
        whole = gl.fit({name: column[np.isfinite(NAN)] for name, column in table().items()}, target="y")
        np.testing.assert_allclose(fit.params["w"], whole.params["w"])
    else:
        run("predict", "model", "rows.csv", "-o", "predictions.csv")
        filled = fit.predict({"x": [fit.preparation.center[0]], "z": [Z[3]]})
        indicated = fit.params["w"][1] if rule == "indicator" else 0.0
        np.testing.assert_allclose(gl.data.read_csv("predictions.csv").column("prediction")[3], filled[0] + indicated)


@pytest.mark.fault(2)
@pytest.mark.parametrize("spelling", ["inf", "-Infinity", "1e400"])
def test_what_is_not_finite_is_refused_with_its_first_row(spelling):
    write_csv("rows.csv", table(x=["" if row == 2 else spelling if row in (7, 9) else X[row] for row in range(ROWS)]))
    said = fault("fit", "rows.csv", "--target", "y", "--missing", "mean")
    assert "'x' holds no finite number in 2 rows" in said and "line 9" in said and spelling in said
    with pytest.raises(gl.DataError, match=r"holds no finite number in row 7"):
        gl.fit(table(x=np.where(np.arange(ROWS) == 7, float(spelling), X)), target="y")


@pytest.mark.fault(3)
@pytest.mark.parametrize("rule", ["mean", "indicator"])
def test_a_column_without_any_value_is_left_out_and_never_asked_for(rule):
    fit = gl.fit(table(q=np.full(ROWS, np.nan)), target="y", missing=rule)
    assert fit.notes[0] == "Column 'q' has no value in any row and was left out."
    np.testing.assert_array_equal(fit.params["w"], gl.fit(table(), target="y").params["w"])
    np.testing.assert_array_equal(fit.predict(table(q=X)), fit.predict(table()))
    assert "'q' has no value" in told(table(q=np.full(ROWS, np.nan)))


@pytest.mark.fault(4)
def test_rows_without_a_target_are_counted_and_never_made_up():
    known = np.isfinite(NAN)
    fit = gl.fit(table(y=np.where(known, Y, np.nan)), target="y", missing="mean")
    assert fit.notes[0] == "2 of 60 rows were left out because the target 'y' is missing." and fit.rows == 58
    same = gl.fit({name: column[known] for name, column in table().items()}, target="y")
    np.testing.assert_allclose(fit.params["w"], same.params["w"], rtol=1e-12)
    assert "no value in any of 60 rows" in told(table(y=np.full(ROWS, np.nan)), "--missing", "mean", missing="mean")


@pytest.mark.fault(5)
@pytest.mark.parametrize(("model", "target"), [("linear", Y), ("logistic", SIDES), ("softmax", SIDES)])
def test_a_constant_column_is_named_and_changes_nothing(model, target):
    fit = gl.fit(table(y=target, q=np.full(ROWS, 7.0)), target="y", model=model)
    assert "Column 'q' is \"7.0\" in every row and was left out." in fit.notes
    np.testing.assert_array_equal(fit.params["w"], gl.fit(table(y=target), target="y", model=model).params["w"])


@pytest.mark.fault(6)
@pytest.mark.parametrize("solver", ["closed_form", "newton", "lbfgs", "gradient_descent", "coordinate_descent"])
def test_dependent_columns_are_named_and_change_no_prediction(solver):
    wide = table(copy=X, both=X + Z)
    fit = gl.fit(wide, target="y", solver=solver)
    np.testing.assert_allclose(fit.predict(wide), gl.fit(table(), target="y").predict(table()), rtol=1e-5, atol=1e-5)
    assert "not identified: x, z, copy, both" in str(fit.summary())
    assert np.isnan(fit.statistics["standard_error"][:4]).all()
    if solver == "closed_form":
        (note,) = (note for note in fit.notes if "cannot tell" in note)
        assert "'copy' from 'x'; nor 'both' from 'x', 'z'" in note and "shortest" in note


@pytest.mark.fault(6)
def test_the_dummy_trap_is_told_by_name_and_once_for_many():
    levels = {f"is {level}": (np.arange(ROWS) % 8 == level).astype(float) for level in range(8)}
    write_csv("rows.csv", table(**levels, **{f"again {name}": column for name, column in levels.items()}))
    page, _ = run("fit", "rows.csv", "--target", "y")
    told_once = " ".join(page.split())
    assert told_once.count("cannot tell") == 1
    assert "nor 'again is 0' from 'is 0'" in told_once and "more groups" in told_once
    write_csv("likely.csv", table(y=SIDES, copy=X))
    assert "not identified: x, copy" in run("fit", "likely.csv", "--target", "y", "--model", "logistic")[0]


@pytest.mark.fault(8)
def test_more_columns_than_rows_judge_nothing():
    columns = {f"c{place}": RANDOM.normal(size=3) for place in range(9)} | {"y": Y[:3]}
    fit = gl.fit(columns, target="y")
    assert any("fitted exactly" in note for note in fit.notes) and any("shortest" in note for note in fit.notes)
    assert np.isnan(fit.statistics["standard_error"]).all() and "no degrees of freedom" in str(fit.summary())
    write_csv("rows.csv", columns)
    assert "fitted exactly" in run("fit", "rows.csv", "--target", "y")[0]


@pytest.mark.fault(10)
def test_a_coefficient_beyond_all_numbers_is_told_with_its_column():
    assert "'x' is too large for float64" in told(table(x=X * 1e-310))
    with pytest.raises(gl.DataError, match="coefficient of 'x' is too large for float64"):
        gl.fit(table(x=X * 1e-310), target="y", solver="lbfgs")
    far = gl.fit(table(x=np.sign(X) * 1e308), target="y")
    near = gl.fit(table(x=np.sign(X)), target="y")
    np.testing.assert_allclose(far.predict(table(x=np.sign(X) * 1e308)), near.predict(table(x=np.sign(X))), rtol=1e-9)
    with pytest.raises(gl.DataError, match="too large to be squared"):
        gl.fit(table(y=Y * 1e307), target="y")


@pytest.mark.fault(12)
def test_integers_without_a_float_of_their_own_are_refused():
    assert "integers too long for a 64-bit float" in told(table(x=np.arange(ROWS) + 2**53))
    assert "integers too long" in told(table(y=np.arange(ROWS) + 2**53))
    for ids in (np.arange(ROWS) + 2**53, np.arange(ROWS).astype(np.uint64) + 2**63 + 1):
        with pytest.raises(gl.DataError, match="X holds the integer"):
            gl.fit(ids[:, None], Y)
        with pytest.raises(gl.DataError, match="y holds the integer"):
            gl.fit(X[:, None], ids)


@pytest.mark.fault(12)
@pytest.mark.parametrize("kind", ["i1", "i2", "i4", "u1", "f2", "g", ">f4", "<i8", "?"])
def test_columns_of_any_type_are_converted_before_any_arithmetic(kind):
    numbers = (np.abs(X) * 40).astype(kind)
    fit, plain = (gl.fit(table(x=column), target="y") for column in (numbers, numbers.astype(np.float64)))
    np.testing.assert_allclose(fit.predict(table(x=numbers)), plain.predict(table(x=numbers.astype(float))), rtol=1e-12)


@pytest.mark.fault(12)
def test_decimals_and_memory_in_any_order_are_numbers(tmp_path):
    exact = gl.fit(table(x=[Decimal(str(round(x, 3))) for x in X]), target="y")
    np.testing.assert_allclose(exact.params["w"], gl.fit(table(x=X.round(3)), target="y").params["w"], rtol=1e-12)
    A = np.column_stack([X, Z])
    A.astype(">f8").tofile(tmp_path / "rows")
    mapped = np.memmap(tmp_path / "rows", ">f8", "r", shape=(ROWS, 2))
    plain = gl.fit(A, Y).params["w"]
    for given in (mapped, np.asfortranarray(A), np.repeat(A, 2, axis=1)[:, ::2], A[::-1][::-1]):
        np.testing.assert_array_equal(gl.fit(given, Y).params["w"], plain)


@pytest.mark.fault(13)
def test_hardly_any_rows_and_classes():
    assert "takes two values in 1 row" in told({"x": [1.0], "y": [2.0]})
    with pytest.raises(gl.DataError, match="no rows"):
        gl.fit({"x": [], "y": []}, target="y")
    one = gl.fit([[1.0, 2.0]], [3.0])
    assert one.predict([[1.0, 2.0]]) == 3 and any("nothing left to judge" in note for note in one.notes)
    assert "in all 60 rows" in told(table(y=np.full(ROWS, "up")), "--model", "logistic", model="logistic")
    with pytest.raises(gl.DataError, match="one class"):
        gl.fit(X[:, None], np.zeros(ROWS), model="softmax")


@pytest.mark.fault(13)
@pytest.mark.parametrize(
    "solver", ["newton", gl.Minibatch(gl.sgd(0.1), batch_size=2, epochs=3)], ids=["all", "batches"]
)
def test_a_class_of_one_row_is_absent_from_most_batches(solver):
    classes = np.array(["a"] * 30 + ["b"] * 29 + ["c"])
    fit = gl.fit(table(y=classes), target="y", model="softmax", solver=solver)
    assert fit.classes == ("a", "b", "c") and np.isfinite(fit.predict_probability(table())).all()


@pytest.mark.fault(14)
@pytest.mark.parametrize("solver", ["newton", "lbfgs", "gradient_descent", "minibatch"])
@pytest.mark.parametrize("model", ["logistic", "softmax"])
def test_separable_classes_are_told_and_nothing_converges(solver, model):
    fit = gl.fit(table(y=np.where(X > 0, "up", "down")), target="y", model=model, solver=solver)
    assert fit.stop is not gl.Stop.CONVERGED
    assert any("separable" in said for said in (str(fit.stop), *fit.notes))


@pytest.mark.fault(15)
def test_a_step_that_is_too_long_is_told_and_nothing_is_saved():
    write_csv("rows.csv", table(y=Y))
    page, err = run(
        "fit", "rows.csv", "--target", "y", "--solver", "minibatch", "--learning-rate", "50", "-o", "model", code=1
    )
    assert "too large" in page and "No model was saved" in err
    assert not Path("model").exists()
    fit = gl.fit(np.column_stack([X * 1e4, Z]), Y, solver=gl.Minibatch(gl.sgd(0.1), epochs=5))
    assert fit.stop is gl.Stop.DIVERGED and np.isfinite(fit.params["w"]).all() and "2.46e-08" in fit.notes[0]


@pytest.mark.fault(15)
@pytest.mark.parametrize(
    ("law", "start", "said"),
    [
        (lambda row, a: np.log(row[0]) * a, 1.0, "not finite in row 1"),
        (lambda row, a: row[0] * a * 1j, 1.0, "real numbers"),
        (lambda row, a: row * a, 1.0, "shape"),
        (lambda row, a: "x", 1.0, "returns a str"),
        (lambda row, a: np.exp(row[0] * a * a), 40.0, "not finite at the start"),
    ],
)
def test_laws_that_cannot_be_are_one_sentence(law, start, said):
    with pytest.raises(gl.GradloopError, match=said):
        gl.fit(np.column_stack([X, Z]), Y, model=law, start={"a": start})


@pytest.mark.fault(16)
@pytest.mark.parametrize("wrong", [-1.0, np.nan, np.inf])
def test_weights_that_are_none(wrong):
    weights = np.where(np.arange(ROWS) == 5, wrong, 1.0)
    with pytest.raises(gl.DataError, match=r"weights\[5\]"):
        gl.fit(X[:, None], Y, weights=weights)
    write_csv("rows.csv", table(w=weights))
    said = fault("fit", "rows.csv", "--target", "y", "--weights", "w")
    assert "rows.csv: " in said and "'w'" in said and "in line 7" in said
    with pytest.raises(gl.DataError, match="All weights are zero"):
        gl.fit(X[:, None], Y, weights=np.zeros(ROWS))


@pytest.mark.fault(16)
@pytest.mark.parametrize("choices", [{}, {"penalty": gl.l2(0.1)}, {"missing": "mean"}, {"missing": "indicator"}])
@pytest.mark.parametrize("cache", [None, "."], ids=["in memory", "on disk"])
def test_a_weight_of_two_is_a_row_that_is_there_twice(choices, cache):
    counts = RANDOM.integers(0, 4, ROWS)
    columns = table(x=without_nan(NAN if "missing" in choices else X), town=["Ulm", "Bonn", "Kiel"] * 20)
    write_csv("once.csv", {**columns, "w": counts / 2})
    write_csv("again.csv", {name: np.repeat(np.array(column, object), counts) for name, column in columns.items()})
    weighed = gl.fit("once.csv", target="y", weights="w", cache=cache, **choices)
    fit = gl.fit("again.csv", target="y", **choices)
    np.testing.assert_allclose(weighed.params["w"], fit.params["w"], rtol=1e-9)
    np.testing.assert_allclose(weighed.preparation.center, fit.preparation.center, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(weighed.preparation.scale, fit.preparation.scale, rtol=1e-12)
    filled = [np.concatenate([each.fill for each in found.preparation.used]) for found in (weighed, fit)]
    np.testing.assert_allclose(*filled, rtol=1e-12, atol=1e-15)


def test_a_fit_says_as_json_what_it_says_to_people():
    write_csv("rows.csv", table(copy=X))
    found = json.loads(run("fit", "rows.csv", "--target", "y", "--json")[0])
    assert any("'copy' from 'x'" in note for note in found["notes"])
