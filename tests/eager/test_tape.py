"""The two ways to ask for derivatives, in both idioms; tapes that were freed; what a long training leaves behind."""

import copy
import gc
import os
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gradloop.eager import Array, no_grad, record, tape
from gradloop.errors import GradloopError, TapeError


class Quiet(Array):
    """Arrays that record only inside of record(), as MXNet's do."""

    __slots__ = ()
    records = False
    real = np.dtype(np.float32)


# ---- idioms ---------------------------------------------------------------------------------------------------


def test_overwritten_in_one_idiom_added_in_the_other() -> None:
    w, v = Array([1.0, 2.0]), Array([1.0, 2.0]).requires_grad_()
    w.attach_grad()
    for times in (1, 2, 3):
        (w * w).backward()
        (v * v).sum().backward()
        assert_array_equal(w.grad.value, [2, 4])
        assert_array_equal(v.grad.value, [2 * times, 4 * times])
    v.grad.zero_()
    (v * v).sum().backward()
    assert_array_equal(v.grad.value, [2, 4])


def test_several_numbers_are_summed_in_one_idiom_refused_in_the_other() -> None:
    w, v = Array([1.0, 2.0]), Array([1.0, 2.0]).requires_grad_()
    w.attach_grad()
    (w * 3).backward()
    assert_array_equal(w.grad.value, [3, 3])
    with pytest.raises(
        TapeError, match=r"shape \(2,\): write .sum\(\).backward\(\) or .mean\(\).backward\(\), or give"
    ):
        (v * 3).backward()
    with pytest.raises(TapeError, match="starts from one number"):
        (w * v).backward()
    (v * 3).backward(Array([1.0, 10.0]))
    assert_array_equal(v.grad.value, [3, 30])
    v.reshape(2, 1)[:1].backward()


def test_attach_grad_makes_room_and_adds_if_asked() -> None:
    w = Array([1.0, 2.0])
    w.attach_grad("add")
    assert_array_equal(w.grad.value, [0, 0])
    for _ in range(2):
        (w * w).backward()
    assert_array_equal(w.grad.value, [4, 8])
    w.attach_grad("null")
    assert w.grad is None and not w.requires_grad
    with pytest.raises(TapeError, match="'sum'; give"):
        w.attach_grad("sum")


def test_buffer_of_the_gradient_stays_the_same() -> None:
    w = Array([1.0, 2.0])
    w.attach_grad()
    buffer = w.grad
    (w * 3).backward()
    assert w.grad is buffer and buffer.value.tolist() == [3, 3]


def test_what_the_loss_does_not_depend_on() -> None:
    """On the tape: zero. Not on the tape: untouched."""
    w, v, u = Array([1.0, 2.0]), Array([1.0, 2.0]).requires_grad_(), Array([1.0]).requires_grad_()
    w.attach_grad()
    (w * 3).backward()
    (np.floor(w) + np.sign(v)).sum().backward()
    assert_array_equal(w.grad.value, [0, 0])
    assert_array_equal(v.grad.value, [0, 0])
    assert u.grad is None


def test_marked_again_while_the_tape_runs() -> None:
    w = Array([1.0, 2.0]).requires_grad_()
    loss = (w * w).sum()
    w.requires_grad_()
    loss.backward()
    assert_array_equal(w.grad.value, [2, 4])


def test_only_inside_of_record() -> None:
    w = Quiet([1.0, 2.0])
    w.attach_grad()
    with pytest.raises(TapeError, match=r"not recorded, .*inside `with record\(\):`"):
        (w * w).backward()
    with record():
        loss = w * w
    loss.backward()
    assert_array_equal(w.grad.value, [2, 4])
    assert w.grad.value.dtype == np.float32 and type(w.grad) is Quiet


def test_head_that_is_a_leaf() -> None:
    for _ in range(2):
        w = Array(2.0).requires_grad_()
        w.backward()
        assert w.grad.value == 1


def test_leaf_that_is_gone() -> None:
    w, v = Array(2.0).requires_grad_(), Array(3.0).requires_grad_()
    loss = w + v
    del w
    loss.backward()
    assert v.grad.value == 1


