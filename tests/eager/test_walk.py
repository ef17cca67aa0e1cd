"""Every operation's derivative on every road: shapes and types by hypothesis, against differences."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from gradloop.core.evaluate import evaluate
from gradloop.core.grad import gradient
from gradloop.core.ops import OPS, apply
from gradloop.core.spec import spec_of
from gradloop.core.trace import trace
from gradloop.eager import Array, record
from gradloop.eager.walk import fitted
from gradloop.errors import TapeError
from programs import Program, programs
from taped import ROADS, differences, number_of, second_slopes, slopes

FEW = settings(max_examples=25, derandomize=True, deadline=None, database=None)
Draw = Callable[[Any], Any]
Call = tuple[Callable[..., Any], list[Any]]


def spread(random: np.random.Generator, shape: tuple[int, ...], low: float, high: float) -> Any:
    """Numbers that lie apart, so that no difference crosses a kink."""
    size = int(np.prod(shape))
    places = random.permutation(size) + random.uniform(0.2, 0.8, size)
    return (low + (high - low) * places / max(size, 1)).reshape(shape)


@st.composite
def pairs_of_shapes(draw: Draw) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes that fit each other, with axes of length 0 and 1, and with none."""
    whole = tuple(draw(st.lists(st.integers(0, 3), max_size=3)))

    def part() -> tuple[int, ...]:
        shape = tuple(1 if draw(st.booleans()) else n for n in whole)
        return shape[draw(st.integers(0, len(shape))) :]

    return part(), part()


