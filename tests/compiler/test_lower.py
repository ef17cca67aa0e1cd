"""Machine code computes what NumPy computes: random programs, their gradients, and every combination of shapes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.testing import assert_allclose

from gradloop.compiler import lower, picks, reductions, schedule
from gradloop.compiler.elements import ELEMENTS
from gradloop.compiler.loops import Inputs, Loop, Map, Sum
from gradloop.compiler.program import Program as Native
from gradloop.compiler.reference import ReferenceProgram
from gradloop.core.grad import gradient
from gradloop.core.ops import OPS
from gradloop.core.simplify import simplify
from gradloop.core.spec import FLOAT64, INT64, Spec
from gradloop.core.trace import trace
from programs import ROWS, Program, programs

TOLERANCE = {np.float64: 1e-9, np.float32: 2e-3}
SOME = settings(max_examples=30, derandomize=True, deadline=None, database=None)
DTYPES_AND_LANES = [(np.float64, 4), (np.float64, 1), (np.float32, 4)]
COUNTS = (1, 3, 4, 5, ROWS)  # less than a block of rows, whole blocks, and remainders


def test_every_operation_has_an_emitter() -> None:
    assert ELEMENTS.keys() | picks.PICKS.keys() | reductions.REDUCTIONS.keys() == OPS.keys()
    assert not ELEMENTS.keys() & (picks.PICKS.keys() | reductions.REDUCTIONS.keys())
    assert picks.PICKS.keys() >= lower.ALWAYS_KEPT
    assert picks.PICKS.keys() >= lower.MOVES
    assert OPS.keys() >= lower.CHEAP


def close(found: Any, expected: Any, dtype: Any) -> None:
    tolerance = TOLERANCE[dtype]
    assert found.shape == expected.shape
    assert_allclose(found, expected, rtol=tolerance, atol=tolerance * (1 + np.max(np.abs(expected), initial=0)))


def compare(program: Program, loop: Loop, dtype: Any, lanes: int | None = None) -> None:
    """Both engines, on so many rows that lanes and remainders are used."""
    reference = ReferenceProgram(loop)
    with pytest.MonkeyPatch.context() as patch:
        if lanes:
            patch.setattr(schedule, "lanes_for", lambda graph: lanes)
        native = Native(loop)
    flat = program.flat
    assert flat.dtype == dtype
    for count in COUNTS:
        rows = [array[:count] for array in program.row_arrays]
        run = (lambda engine: engine.map) if isinstance(loop, Map) else (lambda engine: engine.sum)
        close(run(native)(rows, flat), run(reference)(rows, flat), dtype)


@pytest.mark.parametrize(("dtype", "lanes"), DTYPES_AND_LANES)
@SOME
@given(program=programs())
def test_map_of_random_programs(dtype: Any, lanes: int, program: Program) -> None:
    program = program.in_dtype(dtype)
    graph = simplify(program.graph(program.last))
    compare(program, Map(graph, program.inputs_of(graph)), dtype, lanes)


@pytest.mark.parametrize(("dtype", "lanes"), DTYPES_AND_LANES)
@SOME
@given(program=programs(most_lines=6))
def test_sum_of_values_and_gradients_of_random_programs(dtype: Any, lanes: int, program: Program) -> None:
    program = program.in_dtype(dtype)
    graph = gradient(program.graph(program.number), list(program.params), with_value=True)
    compare(program, Sum(graph, program.inputs_of(graph)), dtype, lanes)


@pytest.mark.parametrize("operation", sorted(OPS))
def test_each_operation_in_a_program_and_unsimplified(operation: str) -> None:
    """Without simplification no operation is replaced by another."""

    @settings(max_examples=1, derandomize=True, deadline=None, database=None)
    @given(programs(most_lines=3, always=operation))
    def check(program: Program) -> None:
        graph = program.graph(program.last)
        compare(program, Map(graph, program.inputs_of(graph)), np.float64)

    check()


VECTORS_AND_MATRICES = [
    ((6,), (6,)),
    ((6,), (6, 7)),
    ((5, 6), (6,)),
    ((5, 6), (6, 7)),
    ((1, 6), (6, 1)),
    ((6, 1), (1, 6)),
    ((1,), (1,)),
    ((2, 3), (3, 2)),
    ((1, 1), (1, 5)),
]


@pytest.mark.parametrize(("left", "right"), VECTORS_AND_MATRICES)
def test_products_and_their_gradients(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    """Row times parameter, parameter times row, and row times row."""
    random = np.random.default_rng(0)
    shapes = {"a": left, "b": right, "v": left, "w": right}
    specs = {name: Spec(shape, FLOAT64) for name, shape in shapes.items()}
    graph = trace(lambda a, b, v, w: np.sum(np.tanh(a @ w) + np.sin(v @ b) * np.cos(a @ b)), specs)
    slopes = gradient(graph, ["v", "w"], with_value=True)
    loop = Sum(slopes, Inputs(slopes.inputs[:2], slopes.inputs[2:]))
    flat = random.normal(size=np.prod(left, dtype=int) + np.prod(right, dtype=int))
    for count in (1, 6):
        rows = [random.normal(size=(count, *left)), random.normal(size=(count, *right))]
        close(Native(loop).sum(rows, flat), ReferenceProgram(loop).sum(rows, flat), np.float64)


@pytest.mark.parametrize(
    "key",
    [
        (0,),
        (-1,),
        (slice(None, None, -1),),
        (slice(1, -1),),
        (..., 1),
        (None, 2, ...),
        (slice(None), None, slice(4, 0, -2)),
        (2, -3),
        (slice(0, 3, 2), slice(1, 2)),
    ],
)
def test_indexing_reads_and_writes_the_same_entries(key: tuple[Any, ...]) -> None:
    specs = {"x": Spec((4, 6), FLOAT64), "w": Spec((4, 6), FLOAT64)}
    slopes = gradient(trace(lambda x, w: np.sum(x[key] * w[key] ** 2), specs), ["w"], with_value=True)
    loop = Sum(slopes, Inputs(slopes.inputs[:1], slopes.inputs[1:]))
    random = np.random.default_rng(1)
    rows, flat = [random.normal(size=(5, 4, 6))], random.normal(size=24)
    close(Native(loop).sum(rows, flat), ReferenceProgram(loop).sum(rows, flat), np.float64)


def test_labels_pick_rows_of_parameters_and_of_computed_arrays() -> None:
    specs = {"x": Spec((7,), FLOAT64), "y": Spec((), INT64), "w": Spec((5, 7), FLOAT64)}
    graph = trace(lambda x, y, w: np.dot(x, w[y]) + np.tanh(w @ x)[y] + (2 * w + 1)[y][3], specs)
    slopes = gradient(graph, ["w"], with_value=True)
    loop = Sum(slopes, Inputs(slopes.inputs[:2], slopes.inputs[2:]))
    random = np.random.default_rng(2)
    for count in (1, 9):
        rows, flat = [random.normal(size=(count, 7)), random.integers(0, 5, count)], random.normal(size=35)
        close(Native(loop).sum(rows, flat), ReferenceProgram(loop).sum(rows, flat), np.float64)


def test_constants_of_every_kind() -> None:
    table, mask = np.linspace(-1, 1, 12).reshape(2, 6), np.arange(6) % 2 == 0
    specs = {"x": Spec((6,), FLOAT64), "w": Spec((), FLOAT64)}
    graph = trace(lambda x, w: np.where(mask, table @ x @ table, x) * w + 0.25, specs)
    loop = Map(graph, Inputs(graph.inputs[:1], graph.inputs[1:]))
    rows, flat = [np.random.default_rng(0).normal(size=(5, 6))], np.array([1.5])
    close(Native(loop).map(rows, flat), ReferenceProgram(loop).map(rows, flat), np.float64)


def test_rows_of_every_type_and_results_that_are_no_floats() -> None:
    specs = {"i": Spec((5,), INT64), "t": Spec((3,), np.dtype(bool)), "x": Spec((), np.dtype(np.float32)),
             "w": Spec((), np.dtype(np.float32))}  # fmt: skip
    functions = (
        lambda i, t, x, w: np.sum(i) + np.max(i) - np.min(i) + np.sum(t) * w + x,
        lambda i, t, x, w: np.where(t, x, w),
        lambda i, t, x, w: t & (x > 0) | ~(w > x),
        lambda i, t, x, w: -i + abs(i) * np.sign(i) + np.maximum(i, 2) - np.minimum(i, 1) * i,
        lambda i, t, x, w: (x * 7).astype(int) + (i[0] == 2) + (t[0] < t[1]) + (i[0] / 2 + i[1] ** 2),
        lambda i, t, x, w: (i @ i) + i.astype(bool)[0] + np.exp(i)[0],
    )
    random = np.random.default_rng(4)
    rows = [
        random.integers(-3, 4, (9, 5)),
        random.integers(0, 2, (9, 3)).astype(bool),
        random.normal(size=9).astype("f"),
    ]
    flat = np.array([0.75], np.float32)
    for function in functions:
        graph = trace(function, specs)
        loop = Map(graph, Inputs(graph.inputs[:3], graph.inputs[3:]))
        close(Native(loop).map(rows, flat), ReferenceProgram(loop).map(rows, flat), np.float32)
