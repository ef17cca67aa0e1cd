import math

import numpy as np
import pytest

import fits
import gradloop as gl
from gradloop.data.table import Table
from gradloop.errors import DataError, OptionError
from gradloop.inference import Fit, load, measures
from gradloop.losses import LOSSES
from gradloop.models import Model

X = np.array([[1.0, 2.0], [0.0, 0.0], [3.0, -1.0]])


def test_a_linear_model_predicts_by_its_equation():
    np.testing.assert_allclose(fits.make().predict(X), X @ [2.0, -3.4] + 4.2, rtol=1e-15)


def test_a_polynomial_predicts_by_its_equation():
    x = np.array([[-1.0], [0.5], [2.0]])
    np.testing.assert_allclose(fits.cubic().predict(x), (1 + x + 2 * x**2 + 3 * x**3).ravel(), rtol=1e-15)


@pytest.mark.fault(18)
def test_columns_of_a_table_are_matched_by_name_and_taken_in_their_units():
    fit = fits.houses()
    table = {"price": [0.0, 0.0], "unknown": [1, 2], "town": ["Bonn", "Ulm"], "area": [200, 10]}
    expected = [700.0, 30.0]
    np.testing.assert_allclose(fit.predict(table), expected, rtol=1e-14)
    np.testing.assert_allclose(fit.predict(Table.from_columns(table)), expected, rtol=1e-14)
    del table["price"]
    np.testing.assert_allclose(fit.predict(table), expected, rtol=1e-14)


def test_a_csv_file_is_predicted_from_its_path(tmp_path):
    (tmp_path / "houses.csv").write_text("town,area\nBonn,200\nUlm,10\n")
    np.testing.assert_allclose(fits.houses().predict(tmp_path / "houses.csv"), [700, 30], rtol=1e-14)
    np.testing.assert_allclose(fits.houses().predict(str(tmp_path / "houses.csv")), [700, 30], rtol=1e-14)


def test_two_classes_are_told_apart_at_one_half_and_named():
    fit = fits.passing()
    hours = {"hours": [0.0, 4.99, 5.01, 10.0]}
    assert fit.predict(hours).tolist() == ["no", "no", "yes", "yes"]
    p = 1 / (1 + np.exp(-(np.array(hours["hours"]) - 5)))
    np.testing.assert_allclose(fit.predict_probability(hours), np.stack([1 - p, p], axis=1), rtol=1e-12)
    assert fit.classes == ("no", "yes")


def test_many_classes_are_told_apart_by_the_largest_probability():
    fit = fits.three_classes()
    assert fit.predict([[2.0], [-2.0], [1.0]]).tolist() == [0, 2, 0]
    e = math.e
    np.testing.assert_allclose(fit.predict_probability([[1.0]]), [[e * e, e, 1] / np.float64(e * e + e + 1)])


def test_the_hinge_loss_gives_scores_told_apart_at_zero():
    fit = fits.make(loss="hinge")
    assert fit.predict([[0.0, 1.15], [0.0, 1.3]]).tolist() == [1, 0]  # scores 0.29 and -0.22
    assert fit.evaluate([[0.0, 1.15], [0.0, 1.3]], [1, 1]) == {"accuracy": 0.5}


@pytest.mark.parametrize("fit", [fits.make(), fits.make(loss="hinge")])
def test_what_is_no_probability_is_not_called_one(fit):
    with pytest.raises(OptionError, match="predicts no probabilities"):
        fit.predict_probability(X)


def test_a_users_law_takes_the_row_or_its_values_as_arguments():
    row = Model("ohm", fits.ohm, None, "squared", None)
    fit = fits.make(row, params={"r": 3.3, "u0": 2.2}, feature_names=("current",))
    np.testing.assert_allclose(fit.predict([[1.0], [2.0]]), [5.5, 8.8])
    volume = Model("volume", lambda radius, height, c: c * radius**2 * height, None, "squared", None)
    fit = fits.make(volume, params={"c": 3.0}, feature_names=("radius", "height"))
    np.testing.assert_allclose(fit.predict([[1.0, 2.0], [2.0, 1.0]]), [6.0, 12.0])


def test_a_law_of_one_quantity_takes_a_plain_list_and_may_return_arrays_of_one_number():
    def ohm(current, r, u0):
        return current * r + u0  # current is a row of one value, and so is the prediction

    fit = fits.make(Model("ohm", ohm, None, "squared", None), params={"r": 3.3, "u0": 2.2}, feature_names=("I",))
    np.testing.assert_allclose(fit.predict([1.0, 2.0]), [5.5, 8.8])
    assert fit.evaluate([1.0, 2.0], [5.5, 9.8])["MAE"] == pytest.approx(0.5)
    with pytest.raises(DataError, match=r"shape \(2,\)"):
        fits.cubic().predict([1.0, 2.0])


