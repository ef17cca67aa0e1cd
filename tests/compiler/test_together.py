"""Several runs in one pass: each has the bits, and the end, that it has alone."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gradloop.compiler.loops import Together
from gradloop.compiler.program import compile_loop
from gradloop.optimizers import adagrad, adam, averaged_sgd, momentum, nesterov, rmsprop, sgd
from training import Training, cross_entropy, label_data, label_params, linear_data, linear_params, squared, training

RUNS, ROWS = 3, 600
RULES = [sgd(0.05), momentum(0.02), nesterov(0.02), adagrad(0.05), rmsprop(0.01), adam(0.02), averaged_sgd(0.05)]


def made(kind: str, d: int, dtype: Any, rule: Any, shuffled: bool = True) -> Training:
    if kind == "linear":
        return training(squared, linear_data(ROWS, d, dtype), linear_params(d, dtype), rule, shuffled)
    return training(cross_entropy, label_data(ROWS, d, 3, dtype), label_params(d, 3, dtype), rule, shuffled)


def stacked(run: Training, sizes: Any = (1.0, 0.3, 0.07)) -> tuple[Any, Any, Any]:
    """Numbers of the rule, different in each run, and parameters and states to start from."""
    numbers = np.stack([run.numbers * size for size in sizes])
    starts = np.random.default_rng(0).normal(size=(len(sizes), run.params.size)) / 10
    return numbers, starts.astype(run.params.dtype), np.stack([run.state] * len(sizes))


def assert_alike(run: Training, batch_size: int, first: int, last: int) -> None:
    numbers, params, state = stacked(run)
    moved, remembered = params.copy(), state.copy()
    shared = compile_loop(Together(run.loop))
    done = shared.train_together(run.rows, batch_size, first, last, 3, numbers, moved, remembered)
    for i in range(RUNS):
        alone = run._replace(numbers=numbers[i], params=params[i], state=state[i])
        found, steps = alone.run_and_count(first, last, batch_size, seed=3)
        assert_array_equal(moved[i], found.params)
        assert_array_equal(remembered[i], found.state)
        assert done[i] == steps


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize(
    "kind, d, dtype",
    [("linear", 1, "f4"), ("linear", 7, "f8"), ("linear", 33, "f4"), ("classes", 4, "f8"), ("classes", 40, "f4")],
)
def test_every_run_has_the_bits_that_it_has_alone(kind: str, d: int, rule: Any, dtype: Any) -> None:
    run = made(kind, d, dtype, rule)
    for batch_size in (1, 10, 300, ROWS):  # within a block of positions, across blocks, all rows
        assert_alike(run, batch_size, 0, 12)
    assert_alike(run, 64, 7, 25)  # from the middle of an epoch, on to the third


def test_rows_in_order() -> None:
    assert_alike(made("linear", 5, np.float32, sgd(0.05), shuffled=False), 64, 0, 25)


def test_parameters_too_many_for_the_stack() -> None:
    assert_alike(made("classes", 6000, np.float64, sgd(0.01)), 100, 0, 3)


def test_a_run_that_diverges_stops_alone() -> None:
    run = made("linear", 5, np.float64, sgd(0.1))
    numbers, params, state = stacked(run, (1.0, 1e200, 0.5))
    moved = params.copy()
    done = compile_loop(Together(run.loop)).train_together(run.rows, 20, 0, 30, 3, numbers, moved, state)
    assert done[0] == done[2] == 30 and 1 < done[1] < 30
    for i in (0, 1, 2):
        alone, steps = run._replace(numbers=numbers[i], params=params[i]).run_and_count(0, 30, 20, seed=3)
        assert_array_equal(moved[i], alone.params)
        assert steps == done[i]


def test_wrong_arrays_are_refused() -> None:
    run = made("linear", 5, np.float64, sgd(0.1))
    numbers, params, state = stacked(run)
    program = compile_loop(Together(run.loop))
    for wrong in (
        (numbers, params[:2], state), (numbers, params.astype(np.float32), state), (numbers[:, :0], params, state),
        (numbers, np.asfortranarray(params), state),
    ):  # fmt: skip
        with pytest.raises(ValueError):
            program.train_together(run.rows, 20, 0, 30, 3, *wrong)


def test_the_loop_says_that_it_is_of_several_runs() -> None:
    assert "of each run: gradient(" in str(Together(made("linear", 2, np.float64, sgd(0.1)).loop))
