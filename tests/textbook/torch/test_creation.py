"""Ways to make a tensor."""

import numpy as np
import pytest

from gradloop.errors import TapeError
from gradloop.textbook import torch


def test_filled():
    assert torch.zeros(2, 3).shape == torch.ones((2, 3)).shape == torch.zeros(size=(2, 3)).shape == (2, 3)
    assert torch.zeros(1, requires_grad=True).requires_grad and torch.ones(torch.zeros(2, 3).shape).sum().item() == 6
    assert torch.full((2,), 3).dtype is torch.int64 and torch.full((2,), 3.0).tolist() == [3, 3]
    x = torch.arange(4.0)
    assert torch.zeros_like(x).tolist() == [0] * 4 and torch.ones_like(x, dtype=torch.int64).dtype is torch.int64
    assert torch.eye(2).tolist() == [[1, 0], [0, 1]] and torch.eye(2, 3).shape == (2, 3)


def test_counted():
    assert torch.arange(3).tolist() == [0, 1, 2] and torch.arange(3).dtype is torch.int64
    assert torch.arange(1, 2, 0.5).tolist() == [1, 1.5] and torch.arange(3.0).dtype is torch.float32
    assert np.allclose(torch.linspace(0, 1, 5).numpy(), np.linspace(0, 1, 5))


@pytest.mark.parametrize(
    "call",
    [lambda: torch.zeros(-1), lambda: torch.ones("a"), lambda: torch.randn(2, 1.5), lambda: torch.randperm(-1)],
)
def test_lengths_are_whole_numbers(call):
    with pytest.raises(TapeError, match="whole numbers from 0"):
        call()


def test_a_step_leads_somewhere():
    with pytest.raises(TapeError, match="step of arange is 0"):
        torch.arange(0, 1, 0)


def test_from_numbers():
    assert torch.tensor([torch.tensor(1.0), torch.tensor(2.0)]).tolist() == [1, 2]
    values = np.zeros(3)
    shared, own = torch.from_numpy(values), torch.tensor(values)
    values[0] = 5
    assert shared.tolist() == [5, 0, 0] and own.tolist() == [0, 0, 0]
    x = torch.ones(2)
    assert torch.as_tensor(x) is x and torch.as_tensor(x, dtype=torch.int64).dtype is torch.int64
    assert torch.as_tensor([1, 2]).dtype is torch.int64
    assert torch.tensor([1, 2], dtype=torch.float64, requires_grad=True).requires_grad
    with pytest.raises(TapeError, match="torch.tensor"):
        torch.from_numpy([1, 2])
    with pytest.raises(TapeError, match="real numbers"):
        torch.tensor(["a"])
    with pytest.raises(TapeError, match="derivatives"):
        torch.tensor([1, 2], requires_grad=True)


def test_drawn():
    torch.manual_seed(1)
    assert torch.normal(0, 0.01, size=(2, 1), requires_grad=True).shape == (2, 1)
    near = torch.normal(torch.tensor([0.0, 10.0]), torch.tensor([1e-6, 1e-6]))
    assert np.allclose(near.numpy(), [0, 10], atol=1e-4)
    assert torch.randn(2, 3).shape == torch.rand(size=(2, 3)).shape == torch.randn((2, 3)).shape == (2, 3)
    assert set(torch.randint(5, (1000,)).tolist()) == set(range(5))
    assert set(torch.randint(3, 5, (100,)).tolist()) == {3, 4}
    assert sorted(torch.randperm(9).tolist()) == list(range(9)) and torch.randn_like(torch.ones(3)).shape == (3,)
    with pytest.raises(TapeError, match="size"):
        torch.normal(0, 1)


def test_the_usual_width_can_be_changed():
    try:
        torch.set_default_dtype(torch.float64)
        assert torch.get_default_dtype() is torch.float64 is torch.tensor([1.5]).dtype is torch.zeros(2).dtype
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.get_default_dtype() is torch.float32
