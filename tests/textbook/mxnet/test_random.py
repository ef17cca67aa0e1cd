"""Seeds and draws."""

import numpy
import pytest

from gradloop.errors import TapeError
from gradloop.textbook import mxnet
from gradloop.textbook.mxnet import nd, np, npx


def test_one_seed_for_all():
    mxnet.random.seed(3)
    first = nd.random.normal(shape=(4,)).asnumpy()
    for seed in (np.random.seed, nd.random.seed, npx.random.seed):
        seed(3)
        assert numpy.array_equal(np.random.normal(size=4).asnumpy(), first)
    with pytest.raises(TapeError, match="whole number"):
        np.random.seed("a")


def test_draws():
    np.random.seed(0)
    x = np.random.normal(2, 3, (50_000,))
    assert x.dtype == numpy.float32 and abs(x.mean().item() - 2) < 0.05 and abs(x.std().item() - 3) < 0.05
    u = nd.random.uniform(-1, 1, shape=[1000])
    assert u.shape == (1000,) and u.min().asscalar() >= -1 and u.max().asscalar() <= 1
    assert np.random.uniform(size=3, dtype="float64").dtype == numpy.float64
    assert nd.random.normal().shape == nd.random.randn().shape == (1,) and np.random.normal().shape == ()
    assert nd.random.randn(2, 3, loc=5, scale=0).asnumpy().tolist() == [[5] * 3] * 2
    assert np.random.randn(2, 3).shape == np.random.rand(2, 3).shape == (2, 3)
    assert set(np.random.randint(0, 3, 200).tolist()) == {0, 1, 2}
    assert sorted(np.random.permutation(5).tolist()) == list(range(5))
    with pytest.raises(TapeError, match="from 0"):
        np.random.normal(0, -1, 3)


def test_shuffles():
    x = np.arange(20)
    assert np.random.shuffle(x) is None and sorted(x.tolist()) == list(range(20)) != x.tolist()
    y = nd.arange(20)
    assert sorted(nd.random.shuffle(y).tolist()) == y.tolist() == list(range(20))
