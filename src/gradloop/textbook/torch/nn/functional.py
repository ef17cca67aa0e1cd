"""Losses and activations as functions of tensors."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from gradloop.errors import TapeError
from gradloop.textbook.coverage import uncovered as _uncovered
from gradloop.textbook.torch.functions import log_softmax, relu, sigmoid, softmax, tanh, where
from gradloop.textbook.torch.grad_fn import named

__all__ = [
    "cross_entropy",
    "huber_loss",
    "l1_loss",
    "linear",
    "log_softmax",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]

Tensor = Any


def reduced(losses: Tensor, reduction: str, name: str = "") -> Tensor:
    """The mean, the sum, or each example's loss, called as PyTorch calls it where it has a step of its own."""
    if reduction == "mean":
        losses = losses.mean()
    elif reduction == "sum":
        losses = losses.sum()
    elif reduction != "none":
        raise TapeError(f'reduction is {reduction!r}; choose "mean", "sum" or "none".')
    return named(losses, name) if name else losses


def difference(input: Tensor, target: Tensor) -> Tensor:
    """input - target, with a warning where their shapes make it a table."""
    if input.shape != target.shape:
        warnings.warn(
            f"The prediction has the shape {tuple(input.shape)} and the target {tuple(target.shape)}: each will be "
            "compared with every other; write target.reshape(prediction.shape).",
            stacklevel=4,
        )
    return input - target


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Squared error, without the half of the textbook's own."""
    return reduced(difference(input, target) ** 2, reduction, "MseLossBackward0")


def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Absolute error."""
    return reduced(abs(difference(input, target)), reduction)


def huber_loss(input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """Half the squared error up to delta, straight beyond."""
    far = abs(difference(input, target))
    return reduced(where(far < delta, far * far * 0.5, delta * (far - 0.5 * delta)), reduction, "HuberLossBackward0")


def nll_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """The negative logarithm of each label's share, from logarithms (n, K) and labels (n,)."""
    if target.value.dtype.kind not in "iu" or target.value.ndim != 1 or len(target) != len(input):
        raise TapeError(
            f"Labels are whole numbers, one for each row; here are {target.dtype} of the shape {tuple(target.shape)} "
            f"for {len(input)} rows: write y.long().reshape(-1)."
        )
    return reduced(-input[np.arange(len(input)), target.value], reduction, "NllLossBackward0")


def cross_entropy(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """The surprise at each label, from scores (n, K) that no softmax was applied to, and labels (n,)."""
    return nll_loss(log_softmax(input, 1), target, reduction)


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """input · weightᵀ + bias."""
    product = input @ weight.t()
    return named(product if bias is None else product + bias, "AddmmBackward0" if bias is not None else "MmBackward0")


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """A one in the place of each label, zeros elsewhere."""
    count = int(tensor.value.max()) + 1 if num_classes == -1 else num_classes
    return tensor.like(np.eye(count, dtype=np.int64)[tensor.value])


__getattr__ = _uncovered("torch.nn.functional", lambda: __all__)
