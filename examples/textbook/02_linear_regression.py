"""Linear regression from scratch in PyTorch's words, from weights of zero; then the same functions, compiled.

python examples/textbook/02_linear_regression.py              # numbers
python examples/textbook/02_linear_regression.py points.svg   # and a picture of the data
"""

import random
import sys

import gradloop as gl
from gradloop.textbook import as_optimizer, d2l, torch

random.seed(1)
torch.manual_seed(1)

# Data: y = 2 x₁ - 3.4 x₂ + 4.2, and a little noise
true_w, true_b = torch.tensor([2, -3.4]), 4.2
X, y = d2l.synthetic_data(true_w, true_b, 1000)
print("the first example:", X[0], y[0])

if len(sys.argv) > 1:
    d2l.set_figsize((4, 3))
    d2l.plt.scatter(X[:, 1].numpy(), y.numpy(), 1)
    d2l.plt.savefig(sys.argv[1], bbox_inches="tight")


def linreg(X, w, b):
    return torch.matmul(X, w) + b


def squared_loss(y_hat, y):
    return (y_hat - y.reshape(y_hat.shape)) ** 2 / 2


def sgd(params, lr, batch_size):
    with torch.no_grad():
        for param in params:
            param -= lr * param.grad / batch_size
            param.grad.zero_()


# Zeros are as good a start as any: a bowl has no place from which there is no way down
w = torch.zeros(2, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
for epoch in range(3):
    for features, labels in d2l.data_iter(10, X, y):
        squared_loss(linreg(features, w, b), labels).sum().backward()
        sgd([w, b], lr=0.03, batch_size=10)
    with torch.no_grad():
        print(f"epoch {epoch + 1}, mean loss {squared_loss(linreg(X, w, b), y).mean():.6f}")
print("error of w:", true_w - w.detach().reshape(-1))
print("error of b:", true_b - b.detach())

# In one word: model and loss as they are, and the update rule as an optimizer
solver = gl.Minibatch(as_optimizer(sgd, lr=0.03, batch_size=10), batch_size=10, epochs=3)
start = {"w": torch.zeros(2, 1), "b": torch.zeros(1)}
fit = gl.fit(X, y.ravel(), model=linreg, loss=squared_loss, start=start, solver=solver)
print("compiled:", fit.params["w"].ravel(), fit.params["b"])
print(fit.certificate.sentence)
