"""Laws whose rows are apart: a triangle stands for its rows in every product, and the search ends where it did."""

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest

import gradloop as gl
from gradloop.errors import OptionError
from gradloop.examples import as_model
from gradloop.losses import LOSSES, Loss
from gradloop.problem import Problem, make_problem
from gradloop.solvers.nonlinear.apart import Apart, residuals_of
from gradloop.solvers.nonlinear.residuals import Residuals, uncertainty

ENDS = (0, 2, 400, 401, 1000)  # of the parts; two have fewer rows than there are parameters
PLACE = np.array([1.7, 0.9, 0.4])
KINDS = ["squared", "huber", "weights"]


class InParts(Problem):
    """A problem whose rows are asked for a part at a time."""

    in_memory = False

    def parts(self):
        for first, last in pairwise(ENDS):
            weights = None if self.weights is None else self.weights[first:last]
            given = {field.name: getattr(self, field.name) for field in fields(Problem)}
            part = Problem(**given | {"X": self.X[first:last], "y": self.y[first:last], "weights": weights})
            yield replace(part, loss=self.loss._replace(function=None))  # only its graph travels


def decay(x, top, rate, floor):
    return top * np.exp(-rate * x[0]) + floor


def together_with(loss, weighted=False):
    """A problem some of whose rows are far off."""
    random = np.random.default_rng(0)
    x = random.uniform(0, 4, ENDS[-1])
    y = 2.5 * np.exp(-1.3 * x) + 0.5 + 0.1 * random.normal(size=len(x))
    y[::50] += 3
    weights = random.uniform(0.5, 2, len(x)) if weighted else None
    start = {"top": np.array(1.0), "rate": np.array(0.5), "floor": np.array(0.0)}
    return make_problem(as_model(decay, start), loss, x[:, None], y, start, weights=weights)


def in_parts(problem):
    return InParts(**{field.name: getattr(problem, field.name) for field in fields(Problem)})


def both(kind):
    """The same problem, its rows together and in parts."""
    whole = together_with(LOSSES["squared" if kind == "weights" else kind], kind == "weights")
    return whole, in_parts(whole)


@pytest.mark.parametrize("kind", KINDS)
def test_products_are_those_of_the_rows(kind):
    together, apart = map(residuals_of, both(kind))
    assert type(together) is Residuals and type(apart) is Apart
    ours, theirs = apart.at(PLACE), together.at(PLACE)
    J, S = together.jacobian(PLACE), apart.jacobian(PLACE)
    assert S.shape == (4, 3)
    near = {"rtol": 1e-11, "atol": 1e-11}
    np.testing.assert_allclose(S.T @ S, (J.T * theirs.strength) @ J, **near)
    np.testing.assert_allclose(S.T @ ours.pull, J.T @ theirs.pull, **near)
    np.testing.assert_allclose(ours.residuals @ ours.residuals, theirs.strength @ theirs.residuals**2, **near)
    np.testing.assert_allclose(np.sum(ours.noise**2), np.sum(theirs.strength * theirs.noise**2), rtol=1e-11)
    assert (ours.cost, apart.unit, apart.rows) == (pytest.approx(theirs.cost), together.unit, together.rows)
    assert apart.mean_loss(ours) == pytest.approx(together.mean_loss(theirs))
    np.testing.assert_allclose(apart.left_out(ours, S), together.left_out(theirs, J), **near)
    direction = np.array([0.1, -0.2, 0.3])
    expected = together.pulled_by_bending(theirs, J, direction)
    np.testing.assert_allclose(apart.pulled_by_bending(ours, S, direction), expected, **near)


def test_the_triangle_of_other_parameters_is_made_when_it_is_asked_for():
    together, apart = map(residuals_of, both("squared"))
    apart.at(PLACE)
    S, J = apart.jacobian(2 * PLACE), together.jacobian(2 * PLACE)
    np.testing.assert_allclose(S.T @ S, J.T @ J, rtol=1e-11)


@pytest.mark.parametrize("solver", [gl.GaussNewton(), gl.GaussNewton(bounds={"rate": (0.0, 1.0)})])
@pytest.mark.parametrize("kind", KINDS)
def test_the_search_ends_where_it_does_with_all_rows_together(kind, solver):
    together, apart = (solver.solve(problem) for problem in both(kind))
    np.testing.assert_allclose(apart.params, together.params, rtol=1e-10)
    assert apart.stop is together.stop and apart.notes == together.notes
    np.testing.assert_allclose(apart.history.loss[-1], together.history.loss[-1], rtol=1e-12)
    np.testing.assert_allclose(apart.history.gradient_norm[0], together.history.gradient_norm[0], rtol=1e-10)


@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_uncertainty_is_that_of_the_rows(factor):
    loss = Loss("scaled", lambda y_hat, y: factor * (y_hat - y) ** 2 / 2, "number", True, True)
    whole = together_with(loss, weighted=True)
    expected, found = uncertainty(whole, PLACE), uncertainty(whole, PLACE, view=residuals_of(in_parts(whole)))
    np.testing.assert_allclose(found.covariance, expected.covariance, rtol=1e-9)
    assert found.deviation == pytest.approx(expected.deviation, rel=1e-12)
    assert found.degrees_of_freedom == expected.degrees_of_freedom == ENDS[-1] - 3


def test_losses_of_another_kind_are_refused():
    apart = in_parts(together_with(LOSSES["absolute"]))
    with pytest.raises(OptionError, match="needs the rows together for the absolute loss"):
        gl.GaussNewton().solve(apart)
    beside = Loss("beside", lambda y_hat, y: (y_hat - y - 0.5) ** 4, "number", True, True)
    for problem in (together_with(beside), in_parts(together_with(beside))):
        with pytest.raises(OptionError, match="beside loss is not least where the prediction meets y"):
            gl.GaussNewton().solve(problem)
