"""PyTorch, eager: the loop that PyTorch's users write for a table that fits in memory.

Fairness. The tables are tensors from the start (from_numpy copies nothing). Each epoch gathers the rows
once in the new order and cuts that into batches, which are views: several times faster than a DataLoader,
which collates row by row, and faster than indexing batch by batch. nn.Linear and functional losses are used
because they are the shortest path into the fused kernels; zero_grad sets gradients to None. Of one thread
and PyTorch's own choice, the faster in the warm-up is taken: waiting for a second thread can cost more than
it gives, and on a busy machine very much more. The problem by hand is the textbook's program, without nn and
optim. Least squares by torch.linalg.lstsq, whose QR is the only driver for both kinds of processors; logistic and
softmax regression by torch.optim.LBFGS with its line search, on all rows. torch.compile: see pytorch_compiled.py.
"""

from dataclasses import replace
from time import perf_counter
from typing import Any

import torch
from torch.nn import functional

from benchmarks import by_hand
from benchmarks.cold import code, words
from benchmarks.problems import least_squares, likelihood
from benchmarks.problems.descent import Descent, data
from benchmarks.problems.least_squares import LeastSquares
from benchmarks.problems.likelihood import Likelihood, Passes
from benchmarks.problems.processes import Process
from benchmarks.rivals import NotComparableError, Turn, once

THREADS = torch.get_num_threads()


def describe() -> str:
    return f"PyTorch {torch.__version__} (eager), 1 or {THREADS} threads"


def descent(problem: Descent) -> Turn:
    if problem.unit == "compilation":
        raise NotComparableError("eager mode compiles nothing")
    choose_threads(problem)
    if problem.by_hand:
        return by_hand.turns(problem, torch.from_numpy, torch.no_grad)

    def turn() -> tuple[list[float], Any]:
        seconds: list[float] = []
        for _ in range(problem.repetitions):
            epochs, model = train(problem)
            seconds += [sum(epochs) / problem.units_timed] if problem.unit == "step" else epochs
        w, b = model.weight.detach().numpy().T, model.bias.detach().numpy()
        return seconds, {"w": w if problem.classes else w[:, 0], "b": b if problem.classes else b[0]}

    return turn


def choose_threads(problem: Descent) -> None:
    """The warm-up: forty steps with each number of threads, and the faster is kept."""
    short = replace(problem, rows=min(problem.rows, 40 * problem.batch_size), epochs=2)
    seconds = {}
    for threads in (1, THREADS):
        torch.set_num_threads(threads)
        seconds[threads] = train(short)[0][-1]
    torch.set_num_threads(min(seconds, key=lambda threads: seconds[threads]))


def train(problem: Descent) -> tuple[list[float], torch.nn.Linear]:
    X, y = (torch.from_numpy(array) for array in data(problem))
    model = torch.nn.Linear(problem.features, problem.classes or 1)
    torch.nn.init.zeros_(model.weight)
    torch.nn.init.zeros_(model.bias)
    optimizer = torch.optim.SGD(model.parameters(), lr=problem.learning_rate)
    seconds = []
    for _ in range(problem.epochs):
        begin = perf_counter()
        order = torch.randperm(problem.rows)
        batches = zip(X[order].split(problem.batch_size), y[order].split(problem.batch_size), strict=True)
        for features, target in batches:
            optimizer.zero_grad()
            output = model(features)
            if problem.classes:
                loss = functional.cross_entropy(output, target)
            else:
                loss = functional.mse_loss(output.squeeze(1), target) / 2
            loss.backward()
            optimizer.step()
        seconds.append(perf_counter() - begin)
    return seconds, model


def lstsq(problem: LeastSquares) -> Turn:
    X, y = (torch.from_numpy(array) for array in least_squares.data(problem))

    def fit() -> dict[str, Any]:
        found = torch.linalg.lstsq(torch.cat([torch.ones(len(X), 1, dtype=X.dtype), X], 1), y[:, None]).solution[:, 0]
        return {"w": found[1:].numpy(), "b": found[0].item()}

    return once(fit)


def lbfgs(problem: Likelihood) -> Turn:
    arrays = likelihood.data(problem)
    X, y = torch.from_numpy(arrays[0]), torch.from_numpy(arrays[1])
    outputs = 1 if problem.classes == 2 else problem.classes

    def fit() -> dict[str, Any]:
        model = torch.nn.Linear(problem.features, outputs, dtype=torch.float64)
        torch.nn.init.zeros_(model.weight)
        torch.nn.init.zeros_(model.bias)
        optimizer = torch.optim.LBFGS(
            model.parameters(), max_iter=500, tolerance_grad=1e-7, tolerance_change=0, line_search_fn="strong_wolfe"
        )

        def loss() -> torch.Tensor:
            optimizer.zero_grad()
            scores = model(X)
            if outputs == 1:
                value = functional.binary_cross_entropy_with_logits(scores[:, 0], y.double())
            else:
                value = functional.cross_entropy(scores, y)
            value.backward()
            return value

        optimizer.step(loss)
        w, b = model.weight.detach().numpy().T, model.bias.detach().numpy()
        return {"w": w[:, 0], "b": b[0]} if outputs == 1 else {"w": w, "b": b}

    return once(fit)


def passes(problem: Passes) -> Turn:
    arrays = likelihood.data(problem)
    X, y = torch.from_numpy(arrays[0]), torch.from_numpy(arrays[1]).double()

    def turn() -> tuple[list[float], Any]:
        model = torch.nn.Linear(problem.features, 1, dtype=torch.float64)
        torch.nn.init.zeros_(model.weight)
        torch.nn.init.zeros_(model.bias)
        optimizer, seconds = torch.optim.SGD(model.parameters(), lr=problem.learning_rate), []
        for _ in range(problem.steps):
            begin = perf_counter()
            optimizer.zero_grad()
            functional.binary_cross_entropy_with_logits(model(X)[:, 0], y).backward()
            optimizer.step()
            seconds.append(perf_counter() - begin)
        return seconds, {"w": model.weight.detach().numpy()[0], "b": model.bias.item()}

    return turn


TEXTBOOK = (
    "import torch",
    "X = torch.randn(1000, 2)",
    "y = X @ torch.tensor([2, -3.4]) + 4.2",
    "model = torch.nn.Linear(2, 1)",
    "optimizer = torch.optim.SGD(model.parameters(), lr=0.03)",
    "for epoch in range(3):",
    "    for rows in torch.randperm(1000).split(10):",
    "        optimizer.zero_grad()",
    "        torch.nn.functional.mse_loss(model(X[rows])[:, 0], y[rows]).backward()",
    "        optimizer.step()",
)
COMMANDS = {"import": code("import torch"), "textbook": code(*TEXTBOOK)}
SOLVES = {
    Descent: descent,
    LeastSquares: lstsq,
    Likelihood: lbfgs,
    Passes: passes,
    Process: lambda problem: words(problem, COMMANDS),
}