def test_leaves_do_not_share_their_gradients() -> None:
    for again in (False, True):
        a, b = Array([1.0]).requires_grad_(), Array([2.0]).requires_grad_()
        seed = np.array([5.0])
        (a + b).backward(seed, create_graph=again)
        seed[0] = 7.0
        a.grad.zero_()
        assert b.grad.value == 5


def test_gradients_are_in_memory_of_their_own() -> None:
    x, y = Array([1.0]).requires_grad_(), Array([2.0])
    for _ in range(3):
        (found,) = tape.gradients([x * y], [x], [None])
        assert not np.shares_memory(found, y.value) and found.flags.writeable
    (again,) = tape.gradients([x.sum()], [x], [None], again=True)
    assert again.value.flags.writeable and type(again) is Array


# ---- freed tapes ----------------------------------------------------------------------------------------------


def test_second_walk_needs_the_tape_to_be_kept() -> None:
    w = Array([1.0]).requires_grad_()
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    with pytest.raises(TapeError, match=r"walked back already, .* ask for backward\(retain_graph=True\)"):
        loss.backward()
    with pytest.raises(TapeError, match="walked back already"):
        (loss * 2).backward()
    assert_array_equal(w.grad.value, [4])


def test_freed_tape_lets_the_numbers_go() -> None:
    w = Array(np.ones(1000)).requires_grad_()
    hidden = w * w
    loss, step = hidden.sum(), hidden.node
    loss.backward()
    assert step.inputs is None and step.value is None


def test_errors_are_ours_and_pytorchs() -> None:
    assert issubclass(TapeError, GradloopError) and issubclass(TapeError, RuntimeError)


# ---- second derivatives ---------------------------------------------------------------------------------------


def test_recorded_walk_is_walked_back() -> None:
    x = Array([1.0, 2.0]).requires_grad_()
    (x**3).sum().backward(create_graph=True)
    slope = x.grad
    assert_array_equal(slope.value, [3, 12])
    x.grad = None
    slope.sum().backward()
    assert_array_equal(x.grad.value, [6, 12])


def test_recorded_walk_outside_of_record() -> None:
    x = Quiet([3.0])
    x.attach_grad()
    with record():
        y = x**3
    y.backward(create_graph=True)
    with record():
        z = x.grad * x.grad
    z.backward()
    assert_array_equal(x.grad.value, [2 * 27 * 18])
    assert type(x.grad) is Quiet


def test_penalty_on_the_gradient() -> None:
    """A loss that contains a derivative: against algebra."""
    for _ in range(3):
        w = Array([1.0, 2.0]).requires_grad_()
        (slope,) = tape.gradients([(w**3).sum()], [w], [None], retain=True, again=True)
        (w.sum() + (slope * slope).sum()).backward()
        assert_allclose(w.grad.value, 1 + 36 * w.value**3)


# ---- training -------------------------------------------------------------------------------------------------


def train(steps: int, w: Any, b: Any, X: Any, y: Any, rate: float = 0.1) -> None:
    for start in range(steps):
        rows = np.arange(start, start + 4) % len(X.value)
        loss = ((X[rows] @ w + b - y[rows]) ** 2 / 2).sum()
        loss.backward()
        with no_grad():
            for p in (w, b):
                p -= rate * p.grad / 4
                p.grad.zero_()


def line() -> tuple[Any, ...]:
    random = np.random.default_rng(0)
    X = random.normal(size=(20, 2))
    y = X @ [[2.0], [-3.4]] + 4.2
    return Array(np.zeros((2, 1))).requires_grad_(), Array(np.zeros(1)).requires_grad_(), Array(X), Array(y)


def test_training_finds_the_line() -> None:
    w, b, X, y = line()
    train(1000, w, b, X, y)
    assert_allclose([*w.value.ravel(), *b.value], [2, -3.4, 4.2], rtol=1e-8)


def test_training_leaves_nothing_behind() -> None:
    """In a process of its own: threads that other tests leave, such as a cluster's, take memory and make cycles."""
    code = f"import runpy; runpy.run_path({__file__!r})['leave_nothing_behind']()"
    places = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)])
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONPATH": places})


