"""PyTorch with torch.compile: forward, backward and update of a step as one compiled function.

Fairness. What is compiled is the whole step, with the gradient from torch.func and the update written out, which is the
form that compiles into one graph; "reduce-overhead" is for GPUs. The loop over batches stays in Python. Compilation
takes seconds and a C++ compiler, and is not timed here; the last, short batch would be compiled once more, so shapes
are dynamic.
"""

from time import perf_counter
from typing import Any

import torch
from torch.nn import functional

from benchmarks.problems.descent import Descent, data
from benchmarks.rivals import NotComparableError, Turn

Tensor = torch.Tensor


def describe() -> str:
    return f"PyTorch {torch.__version__} (torch.compile)"


def descent(problem: Descent) -> Turn:
    if problem.by_hand or problem.unit == "compilation":
        raise NotComparableError("see pytorch")
    X, y = (torch.from_numpy(array) for array in data(problem))
    rate = problem.learning_rate

    def loss(w: Tensor, b: Tensor, X: Tensor, y: Tensor) -> Tensor:
        output = X @ w + b
        return functional.cross_entropy(output, y) if problem.classes else functional.mse_loss(output, y) / 2

    @torch.compile(dynamic=True)
    def step(w: Tensor, b: Tensor, X: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        slopes = torch.func.grad(loss, argnums=(0, 1))(w, b, X, y)
        return w - rate * slopes[0], b - rate * slopes[1]

    def train() -> tuple[list[float], Any]:
        outputs = (problem.classes,) if problem.classes else ()
        w, b = torch.zeros((problem.features, *outputs)), torch.zeros(outputs)
        seconds = []
        for _ in range(problem.epochs):
            begin = perf_counter()
            order = torch.randperm(problem.rows)
            batches = zip(X[order].split(problem.batch_size), y[order].split(problem.batch_size), strict=True)
            for features, target in batches:
                w, b = step(w, b, features, target)
            seconds.append(perf_counter() - begin)
        return seconds, {"w": w.numpy(), "b": b.numpy()}

    def turn() -> tuple[list[float], Any]:
        seconds: list[float] = []
        for _ in range(problem.repetitions):
            epochs, answer = train()
            seconds += [sum(epochs) / problem.units_timed] if problem.unit == "step" else epochs
        return seconds, answer

    return turn


SOLVES = {Descent: descent}
