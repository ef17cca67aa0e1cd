"""Loops as plain data: they print as pseudo-code, and their keys tell them apart."""

from dataclasses import replace

import numpy as np

from gradloop.compiler.loops import Inputs, Map, Sum
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import trace
from gradloop.optimizers import momentum, sgd
from training import linear_data, linear_params, squared, training

FLOAT32 = np.dtype(np.float32)


def test_training_prints_as_the_books_pseudo_code() -> None:
    loop = training(squared, linear_data(5, 2), linear_params(2), sgd(0.03)).loop
    text = str(loop)
    assert text.startswith(
        "for epoch in epochs:\n"
        "    for batch in batches of the epoch:        # the last one may be short\n"
        "        g_w, g_b = 0\n"
        "        for i in rows of the batch, in the order of (seed, epoch):\n"
        "            g_w, g_b += gradient(x[i], y[i], w, b)\n"
        "        t = t + 1\n"
        "        w = update_w(w, g_w / rows in the batch, t)\n"
        "        b = update_b(b, g_b / rows in the batch, t)\n"
        "\n"
        "where\n"
        "\n"
        "gradient of loss(x: float64[2], y: float64[], w: float64[2], b: float64[]):\n"
    )
    assert text.endswith(
        "update_b(w: float64[], g: float64[], t: float64[], number0: float64[]):\n"
        "  v1 = number0 * g  # float64[]\n"
        "  v2 = w - v1       # float64[]\n"
        "  return v2"
    )
    assert "for i in rows of the batch:" in str(replace(loop, shuffled=False))


def test_passes_print_as_pseudo_code() -> None:
    graph = trace(lambda x: x * 2.0, {"x": Spec((), FLOAT64)}, "double")
    inputs = Inputs(graph.inputs, ())
    body = "double(x: float64[]):\n  v1 = x * 2.0  # float64[]\n  return v1"
    assert str(Sum(graph, inputs)) == (
        f"for block in blocks of rows:\n    for i in block:\n        total[block] += outputs of row i\n\n{body}"
    )
    assert str(Map(graph, inputs)) == f"for i in rows:\n    result[i] = output of row i\n\n{body}"


def test_who_is_a_row_and_who_a_parameter_is_part_of_the_key() -> None:
    """Machine code reads its arguments by place: with the wrong ones it would read anywhere."""
    graph = trace(lambda a, b: a * b, {"a": Spec((2,), FLOAT64), "b": Spec((2,), FLOAT64)})
    a, b = graph.inputs
    for loop in (Sum, Map):
        keys = [loop(graph, Inputs(*split)).key for split in [((a,), (b,)), ((b,), (a,)), ((a, b), ()), ((b, a), ()),
                                                               ((), (a, b)), ((), (b, a))]]  # fmt: skip
        assert len(set(keys)) == len(keys)
    assert Sum(graph, Inputs((a,), (b,))).key != Map(graph, Inputs((a,), (b,))).key


def test_what_makes_other_machine_code_makes_another_key() -> None:
    def key(d: int = 2, dtype: type = np.float64, rate: float = 0.1, shuffled: bool = True, n: int = 5) -> str:
        return training(squared, linear_data(n, d, dtype), linear_params(d, dtype), sgd(rate), shuffled).loop.key

    assert key() == key(rate=0.7) == key(n=50)
    others = [key(d=3), key(dtype=np.float32), key(shuffled=False)]
    others.append(training(squared, linear_data(5, 2), linear_params(2), momentum(0.1)).loop.key)
    assert len({key(), *others}) == 5


def test_precision_is_that_of_the_parameters() -> None:
    graph = trace(lambda x, w: x * w, {"x": Spec((), FLOAT64), "w": Spec((), FLOAT32)})
    assert Inputs(graph.inputs[:1], graph.inputs[1:]).dtype == FLOAT32
    assert Inputs(graph.inputs, ()).dtype == FLOAT64
    assert Inputs(graph.inputs[:1], graph.inputs[1:]).row_names == {"x"}
