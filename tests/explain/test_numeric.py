"""Derivatives from values alone are right for every operation of the table, and wrong rules are seen."""

import numpy as np
import pytest
from hypothesis import given, settings

import programs
from gradloop.core.evaluate import evaluate
from gradloop.core.grad import gradient
from gradloop.core.ops import OPS
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import trace
from gradloop.explain import numeric
from gradloop.explain.numeric import ANALYTIC, COMPLEX, all_values, along, checked, entries, numeric_slopes, unit
from gradloop.explain.walk import exact_slopes

X = np.array([0.3, -1.2, 2.5])
FUNCTIONS = {
    "exp": (lambda x: np.exp(x), np.exp(X)),
    "logistic": (lambda x: 1 / (1 + np.exp(-x)), np.exp(-X) / (1 + np.exp(-X)) ** 2),
    "abs": (np.abs, np.sign(X)),
    "relu": (lambda x: np.maximum(x, 0.0), X > 0),
    "least": (lambda x: np.minimum(x, 1.0), X < 1),
    "where": (lambda x: np.where(x > 1, x * x, 3 * x), np.where(X > 1, 2 * X, 3)),
    "max": (lambda x: np.max(x) * 2.0, [0, 0, 2]),
    "square": (lambda x: x**2, 2 * X),
    "power": (lambda x: np.abs(x) ** 1.5, 1.5 * np.abs(X) ** 0.5 * np.sign(X)),
    "logsumexp": (lambda x: np.log(np.sum(np.exp(x))), np.exp(X) / np.sum(np.exp(X))),
    "tanh": (np.tanh, 1 - np.tanh(X) ** 2),
    "floor": (np.floor, np.zeros(3)),
}


def traced(function):
    return trace(function, {"x": Spec((3,), FLOAT64)}, "function")


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("way", ["complex step", "central difference"])
def test_both_ways_find_the_derivative_known_from_algebra(monkeypatch, name, way):
    if way == "central difference":
        monkeypatch.setattr(numeric, "ANALYTIC", set())
        monkeypatch.setattr(numeric, "COMPLEX", {})
    function, expected = FUNCTIONS[name]
    graph = traced(function)
    found = numeric_slopes(graph, all_values(graph, {"x": X}), graph.inputs[0])
    tolerance = 1e-14 if way == "complex step" else 1e-8
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def test_every_operation_with_a_derivative_has_a_complex_meaning():
    assert set(OPS) <= ANALYTIC | set(COMPLEX)
    assert not ANALYTIC & set(COMPLEX)


def test_a_complex_meaning_is_the_real_one_on_real_numbers():
    for name in ("logistic", "abs", "sign", "floor"):
        np.testing.assert_allclose(COMPLEX[name](X + 0j), OPS[name].meaning(X), rtol=1e-15)
    large = np.array([-800.0, 0.0, 800.0])
    np.testing.assert_allclose(COMPLEX["logistic"](large + 0j), OPS["logistic"].meaning(large), atol=1e-300)
    for name in ("maximum", "minimum", "logaddexp", "less"):
        np.testing.assert_allclose(COMPLEX[name](X + 0j, X[::-1] + 0j), OPS[name].meaning(X, X[::-1]), rtol=1e-14)
    for name in ("max", "logsumexp"):
        np.testing.assert_allclose(COMPLEX[name](X + 0j, (0,)), OPS[name].meaning(X, (0,)), rtol=1e-14)


def test_where_two_sides_meet_both_count_half_as_in_the_table():
    graph = traced(lambda x: np.sum(np.abs(x)) + np.sum(np.maximum(x, 0.0)))
    found = numeric_slopes(graph, all_values(graph, {"x": np.zeros(3)}), graph.inputs[0])
    np.testing.assert_array_equal(found, 0.5)
    np.testing.assert_array_equal(evaluate(gradient(graph, ["x"]), {"x": np.zeros(3)})[0], 0.5)


def test_the_step_is_small_beside_any_unit():
    planck = np.array([6.6e-34, 1.4e-23, 1e30])
    graph = traced(lambda x: np.sum(x * x))
    found = numeric_slopes(graph, all_values(graph, {"x": planck}), graph.inputs[0])
    np.testing.assert_allclose(found, 2 * planck, rtol=1e-14)


def test_several_outputs_along_a_direction():
    graph = traced(lambda x: (np.sum(x * x), x[0] * x))
    outputs = along(graph, all_values(graph, {"x": X}), {id(graph.inputs[0]): np.ones(3)})
    np.testing.assert_allclose(outputs[0], 2 * X.sum())
    np.testing.assert_allclose(outputs[1], X + X[0])


def test_nodes_on_the_way_can_be_moved_too():
    graph = traced(lambda x: np.sum(np.exp(x) ** 2))
    (inner,) = [node for node in graph.nodes if node.op == "exp"]
    found = numeric_slopes(graph, all_values(graph, {"x": X}), inner)
    np.testing.assert_allclose(found, 2 * np.exp(X), rtol=1e-14)


def test_long_arrays_are_looked_at_here_and_there():
    assert entries(3) == [0, 1, 2] and entries(1) == [0]
    assert len(entries(1000)) == numeric.LOOKED_AT and entries(1000)[0] == 0 and entries(1000)[-1] == 999
    graph = trace(lambda x: np.sum(x * x), {"x": Spec((1000,), FLOAT64)}, "long")
    found = numeric_slopes(graph, all_values(graph, {"x": np.ones(1000)}), graph.inputs[0])
    assert np.sum(np.isfinite(found)) == numeric.LOOKED_AT
    assert checked("long", np.full(1000, 2.0), found).agrees
    assert not checked("long", np.full(1000, 2.1), found).agrees


def test_a_unit_direction_moves_one_entry():
    graph = trace(lambda x: np.sum(x), {"x": Spec((2, 2), FLOAT64)}, "sum")
    np.testing.assert_array_equal(unit(graph.inputs[0], 2)[id(graph.inputs[0])], [[0, 0], [1, 0]])


# ---- the comparison can fail


@pytest.mark.parametrize(
    ("value", "found", "agrees"),
    [
        ([1.0, 2.0], [1.0, 2.0], True),
        ([1.0, 2.0], [1.0, 2.0 + 1e-9], True),
        ([1.0, 2.0], [1.0, 2.001], False),
        ([0.0], [1e-3], False),
        ([0.0], [0.0], True),
        ([np.nan], [1.0], False),
        ([1.0], [np.nan], True),  # not looked at
        ([np.inf], [1.0], False),
        ([np.nan], [np.nan], False),
    ],
)
def test_a_derivative_agrees_or_not(value, found, agrees):
    assert checked("d", np.array(value), np.array(found)).agrees is agrees


def test_rounding_of_terms_that_cancel_is_no_mistake():
    assert not checked("d", np.array(0.0), np.array(1e-16)).agrees
    assert checked("d", np.array(0.0), np.array(1e-16), terms=1.0).agrees
    assert not checked("d", np.array(0.0), np.array(1e-13), terms=1.0).agrees


@settings(max_examples=40, deadline=None)
@given(programs.programs())
def test_random_programs_have_the_gradients_of_their_rules(program):
    graph, values, names = program.graph(program.number), program.at_row(0), list(program.params)
    known = all_values(graph, values)
    slopes = exact_slopes(graph, values, [graph.by_name[name] for name in names])
    terms = max(1.0, *(float(np.max(np.abs(slope))) for slope in slopes))  # those that cancelled were about one
    for name, slope in zip(names, slopes, strict=True):
        assert checked(name, slope, numeric_slopes(graph, known, graph.by_name[name]), terms).agrees
