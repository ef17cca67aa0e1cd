"""Methods of tensors that are not functions too."""

import numpy as np
import pytest

from gradloop.errors import TapeError
from gradloop.textbook import torch


def test_real_numbers_have_32_bits():
    assert torch.tensor([2, -3.4]).dtype is torch.float32
    assert torch.tensor([1, 2]).dtype is torch.int64 and (torch.tensor([1, 2]) / 2).dtype is torch.float32
    assert torch.tensor(np.ones(2)).dtype is torch.float64
    assert torch.tensor([1, 2]).float().dtype is torch.float32 and torch.ones(2).double().dtype is torch.float64
    assert (torch.ones(2) * 2.5 + 1).dtype is torch.float32
    assert (torch.arange(3) ** 2).dtype is torch.int64 and (torch.arange(3) ** 2.0).dtype is torch.float32


def test_shapes():
    x = torch.arange(6).reshape(2, 3)
    assert x.size() == x.shape == (2, 3) and x.size(1) == 3 and x.dim() == 2 and x.numel() == 6 and int(x.size) == 6
    assert x.view(-1, 2).shape == x.reshape((3, 2)).shape == x.T.shape == (3, 2)
    assert x.flatten().tolist() == x.ravel().tolist() == list(range(6))
    assert x.reshape_as(torch.zeros(6)).shape == (6,) and x.view_as(torch.zeros(3, 2)).shape == (3, 2)
    assert x[:1].expand(4, -1).tolist() == [[0, 1, 2]] * 4 and x[0].expand((2, 3)).shape == (2, 3)
    assert len(x) == 2 and [row.tolist() for row in x] == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(TypeError, match="item"):
        len(torch.tensor(3.0))


def test_picking():
    x = torch.arange(12.0).reshape(4, 3).requires_grad_()
    rows = torch.tensor([3, 0, 3])
    assert x[rows].tolist() == x[[3, 0, 3]].tolist() == [[9, 10, 11], [0, 1, 2], [9, 10, 11]]
    assert x[range(2), torch.tensor([2, 1])].tolist() == [2, 4] and x[x > 9].tolist() == [10, 11]
    x[rows].sum().backward()
    assert x.grad.tolist() == [[1] * 3, [0] * 3, [0] * 3, [2] * 3]


def test_numbers_leave():
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(TapeError, match=r"detach\(\).numpy\(\)"):
        x.numpy()
    assert x.numpy(force=True) is x.detach().numpy().base or x.numpy(force=True) is x.value
    assert np.asarray(x.detach()).tolist() == x.tolist() == [1, 1]
    assert (x * 2).sum().item() == 4.0 and float((x * 2).sum()) == 4.0 and int(torch.tensor(3)) == 3
    y = torch.zeros(2)
    y.numpy()[0] = 5
    assert y.tolist() == [5, 0]


def test_formats():
    assert f"{torch.tensor(1.5):.2f} {torch.tensor(0.5)} {torch.ones(2)}" == "1.50 0.5 tensor([1., 1.])"
    with pytest.raises(TypeError, match="one number"):
        f"{torch.ones(2):.2f}"
    assert str(torch.zeros(0, 3)) == "tensor([], size=(0, 3))" and str(torch.ones(1, dtype=torch.int32)) == (
        "tensor([1], dtype=torch.int32)"
    )
    assert str(torch.zeros(1, requires_grad=True)) == "tensor([0.], requires_grad=True)"


def test_types_and_places():
    x = torch.ones(2, requires_grad=True)
    assert x.type() == "torch.FloatTensor" and x.type(torch.float64).dtype is torch.float64 and x.float() is x
    assert (
        x.to(torch.int64).dtype is torch.int64
        and not x.long().requires_grad
        and x.long().is_leaf
        and x.double().requires_grad
    )
    assert x.to("cpu") is x.cpu() is x and x.to(dtype=torch.float64, device="cpu").dtype is torch.float64
    assert x.to(torch.zeros(1, dtype=torch.int32)).dtype is torch.int32
    assert x.type_as(torch.zeros(1).double()).dtype is torch.float64 and x.is_floating_point()
    assert torch.tensor([0, 2]).bool().tolist() == [False, True] and x.int().dtype is torch.int32


def test_changes_in_place():
    x = torch.ones(2)
    assert x.add_(1).sub_(0.5).mul_(4).div_(3) is x and x.tolist() == [2, 2]
    assert x.add_(torch.ones(2), alpha=-2).tolist() == [0, 0] and x.fill_(7).clamp_(0, 5).tolist() == [5, 5]
    assert x.copy_(torch.tensor([1.0, 2.0])).zero_().tolist() == [0, 0]
    w = torch.ones(2, requires_grad=True)
    with pytest.raises(TapeError, match="no_grad"):
        w.sub_(1)
    with torch.no_grad():
        w.sub_(0.25)
    w.data.mul_(2)
    assert w.tolist() == [1.5, 1.5] and w.requires_grad and w.is_leaf
    w.data -= 0.5
    assert w.tolist() == [1, 1] and w.requires_grad
    w.data = torch.zeros(2)
    assert w.tolist() == [0, 0]


def test_changes_in_place_are_recorded():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    y.mul_(2).add_(1)
    y.sum().backward()
    assert y.tolist() == [7, 13] and x.grad.tolist() == [6, 6]


def test_drawn_in_place():
    torch.manual_seed(0)
    x = torch.zeros(10_000).normal_(3, 0.5)
    assert abs(x.mean().item() - 3) < 0.03 and abs(x.std().item() - 0.5) < 0.03
    assert x.uniform_(1, 2).min().item() >= 1 and x.max().item() <= 2


def test_clones_and_detached_tensors():
    x = torch.ones(2, requires_grad=True)
    y = x.clone()
    y.sum().backward()
    assert x.grad.tolist() == [1, 1] and not x.detach().requires_grad
    x.detach()[0] = 5
    assert x.tolist() == [5, 1] and y.tolist() == [1, 1]
    x.retain_grad()
    with pytest.raises(TapeError, match="autograd.grad"):
        y.retain_grad()


def test_a_walk_from_several_numbers_is_refused():
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"\.sum\(\)\.backward\(\)"):
        (x * 2).backward()


def test_second_derivatives_with_tensors():
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    slope = torch.autograd.grad((x.mean(1) ** 3).sum(), x, create_graph=True)[0]
    slope.sum().backward()
    mean = np.array([1.5, 3.5])  # d²/dm² of m³ is 6m, and the mean of two numbers passes on half to each, twice
    assert np.allclose(x.grad.numpy(), np.repeat(6 * mean[:, None] / 2, 2, axis=1))


def test_products_of_vectors_have_their_names():
    x = torch.ones(2, requires_grad=True)
    assert (x @ x).grad_fn.name() == "DotBackward0" and (torch.ones(3, 2) @ x).grad_fn.name() == "MvBackward0"
    with pytest.raises(TypeError):
        x @ "text"