def leave_nothing_behind() -> None:
    """Without the collector of cycles, ten thousand steps must not grow."""
    w, b, X, y = line()
    train(50, w, b, X, y)
    gc.collect()
    gc.disable()
    tracemalloc.start()
    train(2000, w, b, X, y)
    before, _ = tracemalloc.get_traced_memory()
    train(10_000, w, b, X, y)
    after, _ = tracemalloc.get_traced_memory()
    assert after - before < 20_000
    tracemalloc.stop()
    z = w * 1.0
    z *= z
    z += w
    z.sum().backward(create_graph=True)
    w.grad = None
    del z
    assert gc.collect() == 0


def test_threads_train_on_their_own() -> None:
    found: list[Any] = []

    def work() -> None:
        w, b, X, y = line()
        train(300, w, b, X, y)
        found.append(w.value)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for w in found[1:]:
        assert_array_equal(w, found[0])


def test_frozen_copy_trains_alone() -> None:
    w = Array([1.0]).requires_grad_()
    other = copy.deepcopy(w)
    (other * other).sum().backward()
    assert w.grad is None and other.grad.value == 2


# ---- beside PyTorch -------------------------------------------------------------------------------------------

BESIDE = """
import sys, json
import numpy as np
import torch
torch.set_default_dtype(torch.float64)
from gradloop.eager import Array
random = np.random.default_rng(3)
PROGRAMS = [
    lambda np_, x, y: (x @ y.T).sum(),
    lambda np_, x, y: ((x - y) ** 2 / 2).mean(),
    lambda np_, x, y: (np_.exp(x) / np_.exp(x).sum()).max() * y.sum(),
    lambda np_, x, y: np_.log(1 + x * x).sum() - np_.sqrt(1 + y * y).mean(),
    lambda np_, x, y: (np_.maximum(x, y) * np_.minimum(x, 0.3 * y)).sum(),
    lambda np_, x, y: np_.where(x > y, x * y, y / (2 + x * x)).sum(),
    lambda np_, x, y: (x[1:] * y[:-1]).sum() + x[[0, 0, 2]].sum() * y[0, 0],
    lambda np_, x, y: np_.tanh(x.reshape(2, 3)) .T.reshape(-1)[2] * np_.sin(y).sum() + abs(x).sum(),
    lambda np_, x, y: (x ** 3 * y ** -2.0).sum() + (2.0 ** x).sum() - (x / 7).sum(),
]
worst = 0.0
for program in PROGRAMS:
    for _ in range(3):
        a, b = random.normal(size=(3, 2)), random.normal(size=(3, 2))
        ours = [Array(a).requires_grad_(), Array(b).requires_grad_()]
        theirs = [torch.tensor(a, requires_grad=True), torch.tensor(b, requires_grad=True)]
        torch_np = torch
        loss = program(np, *ours); loss.backward(create_graph=True)
        reference = program(torch_np, *theirs); reference.backward(create_graph=True)
        worst = max(worst, abs(float(loss) - float(reference)))
        for x, t in zip(ours, theirs):
            worst = max(worst, float(np.max(np.abs(x.grad.value - t.grad.detach().numpy()))))
        firsts, wanted = [x.grad for x in ours], [t.grad for t in theirs]
        for x, t in zip(ours, theirs): x.grad, t.grad = None, None
        sum((f * f).sum() for f in firsts).backward()
        sum((f * f).sum() for f in wanted).backward()
        for x, t in zip(ours, theirs):
            worst = max(worst, float(np.max(np.abs(x.grad.value - t.grad.numpy()) / (1 + np.abs(t.grad.numpy())))))
print(json.dumps(worst))
"""


def test_same_as_pytorch() -> None:
    """Losses, first and second derivatives, in a process of its own; needs PyTorch in this environment."""
    pytest.importorskip("torch")
    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    done = subprocess.run(
        [sys.executable, "-c", BESIDE], capture_output=True, text=True, check=False, env=environment, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 1e-10
