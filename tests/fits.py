"""Fits made by hand, whose predictions and coefficients can be checked with paper and pencil."""

from dataclasses import replace

import numpy as np

from gradloop.certificate import Certificate
from gradloop.data.missing import Rules
from gradloop.data.preparation import Preparation
from gradloop.data.table import Table
from gradloop.history import History, Row
from gradloop.inference import Fit
from gradloop.losses import LOSSES, about
from gradloop.models import MODELS, Model, polynomial
from gradloop.stop import Stop

HISTORY = History.from_rows([Row(1, 4.0, 2.0, 0.1, 10, 0.5), Row(2, 1.0, float("nan"), 0.1, 20, 1.0)])
HOUSES = {
    "area": [50.0, 80.0, 110.0, 60.0],
    "town": ["Ulm", "Bonn", "Ulm", "Bonn"],
    "price": [150.0, 340.0, 330.0, 280.0],
}
INCOMPLETE = {
    "area": [50.0, None, 110.0, 60.0],
    "town": ["Ulm", "", "Kiel", "Bonn"],
    "sold": np.array(["2020-01-03", "NaT", "2021-01-01", "2020-06-01"], "M8[D]"),
    "price": [150.0, 240.0, 330.0, 180.0],
}


def make(model="linear", loss=None, params=None, preparation=None, **fields):
    """A Fit with these parameters, which belong to the columns as training sees them."""
    model = MODELS[model] if isinstance(model, str) else model
    params = {"w": [2.0, -3.4], "b": 4.2} if params is None else params
    trained = {name: np.array(value, dtype=float) for name, value in params.items()}
    raw, names = trained, tuple(f"x{column}" for column in range(np.shape(params.get("w", [0]))[0]))
    if preparation is not None:
        raw = model.in_units(trained, preparation.center, preparation.scale)
        names = preparation.feature_names
    fit = Fit(
        params={name: np.array(value, dtype=float) for name, value in raw.items()},
        trained_params=trained,
        model=model,
        loss=about(loss) if callable(loss) else LOSSES[loss or model.loss],
        feature_names=names,
        preparation=preparation,
        history=replace(HISTORY, params=((2, trained),)),
        stop=Stop.FINISHED,
        certificate=Certificate("gradient norm", 0.25, "The gradient's norm at the end is 0.25."),
        seed=7,
        rows=10,
    )
    return replace(fit, **fields)


def houses(**fields):
    """price = 3 area + 100, and 100 less in Ulm: exact on HOUSES."""
    preparation = Preparation.learn(Table.from_columns(HOUSES), "price")
    assert preparation.feature_names == ("area", "town=Ulm")
    w = np.array([3.0, -100.0]) * preparation.scale
    b = 100.0 + np.dot([3.0, -100.0], preparation.center)
    return make(params={"w": w, "b": b}, preparation=preparation, **fields)


def incomplete():
    """price = 3 area, on a table with dates, missing values and a rare town."""
    rules = Rules("indicator", 2, "other")
    preparation = Preparation.learn(Table.from_columns(INCOMPLETE), "price", rules=rules)
    w = np.where(np.array(preparation.feature_names) == "area", 3.0, 0.0) * preparation.scale
    return make(params={"w": w, "b": np.dot(w / preparation.scale, preparation.center)}, preparation=preparation)


def cubic():
    """y = 1 + x + 2 x^2 + 3 x^3, on arrays."""
    return make(polynomial(3), params={"w": [[1.0], [2.0], [3.0]], "b": 1.0}, feature_names=("x",))


def passing():
    """The probability to pass is 1 / (1 + exp(-(hours - 5))), on a table."""
    table = Table.from_columns({"hours": [3.0, 4.0, 6.0, 7.0], "passed": ["no", "no", "yes", "yes"]})
    preparation = Preparation.learn(table, "passed", classification=True)
    w = 1.0 * preparation.scale
    return make("logistic", params={"w": w, "b": preparation.center[0] - 5.0}, preparation=preparation)


def three_classes():
    """z = (x, 0, -x) for the classes 0, 1, 2, on arrays."""
    return make("softmax", params={"w": [[1.0, 0.0, -1.0]], "b": [0.0, 0.0, 0.0]})


def ohm(current, r, u0):
    """U = r I + u0: a user's own law of one number per example."""
    return current[0] * r + u0


def own(name="ohm", function=ohm):
    """A function as the model that training makes of it."""
    return Model(name, function, None, "squared", None)
