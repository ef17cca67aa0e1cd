"""Two steps of each optimizer, by hand."""

import numpy as np
import pytest

from gradloop.errors import TapeError
from gradloop.textbook import torch


def steps(make, count=2):
    """Steps on w²/2, whose gradient is w."""
    w = torch.tensor([1.0, -2.0], requires_grad=True)
    optimizer = make([w])
    for _ in range(count):
        optimizer.zero_grad()
        (w * w / 2).sum().backward()
        optimizer.step()
    return w.detach().numpy()


def test_sgd():
    assert np.allclose(steps(lambda w: torch.optim.SGD(w, lr=0.1)), np.array([1, -2]) * 0.9**2)
    # v₁ = w₀, w₁ = 0.9 w₀, v₂ = 0.5 w₀ + 0.9 w₀, w₂ = w₁ - 0.1 v₂
    assert np.allclose(steps(lambda w: torch.optim.SGD(w, lr=0.1, momentum=0.5)), np.array([1, -2]) * (0.9 - 0.14))
    assert np.allclose(steps(lambda w: torch.optim.SGD(w, lr=0.1, weight_decay=1.0)), np.array([1, -2]) * 0.8**2)


def test_adam():
    assert np.allclose(steps(lambda w: torch.optim.Adam(w, lr=0.1), 1), [0.9, -1.9])
    m, v, w = 0.0, 0.0, np.array([1.0, -2.0])
    for t in (1, 2):
        m, v = 0.9 * m + 0.1 * w, 0.999 * v + 0.001 * w * w
        w = w - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    assert np.allclose(steps(lambda w: torch.optim.Adam(w, lr=0.1)), w)


def test_groups_and_gradients_that_are_missing():
    w, b, unused = (torch.ones(1, requires_grad=True) for _ in range(3))
    optimizer = torch.optim.SGD([{"params": w, "lr": 1.0}, {"params": [b, unused]}], lr=0.5)
    (w + b).sum().backward()
    optimizer.step()
    assert (w.item(), b.item(), unused.item()) == (0, 0.5, 1)
    optimizer.zero_grad(set_to_none=False)
    assert w.grad.item() == 0 and unused.grad is None
    optimizer.zero_grad()
    assert w.grad is None
    for nothing in ([], torch.nn.Linear(2, 1)):
        with pytest.raises(TapeError, match=r"no parameters; give net.parameters\(\)"):
            torch.optim.SGD(nothing)
    with pytest.raises(TapeError, match="lr is -1"):
        torch.optim.SGD([w], lr=-1)
    with pytest.raises(NotImplementedError):
        torch.optim.Optimizer([w], {}).change(w, None, {})


def test_the_tape_notices_a_step():
    w = torch.ones(1, requires_grad=True)
    loss = (w * w).sum()
    w.grad = torch.ones(1)
    torch.optim.SGD([w], lr=0.1).step()
    with pytest.raises(TapeError, match="altered"):
        loss.backward()
