"""The verdict at the end of a search: what it says of points that are, and are not, the bottom of a bowl."""

import numpy as np
import pytest

from gradloop.losses import LOSSES, about, huber, squared
from gradloop.models import Model
from gradloop.problem import make_problem
from gradloop.solvers.nonlinear.residuals import Residuals
from gradloop.solvers.nonlinear.search import Search, floor
from gradloop.stop import Stop

X = np.linspace(0.0, 4.0, 30).reshape(-1, 1)


def law(x, a, b):
    return a * np.exp(-b * x)


Y = law(X[:, 0], 3.0, 0.8) + 0.05 * np.sin(7 * X[:, 0])


def model(law):
    return Model("law", law, lambda features, classes: {}, "squared", lambda params, center, scale: params)


def search(tolerance=1e-6, low=-np.inf, iterations=100, loss=squared):
    view = Residuals(make_problem(model(law), about(loss), X, Y, {"a": 1.0, "b": 1.0}))
    return Search(view, np.full(2, low), np.full(2, np.inf), tolerance, iterations, None)


@pytest.mark.parametrize("loss", [huber(0.03), lambda y_hat, y: np.log(1 + ((y_hat - y) / 0.1) ** 2)])
def test_the_bowl_is_that_of_the_objectives_second_derivatives(loss):
    here = search(loss=loss)
    problem, params = here.view.problem, np.array([2.95, 0.79])
    slope = problem.objective(params)[1]
    H = np.array([problem.curvature_times(params, unit) for unit in np.eye(2)])
    bowl = here.bowl(here.local(here.at(params)))
    assert bowl.decrement**2 * here.view.unit**2 == pytest.approx(30 * slope @ np.linalg.solve(H, slope), rel=1e-9)
    np.testing.assert_allclose(bowl.step / bowl.local.units, -np.linalg.solve(H, slope), rtol=1e-9)


def test_a_curved_valley_is_followed_by_bent_steps(monkeypatch):
    """Rosenbrock's valley: residuals 1000 (b - a²) and 1 - a, straight steps along which soon leave the ground."""

    def rosenbrock(x, a, b):
        return x[0] * 1000 * (b - a**2) + x[1] * (1 - a)

    def steps():
        view = Residuals(
            make_problem(model(rosenbrock), LOSSES["squared"], np.eye(2), np.zeros(2), {"a": -1.2, "b": 1.0})
        )
        found = Search(view, np.full(2, -np.inf), np.full(2, np.inf), 1e-6, 1000, None).run(np.array([-1.2, 1.0]))
        np.testing.assert_allclose(found.point.params, [1.0, 1.0], rtol=1e-9)
        return len(found.history)

    bent = steps()
    monkeypatch.setattr("gradloop.solvers.nonlinear.search.MOST_BENDING", 0.0)
    assert 2 * bent < steps()


def test_every_point_lies_within_the_bounds():
    assert search(low=0.5).at(np.array([-3.0, 0.7])).params.tolist() == [0.5, 0.7]


def test_a_step_is_proposed_within_the_bounds_and_is_the_best_one_there():
    """Beside the bound of b, where only a can move: the step is that of the linearised law in a alone."""
    here = search(low=0.9)
    here.radius, place = 1e3, here.local(here.at(np.array([3.0, 0.9])))
    step = here.propose(place)[0] / place.units
    column = place.slopes[:, 0]
    assert step == pytest.approx([-(column @ place.point.residuals) / (column @ column), 0.0], abs=1e-12)


def bottom():
    return search().run(np.array([1.0, 1.0])).point.params


def distance(params):
    """The distance to the bottom in standard errors, by brute force: from the loss above the least."""
    least, here = (np.sum((law(X[:, 0], *p) - Y) ** 2) for p in (bottom(), params))
    return np.sqrt((here - least) / 2 / (least / 28))


@pytest.mark.parametrize("share", [1e-2, 1e-4])
def test_the_decrement_is_the_distance_to_the_bottom_in_standard_errors(share):
    here = search()
    params = bottom() * (1 + share)
    bowl = here.bowl(here.local(here.at(params)))
    deviation = np.sqrt(2 * bowl.local.point.cost / 28)
    assert bowl.decrement / deviation / np.sqrt(2) == pytest.approx(distance(params), rel=0.05)


@pytest.mark.parametrize(("tolerance", "verdict"), [(1e-1, True), (1e-4, False)])
def test_near_enough_depends_on_the_tolerance(tolerance, verdict):
    here = search(tolerance)
    params = bottom() * (1 + 1e-5)
    assert 1e-4 < distance(params) < 1e-1
    assert here.at_bottom(here.bowl(here.local(here.at(params)))) is verdict


def test_rounding_is_near_enough():
    here = search()
    assert floor(here.at(bottom())) < 1e-13
    assert here.at_bottom(here.bowl(here.local(here.at(bottom()))))


def test_a_held_parameter_is_not_judged():
    """With b held at its bound the best a is that of a linear law."""
    here = search(low=1.0)
    found = here.run(np.array([3.0, 2.0]))
    shape = np.exp(-X[:, 0])
    assert found.point.params == pytest.approx([shape @ Y / (shape @ shape), 1.0], rel=1e-12)
    assert found.stop is Stop.CONVERGED


def test_running_out_of_iterations_is_said():
    found = search(iterations=1).run(np.array([50.0, 5.0]))
    assert found.stop is Stop.ITERATIONS


def test_an_interrupt_keeps_what_was_found():
    here = search()

    def interrupt(progress):
        if progress.epoch == 3:
            raise KeyboardInterrupt

    here.report = interrupt
    found = here.run(np.array([50.0, 5.0]))
    assert found.stop is Stop.INTERRUPTED
    assert len(found.history) == 3
    assert found.point.cost < here.at(np.array([50.0, 5.0])).cost
