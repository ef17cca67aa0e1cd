"""Data, model, loss and update of linear regression."""

import random

import numpy as np
import pytest

from gradloop.errors import DataError
from gradloop.textbook import d2l, torch
from gradloop.textbook.mxnet import autograd, nd
from gradloop.textbook.mxnet import np as mxnp


@pytest.mark.parametrize("make", [torch.tensor, nd.array, mxnp.array, list])
def test_synthetic_data_follow_the_truth(make):
    X, y = d2l.synthetic_data(make([2, -3.4]), 4.2, 5000)
    assert X.shape == (5000, 2) and y.shape == (5000, 1)
    noise = np.asarray(y).ravel() - np.asarray(X) @ [2, -3.4] - 4.2
    assert abs(noise.std() - 0.01) < 5e-4 and abs(noise.mean()) < 1e-3
    assert isinstance(X, type(make([1.0])) if make is not list else torch.Tensor)
    assert abs(np.asarray(X).std() - 1) < 0.03


def test_the_seed_decides():
    def draw(seed):
        torch.manual_seed(seed)
        return d2l.synthetic_data(torch.tensor([1.0]), 0, 3)[0]

    assert torch.equal(draw(1), draw(1)) and not torch.equal(draw(1), draw(2))


def test_every_row_comes_once():
    random.seed(0)
    X = torch.arange(10).reshape(-1, 1)
    batches = list(d2l.data_iter(4, X, X * 2))
    assert [len(x) for x, _ in batches] == [4, 4, 2]
    rows = [row for x, _ in batches for row in x.ravel().tolist()]
    assert sorted(rows) == list(range(10)) != rows and all(torch.equal(x * 2, y) for x, y in batches)


def test_model_loss_and_step_by_hand():
    X, y = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([1.0, 2.0])
    w, b = torch.tensor([[1.0], [0.0]], requires_grad=True), torch.zeros(1, requires_grad=True)
    losses = d2l.squared_loss(d2l.linreg(X, w, b), y)
    assert losses.tolist() == [[0], [0.5]]
    losses.sum().backward()
    assert w.grad.tolist() == [[3], [4]] and b.grad.tolist() == [1]
    d2l.sgd([w, b], 0.5, 2)
    assert w.tolist() == [[0.25], [-1]] and b.tolist() == [-0.25] and w.grad.tolist() == [[0], [0]]


@pytest.mark.parametrize("part", [nd, mxnp])
def test_the_same_functions_serve_mxnet(part):
    mxnp.random.seed(0)
    X, y = d2l.synthetic_data(part.array([2, -3.4]), 4.2, 500)
    w, b = part.zeros((2, 1)), part.zeros(1)
    w.attach_grad()
    b.attach_grad()
    random.seed(0)
    for _ in range(5):
        for features, labels in d2l.data_iter(10, X, y):
            with autograd.record():
                loss = d2l.squared_loss(d2l.linreg(features, w, b), labels)
            loss.backward()
            d2l.sgd([w, b], 0.03, 10)
    assert np.allclose(w.asnumpy(), [[2], [-3.4]], atol=0.01) and b.asscalar() == pytest.approx(4.2, abs=0.01)


def test_load_array():
    X, y = torch.arange(6.0).reshape(3, 2), torch.arange(3)
    assert [len(labels) for _, labels in d2l.load_array((X, y), 2, is_train=False)] == [2, 1]
    assert not d2l.load_array((X, y), 2, is_train=False).shuffle and d2l.load_array((X, y), 2).shuffle


def test_nothing_is_downloaded():
    with pytest.raises(DataError, match="load_digits"):
        d2l.load_data_fashion_mnist(256)
