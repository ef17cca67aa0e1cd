"""How the rows of a Gram are cut, and where its sums lie.

Panels lie in the cache; blocks of them have sums of their own, which are added in order. Where a row gives a few
products only, there are no panels: all sums stay in registers while a block passes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradloop.compiler.loops import Gram

PANEL = 64  # rows
STRIP = 8  # columns, a vector of 64 bytes
ROWS_IN_BLOCK = 4096  # at least
FEWEST, MOST = 16, 64  # blocks of many rows
NUMBERS = 1 << 22  # of all blocks' results, which decides between the two
FEW_PRODUCTS = 15  # those of five columns
Array = Any


def padded(columns: int) -> int:
    """As many columns as fill whole strips."""
    return -(-columns // STRIP) * STRIP


def is_narrow(loop: Gram) -> bool:
    """Whether a row gives few products."""
    numbers, columns = (output.spec.size for output in loop.graph.outputs)
    return bool(numbers * columns * (columns + 1) // 2 <= FEW_PRODUCTS)


def room(loop: Gram) -> int:
    """How many sums a block has: those on and above the diagonals, or squares of padded columns."""
    numbers, columns = (output.spec.size for output in loop.graph.outputs)
    return numbers * (columns * (columns + 1) // 2 if is_narrow(loop) else padded(columns) ** 2)


def squares(loop: Gram, sums: Array) -> Array:
    """A symmetric matrix for each number, of a block's sums."""
    numbers, columns = (output.spec.size for output in loop.graph.outputs)
    if is_narrow(loop):
        found = np.zeros((numbers, columns, columns))
        found[:, *np.triu_indices(columns)] = sums.reshape(numbers, -1)
    else:
        width = padded(columns)
        found = np.triu(sums.reshape(numbers, width, width)[:, :columns, :columns])
    return found + np.triu(found, 1).transpose(0, 2, 1)


def rows_in_block(loop: Gram, count: int) -> int:
    """So many rows that few results lie side by side, and enough for threads: told by the data alone."""
    if is_narrow(loop):
        return ROWS_IN_BLOCK
    blocks = min(MOST, max(FEWEST, NUMBERS // room(loop)))
    each = max(ROWS_IN_BLOCK, -(-count // blocks))
    return -(-each // PANEL) * PANEL


def sums(loop: Gram, count: int) -> int:
    """How many sums, over a panel or of one row, are added one after the other, at most, for an entry of the result."""
    rows = rows_in_block(loop, count)
    return rows // (1 if is_narrow(loop) else PANEL) + -(-count // rows)
