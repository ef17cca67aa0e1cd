"""Fits for pages, and names that no page should obey."""

import numpy as np

import gradloop as gl

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(53, 1)) * 3 + 5
T = np.linspace(0.0, 3.0, 40)
Y = 2.0 * X[:, 0] - 3.0 + RANDOM.normal(size=53)

# Written for these tests: markup, endings of elements, quotes, names of JavaScript's own, directions, broken text.
HOSTILE = [
    "</script><script>hostile()</script>",
    "</SCRIPT ><img src=x onerror=hostile()>",
    "<!--<script>",
    "-->",
    "]]>",
    "<svg onload=hostile()>",
    "<img src=x onerror='hostile()'>",
    '"><b onmouseover="hostile()">',
    "' onfocus='hostile()' autofocus='",
    "javascript:hostile()",
    "&lt;b&gt;&amp;&#60;",
    "${hostile()}`+hostile()+`",
    "{{constructor.constructor('hostile()')()}}",
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "$&$1$`$'",
    "\\u003cb\\u003e\\",
    "\u2028\u2029",
    "\u202eright to left\u202c",
    "\ufeff\u200b\u00ad",
    "Ω≈ç√∫ 田中さん مرحبا 👩‍👩‍👧",
    "Z̮̞̠͙͔ͅḀ̗̞͈̻̗Ḷ",
    "\x1b[2J\x07\x00",
    "",
    " ",
    "NaN",
    "null",
    "1e309",
    "__GRADLOOP_RECORD__",
    "n" * 10_000,
    "<b>" * 3_000,
]


def line(solver=None, **more):
    """A straight line through points of one feature, by minibatches whose last one is short."""
    solver = gl.Minibatch(gl.sgd(0.01), batch_size=10, epochs=5) if solver is None else solver
    return gl.fit(X, Y, solver=solver, seed=3, **more)


def houses(**more):
    """A table with a text column and a number."""
    area = RANDOM.uniform(40, 160, 90)
    town = np.array(["Ulm", "Bonn", "Kiel"])[RANDOM.integers(0, 3, 90)]
    price = 2.5 * area + 30 * (town == "Bonn") + RANDOM.normal(size=90) * 9
    table = {"area": area, "town": town, "price": price}
    more = {"solver": gl.Minibatch(gl.sgd, batch_size=16, epochs=6)} | more
    return gl.fit(table, target="price", **more)


def classes(model):
    wide = RANDOM.normal(size=(80, 2))
    count = 2 if model == "logistic" else 3
    labels = np.argmax(wide @ RANDOM.normal(size=(2, count)), axis=1)
    return gl.fit(wide, labels, model=model, solver=gl.Minibatch(gl.sgd(0.1), batch_size=16, epochs=3))


def decay(t, a, k):
    return a * np.exp(-k * t)


def of_law(**more):
    return gl.fit(T, decay(T, 2.0, 0.7), model=decay, start={"a": 1.0, "k": 1.0}, **more)


FITS = {
    "linear": line,
    "table": houses,
    "polynomial": lambda: line(model=gl.polynomial(2), solver=gl.Minibatch(gl.sgd(1e-5), epochs=2)),
    "logistic": lambda: classes("logistic"),
    "softmax": lambda: classes("softmax"),
    "law": of_law,
    "descent": lambda: line(gl.GradientDescent()),
    "closed form": lambda: line("closed_form"),
    "newton": lambda: line("newton"),
    "lbfgs": lambda: line("lbfgs"),
    "exhaustive": lambda: line(gl.Exhaustive({"w": [np.arange(0, 4.1, 0.1)], "b": [-3.0]})),
    "adam": lambda: line(gl.Minibatch(gl.adam(0.1), batch_size=10, epochs=3)),
    "penalty": lambda: line(penalty=gl.l1(0.1)),
    "absolute": lambda: line(loss="absolute"),
    "diverged": lambda: line(gl.Minibatch(gl.sgd(1e150), batch_size=10, epochs=3)),
    "holdout": lambda: line(holdout=0.2),
}
