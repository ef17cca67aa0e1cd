import numpy as np
import pytest
from scipy.stats import t as student

import gradloop as gl
from gradloop.errors import OptionError
from gradloop.plots import measurements
from gradloop.plots.rows import problem_of, rows_of


def noisy_line(rows=40):
    random = np.random.default_rng(0)
    x = random.uniform(-1, 5, rows)
    return x, 2 * x + 1 + random.normal(size=rows)


def words(axes):
    return " ".join(text.get_text() for text in axes.texts).replace("\n", " ")


def test_points_line_and_band_are_where_they_were_given():
    line = measurements.Line(np.array([0.0, 1.0]), np.array([1.0, 2.0]), np.array([0.0, 1.0]), np.array([2.0, 3.0]))
    axes = measurements.data([0.0, 0.5], [1.0, 2.0], line, names=("t (s)", "U (V)"))
    assert axes.collections[0].get_offsets().tolist() == [[0, 1], [0.5, 2]]
    assert axes.lines[0].get_xydata().tolist() == [[0, 1], [1, 2]]
    corners = axes.collections[1].get_paths()[0].vertices
    assert corners[:, 1].min() == 0 and corners[:, 1].max() == 3
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("t (s)", "U (V)") and "95 %" in words(axes)


def test_a_million_points_are_thinned_and_the_picture_says_so():
    axes = measurements.data(np.zeros(10**6), np.zeros(10**6))
    assert len(axes.collections[0].get_offsets()) == 5000 and "5,000 of 1,000,000 rows" in words(axes)


def test_the_band_of_a_line_is_that_of_the_textbook():
    x, y = noisy_line()
    fit = gl.fit(x[:, None], y)
    at = np.array([[0.0], [2.0], [10.0]])
    lower, upper = measurements.band(problem_of(fit, rows_of(fit)), at)
    centred = np.sum((x - x.mean()) ** 2)
    slope = np.sum((x - x.mean()) * y) / centred
    line = y.mean() + slope * (at[:, 0] - x.mean())
    deviation = np.sqrt(np.sum((y - y.mean() - slope * (x - x.mean())) ** 2) / (len(x) - 2))
    reach = student.ppf(0.975, len(x) - 2) * deviation * np.sqrt(1 / len(x) + (at[:, 0] - x.mean()) ** 2 / centred)
    np.testing.assert_allclose(lower, line - reach, rtol=1e-9)
    np.testing.assert_allclose(upper, line + reach, rtol=1e-9)


def test_the_band_of_a_law_is_that_of_its_tangent():
    x = np.linspace(0.1, 2, 30)
    y = np.exp(-1.3 * x) + 0.01 * np.random.default_rng(1).normal(size=30)
    fit = gl.fit(x, y, model=lambda x, rate: np.exp(-rate * x), start={"rate": 1.0})
    lower, upper = measurements.band(problem_of(fit, rows_of(fit)), np.array([[1.0]]))
    rate, error = float(fit.params["rate"]), float(fit.statistics.standard_error[0])
    reach = student.ppf(0.975, 29) * np.exp(-rate) * error
    np.testing.assert_allclose([lower[0], upper[0]], [np.exp(-rate) - reach, np.exp(-rate) + reach], rtol=1e-9)


def test_the_band_counts_each_example_by_its_weight():
    x, y = noisy_line()
    weights = np.random.default_rng(4).uniform(0.5, 2, len(x))
    fit = gl.fit(x[:, None], y, weights=weights)
    lower, upper = measurements.band(problem_of(fit, rows_of(fit)), np.array([[3.0]]))
    A, share = np.c_[x, np.ones(len(x))], weights / weights.mean()
    normal = A.T @ (share[:, None] * A)
    best = np.linalg.solve(normal, A.T @ (share * y))
    variance = np.sum(share * (y - A @ best) ** 2) / (len(x) - 2)
    reach = student.ppf(0.975, len(x) - 2) * np.sqrt(variance * np.array([3, 1]) @ np.linalg.solve(normal, [3, 1]))
    np.testing.assert_allclose([lower[0], upper[0]], best @ [3, 1] + np.array([-reach, reach]), rtol=1e-9)


