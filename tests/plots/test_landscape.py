import numpy as np
import pytest

import gradloop as gl
from gradloop.errors import OptionError
from gradloop.plots import landscape, loss_curve, objective

BOOK = np.array([[1.0], [2.0], [3.0]]), np.array([2.0, 4.0, 6.0])


def times(x, w):
    return x * w


def square(y_hat, y):
    return (y_hat - y) ** 2


def random_line(rows=30):
    random = np.random.default_rng(0)
    X = random.normal(size=(rows, 1))
    return X, 2 * X[:, 0] + 1 + random.normal(size=rows)


def words(axes):
    return " ".join(text.get_text() for text in axes.texts).replace("\n", " ")


def test_the_curve_of_the_first_chapter():
    values = np.arange(0, 4.1, 0.1)
    axes = loss_curve(*BOOK, times, parameter="w", values=values, start={"w": 1.0}, loss=square)
    curve, star = axes.lines
    np.testing.assert_allclose(curve.get_ydata(), 14 / 3 * (values - 2) ** 2, atol=1e-12)
    assert star.get_xydata()[0].tolist() == pytest.approx([2, 0], abs=1e-12)
    assert axes.get_ylabel() == "mean square loss" and "w = 2" in words(axes)


def test_other_parameters_stay_at_their_start():
    X, y = random_line()
    axes = loss_curve(X, y, parameter="b", values=[0.0, 1.0], start={"w": [3.0], "b": 0.0})
    expected = [np.mean((3 * X[:, 0] + b - y) ** 2) / 2 for b in (0, 1)]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), expected)


@pytest.mark.parametrize(
    "solver", [gl.LBFGS(), gl.Newton(), gl.GradientDescent(), gl.Minibatch(gl.sgd(0.1), 5, 3), gl.ClosedForm()]
)
def test_a_path_ends_at_the_answer(solver):
    fit = gl.fit(*random_line(), solver=solver)
    path = landscape.path_of(fit, objective.of_fit(fit, None, None, ""), [0, 1])
    assert path[-1].tolist() == [fit.trained_params["w"][0], fit.trained_params["b"]]
    assert len(np.unique(path, axis=0)) == len(path)


def test_the_path_of_a_run_that_diverged_ends_where_it_went():
    fit = gl.fit(*random_line(), solver=gl.Minibatch(gl.sgd(3.0), 30, 50))
    assert fit.stop is gl.Stop.DIVERGED
    path = landscape.path_of(fit, objective.of_fit(fit, None, None, ""), [0, 1])
    last = fit.history.params[-1][1]
    assert path[-1].tolist() == [last["w"][0], last["b"]] and len(path) == 1 + len(fit.history.params)


@pytest.mark.parametrize("values", [[1.0], [[1.0, 2.0]], [0.0, np.inf], []])
def test_values_that_are_none_are_refused(values):
    with pytest.raises(OptionError, match="two finite numbers"):
        loss_curve(*BOOK, values=np.array(values) if values != [[1.0, 2.0]] else [1.0, np.nan])


def test_around_a_fit_the_least_loss_is_that_of_the_fit():
    X, y = random_line()
    fit = gl.fit(X, y)
    axes = landscape.curve_of_fit(fit, "w", None, None, None, None)
    assert axes.lines[1].get_xdata()[0] == pytest.approx(fit.params["w"][0])
    assert "held at the values found" in words(axes)


def test_where_no_loss_is_finite_a_sentence_says_so():
    with pytest.raises(OptionError, match="not finite at any"):
        landscape.curve(np.array([0.0, 1.0]), np.array([np.nan, np.inf]))
    with pytest.raises(OptionError, match="not finite anywhere"):
        landscape.surface(np.arange(2.0), np.arange(2.0), np.full((2, 2), np.nan))


def test_lines_of_a_bowl_lie_at_equal_distances():
    grid = np.linspace(-1, 1, 21)
    losses = 5 + grid[:, None] ** 2 + grid[None] ** 2
    levels = landscape.heights(losses)
    assert levels[0] > 5 and levels[-1] < 7
    np.testing.assert_allclose(np.diff(np.sqrt(levels - 5)), np.sqrt(levels[0] - 5))
    assert landscape.heights(np.ones((2, 2))).size == 0


def test_the_surface_has_its_axes_the_right_way_round():
    across, up = np.linspace(0, 1, 5), np.linspace(0, 10, 7)
    axes = landscape.surface(across, up, np.repeat(across[:, None], 7, axis=1), names=("u", "v"))
    for segment in (s for level in axes.collections[0].get_paths() for s in [level.vertices]):
        assert np.ptp(segment[:, 0]) < 1e-12 and np.ptp(segment[:, 1]) == 10  # the loss changes along u only
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_xlim(), axes.get_ylim()) == ("u", "v", (0, 1), (0, 10))


def test_the_path_goes_from_the_start_to_the_answer():
    X, y = random_line()
    fit = gl.fit(X, y, solver=gl.GradientDescent(0.1, momentum=False, iterations=20))
    axes = landscape.surface_of_fit(fit, (), None, None, None)
    path = axes.lines[0].get_xydata()
    assert path[0].tolist() == [0, 0] and len(path) == 21
    np.testing.assert_allclose(path[-1], [fit.params["w"][0], fit.params["b"]])
    first = 0.1 * np.array([np.mean(X[:, 0] * y), np.mean(y)])  # one step from zero
    np.testing.assert_allclose(path[1], first)
    assert axes.lines[1].get_markerfacecolor() == "none" and axes.get_xlim()[0] < 0


def test_a_fit_from_a_file_begins_after_its_first_epoch(tmp_path):
    X, y = random_line()
    gl.fit(X, y, solver=gl.GradientDescent(0.1, momentum=False, iterations=5)).save(tmp_path / "m")
    axes = landscape.surface_of_fit(gl.load(tmp_path / "m"), (), X, y, None)
    assert len(axes.lines[0].get_xydata()) == 5 and "after its first epoch" in words(axes)


def test_a_closed_form_is_a_star():
    fit = gl.fit(*random_line())
    axes = landscape.surface_of_fit(fit, ("w", "b"), None, None, None)
    (star,) = axes.lines
    assert star.get_marker() == "*" and star.get_xdata()[0] == pytest.approx(fit.params["w"][0])


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [((), "two of the 3"), (("b",), "two of the 3"), ("b", "two of the 3"), (("b", "b"), "twice"), (("b", "q"), "'q'")],
)
def test_a_surface_is_over_two_parameters(parameters, sentence):
    fit = gl.fit(np.random.default_rng(0).normal(size=(9, 2)), np.arange(9.0))
    with pytest.raises(OptionError, match=sentence):
        landscape.surface_of_fit(fit, parameters, None, None, None)


def test_room_is_left_around_what_is_to_be_seen():
    across, up = landscape.around(np.array([[0.0, 5.0], [4.0, 5.0]]))
    assert (across[0], across[-1]) == (-1, 5) and up[0] < 5 < up[-1] and len(up) == landscape.SIDE
