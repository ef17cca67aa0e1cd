"""The functions that models in old_models were fitted with: their names and places must stay."""

import numpy as np


def decay(t, a, k):
    """A quantity that falls by the same share in the same time."""
    return a * np.exp(-k * t)
