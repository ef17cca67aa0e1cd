"""Losses as parts of a model."""

from __future__ import annotations

from typing import Any

from gradloop.textbook.torch.nn import functional
from gradloop.textbook.torch.nn.modules import Module


class Loss(Module):
    """A loss with its reduction: the mean, the sum, or "none" for each example's."""

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction


class MSELoss(Loss):
    """Squared error, without the half of the textbook's own."""

    def forward(self, input: Any, target: Any) -> Any:
        return functional.mse_loss(input, target, self.reduction)


class L1Loss(Loss):
    """Absolute error."""

    def forward(self, input: Any, target: Any) -> Any:
        return functional.l1_loss(input, target, self.reduction)


class HuberLoss(Loss):
    """Half the squared error up to delta, straight beyond."""

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        self.delta = delta

    def forward(self, input: Any, target: Any) -> Any:
        return functional.huber_loss(input, target, self.reduction, self.delta)


class CrossEntropyLoss(Loss):
    """The surprise at each label, from scores that no softmax was applied to."""

    def forward(self, input: Any, target: Any) -> Any:
        return functional.cross_entropy(input, target, self.reduction)
