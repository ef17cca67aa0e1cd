"""Gradient descent with a derivative worked out on paper; then the same path without the paper.

python examples/textbook/05_gradient_descent.py             # numbers
python examples/textbook/05_gradient_descent.py curve.svg   # and the curve of the loss
"""

import sys

import gradloop as gl

hours, points = [1.0, 2.0, 3.0], [2.0, 4.0, 6.0]
rate, steps = 0.01, 100


def model(x, w):
    return x * w


def loss(y_hat, y):
    return (y_hat - y) ** 2


def slope(w):
    """The derivative of the mean loss: the mean of 2 x (x w - y)."""
    return sum(2 * x * (x * w - y) for x, y in zip(hours, points, strict=True)) / len(hours)


# By hand
w, curve = 1.0, []
print("before training, 4 hours give", model(4, w), "points")
for _ in range(steps):
    w -= rate * slope(w)
    curve.append(sum(loss(model(x, w), y) for x, y in zip(hours, points, strict=True)) / len(hours))
print(f"after {steps} steps, 4 hours give {model(4, w):.6f} points; w = {w:.9f}, mean loss {curve[-1]:.3g}")

# The same in one line: the derivative is found from the functions
descent = gl.GradientDescent(learning_rate=rate, momentum=False, iterations=steps)
fit = gl.fit(hours, points, model=model, loss=loss, start={"w": 1.0}, solver=descent)
print(f"gradloop, as many steps:                 w = {fit.params['w']:.9f}, mean loss {fit.history['loss'][-1]:.3g}")

if len(sys.argv) > 1:
    with gl.plots.canvas(sys.argv[1]) as axes:
        fit.plot.loss(axes=axes)
