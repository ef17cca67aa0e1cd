"""Look inside: the same training as a graph, its gradient, a loop, LLVM's code, the processor's instructions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradloop.compiler.program import module_text
from gradloop.errors import OptionError
from gradloop.examples import as_loss, as_model
from gradloop.losses import Loss
from gradloop.models import Model
from gradloop.optimizers import Optimizer, sgd
from gradloop.problem import Problem, make_problem
from gradloop.schedules import constant
from gradloop.solvers.minibatch import Run, made
from gradloop.solvers.solution import check_count

STAGES = ("graph", "gradient", "loop", "llvm", "assembly")


def show(
    stage: str,
    model: str | Model = "linear",
    loss: str | Callable[..., Any] | None = None,
    optimizer: Optimizer | Callable[..., Optimizer] = sgd,
    features: int = 2,
    classes: int = 2,
) -> str:
    """One stage of the way from NumPy functions to machine code, as text.

    Args:
        stage: "graph" (the loss of one example), "gradient", "loop" (pseudo-code), "llvm" or "assembly"
        model, loss, optimizer: as in `gradloop.fit`
        features, classes: the sizes of a row and, for softmax, of the prediction

    >>> print(show("gradient", features=2))
    gradient of squared loss(row: float64[2], y: float64[], w: float64[2], b: float64[]):
      v1 = reshape(row, shape=(2, 1))  # float64[2, 1]
      v2 = reshape(row, shape=(1, 2))  # float64[1, 2]
      v3 = reshape(w, shape=(2, 1))    # float64[2, 1]
      v4 = v2 @ v3                     # float64[1, 1]
      v5 = reshape(v4, shape=())       # float64[]
      v6 = v5 + b                      # float64[]
      v7 = v6 - y                      # float64[]
      v8 = reshape(v7, shape=(1, 1))   # float64[1, 1]
      v9 = v1 @ v8                     # float64[2, 1]
      v10 = reshape(v9, shape=(2,))    # float64[2]
      return v10, v7
    """
    if stage not in STAGES:
        raise OptionError(f"There is no stage {stage!r}; choose one of {', '.join(STAGES)}.")
    check_count("features", features, "features of a row")
    if classes == 1 or classes < 0:
        raise OptionError(f"classes is {classes}, but there are at least 2 classes to tell apart.")
    chosen = as_model(model, None)
    problem = example_problem(chosen, as_loss(loss, chosen), features, max(classes, 2))
    if stage == "graph":
        return str(problem.example)
    if stage == "gradient":
        return str(problem.gradient)
    rule = optimizer if isinstance(optimizer, Optimizer) else made(optimizer, constant(0.03))
    loop = Run(problem, rule, 1, 1, True, 0, None).loop
    if stage == "loop":
        return str(loop)
    from gradloop.compiler import jit

    text = module_text(loop)
    return jit.optimised_text(text) if stage == "llvm" else jit.assembly(text)


def example_problem(model: Model, loss: Loss, features: int, classes: int) -> Problem:
    """A problem of the right shapes with two rows of zeros, because only the shapes matter here."""
    y = np.array([0, classes - 1]) if loss.target == "label" else np.array([0.0, 1.0])
    return make_problem(model, loss, np.zeros((2, features)), y, model.start(features, classes))
