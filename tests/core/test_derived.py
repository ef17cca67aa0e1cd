import numpy as np
import pytest

import gradloop as gl
from gradloop.core import derived, simplify
from gradloop.core.derived import once, shared
from gradloop.core.grad import gradient
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import trace


def graph(factor=2.0, name="f", dtype=FLOAT64, of="w"):
    return trace(lambda w: w * factor * w, {of: Spec((), dtype)}, name)


def test_the_same_graph_is_one():
    assert shared(graph()) is shared(graph())


@pytest.mark.parametrize(
    "other", [{"factor": np.nextafter(2.0, 3)}, {"name": "g"}, {"dtype": np.dtype("float32")}, {"of": "v"}], ids=str
)
def test_any_difference_makes_two(other):
    assert shared(graph()) is not shared(graph(**other))


def test_long_constants_are_compared_to_the_last_bit():
    one, other = np.arange(500.0), np.arange(500.0)
    other[250] = np.nextafter(250.0, 251)
    assert str(graph(one)) == str(graph(other)) and shared(graph(one)) is not shared(graph(other))


def test_what_is_derived_is_derived_once_for_each_question():
    asked = []

    @once
    def derive(graph, names, flag=False):
        asked.append((names, flag))
        return len(asked)

    one = graph()
    assert [derive(one, ["a"]), derive(one, ("a",)), derive(one, ["b"]), derive(one, ["a"], flag=True)] == [1, 1, 2, 3]
    assert derive(graph(), ["a"]) == 4  # of another graph, another answer


def test_a_gradient_is_kept_with_its_graph():
    assert gradient(shared(graph()), ["w"]) is gradient(shared(graph()), ["w"])


def test_large_constants_and_old_graphs_are_not_kept(monkeypatch):
    monkeypatch.setattr(derived, "MOST_GRAPHS", 3)
    monkeypatch.setattr(derived, "_graphs", derived.OrderedDict())
    large = np.arange(derived.MOST_NUMBERS + 1.0)
    assert shared(graph(large)) is not shared(graph(large))
    first = shared(graph(1.0))
    for factor in (2.5, 3.5, 4.5):
        shared(graph(factor))
    assert shared(graph(1.0)) is not first and len(derived._graphs) <= 3


def test_a_second_fit_derives_nothing(monkeypatch):
    """The function is traced again, since what it reads from outside may be another."""
    X, y = np.random.default_rng(0).normal(size=(30, 2)), np.arange(30.0)
    called = []
    gl.fit(X, y, solver=gl.Exhaustive({"w": [[0.0, 1.0], [0.0, 1.0]]}))
    monkeypatch.setattr(simplify.Rewriter, "__init__", counting(simplify.Rewriter.__init__, called))
    gl.fit(X, y, solver=gl.Exhaustive({"w": [[0.0, 1.0], [0.0, 1.0]]}))
    assert not called


def counting(function, called):
    def counted(*given):
        called.append(1)
        function(*given)

    return counted


def test_a_function_that_reads_another_number_is_another_model():
    X, y = np.ones((4, 1)), np.full(4, 6.0)
    factor = 2.0
    first = gl.fit(X, y, model=lambda x, w: factor * w * x[0], start={"w": 0.0})
    factor = 3.0
    second = gl.fit(X, y, model=lambda x, w: factor * w * x[0], start={"w": 0.0})
    assert (first.params["w"], second.params["w"]) == pytest.approx((3.0, 2.0))
