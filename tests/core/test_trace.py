"""Tracing plain functions, and the sentence that each unsupported thing gets: file, line, cure."""

import inspect
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gradloop.core.evaluate import evaluate
from gradloop.core.spec import BOOL, FLOAT64, INT64, Spec
from gradloop.core.trace import Tracer, describe, trace
from gradloop.errors import TracingError

FLOAT32 = np.dtype(np.float32)
SPECS = {"x": Spec((3,), FLOAT64), "w": Spec((3,), FLOAT64), "s": Spec((), FLOAT64), "y": Spec((), INT64)}
AT = {"x": np.array([1.0, -2.0, 0.5]), "w": np.array([3.0, 0.25, -1.0]), "s": np.array(0.75), "y": np.array(2)}


# ---- what works ----

FOLLOWED: list[Callable[..., Any]] = [
    lambda x, w, s, y: x + w - s * x / (2 + w * w),
    lambda x, w, s, y: 1 + x - 2 * w + 3 / (5 + x),
    lambda x, w, s, y: 2 - (-x) + (+w),
    lambda x, w, s, y: x**2 + 2.0**x + abs(w),
    lambda x, w, s, y: x // 0.3 + x % 0.3 + 1 // s + 1.7 % s,
    lambda x, w, s, y: x @ w + w @ np.array([1.0, 2.0, 3.0]) + np.array([1.0, 2.0, 3.0]) @ x,
    lambda x, w, s, y: x.dot(w) + np.float64(2.0) * s + np.ones(3) * x,
    lambda x, w, s, y: (x > 0) * w + (x <= w) * 2.0 + (x >= w) + (x < 1) * s,
    lambda x, w, s, y: ((x > 0) & (w > 0)) + ((x == w) | (x != w)) + ~(x > 0) * 1.0,
    lambda x, w, s, y: (True & (x > 0)) * x + (False | (w > 0)) * w,
    lambda x, w, s, y: x[0] + x[-1] + x[np.int64(1)] + w[1:][0] + x[y] * w[y],
    lambda x, w, s, y: sum(x) + sum(v * u for v, u in zip(x, w, strict=True)) + len(x),
    lambda x, w, s, y: x.reshape(3, 1) * w.reshape((1, 3)) + s.reshape(1, 1).squeeze(),
    lambda x, w, s, y: (x[:, None] * w).T.transpose(1, 0).transpose((1, 0)).transpose()[0],
    lambda x, w, s, y: x.sum() + w.mean() + x.max() + w.min() + x.sum(axis=0, keepdims=True)[0],
    lambda x, w, s, y: x.clip(-1, 1) + w.ravel() + x.flatten() + x.copy() + x.clip(0) + x.clip(None, 0.2),
    lambda x, w, s, y: (x > 0).astype(float) * w + (x > 0).astype(int) + x.astype(np.float32) + s.astype(bool),
    lambda x, w, s, y: np.array(x.shape)[0] * s + x.ndim + x.size + w[..., None][0, 0],
    lambda x, w, s, y: np.where(x, w, s) + np.sum(x > 0) + np.mean(x > 0) + np.max(x > 0),
    lambda x, w, s, y: (y + 1) * s + y / 2 - (y == 2) + np.exp(y) + y * y - y % 2,
    lambda x, w, s, y: ((x > 0) < (w > 0)) + ((x > 0) == (w > 0)) * 2.0,
]


@pytest.mark.parametrize("function", FOLLOWED, ids=[f"line {f.__code__.co_firstlineno}" for f in FOLLOWED])
def test_traced_functions_give_numpys_numbers(function: Callable[..., Any]) -> None:
    expected = np.asarray(function(*AT.values()))
    (found,) = evaluate(trace(function, SPECS), AT)
    assert found.shape == expected.shape
    assert_allclose(found, expected, rtol=1e-13)


def test_the_books_squared_loss() -> None:
    def squared_loss(y_hat: Any, y: Any) -> Any:
        return (y_hat - y.reshape(y_hat.shape)) ** 2 / 2

    for shape in [(), (1,)]:
        graph = trace(squared_loss, {"y_hat": Spec(shape, FLOAT64), "y": Spec((), FLOAT64)})
        assert graph.outputs[0].spec.shape == shape
        assert evaluate(graph, {"y_hat": np.full(shape, 5.0), "y": np.array(2.0)})[0] == 4.5


