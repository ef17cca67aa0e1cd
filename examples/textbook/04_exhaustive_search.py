"""Exhaustive search, as the first chapter does: try every weight from 0 to 4 and look at the curve.

python examples/textbook/04_exhaustive_search.py             # numbers
python examples/textbook/04_exhaustive_search.py curve.svg   # and the curve
"""

import sys

import numpy as np

import gradloop as gl

hours, points = [1.0, 2.0, 3.0], [2.0, 4.0, 6.0]
candidates = np.arange(0.0, 4.1, 0.1)


def model(x, w):
    return x * w


def loss(y_hat, y):
    return (y_hat - y) ** 2


# By hand: a loop over the weights, and within it a loop over the examples
curve = []
for w in candidates:
    losses = [loss(model(x, w), y) for x, y in zip(hours, points, strict=True)]
    curve.append(sum(losses) / len(losses))
best = candidates[np.argmin(curve)]
print(f"by hand:      w = {best:g}, mean loss {min(curve):g}")

# The same in one line, and its curve in another
fit = gl.fit(hours, points, model=model, loss=loss, start={"w": 0.0}, solver=gl.Exhaustive({"w": candidates}))
print(f"exhaustively: w = {fit.params['w']:g}, mean loss {fit.history['loss'][-1]:g}. {fit.notes[0]}")

if len(sys.argv) > 1:
    with gl.plots.canvas(sys.argv[1]) as axes:
        gl.plots.loss_curve(hours, points, model, loss=loss, start={"w": 0.0}, values=candidates, axes=axes)
