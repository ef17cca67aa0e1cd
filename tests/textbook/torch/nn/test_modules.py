"""Models out of parts."""

import numpy as np
import pytest

from gradloop.textbook import torch
from gradloop.textbook.torch import nn


def test_the_concise_linear_regression_finds_the_truth():
    torch.manual_seed(0)
    X = torch.normal(0, 1, (1000, 2))
    y = torch.matmul(X, torch.tensor([2, -3.4])).reshape((-1, 1)) + 4.2 + torch.normal(0, 0.01, (1000, 1))
    batches = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, y), 10, shuffle=True)
    net = nn.Sequential(nn.Linear(2, 1))
    net[0].weight.data.normal_(0, 0.01)
    net[0].bias.data.fill_(0)
    loss, trainer = nn.MSELoss(), torch.optim.SGD(net.parameters(), lr=0.03)
    for _ in range(3):
        for features, labels in batches:
            error = loss(net(features), labels)
            trainer.zero_grad()
            error.backward()
            trainer.step()
    assert np.allclose(net[0].weight.data.numpy(), [[2, -3.4]], atol=0.005)
    assert net[0].bias.item() == pytest.approx(4.2, abs=0.005)


def test_parameters_are_marked_and_what_comes_of_them_is_not():
    layer = nn.Linear(3, 2)
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    assert isinstance(layer.weight, nn.Parameter) and not isinstance(layer.weight * 2, nn.Parameter)
    assert str(layer.bias).startswith("Parameter containing:\ntensor([")
    assert layer.weight.abs().max().item() <= 1 / np.sqrt(3) and nn.Linear(3, 2, bias=False).bias is None
    assert len(list(nn.Linear(3, 2, bias=False).parameters())) == 1


def test_parts_of_ones_own():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Sigmoid())
            self.scale = nn.Parameter(torch.ones(1))

        def forward(self, X):
            return self.inner(X) * self.scale

    net = Net()
    assert net(torch.ones(5, 2, 2)).shape == (5, 3)
    assert [name for name, _ in net.named_parameters()] == ["scale", "inner.1.weight", "inner.1.bias"]
    assert set(net.state_dict()) == {"scale", "inner.1.weight", "inner.1.bias"}
    seen = []
    net.apply(lambda part: seen.append(type(part).__name__))
    assert seen == ["Flatten", "Linear", "ReLU", "Sigmoid", "Sequential", "Net"]
    assert not net.eval().inner[1].training and net.train().inner[1].training and len(net.inner) == 4
    assert [type(part).__name__ for part in net.inner][:2] == ["Flatten", "Linear"]
    net(torch.ones(1, 4)).sum().backward()
    net.zero_grad(set_to_none=False)
    assert net.scale.grad.item() == 0
    net.zero_grad()
    assert net.scale.grad is None
    with pytest.raises(NotImplementedError, match="forward"):
        nn.Module()(1)


def test_rectified_and_squeezed():
    x = torch.tensor([-1.0, 0.0, 2.0])
    assert nn.ReLU()(x).tolist() == [0, 0, 2] and nn.Sigmoid()(x).tolist()[1] == 0.5
