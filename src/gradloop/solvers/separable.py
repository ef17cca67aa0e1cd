"""Classes that a model tells apart without error: then larger parameters are always better, and none are best."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from gradloop.compiler.loops import Map
from gradloop.core.affine import scores
from gradloop.problem import Problem

SAMPLE = 4096
CERTAIN = float(np.log(2))  # a loss below log 2 gives the true class more than half of the probability
Array = Any


def separates(problem: Problem, flat: Array, value: float) -> bool:
    """Whether these parameters classify every row rightly, for a loss that then falls for ever.

    That is so for the logistic and the softmax loss of scores that are affine in the parameters, without penalty:
    doubling the parameters keeps every decision and lowers every row's loss.
    """
    if problem.penalty is not None or problem.loss.target not in ("binary", "label") or value > CERTAIN:
        return False
    if len(scores(problem.example, problem.names)) != 1:
        return False
    sample = problem.thinned(SAMPLE)  # one doubtful row is enough, and is soon found
    return worst_loss(sample, flat) < CERTAIN and (sample is problem or worst_loss(problem, flat) < CERTAIN)


def worst_loss(problem: Problem, flat: Array) -> float:
    """The largest loss of a row."""
    return float(problem.over(partial(worst_of, params=flat.astype(problem.start.dtype)), max))


def worst_of(problem: Problem, params: Array) -> float:
    """The same on rows in memory."""
    return float(problem.program(Map(problem.example, problem.inputs)).map(problem.rows, params).max(initial=-np.inf))
