"""Training in machine code is training in NumPy: models, batch sizes, optimizers, epochs cut anywhere."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gradloop.compiler.jit import optimised_text
from gradloop.compiler.program import compile_loop, module_text
from gradloop.core.order import FEW_ROWS
from gradloop.optimizers import Optimizer, adagrad, adam, adamw, averaged_sgd, momentum, nesterov, rmsprop, sgd
from training import Training, cross_entropy, label_data, label_params, linear_data, linear_params, squared, training

TOLERANCE = {np.float64: 1e-10, np.float32: 2e-4}


def linear(
    n: int, d: int, dtype: Any = np.float64, optimizer: Optimizer | None = None, shuffled: bool = True
) -> Training:
    return training(squared, linear_data(n, d, dtype), linear_params(d, dtype), optimizer or sgd(0.05), shuffled)


def softmax(
    n: int, d: int, dtype: Any = np.float64, optimizer: Optimizer | None = None, shuffled: bool = True
) -> Training:
    return training(
        cross_entropy, label_data(n, d, 3, dtype), label_params(d, 3, dtype), optimizer or sgd(0.1), shuffled
    )


def assert_engines_agree(run: Training, first: int, last: int, batch_size: int, seed: int = 0) -> None:
    native = run.run(first, last, batch_size, seed)
    reference = run.run(first, last, batch_size, seed, engine="numpy")
    tolerance = TOLERANCE[run.params.dtype.type]
    assert_allclose(native.params, reference.params, rtol=tolerance, atol=tolerance)
    assert_allclose(native.state, reference.state, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("d", [1, 2, 5, 7, 33])
@pytest.mark.parametrize("make", [linear, softmax])
def test_models_and_batch_sizes(make: Callable[..., Training], d: int, dtype: Any) -> None:
    n = 23
    run = make(n, d, dtype)
    for batch_size in (1, 7, 10, n, n + 5):
        batches = -(-n // batch_size)
        assert_engines_agree(run, 0, 2 * batches + 1, batch_size, seed=d)


@pytest.mark.parametrize("shuffled", [True, False])
@pytest.mark.parametrize("n", [1, 2, 3, 5, 100, 255, 256, 257, FEW_ROWS, FEW_ROWS + 1, 600])
def test_few_and_many_rows(n: int, shuffled: bool) -> None:
    run = linear(n, 2, shuffled=shuffled)
    for batch_size in (4, 64, n):
        assert_engines_agree(run, 0, min(3 * -(-n // batch_size), 40), batch_size, seed=9)
        assert_engines_agree(run, 2, 5, batch_size, seed=9)


@pytest.mark.parametrize("shuffled", [True, False])
@pytest.mark.parametrize("make", [linear, softmax])
def test_a_run_in_several_calls_gives_the_same_bits(make: Callable[..., Training], shuffled: bool) -> None:
    run = make(600, 7, np.float32, adam(0.01), shuffled)
    whole = run.run(0, 100, 17, seed=4)
    parts = run
    for first, last in [(0, 1), (1, 20), (20, 20), (20, 36), (36, 37), (37, 100)]:  # an epoch has 36 batches
        parts = parts.run(first, last, 17, seed=4)
    assert_array_equal(parts.params, whole.params)
    assert_array_equal(parts.state, whole.state)


def test_the_same_bits_twice_and_in_another_process() -> None:
    script = (
        "from test_train import softmax, adam; import numpy as np;"
        "print(softmax(700, 33, np.float32, adam(0.01)).run(0, 60, 32, seed=5).params.tobytes().hex())"
    )
    here = Path(__file__).parent
    paths = [str(here), str(here.parent), *filter(None, sys.path)]
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = {paths}; {script}"]
    other = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    run = softmax(700, 33, np.float32, adam(0.01))
    first, second = (run.run(0, 60, 32, seed=5).params.tobytes().hex() for _ in range(2))
    assert first == second == other


OPTIMIZERS = [
    sgd(0.05),
    momentum(0.02),
    nesterov(0.02),
    adagrad(0.1),
    rmsprop(0.01),
    adam(0.01),
    adamw(0.01, weight_decay=0.1),
    averaged_sgd(0.05),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda optimizer: optimizer.name)
def test_optimizers_with_and_without_memory(optimizer: Optimizer, dtype: Any) -> None:
    for make in (linear, softmax):
        assert_engines_agree(make(30, 5, dtype, optimizer), 0, 14, 8, seed=1)


def mixing(w: Any, g: Any, state: Any, t: Any) -> Any:
    """A rule that is not entrywise: the step has the length of the rate, and the memory is one number."""
    (longest,) = state
    length = np.sqrt(np.sum(g * g)) + 1e-6
    return w - 0.1 * g / length, (np.maximum(longest, length),)


def test_a_rule_that_looks_at_the_whole_gradient() -> None:
    rule = Optimizer("mixing", lambda w: (np.zeros(()),), mixing, lambda t: 0.1)
    for d in (2, 9):
        assert_engines_agree(linear(30, d, optimizer=rule), 0, 20, 8)


def wide(w: Any, g: Any, state: Any, t: Any) -> Any:
    """A rule whose results would be float64 and whole numbers in NumPy."""
    seen, _ = state
    return w - np.where(g > 0, 0.125, -0.125), (seen + (g > 0), np.where(g > 0, 1, 0))


def test_a_rule_in_float32_stays_within_its_arrays() -> None:
    rule = Optimizer("wide", lambda w: (np.zeros(w.shape), np.zeros(w.shape)), wide, lambda t: 0.1)
    for d in (3, 9):
        assert_engines_agree(linear(30, d, np.float32, rule), 0, 20, 8)


def test_one_step_by_hand() -> None:
    """w - rate · mean((x·w + b - y) x), over the rows that the short batch has."""
    run = linear(5, 2, shuffled=False)
    x, y = run.rows
    params = run.params
    for rows in (slice(0, 3), slice(3, 5)):
        error = x[rows] @ params[:2] + params[2] - y[rows]
        slope = np.concatenate([error @ x[rows], [error.sum()]]) / len(error)
        params = params - 0.05 * slope
    assert_allclose(run.run(0, 2, batch_size=3).params, params, rtol=1e-14)


def test_gradient_descent_does_not_depend_on_the_order() -> None:
    x, y = linear_data(300, 3).values()
    shuffled = linear(300, 3).run(0, 50, 300).params
    assert_allclose(shuffled, linear(300, 3, shuffled=False).run(0, 50, 300).params, rtol=1e-12)
    best = np.linalg.lstsq(np.column_stack([x, np.ones(300)]), y, rcond=None)[0]
    assert_allclose(linear(300, 3, optimizer=sgd(0.5)).run(0, 200, 300).params, best, rtol=1e-8)


@pytest.mark.parametrize("engine", ["native", "numpy"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_is_not_finite_ends_the_run(engine: str, bad: float) -> None:
    for d in (2, 33):
        run = linear(40, d, shuffled=False)
        run.rows[0][25, d - 1] = bad
        after, done = run.run_and_count(0, 20, 4, engine=engine)
        assert done == 7  # the seventh batch holds row 25
        assert not np.isfinite(after.params).all()
        assert run.run_and_count(0, 6, 4, engine=engine)[1] == 6


@pytest.mark.parametrize("engine", ["native", "numpy"])
def test_divergence_ends_the_run(engine: str) -> None:
    for d, dtype in ((2, np.float32), (33, np.float64)):
        run = linear(40, d, dtype, sgd(1e4))
        _, done = run.run_and_count(0, 2000, 4, engine=engine)
        assert 2 < done < 400


def test_no_steps_change_nothing() -> None:
    run = linear(40, 3)
    assert_array_equal(run.run(5, 5, 4).params, run.params)


# ---- what the machine code looks like ----


def test_no_flag_lets_llvm_ignore_nan_or_infinity() -> None:
    for run in (linear(10, 20, np.float32, adam(0.1)), softmax(10, 5)):
        text = module_text(run.loop)
        assert re.search(r"fadd (\w+ )*reassoc", text)
        assert not re.search(r"\b(nnan|ninf|fast)\b", text + optimised_text(text))


def row_loops(text: str) -> list[str]:
    """The innermost loops of the optimised function `run`: blocks that branch to themselves."""
    body = text[text.index("@run(") :]
    blocks = re.split(r"\n(?=[\w.-]+:)", body[: body.index("\n}")])
    return [block for block in blocks if re.search(rf"label %{re.escape(block.split(':')[0])}\b", block)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_are_computed_with_vectors_and_without_calls(dtype: Any) -> None:
    text = optimised_text(module_text(linear(10, 20, dtype, shuffled=False).loop))
    kind = "float" if dtype is np.float32 else "double"
    assert re.search(rf"f(mul|add) .*<\d+ x {kind}>", text)
    assert row_loops(text)
    called = set(re.findall(r"call [^@\n]*@([\w.]+)", "\n".join(row_loops(text))))
    assert all(
        re.match(r"llvm\.(prefetch|vector\.reduce|fmuladd|fma|masked|assume|experimental)", n) for n in called
    ), called


def test_a_row_needs_no_call_but_prefetch() -> None:
    """In the whole function, only the order of rows and memory are called for."""
    text = optimised_text(module_text(linear(10, 20, np.float32).loop))
    body = text[text.index("@run(") :]
    called = set(re.findall(r"call [^@\n]*@([\w.]+)", body[: body.index("\n}")]))
    assert all(name.endswith("_order") or name.startswith("llvm.") for name in called), called
    assert any(name.startswith("llvm.prefetch") for name in called)
    assert compile_loop(linear(10, 20, np.float32).loop) is compile_loop(linear(99, 20, np.float32).loop)
