"""Exhaustive search against NumPy's broadcasting over the whole grid."""

import numpy as np
import pytest

import gradloop as gl
from gradloop.examples import as_loss, as_model
from gradloop.problem import make_problem
from gradloop.solvers.exhaustive import TOGETHER, Exhaustive, Search, axes_of
from gradloop.stop import Stop


def line(X, y, start=None, penalty=None, engine="native", loss="squared"):
    start = start or {"w": 0.0, "b": 0.0}
    model = as_model(lambda x, w, b: w * x + b, start)
    return make_problem(model, as_loss(loss, model), X.reshape(-1, 1), y, start, penalty, engine)


X = np.random.default_rng(0).normal(size=57)
Y = 2 * X + 1 + np.random.default_rng(1).normal(size=57)
W, B = np.linspace(0, 4, 41), np.linspace(-1, 3, 37)


def test_the_books_case():
    start = {"w": 0.0}
    model = as_model(lambda x, w: w * x, start)
    X, y = np.array([[1.0], [2.0], [3.0]]), np.array([2.0, 4.0, 6.0])
    found = Exhaustive({"w": np.arange(0, 4.1, 0.1)}).solve(make_problem(model, as_loss(None, model), X, y, start))
    assert found.params == pytest.approx([2.0]) and found.stop is Stop.SEARCHED
    assert found.notes[0] == "41 points were tried; the grid tells w to ±0.1."


@pytest.mark.parametrize("engine", ["native", "numpy"])
@pytest.mark.parametrize("loss", ["squared", "absolute"])
def test_the_best_of_all_points_is_found(engine, loss):
    points = (W, B) if engine == "native" else (W[::8], B[::8])
    errors = points[0][:, None, None] * X + points[1][None, :, None] - Y
    values = (errors**2 / 2 if loss == "squared" else np.abs(errors)).mean(axis=2)
    at = np.unravel_index(values.argmin(), values.shape)
    found = Exhaustive({"w": points[0], "b": points[1]}).solve(line(X, Y, engine=engine, loss=loss))
    assert found.params == pytest.approx([points[0][at[0]], points[1][at[1]]], abs=0)
    assert found.history["loss"][-1] == pytest.approx(values.min(), rel=1e-13)


def test_more_points_than_fit_in_a_block_and_a_block_that_is_not_full():
    assert len(W) * len(B) > TOGETHER and len(W) * len(B) % TOGETHER
    found = Exhaustive({"w": W}).solve(line(X, Y, start={"w": 0.0, "b": 0.75}))
    assert found.params[1] == 0.75  # without values a parameter stays where it starts
    assert found.params[0] == W[np.argmin([np.mean((w * X + 0.75 - Y) ** 2) for w in W])]


def test_refinement_comes_closer_each_round():
    slope, intercept = np.polyfit(X, Y, 1)
    errors = [
        abs(Exhaustive({"w": W[::4], "b": B[::4]}, refine=rounds).solve(line(X, Y)).params - [slope, intercept]).max()
        for rounds in (0, 2, 6)
    ]
    assert errors[0] > errors[1] > errors[2] and errors[2] < 1e-3


def test_an_array_of_parameters_has_a_list_for_each_entry():
    random = np.random.default_rng(0)
    X = random.normal(size=(40, 2))
    model = as_model("linear", None)
    problem = make_problem(model, as_loss(None, model), X, X @ [1.0, -2.0] + 0.5, model.start(2, 0))
    grid = {"w": [np.arange(-3, 4), np.arange(-3, 4)], "b": [0.0, 0.5]}
    assert Exhaustive(grid).solve(problem).params.tolist() == [1.0, -2.0, 0.5]


def test_penalties_are_part_of_what_is_minimised():
    found = Exhaustive({"w": W, "b": B}).solve(line(X, Y, penalty=gl.l2(2.0)))
    values = ((W[:, None, None] * X + B[None, :, None] - Y) ** 2 / 2).mean(axis=2) + W[:, None] ** 2
    at = np.unravel_index(values.argmin(), values.shape)
    assert found.params.tolist() == [W[at[0]], B[at[1]]]


def test_a_best_point_at_the_border_is_said():
    found = Exhaustive({"w": np.linspace(0, 1, 11)}).solve(line(X, Y))
    assert any("lies at the border" in note for note in found.notes)


