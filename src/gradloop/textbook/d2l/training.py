"""The training loop of softmax regression, and how good a model is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from gradloop.eager import no_grad, record
from gradloop.eager.base import raw
from gradloop.textbook.d2l.counting import Accumulator
from gradloop.textbook.d2l.figures import Animator
from gradloop.textbook.torch.nn.modules import Module
from gradloop.textbook.torch.optim import Optimizer

Array = Any
Batches = Iterable[tuple[Array, Array]]


def accuracy(y_hat: Array, y: Array) -> float:
    """How many predictions are right: labels, or scores whose largest is meant."""
    found, labels = np.asarray(raw(y_hat)), np.asarray(raw(y))
    if found.ndim > 1 and found.shape[1] > 1:
        found = found.argmax(axis=1)
    return float((found.reshape(labels.shape) == labels).sum())


def evaluate_accuracy(net: Callable[[Array], Array], data_iter: Batches) -> float:
    """The share of right predictions over all batches."""
    if isinstance(net, Module):
        net.eval()
    right = Accumulator(2)
    with no_grad():
        for X, y in data_iter:
            right.add(accuracy(net(X), y), y.value.size)
    return right[0] / right[1]


def evaluate_loss(net: Callable[[Array], Array], data_iter: Batches, loss: Callable[[Array, Array], Array]) -> float:
    """The mean loss over all batches."""
    sums = Accumulator(2)
    with no_grad():
        for X, y in data_iter:
            losses = loss(net(X), y)
            sums.add(losses.sum(), losses.value.size)
    return sums[0] / sums[1]


def train_epoch_ch3(
    net: Callable[[Array], Array], train_iter: Batches, loss: Callable[[Array, Array], Array], updater: Any
) -> tuple[float, float]:
    """One pass over the examples: the mean loss and the share of right predictions on the way.

    Args: loss, of each example; updater, an optimizer of torch.optim, or a function of the batch size.
    """
    if isinstance(net, Module):
        net.train()
    sums = Accumulator(3)
    for X, y in train_iter:
        with record():  # which mxnet's idiom needs, and torch's does already
            y_hat = net(X)
            losses = loss(y_hat, y)
            total, mean = losses.sum(), losses.mean()
        if isinstance(updater, Optimizer):
            updater.zero_grad()
            mean.backward()
            updater.step()
        else:
            total.backward()
            updater(len(X))
        sums.add(total.detach(), accuracy(y_hat, y), len(X))
    return sums[0] / sums[2], sums[1] / sums[2]


def train_ch3(
    net: Callable[[Array], Array], train_iter: Batches, test_iter: Batches, loss: Callable[[Array, Array], Array],
    num_epochs: int, updater: Any,
) -> None:  # fmt: skip
    """All passes, with a picture of the loss and of the share of right predictions, in training and in the test."""
    animator = Animator(
        xlabel="epoch", xlim=[1, num_epochs], ylim=[0, 1], legend=["train loss", "train acc", "test acc"]
    )
    for epoch in range(num_epochs):
        seen = train_epoch_ch3(net, train_iter, loss, updater)
        animator.add(epoch + 1, (*seen, evaluate_accuracy(net, test_iter)))
