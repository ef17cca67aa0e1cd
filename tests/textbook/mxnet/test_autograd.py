"""Scopes, and walks back from several arrays."""

import pytest

from gradloop.errors import TapeError
from gradloop.textbook.mxnet import autograd, nd


def test_scopes():
    assert not autograd.is_recording() and not autograd.is_training()
    with autograd.record():
        assert autograd.is_recording() and autograd.is_training()
        with autograd.predict_mode():
            assert autograd.is_recording() and not autograd.is_training()
        with autograd.pause():
            assert not autograd.is_recording() and not autograd.is_training()
        with autograd.pause(train_mode=True), autograd.train_mode():
            assert autograd.is_training()
        assert autograd.is_recording()
    with autograd.record(train_mode=False):
        assert not autograd.is_training()
    assert not autograd.is_recording()


def test_walks():
    x = nd.array([1.0, 2.0])
    x.attach_grad()
    with autograd.record():
        y, z = x * 2, x * x
    autograd.backward([y, z], [None, nd.array([1.0, 10.0])])
    assert x.grad.tolist() == [4, 42]
    room = nd.zeros(2)
    autograd.mark_variables([x], [room])
    with autograd.record():
        y = x * 5
    autograd.backward(y)
    assert room.tolist() == [5, 5]


def test_grad_and_second_derivative():
    x = nd.array([2.0])
    x.attach_grad()
    with autograd.record():
        y = x * x * x
        slope = autograd.grad(y, x, create_graph=True)
        (again,) = autograd.grad([slope], [x])
    assert slope.asscalar() == 12 and again.asscalar() == 12 and x.grad.asscalar() == 0
    with autograd.record():
        y = x * 2
    (weighted,) = autograd.grad([y], [x], [nd.array([3.0])])
    assert weighted.asscalar() == 6


def test_grad_refuses():
    x, other = nd.ones(1), nd.ones(1)
    x.attach_grad()
    with autograd.record():
        y = x * 2
    with pytest.raises(TapeError, match="attach_grad"):
        autograd.grad(y, other)
    other.attach_grad()
    with pytest.raises(TapeError, match="not used"):
        autograd.grad(y, other)