def test_points_where_the_loss_is_not_a_number_are_passed_over():
    start = {"w": 1.0}
    model = as_model(lambda x, w: np.log(w) * x, start)
    X, y = np.ones((4, 1)), np.ones(4)
    problem = make_problem(model, as_loss(None, model), X, y, start)
    assert Exhaustive({"w": [-1.0, 0.0, 2.0, 2.5, 4.0]}).solve(problem).params.tolist() == [2.5]
    with pytest.raises(gl.OptionError, match="not finite at any point"):
        Exhaustive({"w": [-1.0, -2.0]}).solve(problem)


def test_progress_and_interrupts():
    seen = []
    Exhaustive({"w": W, "b": B}, refine=1).solve(line(X, Y), report=seen.append)
    assert [p.epoch for p in seen] == sorted(p.epoch for p in seen) and seen[-1].epoch == seen[-1].epochs == 200

    def stop(progress):
        raise KeyboardInterrupt

    assert Exhaustive({"w": W}).solve(line(X, Y), report=stop).stop is Stop.INTERRUPTED


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        ({"v": [1.0]}, "names v, but the parameters are w, b"),
        ({"w": [1.0, np.nan]}, "list of finite numbers"),
        ({"w": []}, "list of finite numbers"),
        ({"w": [[1.0], [2.0]]}, "needs 1 lists"),
        ({"w": np.arange(1e5), "b": np.arange(1e5)}, "1e\\+10 points"),
    ],
)
def test_grids_that_cannot_be_searched(grid, words):
    with pytest.raises(gl.OptionError, match=words):
        Exhaustive(grid).solve(line(X, Y))


@pytest.mark.parametrize("settings", [{"grid": {}}, {"grid": [1.0]}, {"grid": {"w": [1.0]}, "refine": -1}])
def test_settings_are_checked(settings):
    with pytest.raises(gl.OptionError):
        Exhaustive(**settings)


MANY = np.sort(np.random.default_rng(2).normal(size=700))


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("noise", [0.01, 1.0, 30.0])
@pytest.mark.parametrize("loss", ["squared", "absolute", "huber", "quantile"])
def test_points_left_out_on_all_rows_change_nothing(loss, noise, order):
    y = 2 * MANY + 1 + noise * np.random.default_rng(3).normal(size=700)
    given = line(MANY[::order].copy(), y[::order].copy(), loss=loss)
    grid = {"w": np.linspace(-8, 8, 65), "b": np.linspace(-9, 9, 73)}
    whole = Search(given, axes_of(given, grid), 0, None)
    losses = whole.losses()
    found = Exhaustive(grid).solve(given)
    assert found.history["loss"][-1] == losses.min()
    assert (found.params == whole.points(np.array([losses.argmin()]))[:, 0]).all()
    if noise == 0.01:  # else the best is so bad that others may be better, for all that some rows tell
        assert (
            found.notes[0].startswith(f"{65 * 73} points were tried, ") and " of them on all rows; " in found.notes[0]
        )
        assert 65 * 73 * 64 <= found.history["rows"][-1] < 65 * 73 * 700 / 2


def test_of_equal_points_the_first_is_kept():
    """The loss depends on the product only, so points of one product are as good as one another."""
    start = {"a": 1.0, "b": 1.0}
    model = as_model(lambda x, a, b: a * b * x, start)
    given = make_problem(model, as_loss(None, model), MANY[:, None], 6 * MANY, start)
    found = Exhaustive({"a": [1.0, 2.0, 3.0, 6.0], "b": [1.0, 2.0, 3.0, 6.0]}).solve(given)
    assert found.params.tolist() == [1.0, 6.0]


def test_where_a_row_may_have_a_negative_loss_every_point_meets_every_row():
    start = {"w": 0.0, "b": 1.0}
    model = as_model(lambda x, w, b: np.exp(w * x + b), start)
    counts = np.random.default_rng(0).poisson(np.exp(0.3 * MANY + 4)).astype(float)
    given = make_problem(model, as_loss("poisson", model), MANY[:, None], counts, start)
    found = Exhaustive({"w": np.linspace(-1, 1, 21), "b": np.linspace(3, 5, 21)}).solve(given)
    assert found.notes[0].startswith("441 points were tried; ") and found.history["rows"][-1] == 441 * 700
    assert found.history["loss"][-1] < 0


def test_points_without_a_finite_loss_are_passed_by():
    start = {"w": 1.0}
    model = as_model(lambda x, w: np.log(w) * x, start)
    given = make_problem(model, as_loss(None, model), MANY[:, None], MANY, start)
    with np.errstate(all="ignore"):
        found = Exhaustive({"w": np.arange(-5.0, 6.0)}).solve(given)
    assert found.params[0] == 3.0
    with pytest.raises(gl.OptionError, match="not finite at any point"):
        Exhaustive({"w": np.arange(-5.0, 0.0)}).solve(given)
