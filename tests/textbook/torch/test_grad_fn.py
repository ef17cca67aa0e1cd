"""Names of steps; test_against_torch.py compares them with PyTorch's."""

from gradloop.textbook import torch
from gradloop.textbook.torch.grad_fn import named


def test_a_step_has_a_name_and_knows_the_one_before():
    x = torch.ones(2, 2, requires_grad=True)
    y = (x * 3).sum()
    assert y.grad_fn.name() == "SumBackward0" and x.grad_fn is None
    (product, _), *_ = y.grad_fn.next_functions
    assert product.name() == "MulBackward0"
    leaf = product.next_functions[0][0]
    assert leaf.name() == "torch::autograd::AccumulateGrad" and leaf.next_functions == ()
    assert "SumBackward0" in repr(y.grad_fn)


def test_a_name_belongs_to_its_step_only():
    x = torch.ones(2, requires_grad=True)
    y = named(x * 2, "OtherBackward0")
    assert y.grad_fn.name() == "OtherBackward0"
    y += 1
    assert y.grad_fn.name() == "AddBackward0"
    assert named(3.0, "OtherBackward0") == 3.0
