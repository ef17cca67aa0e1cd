"""Functions of the older arrays."""

import numpy
import pytest

from gradloop.errors import TapeError
from gradloop.textbook.mxnet import nd


def test_arrays_are_made():
    assert nd.zeros(1).tolist() == [0] and nd.ones((2, 1)).shape == (2, 1) and nd.zeros((2, 2)).dtype == numpy.float32
    assert nd.full((2,), 7).tolist() == [7, 7] and nd.eye(2).tolist() == nd.eye(2, 2).tolist() == [[1, 0], [0, 1]]
    assert nd.arange(3).tolist() == nd.arange(0, 3).tolist() == [0, 1, 2]
    assert nd.array(numpy.arange(2)).dtype == numpy.int64 and nd.array([1, 2]).dtype == numpy.float32
    x = nd.array([1.0, 2.0], dtype="float64")
    assert nd.zeros_like(x).dtype == nd.ones_like(x).dtype == numpy.float64
    with pytest.raises(TapeError, match="ctx"):
        nd.zeros(2, ctx="gpu(0)")


def test_functions():
    x = nd.array([[1, 2], [3, 4]])
    values = x.asnumpy()
    assert nd.dot(x, x).tolist() == (values @ values).tolist() and nd.sum(x).asscalar() == 10
    assert nd.mean(x, axis=0).tolist() == [2, 3] and nd.max(x, axis=1, keepdims=True).tolist() == [[2], [4]]
    assert nd.min(x).asscalar() == 1 and nd.argmax(x, axis=1).tolist() == [1, 1]
    assert nd.norm(x).asscalar() == pytest.approx(30**0.5) and nd.take(x, [1]).tolist() == [[3, 4]]
    assert nd.reshape(x, (4, 1)).shape == (4, 1) and nd.where(x > 2, x, -x).tolist() == [[-1, -2], [3, 4]]
    assert nd.where(values > 2, x, -x).tolist() == [[-1, -2], [3, 4]]
    assert nd.concat(x, x).shape == (2, 4) and nd.concat(x, x, dim=0).shape == (4, 2)
    assert nd.stack(x, x, axis=1).shape == (2, 2, 2) and nd.transpose(x).tolist() == values.T.tolist()
    assert nd.exp(x).tolist() == numpy.exp(values).tolist() and nd.clip(x, 2, 3).tolist() == [[2, 2], [3, 3]]