def test_arguments_go_by_position_and_results_may_be_several() -> None:
    graph = trace(lambda a, b: (a - b, b), {"first": SPECS["x"], "second": SPECS["w"]})
    assert len(graph.outputs) == 2
    assert evaluate(graph, {"first": AT["x"], "second": AT["w"]})[0][0] == -2.0


def test_a_constant_is_a_result() -> None:
    assert evaluate(trace(lambda x, w, s, y: 2.5, SPECS), AT) == (2.5,)


def test_constants_and_labels_never_widen_the_data() -> None:
    specs = {"x": Spec((3,), FLOAT32), "y": Spec((), INT64)}
    for function in (
        lambda x, y: x * np.float64(2) + np.arange(3.0),
        lambda x, y: np.where(x > 0, 1.0, 0.0) * x,
        lambda x, y: (y / 2) * x + np.exp(y),
        lambda x, y: y.astype(float) * x,
        lambda x, y: x.astype(np.float64),
        lambda x, y: np.mean(x > 0) + x,
    ):
        graph = trace(function, specs)
        assert {node.spec.dtype for node in graph.nodes if node.spec.is_float} == {FLOAT32}
    double = trace(lambda x: np.where(x > 0, 1.0, 0.0), {"x": Spec((), FLOAT64)})
    assert double.outputs[0].spec.dtype == FLOAT64


def test_conditions_are_booleans() -> None:
    (where,) = trace(lambda x, w, s, y: np.where(x, w, s), SPECS).outputs
    assert where.inputs[0].spec.dtype == BOOL


# ---- what does not ----


def branch(x: Any, w: Any, s: Any, y: Any) -> Any:
    if s > 0:  # HERE
        return s
    return -s


def assignment(x: Any, w: Any, s: Any, y: Any) -> Any:
    x[0] = 1.0  # HERE
    return x


def array_entry(x: Any, w: Any, s: Any, y: Any) -> Any:
    filled = np.zeros(3)
    filled[0] = s  # HERE
    return filled


def array_slice(x: Any, w: Any, s: Any, y: Any) -> Any:
    filled = np.zeros(3)
    filled[:] = x  # HERE
    return filled


def in_place(x: Any, w: Any, s: Any, y: Any) -> Any:
    total = np.zeros(3)
    total += x  # HERE
    return total


def written_out(x: Any, w: Any, s: Any, y: Any) -> Any:
    result = np.zeros(3)
    np.exp(x, out=result)  # HERE
    return result


def loop_over_number(x: Any, w: Any, s: Any, y: Any) -> Any:
    total = 0.0
    for value in s:  # HERE
        total = total + value
    return total


def nested(x: Any, w: Any, s: Any, y: Any) -> Any:
    def inner(value: Any) -> Any:
        return math.log(value)  # HERE

    return inner(s)


def one(text: str) -> Callable[..., Any]:
    """A function of one line, as if it stood in this file."""
    scope: dict[str, Any] = {"np": np, "math": math}
    exec(compile(f"def f(x, w, s, y):\n    return {text}", "user.py", "exec"), scope)
    scope["f"].text = text
    return scope["f"]  # type: ignore[no-any-return]


