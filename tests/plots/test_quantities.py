from itertools import pairwise

import numpy as np
import pytest

import fits
import gradloop as gl
from gradloop.errors import OptionError
from gradloop.plots import coefficients, predicted, quantities, residuals, style


def words(axes):
    return " ".join(text.get_text() for text in axes.texts).replace("\n", " ")


def labels(axes):
    return [label.get_text() for label in axes.get_yticklabels()]


def test_residuals_are_true_less_predicted():
    axes = residuals(np.array([1.0, 2.0]), np.array([1.5, 1.0]), name="U")
    assert axes.collections[0].get_offsets().tolist() == [[1.5, -0.5], [1.0, 1.0]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted U", "residual of U")
    assert len(axes.lines) == 1 and set(axes.lines[0].get_ydata()) == {0}


def test_many_residuals_are_followed_by_their_mean_of_all_rows():
    y_hat = np.linspace(0, 1, 10_000)
    axes = residuals(y_hat + y_hat**2, y_hat)
    followed = axes.lines[1].get_xydata()
    groups = np.array_split(y_hat, 20)
    np.testing.assert_allclose(followed, [[g.mean(), (g**2).mean()] for g in groups])
    assert "5,000 of 10,000 rows" in words(axes) and "mean residual in 20 groups" in words(axes)


def test_predictions_stand_against_the_truth():
    axes = predicted(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 5.0]))
    assert axes.collections[0].get_offsets().tolist() == [[0, 0], [1, 1], [2, 5]]
    assert axes.lines[0].get_xydata().tolist() == [[0, 0], [5, 5]] and axes.get_aspect() == 1
    assert "R² -3.5" in words(axes)  # 1 - 9 / 2


def test_coefficients_stand_in_order_with_their_intervals():
    axes = coefficients(
        ("a", "b", "c"), np.array([1.0, -2.0, 0.5]), np.array([0.5, -3.0, -1]), np.array([2.0, -1.0, 2])
    )
    assert labels(axes) == ["b", "c", "a"]
    assert [path.vertices.tolist() for path in axes.collections[0].get_paths()] == [
        [[-3, 0], [-1, 0]], [[-1, 1], [2, 1]], [[0.5, 2], [2, 2]]
    ]  # fmt: skip
    filled, hollow = axes.lines[1:]
    assert filled.get_xydata().tolist() == [[-2, 0], [1, 2]] and hollow.get_xydata().tolist() == [[0.5, 1]]


def test_a_coefficient_whose_interval_is_not_known_is_hollow():
    axes = coefficients(("a",), np.array([1.0]), np.array([np.nan]), np.array([np.nan]))
    assert axes.lines[2].get_xydata().tolist() == [[1, 0]]


def test_of_very_many_those_farthest_from_zero_are_drawn():
    names, numbers = tuple(map(str, range(100))), np.arange(100.0) - 50
    with style.paper(size=(6, 12)):
        axes = coefficients(names, numbers)
    assert len(labels(axes)) == 40 and labels(axes)[0] == "0" and "40 of 100" in words(axes)


@pytest.mark.parametrize("height", [2, 3, 4, 6])
def test_names_of_coefficients_do_not_touch(height):
    with style.paper(size=(6, height)):
        axes = coefficients(tuple(map(str, range(100))), np.arange(100.0) - 50)
    axes.figure.canvas.draw()
    boxes = [label.get_window_extent() for label in axes.get_yticklabels()]
    assert len(boxes) >= 5 and all(low.y1 <= high.y0 + 1 for low, high in pairwise(boxes))


def test_a_long_name_keeps_its_end():
    with style.paper(size=(4, 3)):
        axes = coefficients(("Neighborhood=Gilbert", "Neighborhood=NoRidge"), np.array([1.0, 2.0]))
    assert [label[-7:] for label in labels(axes)] == ["Gilbert", "NoRidge"] and "…" in labels(axes)[0]


def test_predictions_are_drawn_in_a_square_of_the_points_that_are_shown():
    y = np.arange(9000.0) ** 2
    shown = y[style.thinned(len(y))[0]]
    assert predicted(y, y).lines[0].get_xdata().tolist() == [shown.min(), shown.max()]


def test_coefficients_of_a_table_are_comparable_unless_asked_otherwise():
    table = {"long": [100.0, 200.0, 300.0, 500.0, 300.0], "short": [0.1, 0.5, 0.2, 0.4, 0.9], "y": [1.0, 3, 4, 9, 2]}
    fit = gl.fit(table, target="y")
    axes = quantities.coefficients_of_fit(fit, None, None)
    points = {name: x for line in axes.lines[1:] for x, y in line.get_xydata() for name in [labels(axes)[int(y)]]}
    assert set(points) == {"long", "short"}
    for place, name in enumerate(fit.feature_names):
        assert points[name] == pytest.approx(fit.trained_params["w"][place])
    assert axes.get_xlabel().replace("\n", " ") == "change of y per standard deviation of the column"
    unit = quantities.coefficients_of_fit(fit, "unit", None)
    found = {labels(unit)[int(y)]: x for line in unit.lines[1:] for x, y in line.get_xydata()}
    assert found["long"] == pytest.approx(fit.params["w"][fit.feature_names.index("long")])


def test_parameters_of_a_law_have_no_columns():
    fit = gl.fit([0.0, 1.0, 2.0], [1.0, 0.5, 0.3], model=lambda x, a, k: a * np.exp(-k * x), start={"a": 1.0, "k": 1.0})
    axes = quantities.coefficients_of_fit(fit, None, None)
    assert sorted(labels(axes)) == ["a", "k"] and axes.get_xlabel() == "value"
    with pytest.raises(OptionError, match="leave out per"):
        quantities.coefficients_of_fit(fit, "deviation", None)
    with pytest.raises(OptionError, match="'unit' or 'deviation'"):
        quantities.coefficients_of_fit(fit, "metre", None)


def test_without_statistics_there_are_bare_points():
    axes = quantities.coefficients_of_fit(fits.make(), None, None)
    assert labels(axes) == ["x1", "x0"] and "interval" not in words(axes)


def test_coefficients_of_classes_are_log_odds_and_text_is_told():
    assert quantities.changed(fits.passing()) == "the log odds of yes"
    assert "text and truth values" in words(quantities.coefficients_of_fit(fits.houses(), None, None))
