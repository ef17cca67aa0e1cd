from dataclasses import replace

import numpy as np
import pytest

import fits
import gradloop as gl
from gradloop.errors import OptionError
from gradloop.plots import rows

TABLE = {
    "area": [50.0, 80.0, 110.0, 60.0],
    "town": ["Ulm", "Bonn", "Ulm", "Bonn"],
    "price": [150.0, 340.0, 330.0, 280.0],
}


@pytest.fixture
def houses():
    return gl.fit(TABLE, target="price")


def test_a_fit_knows_its_data_until_it_is_saved(houses, tmp_path):
    found = rows.rows_of(houses)
    assert rows.in_units(houses, found.X)[:, 0].tolist() == pytest.approx(TABLE["area"])
    assert found.y.tolist() == TABLE["price"]
    houses.save(tmp_path / "m.gradloop")
    loaded = gl.load(tmp_path / "m.gradloop")
    with pytest.raises(OptionError, match=r"fit.plot.residuals\(data\)"):
        rows.rows_of(loaded, asked="fit.plot.residuals")
    given = rows.rows_of(loaded, TABLE)
    np.testing.assert_array_equal(given.X, found.X)


def test_a_fit_to_arrays_asks_for_both():
    with pytest.raises(OptionError, match=r"x\(X, y\)"):
        rows.rows_of(fits.make(), asked="x")
    with pytest.raises(OptionError, match="both are needed"):
        rows.rows_of(fits.make(), np.zeros((3, 2)))
    with pytest.raises(OptionError, match="without X"):
        rows.rows_of(fits.make(), y=np.zeros(3))


def test_units_go_there_and_back(houses):
    X = rows.rows_of(houses).X
    np.testing.assert_allclose(rows.as_trained(houses, rows.in_units(houses, X)), X, rtol=1e-14, atol=1e-14)
    assert rows.in_units(fits.make(), X) is X and rows.as_trained(fits.make(), X) is X


def test_the_problem_of_a_fit_starts_at_its_answer_and_keeps_its_penalty():
    X, y = np.array([[-1.0], [1.0]]), np.array([-3.0, 3.0])
    fit = gl.fit(X, y, penalty=gl.l2(1.0))
    value, slope = rows.problem_of(fit, rows.rows_of(fit)).objective(rows.problem_of(fit, rows.rows_of(fit)).start)
    assert fit.params["w"][0] == pytest.approx(1.5)  # the half of 3: w = 3 / (1 + 1)
    assert value == pytest.approx(1.5**2 / 2 + 1.5**2 / 2) and np.abs(slope).max() < 1e-9


def test_names_of_target_and_classes(houses):
    assert rows.target_name(houses) == "price" and rows.target_name(fits.make()) == "y"
    assert rows.class_names(fits.passing(), rows.Rows(None, None)) == ("no", "yes")
    X, y = np.arange(6.0).reshape(-1, 1), np.array([0, 1, 2, 0, 1, 2])
    soft = gl.fit(X, y, model="softmax")
    assert rows.class_names(soft, rows.rows_of(soft)) == ("0", "1", "2")
    assert rows.class_probabilities(soft, X).sum(axis=1).tolist() == pytest.approx([1] * 6)
    with pytest.raises(OptionError, match="no probabilities"):
        rows.class_probabilities(houses, X)


def test_a_feature_by_its_name_or_number(houses):
    assert [rows.place_of(houses, feature) for feature in ("area", "town=Ulm", 1, 0)] == [0, 1, 1, 0]
    for wrong in ("town", 2, -1, True):
        with pytest.raises(OptionError, match="'area', 'town=Ulm'"):
            rows.place_of(houses, wrong)


def test_a_grid_reaches_from_the_least_to_the_greatest():
    assert rows.along(np.array([3.0, 1.0]), 3).tolist() == [1, 2, 3]
    assert rows.along(np.array([0.0, 1.0]), 2, 0.5).tolist() == [-0.5, 1.5]
    assert rows.along(np.array([2.0]), 3).tolist() == [1, 2, 3]


def test_other_columns_are_held_at_their_means(houses):
    found = rows.rows_of(houses)
    X = rows.in_units(houses, rows.with_columns(houses, found, {0: np.array([10.0, 20.0])}))
    np.testing.assert_allclose(X, [[10, 0.5], [20, 0.5]], atol=1e-12)


def test_outputs_of_one_number_are_flat():
    law = gl.fit([1.0, 2.0], [2.0, 4.0], model=lambda x, a: a * x, start={"a": [1.0]})
    assert rows.outputs(law, np.array([[3.0]])).tolist() == pytest.approx([6.0])


def test_pictures_of_quantities_refuse_classes():
    with pytest.raises(OptionError, match="for quantities"):
        rows.check_numbers(fits.passing(), "residuals")
    rows.check_numbers(replace(fits.make()), "residuals")
