"""Passes over rows on disk give the bits of passes in memory; every epoch sees every row once."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest

import gradloop as gl
from gradloop.examples import Examples
from gradloop.hessian import hessian
from gradloop.larger import problem as module
from gradloop.larger import store as store_module
from gradloop.larger.problem import Plan, assembled, problem_of
from gradloop.larger.rows import StoredRows
from gradloop.larger.store import open_store
from gradloop.losses import LOSSES
from gradloop.models import MODELS
from streamed import filled

ROWS = 30_000


@pytest.fixture(params=[False, True], ids=["plain", "weighted"])
def both(request, tmp_path, monkeypatch):
    """The same problem in memory and on disk."""
    monkeypatch.setattr(store_module, "NUMBERS_IN_CHUNK", 2**15)
    random = np.random.default_rng(0)
    X = random.normal(size=(ROWS, 3))
    y = (X @ [1.0, -2.0, 0.5] + random.normal(size=ROWS) > 0).astype(np.float64)
    weights = random.random(ROWS) + 0.5 if request.param else None
    parts = (X, y) if weights is None else (X, y, weights)
    store = open_store(filled(tmp_path / "s", [parts]), "k")
    start = {"w": np.zeros(3), "b": np.array(0.0)}
    given = partial(Examples, MODELS["logistic"], LOSSES["logistic"])
    whole = given(X, y, start, ("a", "b", "c"), weights)
    stored = [StoredRows(store, part) for part in range(len(parts))]
    disk = given(*stored[:2], start, ("a", "b", "c"), *stored[2:])
    assert store.layout.chunks == 4
    return tuple(problem_of(examples, gl.l2(0.01), "native", 10**9) for examples in (whole, disk))


def test_sums_have_the_same_bits(both):
    memory, disk = both
    flat = np.array([0.3, -0.2, 0.1, 0.05])
    for one, other in zip(memory.objective(flat), disk.objective(flat), strict=True):
        assert np.array_equal(one, other)
    assert np.array_equal(memory.curvature_times(flat, flat), disk.curvature_times(flat, flat))
    np.testing.assert_allclose(hessian(disk, flat), hessian(memory, flat), rtol=1e-13)
    assert memory.weight == pytest.approx(disk.weight, rel=1e-14)


def test_samples_and_other_units(both):
    memory, disk = both
    one, other = memory.thinned(100), disk.thinned(100)
    assert np.array_equal(one.X, other.X) and np.array_equal(one.y, other.y) and other.in_memory
    one, other = (problem.in_units(np.array([2.0, 3.0, 4.0]), np.ones(3)) for problem in both)
    assert np.array_equal(one.X[100:9000], other.X[100:9000])
    assert sum(len(part.X) for part in disk.parts()) == ROWS and [*memory.parts()] == [memory]


@pytest.mark.parametrize("batch_size", [1, 32, 100, 4999, ROWS])
def test_every_epoch_sees_every_row_once(batch_size):
    plan = Plan(ROWS, 200, batch_size, seed=3, shuffled=True)
    orders = []
    for epoch in range(2):
        step, batches, seen = epoch * -(-ROWS // batch_size), -(-ROWS // batch_size), []
        end = step + batches
        while step < end:
            window = plan.window(step)
            assert window.begin == step and plan.window(window.end - 1) == window
            rows = [row for piece in window.pieces for row in piece]
            assert -(-len(rows) // batch_size) == window.end - window.begin
            seen, step = seen + rows, window.end
        assert step == end and sorted(seen) == list(range(ROWS))
        orders.append(seen)
    if batch_size < 100:
        assert orders[0] != orders[1] and orders[0] != sorted(orders[0])


def test_windows_take_rows_from_everywhere():
    """A file that is sorted by its target is mixed, too."""
    plan = Plan(10**6, 20, 64, seed=0, shuffled=True)
    middles = [np.mean([np.mean(piece) for piece in plan.window(step).pieces]) for step in range(0, 14000, 2000)]
    assert max(np.abs(np.array(middles) - 5e5)) < 4e5
    assert len({plan.window(0).seed, plan.window(2000).seed, plan.window(16000).seed}) == 3


@pytest.mark.parametrize("shuffle", [False, True])
def test_any_cut_of_the_steps_comes_to_the_same_bits(both, shuffle, monkeypatch):
    monkeypatch.setattr(module, "NUMBERS_IN_CHUNK", 2000)
    _, disk = both
    from gradloop.solvers.minibatch import Run

    def run(cuts):
        run = Run(disk, gl.adam(0.01), 50, 3, shuffle, 7, None)
        program = disk.program(run.loop)
        arrays = (run.numbers, run.params, run.state)
        for first, last in pairwise(cuts):
            assert program.train(disk.rows, 50, first, last, 7, *arrays) == last
        return run.params

    whole = run([0, 1800])
    assert np.array_equal(whole, run([0, 1, 13, 599, 600, 601, 1234, 1800]))
    if not shuffle:
        memory, _ = both
        other = Run(memory, gl.adam(0.01), 50, 3, shuffle, 7, None)
        memory.program(other.loop).train(memory.rows, 50, 0, 1800, 7, other.numbers, other.params, other.state)
        np.testing.assert_allclose(whole, other.params, rtol=1e-12)


def test_a_gradient_that_is_not_finite_ends_it_at_its_step(both):
    _, disk = both
    from gradloop.solvers.minibatch import Run

    run = Run(disk, gl.sgd(0.1), 50, 1, False, 0, None)
    run.params[:] = np.nan
    assert disk.program(run.loop).train(disk.rows, 50, 300, 600, 0, run.numbers, run.params, run.state) == 301


def test_a_window_is_the_rows_of_its_pieces():
    plan = Plan(1000, 10**6, 10, seed=1, shuffled=True)
    window = plan.window(5)
    (rows,) = assembled([np.arange(1000)], window)
    assert rows.tolist() == [row for piece in window.pieces for row in piece] and len(rows) == 80
