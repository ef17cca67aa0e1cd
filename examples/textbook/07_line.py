"""A straight line by descent on all points at once, on the tape and compiled: the same losses, step for step."""

import gradloop as gl
from gradloop.textbook import as_optimizer, torch

torch.manual_seed(7)

# Data: y = 3x + 2 and noise
x = torch.randn(100, 1)
y = 3 * x + 2 + 0.1 * torch.randn(100, 1)


def line(x, slope, height):
    return x * slope + height


def squared_error(y_hat, y):
    return (y_hat - y) ** 2


def descend(params, lr):
    with torch.no_grad():
        for param in params:
            param -= lr * param.grad
            param.grad.zero_()


slope = torch.randn(1, requires_grad=True)
height = torch.randn(1, requires_grad=True)
start = {"slope": slope.detach().clone(), "height": height.detach().clone()}

on_the_tape = []
for _ in range(1000):
    squared_error(line(x, slope, height), y).mean().backward()
    descend([slope, height], lr=0.01)
    with torch.no_grad():
        on_the_tape.append(squared_error(line(x, slope, height), y).mean().item())

# A rule without a batch size is given the mean gradient
solver = gl.Minibatch(as_optimizer(descend, lr=0.01), batch_size="all", epochs=1000)
fit = gl.fit(x, y.ravel(), model=line, loss=squared_error, start=start, solver=solver)

for step in (1, 10, 100, 1000):
    taped, compiled = on_the_tape[step - 1], fit.history["loss"][step - 1]
    print(f"step {step:4}: mean loss {taped:.6f} on the tape, {compiled:.6f} compiled")
print(f"on the tape: y = {slope.item():.4f} x + {height.item():.4f}")
print(f"compiled:    y = {fit.params['slope'].item():.4f} x + {fit.params['height'].item():.4f}")
