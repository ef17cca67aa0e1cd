"""How the rows of a Gram are cut: panels that lie in the cache, blocks whose sums are added in order."""

from __future__ import annotations

from gradloop.compiler.loops import Gram

PANEL = 64  # rows
STRIP = 8  # columns, a vector of 64 bytes
ROWS_IN_BLOCK = 4096  # at least
FEWEST, MOST = 16, 64  # blocks of many rows
NUMBERS = 1 << 22  # of all blocks' results, which decides between the two


def padded(columns: int) -> int:
    """As many columns as fill whole strips."""
    return -(-columns // STRIP) * STRIP


def rows_in_block(loop: Gram, count: int) -> int:
    """So many rows that few results lie side by side, and enough for threads: told by the data alone."""
    numbers, columns = loop.graph.outputs
    blocks = min(MOST, max(FEWEST, NUMBERS // (numbers.spec.size * padded(columns.spec.size) ** 2)))
    each = max(ROWS_IN_BLOCK, -(-count // blocks))
    return -(-each // PANEL) * PANEL


def sums(loop: Gram, count: int) -> int:
    """How many sums over a panel are added one after the other, at most, for an entry of the result."""
    rows = rows_in_block(loop, count)
    return rows // PANEL + -(-count // rows)
