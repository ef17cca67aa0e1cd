"""What makes examples ready: weights, rows held out, and the choice of model and loss. Most is tested through fit."""

import numpy as np
import pytest

import gradloop as gl
from gradloop.examples import check_weights, counted, from_arrays, from_table, path_or_table
from gradloop.solvers.auto import SOLVERS

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(80, 2))
Y = X @ [2.0, -1.0] + 0.5 + RANDOM.normal(size=80)
TIMES = RANDOM.integers(0, 4, size=80)
EXACT = [name for name in SOLVERS if name != "minibatch"]


def params(fit):
    return np.concatenate([np.ravel(value) for value in fit.params.values()])


@pytest.mark.fault(16)
@pytest.mark.parametrize("solver", EXACT)
def test_whole_weights_are_repeated_rows(solver):
    found = gl.fit(X, Y, weights=TIMES, solver=solver)
    again = gl.fit(np.repeat(X, TIMES, axis=0), np.repeat(Y, TIMES), solver=solver)
    assert np.allclose(params(found), params(again), rtol=1e-9)
    assert found.history["loss"][-1] == pytest.approx(again.history["loss"][-1], rel=1e-9)


@pytest.mark.fault(16)
@pytest.mark.parametrize("solver", SOLVERS)
def test_a_weight_of_zero_is_absence_to_the_bit(solver):
    found = gl.fit(X, Y, weights=TIMES > 0, solver=solver)
    again = gl.fit(X[TIMES > 0], Y[TIMES > 0], weights=np.ones((TIMES > 0).sum()), solver=solver)
    assert np.array_equal(params(found), params(again)) and found.rows == again.rows
    assert f"{(TIMES == 0).sum()} rows of weight 0 were left out." in found.notes


@pytest.mark.parametrize("solver", EXACT)
def test_the_unit_of_the_weights_does_not_matter(solver):
    found = gl.fit(X, Y, weights=TIMES + 1, solver=solver)
    for unit in (2.0**-900, 2.0**900):
        assert np.array_equal(params(gl.fit(X, Y, weights=(TIMES + 1.0) * unit, solver=solver)), params(found))


def test_descent_follows_the_weights():
    solver = gl.Minibatch(gl.sgd(0.1), batch_size="all", epochs=1)
    found = gl.fit(X, Y, weights=TIMES, solver=solver)
    slope = (TIMES[:, None] * -np.column_stack([X, np.ones(80)]) * Y[:, None]).sum(axis=0) / TIMES.sum()
    assert np.allclose(params(found), -0.1 * slope, rtol=1e-12)


@pytest.mark.parametrize("model", ["logistic", "softmax"])
def test_classes_have_weights_too(model):
    labels = (RANDOM.normal(size=80) < Y).astype(int)
    found = gl.fit(X, labels, model=model, penalty=gl.l2(0.1), weights=TIMES)
    again = gl.fit(np.repeat(X, TIMES, axis=0), np.repeat(labels, TIMES), model=model, penalty=gl.l2(0.1))
    assert np.allclose(params(found), params(again), rtol=1e-7, atol=1e-9)


def test_a_column_of_weights_is_no_feature():
    table = {"a": X[:, 0], "b": X[:, 1], "times": TIMES, "y": Y}
    found = gl.fit(table, target="y", weights="times")
    assert found.feature_names == ("a", "b")
    assert np.allclose(params(found), params(gl.fit(X, Y, weights=TIMES)), rtol=1e-9)


def test_rows_held_out_need_no_weight():
    found = gl.fit(X, Y, weights=TIMES + 1, holdout=0.25, seed=3)
    train, held = gl.data.holdout_split(80, 0.25, seed=3)
    assert found.rows == 60 and found.holdout == pytest.approx(found.evaluate(X[held], Y[held]))
    assert np.allclose(params(found), params(gl.fit(X[train], Y[train], weights=TIMES[train] + 1)), rtol=1e-12)


@pytest.mark.fault(16)
@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (np.ones(79), r"80 numbers.*\(79,\)"),
        (["a"] * 80, "80 numbers"),
        (np.where(np.arange(80) == 7, -1.0, 1), r"weights\[7\] is -1"),
        (np.where(np.arange(80) == 7, np.nan, 1), r"weights\[7\] is nan"),
        (np.where(np.arange(80) == 7, np.inf, 1), r"weights\[7\] is inf"),
        (np.zeros(80), "All weights are zero"),
    ],
)
def test_weights_that_are_none(weights, words):
    with pytest.raises(gl.DataError, match=words):
        gl.fit(X, Y, weights=weights)


