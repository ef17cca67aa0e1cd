"""Running a traced program in NumPy gives what the plain function gives."""

import numpy as np
from hypothesis import given, settings
from numpy.testing import assert_allclose

from gradloop.core.evaluate import evaluate
from gradloop.core.ops import OPS
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import trace
from programs import ROWS, WRITERS, Program, programs

MANY = settings(max_examples=300, derandomize=True, deadline=None, database=None)


def test_random_programs_know_every_operation() -> None:
    assert WRITERS.keys() == OPS.keys()


@MANY
@given(programs())
def test_a_graph_means_what_the_function_says(program: Program) -> None:
    graph = program.graph(program.last)
    for i in range(0, ROWS, 4):
        expected = np.asarray(program.last(*program.at_row(i).values()))
        (found,) = evaluate(graph, program.at_row(i))
        assert found.shape == expected.shape == graph.outputs[0].spec.shape
        assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


@MANY
@given(programs())
def test_float32_stays_float32(program: Program) -> None:
    graph = program.in_dtype(np.float32).graph(program.last)
    floats = {node.spec.dtype for node in graph.nodes if node.spec.is_float}
    assert floats == {np.dtype(np.float32)}


def test_several_outputs_and_inputs_as_outputs() -> None:
    graph = trace(lambda a, b: (a, a - b, 1.0), {"a": Spec((), FLOAT64), "b": Spec((), FLOAT64)})
    assert evaluate(graph, {"a": np.array(3.0), "b": np.array(1.0)}) == (3.0, 2.0, 1.0)
