"""Derivatives on request, and whether anything is recorded."""

import pytest

from gradloop.errors import TapeError
from gradloop.textbook import torch


def test_grad_of_inputs_and_of_intermediate_results():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    z = (y * y).sum()
    dx, dy = torch.autograd.grad(z, [x, y])
    assert dx.tolist() == [18, 36] and dy.tolist() == [6, 12] and x.grad is None
    assert isinstance(dx, torch.Tensor)
    (weighted,) = torch.autograd.grad(x * 2, x, grad_outputs=torch.tensor([1.0, 10.0]))
    assert weighted.tolist() == [2, 20]


def test_grad_refuses():
    x, other = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    with pytest.raises(TapeError, match="one number"):
        torch.autograd.grad(x * 2, x)
    with pytest.raises(TapeError, match="allow_unused"):
        torch.autograd.grad(x.sum(), other)
    assert torch.autograd.grad(x.sum(), other, allow_unused=True) == (None,)
    with pytest.raises(TapeError, match="requires_grad=True"):
        torch.autograd.grad(x.sum(), torch.ones(2))


def test_backward_from_several():
    x = torch.ones(2, requires_grad=True)
    torch.autograd.backward([x.sum(), (x * 2).sum()])
    assert x.grad.tolist() == [3, 3]
    torch.autograd.backward(x * 1, torch.tensor([1.0, 2.0]))
    assert x.grad.tolist() == [4, 5]


def test_recording_is_switched():
    x = torch.ones(2, requires_grad=True)
    assert torch.is_grad_enabled()
    with torch.no_grad():
        assert not torch.is_grad_enabled() and not (x * 2).requires_grad
        with torch.enable_grad():
            assert (x * 2).requires_grad
    with torch.set_grad_enabled(False):
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad
    before = torch.set_grad_enabled(False)
    assert not torch.is_grad_enabled()
    before.__exit__()
    assert torch.is_grad_enabled()

    @torch.no_grad()
    def function():
        return x * 2

    assert not function().requires_grad
