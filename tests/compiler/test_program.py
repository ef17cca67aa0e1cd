"""What reaches machine code is checked first; threads never change a bit."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gradloop.compiler.loops import Inputs, Map, Sum
from gradloop.compiler.program import ROWS_WORTH_A_THREAD, Program, compile_loop, in_threads, label_limits
from gradloop.compiler.reference import ReferenceProgram
from gradloop.core.grad import gradient
from gradloop.core.spec import FLOAT64, INT64, Spec
from gradloop.core.trace import trace
from gradloop.errors import DataError
from gradloop.optimizers import adam
from training import cross_entropy, label_data, label_params, linear_data, linear_params, squared, training

ENGINES: list[Callable[[Any], Any]] = [compile_loop, ReferenceProgram]
X, W = np.ones((4, 3)), np.ones(3)


def dot() -> tuple[Sum, Map]:
    graph = trace(lambda x, w: x @ w, {"x": Spec((3,), FLOAT64), "w": Spec((3,), FLOAT64)})
    inputs = Inputs(graph.inputs[:1], graph.inputs[1:])
    return Sum(graph, inputs), Map(graph, inputs)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("x", "w", "sentence"),
    [
        (np.ones((4, 2)), W, r"x: expected 4 contiguous rows of float64\[3\], got float64\(4, 2\)"),
        (np.ones(4), W, r"x: expected 4 contiguous rows of float64\[3\], got float64\(4,\)"),
        (X.astype(np.float32), W, r"x: expected .* got float32\(4, 3\)"),
        (X.astype(int), W, r"x: expected .* got int64\(4, 3\)"),
        (np.ones((3, 4)).T, W, r"x: expected 4 contiguous rows"),
        (np.ones((4, 6))[:, ::2], W, r"x: expected 4 contiguous rows"),
        (np.ones((8, 3))[::2], W, r"x: expected 4 contiguous rows"),
        (X, np.ones(2), r"params: expected 3 contiguous entries of float64, got float64\(2,\)"),
        (X, np.ones((3, 1)), r"params: expected 3 contiguous entries"),
        (X, W.astype(np.float32), r"params: expected 3 contiguous entries of float64, got float32\(3,\)"),
        (X, np.ones(6)[::2], r"params: expected 3 contiguous entries"),
    ],
)
def test_passes_refuse_arrays_of_another_kind(engine: Any, x: Any, w: Any, sentence: str) -> None:
    sum_loop, map_loop = dot()
    with pytest.raises(ValueError, match=sentence):
        engine(sum_loop).sum([x], w)
    with pytest.raises(ValueError, match=sentence):
        engine(map_loop).map([x], w)


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_must_be_as_many_everywhere(engine: Any) -> None:
    run = training(squared, linear_data(6, 3), linear_params(3), adam(0.1))
    x, y = run.rows
    for rows in ((x, y[:5]), (x[:5], y), (x,), (x, y, y)):
        with pytest.raises(ValueError):
            engine(run.loop).train(rows, 2, 0, 1, 0, run.numbers, run.params.copy(), run.state.copy())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"params": np.zeros(3)}, r"params: expected 4 contiguous entries of float64"),
        ({"params": np.zeros(4, np.float32)}, r"params: expected 4 contiguous entries of float64, got float32"),
        ({"params": np.zeros(8)[::2]}, r"params: expected 4 contiguous"),
        ({"state": np.zeros(7)}, r"state: expected 8 contiguous entries of float64"),
        ({"numbers": np.zeros(3)}, r"numbers: expected \d+ contiguous entries of float64"),
        ({"batch_size": 0}, r"cannot run steps 0 to 1 in batches of 0 of 6 rows"),
        ({"first": -1}, r"cannot run steps -1 to 1"),
        ({"first": 2}, r"cannot run steps 2 to 1"),
        ({"rows": (np.zeros((0, 3)), np.zeros(0))}, r"cannot run steps .* of 0 rows"),
    ],
)
def test_training_refuses_arrays_of_another_kind(engine: Any, changed: dict[str, Any], sentence: str) -> None:
    run = training(squared, linear_data(6, 3), linear_params(3), adam(0.1))
    given = {"rows": run.rows, "batch_size": 2, "first": 0, "last": 1, "seed": 0, "numbers": run.numbers,
             "params": run.params.copy(), "state": run.state.copy()} | changed  # fmt: skip
    with pytest.raises(ValueError, match=sentence):
        engine(run.loop).train(*given.values())


@pytest.mark.parametrize("engine", ENGINES)
def test_what_cannot_be_written_is_refused(engine: Any) -> None:
    run = training(squared, linear_data(6, 3), linear_params(3), adam(0.1))
    params = run.params.copy()
    params.flags.writeable = False
    with pytest.raises(ValueError, match="params: expected 4"):
        engine(run.loop).train(run.rows, 2, 0, 1, 0, run.numbers, params, run.state.copy())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("label", "row"), [(3, 4), (-1, 0), (10**12, 5)])
def test_labels_that_do_not_exist_are_refused(engine: Any, label: int, row: int) -> None:
    """In machine code they would read, and in NumPy -1 would pick, somebody else's entry."""
    run = training(cross_entropy, label_data(6, 2, 3), label_params(2, 3), adam(0.1))
    run.rows[1][row] = label
    sentence = f"y: row {row} holds the label {label}, but labels go from 0 to 2"
    with pytest.raises(DataError, match=sentence):
        engine(run.loop).train(run.rows, 2, 0, 1, 0, run.numbers, run.params.copy(), run.state.copy())


