"""Softmax and its kin."""

import numpy
import pytest

from gradloop.core.evaluate import evaluate
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import trace
from gradloop.textbook.mxnet import autograd, entries, nd, np, npx

X = numpy.random.default_rng(0).normal(size=(3, 4))


@pytest.mark.parametrize("part", [nd, npx])
def test_values(part):
    x = (np if part is npx else nd).array(X)
    shares = numpy.exp(X) / numpy.exp(X).sum(1, keepdims=True)
    assert numpy.allclose(part.softmax(x).asnumpy(), shares) and x.dtype == numpy.float64
    assert numpy.allclose(part.softmax(x, axis=0).asnumpy().sum(0), 1)
    assert numpy.allclose(part.log_softmax(x * 1e3).asnumpy().max(), 0)
    assert numpy.allclose(part.relu(x).asnumpy(), numpy.maximum(X, 0))
    assert numpy.allclose(part.sigmoid(x).asnumpy(), 1 / (1 + numpy.exp(-X)))
    assert numpy.array_equal(part.pick(x, [3, 0, 2]).asnumpy(), X[range(3), [3, 0, 2]])
    assert numpy.array_equal(part.pick(x, [0, 1, 2, 0], axis=0).asnumpy(), X[[0, 1, 2, 0], range(4)])
    labels = (np if part is npx else nd).array([0, 2])
    assert part.one_hot(labels, 3).tolist() == [[1, 0, 0], [0, 0, 1]]


def test_the_gradient_of_the_surprise_is_share_minus_one():
    x = np.array(X)
    x.attach_grad()
    with autograd.record():
        loss = -np.log(npx.pick(npx.softmax(x), np.array([3, 0, 2])))
    loss.backward()
    assert numpy.allclose(x.grad.asnumpy(), npx.softmax(x).asnumpy() - numpy.eye(4)[[3, 0, 2]])


@pytest.mark.parametrize("part", [nd, np])
def test_products(part):
    for a, b in [(X, X.T), (X, X[0]), (X[0], X[0]), (2.0, X)]:
        assert numpy.allclose(part.dot(part.array(a), part.array(b)).asnumpy(), numpy.dot(a, b))
    assert part.dot(part.array(numpy.ones((2, 3, 4))), part.array(numpy.ones((4, 2)))).shape == (2, 3, 2)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "relu", "sigmoid"])
def test_on_tracers(name):
    function = getattr(entries, name)
    graph = trace(function, {"x": Spec(X.shape, FLOAT64)})
    assert numpy.allclose(evaluate(graph, {"x": X})[0], function(np.array(X)).asnumpy())
