"""Linear regression from scratch, as the textbook writes it: data, model, loss, optimizer, training."""

import numpy as np

import gradloop as gl

# Data: 1000 examples of y = Xw + b + noise
true_w, true_b = np.array([2.0, -3.4]), 4.2
random = np.random.default_rng(0)
X = random.normal(size=(1000, 2))
y = X @ true_w + true_b + random.normal(scale=0.01, size=1000)


# Model and loss, for one example
def linreg(x, w, b):
    return np.dot(x, w) + b


def squared_loss(y_hat, y):
    return (y_hat - y) ** 2 / 2


# Optimizer and training
solver = gl.Minibatch(gl.sgd(0.03), batch_size=10, epochs=3)
start = {"w": np.zeros(2), "b": 0.0}
fit = gl.fit(X, y, model=linreg, loss=squared_loss, start=start, solver=solver, seed=0)

for epoch, loss in zip(fit.history["epoch"], fit.history["loss"], strict=True):
    print(f"epoch {epoch}, loss {loss:.6f}")
print("error in estimating w:", true_w - fit.params["w"])
print("error in estimating b:", true_b - fit.params["b"])
