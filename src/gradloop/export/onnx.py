"""A model as an ONNX graph, with its preparation: any runtime predicts from the columns of a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradloop.core.graph import Node
from gradloop.data.features import Feature
from gradloop.errors import OptionError
from gradloop.export.builder import Builder
from gradloop.export.formula import Formula, formula_of
from gradloop.export.rewriting import without
from gradloop.extras import require
from gradloop.result import Result

OPSET = 19  # the first in which texts can be compared
IR_VERSION = 9  # of the same year, so that runtimes of that age read it

REWRITTEN = frozenset({"expm1", "log1p", "logaddexp", "logistic", "logsumexp"})
NAMES = {
    "negative": "Neg",
    "exp": "Exp",
    "log": "Log",
    "sqrt": "Sqrt",
    "abs": "Abs",
    "sign": "Sign",
    "floor": "Floor",
    "sin": "Sin",
    "cos": "Cos",
    "tanh": "Tanh",
    "logical_not": "Not",
    "add": "Add",
    "subtract": "Sub",
    "multiply": "Mul",
    "divide": "Div",
    "power": "Pow",
    "maximum": "Max",
    "minimum": "Min",
    "less": "Less",
    "less_equal": "LessOrEqual",
    "equal": "Equal",
    "logical_and": "And",
    "logical_or": "Or",
    "where": "Where",
    "matmul": "MatMul",
}


def to_onnx(fit: Result) -> bytes:
    """A fit as the bytes of an ONNX model, in float64, which runtimes load from memory or from a file.

    Inputs: for a fit to a table a tensor (n,) for each column by its name: strings for text, float64 for numbers, for
    booleans (0 and 1) and for dates (days since 1970-01-01, in UTC); NaN and "" are missing values. For a fit to arrays
    one tensor "X" (n, d). Outputs: ``prediction`` (n,), or for classes ``label`` (n,) with ``probabilities``
    (n, classes), or ``score`` (n,) where there are none. All computation is in float64. Where ``Fit.predict`` refuses a
    row, numbers are NaN and the label is "" or the smallest integer.

    Raises: OptionError for a model that cannot be said so, and where the package onnx is missing.

    >>> import gradloop as gl
    >>> fit = gl.fit(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0]))
    >>> [each.name for each in require("onnx", "ONNX files").load_from_string(to_onnx(fit)).graph.input]
    ['X']
    """
    onnx = require("onnx", "ONNX files")
    formula = formula_of(fit)
    graph = without(formula.graph, REWRITTEN)
    builder = Builder(onnx, [feature.name for feature in formula.features])
    raw, usable = _arrays(builder, formula) if fit.preparation is None else _columns(builder, formula)
    found: dict[int, Any] = {}
    for node in graph.nodes:
        if node.op == "input":
            found[id(node)] = raw
        elif node.is_constant:
            found[id(node)] = builder.constant(node.attributes["value"][None])
        else:
            emit = EMITTERS.get(node.op, _elementwise)
            found[id(node)] = emit(builder, node, *(found[id(child)] for child in node.inputs))
    _answer(builder, formula, found[id(graph.outputs[0])], usable, graph.outputs[0])
    return builder.model(fit.model.name, formula.told, OPSET, IR_VERSION)


# ---- columns to features -------------------------------------------------------------------------------------


def _arrays(builder: Builder, formula: Formula) -> tuple[str, str]:
    """The one input X, and which of its rows can be used."""
    raw = builder.input("X", np.float64, (len(formula.features),), "one row of numbers for each example")
    return raw, _finite(builder, raw)


def _finite(builder: Builder, values: str) -> str:
    """Which rows (n,) of an array (n, d) are finite throughout."""
    broken = builder("IsNaN", builder("Sub", values, values))  # of infinities too
    worst = builder("ReduceMax", builder.cast(broken, np.float64), builder.integers(1), keepdims=0)
    return builder("Equal", worst, builder.constant(np.zeros(1)))


def _columns(builder: Builder, formula: Formula) -> tuple[str, str]:
    """The raw features (n, d) of all columns, and which rows can be used."""
    parts, usable = [], builder.constant(np.ones((1, 1), np.bool_))
    for feature in formula.features:
        numbers, valid = (_text if feature.kind == "text" else _number)(builder, formula, feature)
        parts += numbers
        usable = builder("And", usable, valid)
    return builder("Concat", *parts, axis=1), builder("Reshape", usable, builder.integers(-1))


def _number(builder: Builder, formula: Formula, feature: Feature) -> tuple[list[str], str]:
    """A column of numbers, dates or booleans: its features (n, 1) each, and which rows can be used, (n, 1)."""
    kinds = {"date": "days since 1970-01-01", "bool": "0 or 1", "presence": "1 where there is a value"}
    told = kinds.get(feature.kind, "numbers")
    column = builder.input(feature.name, np.float64, (), f"{told}; NaN where a value is missing")
    given = builder("Reshape", column, builder.integers(-1, 1))
    missing = builder("IsNaN", given)
    valid = builder("Not", builder("IsNaN", builder("Sub", given, given)))
    if feature.kind == "bool":
        valid = builder("Equal", given, builder("Abs", builder("Sign", given)))
    if formula.optional:
        valid = builder("Or", valid, missing)
    value = given
    if feature.kind == "date":
        first = (np.datetime64(feature.origin or 0, "D") - np.datetime64(0, "D")).astype(float)
        value = builder("Sub", value, builder.constant(np.array([[first]])))
    if formula.optional and feature.kind != "presence":
        value = builder("Where", missing, builder.constant(np.array([[feature.fill[0]]])), value)
    numbers = [] if feature.kind == "presence" else [value]
    return numbers + [builder.cast(missing, np.float64)] * feature.indicator, valid


def _text(builder: Builder, formula: Formula, feature: Feature) -> tuple[list[str], str]:
    """A column of text: its features (n, levels - 1), and which rows can be used, (n, 1)."""
    column = builder.input(feature.name, np.str_, (), 'text; "" where it is missing')
    given = builder("Reshape", column, builder.integers(-1, 1))
    missing = builder("Equal", given, builder.constant(np.array([[""]], dtype=object)))
    matches = builder("Equal", given, builder.constant(np.array([feature.levels], dtype=object)))
    known = builder.cast(builder("ReduceMax", builder.cast(matches, np.float64), builder.integers(1)), np.bool_)
    chosen = builder("Gather", matches, builder.integers(*range(1, len(feature.levels))), axis=1)
    if feature.pooled:
        last = np.arange(1, len(feature.levels))[None] == len(feature.levels) - 1
        chosen = builder("Or", chosen, builder("And", builder("Not", known), builder.constant(last)))
    numbers = builder.cast(chosen, np.float64)
    if formula.fills(feature):
        lacking = missing if feature.pooled else builder("Not", known)
        numbers = builder("Where", lacking, builder.constant(np.array([feature.fill])), numbers)
    valid = known if formula.refuses_new(feature) else builder("Not", missing)
    if formula.optional:
        valid = builder("Or", builder("Or", known, missing), valid)
    return [numbers] + [builder.cast(missing, np.float64)] * feature.indicator, valid


# ---- operations ----------------------------------------------------------------------------------------------
# A value has one more axis than its node, the first: its rows, or a single one for what is the same in all rows.


def _elementwise(builder: Builder, node: Node, *inputs: str) -> str:
    """Inputs with fewer axes get axes behind that of the rows."""
    rank = len(node.spec.shape)
    aligned = [_aligned(builder, value, child, rank) for value, child in zip(inputs, node.inputs, strict=True)]
    return builder(NAMES[node.op], *aligned)


def _aligned(builder: Builder, value: str, node: Node, rank: int) -> str:
    shape = node.spec.shape
    return value if len(shape) == rank else builder.reshape(value, (1,) * (rank - len(shape)) + shape)


def _arctan(builder: Builder, node: Node, x: str) -> str:
    """In float32, the only precision that runtimes have, and what that misses by the tangent's addition theorem."""
    rough = builder.cast(builder("Atan", builder.cast(x, np.float32)), np.float64)
    sine, cosine = builder("Sin", rough), builder("Cos", rough)
    over = builder("Sub", builder("Mul", x, cosine), sine)
    return builder("Add", rough, builder("Div", over, builder("Add", builder("Mul", x, sine), cosine)))


