"""The five parts in MXNet's words: parameters with room for a gradient, model, loss, update, and the loop.

A courier's minutes: four for each kilometre, one and a half for each floor, and twelve to find the door.
"""

from gradloop.textbook.mxnet import autograd, np

# Data
rate, search = np.array([[4.0], [1.5]]), 12.0
km_and_floors = np.random.normal(0, 1, (400, 2))
minutes = np.dot(km_and_floors, rate) + search + np.random.normal(0, 0.05, (400, 1))

# Parameters: small random weights, no intercept, and room for the gradient of each
w = np.random.normal(0, 0.01, (2, 1))
b = np.zeros(1)
for parameter in (w, b):
    parameter.attach_grad()


def model(X, w, b):
    return np.dot(X, w) + b


def loss(prediction, truth):
    return (prediction - truth.reshape(prediction.shape)) ** 2 / 2


def update(parameters, lr, batch_size):
    for parameter in parameters:
        parameter[:] = parameter - lr * parameter.grad / batch_size


# The loop: what happens inside record() is written on the tape; backward() walks it back
for epoch in range(5):
    for first in range(0, 400, 20):
        rows = slice(first, first + 20)
        with autograd.record():
            losses = loss(model(km_and_floors[rows], w, b), minutes[rows])
        losses.backward()
        update([w, b], lr=0.1, batch_size=20)
    print(f"epoch {epoch + 1}: mean loss {loss(model(km_and_floors, w, b), minutes).mean().item():.5f}")

print("minutes for a kilometre, for a floor, for the door:", w.reshape(-1), b)