NUMBER, ARRAY = "turns a traced value into a Python number", "turns a traced value into an array of numbers"
FUNCTIONS_REFUSED = [
    (branch, r"whether a traced value is true.*np\.where\(condition, a, b\) instead of if"),
    (assignment, r"assigns into an array; compute a new one with np\.where or np\.stack"),
    (array_entry, rf"{NUMBER}.*np\.stack to fill an array"),
    (array_slice, rf"{ARRAY}.*np\.stack"),
    (in_place, r"np\.add with out=, which writes into an array; let it return a new one"),
    (written_out, r"np\.exp with out=, which writes into an array; let it return a new one"),
    (loop_over_number, r"len\(\) of a single number; .* has no axis"),
    (nested, rf"{NUMBER}.*np\.exp for math\.exp"),
]
LINES_REFUSED = [
    ("float(s)", NUMBER),
    ("int(s)", NUMBER),
    ("complex(s)", NUMBER),
    ("[1, 2, 3][y]", NUMBER),
    ("math.exp(s)", r"np\.exp for math\.exp"),
    ("range(s)", NUMBER),
    ("s > 0 and s < 1", r"np\.where"),
    ("0 < s < 1", r"np\.where"),
    ("not s", r"np\.where"),
    ("max(s, 0)", r"instead of if / and / or / max\(\) / min\(\)"),
    ("s if s > 0 else 0", r"np\.where"),
    ("3.0 in x", r"np\.where"),
    ("np.array(x)", ARRAY),
    ("np.asarray([x[0], 1.0])", r"np\.stack\(\[\.\.\.\]\)"),
    ("np.sum([x[0], x[1]])", r"np\.stack\(\[\.\.\.\]\)"),
    ("np.fromiter(x, float)", NUMBER),
    ("np.linalg.norm(x)", r"np\.norm is not among the functions .* it follows: .*clip, .*dot, .*sum, .*where"),
    ("np.cumsum(x)", r"np\.cumsum is not among the functions"),
    ("np.arcsin(x)", r"np\.arcsin is not among the operations gradloop can differentiate"),
    ("np.isnan(x)", r"np\.isnan is not among the operations"),
    ("np.add.reduce(x)", r"np\.add with method or option reduce"),
    ("np.exp(x, where=x > 0)", r"np\.exp with method or option __call__ \['where'\]"),
    ("np.sum(x, dtype=float)", r"np\.sum: got an unexpected keyword argument 'dtype'; give it arrays, axis"),
    ("x.sort()", r"no attribute 'sort'; use one of NumPy's functions"),
    ("x.real", r"no attribute 'real'"),
    ("x.tolist()", r"no attribute 'tolist'"),
    ("x ^ w", r"unsupported operand type\(s\) for \^: a traced value"),
    ("round(s)", r"__round__"),
    ("{s: 1}", r"unhashable type: a traced value"),
    ("s()", r"not callable"),
    ("x & 1", r"& \| ~ between numbers; put comparisons in brackets"),
    ("x > 0 & y", r"put comparisons in brackets"),
    ("~x", r"put comparisons in brackets"),
    ("s * 1j", r"a constant of type complex128; gradloop computes with real numbers"),
    ("x.astype(complex)", r"a conversion to complex128"),
    ("x + None", r"a constant of type object"),
    ("x + 'a'", r"a constant of type <U1"),
    ("x[s]", r"must be one integer label, but here it is float64\[\]; give whole-number labels"),
    ("x[1.0]", r"an index of type float; index with whole numbers"),
    ("x[[0, 2]]", r"an index of type list"),
    ("x[True]", r"an index of type bool"),
    ("x[x > 0]", r"an index that is a condition; write np\.where"),
    ("x[y + 1]", r"the label used as an index was computed"),
    ("x[:y]", r"an index of type slice"),
    ("np.outer(x, w)[:, y]", r"a traced label among several indices; .*w\.T\[label\]"),
    ("x[5]", r"index: index 5 is out of bounds"),
    ("x[0, 0]", r"index: too many indices"),
    ("x + np.zeros(4)", r"add: shape mismatch.*so an axis of rows does not appear"),
    ("x @ np.zeros(4)", r"matmul: shapes \(1, 3\) and \(4, 1\) do not fit: 3 is not 4"),
    ("s @ x", r"a product \(@\) of shapes \(\) and \(3,\).*multiply by a single number with \*"),
    ("np.sum(x, axis=1)", r"axis 1 of an array of shape \(3,\); the function sees one example at a time"),
    ("x.mean(axis=(0, 0))", r"axis \(0, 0\)"),
    ("x.reshape(2, 2)", r"reshape from \(3,\) to \(2, 2\); the numbers of entries differ"),
    ("np.reshape(x, 3, order='F')", r"np\.reshape with order="),
    ("x.transpose(0, 1)", r"np\.transpose: axis 1 is out of bounds"),
    ("np.outer(x, w).transpose(0, 0)", r"np\.transpose: repeated axis"),
    ("np.outer(x, w).transpose(0)", r"name every axis once"),
    ("np.concatenate([x, np.outer(x, w)])", r"concatenate: all the input arrays must have same number of dimensions"),
    ("np.concatenate([np.outer(x, w), np.ones((2, 3))], axis=1)", r"concatenate: all the input array dimensions"),
    ("np.concatenate([s, s])", r"np\.concatenate: axis 0 is out of bounds"),
    ("np.stack([x, w], axis=3)", r"np\.stack: axis 3 is out of bounds"),
    ("np.stack([x, s])", r"concatenate: all the input arrays"),
    ("np.expand_dims(x, 5)", r"np\.expand_dims: axis 5"),
    ("np.where(x > 0)", r"np\.where with one argument; give both values"),
    ("len(s)", r"len\(\) of a single number"),
]