def _reduction(name: str) -> Callable[..., str]:
    def emit(builder: Builder, node: Node, x: str) -> str:
        axes = builder.integers(*(axis + 1 for axis in node.attributes["axis"]))
        return builder(name, x, axes, keepdims=0)

    return emit


def _index(builder: Builder, node: Node, x: str) -> str:
    """Any choice of entries is a choice among those in a row."""
    shape = node.inputs[0].spec.shape
    places = np.arange(node.inputs[0].spec.size).reshape(shape)[node.attributes["key"]]
    flat = builder.reshape(x, (node.inputs[0].spec.size,))
    chosen = builder("Gather", flat, builder.integers(*places.ravel().tolist()), axis=1)
    return builder.reshape(chosen, node.spec.shape)


def _take(builder: Builder, node: Node, x: str, label: str) -> str:
    if not node.inputs[0].is_constant:
        raise OptionError(
            "The model picks one of several computed values by a computed number, which ONNX cannot say row by row; "
            "write it with np.where."
        )
    return builder("Gather", builder.constant(node.inputs[0].attributes["value"]), label, axis=0)


def _broadcast(builder: Builder, node: Node, x: str) -> str:
    aligned = _aligned(builder, x, node.inputs[0], len(node.spec.shape))
    return builder("Expand", aligned, builder.integers(1, *node.spec.shape))


