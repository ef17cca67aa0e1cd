import numpy as np
import pytest

import fits
import gradloop as gl
from gradloop.errors import OptionError
from gradloop.units import as_units, unit_of

TABLE = {
    "area": [50.0, 80.0, 110.0, 60.0, 70.0, 90.0], "speed": [1.0, 2.0, 1.5, 4.0, 3.0, 0.5],
    "town": ["Ulm", "Bonn", "Ulm", "Bonn", "Ulm", "Ulm"], "garden": [True, False, False, True, True, True],
    "sold": np.array(["2020-01-03", "2020-02-03", "2020-01-13", "2020-03-01", "2020-01-07", "2020-07-02"], "M8[D]"),
    "price": [150.0, 340.0, 330.0, 280.0, 1.0, 2.0],
}  # fmt: skip
UNITS = {"area": "m²", "speed": "m/s", "price": "€"}


def test_a_weight_is_in_units_of_the_target_for_one_unit_of_its_column():
    fit = gl.fit(TABLE, target="price", units=UNITS, penalty=gl.l2(0.1))
    found = {name: unit_of(fit, name) for name in [*fit.feature_names, "(intercept)"]}
    (date,) = [name for name in fit.feature_names if name.startswith("sold")]
    assert found == {
        "area": "€/m²", "speed": "€/(m/s)", "town=Ulm": "€", "garden": "€", date: "€/d", "(intercept)": "€"
    }  # fmt: skip
    without = gl.fit(TABLE, target="price", units={"area": "m²"}, penalty=gl.l2(0.1))
    assert unit_of(without, "area") == unit_of(without, "speed") == unit_of(without, "(intercept)") == ""


def test_powers_odds_and_laws():
    lengths = {"length": [1.0, 2.0, 4.0, 5.0, 7.0], "y": [1.0, 0.5, 3.0, 8.0, 20.0], "long": ["n", "y", "n", "y", "y"]}
    cubic = gl.fit(lengths, target="y", leave_out=["long"], model=gl.polynomial(2), units={"length": "m", "y": "V"})
    assert [unit_of(cubic, name) for name in ("length", "length^2", "(intercept)")] == ["V/m", "V/m^2", "V"]
    odds = gl.fit(lengths, target="long", leave_out=["y"], model="logistic", units={"length": "m"})
    assert [unit_of(odds, name) for name in ("length", "(intercept)")] == ["1/m", ""]
    current = np.array([1.0, 2.0, 3.0])
    start = {"resistance": 1.0, "offset": 0.0}
    named = {"current": "A", "resistance": "Ω", "y": "V"}
    law = gl.fit(current, 2 * current + 1, model=gl.laws.ohm, start=start, units=named)
    assert [unit_of(law, name) for name in ("resistance", "offset")] == ["Ω", ""]
    assert "Ω" in str(law.summary())


def test_the_summary_tells_units_where_there_are_any():
    fit = gl.fit(TABLE, target="price", leave_out=["sold"], units=UNITS, solver="closed_form")
    lines = str(fit.summary()).splitlines()
    assert lines[2].endswith("unit") and any(line.startswith("area") and line.endswith("€/m²") for line in lines)
    assert "unit" not in str(fits.houses().summary())


def test_a_file_keeps_them(tmp_path):
    gl.fit(TABLE, target="price", units=UNITS, penalty=gl.l2(0.1)).save(tmp_path / "model")
    assert gl.load(tmp_path / "model").units == UNITS


@pytest.mark.parametrize(
    ("units", "said"),
    [
        ("m", "must name columns"),
        ({"area": 1}, "must name columns"),
        ({"length": "m"}, "There is no 'length' to have a unit; there are area, speed, town"),
        ({"area": " "}, "give a short word"),
        ({"area": "x" * 41}, "give a short word"),
        ({"area": "m\x1b[2J"}, "give a short word"),
    ],
)
def test_what_is_no_unit_is_refused_before_any_work(units, said):
    with pytest.raises(OptionError, match=said):
        gl.fit(TABLE, target="price", units=units, model="linear", solver="closed_form")
    assert as_units({"y": "V"}, ["y"]) == {"y": "V"}


def test_arrays_have_no_columns_to_name():
    with pytest.raises(OptionError, match="'x' to have a unit; there are y"):
        gl.fit([[1.0], [2.0]], [1.0, 2.0], units={"x": "m"})
