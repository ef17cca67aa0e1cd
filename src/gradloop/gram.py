"""Sums of s a aᵀ over the rows in one compiled pass: a few numbers s and some columns a of each row.

    H[c] = Σ s[c] a aᵀ,  s (c,), a (m,)

The curvature of likelihoods, and least squares, are made of these. The pass reads rows where they lie and multiplies in
registers (compiler/gram.py); BLAS, which takes over where matrices are wide, must have the rows copied for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradloop.compiler.loops import Gram, Inputs
from gradloop.core.graph import Graph
from gradloop.core.simplify import simplify

MOST_COLUMNS, MOST_TOTALS = 512, 2**18  # what the second-level cache has room for
WORK_WORTH_COMPILING = 2**27  # products that are added up: three passes of so many save what a compilation takes
COPIES = 200  # products that cost as much as to copy a row for BLAS; counted once, for a first fit compiles
TIMES = 4  # that a fit asks for the curvature, about
Array = Any


def pays(rows: int, numbers: int, columns: int, times: int) -> bool:
    """Whether a pass of its own, made so often, is faster than copies and products by BLAS."""
    totals = numbers * columns**2
    fits = columns <= MOST_COLUMNS and totals <= MOST_TOTALS
    return fits and rows * (COPIES + totals / 2 * times) >= WORK_WORTH_COMPILING


def gram(graph_inputs: tuple[Any, ...], inputs: Inputs, numbers: Any, columns: Any) -> Gram:
    """The loop that adds them up; numbers (c,) and columns (m,) are traced from the inputs.

    Columns that lie in memory side by side should come first: then vectors are written as they are read.
    """
    one_behind_the_other: Any = np.reshape(numbers, -1)
    return Gram(simplify(Graph("gram", graph_inputs, (one_behind_the_other.node, columns.node))), inputs)
