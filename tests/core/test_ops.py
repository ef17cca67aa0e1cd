"""The table of operations: every row's shape, meaning and derivative, to second order."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from derivatives import STEP, check_derivatives
from gradloop.core.evaluate import evaluate
from gradloop.core.graph import Graph, Node
from gradloop.core.ops import COMMUTATIVE, LABEL_OPS, OPS, apply, logistic, logsumexp
from gradloop.core.spec import spec_of
from gradloop.core.trace import trace

RANDOM = np.random.default_rng(1)
A, B = RANDOM.normal(size=(2, 3)), RANDOM.normal(size=(2, 3))
WIDE, TALL, ONE = RANDOM.normal(size=(3,)), RANDOM.normal(size=(2, 1)), RANDOM.normal(size=())
CUBE = RANDOM.normal(size=(2, 3, 2))
POSITIVE = RANDOM.uniform(0.5, 2.0, size=(2, 3))
LABEL = np.int64(1)
LABELS = np.array([[1, 0], [1, 1]])

Row = tuple[str, Callable[..., Any], tuple[Any, ...]]


def plain(op: str, *arrays: Any, **attributes: Any) -> Row:
    """An operation applied to arrays, each of which is an input."""
    return op, lambda *inputs: apply(op, *inputs, **attributes), arrays


ROWS: list[Row] = [
    *(
        plain(op, A)
        for op in ("negative", "exp", "expm1", "abs", "sign", "floor", "sin", "cos", "arctan", "tanh", "logistic")
    ),
    *(plain(op, POSITIVE) for op in ("log", "log1p", "sqrt")),
    plain("convert", A, dtype=np.dtype(np.float64)),
    plain("convert", A, dtype=np.dtype(np.int64)),
    *(plain(op, A, B) for op in ("add", "subtract", "multiply", "maximum", "minimum", "logaddexp")),
    *(plain(op, TALL, WIDE) for op in ("add", "subtract", "multiply", "maximum", "minimum", "logaddexp")),
    *(plain(op, WIDE, ONE) for op in ("add", "subtract", "multiply", "maximum", "minimum", "logaddexp")),
    plain("divide", TALL, POSITIVE),
    plain("power", POSITIVE, WIDE),
    ("power", lambda a: a**3, (A,)),
    ("power", lambda a: a**-2, (POSITIVE,)),
    ("power", lambda a: a**2.5, (POSITIVE,)),
    ("power", lambda a: 2.0**a, (A,)),
    *(plain(op, A, B) for op in ("less", "less_equal", "equal")),
    ("logical_and", lambda a, b: (a > 0) & (b > 0), (A, WIDE)),
    ("logical_or", lambda a, b: (a > 0) | (b > 0), (A, WIDE)),
    ("logical_not", lambda a: ~(a > 0), (A,)),
    plain("where", A > 0, A, B),
    plain("where", A[:, 0] > 0, A[0, 0], TALL),
    *(plain(op, CUBE, axis=axis) for op in ("sum", "max", "logsumexp") for axis in [(0,), (1,), (0, 2), (0, 1, 2)]),
    plain("reshape", A, shape=(3, 2)),
    plain("reshape", ONE, shape=(1, 1)),
    plain("transpose", CUBE, axes=(2, 0, 1)),
    plain("broadcast", TALL, shape=(4, 2, 3)),
    plain("index", CUBE, key=(slice(None, None, -1), None, 1, ...)),
    plain("index", A, key=(-1, slice(0, 3, 2))),
    plain("unindex", A, key=(slice(1, 5, 2), ..., 2), shape=(5, 3, 4)),
    plain("take", A, LABEL),
    plain("take", WIDE, LABEL),
    plain("take", A, LABELS),
    plain("take", CUBE, LABELS[0]),
    plain("place", RANDOM.normal(size=(2, 2, 3)), LABELS, length=2),
    plain("place", RANDOM.normal(size=(2, 2)), LABELS, length=3),
    plain("place", A, LABEL, length=4),
    plain("place", ONE, LABEL, length=2),
    plain("concatenate", A, POSITIVE, TALL, axis=1),
    plain("concatenate", WIDE, WIDE, axis=0),
    plain("matmul", A, B.T),
    plain("matmul", WIDE[None], WIDE[:, None]),
    plain("matmul", TALL, WIDE[None]),
]
NAMES = [f"{op}-{number}" for number, (op, _, _) in enumerate(ROWS)]


def test_every_operation_has_a_row() -> None:
    assert {op for op, _, _ in ROWS} == set(OPS)


@pytest.mark.parametrize(("op", "function", "arrays"), ROWS, ids=NAMES)
def test_derivatives_to_second_order(op: str, function: Callable[..., Any], arrays: tuple[Any, ...]) -> None:
    check_derivatives(function, arrays, orders=2)


@pytest.mark.parametrize(("op", "function", "arrays"), ROWS, ids=NAMES)
def test_rule_as_it_stands_runs_on_arrays(op: str, function: Callable[..., Any], arrays: tuple[Any, ...]) -> None:
    """Without tracing and without simplification: what a tape of arrays would do."""
    node, inputs = last_node(op, function, arrays)
    row, attributes = OPS[op], node.attributes
    y = row.meaning(*inputs, **attributes)
    assert spec_of(np.asarray(y)) == node.spec
    g = np.random.default_rng(2).normal(size=y.shape)
    shares = row.derivative(g, y, *inputs, **attributes)
    for place, share in enumerate(shares):
        if share is None or node.inputs[place].is_constant:
            continue
        along = np.random.default_rng(place).normal(size=inputs[place].shape)

        def at(step: float, place: int = place, along: Any = along) -> Any:
            moved = [x + step * along if i == place else x for i, x in enumerate(inputs)]
            return np.sum(g * row.meaning(*moved, **attributes))

        expected = (at(STEP) - at(-STEP)) / (2 * STEP)
        assert_allclose(np.sum(share * np.broadcast_to(along, np.shape(share))), expected, rtol=1e-7, atol=1e-8)


def last_node(op: str, function: Callable[..., Any], arrays: tuple[Any, ...]) -> tuple[Node, list[np.ndarray]]:
    """The node of the operation, and the values of its inputs."""
    values = {f"a{i}": np.asarray(array) for i, array in enumerate(arrays)}
    graph = trace(function, {name: spec_of(value) for name, value in values.items()})
    (node,) = graph.outputs
    assert node.op == op
    return node, list(evaluate(Graph("inputs", graph.inputs, node.inputs), values))


@pytest.mark.parametrize("op", sorted(COMMUTATIVE))
def test_commutative_operations_are(op: str) -> None:
    a, b = (A > 0, B > 0) if op.startswith("logical") else (A, B)
    assert_allclose(OPS[op].meaning(a, b), OPS[op].meaning(b, a), rtol=1e-15)


def test_ties_share_the_derivative() -> None:
    g, x = np.ones(2), np.array([1.0, 2.0])
    for op in ("maximum", "minimum"):
        assert_array_equal(OPS[op].derivative(g, x, x, x), [[0.5, 0.5]] * 2)
    equal = np.array([1.0, 3.0, 3.0])
    assert_array_equal(OPS["max"].derivative(np.array(1.0), np.array(3.0), equal, axis=(0,))[0], [0, 0.5, 0.5])


def test_label_operations_name_their_label() -> None:
    assert all(OPS[op].derivative(WIDE, WIDE, A, 0, **attributes)[place] is None for op, place, attributes in
               [(op, place, {"length": 3} if op == "place" else {}) for op, place in LABEL_OPS.items()])  # fmt: skip


def test_entries_picked_twice_get_both_shares() -> None:
    g = np.array([1.0, 10.0, 100.0])
    assert_array_equal(OPS["place"].meaning(g, np.array([2, 0, 2]), length=3), [10, 0, 101])
    assert_array_equal(OPS["place"].meaning(g, np.array([-1, 0, 2]), length=3), [10, 0, 101])


def test_slope_of_the_power_zero_is_zero_at_zero() -> None:
    for zero in (0, 0.0, np.zeros(2)):
        slope, _ = OPS["power"].derivative(np.ones(2), np.ones(2), np.array([0.0, 2.0]), zero)
        assert_array_equal(slope, [0, 0])


def test_sum_keeps_the_type_and_takes_empty_axes() -> None:
    assert OPS["sum"].meaning(np.ones((2, 3), np.float32), axis=(1,)).dtype == np.float32
    assert_array_equal(OPS["sum"].meaning(np.ones((2, 0)), axis=(1,)), [0, 0])
    assert_array_equal(OPS["sum"].meaning(A, axis=()), A)


def test_logistic_and_logsumexp_never_overflow() -> None:
    x = np.array([-1e4, -800.0, 0.0, 800.0, 1e4])
    assert_array_equal(logistic(x), [0, 0, 0.5, 1, 1])
    assert logistic(np.float32(3.0)).dtype == np.float32
    assert_array_equal(
        logsumexp(np.array([[800.0, 800.0], [-800.0, -800.0]]), (1,)), [800 + np.log(2), np.log(2) - 800]
    )
    with np.errstate(divide="ignore"):
        infinite = np.array([[np.inf, 0.0], [-np.inf, -np.inf], [-np.inf, 1.0]])
        assert_array_equal(logsumexp(infinite, (1,)), [np.inf, -np.inf, 1.0])
