"""Losses by algebra; test_against_torch.py compares them with PyTorch's."""

import numpy as np
import pytest

from gradloop.errors import TapeError
from gradloop.textbook import torch
from gradloop.textbook.torch.nn import functional as F  # noqa: N812

P, Y = torch.tensor([1.0, 2.0, 4.0]), torch.tensor([1.5, 2.0, 1.0])


def test_losses_of_numbers():
    assert F.mse_loss(P, Y).item() == pytest.approx((0.25 + 9) / 3)
    assert F.mse_loss(P, Y, reduction="sum").item() == 9.25 and F.mse_loss(P, Y, reduction="none").tolist()[2] == 9
    assert F.l1_loss(P, Y).item() == pytest.approx(3.5 / 3)
    assert F.huber_loss(P, Y, reduction="none").tolist() == [0.125, 0, 2.5]
    assert F.huber_loss(P, Y, delta=2.0, reduction="none").tolist() == [0.125, 0, 4]


def test_losses_of_labels():
    scores, labels = torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]), torch.tensor([2, 0])
    shares = np.exp(scores.numpy()) / np.exp(scores.numpy()).sum(1, keepdims=True)
    expected = -np.log(shares[[0, 1], [2, 0]])
    assert np.allclose(F.cross_entropy(scores, labels, reduction="none").numpy(), expected)
    assert F.nll_loss(F.log_softmax(scores, 1), labels).item() == pytest.approx(expected.mean())
    assert F.cross_entropy(scores * 1e4, labels).item() == pytest.approx(np.log(3) / 2)  # without overflow


def test_the_gradient_of_cross_entropy_is_share_minus_one():
    scores = torch.tensor([[1.0, 2.0, 3.0]], requires_grad=True)
    F.cross_entropy(scores, torch.tensor([1])).backward()
    assert np.allclose(scores.grad.numpy(), F.softmax(scores, 1).detach().numpy() - [[0, 1, 0]], atol=1e-7)


def test_linear_and_one_hot():
    weight, bias = torch.tensor([[1.0, 2.0]]), torch.tensor([0.5])
    assert F.linear(torch.tensor([[3.0, 4.0]]), weight, bias).tolist() == [[11.5]]
    assert F.linear(torch.tensor([[3.0, 4.0]]), weight).tolist() == [[11.0]]
    assert F.one_hot(torch.tensor([0, 2])).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert F.one_hot(torch.tensor([0]), 4).shape == (1, 4)


def test_shapes_that_make_a_table_are_warned_of():
    with pytest.warns(UserWarning, match=r"\(3, 1\).*\(3,\).*target.reshape"):
        F.mse_loss(P.reshape(3, 1), Y)


def test_wrong_input():
    with pytest.raises(TapeError, match='"mean", "sum" or "none"'):
        F.mse_loss(P, Y, reduction="average")
    for labels in (torch.tensor([0.0, 1.0]), torch.tensor([[0], [1]]), torch.tensor([0])):
        with pytest.raises(TapeError, match=r"y.long\(\).reshape\(-1\)"):
            F.cross_entropy(torch.zeros(2, 3), labels)