# --- Cells without a value, through the front door


GAPS = RANDOM.random(80) < 0.2
TABLE = {"a": np.where(GAPS, np.nan, X[:, 0]), "b": X[:, 1], "y": np.where(TIMES == 2, np.nan, Y)}
KNOWN = TIMES != 2


def test_a_missing_value_is_an_error_that_tells_what_can_be_done():
    said = 'column \'a\' has no value in .*choose missing="drop", "mean" or "indicator"'
    with pytest.raises(gl.DataError, match=said):
        gl.fit(TABLE, target="y")


def test_dropping_is_leaving_the_rows_out():
    found = gl.fit(TABLE, target="y", missing="drop")
    kept = KNOWN & ~GAPS
    again = gl.fit({name: values[kept] for name, values in TABLE.items()}, target="y")
    assert np.array_equal(params(found), params(again)) and found.rows == kept.sum()
    assert f"{(~KNOWN).sum()} of 80 rows were left out because the target 'y' is missing." in found.notes
    with pytest.raises(gl.DataError, match="give rows that have them, or train the model with missing="):
        found.predict(TABLE)
    judged = found.evaluate(TABLE)
    assert judged == pytest.approx(again.evaluate({name: values[kept] for name, values in TABLE.items()}))


def test_the_mean_is_that_of_the_rows_that_are_trained_on():
    found = gl.fit(TABLE, target="y", missing="mean")
    mean = X[KNOWN & ~GAPS, 0].mean()
    filled = {name: values[KNOWN] for name, values in TABLE.items()} | {"a": np.where(GAPS, mean, X[:, 0])[KNOWN]}
    np.testing.assert_allclose(params(found), params(gl.fit(filled, target="y")), rtol=1e-12)
    alone = {"a": [None], "b": [0.5]}
    np.testing.assert_allclose(found.predict(alone), found.predict({"a": [mean], "b": [0.5]}), rtol=1e-12)


def test_the_indicator_is_a_column_of_its_own():
    found = gl.fit(TABLE, target="y", missing="indicator")
    mean = X[KNOWN & ~GAPS, 0].mean()
    wide = np.column_stack([np.where(GAPS, mean, X[:, 0]), GAPS, X[:, 1]])[KNOWN]
    assert found.feature_names == ("a", "a is missing", "b")
    np.testing.assert_allclose(params(found), params(gl.fit(wide, Y[KNOWN])), rtol=1e-9)


def test_weights_and_rows_held_out_go_with_the_rows_that_are_left():
    found = gl.fit(TABLE, target="y", missing="drop", weights=TIMES + 1, holdout=0.25, seed=3)
    kept = np.flatnonzero(KNOWN & ~GAPS)
    rows = {name: values[kept] for name, values in TABLE.items()}
    again = gl.fit(rows, target="y", weights=TIMES[kept] + 1, holdout=0.25, seed=3)
    assert np.array_equal(params(found), params(again)) and found.holdout == again.holdout
    named = gl.fit({**TABLE, "times": TIMES + 1}, target="y", missing="drop", weights="times", holdout=0.25, seed=3)
    assert np.array_equal(params(found), params(named))


def test_weights_are_never_made_up():
    with pytest.raises(
        gl.DataError, match="column of weights 'times' has no value in row 3; fill in these cells, with 0"
    ):
        gl.fit({"a": X[:, 0], "y": Y, "times": [1.0] * 3 + [None] + [1.0] * 76}, target="y", weights="times")


def test_all_targets_missing():
    with pytest.raises(gl.DataError, match="the target 'y' has no value in any of 80 rows"):
        gl.fit({"a": X[:, 0], "y": [None] * 80}, target="y")


@pytest.mark.parametrize("option", [{"missing": "mean"}, {"max_levels": 5}, {"unseen": "other"}])
def test_arrays_have_no_columns_to_prepare(option):
    (name,) = option
    with pytest.raises(gl.OptionError, match=f"{name} is for the columns of a table"):
        gl.fit(X, Y, **option)


@pytest.mark.parametrize("option", [{"missing": "median"}, {"max_levels": 1}, {"unseen": "any"}])
def test_rules_that_are_none_are_refused(option):
    with pytest.raises(gl.OptionError, match=f"{next(iter(option))} is .*, but it must be"):
        gl.fit(TABLE, target="y", **option)


