"""Sums of s a aᵀ over the rows in one compiled pass: a few numbers s and some columns a of each row.

    H[c] = Σ s[c] a aᵀ,  s (c,), a (m,)

Only strips of the upper triangle are added up, eight columns a strip, so that vectors run along what is left of the
row. That is faster than products by BLAS as long as the totals stay near the processor, and as rows pay for compiling.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradloop.compiler.loops import Inputs, Sum
from gradloop.core.graph import Graph
from gradloop.core.simplify import simplify

STRIP = 8  # columns
MOST_COLUMNS, MOST_TOTALS = 64, 2**14
WORK_WORTH_COMPILING = 2**27  # products that are added up; a compilation takes as long as about so many save
TIMES = 4  # that a fit asks for the curvature, about
Array = Any


def pays(rows: int, numbers: int, columns: int, dtype: Any, times: int) -> bool:
    """Whether a pass of its own, made so often, is faster; float32 is left to BLAS, which is handed it as float64."""
    totals = numbers * columns**2 / 2
    small = columns <= MOST_COLUMNS and totals <= MOST_TOTALS
    return small and rows * totals * times >= WORK_WORTH_COMPILING and dtype == np.float64


def strips(graph_inputs: tuple[Any, ...], inputs: Inputs, numbers: Any, columns: Any) -> Sum:
    """The loop that adds them up; numbers (c,) and columns (m,) are traced from the inputs, or constants."""
    left, outputs = np.reshape(numbers, (-1, 1)), []
    for first in range(0, columns.shape[0], STRIP):
        scaled: Any = left * np.reshape(columns[first : first + STRIP], (1, -1))
        strip: Any = np.reshape(scaled, (*scaled.shape, 1)) * np.reshape(columns[first:], (1, 1, -1))
        outputs.append(strip.node)
    return Sum(simplify(Graph("strips", graph_inputs, tuple(outputs))), inputs)


def whole(loop: Sum, totals: Array) -> Array:
    """The matrices (c, m, m) of a loop's sums."""
    count, _, width = loop.graph.outputs[0].spec.shape
    found, place = np.zeros((count, width, width)), 0
    for output in loop.graph.outputs:
        shape = output.spec.shape
        first = width - shape[2]
        found[:, first : first + shape[1], first:] = totals[place : place + output.spec.size].reshape(shape)
        place += output.spec.size
    upper = np.triu(found)
    return upper + np.triu(found, 1).transpose(0, 2, 1)
