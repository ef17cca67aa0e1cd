"""The textbook's program from scratch, line by line, for gradloop's arrays with a tape and for PyTorch's tensors."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.problems.descent import Descent, data
from benchmarks.rivals import Turn

Tensor = Any
Batches = Sequence[tuple[Tensor, Tensor]]


def linreg(X: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return X @ w + b


def squared_loss(y_hat: Tensor, y: Tensor) -> Tensor:
    return (y_hat - y.reshape(y_hat.shape)) ** 2 / 2


def train(
    batches: Batches,
    w: Tensor,
    b: Tensor,
    rate: float,
    batch_size: int,
    no_grad: Callable[[], AbstractContextManager[Any]],
) -> None:
    """One epoch."""
    for X, y in batches:
        loss = squared_loss(linreg(X, w, b), y)
        loss.sum().backward()
        with no_grad():
            for param in (w, b):
                param -= rate * param.grad / batch_size
                param.grad.zero_()


def turns(
    problem: Descent, tensor: Callable[[Any], Tensor], no_grad: Callable[[], AbstractContextManager[Any]]
) -> Turn:
    """A turn trains so many times from the start; the batches are cut before the clock runs."""
    X, y = data(problem)
    random = np.random.default_rng(0)

    def turn() -> tuple[list[float], Any]:
        seconds = []
        for _ in range(problem.repetitions):
            w, b = tensor(np.zeros((problem.features, 1), np.float32)), tensor(np.zeros(1, np.float32))
            w.requires_grad_(), b.requires_grad_()
            epochs = [cut(problem, X, y, random.permutation(problem.rows), tensor) for _ in range(problem.epochs)]
            begin = perf_counter()
            for batches in epochs:
                train(batches, w, b, problem.learning_rate, problem.batch_size, no_grad)
            seconds.append((perf_counter() - begin) / problem.units_timed)
        return seconds, {"w": np.array(w.tolist())[:, 0], "b": b.item()}

    return turn


def cut(problem: Descent, X: Any, y: Any, order: Any, tensor: Callable[[Any], Tensor]) -> Batches:
    parts = np.array_split(order, problem.steps)
    return [(tensor(X[part]), tensor(y[part].reshape(-1, 1))) for part in parts]