def test_a_law_of_named_columns_has_no_place_for_an_indicator():
    def law(a, b, u, v):
        return u * a + v * b

    start = {"u": 0.0, "v": 0.0}
    with pytest.raises(gl.OptionError, match="adds columns that the function does not name"):
        gl.fit(TABLE, target="y", model=law, start=start, missing="indicator")
    found = gl.fit(TABLE, target="y", model=law, start=start, missing="mean")
    alone = found.predict({"a": [None], "b": [1.0]})
    mean = X[KNOWN & ~GAPS, 0].mean()
    np.testing.assert_allclose(alone, found.params["u"] * mean + found.params["v"], rtol=1e-9)


@pytest.mark.fault(17)
def test_rare_categories_and_new_ones():
    towns = np.array(["Ulm"] * 40 + ["Bonn"] * 30 + ["Aue"] * 5 + ["Hof"] * 5)
    table = {"town": towns, "y": Y}
    found = gl.fit(table, target="y", max_levels=3)
    means = {town: Y[np.isin(towns, names)].mean() for town, names in (("Ulm", ["Ulm"]), ("other", ["Aue", "Hof"]))}
    np.testing.assert_allclose(found.predict({"town": ["Ulm", "Hof", "Mars"]}), [means["Ulm"], *[means["other"]] * 2])
    with pytest.raises(gl.DataError, match='holds "Mars" in row 0, which the model has not seen'):
        gl.fit(table, target="y").predict({"town": ["Mars"]})
    lenient = gl.fit(table, target="y", unseen="other").predict({"town": ["Mars"]})
    np.testing.assert_allclose(lenient, Y.mean())  # the mean of the towns, each with its share


def test_dates_are_days_and_their_coefficient_says_so():
    days = np.arange(80) * 3
    table = {"sold": np.datetime64("2021-05-01") + days.astype("m8[D]"), "y": 5 + 0.25 * days}
    found = gl.fit(table, target="y")
    assert found.feature_names == ("sold (days since 2021-05-01)",)
    np.testing.assert_allclose(params(found), [0.25, 5], rtol=1e-10)
    np.testing.assert_allclose(found.predict({"sold": np.array(["2021-05-05"], "M8[D]")}), [6], rtol=1e-10)


def test_a_column_that_only_counts_is_mentioned_even_if_rows_are_held_out():
    table = {"id": np.arange(1, 81), "a": X[:, 0], "y": Y}
    for holdout in (0.0, 0.25):
        assert (
            sum("'id' only counts the rows" in note for note in gl.fit(table, target="y", holdout=holdout).notes) == 1
        )


def test_the_target_cannot_be_the_weights():
    with pytest.raises(gl.OptionError, match="is the target, and cannot be the weights"):
        gl.fit({"a": X[:, 0], "y": Y}, target="y", weights="y")


def test_the_parts():
    assert path_or_table(X) is None and path_or_table({"a": [1.0]}).names == ("a",)
    assert check_weights([True, False], 2).tolist() == [1.0, 0.0]
    rows, weights, remarks = counted(np.array([3, 1]), np.array([9.0, 3.0, 9.0, 1.0]))
    assert rows.tolist() == [3, 1] and weights.tolist() == [0.5, 1.5] and remarks == ()
    common = {"loss": None, "start": None, "weights": None, "holdout": 0.0, "seed": 0}
    arrays = from_arrays(X, Y, target=None, leave_out=(), model="linear", **common)
    table = path_or_table({"a": X[:, 0], "y": Y})
    named = from_table(table, None, target="y", leave_out=(), model="linear", **common)
    assert arrays.names == ("x[0]", "x[1]") and named.names == ("a",) and named.notes == ()
    assert named.in_units({"w": np.ones(1), "b": np.zeros(())})["w"] == pytest.approx(1 / X[:, 0].std())


def test_a_quantity_is_not_taken_for_classes():
    with pytest.raises(gl.OptionError, match='20 classes.*model="softmax", or model="linear" for a quantity'):
        gl.fit({"a": X[:, 0], "y": np.arange(80) % 20}, target="y", model="logistic")
    with pytest.raises(gl.OptionError, match='3 classes.*model="softmax"\\.'):
        gl.fit({"a": X[:, 0], "y": np.array(["u", "v", "w"])[np.arange(80) % 3]}, target="y", model="logistic")
