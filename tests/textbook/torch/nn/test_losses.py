"""Losses as parts give what the functions give."""

import pytest

from gradloop.textbook import torch
from gradloop.textbook.torch import nn
from gradloop.textbook.torch.nn import functional


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    ("part", "function"),
    [(nn.MSELoss, functional.mse_loss), (nn.L1Loss, functional.l1_loss), (nn.HuberLoss, functional.huber_loss)],
)
def test_losses(part, function, reduction):
    y_hat, y = torch.randn(4), torch.randn(4)
    assert torch.equal(part(reduction=reduction)(y_hat, y), function(y_hat, y, reduction))
    assert repr(part()) == f"{part.__name__}()"


def test_cross_entropy_and_delta():
    scores, labels = torch.randn(4, 3), torch.tensor([0, 1, 2, 0])
    assert torch.equal(nn.CrossEntropyLoss()(scores, labels), functional.cross_entropy(scores, labels))
    y_hat, y = torch.randn(4), torch.randn(4) * 3
    assert torch.equal(nn.HuberLoss(delta=0.5)(y_hat, y), functional.huber_loss(y_hat, y, delta=0.5))
