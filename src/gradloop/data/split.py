"""Which rows are held out to judge the fit."""

import numpy as np
from numpy.typing import NDArray

from gradloop.data import words
from gradloop.errors import OptionError

DRAWN_TOGETHER = 1 << 20  # rows, of those that are not in one place


def holdout_split(rows: int, share: float, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows to train on and the rows to hold out, each in increasing order; a function of the arguments.

    Every row draws 64 random bits and the ``round(share * rows)`` smallest are held out. The bits come from
    the PCG64 generator itself, whose stream NumPy keeps for ever.

    Raises: OptionError for a share outside (0, 1), one that leaves either side empty, or a negative seed.

    >>> holdout_split(5, 0.4, seed=1)
    (array([0, 1, 3]), array([2, 4]))
    """
    held = held_count(rows, share, seed)
    bits = np.random.PCG64(seed).random_raw(rows)
    order = np.argsort(bits, kind="stable").astype(np.int64)
    return np.sort(order[held:]), np.sort(order[:held])


def held_count(rows: int, share: float, seed: int) -> int:
    """How many rows are held out, once it is sure that they can be.

    Raises: OptionError, as ``holdout_split``.
    """
    if not 0 < share < 1:
        raise OptionError(
            f"A share of {share} of the rows cannot be held out; give a number between 0 and 1, such as 0.2."
        )
    held = round(share * rows)
    if not 0 < held < rows:
        side = "hold out" if not held else "train on"
        raise OptionError(
            f"Holding out a share of {share} of {words.counted(rows, 'row')} leaves none to {side}; choose "
            "another share."
        )
    if seed < 0:
        raise OptionError(f"The seed {seed} is negative; give 0 or a positive integer.")
    return held


def holdout_limit(rows: int, share: float, seed: int = 0) -> int:
    """The largest bits that a row which is held out draws: for rows that are not in one place; see ``held_among``.

    Only bits near the one that is sought are kept in memory, about as many as the root of the number of rows.

    Raises: OptionError, as ``holdout_split``.
    """
    held = held_count(rows, share, seed)
    away = 8 * (np.sqrt(held / rows * (1 - held / rows) / rows) + 1 / rows)
    for low, high in ((held / rows - away, held / rows + away), (0.0, 1.0)):
        first, last = int(max(low, 0.0) * 2**64), min(int(high * 2**64), 2**64 - 1)
        below, near = 0, []
        generator = np.random.PCG64(seed)
        for start in range(0, rows, DRAWN_TOGETHER):
            bits = generator.random_raw(min(DRAWN_TOGETHER, rows - start))
            below += int((bits < np.uint64(first)).sum())
            near.append(bits[(bits >= np.uint64(first)) & (bits <= np.uint64(last))])
        found = np.sort(np.concatenate(near))
        if below < held <= below + len(found):
            break
    return int(found[held - below - 1])


def held_among(first: int, count: int, seed: int, limit: int) -> NDArray[np.bool_]:
    """Which of the rows [first, first + count) ``holdout_split`` holds out, by the limit of all.

    >>> np.flatnonzero(held_among(2, 3, seed=1, limit=holdout_limit(5, 0.4, seed=1))) + 2
    array([2, 4])
    """
    generator = np.random.PCG64(seed)
    generator.advance(first)
    found: NDArray[np.bool_] = generator.random_raw(count) <= np.uint64(limit)
    return found
