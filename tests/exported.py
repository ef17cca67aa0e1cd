"""Fits to tables of every kind, and their predictions row by row, for what is written in other languages."""

from datetime import date, timedelta
from functools import cache

import numpy as np
import pyarrow
from hypothesis import strategies as st

import fits
import gradloop as gl
from gradloop.errors import DataError

HOSTILE = 'a "b" \'c\'; DROP TABLE data; -- {0} \\ """ \n x'
TOWNS = ["Ulm", "Bonn", "O'Hara", 'say "x"', "{0}\\n", "Köln"]
RARE = ["Kiel", "Jena", "Trier"]


def table(rows, seed, missing=0.0, unseen=False):
    """Numbers, text of two and of many levels, dates and truths, whose target depends on all of them."""
    draw = np.random.default_rng(seed)
    area, age = draw.normal(100, 30, rows), draw.normal(1e6, 3, rows)
    weights = np.array([10.0] * len(TOWNS) + [1.0] * len(RARE))
    town = draw.choice(TOWNS + RARE, rows, p=weights / weights.sum()).astype(object)
    side = draw.choice(["left", "right"], rows).astype(object)
    sold = np.array([date(2020, 1, 3) + timedelta(days=int(day)) for day in draw.integers(0, 900, rows)], dtype=object)
    new = draw.random(rows) < 0.3
    score = (area - 100) / 30 + (age - 1e6) / 3 + (town == "Bonn") - (side == "left") + new + draw.normal(0, 1, rows)
    columns = {HOSTILE: area, "age": age, "town": town, "Side": side, "sold": sold, "new": new.astype(object)}
    for values in columns.values():
        lost = draw.random(rows) < missing
        if values.dtype == object:
            values[lost] = None
        else:
            values[lost] = np.nan
    if unseen:
        town[draw.random(rows) < 0.2] = "Atlantis"
    kinds = [pyarrow.float64()] * 2 + [pyarrow.string()] * 2 + [pyarrow.date32(), pyarrow.bool_()]
    arrays = {
        name: pyarrow.array(values.tolist(), kind, from_pandas=True)
        for (name, values), kind in zip(columns.items(), kinds, strict=True)
    }
    targets = {"price": 100 + 20 * score, "passed": np.where(score > 0, "yes", "it's no")}
    targets["kind"] = np.array(["low", "mid", 'the "top"'], dtype=object)[np.digitize(score, [-1, 1])]
    return pyarrow.table(arrays | {name: pyarrow.array(values) for name, values in targets.items()})


TARGETS = {"linear": "price", "polynomial": "price", "huber": "price", "quantile": "price", "logistic": "passed",
           "hinge": "passed", "softmax": "kind"}  # fmt: skip
LOSSES = {"huber": gl.huber(5.0), "quantile": gl.quantile(0.7), "hinge": "hinge"}
MODELS = {"polynomial": gl.polynomial(3), "logistic": "logistic", "softmax": "softmax"}
RULES = {
    "strict": {},
    "drop": {"missing": "drop"},
    "mean": {"missing": "mean"},
    "indicator": {"missing": "indicator", "max_levels": 4},
    "lenient": {"missing": "mean", "unseen": "other"},
    "pooled": {"max_levels": 4},
}
KINDS = [(model, rules) for model in TARGETS for rules in RULES if model in ("linear", "softmax") or rules == "lenient"]


@cache
def fitted(model="linear", rules="strict", rows=400):
    """A fit to such a table, and rows that it has not seen: some lack a value, some have a new town."""
    target = TARGETS[model]
    gaps = 0.1 if "missing" in RULES[rules] else 0.0
    data = table(rows, 1, gaps)
    others = [name for name in set(TARGETS.values()) if name != target]
    settings = RULES[rules] | ({"penalty": gl.l2(0.01)} if model not in LOSSES else {})
    fit = gl.fit(
        data.drop_columns(others), target=target, model=MODELS.get(model, "linear"), loss=LOSSES.get(model), **settings
    )
    return fit, table(60, 2, 0.1, unseen=True).drop_columns(list(set(TARGETS.values())))


def expected(fit, rows, method="predict"):
    """What the fit itself says of each row: None where it refuses it."""
    found = []
    for place in range(rows.num_rows):
        try:
            found.append(np.asarray(getattr(fit, method)(rows.slice(place, 1)))[0])
        except DataError:
            found.append(None)
    return found


def agree(found, wanted, rtol=1e-12):
    """Row by row the same: the same label, the same number but for rounding, or None on both sides."""
    assert len(found) == len(wanted) > 0
    for one, other in zip(found, wanted, strict=True):
        assert (one is None) == (other is None), (one, other)
        if isinstance(other, str):
            assert one == other
        elif other is not None:
            np.testing.assert_allclose(np.asarray(one, float), np.asarray(other, float), rtol=rtol, atol=1e-290)


def planck(wavelength, temperature, scale):
    return scale * wavelength**-5 / np.expm1(2.0 / (wavelength * temperature))


def bent(x, a, b):
    return np.where(x > b, a * np.log1p(np.abs(x)), np.tanh(x) + np.arctan(a * x)) + np.maximum(
        np.sin(x), b * np.sqrt(x * x)
    )


def decay(time, amplitude, rate, background=0.0):
    return amplitude * np.exp(-rate * time) + background


LAWS = {
    planck: ({"temperature": 1.5, "scale": 2.0}, np.linspace(0.3, 4.0, 30)),
    bent: ({"a": 1.3, "b": 0.4}, np.linspace(-4.0, 4.0, 31)),
    decay: ({"amplitude": 3.0, "rate": 0.5}, np.linspace(0.0, 9.0, 20)),
}


@cache
def of_law(law):
    """A law fitted to a table with one column that is called as its argument, and the rows it was fitted to."""
    truth, x = LAWS[law]
    name = law.__code__.co_varnames[0]
    start = {parameter: 1.05 * value for parameter, value in truth.items()}
    return gl.fit({name: x, "y": law(x, **truth)}, target="y", model=law, start=start), {name: x}


# ---- models of two numbers ---------------------------------------------------------------------------------------

LINE, CHANCE = fits.make(), fits.make("logistic")
CUBE = fits.make(
    gl.polynomial(3), params={"w": [[1.0, 2.0], [0.5, -1.0], [0.25, 1e-9]], "b": 1.0}, feature_names=("x0", "x1")
)
THREE = fits.make("softmax", params={"w": [[1.0, 0.0, -1.0], [0.5, 0.5, 0.0]], "b": [0.0, 0.25, 0.0]})
OF_TWO = (LINE, CHANCE, CUBE, THREE)


def well_conditioned(pair):
    """Whether no sum in these models cancels, after which nobody would agree to many digits."""
    x, y = np.array(pair)
    with np.errstate(over="ignore", invalid="ignore"):
        sums = [
            [2 * x, -3.4 * y, 4.2], [1, x, 2 * y, x**2 / 2, -(y**2), x**3 / 4, 1e-9 * y**3],
            [x, -0.25], [2 * x, y / 2], [x, y / 2, 0.25],
        ]  # fmt: skip
        return not any(abs(np.sum(terms)) < 1e-3 * np.sum(np.abs(terms)) for terms in sums)


NUMBER = st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 1e-310, 1e300, -1e300, 1e307, 2.0, -3.5]) | st.floats(
    -1e100, 1e100
)
PAIR = st.tuples(NUMBER, NUMBER).filter(well_conditioned)


def of_pair(fit, pair):
    """The prediction for two numbers; None where the fit refuses them."""
    try:
        return fit.predict([pair])[0]
    except DataError:
        return None