def test_labels_are_limited_by_all_that_they_pick_from() -> None:
    specs = {"y": Spec((), INT64), "k": Spec((), INT64), "w": Spec((5,), FLOAT64), "v": Spec((4, 2), FLOAT64)}
    graph = trace(lambda y, k, w, v: w[y] + v[y][0] + w[k], specs)
    inputs = Inputs(graph.inputs[:2], graph.inputs[2:])
    assert label_limits(Map(graph, inputs)) == {"y": 4, "k": 5}
    slopes = gradient(trace(lambda y, k, w, v: w[y] + 0 * k, specs), ["w"])  # only `place` is left of the picking
    assert label_limits(Sum(slopes, inputs)) == {"y": 5}


def test_integers_of_another_width_have_no_machine_code() -> None:
    graph = trace(lambda y, w: w[y], {"y": Spec((), np.dtype(np.int32)), "w": Spec((3,), FLOAT64)})
    with pytest.raises(ValueError, match="computes with float32, float64, int64, bool, but there is an array of int32"):
        Program(Map(graph, Inputs(graph.inputs[:1], graph.inputs[1:])))


def test_a_batch_larger_than_the_data_is_all_rows() -> None:
    run = training(squared, linear_data(6, 3), linear_params(3), adam(0.1))
    assert_array_equal(run.run(0, 5, 2**62).params, run.run(0, 5, 6).params)


def test_a_loop_is_compiled_once() -> None:
    assert compile_loop(dot()[0]) is compile_loop(dot()[0])
    assert compile_loop(dot()[0]) is not compile_loop(dot()[1])


# ---- threads ----


def with_processors(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(count)), raising=False)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_threads_never_change_a_bit(monkeypatch: pytest.MonkeyPatch, dtype: Any) -> None:
    rows = 3 * ROWS_WORTH_A_THREAD + 777
    data = linear_data(rows, 5, dtype)
    run = training(squared, data, linear_params(5, dtype), adam(0.1))
    loop = Sum(run.loop.gradient, run.loop.inputs)
    graph = trace(lambda x, w: np.tanh(x @ w), {"x": Spec((5,), np.dtype(dtype)), "w": Spec((5,), np.dtype(dtype))})
    found = []
    for processors in (1, 2, 3):
        with_processors(monkeypatch, processors)
        sums = compile_loop(loop).sum(run.rows, np.linspace(-1, 1, 6).astype(dtype))
        answers = compile_loop(Map(graph, Inputs(graph.inputs[:1], graph.inputs[1:]))).map(
            run.rows[:1], np.ones(5, dtype)
        )
        found.append(sums.tobytes() + answers.tobytes())
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("processors", [1, 2, 5])
@pytest.mark.parametrize(("parts", "rows"), [(0, 0), (1, 10**9), (7, 10**9), (100, 3 * ROWS_WORTH_A_THREAD)])
def test_work_is_shared_without_gaps(monkeypatch: pytest.MonkeyPatch, processors: int, parts: int, rows: int) -> None:
    with_processors(monkeypatch, processors)
    pieces: list[tuple[int, int]] = []
    in_threads(lambda first, last: pieces.append((first, last)), parts, rows)
    assert sorted(place for first, last in pieces for place in range(first, last)) == list(range(parts))
    assert len(pieces) == max(1, min(processors, parts, rows // ROWS_WORTH_A_THREAD))


def test_what_fails_in_a_thread_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    with_processors(monkeypatch, 2)

    def work(first: int, last: int) -> None:
        if first:
            raise ValueError("in the second thread")

    with pytest.raises(ValueError, match="in the second thread"):
        in_threads(work, 2, 10**9)


FORK = """
import os, warnings
import numpy as np
warnings.simplefilter("ignore")
os.sched_getaffinity = lambda process: {0, 1}
from gradloop.compiler.loops import Inputs, Sum
from gradloop.compiler.program import compile_loop
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import trace
graph = trace(lambda x: x * 2, {"x": Spec((), FLOAT64)})
program = compile_loop(Sum(graph, Inputs(graph.inputs, ())))
x = np.ones(200_000)
assert program.sum([x], np.zeros(0))[0] == 400_000
child = os.fork()
if child == 0:
    os._exit(0 if program.sum([x], np.zeros(0))[0] == 400_000 else 1)
assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_has_threads_of_its_own() -> None:
    subprocess.run([sys.executable, "-c", FORK], check=True, timeout=60)