def test_evaluation_on_arrays_and_tables_agrees_with_the_measures():
    y = X @ [2.0, -3.4] + 4.2 + [1.0, -1.0, 0.0]
    found = fits.make().evaluate(X, y)
    assert found["RMSE"] == pytest.approx(math.sqrt(2 / 3)) and found["MAE"] == pytest.approx(2 / 3)
    assert found["R2"] == pytest.approx(1 - 2 / np.sum((y - y.mean()) ** 2))
    perfect = fits.houses().evaluate(fits.HOUSES)
    assert perfect["R2"] == pytest.approx(1.0) and perfect["MAE"] == pytest.approx(0.0, abs=1e-12)


def test_classes_are_evaluated_by_accuracy_and_log_loss():
    found = fits.passing().evaluate({"hours": [5.0, 4.0], "passed": ["yes", "yes"]})
    p = 1 / (1 + math.e)
    assert found == {"accuracy": 0.0, "log_loss": pytest.approx(-(math.log(0.5) + math.log(p)) / 2)}
    found = fits.three_classes().evaluate([[1.0], [0.0]], [0, 1])
    assert found["accuracy"] == 0.5  # at 0 all are equally likely, and the first is taken


@pytest.mark.parametrize("bad", [-1, 3, 0.5])
def test_labels_that_the_model_does_not_know_are_named(bad):
    with pytest.raises(DataError, match=rf"target in row 1 is {bad}.*; this model knows the classes 0 to 2"):
        fits.three_classes().evaluate([[1.0], [0.0]], np.array([0, bad]))


def test_a_score_above_zero_is_no_probability_of_class_two():
    with pytest.raises(DataError, match="row 0 is 2; this model knows the classes 0 to 1"):
        measures(LOSSES["logistic"], np.array([2]), np.array([0.5]))


WRONG = {
    "too many columns": (fits.make, np.ones((2, 3)), r"X has 3 columns, but the model was fitted to 2"),
    "one dimension": (fits.make, np.ones(2), r"shape \(2,\)"),
    "a path for arrays": (fits.make, "houses.csv", "fitted to arrays"),
    "a table for arrays": (fits.make, {"x0": [1.0], "x1": [1.0]}, "fitted to arrays"),
    "NaN": (fits.make, [[1.0, float("nan")]], r"X\[0, 1\] is nan"),
    "an array for a table": (fits.houses, np.ones((2, 2)), "finds its columns by name"),
    "nothing for a table": (fits.houses, None, "finds its columns by name"),
    "a missing file": (fits.houses, "no.csv", "no.csv"),
    "a missing column": (fits.houses, {"area": [1.0]}, "'town'"),
    "an unseen category": (fits.houses, {"area": [1.0], "town": ["Rome"]}, "Rome"),
    "text for numbers": (fits.houses, {"area": ["large"], "town": ["Ulm"]}, "area"),
}


@pytest.mark.fault(18)
@pytest.mark.parametrize("case", WRONG)
def test_data_that_does_not_fit_is_explained(case):
    make, data, words = WRONG[case]
    with pytest.raises(DataError, match=words):
        make().predict(data)


@pytest.mark.fault(10)
def test_a_prediction_that_overflows_is_an_error_and_not_a_number():
    with pytest.raises(DataError, match="prediction for row 1 is not finite"):
        fits.cubic().predict([[1.0], [1e200]])


def test_targets_come_from_one_place_only():
    with pytest.raises(OptionError, match="leave out y"):
        fits.houses().evaluate(fits.HOUSES, [1.0])
    with pytest.raises(OptionError, match=r"evaluate\(X, y\)"):
        fits.make().evaluate(X)
    with pytest.raises(DataError, match="1 value"):
        fits.make().evaluate(X, [1.0])


def test_a_fit_shows_itself_shortly_and_cannot_be_changed():
    fit = fits.make()
    assert repr(fit) == "<Fit of a linear model to 10 rows: loss 1; finished>"
    with pytest.raises(AttributeError):
        fit.rows = 5


def test_what_is_saved_predicts_the_same_bits(tmp_path):
    fit = fits.houses()
    fit.save(tmp_path / "model")
    loaded = load(tmp_path / "model")
    assert isinstance(loaded, Fit)
    assert loaded.predict(fits.HOUSES).tobytes() == fit.predict(fits.HOUSES).tobytes()
    assert loaded.evaluate(fits.HOUSES) == fit.evaluate(fits.HOUSES)
    assert str(loaded.summary()) == str(fit.summary())


def test_a_fit_that_was_just_made_explains_its_steps_and_a_loaded_one_says_why_not(tmp_path):
    fit = gl.fit(X, [1.0, 2.0, 3.0], solver=gl.Minibatch(gl.sgd(0.1), batch_size=2, epochs=2))
    found = fit.explain(step=4)
    assert found.step.after.tobytes() == np.append(fit.params["w"], fit.params["b"]).tobytes()
    assert "step 4 of 4" in str(found) and found.agrees
    fit.save(tmp_path / "model")
    with pytest.raises(OptionError, match="does not hold the data it was trained on.* fit again"):
        load(tmp_path / "model").explain(step=4)
