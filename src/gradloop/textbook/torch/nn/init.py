"""First values of parameters, drawn or set in place."""

from __future__ import annotations

import math
from typing import Any

from gradloop.eager import no_grad
from gradloop.textbook.coverage import uncovered as _uncovered

__all__ = ["constant_", "normal_", "ones_", "uniform_", "xavier_uniform_", "zeros_"]

Tensor = Any


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Numbers of a normal distribution."""
    with no_grad():
        return tensor.normal_(mean, std)


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    """Numbers between two, all equally probable."""
    with no_grad():
        return tensor.uniform_(a, b)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """One number everywhere."""
    with no_grad():
        return tensor.fill_(val)


def zeros_(tensor: Tensor) -> Tensor:
    """Zeros."""
    return constant_(tensor, 0)


def ones_(tensor: Tensor) -> Tensor:
    """Ones."""
    return constant_(tensor, 1)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Evenly between ±gain · √(6 / (inputs + outputs)) (Glorot and Bengio, 2010)."""
    reach = gain * math.sqrt(6 / sum(tensor.shape))
    return uniform_(tensor, -reach, reach)


__getattr__ = _uncovered("torch.nn.init", lambda: __all__)
