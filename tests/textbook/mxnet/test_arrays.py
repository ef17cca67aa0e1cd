"""MXNet's arrays."""

import numpy
import pytest

from gradloop.errors import TapeError
from gradloop.textbook.mxnet import autograd, cpu, nd, np

KINDS = [nd, np]


@pytest.mark.parametrize("part", KINDS)
def test_nothing_is_recorded_outside_of_record(part):
    w = part.array([1.0, 2.0])
    w.attach_grad()
    with pytest.raises(TapeError, match="record"):
        (w * w).backward()
    with autograd.record():
        y = w * w
    y.backward()  # of several numbers: of their sum
    assert w.grad.asnumpy().tolist() == [2, 4] and isinstance(w.grad, type(w))
    with autograd.record():
        y = (w * 3).sum()
    y.backward()
    assert w.grad.asnumpy().tolist() == [3, 3]  # overwritten
    w[:] = w - 0.5 * w.grad
    assert w.asnumpy().tolist() == [-0.5, 0.5] and w.grad is not None


def test_printed_forms():
    assert repr(nd.array([1, 2])) == str(nd.array([1, 2])) == "\n[1. 2.]\n<NDArray 2 @cpu(0)>"
    assert repr(nd.zeros((2, 1))) == "\n[[0.]\n [0.]]\n<NDArray 2x1 @cpu(0)>"
    assert repr(nd.ones(3).mean()) == "\n[1.]\n<NDArray 1 @cpu(0)>"
    assert repr(np.array([1, 2.5])) == "array([1. , 2.5])" and str(np.array([1, 2.5])) == "[1.  2.5]"
    assert repr(np.array([1], dtype="float64")) == "array([1.], dtype=float64)"
    assert (
        repr(np.array([[1], [2]])) == "array([[1.],\n       [2.]])"
        and repr(np.zeros(2) == 0) == "array([ True,  True])"
    )


@pytest.mark.parametrize("part", KINDS)
def test_take_clips_wraps_or_refuses(part):
    x = part.array([[1, 2], [3, 4], [5, 6]])
    assert x.take(part.array([2, 0, 9])).asnumpy().tolist() == [[5, 6], [1, 2], [5, 6]]
    assert x.take(part.array([-1]), mode="wrap").asnumpy().tolist() == [[5, 6]]
    assert x.take([1], axis=1).asnumpy().tolist() == [[2], [4], [6]]
    assert x.take(1).asnumpy().tolist() == [3, 4]
    with pytest.raises(TapeError):
        x.take([9], mode="raise")
    with pytest.raises(TapeError, match="clip, wrap, raise"):
        x.take([0], mode="nearest")


def test_take_passes_the_gradient_to_what_was_taken():
    w = nd.array([1.0, 2.0, 3.0])
    w.attach_grad()
    with autograd.record():
        y = w.take(nd.array([2, 2, 0]))
    y.backward()
    assert w.grad.asnumpy().tolist() == [1, 0, 2]


@pytest.mark.parametrize("part", KINDS)
def test_numbers_leave_and_shapes_change(part):
    x = part.array([[1, 2], [3, 4]])
    x.asnumpy()[0, 0] = 9
    assert x.tolist() == [[1, 2], [3, 4]] and x.sum().asscalar() == 10 and x.dtype == numpy.float32
    assert x.expand_dims(0).shape == (1, 2, 2) and x.expand_dims(0).squeeze().shape == (2, 2)
    assert x.flatten().shape == (4,) and x.clip(2, 3).tolist() == [[2, 2], [3, 3]]
    assert x.as_in_ctx(cpu()).as_in_context(x.ctx) is x and str(x.context) == "cpu(0)"
    x.wait_to_read()
    with pytest.raises(TapeError, match=r"cpu\(\)"):
        x.as_in_ctx("gpu(0)")


def test_comparisons_of_nd_are_numbers():
    x = nd.array([1, 2, 3])
    assert (x == nd.array([1, 5, 3])).asnumpy().tolist() == [1, 0, 1] and (x == x).mean().asscalar() == 1
    assert (x > 1).dtype == (x != 2).dtype == (x <= 2).dtype == numpy.float32
    assert x.argmax(axis=0).dtype == numpy.float32 and {x: 1}[x] == 1
    assert (np.array([1, 2]) == 1).dtype == numpy.bool_


def test_methods_entry_by_entry():
    x = nd.array([0.5, 2.0])
    for name, meaning in {"exp": numpy.exp, "log": numpy.log, "sqrt": numpy.sqrt, "tanh": numpy.tanh}.items():
        assert numpy.allclose(getattr(x, name)().asnumpy(), meaning(x.asnumpy()))
    assert numpy.allclose(x.sigmoid().asnumpy(), 1 / (1 + numpy.exp(-x.asnumpy())))
    assert (-x).abs().tolist() == [0.5, 2] and x.square().tolist() == [0.25, 4]
    assert nd.array([3, 4]).norm().asscalar() == 5 and np.array([1.0, 3.0]).std().item() == 1