ONE = ("negative", "exp", "expm1", "abs", "sign", "floor", "sin", "cos", "arctan", "tanh", "logistic")
POSITIVE = ("log", "log1p", "sqrt")
TWO = ("add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "logaddexp")
REDUCED = ("sum", "max", "logsumexp")
WITHOUT_DERIVATIVE = ("logical_not", "logical_and", "logical_or", "less", "less_equal", "equal")


@st.composite
def calls(draw: Draw, op: str) -> Call:
    """An operation, and arrays to apply it to."""
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    shape, other = draw(pairs_of_shapes())
    if op in ONE:
        return lambda x: apply(op, x), [spread(random, shape, -2.9, 3.1)]
    if op in POSITIVE:
        return lambda x: apply(op, x), [spread(random, shape, 0.3, 3)]
    if op in TWO:
        low = 0.4 if op in ("divide", "power") else -2
        return lambda a, b: apply(op, a, b), [spread(random, shape, low, 3), spread(random, other, low + 0.01, 2.9)]
    if op in REDUCED:
        shape = tuple(max(n, 1) for n in shape) if op != "sum" else shape
        axes = tuple(i for i in range(len(shape)) if draw(st.booleans()))
        return lambda x: apply(op, x, axis=axes), [spread(random, shape, -2, 2)]
    return SPECIAL[op](draw, random, shape, other)


def reshaped(draw: Draw, random: Any, shape: Any, other: Any) -> Call:
    new = draw(st.sampled_from([(-1,), (1, -1), (-1, 1)])) if int(np.prod(shape)) else shape
    return lambda x: x.reshape(new), [spread(random, shape, -2, 2)]


def transposed(draw: Draw, random: Any, shape: Any, other: Any) -> Call:
    axes = tuple(draw(st.permutations(range(len(shape)))))
    return lambda x: apply("transpose", x, axes=axes), [spread(random, shape, -2, 2)]


def broadcast(draw: Draw, random: Any, shape: Any, other: Any) -> Call:
    return lambda x: apply("broadcast", x, shape=np.broadcast_shapes(shape, other)), [spread(random, shape, -2, 2)]


def chosen(draw: Draw, random: Any, shape: Any, other: Any) -> Call:
    condition = random.random(np.broadcast_shapes(shape, other)) < 0.5
    return lambda c, a, b: np.where(c, a, b), [condition, spread(random, shape, -2, 2), spread(random, other, -2, 2)]


def converted(draw: Draw, random: Any, shape: Any, other: Any) -> Call:
    return lambda x: apply("convert", x, dtype=np.dtype(np.float64)), [spread(random, shape, -2, 2)]


def indexed(draw: Draw, random: Any, shape: Any, other: Any) -> Call:
    keys = [0, -1, slice(None, None, -1), (Ellipsis, slice(1, None)), None, (slice(0, 2), -1), slice(5, 2)]
    key = draw(st.sampled_from(keys))
    return lambda x: x[key], [spread(random, (3, 2), -2, 2)]


def unindexed(draw: Draw, random: Any, shape: Any, other: Any) -> Call:
    return lambda x: apply("unindex", x, key=(slice(1, 6, 2), 0), shape=(6, 2)), [spread(random, (3,), -2, 2)]


def taken(draw: Draw, random: Any, shape: Any, other: Any) -> Call:
    """Labels of any shape, with repeats, counted from the end too."""
    label = random.integers(-4, 4, size=other)
    return lambda x, j: apply("take", x, j), [spread(random, (4, 2), -2, 2), label]


def placed(draw: Draw, random: Any, shape: Any, other: Any) -> Call:
    label = random.integers(-3, 3, size=other)
    return lambda x, j: apply("place", x, j, length=3), [spread(random, (*other, 2), -2, 2), label]


def joined(draw: Draw, random: Any, shape: Any, other: Any) -> Call:
    axis = draw(st.integers(0, 1))
    pieces = [spread(random, tuple(n if i == axis else 2 for i in range(2)), -2, 2) for n in (1, 0, 3)]
    return lambda *parts: np.concatenate(parts, axis=axis), pieces


def multiplied(draw: Draw, random: Any, shape: Any, other: Any) -> Call:
    rows, inner, columns = (draw(st.integers(0, 3)) for _ in range(3))
    return lambda a, b: a @ b, [spread(random, (rows, inner), -2, 2), spread(random, (inner, columns), -2, 2)]


SPECIAL = {
    "reshape": reshaped, "transpose": transposed, "broadcast": broadcast, "where": chosen, "convert": converted,
    "index": indexed, "unindex": unindexed, "take": taken, "place": placed, "concatenate": joined,
    "matmul": multiplied,
}  # fmt: skip
WITH_DERIVATIVE = [*ONE, *POSITIVE, *TWO, *REDUCED, *SPECIAL]


def test_every_operation_is_called() -> None:
    assert {*WITH_DERIVATIVE, *WITHOUT_DERIVATIVE} == set(OPS)


@pytest.mark.parametrize("op", WITH_DERIVATIVE)
@FEW
@given(data=st.data())
def test_derivatives_on_all_roads(op: str, data: Any) -> None:
    function, arrays = data.draw(calls(op))

    def plain(*values: Any) -> float:
        return float(number_of(function(*(Array(value) for value in values))).value)

    expected = differences(plain, arrays)
    for road in ROADS:
        for found, wanted in zip(slopes(function, arrays, road), expected, strict=True):
            assert found.value.shape == wanted.shape
            assert_allclose(found.value, wanted, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("op", WITH_DERIVATIVE)
@FEW
@given(data=st.data())
def test_second_derivatives(op: str, data: Any) -> None:
    """Of the function times itself, so that there is something to differentiate; against differences of the first."""
    function, arrays = data.draw(calls(op))

    def curved(*inputs: Any) -> Any:
        y = function(*inputs)
        return y * y

    def first(*values: Any) -> float:
        firsts = slopes(curved, values, "numbers")
        return float(sum(number_of(slope.detach()).value for slope in firsts))

    expected = differences(first, arrays)
    found = second_slopes(curved, arrays)
    for slope, wanted in zip(found, expected if found else [], strict=True):
        assert_allclose(slope.value, wanted, rtol=1e-5, atol=1e-6)
    assert found or all(not np.any(wanted) for wanted in expected)


@pytest.mark.parametrize("op", WITH_DERIVATIVE)
@FEW
@given(data=st.data())
def test_single_precision_stays_single(op: str, data: Any) -> None:
    function, arrays = data.draw(calls(op))
    if op == "convert":  # which asks for the other width
        return
    singles = [array.astype(np.float32) if array.dtype.kind == "f" else array for array in arrays]
    expected = slopes(function, [np.array(a, float) if a.dtype.kind == "f" else a for a in singles], "numbers")
    assert function(*(Array(array) for array in singles)).value.dtype == np.float32
    for road in ROADS:
        for found, wanted in zip(slopes(function, singles, road), expected, strict=True):
            assert found.value.dtype == np.float32
            scale = 1 + np.max(np.abs(wanted.value), initial=0)
            assert_allclose(found.value, wanted.value, rtol=1e-4, atol=1e-5 * scale)


@pytest.mark.parametrize("op", ["exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "arctan", "tanh"])
def test_smooth_functions_by_complex_steps(op: str) -> None:
    x = np.linspace(0.2, 2.5, 7)
    by_complex_step = np.imag(getattr(np, op)(x + 1e-30j)) / 1e-30
    wanted = 1 / (1 + x * x) if op == "arctan" else by_complex_step  # NumPy's complex arctan loses such a step
    leaf = Array(x).requires_grad_()
    apply(op, leaf).sum().backward()
    assert_allclose(leaf.grad.value, wanted, rtol=1e-14)


@pytest.mark.parametrize("op", WITHOUT_DERIVATIVE)
def test_truths_are_not_recorded(op: str) -> None:
    x = Array([1.0, -1.0]).requires_grad_()
    arguments = (x > 0,) if op == "logical_not" else (x > 0, x < 2) if op.startswith("logical") else (x, 0.5)
    found = apply(op, *arguments)
    assert found.value.dtype == bool and not found.requires_grad


# ---- random programs ------------------------------------------------------------------------------------------


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(programs(most_lines=6))
def test_random_programs_as_the_traced_function(program: Program) -> None:
    """The function itself on arrays with a tape, against the graph of its gradient."""
    values = program.at_row(1)
    real = [name for name, value in values.items() if np.asarray(value).dtype.kind == "f"]
    graph = trace(program.number, {name: spec_of(np.asarray(value)) for name, value in values.items()})
    expected = evaluate(gradient(graph, real), {name: np.asarray(value) for name, value in values.items()})
    for road in ROADS:
        found = slopes(lambda *inputs: program.number(*inputs) + 0.0 * sums(inputs), list(values.values()), road)
        for slope, wanted in zip(found, expected, strict=True):
            assert_allclose(slope.value, wanted, rtol=1e-7, atol=1e-9)


def sums(inputs: Any) -> Any:
    """Every real input, so that all of them are on the tape."""
    return sum(x.sum() for x in inputs if x.value.dtype.kind == "f")


def test_sum_over_repeated_axes() -> None:
    assert_array_equal(fitted(np.ones((4, 2, 3)), (2, 1)), [[12], [12]])
    assert_array_equal(fitted(np.ones((4, 1)), ()), 4)
    assert fitted(np.ones((0, 3)), (1, 3)).shape == (1, 3)


def test_gradient_to_begin_with_has_the_shape_of_the_head() -> None:
    x = Array([1.0, 2.0]).requires_grad_()
    with pytest.raises(TapeError, match=r"begin with has the shape \(3,\), and the array \(2,\)"):
        (x * 2).backward(Array([1.0, 1.0, 1.0]))
    (x * 2).backward([1, 10])
    assert_array_equal(x.grad.value, [2, 20])


def test_several_heads_add_up() -> None:
    from gradloop.eager import tape

    for _ in range(3):
        x = Array([1.0, 2.0]).requires_grad_()
        y = x * x
        tape.backward([y.sum(), (3 * y).sum(), x], [None, None, np.array([100.0, 100.0])])
        assert_array_equal(x.grad.value, [108, 116])


@pytest.mark.parametrize("road", ROADS)
def test_what_is_not_finite_flows_through(road: str) -> None:
    with np.errstate(all="ignore"):
        (slope,) = slopes(lambda x: np.log(x) + np.sqrt(x), [np.array([0.0, 1.0, np.nan, np.inf])], road)
    assert slope.value[0] == np.inf and slope.value[1] == pytest.approx(1.5 * np.cos(1.0))
    assert np.isnan(slope.value[2]) and slope.value[3] == 0


@pytest.mark.parametrize("road", ROADS)
def test_a_branch_not_taken_leaves_no_trace(road: str) -> None:
    with np.errstate(all="ignore"):
        (slope,) = slopes(
            lambda x: np.where(x > 0, np.sqrt(np.where(x > 0, x, 1.0)), 0.0), [np.array([0.0, 4.0])], road
        )
    assert_allclose(slope.value, [0, 0.25 * np.cos(1.0)])


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 0.0, 1.0, 2.0])
def test_powers_at_zero_to_any_order(exponent: float) -> None:
    from gradloop.eager import grad

    function: Any = lambda x: x**exponent  # noqa: E731
    for order in range(4):
        expected = np.prod([exponent - i for i in range(order)], initial=1.0) if order == exponent else 0.0
        assert float(function(Array(0.0))) == expected
        function = grad(function)


@pytest.mark.parametrize("length", [10, 70, 100_000])
def test_long_tapes_need_no_recursion(length: int) -> None:
    x = Array(1.0).requires_grad_()
    with record():
        y = x
        for _ in range(length):
            y = y + 1.0
        (y * y).backward()
    assert float(x.grad) == 2 * (length + 1)
    del y
