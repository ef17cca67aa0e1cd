"""The textbook's program from scratch, line by line, for gradloop's arrays with a tape and for PyTorch's tensors."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.problems import Problem, data, objective

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


def run(
    problem: Problem, tensor: Callable[[Any], Tensor], no_grad: Callable[[], AbstractContextManager[Any]]
) -> tuple[list[float], float]:
    """The seconds of each repetition, after one that warms up, and the objective at the end."""
    X, y = data(problem)
    random = np.random.default_rng(0)
    seconds = []
    for _ in range(problem.repetitions + 1):
        w, b = tensor(np.zeros((problem.features, 1), np.float32)), tensor(np.zeros(1, np.float32))
        w.requires_grad_(), b.requires_grad_()
        epochs = [cut(problem, X, y, random.permutation(problem.rows), tensor) for _ in range(problem.epochs)]
        begin = perf_counter()
        for batches in epochs:
            train(batches, w, b, problem.learning_rate, problem.batch_size, no_grad)
        seconds.append(perf_counter() - begin)
    return seconds[1:], objective(problem, np.array(w.tolist())[:, 0], b.item())


def cut(problem: Problem, X: Any, y: Any, order: Any, tensor: Callable[[Any], Tensor]) -> Batches:
    parts = np.array_split(order, problem.steps)
    return [(tensor(X[part]), tensor(y[part].reshape(-1, 1))) for part in parts]
