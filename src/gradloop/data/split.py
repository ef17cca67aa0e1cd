"""Which rows are held out to judge the fit."""

import numpy as np
from numpy.typing import NDArray

from gradloop.data import words
from gradloop.errors import OptionError


def holdout_split(rows: int, share: float, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows to train on and the rows to hold out, each in increasing order; a function of the arguments.

    Every row draws 64 random bits and the ``round(share * rows)`` smallest are held out. The bits come from
    the PCG64 generator itself, whose stream NumPy keeps for ever.

    Raises: OptionError for a share outside (0, 1), one that leaves either side empty, or a negative seed.

    >>> holdout_split(5, 0.4, seed=1)
    (array([0, 1, 3]), array([2, 4]))
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
    bits = np.random.PCG64(seed).random_raw(rows)
    order = np.argsort(bits, kind="stable").astype(np.int64)
    return np.sort(order[held:]), np.sort(order[:held])
