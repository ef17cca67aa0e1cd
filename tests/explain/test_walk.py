"""A walk shows every value and derivative of a graph, and sees a rule that is wrong."""

import numpy as np
import pytest

import problems
from gradloop.core.grad import gradient
from gradloop.core.ops import OPS
from gradloop.core.spec import FLOAT64, INT64, Spec
from gradloop.core.trace import trace
from gradloop.explain.walk import cut_out, forward, prediction_in, shown, walk

SPECS = {"row": Spec((2,), FLOAT64), "y": Spec((), FLOAT64), "w": Spec((2,), FLOAT64), "b": Spec((), FLOAT64)}
VALUES = {"row": np.array([1.0, 2.0]), "y": np.array(3.0), "w": np.array([0.5, -1.0]), "b": np.array(0.25)}


def squared(row, y, w, b):
    return (np.dot(row, w) + b - y) ** 2 / 2


def by_name(walked):
    return {place.name: place for place in walked.places}


def walked(function=squared):
    return walk(trace(function, SPECS, "loss"), VALUES, ["w", "b"])


def test_forward_reads_as_in_the_book():
    places = [(place.name, place.expression) for place in walked().places]
    assert places == [
        *((name, "") for name in ("row", "y", "w", "b")),
        ("v1", "row @ w"), ("v2", "v1 + b"), ("v3", "v2 - y"), ("v4", "v3 ** 2.0"), ("loss", "v4 / 2.0"),
    ]  # fmt: skip
    values = [float(np.squeeze(place.value)) for place in walked().places[4:]]
    assert values == [-1.5, -1.25, -4.25, 18.0625, 9.03125]


def test_backward_is_the_chain_rule():
    found = by_name(walked())
    residual = -4.25
    assert found["loss"].slope.value == 1 and found["v4"].slope.value == 0.5
    assert found["v3"].slope.value == found["v2"].slope.value == found["b"].slope.value == residual
    np.testing.assert_array_equal(found["w"].slope.value, residual * VALUES["row"])
    assert found["row"].slope is None and found["y"].slope is None  # training does not ask for these
    assert [check.name for check in found["v2"].local] == ["d v2 / d v1", "d v2 / d b"]
    assert found["v4"].local[0].value == 2 * residual
    np.testing.assert_array_equal(found["v1"].local[0].value, VALUES["row"])
    assert all(check.agrees for check in walked().checks)


def test_a_value_used_twice_gets_both_shares():
    found = by_name(walked(lambda row, y, w, b: b * b + y * b * b))
    assert found["b"].slope.value == 2 * 0.25 * (1 + 3)
    product = next(place for place in found.values() if place.expression == "b * b")
    assert [check.name for check in product.local] == [f"d {product.name} / d b"] and product.local[0].value == 0.5


def test_a_parameter_that_is_not_used_has_slope_zero():
    found = by_name(walked(lambda row, y, w, b: np.dot(row, w) ** 2))
    assert found["b"].slope.value == 0 and found["b"].slope.agrees


def test_whole_numbers_and_conditions_have_no_derivatives():
    specs = {"w": Spec((3,), FLOAT64), "y": Spec((), INT64)}
    graph = trace(lambda w, y: np.where(w[y] > 0, w[y] * 2.0, 0.0), specs, "picked")
    found = walk(graph, {"w": np.array([1.0, 2.0, 3.0]), "y": np.array(1)}, ["w"])
    assert by_name(found)["y"].slope is None
    np.testing.assert_array_equal(by_name(found)["w"].slope.value, [0, 2, 0])
    assert all(check.agrees for check in found.checks)
    less = next(place for place in found.places if "<" in place.expression)
    assert less.slope is None and less.local == ()


def test_the_graph_of_a_gradient_is_walked_in_the_same_way():
    slope = gradient(trace(squared, SPECS, "loss"), ["b"])
    found = by_name(walk(slope, VALUES, ["w", "b"], "s"))
    np.testing.assert_array_equal(found["w"].slope.value, VALUES["row"])
    assert found["b"].slope.value == 1


@pytest.mark.parametrize("op", ["power", "matmul", "divide", "subtract"])
def test_a_wrong_rule_is_seen_where_it_is_and_on_the_way_from_it(monkeypatch, op):
    right = OPS[op].derivative

    def wrong(g, y, *inputs, **attributes):
        return tuple(None if part is None else part * 1.001 for part in right(g, y, *inputs, **attributes))

    monkeypatch.setitem(OPS, op, OPS[op]._replace(derivative=wrong))
    found = walked()
    (place,) = [place for place in found.places if place.expression and f" {OPS[op].symbol[3:-3]} " in place.expression]
    assert not any(check.agrees for check in place.local)
    assert not by_name(found)["w"].slope.agrees
    rest = [check for other in found.places if other is not place for check in other.local]
    assert rest and all(check.agrees for check in rest)


def test_values_that_are_not_used_are_left_out_of_a_rule():
    graph = trace(lambda w, g, t: w - 0.5 * g, {name: Spec((), FLOAT64) for name in "wgt"}, "rule")
    found = forward(graph, {"w": np.array(1.0), "g": np.array(4.0), "t": np.array(1.0)}, "new w")
    assert [(place.name, float(place.value)) for place in found.places] == [
        ("w", 1), ("g", 4), ("v1", 2), ("new w", -1),
    ]  # fmt: skip


def test_an_operation_is_cut_out_with_the_reshaping_before_it():
    graph = trace(squared, SPECS, "loss")
    (product,) = [node for node in graph.nodes if node.op == "matmul"]
    alone, sources = cut_out(product)
    assert [shown(node) for node in product.inputs] == sources == [graph.by_name["row"], graph.by_name["w"]]
    assert [node.spec.shape for node in alone.inputs] == [(2,), (2,)]


def test_the_prediction_is_found_in_the_loss_where_it_is_a_value_of_its_own():
    least_squares, classes = problems.numbers(), problems.two_classes()
    assert prediction_in(least_squares.example, least_squares.prediction).op == "add"
    assert prediction_in(classes.example, classes.prediction) is None  # the safe form never computes it
