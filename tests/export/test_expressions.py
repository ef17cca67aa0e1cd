import numpy as np
import pytest

from gradloop.core.ops import OPS
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import trace
from gradloop.export import onnx, python, sql
from gradloop.export.cells import REWRITTEN
from gradloop.export.expressions import ATOM, PRODUCT, SUM, Form, Language, Writer, call, infix
from gradloop.export.rewriting import REWRITES
from gradloop.export.scalars import SHAPES

FORMS = {
    "add": infix("+", SUM), "subtract": infix("-", SUM), "multiply": infix("*", PRODUCT), "divide": infix("/", PRODUCT),
    "exp": call("exp"),
}  # fmt: skip
LANGUAGE = Language(lambda node: FORMS[node.op], repr)

COLUMNS = {
    "ONNX": [onnx.NAMES.keys(), onnx.REWRITTEN, onnx.EMITTERS.keys()],
    "SQL": [sql.FORMS.keys(), sql.REWRITTEN | REWRITTEN, SHAPES.keys()],
    "Python": [python.FORMS.keys(), REWRITTEN, SHAPES.keys()],
}


@pytest.mark.parametrize("language", COLUMNS)
def test_every_operation_can_be_said_in_one_way(language):
    names = [name for column in COLUMNS[language] for name in column]
    assert sorted(names) == sorted(OPS)
    assert set(COLUMNS[language][1]) <= REWRITES.keys()


def written(function, **values):
    """The text of a function of a and b; for Python it is run too."""
    graph = trace(function, {"a": Spec((), FLOAT64), "b": Spec((), FLOAT64)})
    leaves = {id(node): node.attributes["name"] for node in graph.inputs}
    writer = Writer(graph, LANGUAGE, leaves, ())
    known = {"a": 3.0, "b": 5.0, "exp": np.exp}
    for name, line in writer.lines:
        known[name] = eval(line.text, known)
    text = writer[graph.outputs[0]].text
    assert eval(text, known) == function(3.0, 5.0)
    return [f"{name} = {line.text}" for name, line in writer.lines] + [text]


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda a, b: (a + b) + 2, "a + b + 2.0"),
        (lambda a, b: a + (b + 2), "a + (b + 2.0)"),
        (lambda a, b: a - (b - 2), "a - (b - 2.0)"),
        (lambda a, b: (a - b) - 2, "a - b - 2.0"),
        (lambda a, b: a / (b * 2), "a / (b * 2.0)"),
        (lambda a, b: a / b * 2, "a / b * 2.0"),
        (lambda a, b: (a + 1) * (b - 1), "(a + 1.0) * (b - 1.0)"),
        (lambda a, b: a * -2.0 - -3.0 * b, "a * (-2.0) - -3.0 * b"),
        (lambda a, b: np.exp(a - b) * 2, "exp(a - b) * 2.0"),
    ],
)
def test_brackets_stand_where_they_are_needed(function, text):
    assert written(function) == [text]


def test_what_is_used_twice_gets_a_name():
    def function(a, b):
        c = a + b
        return c * c

    assert written(function) == ["v1 = a + b", "v1 * v1"]


def test_what_stands_twice_in_an_operation_gets_a_name():
    forms = FORMS | {"maximum": Form("({0} if {0} >= {1} else {1})", ATOM, (SUM, SUM))}
    graph = trace(lambda a, b: np.maximum(a + b, a - b), {"a": Spec((), FLOAT64), "b": Spec((), FLOAT64)})
    leaves = {id(node): node.attributes["name"] for node in graph.inputs}
    writer = Writer(graph, Language(lambda node: forms[node.op], repr), leaves, ())
    assert [(name, line.text) for name, line in writer.lines] == [("v1", "a + b"), ("v2", "a - b")]
    assert writer[graph.outputs[0]].text == "(v1 if v1 >= v2 else v2)"


def test_deep_expressions_are_cut():
    def function(a, b):
        for _ in range(100):
            a = a + b
        return a

    assert len(written(function)) == 3