def test_no_band_where_the_data_do_not_tell():
    fit = gl.fit(np.array([[1.0], [2.0]]), np.array([1.0, 3.0]))
    assert measurements.band(problem_of(fit, rows_of(fit)), np.array([[1.0]])) == (None, None)


def test_a_fit_draws_its_line_through_its_data():
    x, y = noisy_line()
    fit = gl.fit({"x (m)": x, "y (s)": y}, target="y (s)")
    axes = measurements.of_fit(fit, None, None, (), None)
    np.testing.assert_allclose(axes.collections[0].get_offsets(), np.c_[x, y], rtol=1e-12)
    grid, line = axes.lines[0].get_data()
    np.testing.assert_allclose(line, fit.predict({"x (m)": grid}), rtol=1e-12)
    assert grid[0] == x.min() and grid[-1] == x.max() and axes.get_xlabel() == "x (m)"


def test_with_other_features_points_are_moved_to_their_means():
    random = np.random.default_rng(2)
    X = random.normal(size=(50, 3))
    y = X @ [1.0, 2.0, -3.0] + 4 + random.normal(size=50)
    fit = gl.fit(X, y)
    axes = measurements.of_fit(fit, None, None, ("x[1]",), None)
    residual = y - fit.predict(X)
    others = X.mean(axis=0).copy()
    expected = fit.params["b"] + X[:, 1] * fit.params["w"][1] + others[[0, 2]] @ fit.params["w"][[0, 2]] + residual
    np.testing.assert_allclose(axes.collections[0].get_offsets(), np.c_[X[:, 1], expected], rtol=1e-9)
    assert "the other features are held at their means" in words(axes)


def test_two_features_make_a_surface():
    X = np.random.default_rng(3).normal(size=(60, 2))
    fit = gl.fit(X, X @ [1.0, 2.0] + np.where(np.arange(60) % 2, 1.0, -1.0))
    axes = measurements.of_fit(fit, None, None, (), None)
    lines, above, below = axes.collections
    assert len(above.get_offsets()) + len(below.get_offsets()) == 60
    for point in above.get_offsets()[:5]:
        row = int(np.argmin(np.abs(X - point).sum(axis=1)))
        assert row % 2 == 1
    plane = fit.predict(np.array([[X[:, 0].min(), X[:, 1].min()], X.max(axis=0)]))
    assert plane[0] < lines.levels[3] < plane[1]


def test_between_the_points_of_a_grid_a_plane_is_exact():
    across, up = np.linspace(-1, 1, 4), np.linspace(0, 2, 5)
    values = 3 * across[None] - up[:, None]
    points = np.random.default_rng(0).uniform([-1, 0], [1, 2], (20, 2))
    np.testing.assert_allclose(measurements.bilinear(points, across, up, values), points @ [3, -1], rtol=0, atol=1e-12)


def test_a_probability_is_drawn_over_zeros_and_ones():
    x = np.linspace(-2, 2, 40)
    passed = np.where(x + np.sin(9 * x) > 0, "yes", "no")
    fit = gl.fit({"hours": x, "passed": passed}, target="passed", model="logistic")
    axes = measurements.of_fit(fit, None, None, (), None)
    assert set(axes.collections[0].get_offsets()[:, 1]) == {0, 1} and axes.get_ylabel() == "probability of yes"
    assert len(axes.collections) == 1  # no band where there is no theory for it


@pytest.mark.parametrize(
    ("features", "sentence"),
    [((), "choose one or two"), ((0, 1, 2), "one or two"), ((0, 0), "different"), (("q",), "no feature 'q'")],
)
def test_features_that_cannot_be_shown_are_refused(features, sentence):
    fit = gl.fit(np.random.default_rng(0).normal(size=(20, 3)), np.arange(20.0))
    with pytest.raises(OptionError, match=sentence):
        measurements.of_fit(fit, None, None, features, None)


def test_a_softmax_model_has_no_line():
    fit = gl.fit(np.arange(6.0)[:, None], np.array([0, 1, 2, 0, 1, 2]), model="softmax")
    with pytest.raises(OptionError, match="boundaries"):
        measurements.of_fit(fit, None, None, (), None)
