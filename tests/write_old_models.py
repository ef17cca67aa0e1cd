"""Write a model of every kind with the gradloop that is installed, and what it predicts, for the corpus in old_models.

    python tests/write_old_models.py FORMAT

Run once when a format is new, and with an old gradloop on the path for an old format; the files are then kept for ever.
What an old gradloop cannot do yet is told and left out. Nothing here knows more than the public names.
"""

import contextlib
import json
import sys
from pathlib import Path

import numpy as np

import gradloop as gl
import old_laws

OLD = Path(__file__).parent / "old_models"
N = np.arange(40)
TOWNS = np.array(["Ulm", "Bonn", "Kiel", "Ulm"])
AREA, TOWN, GARDEN = 50.0 + 3 * N, TOWNS[N % 4].tolist(), (N * 7 % 20 < 7).tolist()
PRICE = 3 * AREA + 100 + np.choose(N % 4, [-100, 0, 20, -100]) + 50 * (N * 7 % 20 < 7)
NOISE = np.sin(17.0 * N) + np.cos(5.0 * N)
SHAPE = np.column_stack([N / 10, np.cos(N)])
ROWS = SHAPE[[0, 7, 39]] + 0.5
HOUSES = {"area": AREA.tolist(), "town": TOWN, "garden": GARDEN}
SOLVER = gl.Minibatch(gl.sgd(0.03), batch_size=8, epochs=20)
NEW_HOUSES = {"garden": [True, False], "town": ["Ulm", "Kiel"], "area": [60.0, 200.0]}
HOURS = {"hours": N.tolist(), "passed": np.where(N + 6 * NOISE > 20, "yes", "no").tolist()}
SIZES = {"x": N.tolist(), "size": np.array(["small", "middle", "large"])[(N + 3 * NOISE > 13) * 1 + (N > 26)].tolist()}


def linear():
    units = {"units": {"area": "m²", "price": "€"}} if "units" in gl.fit.__annotations__ else {}
    return gl.fit(HOUSES | {"price": (PRICE + NOISE).tolist()}, target="price", holdout=0.1, **units), NEW_HOUSES


def arrays():
    return gl.fit(SHAPE, SHAPE @ [2.0, -1.0] + 1 + NOISE), ROWS


def robust():
    return gl.fit(SHAPE, SHAPE @ [2.0, -1.0] + 1 + NOISE, errors="HC1"), ROWS


def penalised():
    return gl.fit(SHAPE, SHAPE @ [2.0, -1.0] + NOISE, penalty=gl.elastic_net(l1=0.1, l2=0.1)), ROWS


def minibatch():
    return gl.fit(SHAPE, SHAPE @ [2.0, -1.0] + NOISE, solver=SOLVER, seed=5), ROWS


def polynomial():
    x = N / 10
    table = {"x": x.tolist(), "y": (1 + x - 2 * x**2 + NOISE).tolist()}
    return gl.fit(table, target="y", model=gl.polynomial(2)), {"x": [0.0, 3.0]}


def logistic():
    return gl.fit(HOURS, target="passed", model="logistic"), {"hours": [0.0, 19.0, 39.0]}


def hinge():
    return gl.fit(HOURS, target="passed", model="linear", loss="hinge", solver=SOLVER), {"hours": [0.0, 39.0]}


def softmax():
    return gl.fit(SIZES, target="size", model="softmax", penalty=gl.l2(0.01)), {"x": [0.0, 20.0, 39.0]}


def huber():
    return gl.fit(SHAPE, SHAPE @ [2.0, -1.0] + 1 + NOISE**3, loss=gl.losses.huber(1.5)), ROWS


def quantile():
    return gl.fit(SHAPE, SHAPE @ [2.0, -1.0] + 1 + NOISE, loss=gl.losses.quantile(0.9), solver=SOLVER), ROWS


def poisson():
    rate = 3 + SHAPE @ [2.0, 0.5]
    return gl.fit(SHAPE, np.floor(rate + NOISE), loss="poisson", start={"w": [0.0, 0.0], "b": 5.0}), ROWS


def law():
    table = {"t": (N / 10).tolist(), "y": (3 * np.exp(-0.5 * N / 10) + 0.01 * NOISE).tolist()}
    start = {"a": 1.0, "k": 1.0}
    return gl.fit(table, target="y", model=old_laws.decay, start=start), {"t": [0.0, 2.0]}


def prepared():
    table = {name: list(values) for name, values in HOUSES.items()} | {"price": (PRICE + NOISE).tolist()}
    for row in (3, 14, 25, 36):
        table["area"][row] = None
    table["sold"] = np.datetime64("2020-01-01") + N * 3
    new = {"area": [None, 60.0], "town": ["Mars", "Ulm"], "garden": [True, False], "sold": ["2020-01-03", "2020-05-01"]}
    return gl.fit(table, target="price", missing="indicator", max_levels=2, unseen="other"), new


KINDS = [
    linear, arrays, robust, penalised, minibatch, polynomial, logistic, hinge, softmax, huber, quantile, poisson, law,
    prepared,
]  # fmt: skip


def as_data(told):
    """The rows that are predicted, from JSON: days are written as text."""
    if isinstance(told, list):
        return np.array(told)
    return {name: np.array(rows, "M8[D]") if name == "sold" else rows for name, rows in told.items()}


def predicted(fit, data):
    """All that a model says of some rows."""
    said = {"predict": fit.predict(data)}
    for name in ("predict_probability", "predict_interval"):
        with contextlib.suppress(AttributeError, gl.GradloopError):  # an old gradloop, or a model without
            said[name] = getattr(fit, name)(data)
    return {name: told(value) for name, value in said.items()}


def told(value):
    return {name: each.tolist() for name, each in value.items()} if isinstance(value, dict) else value.tolist()


def main(number):
    OLD.mkdir(exist_ok=True)
    expected = {}
    for kind in KINDS:
        name = f"format-{number}-{kind.__name__}"
        try:
            fit, data = kind()
        except (TypeError, AttributeError, gl.GradloopError) as error:
            print(f"{name}: {error}")
            continue
        fit.save(OLD / f"{name}.safetensors")
        rows = data.tolist() if isinstance(data, np.ndarray) else data
        expected[name] = {"data": rows, **predicted(fit, as_data(rows))}
    (OLD / f"format-{number}.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