def _concatenate(builder: Builder, node: Node, *parts: str) -> str:
    """What is the same in all rows has to be repeated for each."""
    whole = [builder.repeated(part, child.spec.shape) for part, child in zip(parts, node.inputs, strict=True)]
    return builder("Concat", *whole, axis=node.attributes["axis"] + 1)


def _refused(builder: Builder, node: Node, *inputs: str) -> str:
    raise OptionError(
        f"The model uses the operation {node.op}, which only derivatives need; a model with derivatives in it cannot "
        "be exported."
    )


EMITTERS: dict[str, Callable[..., str]] = {
    "arctan": _arctan,
    "convert": lambda builder, node, x: builder.cast(x, node.spec.dtype),
    "sum": _reduction("ReduceSum"),
    "max": _reduction("ReduceMax"),
    "reshape": lambda builder, node, x: builder.reshape(x, node.spec.shape),
    "transpose": lambda builder, node, x: builder(
        "Transpose", x, perm=[0, *(axis + 1 for axis in node.attributes["axes"])]
    ),
    "broadcast": _broadcast,
    "index": _index,
    "take": _take,
    "concatenate": _concatenate,
    "unindex": _refused,
    "place": _refused,
}


# ---- the answer ----------------------------------------------------------------------------------------------


def _answer(builder: Builder, formula: Formula, y_hat: str, usable: str, node: Node) -> None:
    """The outputs, refused rows left without an answer."""
    shape = node.spec.shape if formula.answer == "label" else ()
    nothing = builder.constant(np.full((1,) * (1 + len(shape)), np.nan))
    whole = builder.repeated(builder.reshape(y_hat, shape), shape)
    usable = builder("And", usable, _finite(builder, builder.reshape(whole, (node.spec.size,))))
    rows = builder("Reshape", usable, builder.integers(-1, *(1,) * len(shape)))
    found = builder("Where", rows, whole, nothing)
    if formula.answer == "number":
        builder.output("prediction", found, np.float64, ())
        return
    both = found
    if formula.answer == "binary":
        column = builder("Reshape", found, builder.integers(-1, 1))
        both = builder("Concat", builder("Sub", builder.constant(np.ones((1, 1))), column), column, axis=1)
        chosen = builder.cast(builder("Less", builder.constant(np.array([formula.threshold])), found), np.int64)
    else:
        chosen = builder("ArgMax", found, axis=1, keepdims=0)
    kind, names = _labels(formula.classes)
    label = builder("Where", usable, builder("Gather", builder.constant(names[:-1]), chosen, axis=0),
                    builder.constant(names[-1:]))  # fmt: skip
    builder.output("label", label, kind, ())
    if formula.has_probabilities:
        builder.output("probabilities", both, np.float64, (len(formula.classes),))
    elif formula.answer == "binary":
        builder.output("score", found, np.float64, ())


def _labels(classes: Sequence[Any]) -> tuple[Any, np.ndarray]:
    """The type of the label, and its values with that of no class behind them."""
    if isinstance(classes[0], str):
        return np.str_, np.array([*classes, ""], dtype=object)
    if any(isinstance(each, float) for each in classes):
        return np.float64, np.array([*classes, np.nan])
    return np.int64, np.array([*map(int, classes), np.iinfo(np.int64).min])
