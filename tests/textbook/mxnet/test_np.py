"""Functions with NumPy's names."""

import numpy
import pytest

from gradloop.errors import TapeError
from gradloop.textbook.mxnet import cpu, np
from gradloop.textbook.mxnet.np import OF_NUMPY


def test_arrays_are_made():
    assert np.zeros(1).tolist() == [0] and np.ones((2, 1)).shape == (2, 1) and np.zeros((2, 2)).dtype == numpy.float32
    assert np.full((2,), 7).tolist() == [7, 7] and np.eye(2).tolist() == [[1, 0], [0, 1]]
    assert np.arange(3).tolist() == [0, 1, 2] and np.linspace(0, 1, 3).tolist() == [0, 0.5, 1]
    assert np.array(np.array([1], dtype="int64")).dtype == numpy.int64 and np.array(5, ctx=cpu()).shape == ()
    x = np.arange(3, dtype="float64")
    assert np.zeros_like(x).dtype == np.ones_like(x).dtype == numpy.float64
    with pytest.raises(TapeError, match="ctx"):
        np.zeros(2, ctx="gpu(0)")


@pytest.mark.parametrize(
    "name", ["abs", "exp", "log", "sqrt", "mean", "sum", "max", "argmax", "tanh", "transpose", "std"]
)
def test_functions_are_numpys(name):
    values = numpy.array([[0.5, 2.0], [1.5, 0.25]], numpy.float32)
    found = getattr(np, name)(np.array(values))
    assert isinstance(found, np.ndarray) and name in OF_NUMPY
    assert numpy.allclose(found.asnumpy(), getattr(numpy, name)(values))


def test_products():
    X, w = np.array([[1, 2], [3, 4]]), np.array([[1], [2]])
    assert np.dot(X, w).tolist() == (X @ w).tolist() == [[5], [11]] and np.pi == numpy.pi