@pytest.mark.parametrize(("function", "sentence"), FUNCTIONS_REFUSED, ids=[f.__name__ for f, _ in FUNCTIONS_REFUSED])
def test_refusals_name_this_file_and_the_line(function: Callable[..., Any], sentence: str) -> None:
    source, first = inspect.getsourcelines(function)
    line = first + next(i for i, text in enumerate(source) if "# HERE" in text)
    with pytest.raises(TracingError, match=sentence) as refusal:
        trace(function, SPECS)
    assert str(refusal.value).startswith(f"{Path(__file__).name}, line {line}, in ")


@pytest.mark.parametrize(("text", "sentence"), LINES_REFUSED, ids=[text for text, _ in LINES_REFUSED])
def test_every_refusal_is_a_sentence_with_a_cure(text: str, sentence: str) -> None:
    with pytest.raises(TracingError, match=sentence) as refusal:
        trace(one(text), SPECS)
    assert re.match(r"user\.py, line 2, in f: .+; .+", str(refusal.value))


def test_refusals_do_not_stay_in_numpys_or_our_files() -> None:
    with pytest.raises(TracingError, match=r"^user\.py, line 2, in f: "):
        trace(one("np.max(np.stack([x, np.zeros(5)]))"), SPECS)


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        (None, "returns nothing; end it with return and the value"),
        ([1.0], "returns a list; end it"),
        ((1.0, "a"), "returns a str; end it"),
        ({}, "returns a dict; end it"),
    ],
)
def test_results_that_are_no_numbers(result: Any, sentence: str) -> None:
    def forgot(x: Any, w: Any, s: Any, y: Any) -> Any:
        return result

    with pytest.raises(TracingError, match=sentence) as refusal:
        trace(forgot, SPECS)
    assert str(refusal.value).startswith(f"forgot ({Path(__file__).name}, line {forgot.__code__.co_firstlineno})")


@pytest.mark.parametrize(
    ("text", "kind"), [("undefined", NameError), ("'a' + 1", TypeError), ("float('a')", ValueError)]
)
def test_the_users_own_mistakes_pass_unchanged(text: str, kind: type[Exception]) -> None:
    with pytest.raises(kind) as mistake:
        trace(one(text), SPECS)
    assert not isinstance(mistake.value, TracingError)


def test_after_a_refusal_the_next_trace_is_not_affected() -> None:
    with pytest.raises(TracingError):
        trace(one("float(x)"), {name: Spec(spec.shape, FLOAT32) for name, spec in SPECS.items()})
    assert trace(lambda: 1.0, {}).outputs[0].spec.dtype == FLOAT64


def test_a_tracer_shows_what_it_is() -> None:
    seen: list[Tracer] = []
    trace(lambda x: seen.append(x) or x, {"x": Spec((2, 3), FLOAT64)})
    (x,) = seen
    assert repr(x) == "<traced float64[2, 3]>"
    assert (x.shape, x.dtype, x.ndim, x.size) == ((2, 3), FLOAT64, 2, 6)
    assert not hasattr(x, "sort")


def test_functions_are_described_for_messages() -> None:
    assert describe(branch) == f"branch ({Path(__file__).name}, line {branch.__code__.co_firstlineno})"
    assert describe(np.exp) == "<ufunc 'exp'>"
