"""House prices in the words of MXNet's older arrays: area and age, standardised, and a price.

MXNet is retired and no longer installs; its programs run here with another import line.
"""

import random
from time import perf_counter

from gradloop.textbook.mxnet import autograd, nd

random.seed(6)
nd.random.seed(6)

# Data: 10,000 houses
per_area, per_age, base = 2, -3.5, 3.7
houses = nd.random.normal(0, 1, (10_000, 2))
prices = per_area * houses[:, 0] + per_age * houses[:, 1] + base
prices += nd.random.normal(0, 0.01, shape=prices.shape)

weights = nd.random.normal(0, 0.01, (2, 1))
intercept = nd.zeros(1)
parameters = [weights, intercept]
for parameter in parameters:
    parameter.attach_grad()


def predict(houses):
    return nd.dot(houses, weights) + intercept


def loss(predicted, actual):
    return (predicted - actual.reshape(predicted.shape)) ** 2 / 2


def batches(size):
    order = list(range(len(houses)))
    random.shuffle(order)
    for first in range(0, len(order), size):
        chosen = nd.array(order[first : first + size])
        yield houses.take(chosen), prices.take(chosen)


begun = perf_counter()
for epoch in range(3):
    for some_houses, some_prices in batches(10):
        with autograd.record():
            losses = loss(predict(some_houses), some_prices)
        losses.backward()  # of all ten: the gradient of their sum
        for parameter in parameters:
            parameter[:] = parameter - 0.02 * parameter.grad / 10
    print(f"epoch {epoch + 1}: mean loss {loss(predict(houses), prices).mean().asscalar():.6f}")
print(f"3000 steps took {perf_counter() - begun:.2f} s; prices rise with area and fall with age by", weights)
