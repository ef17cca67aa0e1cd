"""The textbook's own examples of a known linear truth, as two arrays."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gradloop.errors import OptionError


def synthetic_data(
    w: ArrayLike, b: float, rows: int, noise: float = 0.01, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Examples of a noisy line: features from the standard normal distribution and their target.

        y = X w + b + noise * e,    X and e ~ N(0, 1)

    w: (d,); rows: n; noise: the standard deviation around the line. Returns X (n, d) and y (n,), the same for
    the same seed.

    Raises: OptionError for a w that is not a vector, fewer than one row, or negative noise.

    >>> X, y = synthetic_data([2, -3.4], 4.2, rows=1000)
    >>> X.shape, y.shape, bool(abs(y - X @ [2, -3.4] - 4.2).max() < 0.05)
    ((1000, 2), (1000,), True)

    Source: Zhang, Lipton, Li, Smola, Dive into Deep Learning, section 3.3.
    """
    weights = np.asarray(w, dtype=np.float64)
    if weights.ndim != 1 or not weights.size:
        raise OptionError(f"The true w has shape {weights.shape}, and one weight per feature, (d,), is needed.")
    if rows < 1:
        raise OptionError(f"{rows} rows cannot be drawn; ask for at least 1.")
    if not noise >= 0:
        raise OptionError(f"The noise {noise} is not a standard deviation; give a number of at least 0.")
    generator: Any = np.random.default_rng(seed)
    X = generator.standard_normal((rows, len(weights)))
    return X, X @ weights + b + noise * generator.standard_normal(rows)
