"""A rule as a graph gives the numbers of the rule itself, with the penalty's slope or its proximal step."""

import numpy as np
import pytest

import gradloop as gl
from gradloop.core.evaluate import evaluate
from gradloop.errors import OptionError
from gradloop.optimizers import Optimizer
from gradloop.solvers.update_graph import check_update, pair, traced_update
from problems import problem

W, G = np.array([1.0, -2.0, 0.05]), np.array([0.5, 0.25, -1.0])
X = np.random.default_rng(0).normal(size=(20, 3))


def moved(rule, penalty=None, name="w", w=W, g=G, t=3.0):
    """What the graph makes of w, with the constants of the rule as numbers beside it."""
    given = problem("linear", None, X, X[:, 0], penalty=penalty)
    node = dict(zip(given.names, given.params, strict=True))[name]
    update, values = traced_update(given, name, node, rule)
    names = [each.attributes["name"] for each in update.numbers]
    states = rule.init(w)
    arrays = {"w": w, "g": g, "t": np.array(t)} | {f"state{i}": state for i, state in enumerate(states)}
    return evaluate(update.graph, arrays | dict(zip(names, values, strict=True)))


@pytest.mark.parametrize("rule", [gl.sgd(0.1), gl.momentum(0.1), gl.adam(0.1)], ids=lambda rule: rule.name)
def test_the_graph_is_the_rule(rule):
    wanted, state = rule.update(W, G, rule.init(W), 3.0)
    for found, part in zip(moved(rule), (wanted, *state), strict=True):
        np.testing.assert_allclose(found, part, rtol=1e-14)


def test_a_squared_penalty_adds_its_slope_and_spares_the_intercept():
    np.testing.assert_allclose(moved(gl.sgd(0.1), gl.l2(0.5))[0], W - 0.1 * (G + 0.5 * W), rtol=1e-14)
    np.testing.assert_allclose(moved(gl.sgd(0.1), gl.l2(0.5), "b", np.array(2.0), np.array(1.0))[0], 1.9, rtol=1e-14)


def test_a_penalty_with_kinks_is_taken_by_its_proximal_step():
    stepped = W - 0.1 * G
    shrunk = np.sign(stepped) * np.maximum(np.abs(stepped) - 0.1 * 2.0, 0)
    np.testing.assert_allclose(moved(gl.sgd(0.1), gl.l1(2.0))[0], shrunk, atol=1e-15)


def test_another_rate_is_the_same_graph_with_other_numbers():
    given = problem("linear", None, X, X[:, 0])
    (one, first), (other, second) = (traced_update(given, "w", given.params[0], gl.sgd(rate)) for rate in (0.1, 0.7))
    assert one.graph.key == other.graph.key and list(first) != list(second)


def test_what_is_no_rule_is_told():
    mine = Optimizer("mine", lambda w: (), lambda w, g, s, t: w, lambda t: 0.1)
    with pytest.raises(OptionError, match=r"mine must return \(w, state\)"):
        pair(W, mine)
    with pytest.raises(OptionError, match=r"of shapes \[\(2,\)\] into \[\]"):
        check_update((), (gl.core.spec.Spec((2,), np.dtype(float)),), mine)
