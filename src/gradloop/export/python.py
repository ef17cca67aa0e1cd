"""A model as plain Python: a module of two functions that needs nothing but the standard library."""

from __future__ import annotations

import math
import re
from typing import Any

from gradloop.core.graph import Graph, Node
from gradloop.data import words
from gradloop.data.features import Feature
from gradloop.export.cells import Cell, cells_of, graph_of_cells
from gradloop.export.expressions import ANY, ATOM, PRODUCT, SUM, Form, Language, Writer, between, call, infix
from gradloop.export.formula import Formula, formula_of
from gradloop.export.python_helpers import HELPERS
from gradloop.result import Result

FORMS: dict[str, Form] = {
    "negative": Form("-{0}", PRODUCT, (ATOM,)),
    "exp": call("exp"),
    "expm1": call("expm1"),
    "log": call("log"),
    "log1p": call("log1p"),
    "sqrt": call("sqrt"),
    "abs": call("abs"),
    "sign": call("sign"),
    "floor": call("floor"),
    "sin": call("sin"),
    "cos": call("cos"),
    "arctan": call("math.atan"),
    "tanh": call("math.tanh"),
    "logistic": call("logistic"),
    "logical_not": Form("(not {0})", ATOM, (ATOM,)),
    "convert": call("float"),
    "add": infix("+", SUM),
    "subtract": infix("-", SUM),
    "multiply": infix("*", PRODUCT),
    "divide": call("divide", 2),
    "power": call("power", 2),
    "maximum": call("maximum", 2),
    "minimum": call("minimum", 2),
    "logaddexp": call("logaddexp", 2),
    "less": between("<"),
    "less_equal": between("<="),
    "equal": between("=="),
    "logical_and": between("and"),
    "logical_or": between("or"),
    "where": Form("({1} if {0} else {2})", ATOM, (ANY, ANY, ANY)),
}
_KINDS = {"f": "float", "i": "int", "u": "int", "b": "bool"}
_CALLED = re.compile(r"(?<![.\w])([a-z][a-z0-9_]*)\(")
_HEAD = '''"""{told}

predict(row) takes a dict that holds, by name, a value for each column of COLUMNS; None, NaN and blank text stand for a
missing value. What the model cannot use raises a ValueError. Nothing but Python is needed.

{columns_told}
"""

import math

COLUMNS = {columns}
'''
_CLASSES = """CLASSES = {classes}
"""


def to_python(fit: Result) -> str:
    """A fit as the text of a Python module without dependencies.

    Its ``predict(row)`` takes a dict of one row's cells by column and returns the prediction, as ``Fit.predict`` would;
    with a model of probabilities, ``predict_probability(row)`` returns those of all classes in a dict.

    Raises: OptionError for a model that cannot be said so.

    >>> import numpy as np
    >>> import gradloop as gl
    >>> fit = gl.fit(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0]), solver=gl.ClosedForm())
    >>> module = {}
    >>> exec(to_python(fit), module)
    >>> round(module["predict"]({"x[0]": 10.0}), 9)
    21.0
    """
    formula = formula_of(fit)
    cells = cells_of(formula)
    graph = graph_of_cells(formula, cells)
    body = _outputs(formula, cells, graph) + _answers(formula)
    head = _HEAD.format(
        told=_quoted("\n".join(formula.told)),
        columns_told=_quoted("\n".join(map(_column_told, formula.features))),
        columns=_listed([feature.name for feature in formula.features]),
    )
    if formula.classes:
        head += _CLASSES.format(classes=_listed(formula.classes))
    return "\n\n\n".join([head.rstrip(), *_helpers(body), body]) + "\n"


def _quoted(text: str) -> str:
    """A text that can stand in a docstring and not end it."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _column_told(feature: Feature) -> str:
    """What a column holds."""
    kinds = {
        "number": "a number, in the unit of the training data",
        "bool": "True or False",
        "date": "a date or time, in UTC where it names no zone",
        "text": "a text",
        "presence": "anything; only whether it is missing counts",
    }
    return f"{words.name(feature.name)}: {kinds[feature.kind]}"


def _constant(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f"math.{value}" if value != -math.inf else "-math.inf"
    return repr(value)


def _listed(values: Any) -> str:
    """A tuple over several lines if it is long. repr leaves no character that could end the text it stands in."""
    texts = [repr(value) for value in values]
    if sum(map(len, texts)) < 90:
        return f"({', '.join(texts)}{',' * (len(texts) == 1)})"
    return "(\n" + "".join(f"    {text},\n" for text in texts) + ")"


def _outputs(formula: Formula, cells: list[Cell], graph: Graph) -> str:
    """The function that computes the model's numbers for a row."""
    leaves = {id(cell.node): f"x{place}" for place, cell in enumerate(cells)}
    writer = Writer(graph, Language(_form, _constant), leaves, ())
    lines = [f"{leaves[id(cell.node)]} = {_read(formula, cell)}" for cell in cells]
    lines += [f"{name} = {written.text}" for name, written in writer.lines]
    results = [writer[output].text for output in graph.outputs]
    title = '"""What the model computes from a row."""'
    lines = [title, *lines, f"return finite([{', '.join(results)}])"]
    return "def outputs(row):\n" + "\n".join(f"    {line}" for line in lines)


def _read(formula: Formula, cell: Cell) -> str:
    feature, name = cell.feature, repr(cell.feature.name)
    if cell.what == "missing":
        return f"is_missing(row, {name})"
    if cell.what == "level":
        others = len(feature.levels) - 1 if feature.pooled else None if formula.refuses_new(feature) else -1
        return f"level(row, {name}, {feature.levels!r}, {others}, {formula.optional})"
    fill = repr(feature.fill[0]) if formula.optional else None
    if feature.kind == "date":
        return f"days(row, {name}, {feature.origin!r}, {fill})"
    return f"{'truth' if feature.kind == 'bool' else 'number'}(row, {name}, {fill})"


def _form(node: Node) -> Form:
    if node.op == "convert":
        return call(_KINDS[node.spec.dtype.kind])
    if node.op == "divide" and node.inputs[1].is_constant and node.inputs[1].attributes["value"].item():
        return infix("/", PRODUCT)
    return FORMS[node.op]


_NUMBER = '''

def predict(row):
    """The prediction for a row."""
    return outputs(row)[0]'''
_BINARY = '''

def predict(row):
    """The likelier class of a row."""
    return CLASSES[outputs(row)[0] > {threshold!r}]'''
_LABEL = '''

def predict(row):
    """The likeliest class of a row."""
    found = outputs(row)
    return CLASSES[found.index(max(found))]'''
_PROBABILITY = '''


def predict_probability(row):
    """The probability of each class for a row."""
    found = outputs(row)
    return dict(zip(CLASSES, {found}))'''


def _answers(formula: Formula) -> str:
    if formula.answer == "number":
        return "\n" + _NUMBER
    text = "\n" + (_LABEL if formula.answer == "label" else _BINARY.format(threshold=formula.threshold))
    if formula.has_probabilities:
        text += _PROBABILITY.format(found="found" if formula.answer == "label" else "[1 - found[0], found[0]]")
    return text


def _helpers(body: str) -> list[str]:
    """The functions that the text calls, and those that they call, each before its callers."""
    called = set(_CALLED.findall(body))
    wanted: list[str] = []
    for name, text in reversed(list(HELPERS.items())):
        if name in called:
            wanted.insert(0, text)
            called |= set(_CALLED.findall(text))
    return wanted
