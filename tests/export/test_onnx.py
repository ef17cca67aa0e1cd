import sys

import numpy as np
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

import exported
import fits
import gradloop as gl
from gradloop.errors import OptionError
from gradloop.export.onnx import to_onnx

runtime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

NO_LABEL = np.iinfo(np.int64).min


def session(fit):
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    return runtime.InferenceSession(to_onnx(fit), options, providers=["CPUExecutionProvider"])


def feeds(rows):
    """Columns of a table as the inputs of a model."""
    return {name: as_input(rows[name].combine_chunks()) for name in rows.column_names}


def as_input(column):
    if pyarrow.types.is_string(column.type):
        return np.array(["" if cell is None else cell for cell in column.to_pylist()], dtype=object)
    if pyarrow.types.is_date(column.type):
        column = column.cast(pyarrow.int32())
    return np.array([np.nan if cell is None else float(cell) for cell in column.to_pylist()])


def answers(found, rows):
    """The outputs by name; None where there is no answer."""
    outputs = found.run(None, rows)
    return {
        output.name: [None if is_none(each) else each for each in values]
        for output, values in zip(found.get_outputs(), outputs, strict=True)
    }


def is_none(value):
    return (
        value == "" or value == NO_LABEL
        if np.ndim(value) == 0 and not isinstance(value, float)
        else np.isnan(value).any()
    )


@pytest.mark.parametrize(("model", "rules"), exported.KINDS)
def test_a_table_of_every_kind_of_column(model, rules):
    fit, rows = exported.fitted(model, rules)
    found = answers(session(fit), feeds(rows))
    wanted = exported.expected(fit, rows)
    assert sum(each is not None for each in wanted) > 10
    exported.agree(found["prediction" if fit.classes is None else "label"], wanted)
    if model in ("logistic", "softmax"):
        exported.agree(found["probabilities"], exported.expected(fit, rows, "predict_probability"))
    assert len(found) == (1 if fit.classes is None else 2)


@pytest.mark.parametrize("law", exported.LAWS)
def test_a_law_of_the_users(law):
    fit, data = exported.of_law(law)
    exported.agree(answers(session(fit), data)["prediction"], fit.predict(data))


SESSIONS = {fit: session(fit) for fit in exported.OF_TWO}


@given(st.lists(exported.PAIR, min_size=1, max_size=20))
def test_any_finite_numbers(pairs):
    for fit, found in SESSIONS.items():
        first, *_ = answers(found, {"X": np.array(pairs)}).values()
        exported.agree(first, [exported.of_pair(fit, pair) for pair in pairs])


def test_what_is_no_number_has_no_prediction():
    rows = np.array([[np.inf, 1.0], [1.0, -np.inf], [np.nan, 1.0], [1.0, 1.0]])
    for found in SESSIONS.values():
        for values in answers(found, {"X": rows}).values():
            assert [each is None for each in values] == [True] * 3 + [False]


def test_no_rows_are_no_predictions():
    assert session(exported.LINE).run(None, {"X": np.zeros((0, 2))})[0].shape == (0,)


HOSTILE = [
    'x"; DROP TABLE data; --',
    "''",
    "/",
    "//0",
    "/0",
    "=1+1",
    "{0}",
    "a b",
    "\n",
    "\x00",
    "\u202e",
    "🙂",
    "X",
    "../x",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_only_a_name(name):
    draw = np.random.default_rng(0)
    town = draw.choice(["Ulm", f"{name}!"], 40).astype(object)
    x = draw.normal(size=40)
    y = np.where(x + (town == "Ulm") > 0.3, "yes", f"{name}!")
    columns = {name: x, f"{name} town": town}
    fit = gl.fit(columns | {f"{name} y": y}, target=f"{name} y", model="logistic", penalty=gl.l2(0.1))
    assert answers(session(fit), columns)["label"] == fit.predict(columns).tolist()


@pytest.mark.parametrize("name", ["", "\udc80", "prediction"])
def test_a_name_that_cannot_be_an_input_is_refused(name):
    preparation = fits.houses().preparation
    area, town = preparation.used
    renamed = fits.replace(preparation, used=(area._replace(name=name), town))
    with pytest.raises(OptionError, match="rename it and fit again"):
        to_onnx(fits.replace(fits.houses(), preparation=renamed))


SHAPES = {
    "a choice": lambda x, a: np.where(x[0] > 0, a * x[1], x[0] - a),
    "parts": lambda x, a: np.sum(np.concatenate([x[::-1], np.array([2.0]) * a, x[:1]]) * np.arange(4.0)),
    "axes": lambda x, a: np.sum(np.reshape(x, (2, 1)) * np.reshape(x, (1, 2)).T * a),
    "the largest": lambda x, a: np.max(x * a) + np.min(x),
    "products": lambda x, a: np.dot(np.reshape(x, (1, 2)) @ np.ones((2, 2)), np.ones(2))[0] * a,
    "edges": lambda x, a: (
        np.log1p(np.abs(x[0])) * a + np.expm1(-np.abs(x[1])) + np.logaddexp(x[0], x[1]) + np.floor(x[0])
    ),
    "angles": lambda x, a: a * np.arctan(x[0]) + np.sin(x[1]) * np.cos(x[0]) + np.tanh(x[1]) + np.sign(x[0]),
    "powers": lambda x, a: np.abs(x[0]) ** 1.5 * a + x[1] ** 3 + np.sqrt(np.abs(x[1])) / (1 + x[0] * x[0]),
    "the same in all rows": lambda x, a: a * 2.0 + 0.0 * np.sum(x),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_operation(name):
    draw = np.random.default_rng(1)
    X = draw.normal(size=(9, 2)) * 3
    fit = gl.fit(X, draw.normal(size=9), model=SHAPES[name], start={"a": 1.3})
    exported.agree(answers(session(fit), {"X": X})["prediction"], fit.predict(X))


def test_the_file_says_where_it_came_from():
    told = session(fits.houses()).get_modelmeta()
    assert told.producer_name == "gradloop" and told.description.startswith("A linear model of 'price', squared loss")


def test_a_wide_model_is_still_small():
    draw = np.random.default_rng(2)
    wide = fits.make("softmax", params={"w": draw.normal(size=(1000, 300)), "b": np.zeros(300)})
    X = draw.normal(size=(4, 1000)) / 30
    exported.agree(answers(session(wide), {"X": X})["probabilities"], wide.predict_probability(X))


def test_without_the_package_it_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(OptionError, match="ONNX files need onnx, which is not installed"):
        to_onnx(fits.houses())
