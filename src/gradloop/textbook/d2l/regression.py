"""Data, model, loss and update of linear regression, for torch's tensors and for mxnet's arrays."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from gradloop.eager import no_grad
from gradloop.eager.base import raw
from gradloop.errors import DataError
from gradloop.textbook.mxnet.arrays import Recorded
from gradloop.textbook.mxnet.random import STATE
from gradloop.textbook.torch.random import default_generator
from gradloop.textbook.torch.tensors import Tensor
from gradloop.textbook.torch.utils.data import DataLoader, TensorDataset

NOISE = 0.01
Array = Any


def synthetic_data(w: Array, b: float, num_examples: int) -> tuple[Array, Array]:
    """Examples of y = Xw + b + noise.

    Args: w (d,), the true weights; b, the true intercept. Returns X (n, d) of standard normal numbers and y (n, 1).
    """
    numbers = STATE["numbers"] if isinstance(w, Recorded) else default_generator.numbers
    like = w if isinstance(w, Recorded | Tensor) else Tensor(w)
    weights = np.ravel(raw(like)).astype(like.real)
    X = numbers.normal(size=(num_examples, len(weights))).astype(like.real)
    y = X @ weights + float(b) + numbers.normal(0, NOISE, num_examples).astype(like.real)
    return like.like(X), like.like(y.astype(like.real).reshape(-1, 1))


def data_iter(batch_size: int, features: Array, labels: Array) -> Iterator[tuple[Array, Array]]:
    """All examples in random order (Python's `random`), so many at a time; the last batch may be short."""
    order = list(range(len(features)))
    random.shuffle(order)
    for start in range(0, len(order), batch_size):
        rows = np.array(order[start : start + batch_size])
        yield features[rows], labels[rows]


def linreg(X: Array, w: Array, b: Array) -> Array:
    """Linear regression: Xw + b."""
    return X @ w + b


def squared_loss(y_hat: Array, y: Array) -> Array:
    """Half the squared error of each example."""
    return (y_hat - y.reshape(y_hat.shape)) ** 2 / 2


def sgd(params: Any, lr: float, batch_size: int) -> None:
    """A step against the sum of the gradients over a batch, divided by its size; then the gradients are zero."""
    with no_grad():
        for param in params:
            param -= lr * param.grad / batch_size
            param.grad.zero_()


def load_array(data_arrays: Any, batch_size: int, is_train: bool = True) -> DataLoader:
    """Batches of these arrays, in random order while training."""
    return DataLoader(TensorDataset(*data_arrays), batch_size, shuffle=is_train)


def load_data_fashion_mnist(batch_size: int, resize: Any = None) -> NoReturn:
    """Not here: these pictures would have to be downloaded.

    Raises: DataError, which names pictures that need no network.
    """
    raise DataError(
        "Fashion-MNIST would have to be downloaded, and gradloop opens no network: take the 1797 digits that "
        "scikit-learn brings along, sklearn.datasets.load_digits(return_X_y=True), and d2l.load_array."
    )
